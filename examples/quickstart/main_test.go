package main

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/width"
)

// What the program prints is what comparing the tables plainly gives.
func TestRun(t *testing.T) {
	plain := func(table []byte, column string) (ids []string) {
		if decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(table); err == nil && bytes.Contains(decoded, []byte(column)) {
			table = decoded
		}
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(table, []byte("\uFEFF"))))
		r.TrimLeadingSpace = true
		rows, err := r.ReadAll()
		require.NoError(t, err)
		at := -1
		for i, name := range rows[0] {
			if name == column {
				at = i
			}
		}
		for _, row := range rows[1:] {
			ids = append(ids, strings.ToUpper(strings.ReplaceAll(width.Narrow.String(row[at]), " ", "")))
		}
		return ids
	}
	clinic, insurer := plain(clinicCSV, "身份证号"), plain(insurerCSV, "证件号码")
	insured := map[string]bool{}
	for _, id := range insurer {
		insured[id] = id != ""
	}
	both := 0
	for _, id := range clinic {
		if insured[id] {
			both++
		}
	}
	require.Equal(t, 21, both, "20 people, one of them twice")

	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	require.Contains(t, out.String(), "that 21 of its own 44 rows are of these")
	require.Contains(t, out.String(), "clinic has 40 different ID numbers, and nothing else")
	require.Contains(t, out.String(), "0 occur in these bytes")
	require.Contains(t, out.String(), "verifies offline: opened the channel to insurer")
	require.Contains(t, out.String(), "verifies offline: opened the channel to clinic")
	require.Contains(t, out.String(), "a second run: agreement: a policy does not allow it")
}

func TestOccurrences(t *testing.T) {
	p := &party{table: []byte("name,id\nhello,12345\n")}
	values, found := occurrences([]byte("....12345..."), p)
	require.Equal(t, 3, values)
	require.Equal(t, 1, found)
}
