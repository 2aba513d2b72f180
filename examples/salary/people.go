package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
)

// organisations share the work and the data.
const organisations = 3

// The columns of a table, and from where to where their values are.
var columns = []struct {
	name   string
	lo, hi int64
}{{"age", 0, 120}, {"education", 0, 20}, {"hours", 0, 168}, {"high income", 0, 1}}

// A table is what an organisation knows, column by column.
type table [][]int64

// readPeople reads the table of the census and splits its rows, or makes one up.
func readPeople(file string) (tables [organisations]table, err error) {
	for i := range tables {
		tables[i] = make(table, len(columns))
	}
	add := func(row int, values ...int64) error {
		t := tables[row%organisations]
		for c, x := range values {
			if x < columns[c].lo || x > columns[c].hi {
				return fmt.Errorf("row %d: %s is not from %d to %d", row+1, columns[c].name, columns[c].lo, columns[c].hi)
			}
			t[c] = append(t[c], x)
		}
		return nil
	}
	if file == "" {
		g := rand.New(rand.NewPCG(1, 2))
		for row := range 3000 {
			age, education, hours := 18+g.Int64N(50), 5+g.Int64N(12), 20+g.Int64N(40)
			high := int64(0)
			if g.Int64N(200) < age+4*education+hours-60 {
				high = 1
			}
			if err := add(row, age, education, hours, high); err != nil {
				return tables, err
			}
		}
		return tables, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return tables, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.TrimLeadingSpace = true
	for row := 0; ; row++ {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return tables, nil
		}
		if err != nil {
			return tables, err
		}
		if len(fields) != 15 {
			return tables, fmt.Errorf("row %d has %d fields, and not the 15 of the table of the census", row+1, len(fields))
		}
		var values []int64
		for _, c := range []int{0, 4, 12} {
			x, err := strconv.ParseInt(fields[c], 10, 64)
			if err != nil {
				return tables, fmt.Errorf("row %d: field %d is no number", row+1, c+1)
			}
			values = append(values, x)
		}
		high := int64(0)
		if strings.HasPrefix(fields[14], ">") {
			high = 1
		}
		if err := add(row, append(values, high)...); err != nil {
			return tables, err
		}
	}
}
