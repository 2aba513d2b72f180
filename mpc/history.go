package mpc

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/label"
)

// Parties that call different methods, or the same with different public arguments, would
// compute something that nobody meant, and most protocols would not notice. So every vector
// has a digest of how it came about, its past. What is local makes a new one of those of its
// operands and of its public arguments, so that local operations may be called in any
// order, and twice. What talks to the others has to be called in the same order, and continues
// the history of the engine, of which its results have their past. Engines compare histories
// whenever something is opened, and at the end; see [engine.Party].
//
// All that is in digests is public.

// A past is a digest of how a vector came about.
type past [16]byte

// An operation is what a user called: its name, and a digest of that, of its operands and
// of its public arguments.
type operation struct {
	name   string
	digest past
}

// of returns the operation of a name on operands, which are vectors, bits, slices of these,
// and public arguments.
func of(name string, operands ...any) operation {
	d := newDigest("operation")
	d.bytes([]byte(name))
	for _, x := range operands {
		d.operand(x)
	}
	return operation{name, d.past()}
}

// A digest is a past that is being made.
type digest struct{ hash hash.Hash }

func newDigest(purpose string) digest {
	tag, err := label.New("mpc", historyVersion, purpose, nil)
	if err != nil {
		panic(fmt.Sprintf("mpc: internal error: %v", err))
	}
	d := digest{sha256.New()}
	d.hash.Write(tag)
	return d
}

// historyVersion is that of digests. Parties whose digests are of another kind disagree
// on all of them.
const historyVersion = 1

func (d digest) past() past { return past(d.hash.Sum(nil)[:len(past{})]) }

// integer, bytes and operand continue a digest. Every operand says of which kind and how
// long it is, so that different ones are different.
func (d digest) integer(k int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(k))
	d.hash.Write(b[:])
}

func (d digest) bytes(b []byte) {
	d.integer(int64(len(b)))
	d.hash.Write(b)
}

func (d digest) operand(x any) {
	switch x := x.(type) {
	case *Vec:
		d.hash.Write([]byte{'v'})
		d.hash.Write(x.past[:])
		for _, k := range []int64{int64(x.Len()), x.r.Min, x.r.Max, int64(x.fraction)} {
			d.integer(k)
		}
	case *Bits:
		d.hash.Write([]byte{'b'})
		d.hash.Write(x.past[:])
		d.integer(int64(x.n))
	case []*Vec:
		d.hash.Write([]byte{'V'})
		d.integer(int64(len(x)))
		for _, v := range x {
			d.operand(v)
		}
	case []*Bits:
		d.hash.Write([]byte{'B'})
		d.integer(int64(len(x)))
		for _, b := range x {
			d.operand(b)
		}
	case Range:
		d.hash.Write([]byte{'r'})
		d.integer(x.Min)
		d.integer(x.Max)
	case int:
		d.hash.Write([]byte{'i'})
		d.integer(int64(x))
	case int64:
		d.hash.Write([]byte{'i'})
		d.integer(x)
	case []byte:
		d.hash.Write([]byte{'s'})
		d.bytes(x)
	default:
		panic(fmt.Sprintf("mpc: internal error: an operand of type %T", x))
	}
}

// A history is what the engine knows of the calls up to now.
type history struct {
	engine.History
	agreed uint64   // calls that the others are known to have made too
	since  []string // the names of those after that, the last ones if they are many
}

// mostSince is how many names of calls an error has.
const mostSince = 10

// add continues the history with an operation.
func (h *history) add(o operation) {
	d := newDigest("history")
	d.hash.Write(h.Digest[:])
	d.hash.Write(o.digest[:])
	h.Calls++
	h.Digest = d.past()
	if len(h.since) == mostSince {
		h.since = append(h.since[:0], h.since[1:]...)
	}
	h.since = append(h.since, o.name)
}

// agree notes that all parties have the same history.
func (h *history) agree() { h.agreed, h.since = h.Calls, h.since[:0] }

// result returns the past of the k-th result of the last call.
func (h *history) result(k int) past {
	d := newDigest("result")
	d.hash.Write(h.Digest[:])
	d.integer(int64(k))
	return d.past()
}

// explain adds to an error that other parties have another history where it can lie.
func (h *history) explain(err error) error {
	if difference := (*engine.Difference)(nil); !errors.As(err, &difference) {
		return err
	}
	names := strings.Join(h.since, ", ")
	if names == "" {
		names = "no call"
	}
	if first := h.Calls - uint64(len(h.since)); first > h.agreed {
		names = "..., " + names
	}
	return fmt.Errorf("%w; up to call %d all parties agreed, and behind that this one has %s, with what is computed locally for them", err, h.agreed, names)
}
