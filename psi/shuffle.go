package psi

import (
	"math/bits"
	"math/rand/v2"
	"slices"
)

// bucketItems is about how many items are in a bucket, until there are
// maxBucketBits.
const bucketItems = 1 << 14

// shuffled sets dst to all items, in a random order that depends on the seed and the
// length only. The positions of tags that match would otherwise tell the
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
// items sets dst to the items from number first on. step is called with zero
// now and then, and can end it.
func shuffled[T any](p *params, dst []T, seed [32]byte, step func(int) error, items func(dst []T, first int)) error {
	labelBits := min(max(bits.Len(uint(len(dst)/bucketItems)), 1)-1, maxBucketBits)
	if labelBits == 0 {
		items(dst, 0)
		shuffle(dst, seed)
		return step(0)
	}
	// The labels are drawn twice rather than kept.
	ends := make([]int, 1<<labelBits) // of buckets
	_, err := labels(seed, labelBits, len(dst), step, func(_ int, labels []uint16) {
		for _, label := range labels {
			ends[label]++
		}
	})
	if err != nil {
		return err
	}
	sum := 0
	for b, n := range ends {
		ends[b], sum = sum, sum+n
	}
	buf := make([]T, labelChunk)
	random, err := labels(seed, labelBits, len(dst), step, func(first int, labels []uint16) {
		buf := buf[:len(labels)]
		items(buf, first)
		for i, label := range labels {
			end := &ends[label]
			dst[*end] = buf[i]
			*end++
		}
	})
	if err != nil {
		return err
	}
	clear(buf)
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

// labelChunk is how many labels are drawn at a time, a multiple of the four that
// are made of a word.
const labelChunk = 1 << 9

// labels calls f with random labels of at most 16 bits for n items, labelChunk at
// a time, and returns the source that they came from.
func labels(seed [32]byte, labelBits, n int, step func(int) error, f func(first int, labels []uint16)) (*rand.ChaCha8, error) {
	// ChaCha8 is a stream cipher with an unpredictable output.
	random := rand.NewChaCha8(seed)
	var chunk [labelChunk]uint16
	mask := uint16(1<<labelBits - 1)
	for first := 0; first < n; first += labelChunk {
		labels := chunk[:min(labelChunk, n-first)]
		for i := 0; i < len(labels); i += 4 {
			word, four := random.Uint64(), chunk[i:i+4]
			four[0], four[1] = uint16(word)&mask, uint16(word>>16)&mask
			four[2], four[3] = uint16(word>>32)&mask, uint16(word>>48)&mask
		}
		f(first, labels)
		if (first+labelChunk)%slabItems == 0 {
			if err := step(0); err != nil {
				return nil, err
			}
		}
	}
	return random, nil
}

// shuffle is Fisher and Yates's. It is the method of rand.Rand that has its name,
// which calls a function for each swap.
func shuffle[T any](s []T, seed [32]byte) {
	random := rand.New(rand.NewChaCha8(seed))
	for i := len(s) - 1; i > 0; i-- {
		j := random.Uint64N(uint64(i + 1))
		s[i], s[j] = s[j], s[i]
	}
}
