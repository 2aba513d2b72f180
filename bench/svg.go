package main

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"
)

// The plots of the page are made here rather than by a plotting library, so that
// the page's style sheet gives them its colours, on screen in light and dark and
// on paper, and their text is text.

// A svg is a drawing in the making. Coordinates are about a pixel on a phone.
type svg struct {
	strings.Builder
	width, height float64
}

func newSVG(width, height float64, label string) *svg {
	s := &svg{width: width, height: height}
	fmt.Fprintf(s, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, width, height, html.EscapeString(label))
	return s
}

func (s *svg) done() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

func (s *svg) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(s, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (s *svg) rect(class string, x, y, w, h float64, title string) {
	fmt.Fprintf(s, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f">`, class, x, y, max(w, 0.5), h)
	if title != "" {
		fmt.Fprintf(s, `<title>%s</title>`, html.EscapeString(title))
	}
	s.WriteString("</rect>")
}

// text writes text whose anchor is start, middle or end.
func (s *svg) text(class, anchor string, x, y float64, text string) {
	fmt.Fprintf(s, `<text class="%s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`, class, anchor, x, y, html.EscapeString(text))
}

// mark draws the mark of a series, which differs in form too, for those who see
// no colours, and for paper.
func (s *svg) mark(series int, x, y float64, title string) {
	const r = 3.6
	points := func(p ...float64) {
		fmt.Fprintf(s, `<polygon class="mark c%d" points="`, series%colours)
		for i := 0; i < len(p); i += 2 {
			fmt.Fprintf(s, "%.1f,%.1f ", x+r*p[i], y+r*p[i+1])
		}
		s.WriteString(`">`)
	}
	end := "polygon"
	switch series % 5 {
	case 0:
		fmt.Fprintf(s, `<circle class="mark c%d" cx="%.1f" cy="%.1f" r="%g">`, series%colours, x, y, r)
		end = "circle"
	case 1:
		points(-0.9, -0.9, 0.9, -0.9, 0.9, 0.9, -0.9, 0.9)
	case 2:
		points(0, -1.2, 1.1, 0.8, -1.1, 0.8)
	case 3:
		points(0, -1.3, 1.2, 0, 0, 1.3, -1.2, 0)
	case 4:
		points(0, 1.2, 1.1, -0.8, -1.1, -0.8)
	}
	if title != "" {
		fmt.Fprintf(s, "<title>%s</title>", html.EscapeString(title))
	}
	fmt.Fprintf(s, "</%s>", end)
}

// colours is the number of classes c0, c1, … of the style sheet.
const colours = 8

// A curve is a series of points of a plot.
type curve struct {
	name   string
	series int // of its colour and mark
	points []point2
}

// A point2 is a point with the range of its runs.
type point2 struct{ x, y, low, high float64 }

// A scale is a logarithmic axis.
type scale struct{ min, max, from, to float64 }

func (a scale) at(v float64) float64 {
	return a.from + (math.Log(v)-math.Log(a.min))/(math.Log(a.max)-math.Log(a.min))*(a.to-a.from)
}

// plotLogLog draws curves over sizes, both axes logarithmic. unit writes what is on
// the vertical axis.
func plotLogLog(label string, curves []curve, unit func(float64) string) template.HTML {
	s := newSVG(400, 270, label)
	minX, maxX, minY, maxY := math.Inf(1), 0.0, math.Inf(1), 0.0
	for _, c := range curves {
		for _, p := range c.points {
			minX, maxX = min(minX, p.x), max(maxX, p.x)
			minY, maxY = min(minY, p.low), max(maxY, p.high)
		}
	}
	minY, maxY = math.Pow(10, math.Floor(math.Log10(minY*0.9))), math.Pow(10, math.Ceil(math.Log10(maxY*1.1)))
	x := scale{minX / 1.5, maxX * 1.5, 56, s.width - 8}
	y := scale{minY, maxY, s.height - 34, 10}

	decades := int(math.Round(math.Log10(maxY / minY)))
	for i := range decades + 1 {
		v := minY * math.Pow(10, float64(i))
		s.line("grid", x.from, y.at(v), x.to, y.at(v))
		s.text("tick", "end", x.from-6, y.at(v)+4, unit(v))
		if i < decades && decades < 4 {
			for k := 2.0; k < 10; k++ {
				s.line("minor", x.from, y.at(k*v), x.to, y.at(k*v))
				if decades == 1 && (k == 2 || k == 5) || decades == 2 && k == 3 {
					s.text("tick", "end", x.from-6, y.at(k*v)+4, unit(k*v))
				}
			}
		}
	}
	low, high := int(math.Ceil(math.Log2(minX))), int(math.Floor(math.Log2(maxX)))
	step := max(1, (high-low+5)/6)
	for k := low; k <= high; k += step {
		v := math.Exp2(float64(k))
		s.line("grid", x.at(v), y.from, x.at(v), y.to)
		s.text("tick", "middle", x.at(v), y.from+16, "2"+superscript(k))
	}
	s.text("axis", "middle", (x.from+x.to)/2, s.height-3, "items, n")
	for _, c := range curves {
		var path strings.Builder
		for i, p := range c.points {
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], x.at(p.x), y.at(p.y))
		}
		fmt.Fprintf(s, `<path class="curve c%d" d="%s"/>`, c.series%colours, path.String())
		for _, p := range c.points {
			s.line(fmt.Sprintf("spread c%d", c.series%colours), x.at(p.x), y.at(p.low), x.at(p.x), y.at(p.high))
			s.mark(c.series, x.at(p.x), y.at(p.y), fmt.Sprintf("%s, n = %.0f: %s", c.name, p.x, unit(p.y)))
		}
	}
	return s.done()
}

