package rep3

import "encoding/binary"

// These loops are most of what is local in a multiplication. They go by four words,
// with one check of bounds for each slice.

const (
	unroll = 4
	stride = 8 * unroll
)

// encode sets b to the words w, which take 8 bytes each.
func encode(b []byte, w []uint64) {
	for len(w) >= unroll {
		d, v := (*[stride]byte)(b), (*[unroll]uint64)(w)
		binary.LittleEndian.PutUint64(d[0:8], v[0])
		binary.LittleEndian.PutUint64(d[8:16], v[1])
		binary.LittleEndian.PutUint64(d[16:24], v[2])
		binary.LittleEndian.PutUint64(d[24:32], v[3])
		b, w = b[stride:], w[unroll:]
	}
	for i, x := range w {
		binary.LittleEndian.PutUint64(b[8*i:], x)
	}
}

// decode is the inverse of encode.
func decode(w []uint64, b []byte) {
	for len(w) >= unroll {
		v, s := (*[unroll]uint64)(w), (*[stride]byte)(b)
		v[0] = binary.LittleEndian.Uint64(s[0:8])
		v[1] = binary.LittleEndian.Uint64(s[8:16])
		v[2] = binary.LittleEndian.Uint64(s[16:24])
		v[3] = binary.LittleEndian.Uint64(s[24:32])
		w, b = w[unroll:], b[stride:]
	}
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
}

// difference sets z to a - b, of which the words are encoded.
func difference(z []uint64, a, b []byte) {
	for len(z) >= unroll {
		v, s, t := (*[unroll]uint64)(z), (*[stride]byte)(a), (*[stride]byte)(b)
		v[0] = binary.LittleEndian.Uint64(s[0:8]) - binary.LittleEndian.Uint64(t[0:8])
		v[1] = binary.LittleEndian.Uint64(s[8:16]) - binary.LittleEndian.Uint64(t[8:16])
		v[2] = binary.LittleEndian.Uint64(s[16:24]) - binary.LittleEndian.Uint64(t[16:24])
		v[3] = binary.LittleEndian.Uint64(s[24:32]) - binary.LittleEndian.Uint64(t[24:32])
		z, a, b = z[unroll:], a[stride:], b[stride:]
	}
	for i := range z {
		z[i] = binary.LittleEndian.Uint64(a[8*i:]) - binary.LittleEndian.Uint64(b[8*i:])
	}
}

// exclusive sets z to a xor b, of which the words are encoded.
func exclusive(z []uint64, a, b []byte) {
	for len(z) >= unroll {
		v, s, t := (*[unroll]uint64)(z), (*[stride]byte)(a), (*[stride]byte)(b)
		v[0] = binary.LittleEndian.Uint64(s[0:8]) ^ binary.LittleEndian.Uint64(t[0:8])
		v[1] = binary.LittleEndian.Uint64(s[8:16]) ^ binary.LittleEndian.Uint64(t[8:16])
		v[2] = binary.LittleEndian.Uint64(s[16:24]) ^ binary.LittleEndian.Uint64(t[16:24])
		v[3] = binary.LittleEndian.Uint64(s[24:32]) ^ binary.LittleEndian.Uint64(t[24:32])
		z, a, b = z[unroll:], a[stride:], b[stride:]
	}
	for i := range z {
		z[i] = binary.LittleEndian.Uint64(a[8*i:]) ^ binary.LittleEndian.Uint64(b[8*i:])
	}
}
