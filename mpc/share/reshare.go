package share

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// An Update is what one holder of a share sends another, so that both come to
// new shares of the same secrets: see [Share.Refresh] and [Share.Reshare]. It is
// secret, and prints only as its type and index.
type Update struct {
	_       [0]func()
	purpose byte
	from    int
	members []int // who sends updates, ascending
	former  [IDSize]byte
	nonce   [IDSize]byte
	share   *Share // of the receiver
}

const (
	purposeRefresh = 1
	purposeReshare = 2

	updateSize = headerSize + 1 + 2 + 2 + 2*IDSize // without members and share
)

// From returns the index of who made u.
func (u *Update) From() int { return u.from }

// To returns the index of the party for which u is.
func (u *Update) To() int { return u.share.index }

// String returns the type and receiver of u, and nothing of its value.
func (u Update) String() string { return fmt.Sprintf("share.Update(%d)", u.share.index) }

// Format implements [fmt.Formatter], so that no verb prints the value of u.
func (u Update) Format(f fmt.State, verb rune) { io.WriteString(f, u.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (u Update) LogValue() slog.Value { return slog.StringValue(u.String()) }

// Refresh returns updates for all parties, with which they make their shares
// independent of what they were before: shares that were stolen earlier fit no
// later ones. Every party calls it, sends party i the update at i - 1, itself
// included, and gives all that it got to [Share.Apply] [HJKY95, share renewal]. A
// party that has no share any more cannot take part; then use [Share.Reshare].
func (s *Share) Refresh() ([]*Update, error) {
	members := make([]int, s.scheme.Parties)
	for i := range members {
		members[i] = i + 1
	}
	return s.updates(purposeRefresh, members, s.scheme, make([]uint64, s.count), newCoins()), nil
}

// Apply returns the share of the next epoch, from the updates of all parties for
// this one. Then the old share, and the updates, must be erased. Shares of
// different epochs cannot be combined.
func (s *Share) Apply(updates []*Update) (*Share, error) {
	ordered, err := checkUpdates(updates, purposeRefresh)
	if err != nil {
		return nil, err
	}
	first := ordered[0]
	if first.share.scheme != s.scheme || first.former != s.id || first.share.count != s.count || first.To() != s.index {
		return nil, fmt.Errorf("share: the updates are not for this share of party %d", s.index)
	}
	next := total(ordered)
	for i, v := range next.parts {
		s.scheme.add(v, v, s.parts[i])
	}
	return next, nil
}

// Reshare returns updates for the parties of another scheme over the same ring,
// with which they come to shares of the same secrets [DJ97]. The parties in
// from, exactly Needed of the old ones, agree on that, call it, and send party
// i of the new scheme the update at i - 1. It gives those to [Assemble].
func (s *Share) Reshare(from []int, to Scheme) ([]*Update, error) {
	if err := to.check(); err != nil {
		return nil, err
	}
	if to.Ring != s.scheme.Ring {
		return nil, fmt.Errorf("share: shares over %v cannot be reshared over %v", s.scheme.Ring, to.Ring)
	}
	members := slices.Sorted(slices.Values(from))
	if err := s.scheme.checkMembers(members, purposeReshare); err != nil {
		return nil, err
	}
	if !slices.Contains(members, s.index) {
		return nil, fmt.Errorf("share: party %d is not among those that reshare", s.index)
	}
	return s.updates(purposeReshare, members, to, s.summand(members), newCoins()), nil
}

// Assemble returns a share of a new sharing from the updates of all parties that
// reshare.
func Assemble(updates []*Update) (*Share, error) {
	ordered, err := checkUpdates(updates, purposeReshare)
	if err != nil {
		return nil, err
	}
	return total(ordered), nil
}

// summand returns what makes the secrets when it is added to those of the other
// members: local, and linear in the share.
func (s *Share) summand(members []int) []uint64 {
	switch s.scheme.Kind {
	case Additive:
		return s.parts[0]
	case Replicated:
		// Each summand is dealt by the first of the members that have it.
		sum := make([]uint64, s.count)
		part := 0
		for _, lacking := range s.scheme.summands() {
			if lacking>>(s.index-1)&1 == 1 {
				continue
			}
			first := members[slices.IndexFunc(members, func(i int) bool { return lacking>>(i-1)&1 == 0 })]
			if first == s.index {
				s.scheme.add(sum, sum, s.parts[part])
			}
			part++
		}
		return sum
	}
	points := make([]uint64, len(members))
	for i, m := range members {
		points[i] = partyPoint(m)
	}
	n := s.scheme.columns(s.count)
	sum := make([]uint64, n*s.scheme.width())
	for j, p := range secretPoints(s.scheme.width()) {
		field.Scale(sum[j*n:(j+1)*n], s.parts[0], lagrange(points, p)[slices.Index(members, s.index)])
	}
	return sum[:s.count]
}

// updates deals the numbers to the parties of a scheme.
func (s *Share) updates(purpose byte, members []int, to Scheme, numbers []uint64, c *coins) []*Update {
	updates := make([]*Update, to.Parties)
	for i, x := range to.split(numbers, c) {
		x.id = [IDSize]byte{} // the sharing is complete only with the others' updates
		updates[i] = &Update{purpose: purpose, from: s.index, members: members, former: s.id, nonce: c.id, share: x}
	}
	return updates
}

// checkMembers returns an error unless these parties, ascending, can send
// updates of the purpose.
func (s Scheme) checkMembers(members []int, purpose byte) error {
	want := s.Needed
	if purpose == purposeRefresh {
		want = s.Parties
	}
	if len(members) != want {
		return fmt.Errorf("share: %d parties take part instead of %d", len(members), want)
	}
	last := 0
	for _, m := range members {
		if m <= last || m > s.Parties {
			return fmt.Errorf("share: the parties that take part must be different and from 1 to %d", s.Parties)
		}
		last = m
	}
	return nil
}

// checkUpdates returns the updates in the order of who made them, if they belong
// together and none is missing.
func checkUpdates(updates []*Update, purpose byte) ([]*Update, error) {
	if len(updates) == 0 || slices.ContainsFunc(updates, func(u *Update) bool { return u == nil || u.share == nil }) {
		return nil, errors.New("share: there are no updates, or one of them is nil or empty")
	}
	first := updates[0]
	for i, u := range updates {
		switch {
		case u.purpose != purpose && purpose == purposeRefresh:
			return nil, fmt.Errorf("share: the update at position %d is from Reshare; use Assemble", i)
		case u.purpose != purpose:
			return nil, fmt.Errorf("share: the update at position %d is from Refresh; use Apply", i)
		case u.share.scheme != first.share.scheme || u.share.index != first.share.index || u.share.count != first.share.count ||
			u.former != first.former || !slices.Equal(u.members, first.members):
			return nil, fmt.Errorf("share: the updates at positions 0 and %d do not belong together", i)
		}
	}
	ordered := slices.SortedFunc(slices.Values(updates), func(a, b *Update) int { return a.from - b.from })
	if !slices.EqualFunc(ordered, first.members, func(u *Update, m int) bool { return u.from == m }) {
		return nil, fmt.Errorf("share: there must be one update of each of the parties %v", first.members)
	}
	return ordered, nil
}

// total returns the sum of updates, which checkUpdates has ordered. Its id
// depends on all of them, so that parties that got updates of different runs
// have shares that do not fit.
func total(ordered []*Update) *Share {
	first := ordered[0]
	s := first.share.scheme
	sum := &Share{scheme: s, index: first.share.index, count: first.share.count}
	tag, err := label.New("mpc-share", version, "update", first.former[:])
	if err != nil {
		panic("share: internal error: " + err.Error())
	}
	tag = append(tag, first.purpose)
	for _, u := range ordered {
		tag = binary.BigEndian.AppendUint16(tag, uint16(u.from))
		tag = append(tag, u.nonce[:]...)
	}
	digest := sha256.Sum256(tag)
	copy(sum.id[:], digest[:])
	sum.parts = vectors(s.parts(), s.columns(sum.count))
	for _, u := range ordered {
		for i, v := range sum.parts {
			s.add(v, v, u.share.parts[i])
		}
	}
	return sum
}

// AppendBinary appends the encoding of u, which is all that [ParseUpdate] needs.
// It never fails.
func (u *Update) AppendBinary(b []byte) ([]byte, error) {
	b = append(appendHeader(b, typeUpdate), u.purpose)
	b = binary.BigEndian.AppendUint16(b, uint16(u.from))
	b = binary.BigEndian.AppendUint16(b, uint16(len(u.members)))
	for _, m := range u.members {
		b = binary.BigEndian.AppendUint16(b, uint16(m))
	}
	b = append(append(b, u.former[:]...), u.nonce[:]...)
	return u.share.AppendBinary(b)
}

// ParseUpdate returns the update that b is the encoding of. It allocates no more
// than b is long, and does not keep b.
func ParseUpdate(b []byte) (*Update, error) {
	d := wire.NewDecoder(b)
	if err := readHeader(d, typeUpdate); err != nil {
		return nil, err
	}
	u := &Update{purpose: d.Uint8(), from: int(d.Uint16())}
	n := int(d.Uint16())
	if len(b) < updateSize+2*n {
		return nil, fmt.Errorf("share: %w", wire.ErrShort)
	}
	last := 0
	for range n {
		m := int(d.Uint16())
		if m <= last || m > maxParties {
			return nil, errors.New("share: the parties of an update are not ascending numbers up to 255")
		}
		u.members = append(u.members, m)
		last = m
	}
	if !slices.Contains(u.members, u.from) {
		return nil, errors.New("share: an update is from a party that does not take part")
	}
	copy(u.former[:], d.Bytes(IDSize))
	copy(u.nonce[:], d.Bytes(IDSize))
	var err error
	if u.share, err = ParseShare(b[updateSize+2*n:]); err != nil {
		return nil, err
	}
	switch {
	case u.purpose != purposeRefresh && u.purpose != purposeReshare:
		return nil, fmt.Errorf("share: an update has the unknown purpose %d", u.purpose)
	case u.purpose == purposeRefresh && u.share.scheme.checkMembers(u.members, purposeRefresh) != nil:
		return nil, errors.New("share: an update that refreshes is not from all parties")
	case !bytes.Equal(u.share.id[:], make([]byte, IDSize)):
		return nil, errors.New("share: the share in an update has an id")
	}
	return u, nil
}
