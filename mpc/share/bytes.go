package share

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/kernel/gf256"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// A ByteShare is what one party holds of a secret string of bytes, such as a
// key. It is a plain value that can be stored and sent, by
// [ByteShare.AppendBinary]. It prints only as its type and index.
type ByteShare struct {
	_       [0]func()
	quorum  Quorum
	index   int
	salt    [sha256.Size]byte
	digests [][sha256.Size]byte // one for each party: commitments to all shares
	length  int                 // of the secret
	data    []byte              // the share, or the seed of it
}

// seeded reports whether s is one of those that are random, of which the holder has a seed.
func (s *ByteShare) seeded() bool { return s.index < s.quorum.Needed }

// value returns the share that s has or is the seed of.
func (s *ByteShare) value() []byte {
	if !s.seeded() {
		return s.data
	}
	return expand([prg.Size]byte(s.data), s.length)
}

func expand(seed [prg.Size]byte, length int) []byte {
	b := make([]byte, length)
	prg.New(seed).Bytes(b)
	return b
}

// byteCoins are all the randomness of a sharing of bytes.
type byteCoins struct {
	seed     [prg.Size]byte // of the seeds of shares
	saltSeed [prg.Size]byte // of the commitments
}

func newByteCoins() *byteCoins {
	c := new(byteCoins)
	rand.Read(c.seed[:])
	rand.Read(c.saltSeed[:])
	return c
}

// SplitBytes shares a string of bytes: the share of party i is at i - 1. Byte for
// byte it is Shamir's scheme over GF(2^8) with the polynomial of AES, evaluated at
// the index of the party. The shares of the parties below Needed are random, and so
// these have seeds of 16 bytes; the others' are as long as the secret, and for what is
// long, [NewWriter] makes shorter ones. The length is no secret.
func SplitBytes(secret []byte, q Quorum) ([]*ByteShare, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	return splitBytes(secret, q, newByteCoins()), nil
}

func splitBytes(secret []byte, q Quorum, c *byteCoins) []*ByteShare {
	seeds := prg.Expand(c.seed, q.Needed-1)
	random := make([][]byte, len(seeds))
	parallel(len(seeds), func(i int) { random[i] = expand(seeds[i].Bytes(), len(secret)) })
	salts := prg.New(c.saltSeed)
	digests := make([][sha256.Size]byte, q.Parties)
	shares := make([]*ByteShare, q.Parties)
	for i, data := range dealBytes(secret, q, random) {
		if i < len(seeds) {
			seed := seeds[i].Bytes()
			data = seed[:]
		}
		shares[i] = &ByteShare{quorum: q, index: i + 1, digests: digests, length: len(secret), data: data}
		salts.Bytes(shares[i].salt[:])
	}
	parallel(q.Parties, func(i int) { digests[i] = shares[i].digest() })
	return shares
}

// dealBytes computes the shares of all parties from the secret and the random
// vectors, which it takes over. The polynomials are determined by their values at
// zero and at the points of the first parties. The latter are random, which is the
// same distribution as that of random coefficients.
func dealBytes(secret []byte, q Quorum, random [][]byte) (shares [][]byte) {
	known := append([][]byte{secret}, random...)
	points := make([]byte, len(known))
	for i := range points {
		points[i] = byte(i)
	}
	shares = append(shares, random...)
	for i := len(known); i <= q.Parties; i++ {
		shares = append(shares, make([]byte, len(secret)))
	}
	parallel(q.Parties-len(random), func(i int) {
		i += len(random)
		gf256.Combine(shares[i], known, lagrangeBytes(points, byte(i+1)))
	})
	return shares
}

// lagrangeBytes is lagrange in GF(2^8).
func lagrangeBytes(points []byte, x byte) []byte {
	coeff := make([]byte, len(points))
	for j, p := range points {
		numerator, denominator := byte(1), byte(1)
		for i, q := range points {
			if i != j {
				numerator = gf256.Mul(numerator, x^q)
				denominator = gf256.Mul(denominator, p^q)
			}
		}
		coeff[j] = gf256.Mul(numerator, gf256.Inv(denominator))
	}
	return coeff
}

// byteTag is the domain of what commits to shares.
var byteTag = newTag("byte share")

func newTag(purpose string) []byte {
	tag, err := label.New("mpc-share", version, purpose, nil)
	if err != nil {
		panic("share: internal error: " + err.Error())
	}
	return tag
}

// digest is the commitment to a share: a hash of all that it is, with a salt that
// only its holder has.
func (s *ByteShare) digest() (digest [sha256.Size]byte) {
	h := sha256.New()
	h.Write(byteTag)
	h.Write([]byte{byte(s.quorum.Needed), byte(s.quorum.Parties), byte(s.index)})
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(s.length)))
	h.Write(s.salt[:])
	h.Write(s.data)
	h.Sum(digest[:0])
	return digest
}

// Quorum returns how many shares there are and how many it takes.
func (s *ByteShare) Quorum() Quorum { return s.quorum }

// Index returns whose share it is: from 1 to the number of parties.
func (s *ByteShare) Index() int { return s.index }

// Len returns the length of the secret in bytes.
func (s *ByteShare) Len() int { return s.length }

// String returns the type and index of s, and nothing of its value.
func (s ByteShare) String() string { return fmt.Sprintf("share.ByteShare(%d)", s.index) }

