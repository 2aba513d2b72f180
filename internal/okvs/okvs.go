// Package okvs is the oblivious key-value store [GPRTY21] of [RR22]: a vector P,
// a little longer than the set it encodes, from which every key of the set
// decodes to its value, and every other key to something unrelated.
//
// Most callers want [NewParams], [Encode] and [Decode].
//
// # Construction
//
// A store is linear: decoding a key is an inner product of P with a row that
// depends on the key and a public seed only [RR22, Fig. 1]. Items are thrown
// into bins of about 2^14 by a hash, and each bin has its own part of P
// [RR22, section 2.1, "Separate"]: m' columns, of which a row selects three, and
// m^ dense columns, of which it selects a random subset [RR22, section 2,
// "Binary row"]. Encoding peels: a column that only one row selects is solved by that row, whatever the
// others turn out to be. Rows that cannot be peeled, the gap, are solved by the
// dense columns.
//
// The matrix is binary. So a store of values that lie in a subspace, such as the
// low bits of a block, lies in that subspace itself and can be sent in as many
// bits; free columns are drawn from it. The paper prefers dense columns with
// coefficients in GF(2^128), of which three are enough, because its binary ones
// are slower. With tables of the sums of each eight columns they are not, and
// 40 columns for a bin of 22,000 are 0.2 % of the store.
//
// Deliberately absent are rows of other weights, dense columns that bins share
// [RR22, section 2.1, "Combined"], and the search for the smallest gap
// [RR22, Fig. 5].
//
// # Security
//
// Keys must be distinct and look random, that is, be hashes of the items, and
// the seed must be drawn after the keys are fixed; then [Encode] fails with a
// probability of at most 2^-ssp. This rests on measurements [RR22, section 3.2]
// and not on a proof: the expansion of the sparse part is extrapolated from
// failure probabilities that can be observed, along a line whose slope agrees
// with the theory of the phase transition. The bound on the gap has an argument:
// the gap consists almost always of pairs of rows with the same three columns,
// whose number is Poisson with mean 3n^2/m'^3. At 2^20 items that is one bin in
// 12,000, and the 40 dense columns leave it unsolved with 2^-40, which is one of
// 2^47 stores.
//
// Columns that no equation fixes are filled with random blocks, so that P is
// uniform among all solutions, and uniform outright if the values are. The
// protocol of [RR22, section 4] does not need it, because there P goes out under
// a one-time pad from VOLE; it needs no more of the store than correctness.
// Protocols that send P itself, such as OPPRF-based circuit PSI, do need it
// [RR22, Fig. 1, step 5]. It costs about 4 ns an item, so there is one behaviour
// and nothing to get wrong.
//
// Encode and Decode are not constant time: the memory they touch depends on
// hashes of the keys. An observer of the cache of one party's machine may learn
// about that party's keys; the other party sees neither.
//
// # Cost
//
// A store has about 1.36 blocks per item from 2^14 items on, more for fewer.
// Encode holds 1.1 MiB per worker and Decode 1.2 MiB, besides their arguments. Both
// keep that memory, cleared, for the next call.
//
// # References
//
//   - [RR22] S. Raghuraman, P. Rindal. Blazing Fast PSI from Improved OKVS and
//     Subfield VOLE. CCS 2022, eprint 2022/320.
//   - [GPRTY21] G. Garimella, B. Pinkas, M. Rosulek, N. Trieu, A. Yanai.
//     Oblivious Key-Value Stores and Amplification for Private Set Intersection.
//     CRYPTO 2021, eprint 2021/883.
package okvs

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

// A Block is 128 bits.
type Block = aes128.Block

var (
	// ErrUnsolvable means that the equations of a store had no solution; the
	// caller may try another seed.
	ErrUnsolvable = errors.New("okvs: no solution under this seed")
	// ErrDuplicate means that two keys are equal, which no seed helps.
	ErrDuplicate = errors.New("okvs: two keys are equal")
)

// chunk is how many items go through the vector kernels at a time.
const chunk = 512

// hashed calls f for the chunks of keys, hashed under the seed, with the number
// of the first. Hashing with pi(x) ^ x is enough because the keys themselves
// are hashes, fixed before the seed.
func hashed(c *aes128.Cipher, buf *[chunk]Block, keys []Block, f func(first int, h []Block)) {
	for first := 0; first < len(keys); first += chunk {
		h := buf[:min(chunk, len(keys)-first)]
		c.HashCR(h, keys[first:first+len(h)])
		f(first, h)
	}
}

// Work says how a call computes.
type Work struct {
	// Workers is the number of goroutines. Zero means one.
	Workers int
	// Step, if it is not nil, is called after every few thousand items, from all
	// workers at once. An error ends the call, which returns it. The steps of an
	// Encode are twice the number of items, those of a Decode the number of keys.
	Step func(items int) error
}

// step reports n items.
func (w Work) step(n int) error {
	if w.Step == nil {
		return nil
	}
	return w.Step(n)
}

// parallel calls f(i) for all i below n until one fails, and returns the error of
// the first that did.
func (w Work) parallel(n int, f func(i int) error) error {
	workers := min(w.Workers, n)
	if workers <= 1 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	var failed atomic.Bool
	errs := make([]error, n)
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !failed.Load(); i = int(next.Add(1)) - 1 {
				if errs[i] = f(i); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// span returns part i of n items divided into parts.
func span(i, parts, n int) (lo, hi int) {
	return int(int64(n) * int64(i) / int64(parts)), int(int64(n) * int64(i+1) / int64(parts))
}

// mustBe panics if a slice has not the length that the parameters call for.
func mustBe(name string, got, want int) {
	if got != want {
		panic(fmt.Sprintf("okvs: internal error: %d %s, want %d", got, name, want))
	}
}
