package directory

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"

	"github.com/dujiang-dev/dujiang/identity"
)

// A Row is one data set of a catalogue that has no codes yet.
type Row struct {
	Number   string // under which the catalogue knows it
	Title    string
	Summary  string
	Office   string   // the department, as it is called now
	Holder   string   // the credit code of the organisation
	Keywords []string // none is as good as any
}

// Columns names the columns of a CSV catalogue. Number and Title must be set;
// an empty name leaves its field empty.
type Columns struct {
	Number, Title, Summary, Office, Holder, Keywords string
}

// CSV reads a catalogue with a header in its first line. Several keywords in a
// field stand between commas, semicolons or their Chinese forms.
func CSV(r io.Reader, columns Columns) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		c := csv.NewReader(r)
		header, err := c.Read()
		if err != nil {
			yield(Row{}, fmt.Errorf("directory: CSV: header: %w", err))
			return
		}
		header[0] = strings.TrimPrefix(header[0], "\ufeff")
		at, times := make(map[string]int), make(map[string]int)
		for i, name := range header {
			name = strings.TrimSpace(name)
			at[name] = i
			times[name]++
		}
		for _, name := range []string{columns.Number, columns.Title, columns.Summary, columns.Office, columns.Holder, columns.Keywords} {
			if name != "" && times[name] != 1 {
				yield(Row{}, fmt.Errorf("directory: CSV: the header has %d columns %q, not one", times[name], name))
				return
			}
		}
		if columns.Number == "" || columns.Title == "" {
			yield(Row{}, errors.New("directory: CSV: Columns needs Number and Title"))
			return
		}
		for {
			fields, err := c.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("directory: CSV: %w", err))
				return
			}
			get := func(name string) string {
				if name == "" {
					return ""
				}
				return strings.TrimSpace(fields[at[name]])
			}
			row := Row{get(columns.Number), get(columns.Title), get(columns.Summary), get(columns.Office), get(columns.Holder), nil}
			row.Keywords = strings.FieldsFunc(get(columns.Keywords), func(r rune) bool { return strings.ContainsRune(",;，；、", r) })
			if !yield(row, nil) {
				return
			}
		}
	}
}

