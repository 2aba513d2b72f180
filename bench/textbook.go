package main

import (
	"context"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"slices"
	"time"
)

// A textbookParty is a side of the intersection protocol that everybody writes
// first [HFH99], with what the standard library has: the receiver sends a·H(x),
// the sender answers b·a·H(x) and sends b·H(y), shuffled, and the receiver
// compares with a·b·H(y). It is what package psi is compared with where no other
// library can be had, and nothing to use: hashing to the curve takes a time that
// depends on the item, and messages are checked for no more than a crash.
//
// [HFH99] Huberman, Franklin, Hogg: Enhancing Privacy and Trust in Electronic
// Communities. ACM EC 1999.
type textbookParty struct {
	*psiJob
	side  int
	items [][16]byte
	rows  []int
	costs costs
}

func (p *textbookParty) prepare() error {
	for item := range p.psiJob.items(p.side) {
		p.items = append(p.items, [16]byte(item))
	}
	return nil
}

// A point is the first coordinate of a point of P-256: all that ECDH returns, and
// all that matters, since a point and its negative have multiples alike.
type point [32]byte

// pointsAtOnce is the number of points in a write.
const pointsAtOnce = 1 << 10

// lift returns the uncompressed form of one of both points, or nil if there is
// none.
func (p *point) lift() []byte {
	curve := elliptic.P256()
	x, y := elliptic.UnmarshalCompressed(curve, append([]byte{2}, p[:]...))
	if x == nil {
		return nil
	}
	form := make([]byte, 65)
	form[0] = 4
	x.FillBytes(form[1:33])
	y.FillBytes(form[33:])
	return form
}

// multiply multiplies the points in place.
func multiply(key *ecdh.PrivateKey, points []point) error {
	for i := range points {
		public, err := ecdh.P256().NewPublicKey(points[i].lift())
		if err != nil {
			return err
		}
		product, err := key.ECDH(public)
		if err != nil {
			return err
		}
		copy(points[i][:], product)
	}
	return nil
}

// hashed returns H(item): the first counter that gives a coordinate is taken.
func hashed(item [16]byte) (p point) {
	for counter := byte(0); ; counter++ {
		if p = sha256.Sum256(append(item[:], counter)); p.lift() != nil {
			return p
		}
	}
}

func (p *textbookParty) run(_ context.Context, peers []io.ReadWriter) error {
	start := time.Now()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	c := &pointConn{peers[1-p.side], &p.costs}
	if p.side == 0 {
		p.costs.Delays = 2
		err = p.receive(key, c)
	} else {
		p.costs.Delays = 1
		err = c.read(p.N, func(points []point) error { return errors.Join(multiply(key, points), c.write(points)) })
		if err == nil {
			mathrand.Shuffle(len(p.items), func(i, j int) { p.items[i], p.items[j] = p.items[j], p.items[i] })
			err = p.send(key, c)
		}
	}
	p.costs.Phases = []phase{{Name: "exchange", Seconds: time.Since(start).Seconds()}}
	return err
}

// send sends this side's blinded items.
func (p *textbookParty) send(key *ecdh.PrivateKey, c *pointConn) error {
	for items := range slices.Chunk(p.items, pointsAtOnce) {
		points := make([]point, len(items))
		for i, item := range items {
			points[i] = hashed(item)
		}
		if err := errors.Join(multiply(key, points), c.write(points)); err != nil {
			return err
		}
	}
	return nil
}

// receive is the receiver's side. It sends and receives at the same time.
func (p *textbookParty) receive(key *ecdh.PrivateKey, c *pointConn) error {
	sent := make(chan error, 1)
	go func() { sent <- p.send(key, c) }()
	row := make(map[point]int, p.N)
	err := c.read(p.N, func(points []point) error {
		for _, q := range points {
			row[q] = len(row)
		}
		return nil
	})
	if err = errors.Join(err, <-sent); err != nil {
		return err
	}
	err = c.read(p.M, func(points []point) error {
		err := multiply(key, points)
		for _, q := range points {
			if i, ok := row[q]; ok {
				p.rows = append(p.rows, i)
			}
		}
		return err
	})
	slices.Sort(p.rows)
	return err
}

func (p *textbookParty) finish() (costs, error) {
	if p.side == 1 {
		return p.costs, nil
	}
	return p.costs, p.check(p.rows)
}

// A pointConn carries points and counts bytes.
type pointConn struct {
	rw    io.ReadWriter
	costs *costs
}

func (c *pointConn) write(points []point) error {
	buf := make([]byte, 0, len(points)*len(point{}))
	for i := range points {
		buf = append(buf, points[i][:]...)
	}
	c.costs.Sent += int64(len(buf))
	_, err := c.rw.Write(buf)
	return err
}

// read calls f with n points, some at a time.
func (c *pointConn) read(n int, f func([]point) error) error {
	for ; n > 0; n -= pointsAtOnce {
		points := make([]point, min(n, pointsAtOnce))
		buf := make([]byte, len(points)*len(point{}))
		if _, err := io.ReadFull(c.rw, buf); err != nil {
			return err
		}
		c.costs.Received += int64(len(buf))
		for i := range points {
			copy(points[i][:], buf[i*len(point{}):])
		}
		if err := f(points); err != nil {
			return err
		}
	}
	return nil
}
