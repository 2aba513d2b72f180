package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// powercap is where Linux has the energy counters of processors (RAPL). Reading
// them takes root's rights on most machines, and virtual machines have none.
const powercap = "/sys/class/powercap"

// An energyMeter is the state of all counters when something began.
type energyMeter struct {
	files []string // of processor packages
	start []float64
	wrap  []float64
}

// startEnergy reads the counters in a folder; none is no error.
func startEnergy(folder string) *energyMeter {
	m := &energyMeter{}
	files, _ := filepath.Glob(filepath.Join(folder, "intel-rapl:*", "energy_uj"))
	for _, file := range files {
		// A package is intel-rapl:0, and a part of it, counted there,
		// intel-rapl:0:1.
		if strings.Count(filepath.Base(filepath.Dir(file)), ":") != 1 {
			continue
		}
		if start, ok := readNumber(file); ok {
			wrap, _ := readNumber(filepath.Join(filepath.Dir(file), "max_energy_range_uj"))
			m.files, m.start, m.wrap = append(m.files, file), append(m.start, start), append(m.wrap, wrap)
		}
	}
	return m
}

// joules returns the energy since the start, or zero if that is unknown.
func (m *energyMeter) joules() (sum float64) {
	for i, file := range m.files {
		now, ok := readNumber(file)
		if !ok {
			return 0
		}
		if now < m.start[i] { // the counter began again
			now += m.wrap[i]
		}
		sum += (now - m.start[i]) / 1e6
	}
	return sum
}

func readNumber(file string) (float64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	return n, err == nil
}
