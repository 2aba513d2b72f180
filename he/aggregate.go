package he

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// An Aggregate is the sum of the contributions that are in it. It is safe for
// concurrent use.
type Aggregate struct {
	s       *Session
	call    *call
	message []byte
	inputs  map[int]io.ReaderAt
	hashes  map[int][]byte
}

// Contributors returns the numbers of those who are in the sum.
func (a *Aggregate) Contributors() []int { return slices.Clone(a.call.included) }

// Call returns the message that calls the active key holders to share.
func (a *Aggregate) Call() []byte { return slices.Clone(a.message) }

// WriteAudit writes what a key holder must see to audit the aggregate. In mode
// Collective all get the same.
func (a *Aggregate) WriteAudit(w io.Writer, holder int) error {
	p := a.s.plan
	if holder < 0 || holder >= p.spec.Holders {
		return fmt.Errorf("he: there is no key holder with number %d", holder)
	}
	if _, err := w.Write(a.s.appendHeader(nil, kindMasks, noSender)); err != nil {
		return fmt.Errorf("he: writing: %w", err)
	}
	for _, i := range a.call.included {
		part, err := a.auditPart(holder, i)
		if err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("he: writing: %w", err)
		}
	}
	if p.spec.Mode == OneShot {
		return nil
	}
	return a.writeMasks(w)
}

// auditPart returns what a key holder must see of one contribution: the hash of
// its masks, or in mode OneShot the holder's sealed share of its key.
func (a *Aggregate) auditPart(holder, contributor int) ([]byte, error) {
	p, input := a.s.plan, a.inputs[contributor]
	if p.spec.Mode == OneShot {
		b := make([]byte, p.sealedKey())
		return b, readAt(input, b, int64(headerSize)+int64(holder)*int64(len(b)))
	}
	if hash := a.hashes[contributor]; hash != nil {
		return hash, nil
	}
	hash, err := p.params.NewMaskHash()
	if err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	b := make([]byte, p.params.MaskSize())
	for chunk := range p.chunks() {
		if err := readAt(input, b, p.offset(chunk)); err != nil {
			return nil, err
		}
		if hash.Add(chunk, b) != nil {
			return nil, errChanged(contributor)
		}
	}
	return hash.AppendBinary(nil)
}

// writeMasks adds the masks of all contributions up, on all processors.
func (a *Aggregate) writeMasks(w io.Writer) error {
	p := a.s.plan
	type worker struct {
		sum *rlwe.MaskSum
		in  []byte
	}
	all := make([]worker, min(runtime.GOMAXPROCS(0), p.chunks()))
	for i := range all {
		var err error
		if all[i].sum, err = p.params.NewMaskSum(); err != nil {
			return fmt.Errorf("he: %w", err)
		}
		all[i].in = make([]byte, p.params.MaskSize())
	}
	return p.inOrder(len(all), nil, func(i, chunk int, dst []byte) ([]byte, error) {
		sum, in := all[i].sum, all[i].in
		sum.Reset()
		for _, k := range a.call.included {
			if err := readAt(a.inputs[k], in, p.offset(chunk)); err != nil {
				return nil, err
			}
			if err := sum.Add(in); err != nil {
				return nil, errChanged(k)
			}
		}
		return sum.AppendBinary(dst)
	}, func(_ int, b []byte) error {
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("he: writing: %w", err)
		}
		return nil
	})
}

func errChanged(contributor int) error {
	return fmt.Errorf("he: the contribution of number %d is not what it was when it was added", contributor)
}

// inOrder makes something of each chunk, with as many workers at a time. Each of
// them is fed, if feed is not nil, and what they make is taken, in order.
func (p *Plan) inOrder(workers int, feed func(worker, chunk int) error,
	do func(worker, chunk int, dst []byte) ([]byte, error), take func(chunk int, b []byte) error) error {
	out, errs := make([][]byte, workers), make([]error, workers)
	for first := 0; first < p.chunks(); first += workers {
		n := min(workers, p.chunks()-first)
		for i := 0; i < n && feed != nil; i++ {
			if err := feed(i, first+i); err != nil {
				return err
			}
		}
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() { out[i], errs[i] = do(i, first+i, out[i][:0]) })
		}
		group.Wait()
		for i := range n {
			if errs[i] != nil {
				return errs[i]
			}
			if err := take(first+i, out[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// offset is where a chunk begins in a contribution.
func (p *Plan) offset(chunk int) int64 {
	return int64(headerSize) + p.keyShares() + int64(chunk)*int64(p.params.CiphertextSize(p.params.N()))
}

func readAt(r io.ReaderAt, b []byte, offset int64) error {
	if n, err := r.ReadAt(b, offset); n < len(b) {
		return fmt.Errorf("he: reading a contribution again: %w", err)
	}
	return nil
}

// WriteTo adds the contributions up, on all processors, and writes the sum for
// the receiver.
func (a *Aggregate) WriteTo(w io.Writer) (int64, error) {
	p := a.s.plan
	head := a.s.appendHeader(nil, kindAggregate, noSender)
	head = binary.BigEndian.AppendUint32(head, uint32(len(a.message)))
	n, err := w.Write(append(head, a.message...))
	written := int64(n)
	if err != nil {
		return written, fmt.Errorf("he: writing: %w", err)
	}
	type worker struct {
		sum *rlwe.Sum
		in  []byte
	}
	all := make([]worker, min(runtime.GOMAXPROCS(0), p.chunks()))
	err = p.inOrder(len(all), nil, func(i, chunk int, dst []byte) ([]byte, error) {
		w, n := &all[i], p.chunkLen(chunk)
		if w.sum == nil || w.sum.Len() != n {
			w.sum = p.newSum(n)
		}
		w.in = grow(w.in, p.params.CiphertextSize(n)-p.skip())
		if err := a.add(w.sum, w.in, chunk); err != nil {
			return nil, err
		}
		return p.appendSum(dst, w.sum), nil
	}, func(chunk int, b []byte) error {
		n, err := w.Write(b)
		written += int64(n)
		if err != nil {
			return fmt.Errorf("he: writing: %w", err)
		}
		a.s.done("aggregate", chunk+1, p.chunks())
		return nil
	})
	return written, err
}

// add sets sum to the sum of a chunk.
func (a *Aggregate) add(sum *rlwe.Sum, b []byte, chunk int) error {
	p := a.s.plan
	sum.Reset()
	for _, i := range a.call.included {
		if err := readAt(a.inputs[i], b, p.offset(chunk)+int64(p.skip())); err != nil {
			return err
		}
		if err := p.addTo(sum, b); err != nil {
			return errChanged(i)
		}
	}
	return nil
}
