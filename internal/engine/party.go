package engine

import "fmt"

// A Party is one party of a run of a protocol. All parties call the same methods in
// the same order, with vectors of the same lengths and the same public arguments.
//
// Methods with an error talk to the others, and without are local. A mistake of the
// caller (lengths that do not fit, an index out of range) is an error before anything
// is sent or a panic in a local method, and leaves the run as it was. Any other error ends
// the run: it wraps a class of package session, or the error of a stream or context; where
// it lies with a link it is a [*PartyError]. Every later call fails, nothing is opened any
// more, and Close tells the others. Arguments are not changed or kept, except that dst is
// written; results are in memory of their own. dst must not overlap x or y unless
// it says so. No call depends on secrets in what it sends, but for the contents, or in
// the time that it takes.
//
// Rounds are message delays and do not depend on lengths. Each method says in its
// protocol's package comment what it costs.
//
// A Party is not safe for concurrent use, but for Interrupt.
type Party interface {
	// Index returns which party this is, from 0, and Parties how many there are.
	Index() int
	Parties() int

	// Bounds returns the smallest and the largest of the consecutive integers that
	// elements stand for: those of 64 bits if the ring is Z_2^64, and half of the
	// prime to either side of zero if it is a field. Arithmetic is exact while no
	// result leaves them, and modulo the ring's order otherwise.
	Bounds() (lowest, highest int64)

	// NewVec returns n numbers that are zero, and NewBits n words of zero bits.
	NewVec(n int) Vec
	NewBits(n int) Vec

	// Combine sets dst to f·x + g·y. dst may be x or y.
	Combine(dst Vec, f int64, x Vec, g int64, y Vec)
	// Shift adds the public number k to every element of x.
	Shift(x Vec, k int64)
	// Weigh sets dst to x times public numbers, element by element. dst may be x.
	Weigh(dst, x Vec, k []int64)
	// Sum sets each element of dst to the sum of as many consecutive elements of x,
	// which has a multiple of dst's length (or both have none, or x none).
	Sum(dst, x Vec)
	// Prefix sets element i of dst to the sum of the elements 0 to i of x. dst may
	// be x.
	Prefix(dst, x Vec)
	// Not sets all words of bits of x to their complements.
	Not(x Vec)

	// Input returns shares of n numbers that party from has. That party passes them
	// as values, and the others nil.
	Input(from, n int, values []int64) (Vec, error)
	// Mul sets dst to the products of x and y, element by element.
	Mul(dst, x, y Vec) error
	// Dot sets each element of dst to an inner product of as many consecutive
	// elements of x and y, which have the same multiple of dst's length (or are empty,
	// for zeros). It sends as much as Mul for dst's length does where the protocol
	// allows.
	Dot(dst, x, y Vec) error
	// MatMul sets dst to the product of the rows×inner matrix x and the
	// inner×columns matrix y, all in the order of rows. It sends as much as Mul for
	// rows·columns elements does where the protocol allows.
	MatMul(dst Vec, rows, inner, columns int, x, y Vec) error
	// Truncate sets dst to x divided by 2^shift, always rounded down, or rounded down or
	// up: up with a probability of about the fraction that is cut off, whatever x comes
	// from. It is never otherwise wrong.
	// Elements of x must be within half of Bounds, and 0 < shift < 62.
	Truncate(dst, x Vec, shift int) error
	// Follow says what calls have led here. Reveal, RevealBits and Close compare it with
	// what all others say, and fail with a [*Difference] if they say something else.
	Follow(h History)
	// Reveal opens x to the parties of which to is true, and returns nil to others.
	// to has an element for each party. A party that learns x knows that all others
	// computed it without a deviation, if the protocol is for malicious parties.
	Reveal(x Vec, to []bool) ([]int64, error)

	// InputBits is Input for n words of bits, RevealBits Reveal.
	InputBits(from, n int, words []uint64) (Vec, error)
	RevealBits(x Vec, to []bool) ([]uint64, error)
	// And sets each of dst to the conjunction of those of x and y, word by word, all
	// in the rounds of one.
	And(dst, x, y []Vec) error
	// RandomBits returns n words of random bits that nobody knows.
	RandomBits(n int) (Vec, error)

	// Numbers returns bits as the numbers 0 and 1: n from each of planes, whose bits
	// are packed as [Words] says. All in the rounds of one.
	Numbers(n int, planes ...Vec) ([]Vec, error)
	// Decompose returns the lowest bits of the elements of x in two's complement, as
	// that many planes of Words(n) words each, the lowest bit first. 1 <= bits <= 64,
	// and elements of x must be of that many bits, from -2^(bits-1) to 2^(bits-1) - 1.
	// What is beyond n in the last word of a plane means nothing, here and below.
	Decompose(x Vec, bits int) (Vec, error)
	// Negative returns where elements of x are below zero, and Zero where they are
	// zero, as one plane. Elements must be of that many bits, as in Decompose.
	Negative(x Vec, bits int) (Vec, error)
	Zero(x Vec, bits int) (Vec, error)

	// Prepare makes ready for what is to come, where a protocol has something to do
	// that does not depend on inputs and is not ready yet. It returns nil at once where it
	// has not. A run without Prepare, or of more or less than was prepared, is right too.
	Prepare(d Demand) error

	// Stats returns the costs so far. It must not be called after an error, when a
	// message may still be under way.
	Stats() Stats
	// Interrupt ends what is under way, and the run, with a reason. It may be called
	// at any time from another goroutine.
	Interrupt(reason error)
	// Close ends the run: with nil when all is done, which waits for the others to be
	// done too, and otherwise with the error that stopped it, of which it tells the
	// others. It returns the error to report. The streams stay open. It is the last call.
	Close(err error) error
}

// A Demand says what calls are going to use. A protocol ignores what it does not prepare.
type Demand struct {
	Products int // elements multiplied by Mul, and terms of Dot
	Words    int // words of bits that And takes, of all vectors
	Bits     int // elements that Numbers returns
	// Comparisons are elements that Negative takes. Two parties make the words for it, as of
	// numbers of 64 bits. With four or more, Zero and Decompose use up as much.
	Comparisons int

	Matrices []struct { // products by MatMul
		Rows, Inner, Columns int
	}
	// Shuffles are of so many rows, of columns of numbers and of words of bits. Two parties with a
	// dealer make them. Sorting n rows by keys of more than two bits takes, for each two bits,
	// {n, 1, 1}, or {n, 1, 2} while what remains of keys and the number of a row take more than
	// 64 bits, and {n, 1 + columns, 0}; by one or two bits it takes only the latter. Shuffle
	// itself takes {n, columns, 0}.
	Shuffles []struct {
		Rows, Numbers, Words int
	}
}

// Stats says what a run cost a party so far.
type Stats struct {
	Sent, Received uint64 // bytes, framing included
	Rounds         int    // message delays, without those of opening and closing the run
}

// A PartyError is an error of the link with a party.
type PartyError struct {
	Party int // from 0
	Err   error
}

// Error names the party.
func (e *PartyError) Error() string { return fmt.Sprintf("party %d: %v", e.Party, e.Err) }

// Unwrap returns the error of the link.
func (e *PartyError) Unwrap() error { return e.Err }

// At returns err, unless it is nil, as an error of the link with a party.
func At(party int, err error) error {
	if err == nil {
		return nil
	}
	if at, ok := err.(*PartyError); ok && at.Party == party {
		return err
	}
	return &PartyError{party, err}
}