// Format implements [fmt.Formatter], so that no verb prints the value of s.
func (s ByteShare) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (s ByteShare) LogValue() slog.Value { return slog.StringValue(s.String()) }

// CombineBytes returns the secret, and the positions of shares that are wrong,
// ascending. As long as less than Needed of the shares given are wrong, in
// whatever way, it returns either the secret that was shared or an error: every
// share commits to all others. The quorum is that of [SplitBytes], which a wrong
// share could lie about. Shares that are nil or of another sharing are wrong;
// repeated ones count once.
func CombineBytes(shares []*ByteShare, q Quorum) (secret []byte, wrong []int, err error) {
	if err := q.check(); err != nil {
		return nil, nil, err
	}
	index := make([]int, len(shares)) // zero for shares that do not fit their own commitment
	parallel(len(shares), func(i int) {
		if s := shares[i]; s != nil && s.quorum == q && s.digest() == s.digests[s.index-1] {
			index[i] = s.index
		}
	})
	group, wrong := vote(q, index, func(i, j int) bool { return shares[i].sameSharing(shares[j]) })
	if group == nil {
		return nil, wrong, fmt.Errorf("share: there are not enough right shares of one sharing; it takes %v", q)
	}
	// One of them has no seed: there is as much memory as is taken here.
	points, known := make([]byte, len(group)), make([][]byte, len(group))
	parallel(len(group), func(i int) {
		s := shares[group[i]]
		points[i], known[i] = byte(s.index), s.value()
	})
	secret = make([]byte, len(known[0]))
	gf256.Combine(secret, known, lagrangeBytes(points, 0))
	return secret, wrong, nil
}

// sameSharing reports whether s and o, of the same quorum, commit to the same
// shares.
func (s *ByteShare) sameSharing(o *ByteShare) bool {
	return s.length == o.length && slices.Equal(s.digests, o.digests)
}

// vote returns the positions of Needed shares of different parties that agree,
// and so are right, and the positions of all that do not agree with them. The
// group is nil if there is none or more than one. It takes the party of each
// share, zero for those that are known to be wrong; agree is an equivalence of the
// others.
//
// Where less than Needed shares are wrong, a group of Needed that agree has a right
// one in it, whose commitments are the true ones. So there is at most one group, and
// all who agree with it are right, since they fit these commitments.
func vote(q Quorum, index []int, agree func(i, j int) bool) (group, wrong []int) {
	asked := make([]bool, len(index))
	groups := 0
	for i := range index {
		if index[i] == 0 || asked[i] {
			continue
		}
		var members, rest []int
		var seen [maxParties + 1]bool
		for j := range index {
			switch {
			case index[j] == 0 || !agree(i, j):
				rest = append(rest, j)
				continue
			case !seen[index[j]]:
				members = append(members, j)
			}
			seen[index[j]] = true
			asked[j] = true
		}
		if len(members) >= q.Needed {
			group, wrong = members[:q.Needed], rest
			groups++
		}
	}
	if groups == 1 {
		return group, wrong
	}
	wrong = nil
	for i := range index {
		if index[i] == 0 {
			wrong = append(wrong, i)
		}
	}
	return nil, wrong
}

// byteShareSize is the size of the encoding without digests and data.
const byteShareSize = headerSize + 3 + 8 + sha256.Size

// AppendBinary appends the encoding of s, which is all that [ParseByteShare]
// needs. It never fails.
func (s *ByteShare) AppendBinary(b []byte) ([]byte, error) {
	b = slices.Grow(b, byteShareSize+sha256.Size*len(s.digests)+len(s.data))
	b = appendHeader(b, typeByteShare)
	b = append(b, byte(s.quorum.Needed), byte(s.quorum.Parties), byte(s.index))
	b = binary.BigEndian.AppendUint64(b, uint64(s.length))
	b = append(b, s.salt[:]...)
	for _, d := range s.digests {
		b = append(b, d[:]...)
	}
	return append(b, s.data...), nil
}

// ParseByteShare returns the share that b is the encoding of. It allocates no
// more than b is long, and does not keep b. Whether the share is right only
// [CombineBytes] can tell.
func ParseByteShare(b []byte) (*ByteShare, error) {
	d := wire.NewDecoder(b)
	if err := readHeader(d, typeByteShare); err != nil {
		return nil, err
	}
	s := &ByteShare{quorum: Quorum{Needed: int(d.Uint8()), Parties: int(d.Uint8())}, index: int(d.Uint8())}
	length := d.Uint64()
	salt := d.Bytes(len(s.salt))
	if salt == nil {
		return nil, fmt.Errorf("share: %w", d.Done())
	}
	if err := s.quorum.check(); err != nil {
		return nil, err
	}
	if s.index < 1 || s.index > s.quorum.Parties {
		return nil, fmt.Errorf("share: index %d is not among %d parties", s.index, s.quorum.Parties)
	}
	if length > math.MaxInt {
		return nil, fmt.Errorf("share: %w", wire.ErrShort)
	}
	s.length = int(length)
	size := s.length
	if s.seeded() {
		size = prg.Size
	}
	digests, data := d.Bytes(sha256.Size*s.quorum.Parties), d.Bytes(size)
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	copy(s.salt[:], salt)
	s.digests = make([][sha256.Size]byte, s.quorum.Parties)
	for i := range s.digests {
		copy(s.digests[i][:], digests[sha256.Size*i:])
	}
	s.data = bytes.Clone(data)
	return s, nil
}
