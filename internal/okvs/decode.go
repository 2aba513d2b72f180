package okvs

import (
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/okvs/rows"
)

// window is how many keys are sorted by bin at a time. It trades the passes over
// the store, whose bins come into the second-level cache once per window,
// against the scatter of results, which stays within a window. From 2^14 to 2^17
// hardly matters, up to 2^24 keys.
const window = 1 << 16

// Decode sets out[i] to what keys[i] decodes to in store. There may be any
// number of keys, repeated ones among them. out may be keys. The error is that of a
// step.
func Decode(p Params, seed [16]byte, keys, store, out []Block, work Work) error {
	mustBe("blocks", len(store), p.Size())
	mustBe("results", len(out), len(keys))
	if p.n == 0 {
		clear(out)
		return nil
	}
	c := aes128.New(seed)
	parts := (len(keys) + window - 1) / window
	if work.Workers > 1 {
		parts = max(parts, min(work.Workers, len(keys)/chunk+1))
	}
	return work.parallel(parts, func(i int) error {
		lo, hi := span(i, parts, len(keys))
		if p.bins == 1 {
			decodeBin(&p, c, keys[lo:hi], store, out[lo:hi])
		} else {
			d := decoders.Get().(*decoder)
			defer decoders.Put(d)
			d.decode(&p, c, keys[lo:hi], store, out[lo:hi])
		}
		return work.step(hi - lo)
	})
}

// decodeBin decodes keys of a store that has only one bin.
func decodeBin(p *Params, c *aes128.Cipher, keys, store, out []Block) {
	var buf [chunk]Block
	var r [chunk]uint64
	var all [rows.MaxDense * 32]Block
	table := all[:rows.Table(p.dense)]
	rows.Tabulate(table, store[p.sparse:])
	hashed(c, &buf, keys, func(first int, hs []Block) {
		rows.Place(r[:len(hs)], hs, p.bins, p.sparse)
		o := out[first:][:len(hs)]
		rows.Gather(o, store, r[:len(hs)])
		rows.AddDense(o, hs, table)
	})
}

// A decoder holds a window of keys in the order of their bins.
type decoder struct {
	hashes [window]Block
	from   [window]uint16 // hashes[i] is that of key from[i] of the window
	at     []int
	buf    [chunk]Block
	rows   [chunk]uint64
	table  [rows.MaxDense * 32]Block // of the dense columns of a bin
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decode decodes up to a window of keys, and leaves nothing about them in d.
func (d *decoder) decode(p *Params, c *aes128.Cipher, keys, store, out []Block) {
	if len(d.at) < p.bins+1 {
		d.at = make([]int, p.bins+1)
	}
	// at[b+1] counts the keys of bin b, then says where bin b goes on, and at
	// last where it ends.
	at := d.at[:p.bins+1]
	clear(at)
	hashed(c, &d.buf, keys, func(_ int, hs []Block) {
		for _, h := range hs {
			at[rows.Bin(h, p.bins)+1]++
		}
	})
	sum := 0
	for b, n := range at[1:] {
		at[b+1], sum = sum, sum+n
	}
	hashes, from := d.hashes[:len(keys)], d.from[:len(keys)]
	hashed(c, &d.buf, keys, func(first int, hs []Block) {
		for i, h := range hs {
			b := rows.Bin(h, p.bins) + 1
			k := at[b]
			at[b] = k + 1
			hashes[k] = h
			from[k] = uint16(first + i)
		}
	})

	table := d.table[:rows.Table(p.dense)]
	for b := range p.bins {
		bin := store[b*p.binSize():][:p.binSize()]
		rows.Tabulate(table, bin[p.sparse:])
		for lo, hi := at[b], at[b+1]; lo < hi; lo += chunk {
			hs := hashes[lo:min(lo+chunk, hi)]
			to := from[lo:][:len(hs)]
			o := d.buf[:len(hs)]
			rows.Place(d.rows[:len(hs)], hs, p.bins, p.sparse)
			rows.Gather(o, bin, d.rows[:len(hs)])
			rows.AddDense(o, hs, table)
			for i, k := range to {
				out[k] = o[i]
			}
			// Cleared here, where it still is in the first-level cache.
			clear(hs)
			clear(to)
		}
	}
	clear(at)
	clear(d.buf[:])
	clear(d.rows[:])
	clear(table)
}
