package he

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// ErrWrong is about an aggregate that does not open: a share is for another one,
// or was made with a wrong key.
var ErrWrong = errors.New("he: the result does not open")

// A Receiver learns results. It is safe for concurrent use.
type Receiver struct {
	plan   *Plan
	public []byte
	secret *rlwe.Secret    // in mode ReceiverKey
	open   hpke.PrivateKey // else
}

// NewReceiver returns a receiver with a new key for sessions of a plan.
func NewReceiver(plan *Plan) (*Receiver, error) {
	r := &Receiver{plan: plan}
	if plan.spec.Mode != ReceiverKey {
		key, err := kem().GenerateKey()
		if err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
		r.open, r.public = key, key.PublicKey().Bytes()
		return r, nil
	}
	// The seed of the public polynomial is in front of the key.
	r.secret = plan.params.NewSecret()
	seed := make([]byte, 32)
	rand.Read(seed)
	var err error
	if r.public, err = r.secret.PublicShare(seed, plan.receiverCRS(seed)); err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	return r, nil
}

func (p *Plan) receiverCRS(seed []byte) [32]byte {
	return digest("receiver", p.digest[:], seed)
}

// parseReceiver reads the receiver's key in the roster.
func (s *Session) parseReceiver() error {
	b, p := s.roster.Receiver, s.plan.params
	if s.plan.spec.Mode != ReceiverKey {
		key, err := kem().NewPublicKey(b)
		if err != nil {
			return errors.New("he: the receiver's key in the roster is none of this mode")
		}
		s.hpke = key
		return nil
	}
	if len(b) != 32+p.PublicSize() {
		return errors.New("he: the receiver's key in the roster is none of this plan")
	}
	s.receiver = p.NewPublicKey(s.plan.receiverCRS(b[:32]))
	if err := s.receiver.Add(b[32:]); err != nil {
		return errors.New("he: the receiver's key in the roster is none of this plan")
	}
	return nil
}

// PublicKey returns what goes into the roster.
func (r *Receiver) PublicKey() []byte { return slices.Clone(r.public) }

// String says what r is, and no key.
func (r *Receiver) String() string { return "he.Receiver" }

// GoString is [Receiver.String].
func (r *Receiver) GoString() string { return r.String() }

// LogValue is [Receiver.String].
func (r *Receiver) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Open reads what [Aggregate.WriteTo] wrote, and the shares of all active key
// holders in any order, and returns the result. In mode ReceiverKey there are no
// shares. A call that is not one to be opened is refused here too.
func (r *Receiver) Open(s *Session, aggregate io.Reader, shares ...io.Reader) (*Result, error) {
	if s.plan.digest != r.plan.digest || string(s.roster.Receiver) != string(r.public) {
		return nil, errors.New("he: the session has another plan or receiver")
	}
	in := newReader(aggregate)
	var head [headerSize + 4]byte
	if err := in.read(head[:], kindAggregate); err != nil {
		return nil, err
	}
	if _, err := s.header(wire.NewDecoder(head[:]), kindAggregate); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[headerSize:])
	if uint64(n) > uint64(s.callSize()) {
		return nil, bad(kindAggregate, "its call is longer than the plan says")
	}
	message := make([]byte, n)
	if err := in.read(message, kindAggregate); err != nil {
		return nil, err
	}
	c, err := s.parseCall(message)
	if err != nil {
		return nil, err
	}
	o := &opening{s: s, in: in, call: c, aggregate: s.aggregate(c), finger: s.plan.params.NewFingerprinter(c.point())}
	if s.plan.spec.Mode == ReceiverKey {
		if len(shares) > 0 {
			return nil, errors.New("he: in mode receiver-key there are no shares")
		}
		if o.decrypter, err = s.plan.params.NewDecrypter(r.secret); err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
	} else if err := o.begin(r.open, shares); err != nil {
		return nil, err
	}
	if s.plan.spec.Mode == OneShot {
		if err := o.combine(); err != nil {
			return nil, err
		}
	}
	result, err := s.plan.decode(len(c.included), o.next)
	if err != nil {
		return nil, err
	}
	if err := o.finish(); err != nil {
		return nil, err
	}
	result.Contributors = slices.Clone(c.included)
	return result, nil
}

// An opening opens chunk after chunk.
type opening struct {
	s         *Session
	call      *call
	aggregate [sha256.Size]byte // what shares are for
	in        *stream
	chunk     int
	sum       *rlwe.Sum
	buffer    []byte
	values    []uint64
	decrypter *rlwe.Decrypter
	shares    []*incoming
	opened    [][]byte
	finger    *rlwe.Fingerprinter
	masker    *rlwe.Masker
}

// An incoming share.
type incoming struct {
	*stream
	holder    int
	recipient recipient
}

