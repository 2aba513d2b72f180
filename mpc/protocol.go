package mpc

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/mal3"
	"github.com/dujiang-dev/dujiang/internal/many"
	"github.com/dujiang-dev/dujiang/internal/rep3"
	"github.com/dujiang-dev/dujiang/internal/two"
)

// A Source says where two parties have multiplication triples from: [Encryption],
// [Transfers] or a [Dealer]. Whoever trusts no third process takes Encryption where many
// numbers are multiplied, and Transfers for matrices, comparisons and what is made of them.
type Source = two.Source

// Encryption makes triples of numbers by homomorphic encryption between the two parties, so
// that nobody else is trusted, under an assumption on lattices beside that of transfers:
// those make what is for words of bits, for matrices and for shuffles. It sends 0.4 kB for a
// product where Transfers send 1 kB, and is three times as fast.
type Encryption = two.Encryption

// Transfers makes triples from oblivious transfers between the two parties, so that nobody
// else is trusted.
type Transfers = two.Transfers

// A Dealer is a third process, which runs [Deal]. It sees how many triples of which kinds and
// shapes are wanted, and must not collude with a party: with one party's messages it
// knows all secrets of the other.
type Dealer = two.Dealer

// A Demand says what calls are going to use; see [Engine.Prepare].
type Demand = engine.Demand

// Deal is the dealer of a run of two parties, until they end it. Its name and the context
// are those that both have in their configuration.
func Deal(ctx context.Context, parties [2]io.ReadWriter, name string, agreed []byte) error {
	if err := two.Deal(ctx, parties, name, agreed); err != nil {
		return fmt.Errorf("mpc: %w", err)
	}
	return nil
}

// fits returns an error if cfg has what so many parties do not take, or lacks what they need.
func (cfg *Config) fits(parties int) error {
	switch {
	case parties != two.Parties && cfg.Triples != nil:
		return fmt.Errorf("Config.Triples is for two parties, and not for %d", parties)
	case parties == two.Parties && cfg.Adversary == SemiHonest && cfg.Triples == nil:
		return errors.New("set Config.Triples, which says whom two parties trust for multiplication triples")
	}
	return cfg.Stock.fits(parties)
}

// join joins this party to the others by the protocol for so many and the adversary.
func join(ctx context.Context, self int, peers []io.ReadWriter, cfg *Config) (engine.Party, error) {
	n := len(peers)
	if err := cfg.fits(n); err != nil {
		return nil, err
	}
	switch {
	case n == two.Parties && cfg.Adversary == SemiHonest:
		return two.Open(ctx, self, peers[1-self], &two.Config{Source: cfg.Triples, Stock: cfg.Stock.triples(), Agreed: cfg.Context})
	case n == rep3.Parties && cfg.Adversary == SemiHonest:
		return rep3.Open(ctx, self, peers[(self+1)%n], peers[(self+2)%n], cfg.Context)
	case n == rep3.Parties && cfg.Adversary == Malicious:
		return mal3.Open(ctx, self, peers[(self+1)%n], peers[(self+2)%n], cfg.Context)
	case n >= many.Least && n <= many.Most && cfg.Adversary == SemiHonest:
		return many.Open(ctx, self, peers, cfg.Stock.masks(), cfg.Context)
	}
	return nil, fmt.Errorf("there is no protocol for %d parties and the adversary %v", n, cfg.Adversary)
}

// Prepare makes, with the others, what calls are going to use and does not depend on
// inputs, as far as it is not there yet. For three parties it does nothing.
//
// Two make triples, and shuffles. Four or more make masks, for Comparisons and Bits of the
// demand: one of the former for each element of [Engine.Less], [Engine.Negative], [Engine.Equal] and
// [Engine.Decompose] and of each comparison in what is made of these, and one of the latter for
// each bit of [Engine.Numbers], [Engine.Compose] and [Engine.Select]. Every such call takes a
// multiple of 64 of them, for each vector of bits. [Engine.Leftover] returns what is not used, for
// another run.
func (e *Engine) Prepare(ctx context.Context, d Demand) error {
	if min(d.Products, d.Words, d.Bits, d.Comparisons) < 0 {
		return errors.New("mpc: a demand of less than nothing")
	}
	o := of("Prepare", d.Products, d.Words, d.Bits, d.Comparisons)
	for _, m := range d.Matrices {
		o = of("Prepare", o.digest[:], m.Rows, m.Inner, m.Columns)
	}
	for _, s := range d.Shuffles {
		o = of("Prepare of shuffles", o.digest[:], s.Rows, s.Numbers, s.Words)
	}
	return e.call(ctx, o, func() error { return e.party.Prepare(d) })
}
