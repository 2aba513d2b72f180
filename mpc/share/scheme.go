package share

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/field"
)

// A Quorum says how many parties hold shares, and how many of them it takes.
type Quorum struct {
	Needed  int // shares that reconstruct; at least 2
	Parties int // shares in all; at most 255
}

// maxParties is the number of points other than zero in GF(2^8).
const maxParties = 255

// String returns "3 of 5".
func (q Quorum) String() string { return fmt.Sprintf("%d of %d", q.Needed, q.Parties) }

func (q Quorum) check() error {
	switch {
	case q.Needed < 2:
		return fmt.Errorf("share: Needed is %d; with less than 2 every party alone has the secret", q.Needed)
	case q.Parties < q.Needed:
		return fmt.Errorf("share: Needed is %d, more than the %d parties", q.Needed, q.Parties)
	case q.Parties > maxParties:
		return fmt.Errorf("share: %d parties are more than %d", q.Parties, maxParties)
	}
	return nil
}

// A Ring is where the numbers live that are shared. There is no default.
type Ring uint8

const (
	// Z64 are the integers modulo 2^64: uint64, or int64 by conversion.
	Z64 Ring = iota + 1
	// F61 are the integers modulo the prime [Modulus].
	F61
)

// Modulus is the prime 2^61 - 1. Numbers that are shared in F61 are below it.
const Modulus = field.P

// String returns the name of r.
func (r Ring) String() string {
	switch r {
	case Z64:
		return "Z64"
	case F61:
		return "F61"
	}
	return fmt.Sprintf("Ring(%d)", uint8(r))
}

// A Kind is a way of sharing vectors of numbers. There is no default.
type Kind uint8

const (
	// Additive shares sum up to the secret. All of them are needed.
	Additive Kind = iota + 1
	// Shamir shares are values of a random polynomial that is the secret at 0
	// [Sha79]. The ring is F61.
	Shamir
	// Packed shares are values of a random polynomial that is Width secrets at
	// 0, -1, -2, ... [FY92]. A share is Width times shorter than the secrets, and
	// Needed - Width shares together tell nothing. The ring is F61.
	Packed
	// Replicated shares are all but some of the summands of the secret: there is
	// one for each choice of Needed - 1 parties, which they lack and all others
	// have [ISN87, CDI05]. Three parties with Needed 2 hold two summands each
	// [AFLNO16].
	Replicated
)

// String returns the name of k.
func (k Kind) String() string {
	if k >= Additive && k <= Replicated {
		return [...]string{"Additive", "Shamir", "Packed", "Replicated"}[k-Additive]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// A Scheme says how vectors of numbers are shared. It is a plain value:
//
//	share.Scheme{Kind: share.Shamir, Ring: share.F61, Quorum: share.Quorum{Needed: 3, Parties: 5}}
type Scheme struct {
	Kind Kind
	Ring Ring
	Quorum
	// Width is the number of secrets in a polynomial of Packed, at least 2, and
	// zero for every other kind.
	Width int
}

// Bounds of the work and memory of replicated sharing.
const (
	maxReplicated = 16 // parties
	maxSummands   = 128
)

func (s Scheme) check() error {
	if s.Ring != Z64 && s.Ring != F61 {
		return fmt.Errorf("share: Scheme.Ring is %v; choose Z64 or F61", s.Ring)
	}
	if err := s.Quorum.check(); err != nil {
		return err
	}
	if s.Kind == Packed {
		if s.Width < 2 || s.Width >= s.Needed {
			return fmt.Errorf("share: Scheme.Width is %d, and must be at least 2 and less than Needed, which is %d", s.Width, s.Needed)
		}
	} else if s.Width != 0 {
		return fmt.Errorf("share: Scheme.Width is %d, and must be 0 for %v", s.Width, s.Kind)
	}
	switch s.Kind {
	case Additive:
		if s.Needed != s.Parties {
			return fmt.Errorf("share: Needed is %d of %d parties; Additive needs all", s.Needed, s.Parties)
		}
	case Shamir, Packed:
		if s.Ring != F61 {
			return fmt.Errorf("share: %v needs a field; choose F61 instead of %v", s.Kind, s.Ring)
		}
	case Replicated:
		if s.Parties > maxReplicated || binomial(s.Parties, s.Needed-1) > maxSummands {
			return fmt.Errorf("share: Replicated takes too many summands for %v; choose Shamir", s.Quorum)
		}
	default:
		return fmt.Errorf("share: Scheme.Kind is %v; choose Additive, Shamir, Packed or Replicated", s.Kind)
	}
	return nil
}

// Private returns how many shares together tell nothing about the secrets.
func (s Scheme) Private() int { return s.Needed - s.width() }

// width returns the number of secrets in an element of a share.
func (s Scheme) width() int { return max(s.Width, 1) }

// columns returns the number of elements in which count secrets are shared.
func (s Scheme) columns(count int) int {
	w := s.width()
	return count/w + (count%w+w-1)/w
}

// parts returns the number of vectors in a share.
func (s Scheme) parts() int {
	if s.Kind == Replicated {
		return binomial(s.Parties-1, s.Needed-1)
	}
	return 1
}

// checkNumbers returns an error if some number is not in the ring.
func (s Scheme) checkNumbers(v []uint64) error {
	if s.Ring == F61 {
		if i := field.Canonical(v); i >= 0 {
			return fmt.Errorf("share: number %d is not below the modulus of F61", i)
		}
	}
	return nil
}

// binomial returns n choose k, for n up to maxReplicated.
func binomial(n, k int) int {
	b := 1
	for i := 1; i <= k; i++ {
		b = b * (n - i + 1) / i // the product of i numbers that follow each other, by i!
	}
	return b
}
