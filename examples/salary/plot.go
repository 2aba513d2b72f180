package main

import (
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/dujiang-dev/dujiang/mpc/stat"
)

// draw writes a chart of groups to a file, in the format that its name says.
func draw(file string, groups []stat.Group) error {
	p := plot.New()
	p.Title.Text = "High incomes by education"
	p.X.Label.Text = "level of education"
	p.Y.Label.Text = "percent with a high income"
	p.Y.Min = 0
	var values plotter.Values
	var names []string
	for _, g := range groups {
		values = append(values, 100*g.Means[0])
		names = append(names, strconv.FormatInt(g.Key, 10))
	}
	bars, err := plotter.NewBarChart(values, vg.Points(14))
	if err != nil {
		return err
	}
	p.Add(bars)
	p.NominalX(names...)
	return p.Save(16*vg.Centimeter, 10*vg.Centimeter, file)
}
