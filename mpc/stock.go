package mpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/many"
	"github.com/dujiang-dev/dujiang/internal/stockfile"
	"github.com/dujiang-dev/dujiang/internal/two"
)

// A Stock is a party's part of what was prepared and is not used yet: triples and shuffles of two
// parties, or masks of four to sixteen. The others have their parts, and runs of all of them use
// them up together. Each triple and each mask is used once, whatever crashes. It is of one run at a
// time: [New] takes it over, whether it fails or not, and [Engine.Leftover] gives it back. It is
// not safe for concurrent use.
//
// New compares whether all have the same state of the same preparation. If not, be it that one
// has used its part up already, it fails with [ErrIncompatible] before anything is computed. The
// parts are gone then, and all begin anew with none.
type Stock struct{ part stock }

// A stock is a [*two.Stock] or a [*many.Stock].
type stock interface {
	Left() Demand
	Save(path string) error
}

// Leftover returns what is prepared and not used yet, to be saved for another run, and
// lets this one go on without. All parties must call it at the same place. It is an error
// for three, who prepare nothing.
func (e *Engine) Leftover() (*Stock, error) {
	var leftover func() stock
	switch p := e.party.(type) {
	case *two.Party:
		leftover = func() stock { return p.Leftover() }
	case *many.Party:
		leftover = func() stock { return p.Leftover() }
	default:
		return nil, errors.New("mpc: three parties prepare no stock")
	}
	if e.err != nil {
		return nil, e.err
	}
	e.record(of("Leftover"))
	return &Stock{leftover()}, nil
}

// LoadStock returns what [Stock.Save] wrote to a file, and removes the file: it is renamed
// before anything of it is read, so that nobody else can read it too. It takes no symbolic links.
// Of what holds no stock, the error says the new name. Who keeps a copy of the file, in a backup,
// a snapshot of the machine or by a hard link, can break that: if all parties go back to one, masks
// are used twice.
func LoadStock(path string) (*Stock, error) {
	s, err := stockfile.Load(path, parseStock)
	if err != nil {
		return nil, fmt.Errorf("mpc: %w", err)
	}
	return s, nil
}

func parseStock(b []byte) (*Stock, error) {
	if bytes.HasPrefix(b, []byte(many.StockMagic)) {
		s, err := many.ParseStock(b)
		return &Stock{s}, err
	}
	s, err := two.ParseStock(b)
	return &Stock{s}, err
}

// Save writes s to a new file, readable by its owner only, and leaves s with nothing, also
// when it fails. An existing file is not overwritten. Of two parties a product takes 24 bytes, a
// word of conjunctions too, a bit as a number 16, and a shuffle 16 for each element of each
// column; of four to seven a comparison takes 31 bytes, with eight or more 39 and with sixteen
// 46, and a bit as a number 9.
func (s *Stock) Save(path string) error {
	if s == nil || s.part == nil {
		return errors.New("mpc: there is no stock to save")
	}
	if err := s.part.Save(path); err != nil {
		return fmt.Errorf("mpc: %w", err)
	}
	return nil
}

// Left returns what s has. What two parties made for Comparisons counts as Words.
func (s *Stock) Left() Demand {
	if s == nil || s.part == nil {
		return Demand{}
	}
	return s.part.Left()
}

// triples and masks return the stock of two parties and that of four or more, or nil.
func (s *Stock) triples() *two.Stock {
	if s == nil {
		return nil
	}
	t, _ := s.part.(*two.Stock)
	return t
}

func (s *Stock) masks() *many.Stock {
	if s == nil {
		return nil
	}
	m, _ := s.part.(*many.Stock)
	return m
}

// fits returns an error unless s is nil, or what so many parties take.
func (s *Stock) fits(parties int) error {
	switch {
	case s == nil, parties == two.Parties && s.triples() != nil, parties >= many.Least && s.masks() != nil:
		return nil
	case s.part == nil:
		return errors.New("Config.Stock was never prepared")
	case s.triples() != nil:
		return fmt.Errorf("Config.Stock has what two parties prepared, and is not for %d", parties)
	}
	return fmt.Errorf("Config.Stock has what four or more parties prepared, and is not for %d", parties)
}

// String returns the type of s, and nothing of its values.
func (s *Stock) String() string { return "mpc.Stock" }

// Format implements [fmt.Formatter], so that no verb prints the values of s.
func (s *Stock) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (s *Stock) LogValue() slog.Value { return slog.StringValue(s.String()) }
