package joinkey

import "iter"

// FromRows makes keys from rows that the caller reads: any source that is not
// CSV or SQL. The columns are their names in order; they may be missing if the
// spec has only numbers. A row has one cell per column, nil or empty for a
// missing value, and is read before the next is asked for; one with more or
// fewer cells is bad. An error of rows is passed on and ends the keys.
//
// Cells are taken as they are: unlike [CSV], FromRows does not drop leading
// white space, which makes a difference to the kind exact.
func FromRows[T ~string | ~[]byte](columns []string, rows iter.Seq2[[]T, error], spec Spec, cfg *Config) (*Keys, error) {
	if err := checkBoth(spec, cfg); err != nil {
		return nil, err
	}
	width := len(columns)
	if width == 0 && spec.byNumber() {
		for _, c := range spec {
			width = max(width, c.Number)
		}
	}
	at, err := spec.resolve(columns, width)
	if err != nil {
		return nil, err
	}
	named := len(columns) > 0
	return newKeys(spec, cfg, func(yield func(*row) bool) error {
		r := row{cells: make([][]byte, len(at))}
		for cells, err := range rows {
			if err != nil {
				return err
			}
			r.bad = ""
			if len(cells) < width || named && len(cells) > width {
				r.bad = reasonRagged
			} else {
				for i, j := range at {
					r.cells[i] = append(r.cells[i][:0], cells[j]...)
				}
			}
			if !yield(&r) {
				return nil
			}
		}
		return nil
	}), nil
}

// FromStrings makes keys of one part from the values.
func FromStrings(values []string, kind Kind, cfg *Config) (*Keys, error) {
	rows := func(yield func([]string, error) bool) {
		for i := range values {
			if !yield(values[i:i+1], nil) {
				return
			}
		}
	}
	return FromRows(nil, rows, Spec{{Number: 1, Kind: kind}}, cfg)
}

func checkBoth(spec Spec, cfg *Config) error {
	if err := spec.check(); err != nil {
		return err
	}
	return cfg.check()
}
