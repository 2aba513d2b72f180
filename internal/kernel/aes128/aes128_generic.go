package aes128

import "crypto/cipher"

// The functions of this file are the reference for the kernels. They are
// compiled everywhere, and run where no kernel can.

// pi encrypts one block. The buffer goes through an interface and therefore to
// the heap, so that a caller makes one for all its blocks.
func pi(c cipher.Block, buf *[Size]byte, b Block) Block {
	*buf = b.Bytes()
	c.Encrypt(buf[:], buf[:])
	return FromBytes(*buf)
}

func (c *Cipher) encryptGeneric(dst, src []Block) {
	g, buf := c.block(), new([Size]byte)
	for i, x := range src {
		dst[i] = pi(g, buf, x)
	}
}

func (c *Cipher) hashCRGeneric(dst, src []Block) {
	g, buf := c.block(), new([Size]byte)
	for i, x := range src {
		dst[i] = pi(g, buf, x).Xor(x)
	}
}

// feedTweakGeneric sets dst[i] = pi(src[i] ^ (tweak + i)) ^ src[i].
func (c *Cipher) feedTweakGeneric(dst, src []Block, tweak uint64) {
	g, buf := c.block(), new([Size]byte)
	for i, x := range src {
		dst[i] = pi(g, buf, Block{x.Lo ^ (tweak + uint64(i)), x.Hi}).Xor(x)
	}
}

func (c *Cipher) counterGeneric(dst []byte, counter uint64) {
	g, buf := c.block(), new([Size]byte)
	for i := 0; i < len(dst); i += Size {
		x := pi(g, buf, Block{Lo: counter + uint64(i/Size)}).Bytes()
		copy(dst[i:], x[:])
	}
}

func (c *Cipher) counterBlocksGeneric(dst []Block, counter uint64) {
	g, buf := c.block(), new([Size]byte)
	for i := range dst {
		dst[i] = pi(g, buf, Block{Lo: counter + uint64(i)})
	}
}

func doubleGeneric(left, right *Cipher, dst, src []Block, sums *[2]Block) {
	gl, gr, buf := left.block(), right.block(), new([Size]byte)
	for i, x := range src {
		l, r := pi(gl, buf, x).Xor(x), pi(gr, buf, x).Xor(x)
		dst[2*i], dst[2*i+1] = l, r
		sums[0], sums[1] = sums[0].Xor(l), sums[1].Xor(r)
	}
}

func encryptKeysGeneric(dst, keys, src []Block) {
	for i, x := range src {
		k := keys[i].Bytes()
		g := generic(&k)
		b := x.Bytes()
		g.Encrypt(b[:], b[:])
		dst[i] = FromBytes(b)
	}
}