// CKAN reads the answer of CKAN's package_search, of at most 256 MiB. The credit
// code of the holder is looked for in the extra field named holder.
func CKAN(r io.Reader, holder string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		b, err := readAll(r)
		var answer struct {
			Success bool `json:"success"`
			Result  struct {
				Results []struct {
					Name         string                  `json:"name"`
					Title        string                  `json:"title"`
					Notes        string                  `json:"notes"`
					Organization struct{ Title string }  `json:"organization"`
					Tags         []struct{ Name string } `json:"tags"`
					Extras       []struct {
						Key   string
						Value any
					} `json:"extras"`
				} `json:"results"`
			} `json:"result"`
		}
		if err == nil {
			err = json.Unmarshal(b, &answer)
		}
		if err == nil && !answer.Success {
			err = errors.New("the answer does not say success")
		}
		if err != nil {
			yield(Row{}, fmt.Errorf("directory: CKAN: %w", err))
			return
		}
		for _, p := range answer.Result.Results {
			row := Row{Number: p.Name, Title: p.Title, Summary: p.Notes, Office: p.Organization.Title}
			for _, t := range p.Tags {
				row.Keywords = append(row.Keywords, t.Name)
			}
			for _, e := range p.Extras {
				if s, ok := e.Value.(string); ok && e.Key == holder {
					row.Holder = s
				}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// readAll reads a catalogue that has to be in memory as a whole.
func readAll(r io.Reader) ([]byte, error) {
	const most = 256 << 20
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(b) > most {
		err = errors.New("more than 256 MiB; import it in parts")
	}
	return b, err
}

// Import says how rows become records.
type Import struct {
	Area identity.Area // of the platform that accepts them
	Kind identity.Kind // Product or Resource
	// Holder stands in for rows that name none. Without one, such rows are
	// problems.
	Holder identity.Subject
	// Sign signs a record's statement for its owner. It must be set.
	Sign func(r *Record, statement []byte) (signature []byte, err error)
}

// A Problem is a row that was not imported.
type Problem struct {
	Row    int // from 1, the header not counted
	Number string
	Err    error
}

// importBatch is the number of records that share one writing to the disk.
const importBatch = 4096

// Import registers a catalogue: it mints a code for each row, with the old
// number as an extension where it fits there, and as an alias in any case. It
// returns how many it registered, and which rows have what problem, such as a
// wrong credit code. A row whose number the directory has is a problem too, so
// that an import that was interrupted can be run again. An error of the reader
// or the disk ends the import.
func (d *Directory) Import(rows iter.Seq2[Row, error], how *Import) (registered int, problems []Problem, err error) {
	return ImportInto(context.Background(), d.Store(), rows, how)
}

// ImportInto is [Directory.Import] for any Store.
func ImportInto(ctx context.Context, store Store, rows iter.Seq2[Row, error], how *Import) (registered int, problems []Problem, err error) {
	if how == nil || how.Sign == nil || how.Area.IsZero() || how.Kind != identity.Product && how.Kind != identity.Resource {
		return 0, nil, errors.New("directory: import: want Area, Sign, and a Kind that is Product or Resource")
	}
	im := importer{store: store, how: how, seen: make(map[identity.Alias]bool)}
	n := 0
	for row, err := range rows {
		if err != nil {
			err = errors.Join(err, im.flush(ctx))
			return im.registered, im.report(), err
		}
		n++
		alias, err := identity.ParseAlias(string(identity.SchemeLocal) + ":" + row.Number)
		if err != nil {
			im.problems = append(im.problems, Problem{n, row.Number, err})
			continue
		}
		im.rows = append(im.rows, pendingRow{n, row, alias})
		if len(im.rows) == importBatch {
			if err := im.flush(ctx); err != nil {
				return im.registered, im.report(), err
			}
		}
	}
	err = im.flush(ctx)
	return im.registered, im.report(), err
}

// An importer collects rows, as many questions to a store cost more than one.
type importer struct {
	store      Store
	how        *Import
	seen       map[identity.Alias]bool
	rows       []pendingRow
	registered int
	problems   []Problem
}

type pendingRow struct {
	n     int
	row   Row
	alias identity.Alias
}

// report returns the problems in the order of their rows.
func (im *importer) report() []Problem {
	slices.SortStableFunc(im.problems, func(a, b Problem) int { return a.Row - b.Row })
	return im.problems
}

// flush registers what was collected.
func (im *importer) flush(ctx context.Context) error {
	aliases := make([]identity.Alias, len(im.rows))
	for i := range im.rows {
		aliases[i] = im.rows[i].alias
	}
	taken, err := im.store.Taken(ctx, aliases...)
	if err != nil {
		return err
	}
	var batch []Signed
	var places []Problem // of the records of the batch, without errors
	for i := range im.rows {
		p := &im.rows[i]
		place := Problem{Row: p.n, Number: p.row.Number}
		var s Signed
		if taken[i] || im.seen[p.alias] {
			err = fmt.Errorf("directory: import: the number: %w", ErrTaken)
		} else {
			s, err = im.how.convert(&p.row, p.alias)
		}
		if place.Err = err; err != nil {
			im.problems = append(im.problems, place)
			continue
		}
		im.seen[p.alias] = true
		batch, places = append(batch, s), append(places, place)
	}
	im.rows = im.rows[:0]
	// Each refusal costs the checks of all that is registered with it: behind one
	// few are tried, then twice as many, so that a catalogue of which much is
	// refused takes a few times longer than another, and not the square of it.
	for size := len(batch); len(batch) > 0; {
		n := min(size, len(batch))
		err := im.store.Register(ctx, batch[:n]...)
		if err == nil {
			im.registered += n
			batch, places, size = batch[n:], places[n:], 2*n
			continue
		}
		var refused *RecordError
		if !errors.As(err, &refused) {
			return err
		}
		if refused.Row > 0 {
			size = refused.Row
			continue
		}
		places[0].Err = refused.Err
		im.problems = append(im.problems, places[0])
		batch, places, size = batch[1:], places[1:], 1
	}
	return nil
}

// convert makes a signed record of a row.
func (how *Import) convert(row *Row, alias identity.Alias) (s Signed, err error) {
	holder := how.Holder
	if row.Holder != "" {
		if holder, err = identity.ParseSubject(row.Holder); err != nil {
			return s, err
		}
	}
	if holder.IsZero() {
		return s, errors.New("directory: import: the row names no holder")
	}
	// Register refuses a code that exists, which hardly ever happens.
	code, err := identity.Mint(how.Kind, holder, how.Area)
	if err != nil {
		return s, err
	}
	if extended, err := code.WithExtension(row.Number); err == nil {
		code = extended
	}
	r := Record{
		Code: code, Aliases: []identity.Alias{alias},
		Title: tidy(row.Title), Summary: tidy(row.Summary),
		Rights: []Right{{Hold, holder}}, Status: Active, Version: 1,
	}
	for _, k := range row.Keywords {
		if k = tidy(k); k != "" {
			r.Keywords = append(r.Keywords, k)
		}
	}
	if row.Office != "" {
		// The number makes the path unique; titles repeat.
		p := how.Area.String() + "/" + name(row.Office) + "/" + name(row.Title) + "/" + name(row.Number)
		if r.Path, err = identity.ParsePath(p); err != nil {
			return s, err
		}
	}
	statement, err := r.Statement()
	if err != nil {
		return s, err
	}
	signature, err := how.Sign(&r, statement)
	if err != nil {
		return s, err
	}
	return Signed{r, signature}, nil
}

// tidy makes one line of a text, with one space where there were several or
// other characters that do not show.
func tidy(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	}), " ")
}

// name makes a name of a path of a text: what names do not have becomes a
// hyphen, and what is beyond 64 characters is cut.
func name(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(s) {
		if !unicode.In(r, unicode.L, unicode.Nd, unicode.Nl) {
			if n == 0 {
				continue
			}
			if !strings.ContainsRune("_.·()（）", r) && !unicode.IsMark(r) {
				r = '-'
			}
		}
		if n++; n > 64 {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