// superscript writes an exponent.
func superscript(k int) string {
	return strings.Map(func(r rune) rune {
		if r == '-' {
			return '⁻'
		}
		return []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[r-'0']
	}, fmt.Sprint(k))
}

// A bar is a row of a bar chart: parts that add up, with a label above them.
type bar struct {
	label string
	value string // written behind the bar
	parts []part
}

type part struct {
	name   string
	series int
	value  float64
	title  string
}

// plotBars draws bars from zero. With share each is as long as the others, so that
// the parts show their proportions.
func plotBars(label string, bars []bar, share bool) template.HTML {
	const row, thick, right = 36.0, 13.0, 76.0
	s := newSVG(400, row*float64(len(bars))+4, label)
	var longest float64
	sums := make([]float64, len(bars))
	for i, b := range bars {
		for _, p := range b.parts {
			sums[i] += p.value
		}
		longest = max(longest, sums[i])
	}
	for i, b := range bars {
		top := row * float64(i)
		full := longest
		if share {
			full = sums[i]
		}
		s.text("label", "start", 0, top+12, b.label)
		x := 0.0
		for _, p := range b.parts {
			if full <= 0 {
				continue
			}
			w := p.value / full * (s.width - right)
			s.rect(fmt.Sprintf("bar c%d", p.series%colours), x, top+17, w, thick, p.title)
			x += w
		}
		s.text("value", "start", x+6, top+17+thick-2.5, b.value)
	}
	return s.done()
}

// A dot is a value in a row of a dot plot.
type dot struct {
	series int
	value  float64
	title  string
}

// A dotRow is a row of dots with a label above it.
type dotRow struct {
	label string
	dots  []dot
}

// plotDots draws rows of dots over a common logarithmic axis.
func plotDots(label string, rows []dotRow, unit func(float64) string) template.HTML {
	const row = 34.0
	s := newSVG(400, row*float64(len(rows))+24, label)
	low, high := math.Inf(1), 0.0
	for _, r := range rows {
		for _, d := range r.dots {
			low, high = min(low, d.value), max(high, d.value)
		}
	}
	low, high = math.Pow(10, math.Floor(math.Log10(low*0.95))), math.Pow(10, math.Ceil(math.Log10(high*1.05)))
	x := scale{low, high, 12, s.width - 22}
	bottom := row * float64(len(rows))
	for v := low; v <= high*1.01; v *= 10 {
		s.line("grid", x.at(v), 2, x.at(v), bottom+4)
		s.text("tick", "middle", x.at(v), bottom+18, unit(v))
	}
	if high/low < 11 {
		for _, k := range []float64{2, 5} {
			s.line("grid", x.at(k*low), 2, x.at(k*low), bottom+4)
			s.text("tick", "middle", x.at(k*low), bottom+18, unit(k*low))
		}
	}
	for i, r := range rows {
		y := row*float64(i) + 24
		s.text("label", "start", 0, y-11, r.label)
		if len(r.dots) == 0 {
			continue
		}
		dots := slices.SortedStableFunc(slices.Values(r.dots), func(a, b dot) int { return int(1e6 * (a.value - b.value)) })
		s.line("track", x.at(dots[0].value), y, x.at(dots[len(dots)-1].value), y)
		for _, d := range r.dots {
			s.mark(d.series, x.at(d.value), y, d.title)
		}
	}
	return s.done()
}
