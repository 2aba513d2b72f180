package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// A Resolver answers a code with the proof of its record, such as
// [Directory.Prove] of the directory in this process, a request to another
// node, or [Bundle.Proof]. It returns [ErrNotFound] for a code that it does not
// have.
type Resolver func(ctx context.Context, code identity.Code) (proof []byte, err error)

// InOrder asks one resolver after the other until one has the code: the service
// node first, then the region's, then the global one [NDI-TR-2025-04, annex A].
// A resolver that fails is passed over. If none has the code, the error is
// [ErrNotFound] if all could say so, and otherwise what kept the others from
// answering.
func InOrder(resolvers ...Resolver) Resolver {
	return func(ctx context.Context, code identity.Code) ([]byte, error) {
		var failed []error
		for _, r := range resolvers {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			proof, err := r(ctx, code)
			if err == nil {
				return proof, nil
			}
			if !errors.Is(err, ErrNotFound) {
				failed = append(failed, err)
			}
		}
		if len(failed) > 0 {
			return nil, fmt.Errorf("directory: not resolved: %w", errors.Join(failed...))
		}
		return nil, ErrNotFound
	}
}

const bundleHeader = "dujiang directory bundle v1\n"

// maxBundle is the most bytes of a bundle: half a million records.
const maxBundle = 1 << 30

// Export returns the proofs of codes in one file that can be carried into a
// closed network.
//
// The file is a line that names its form, and for each proof a line with its
// length in decimal digits and the proof.
func (d *Directory) Export(codes ...identity.Code) ([]byte, error) {
	return Export(context.Background(), d.Store(), codes...)
}

// Export is [Directory.Export] for any Store.
func Export(ctx context.Context, store Store, codes ...identity.Code) ([]byte, error) {
	b := []byte(bundleHeader)
	for _, c := range codes {
		proof, err := store.Prove(ctx, c)
		if err != nil {
			return nil, err
		}
		b = strconv.AppendInt(b, int64(len(proof)), 10)
		b = append(append(b, '\n'), proof...)
	}
	return b, nil
}

// A Bundle is a verified file of proofs. Its methods may be called from several
// goroutines.
type Bundle struct {
	proofs map[identity.Code]bundled
}

type bundled struct {
	proof  []byte
	signed *Signed
}

// Freshness says how old an answer may be. Both fields must be set.
type Freshness struct {
	At     time.Time     // the time now
	MaxAge time.Duration // since witnesses saw the checkpoint
}

// check reports whether a checkpoint is too old, or from the future by more than
// the five minutes that clocks may be off.
func (f Freshness) check(c evidence.Checkpoint) error {
	switch age := f.At.Sub(c.Witnessed); {
	case c.Witnessed.IsZero():
		return errors.New("directory: no witness says when the checkpoint was made; use a policy with a quorum")
	case age > f.MaxAge:
		return fmt.Errorf("directory: the proof is %v old, more than %v; get a new one", age.Round(time.Second), f.MaxAge)
	case age < -5*time.Minute:
		return errors.New("directory: the proof is from the future; set the clock")
	}
	return nil
}

// OpenBundle verifies all of a file that [Directory.Export] returned, without a
// network. A record that stands there twice is refused.
func OpenBundle(file []byte, p *evidence.Policy, verify Verifier, fresh Freshness) (*Bundle, error) {
	rest, ok := bytes.CutPrefix(file, []byte(bundleHeader))
	if !ok || len(file) > maxBundle {
		return nil, errors.New("directory: this is not a bundle, or one of more than 1 GiB")
	}
	if fresh.At.IsZero() || fresh.MaxAge <= 0 {
		return nil, errors.New("directory: Freshness has no default: set At and MaxAge")
	}
	b := &Bundle{proofs: make(map[identity.Code]bundled)}
	for len(rest) > 0 {
		fail := func(err error) (*Bundle, error) {
			return nil, fmt.Errorf("directory: bundle: proof %d: %w", len(b.proofs)+1, err)
		}
		line, behind, _ := bytes.Cut(rest, []byte("\n"))
		n, err := strconv.ParseUint(string(line), 10, 31)
		if err != nil || n > uint64(len(behind)) || line[0] < '1' || line[0] > '9' {
			return fail(errors.New("the length is malformed or the file is cut"))
		}
		proof := behind[:n:n]
		rest = behind[n:]
		s, v, err := VerifyProof(p, proof, verify)
		if err == nil {
			err = fresh.check(v.Checkpoint)
		}
		if err != nil {
			return fail(err)
		}
		if _, twice := b.proofs[s.Record.Code]; twice {
			return fail(errors.New("the code stands in the bundle before"))
		}
		b.proofs[s.Record.Code] = bundled{bytes.Clone(proof), s}
	}
	return b, nil
}

// Resolve returns the record of a code.
func (b *Bundle) Resolve(code identity.Code) (Signed, error) {
	if x, ok := b.proofs[code]; ok {
		return *x.signed, nil
	}
	return Signed{}, ErrNotFound
}

// Proof returns the proof of a code; it is a [Resolver].
func (b *Bundle) Proof(_ context.Context, code identity.Code) ([]byte, error) {
	if x, ok := b.proofs[code]; ok {
		return bytes.Clone(x.proof), nil
	}
	return nil, ErrNotFound
}

// Len returns the number of records.
func (b *Bundle) Len() int { return len(b.proofs) }
