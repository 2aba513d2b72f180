package mal3

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/rep3"
)

// Parties is the number of parties.
const Parties = rep3.Parties

const (
	version = 5
	columns = 2 // of vectors
)

var _ engine.Party = (*Party)(nil)

// A Vec is a party's share of a vector: summand i and summand i+1 of each element, for
// party i.
type Vec = engine.Vec

// A Party is one of the three. It is not safe for concurrent use. After an error
// of any method that talks to the others every further call fails, and Close tells
// the others.
type Party struct {
	local     // what no other party sees, done by rep
	rep       *rep3.Party
	own, next *prg.PRG // streams with the previous and with the next party
	numbers   numberLog
	bits      bitLog
	shuffles  shuffleLog
	err       error // that ended the run
	sums      stack // of the pieces that a check opens
	// Messages under way, one each way, where words in memory are not what is sent.
	sending, receiving [wideSize * piece]byte
	// most are the gates that wait for a check at most, and words of one check, a
	// multiple of 2·blocks.
	mostNumbers, mostBits int
	// challenge limits the bits of the challenges in tests of soundness.
	challenge uint64
}

// String returns the type and index of p, and nothing of what it holds.
func (p *Party) String() string { return fmt.Sprintf("mal3.Party(%d)", p.Index()) }

// Format implements [fmt.Formatter], so that no verb prints what p holds.
func (p *Party) Format(f fmt.State, verb rune) { io.WriteString(f, p.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (p *Party) LogValue() slog.Value { return slog.StringValue(p.String()) }

// local has those methods of [rep3.Party] that no other party sees anything of.
type local interface {
	Index() int
	Parties() int
	Bounds() (lowest, highest int64)
	NewVec(n int) Vec
	NewBits(n int) Vec
	Combine(dst Vec, f int64, x Vec, g int64, y Vec)
	Shift(x Vec, k int64)
	Weigh(dst, x Vec, k []int64)
	Sum(dst, x Vec)
	Prefix(dst, x Vec)
	Not(x Vec)
	RandomBits(n int) (Vec, error)
	Stats() engine.Stats
	Follow(h engine.History)
	Interrupt(reason error)
}

// Open joins party index, which is 0, 1 or 2, to the next one, index + 1, and the
// previous one, index - 1, modulo 3. All three have the same context, which binds
// the run to what they agreed upon outside. When it fails there is nothing to close.
func Open(ctx context.Context, index int, next, prev io.ReadWriter, agreed []byte) (*Party, error) {
	// A party of package rep3 has another context, and cannot be met.
	tag, err := label.New("mal3", version, "agreement", agreed)
	if err != nil {
		return nil, fmt.Errorf("mal3: %w", err)
	}
	sum := sha256.Sum256(tag) // as long as a context may be, whatever agreed is
	rep, err := rep3.Open(ctx, index, next, prev, sum[:])
	if err != nil {
		return nil, err
	}
	return over(rep), nil
}

// over returns a party that sends by one of package rep3.
func over(rep *rep3.Party) *Party {
	ownSeed, nextSeed := rep.Seeds()
	return &Party{
		local: rep, rep: rep, own: prg.New(ownSeed), next: prg.New(nextSeed),
		mostNumbers: mostNumbers, mostBits: mostBits, challenge: ^uint64(0),
	}
}

// Rehearse returns party index without others: it computes, of numbers that mean nothing, and
// counts what it would send and receive, checks included, which find nothing.
func Rehearse(index int) (*Party, error) {
	rep, err := rep3.Rehearse(index)
	if err != nil {
		return nil, err
	}
	return over(rep), nil
}

// deviation returns errDeviation, but in a rehearsal, where nothing can be right.
func (p *Party) deviation() error {
	if p.rep.Rehearses() {
		return nil
	}
	return errDeviation
}

// Prepare has nothing to do.
func (p *Party) Prepare(engine.Demand) error { return nil }

// Close ends the run: with nil when all is done, which checks what has not been
// checked and waits for the others to be done too, and otherwise with the error that
// stopped it, of which it tells the others. It returns the error to report. The
// streams stay open.
func (p *Party) Close(err error) error {
	if err == nil {
		err = p.Check()
	}
	return p.rep.Close(err)
}

// during calls f, which talks to the others, unless the run has ended, and ends it if
// f fails.
func (p *Party) during(f func() error) error {
	if p.err == nil {
		p.err = f()
	}
	return p.err
}

// Input returns shares of n numbers that party from has. It passes them as values;
// the others pass nil. There is nothing to check: whatever party from sends, and to
// one party only, is its input [rep3.Party.Input].
func (p *Party) Input(from, n int, values []int64) (v Vec, err error) {
	return v, p.input(from, n, len(values), func() error {
		v, err = p.rep.Input(from, n, values)
		return err
	})
}

// InputBits is [Party.Input] for words of bits.
func (p *Party) InputBits(from, n int, words []uint64) (v Vec, err error) {
	return v, p.input(from, n, len(words), func() error {
		v, err = p.rep.InputBits(from, n, words)
		return err
	})
}

func (p *Party) input(from, n, here int, input func() error) error {
	if from < 0 || from >= Parties || n < 0 || p.Index() == from && here != n || p.Index() != from && here != 0 {
		return fmt.Errorf("mal3: input of %d elements, %d of them here, from party %d at party %d", n, here, from, p.Index())
	}
	return p.during(input)
}

// Agree checks that x, which came from outside, is a share of a vector: that the two
// parties that have a summand have the same, and as long. Each party sends 16 bytes, in one round.
// Shares of numbers and of bits are checked alike.
func (p *Party) Agree(x Vec) error {
	if !is(x, x.Len()) {
		return fmt.Errorf("mal3: a share of %d columns", len(x.Parts))
	}
	return p.during(func() error {
		p.rep.Round()
		// Whoever shared x does not know the keys of the digests, nor does the party
		// that lacks the summand.
		ownKey, nextKey := p.seeds()
		own, next := newDigest(ownKey), newDigest(nextKey)
		length := []wide{{Lo: uint64(x.Len())}}
		own.add(length) // as zeros behind a vector would not be seen
		next.add(length)
		own.pieces(x.Parts[0])
		next.pieces(x.Parts[1])
		err := p.rep.Both(func() error { return next.send(p) }, func() error { return own.check(p) })
		if errors.Is(err, errDeviation) {
			return errShares
		}
		return err
	})
}

// Reveal opens x to the parties of which to is true, and returns nil to others. It
// checks all that is unchecked before.
func (p *Party) Reveal(x Vec, to []bool) ([]int64, error) {
	words, err := p.lacking(x, to)
	if err != nil || words == nil {
		return nil, err
	}
	values := make([]int64, len(words))
	for i, w := range words {
		values[i] = int64(w + x.Parts[0][i] + x.Parts[1][i])
	}
	return values, nil
}

// RevealBits is [Party.Reveal] for words of bits.
func (p *Party) RevealBits(x Vec, to []bool) ([]uint64, error) {
	words, err := p.lacking(x, to)
	if err != nil || words == nil {
		return nil, err
	}
	for i := range words {
		words[i] ^= x.Parts[0][i] ^ x.Parts[1][i]
	}
	return words, nil
}

// lacking returns the summand of x that this party lacks, if to is true of it: from
// one of the parties that have it, with a digest of the other one.
func (p *Party) lacking(x Vec, to []bool) (values []uint64, err error) {
	n := x.Len()
	if !is(x, n) || len(to) != Parties {
		return nil, fmt.Errorf("mal3: opening %d columns to some of %d parties", len(x.Parts), len(to))
	}
	if err := p.settle(); err != nil {
		return nil, err
	}
	err = p.during(func() error {
		p.rep.Round()
		ownKey, nextKey := p.seeds()
		return p.rep.Both(func() error {
			if to[(p.Index()+2)%Parties] {
				err := pieces(n, func(lo, hi int) error {
					return p.rep.Send(toPrev, typeWord, ring64.Bytes(x.Parts[1][lo:hi], p.sending[:]))
				})
				if err != nil {
					return err
				}
			}
			if !to[(p.Index()+1)%Parties] {
				return nil
			}
			sent := newDigest(nextKey)
			sent.pieces(x.Parts[0])
			return sent.send(p)
		}, func() error {
			if !to[p.Index()] {
				return nil
			}
			values = make([]uint64, n)
			received := newDigest(ownKey)
			err := pieces(n, func(lo, hi int) error {
				err := ring64.Fill(values[lo:hi], p.receiving[:], func(b []byte) error { return p.rep.Receive(fromNext, typeWord, b) })
				received.words(values[lo:hi])
				return err
			})
			if err != nil {
				return err
			}
			return received.check(p)
		})
	})
	if err != nil {
		return nil, err
	}
	return values, nil
}

// settle is Check before an opening. Even if there is nothing to check, both others must say
// before that they have the same history: what only one of the honest parties would open to
// the corrupted one is not opened.
func (p *Party) settle() error {
	if p.checked() {
		return p.during(p.ready)
	}
	return p.Check()
}

// checked reports whether nothing waits for a check.
func (p *Party) checked() bool {
	return p.numbers.empty() && p.bits.empty() && p.shuffles.empty()
}

// Check checks all multiplications, conjunctions and shuffles so far that are unchecked, and
// returns when both others have found them right too. It is what must be between a
// computation and anything that is opened; [Party.Reveal] and Close call it.
func (p *Party) Check() error {
	if p.err == nil && p.checked() {
		return nil
	}
	return p.during(func() error {
		if err := p.checkNumbers(); err != nil {
			return err
		}
		if err := p.checkBits(); err != nil {
			return err
		}
		if err := p.checkShuffles(); err != nil {
			return err
		}
		return p.ready()
	})
}
