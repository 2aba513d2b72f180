package rlwe

import "errors"

// Tiny is [New] for tests of decoders, which read millions of messages: it takes
// the first modulus that fits and has at least logQ bits, and a ring of degree 64,
// which hides nothing.
func Tiny(c Config, logQ int) (*Params, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	for i, r := range rows {
		r.logN = 6
		p := fit(c, r, newNoise(c, 1<<r.logN))
		if p == nil || r.logQ() < logQ {
			continue
		}
		p.index = i
		p.finish()
		p.limbs = newLimbs(r)
		if c.Mode == Collective {
			p.setHash(r, newLimbs(row{r.logN, hashRow.primes}))
		}
		return p, nil
	}
	return nil, errors.New("rlwe: no modulus fits a tiny ring")
}