// begin reads the fronts of all shares, which must be for the same aggregate and
// of the holders that were called.
func (o *opening) begin(key hpke.PrivateKey, shares []io.Reader) error {
	// In mode OneShot any threshold of those who were called will do.
	least := len(o.call.active)
	if o.s.plan.spec.Mode == OneShot {
		least = o.s.plan.spec.Threshold
	}
	if len(shares) < least || len(shares) > len(o.call.active) {
		return fmt.Errorf("he: there are %d shares, and %d key holders were called", len(shares), len(o.call.active))
	}
	seen := make(map[int]bool)
	for _, r := range shares {
		in := &incoming{stream: &stream{r: r}}
		b := make([]byte, headerSize+sha256.Size+encSize+ed25519.SignatureSize)
		if err := in.read(b, kindShare); err != nil {
			return err
		}
		var body []byte
		var err error
		if in.holder, body, err = o.s.signed(b, kindShare, o.s.roster.Holders, sha256.Size+encSize); err != nil {
			return err
		}
		if !slices.Contains(o.call.active, in.holder) || seen[in.holder] {
			return bad(kindShare, fmt.Sprintf("key holder %d was not called, or sent two", in.holder))
		}
		seen[in.holder] = true
		if [sha256.Size]byte(body) != o.aggregate {
			return bad(kindShare, fmt.Sprintf("key holder %d opened another aggregate", in.holder))
		}
		if in.recipient, err = o.s.recipient(key, body[sha256.Size:], o.s.info("share", in.holder, 0)); err != nil {
			return bad(kindShare, "its key does not open")
		}
		o.shares = append(o.shares, in)
	}
	return nil
}

// next opens the next chunk.
func (o *opening) next() ([]uint64, error) {
	p := o.s.plan
	n := p.chunkLen(o.chunk)
	o.chunk++
	o.buffer = grow(o.buffer, p.sumSize(n))
	if err := o.in.read(o.buffer, kindAggregate); err != nil {
		return nil, err
	}
	if o.sum == nil || o.sum.Len() != n {
		o.sum = p.newReceived(n)
	}
	sum := o.sum
	err := sum.Parse(o.buffer)
	if err != nil || sum.Count() != len(o.call.included) {
		return nil, bad(kindAggregate, "a residue is out of its range, or the number of contributions is another")
	}
	if o.call.roll != nil {
		if err := o.finger.AddSum(sum); err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
	}
	o.values = slices.Grow(o.values[:0], n)[:n]
	switch p.spec.Mode {
	case ReceiverKey:
		err = o.decrypter.Open(o.values, sum)
	case OneShot:
		err = o.masker.Open(o.values, o.chunk-1, sum)
	default:
		if err = o.unseal(p.params.ShareSize(n)); err == nil {
			err = p.params.Open(o.values, sum, o.opened)
		}
	}
	switch {
	case errors.Is(err, rlwe.ErrNoise):
		return nil, ErrWrong
	case errors.Is(err, rlwe.ErrMalformed):
		return nil, bad(kindShare, "a residue is out of its range")
	case err != nil:
		return nil, err
	}
	o.s.done("open", o.chunk, p.chunks())
	return o.values, nil
}

// unseal reads the next size bytes of every share.
func (o *opening) unseal(size int) error {
	o.opened = o.opened[:0]
	for _, in := range o.shares {
		o.buffer = grow(o.buffer, size+tagSize)
		if err := in.read(o.buffer, kindShare); err != nil {
			return err
		}
		b, err := in.recipient.Open(o.aggregate[:], o.buffer)
		if err != nil {
			return bad(kindShare, fmt.Sprintf("that of key holder %d does not open", in.holder))
		}
		o.opened = append(o.opened, b)
	}
	return nil
}

// combine makes the sum of the contributors' keys from the shares of the committee.
func (o *opening) combine() error {
	p := o.s.plan.params
	if err := o.unseal(p.KeyShareSize()); err != nil {
		return err
	}
	points := make([]int, len(o.shares))
	for i, in := range o.shares {
		points[i] = in.holder + 1
	}
	key, err := p.CombineKeys(len(o.call.included), points, o.opened)
	switch {
	case errors.Is(err, rlwe.ErrNoise):
		return ErrWrong
	case err != nil:
		return bad(kindShare, "a residue is out of its range")
	}
	if o.masker, err = p.NewMasker(key, o.s.crs()); err != nil {
		return fmt.Errorf("he: %w", err)
	}
	return nil
}

// finish checks the fingerprint, and that nothing is left over.
func (o *opening) finish() error {
	if err := o.in.end(kindAggregate); err != nil {
		return err
	}
	// In mode OneShot there is no roll, and nobody signs a fingerprint.
	if o.call.roll != nil && o.finger.Sum() != o.call.fingerprint {
		return fmt.Errorf("%w: the aggregate is not the sum of the contributions in its call", ErrWrong)
	}
	for _, in := range o.shares {
		if err := in.end(kindShare); err != nil {
			return err
		}
	}
	return nil
}
