package rlwe

import "errors"

// A test is a testing.TB, which only tests have.
type test interface {
	Helper()
	TempDir() string
	Cleanup(func())
}

// Tiny is [New] for tests of decoders, which read millions of messages: it takes
// the first modulus that fits and has at least logQ bits, and a ring of degree 64,
// which hides nothing. Tests of other packages need it too, so it is in no file of
// tests; it asks for a test, so that nothing else calls it.
func Tiny(t test, c Config, logQ int) (*Params, error) {
	t.Helper()
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
