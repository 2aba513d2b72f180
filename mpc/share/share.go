package share

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// IDSize is the size in bytes of what identifies a sharing.
const IDSize = 16

// A Share is what one party holds of a vector of secret numbers. It is a plain
// value that can be stored and sent, by [Share.AppendBinary], and used in a
// later run. It prints only as its type and index. It does not change, and is
// safe for concurrent use as long as nobody writes to what Parts returns.
type Share struct {
	_      [0]func() // no ==, which would not be constant time
	scheme Scheme
	id     [IDSize]byte
	index  int // 1 to Parties
	count  int // of secrets
	parts  [][]uint64
}

// NewShare returns the share of party index, counted from 1, of count secrets,
// over vectors that come from a computation. It does not copy them. For [Shamir] and
// [Additive] there is one vector, with an element for each secret; for [Packed]
// one with an element for Width secrets, rounded up: element c stands for the
// secrets c, c + columns, c + 2·columns, ... For [Replicated] there is one for
// each summand that the party has. Summands are in the order of the sets of
// parties that lack them, as binary numbers in which party 1 is the lowest bit:
// with three parties, party 1 has what 2 lacks and what 3 lacks, in this order.
//
// All shares of a sharing have the same id, which no other sharing has.
func NewShare(scheme Scheme, id [IDSize]byte, index, count int, parts [][]uint64) (*Share, error) {
	if err := scheme.check(); err != nil {
		return nil, err
	}
	switch {
	case index < 1 || index > scheme.Parties:
		return nil, fmt.Errorf("share: index %d is not among %d parties", index, scheme.Parties)
	case count < 0:
		return nil, fmt.Errorf("share: %d secrets", count)
	case len(parts) != scheme.parts():
		return nil, fmt.Errorf("share: %d vectors instead of %d", len(parts), scheme.parts())
	}
	for _, v := range parts {
		if len(v) != scheme.columns(count) {
			return nil, fmt.Errorf("share: a vector of %d numbers instead of %d", len(v), scheme.columns(count))
		}
		if err := scheme.checkNumbers(v); err != nil {
			return nil, err
		}
	}
	return &Share{scheme: scheme, id: id, index: index, count: count, parts: parts}, nil
}

// Scheme returns how the secrets were shared.
func (s *Share) Scheme() Scheme { return s.scheme }

// ID returns what all shares of this sharing have in common, and no others.
func (s *Share) ID() [IDSize]byte { return s.id }

// Index returns whose share it is: from 1 to the number of parties.
func (s *Share) Index() int { return s.index }

// Len returns the number of secrets.
func (s *Share) Len() int { return s.count }

// Parts returns the vectors of the share, not copies of them, in the layout that
// [NewShare] describes. They are secret, and must not be written to.
func (s *Share) Parts() [][]uint64 { return s.parts }

// String returns the type and index of s, and nothing of its value.
func (s Share) String() string { return fmt.Sprintf("share.Share(%d)", s.index) }

// Format implements [fmt.Formatter], so that no verb prints the value of s.
func (s Share) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (s Share) LogValue() slog.Value { return slog.StringValue(s.String()) }

// checkTogether returns an error unless the shares belong together, are of
// different parties, and enough.
func checkTogether(shares []*Share) error {
	if len(shares) == 0 {
		return errors.New("share: there are no shares")
	}
	var seen [maxParties + 1]bool
	for i, s := range shares {
		if s == nil || s.index == 0 {
			return fmt.Errorf("share: the share at position %d is nil or empty", i)
		}
		first := shares[0]
		if s.scheme != first.scheme || s.id != first.id || s.count != first.count {
			return fmt.Errorf("share: the shares at positions 0 and %d are not of the same sharing", i)
		}
		if seen[s.index] {
			return fmt.Errorf("share: there are two shares of party %d", s.index)
		}
		seen[s.index] = true
	}
	if q := shares[0].scheme.Quorum; len(shares) < q.Needed {
		return fmt.Errorf("share: %d shares are too few; it takes %v", len(shares), q)
	}
	return nil
}
