package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
)

// readCases returns the days, and a table for each district with a row for each
// day. Without a name it makes five of them up.
func readCases(name string) (days []string, districts [][][]float64, err error) {
	if name == "" {
		random := rand.New(rand.NewPCG(2270, 5))
		districts = make([][][]float64, 5)
		for i := range 400 {
			days = append(days, fmt.Sprintf("day %d", i+1))
			for d := range districts {
				districts[d] = append(districts[d], []float64{float64(random.IntN(5000))})
			}
		}
		return days, districts, nil
	}
	lines, err := readTable(name)
	if err != nil {
		return nil, nil, err
	}
	districts = make([][][]float64, len(lines[0])-1)
	for i, line := range lines[1:] { // behind the names of columns
		days = append(days, line[0])
		for d, cell := range line[1:] {
			n, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: line %d: %w", name, i+2, err)
			}
			districts[d] = append(districts[d], []float64{n})
		}
	}
	return days, districts, nil
}

// Columns of the table of people, which has no names of columns.
const (
	ageColumn       = 0
	educationColumn = 4
	gainColumn      = 10
	hoursColumn     = 12
	incomeColumn    = 14
)

// readPeople returns the tables of four employers, among which it deals people
// out. Without a name it makes people up.
func readPeople(name string) ([][][]float64, error) {
	employers := make([][][]float64, 4)
	deal := func(i int, row []float64) {
		e := i * i % 7 % len(employers) // unequal parts
		employers[e] = append(employers[e], row)
	}
	if name == "" {
		random := rand.New(rand.NewPCG(2270, 6))
		for i := range 2000 {
			education := 1 + random.IntN(16)
			high := 0.
			if random.IntN(20) < education {
				high = 1
			}
			deal(i, []float64{float64(17 + random.IntN(70)), float64(education), float64(1 + random.IntN(80)), float64(random.IntN(9000)), high})
		}
		return employers, nil
	}
	lines, err := readTable(name)
	if err != nil {
		return nil, err
	}
	for i, line := range lines {
		if len(line) <= incomeColumn {
			return nil, fmt.Errorf("%s: line %d has %d columns", name, i+1, len(line))
		}
		row := make([]float64, 0, 5)
		for _, c := range []int{ageColumn, educationColumn, hoursColumn, gainColumn} {
			x, err := strconv.ParseFloat(strings.TrimSpace(line[c]), 64)
			if err != nil {
				return nil, fmt.Errorf("%s: line %d: %w", name, i+1, err)
			}
			row = append(row, x)
		}
		high := 0.
		if strings.Contains(line[incomeColumn], ">50K") {
			high = 1
		}
		deal(i, append(row, high))
	}
	return employers, nil
}

func readTable(name string) ([][]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(lines) < 2 || len(lines[0]) < 2 {
		return nil, fmt.Errorf("%s: it has no rows", name)
	}
	return lines, nil
}
