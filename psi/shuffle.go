package psi

import (
	"math/bits"
	"math/rand/v2"
	"slices"
)

// bucketItems is about how many items are in a bucket, until there are
// maxBucketBits.
const bucketItems = 1 << 14

// shuffled sets dst to item(0), item(1), ..., in a random order that depends on
// seed and length only. The positions of tags that match would otherwise tell the
// receiver how many items lie between them in the order of digests, and so
// exclude others.
//
// Fisher and Yates's shuffle of many items misses the caches with each of them.
// So items are thrown into buckets by uniform random labels first, and each bucket
// is shuffled on its own [San98]. All orders remain equally likely. To exchange
// the labels of two items turns a way to throw them into one that is as likely,
// so whatever the numbers of items in the buckets, those of a bucket are a
// uniformly random subset of all; and in a bucket each order is as likely as any
// other. Hence each of the n! orders has the same probability given the numbers.
//
// [San98] Peter Sanders: Random Permutations on Distributed, External and
// Hierarchical Memory. Information Processing Letters 67, 1998.
//
// step is called with zero now and then, and can end it.
func shuffled[T any](p *params, dst []T, seed [32]byte, step func(int) error, item func(i int) T) error {
	labelBits := min(max(bits.Len(uint(len(dst)/bucketItems)), 1)-1, maxBucketBits)
	if labelBits == 0 {
		for i := range dst {
			dst[i] = item(i)
		}
		shuffle(dst, seed)
		return step(0)
	}
	// The labels are drawn twice rather than kept.
	ends := make([]int, 1<<labelBits) // of buckets
	if _, err := labels(seed, labelBits, len(dst), step, func(_, label int) { ends[label]++ }); err != nil {
		return err
	}
	sum := 0
	for b, n := range ends {
		ends[b], sum = sum, sum+n
	}
	random, err := labels(seed, labelBits, len(dst), step, func(i, label int) {
		dst[ends[label]] = item(i)
		ends[label]++
	})
	if err != nil {
		return err
	}
	seeds := make([][32]byte, len(ends))
	for b := range seeds {
		random.Read(seeds[b][:])
	}
	starts := slices.Insert(ends, 0, 0)
	return p.parallelErr(len(seeds), func(lo, hi int) error {
		for b := lo; b < hi; b++ {
			shuffle(dst[starts[b]:starts[b+1]], seeds[b])
			if err := step(0); err != nil {
				return err
			}
		}
		return nil
	})
}

// labels calls f with a random label of at most 16 bits for each of n items, and
// returns the source that they came from.
func labels(seed [32]byte, labelBits, n int, step func(int) error, f func(i, label int)) (*rand.ChaCha8, error) {
	// ChaCha8 is a stream cipher with an unpredictable output.
	random := rand.NewChaCha8(seed)
	for i := 0; i < n; {
		word := random.Uint64()
		for end := min(i+4, n); i < end; i++ {
			f(i, int(word&(1<<labelBits-1)))
			word >>= 16
		}
		if i%slabItems == 0 {
			if err := step(0); err != nil {
				return nil, err
			}
		}
	}
	return random, nil
}

// shuffle is Fisher and Yates's.
func shuffle[T any](s []T, seed [32]byte) {
	rand.New(rand.NewChaCha8(seed)).Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}
