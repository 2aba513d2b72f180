package psi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"

	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// An Adversary is what the other party is feared to do.
type Adversary uint8

// The adversaries.
const (
	// SemiHonest protects against a party that follows the protocol and tries
	// to learn more from what it saw.
	SemiHonest Adversary = 1
	// Malicious protects against a party that does whatever it likes.
	Malicious Adversary = 2
)

// String returns the name of a: semi-honest or malicious.
func (a Adversary) String() string {
	switch a {
	case SemiHonest:
		return "semi-honest"
	case Malicious:
		return "malicious"
	}
	return fmt.Sprintf("Adversary(%d)", uint8(a))
}

// Reveal says who learns which items both parties have.
type Reveal uint8

// Who learns the result.
const (
	RevealReceiver Reveal = 1 // the receiver
	RevealBoth     Reveal = 2 // both parties
)

// String returns the name of r: receiver or both.
func (r Reveal) String() string {
	switch r {
	case RevealReceiver:
		return "receiver"
	case RevealBoth:
		return "both"
	}
	return fmt.Sprintf("Reveal(%d)", uint8(r))
}

// A Protocol is a way to compute the intersection. See the package comment.
type Protocol uint16

// The protocols. Their numbers stand on the wire.
const (
	// Auto takes DH for small sets of semi-honest parties, otherwise VOLE.
	Auto Protocol = 0
	// DH is Diffie-Hellman over ristretto255, for semi-honest parties.
	DH Protocol = 1
	// VOLE is vector oblivious linear evaluation with an oblivious key-value
	// store, for parties of either kind.
	VOLE Protocol = 2
)

// String returns the name of p: auto, dh or vole.
func (p Protocol) String() string {
	switch p {
	case Auto:
		return "auto"
	case DH:
		return "dh"
	case VOLE:
		return "vole"
	}
	return fmt.Sprintf("Protocol(%d)", uint16(p))
}

// autoItems is the number of items of both sides from which Auto takes VOLE, which in
// any case costs some 0.04 s, and three more message delays. DH takes some 7 µs for each
// item with AVX-512 IFMA, and wins up to some ten thousand on a link of 20 ms; with AVX2 it
// takes some 70 µs, and wins up to some thousand. Both sides must come to the same
// choice, whatever their processors: this one is never far from the best.
const autoItems = 1 << 12

// choose returns the protocol for sets of n and m items.
func (p Protocol) choose(adversary Adversary, n, m int) Protocol {
	switch {
	case p != Auto:
		return p
	case adversary == SemiHonest && uint64(n)+uint64(m) < autoItems:
		return DH
	}
	return VOLE
}

// A Config says how to run. Adversary, Reveal, Protocol, Context and Memory must be
// the same on both sides.
type Config struct {
	// Adversary has no default: it must be chosen.
	Adversary Adversary
	// Reveal has no default: it must be chosen.
	Reveal Reveal
	// Protocol is Auto by default.
	Protocol Protocol
	// Context is what the parties agreed upon outside: the hash of a contract,
	// the names of the columns. It enters every hash of a run, though not that
	// of items into a Set. At most 16,384 bytes; empty by default.
	Context []byte
	// PadTo hides the number of this side's items: random ones are added up to
	// this number. It must be at least the number of different items, which is
	// therefore best bounded by something public. Zero adds none.
	PadTo int
	// MaxPeerItems is the most items the other side may have. It bounds the
	// memory that a peer can claim by what it says of itself: 44 bytes an item,
	// for up to 2^20, at a sender in the protocol VOLE, before they come. Zero is 2^24.
	MaxPeerItems int
	// Memory, in bytes, bounds what a run holds for items at either side, beside
	// the set and the result: above it both sides split the work into parts that
	// run one after another, at a cost that the package comment names. Some
	// megabytes for each worker come on top. Zero splits only the protocol VOLE, for
	// more than 2^20 items of the receiver, and keeps in memory what a bounded run
	// keeps in TempDir.
	Memory int64
	// TempDir is where a receiver keeps 16 bytes for each item of both sides
	// while a run is in parts that Memory asks for. It is os.TempDir by default, which
	// may be memory.
	TempDir string
	// Workers is the number of goroutines that compute. Zero is one for each
	// processor that Go uses.
	Workers int
	// Progress, if it is not nil, is called as the run goes on, from one
	// goroutine at a time, which waits for it.
	Progress func(Progress)
}

// helloProtocol stands for this package in the hello, and version for the bytes
// that it writes: it changes with every one of them.
const (
	helloProtocol = 1
	version       = 2
)

