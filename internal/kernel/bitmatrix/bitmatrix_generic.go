package bitmatrix

import "encoding/binary"

// Transpose moves bit k of word i to bit i of word k, in blocks of halving sizes.
func Transpose(a *[Side]uint64) {
	mask := uint64(1<<32 - 1)
	for size := 32; size > 0; {
		for base := 0; base < Side; base += 2 * size {
			lower, upper := a[base:base+size], a[base+size:base+2*size]
			for i := range lower {
				t := (lower[i]>>size ^ upper[i]) & mask
				lower[i] ^= t << size
				upper[i] ^= t
			}
		}
		size /= 2
		mask ^= mask << size
	}
}

func (f *Folding) foldGeneric(dst []Elem, bits []uint64, n, k int) {
	for ; len(dst) > 0; dst, k = dst[Side:], k+1 {
		var tables [groups * subsets]uint64
		for g := range groups {
			combine((*[subsets]uint64)(tables[subsets*g:]), bits[4*g*n+k], bits[(4*g+1)*n+k], bits[(4*g+2)*n+k], bits[(4*g+3)*n+k])
		}
		var planes [Side]uint64
		const mask = groups*subsets - 1
		for b := range planes {
			at := &f.at[b]
			planes[b] = tables[at[0]/(8*words)&mask] ^ tables[at[1]/(8*words)&mask] ^ tables[at[2]/(8*words)&mask] ^ tables[at[3]/(8*words)&mask] ^
				tables[at[4]/(8*words)&mask] ^ tables[at[5]/(8*words)&mask] ^ tables[at[6]/(8*words)&mask] ^ tables[at[7]/(8*words)&mask]
		}
		Transpose(&planes)
		d := (*[Side]Elem)(dst)
		for i, sum := range planes {
			d[i] = Elem{Lo: sum}
		}
	}
}

// combine sets t[i] to the exclusive or of the words whose bits are ones in i.
func combine(t *[subsets]uint64, a, b, c, d uint64) {
	t[1], t[2], t[3] = a, b, a^b
	for i := range 4 {
		t[4+i] = t[i] ^ c
	}
	for i := range 8 {
		t[8+i] = t[i] ^ d
	}
}

func squaresGeneric(dst []Elem, src []byte, stride int) {
	for ; len(dst) > 0; dst, src = dst[SquareSide:], src[16:] {
		d := (*[SquareSide]Elem)(dst)
		for col := range 2 {
			var upper, lower [Side]uint64
			for j := range lower {
				lower[j] = binary.LittleEndian.Uint64(src[j*stride+8*col:])
				upper[j] = binary.LittleEndian.Uint64(src[(Side+j)*stride+8*col:])
			}
			Transpose(&lower)
			Transpose(&upper)
			for i := range lower {
				d[Side*col+i] = Elem{Lo: lower[i], Hi: upper[i]}
			}
		}
		if len(dst) == SquareSide {
			return
		}
	}
}

// sumsGeneric is Sums from a byte on.
func sumsGeneric(sum []byte, rows *[LeafBits][]byte, leaves, x []byte, masks *[LeafBits]uint64, from int) {
	for i := from; i < len(x); i += 8 {
		add := binary.LittleEndian.Uint64(x[i:])
		var t [Leaves]uint64
		for k := range t {
			t[k] = binary.LittleEndian.Uint64(leaves[k*len(x)+i:])
		}
		for b, row := range rows {
			// Sums of pairs, of which the second ones have this bit.
			half := Leaves >> (b + 1)
			s := add & masks[b]
			for k := range half {
				s ^= t[2*k+1]
				t[k] = t[2*k] ^ t[2*k+1]
			}
			binary.LittleEndian.PutUint64(row[i:], s)
		}
		binary.LittleEndian.PutUint64(sum[i:], t[0]^add)
	}
}
