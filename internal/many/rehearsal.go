package many

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Rehearse returns party self of n without others: it computes, of numbers that mean nothing,
// and counts what it would send and receive. It begins with as much as a stock has, which keeps
// it; nil has nothing.
func Rehearse(self, n int, stock *Stock) (*Party, error) {
	if n < Least || n > Most || self < 0 || self >= n {
		return nil, fmt.Errorf("many: party %d of %d, which are not %d to %d", self, n, Least, Most)
	}
	p := newParty(self, n)
	if stock != nil {
		if err := stock.fits(self, n); err != nil {
			return nil, err
		}
		p.readyMasks.rehearse(stock.masks.words, p.bits.columns, field.Bits)
		p.readyBits.rehearse(stock.bits.words, p.bits.columns, 1)
	}
	p.coins = prg.New([prg.Size]byte{})
	p.rehearsal, p.cancel = new(engine.Stats), func(error) {}
	for _, l := range p.links {
		if l != nil {
			l.to, l.from = prg.New([prg.Size]byte{}), prg.New([prg.Size]byte{})
		}
	}
	return p, nil
}

// headerSize is what session puts before each message, in bytes.
const headerSize = 5

// rehearse counts what an exchange would send and receive. What is received stays zero.
func (p *Party) rehearse(out, in [][]letter, agreeing bool) {
	for i, l := range p.links {
		if l == nil {
			continue
		}
		if agreeing {
			p.rehearsal.Sent += headerSize + engine.HistorySize
			p.rehearsal.Received += headerSize + engine.HistorySize
		}
		p.rehearsal.Sent += size(out[i])
		p.rehearsal.Received += size(in[i])
	}
}

// size returns how many bytes letters take on a stream.
func size(letters []letter) (bytes uint64) {
	for _, l := range letters {
		n := len(l.words)
		bytes += uint64(8*n) + uint64((n+chunk-1)/chunk*headerSize)
	}
	return bytes
}