// newLabel returns the tag for a purpose in a protocol of this package.
func newLabel(protocol, purpose string, context []byte) []byte {
	tag, err := label.New(protocol, version, purpose, context)
	if err != nil {
		panic("psi: internal error: " + err.Error())
	}
	return tag
}

// maxContext leaves room for the labels that are put around a context.
const maxContext = 1 << 14

// maxItems bounds both sides' sets: row numbers have 32 bits.
const maxItems = math.MaxUint32

// params is a Config that has been checked, with its defaults filled in.
type params struct {
	adversary    Adversary
	reveal       Reveal
	choice       Protocol
	context      []byte
	padTo        int
	maxPeerItems int
	memory       int64
	partItems    int
	tempDir      string
	workers      int
	progress     func(Progress)
}

func newParams(cfg *Config, set *Set) (*params, error) {
	switch {
	case cfg == nil:
		return nil, errors.New("psi: the config is nil, and Adversary and Reveal have no default")
	case cfg.Adversary != SemiHonest && cfg.Adversary != Malicious:
		return nil, errors.New("psi: Config.Adversary must be SemiHonest or Malicious; it has no default")
	case cfg.Reveal != RevealReceiver && cfg.Reveal != RevealBoth:
		return nil, errors.New("psi: Config.Reveal must be RevealReceiver or RevealBoth; it has no default")
	case cfg.Protocol > VOLE:
		return nil, fmt.Errorf("psi: Config.Protocol is %d, which does not exist", cfg.Protocol)
	case cfg.Adversary == Malicious && cfg.Protocol == DH:
		return nil, errors.New("psi: Config.Protocol DH is for semi-honest parties; take VOLE")
	case cfg.Adversary == Malicious && cfg.Reveal == RevealBoth:
		return nil, errors.New("psi: Config.Reveal: a sender cannot check what a malicious receiver tells it; take RevealReceiver, or run twice with the roles exchanged")
	case len(cfg.Context) > maxContext:
		return nil, fmt.Errorf("psi: Config.Context has %d bytes; at most %d are possible: pass a hash", len(cfg.Context), maxContext)
	case cfg.PadTo != 0 && cfg.PadTo < set.items:
		return nil, fmt.Errorf("psi: Config.PadTo is %d, less than the %d different items of the set", cfg.PadTo, set.items)
	case uint64(cfg.PadTo) > maxItems:
		return nil, fmt.Errorf("psi: Config.PadTo is %d; at most %d is possible", cfg.PadTo, uint32(maxItems))
	case cfg.MaxPeerItems < 0 || uint64(cfg.MaxPeerItems) > maxItems:
		return nil, fmt.Errorf("psi: Config.MaxPeerItems is %d; 0 to %d are possible", cfg.MaxPeerItems, uint32(maxItems))
	case cfg.Memory < 0:
		return nil, fmt.Errorf("psi: Config.Memory is %d bytes", cfg.Memory)
	case cfg.Workers < 0:
		return nil, fmt.Errorf("psi: Config.Workers is %d", cfg.Workers)
	}
	p := &params{
		adversary:    cfg.Adversary,
		reveal:       cfg.Reveal,
		choice:       cfg.Protocol,
		context:      cfg.Context,
		padTo:        cfg.PadTo,
		maxPeerItems: cfg.MaxPeerItems,
		memory:       cfg.Memory,
		partItems:    mostInPart,
		tempDir:      cfg.TempDir,
		workers:      cfg.Workers,
		progress:     cfg.Progress,
	}
	if p.maxPeerItems == 0 {
		p.maxPeerItems = 1 << 24
	}
	if p.workers == 0 {
		p.workers = runtime.GOMAXPROCS(0)
	}
	if p.progress == nil {
		p.progress = func(Progress) {}
	}
	return p, nil
}

// hello holds everything that both sides must agree on.
func (p *params) hello(role session.Role, nonce [16]byte, items int) session.Hello {
	// Both must split a long run alike.
	protocol := []byte{byte(p.choice)}
	if p.memory > 0 {
		protocol = binary.BigEndian.AppendUint64(protocol, uint64(p.memory))
	} else {
		protocol = binary.BigEndian.AppendUint32(protocol, uint32(p.partItems))
	}
	return session.Hello{
		Protocol:        helloProtocol,
		ProtocolVersion: version,
		Role:            role,
		Nonce:           nonce,
		Items:           uint64(items),
		Terms: []session.Term{
			{Name: "adversary models", Value: []byte{byte(p.adversary)}},
			{Name: "reveal settings", Value: []byte{byte(p.reveal)}},
			{Name: "protocols or bounds on memory", Value: protocol},
			{Name: "contexts", Value: p.context},
		},
	}
}
