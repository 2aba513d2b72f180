package main

import (
	"context"
	"io"

	"github.com/tuneinsight/lattigo/v5/core/rlwe"
	"github.com/tuneinsight/lattigo/v5/mhe"
	"github.com/tuneinsight/lattigo/v5/ring"
	"github.com/tuneinsight/lattigo/v5/schemes/bgv"
	"github.com/tuneinsight/lattigo/v5/utils/sampling"
)

// A lattigoParty is all parties of the sum that one writes from lattigo's
// documentation: BGV with a collective key of the holders, values in the
// coefficients, shares with a flooding noise of standard deviation 2^48, and the
// library's own encodings. There are no commitments, signatures and audits, and
// keys are shared additively, so that it protects against nobody who cheats.
type lattigoParty struct {
	*heJob
	params bgv.Parameters
	sums   []int64
	costs  costs
}

// lattigoFlood is the noise of shares. With 15 holders it is below 2^55 in all, which
// times the plaintext modulus is well below half of the ciphertext modulus.
var lattigoFlood = ring.DiscreteGaussian{Sigma: 1 << 48, Bound: 6 << 48}

// lattigoModulus is that of plaintexts, a prime of 40 bits. Sums must be below.
const lattigoModulus = 1099511480321

// prepare takes the parameters: N = 4096 and two primes of 53 bits, below the 109
// bits that the Homomorphic Encryption Standard allows there for 128-bit security.
func (p *lattigoParty) prepare() (err error) {
	p.params, err = bgv.NewParametersFromLiteral(bgv.ParametersLiteral{
		LogN: 12, Q: []uint64{0x1ffffffffa4001, 0x1ffffffffb4001}, PlaintextModulus: lattigoModulus,
	})
	return err
}

func (p *lattigoParty) run(context.Context, []io.ReadWriter) error {
	watch := startStopwatch()
	secrets, public, err := p.makeKey()
	if err != nil {
		return err
	}
	watch.lap("key")

	contributions := make([][][]byte, p.Parties)
	for c := range contributions {
		if contributions[c], err = p.encrypt(public, c); err != nil {
			return err
		}
	}
	up := p.costs.Sent / int64(p.Parties)
	watch.lap("encrypt")

	evaluator := bgv.NewEvaluator(p.params, nil)
	sums := make([]*rlwe.Ciphertext, len(contributions[0]))
	for c := range contributions {
		for k, message := range contributions[c] {
			next := new(rlwe.Ciphertext)
			if err := next.UnmarshalBinary(message); err != nil {
				return err
			}
			if sums[k] == nil {
				sums[k] = next
			} else if err := evaluator.Add(sums[k], next, sums[k]); err != nil {
				return err
			}
		}
	}
	watch.lap("aggregate")

	protocol, err := mhe.NewKeySwitchProtocol(p.params, lattigoFlood)
	if err != nil {
		return err
	}
	zero := rlwe.NewSecretKey(p.params)
	shares := make([][][]byte, len(secrets))
	var share int
	for h, secret := range secrets {
		for _, sum := range sums {
			s := protocol.AllocateShare(p.params.MaxLevel())
			protocol.GenShare(secret, zero, sum, &s)
			message, err := s.MarshalBinary()
			if err != nil {
				return err
			}
			shares[h] = append(shares[h], message)
			p.costs.Sent += int64(len(message))
			if h == 0 {
				share += len(message)
			}
		}
	}
	watch.lap("share")

	if err := p.open(protocol, zero, sums, shares); err != nil {
		return err
	}
	watch.lap("open")
	p.costs.Phases, p.costs.Delays = watch.phases, 4
	p.costs.Own = []ownFigure{
		{"up", "B/value", float64(up) / float64(p.N)},
		{"share", "B/value", float64(share) / float64(p.N)},
	}
	return nil
}

// makeKey returns the holders' secrets and their public key.
func (p *lattigoParty) makeKey() (secrets []*rlwe.SecretKey, public *rlwe.PublicKey, err error) {
	seed, err := sampling.NewPRNG()
	if err != nil {
		return nil, nil, err
	}
	protocol := mhe.NewPublicKeyGenProtocol(p.params)
	crp := protocol.SampleCRP(seed)
	sum := protocol.AllocateShare()
	generator := rlwe.NewKeyGenerator(p.params)
	for range p.Parties {
		secret := generator.GenSecretKeyNew()
		secrets = append(secrets, secret)
		share := protocol.AllocateShare()
		protocol.GenShare(secret, crp, &share)
		protocol.AggregateShares(sum, share, &sum)
	}
	public = rlwe.NewPublicKey(p.params)
	protocol.GenPublicKey(sum, crp, public)
	return secrets, public, nil
}

// encrypt returns a contributor's ciphertexts.
func (p *lattigoParty) encrypt(public *rlwe.PublicKey, contributor int) (messages [][]byte, err error) {
	encoder, encryptor := bgv.NewEncoder(p.params), rlwe.NewEncryptor(p.params, public)
	plain := bgv.NewPlaintext(p.params, p.params.MaxLevel())
	plain.IsBatched = false
	cipher := bgv.NewCiphertext(p.params, 1, p.params.MaxLevel())
	values := make([]uint64, p.params.N())
	for from := 0; from < p.N; from += len(values) {
		values = values[:min(len(values), p.N-from)]
		for i := range values {
			values[i] = p.number(contributor, from+i)
		}
		if err := encoder.Encode(values, plain); err != nil {
			return nil, err
		}
		if err := encryptor.Encrypt(plain, cipher); err != nil {
			return nil, err
		}
		message, err := cipher.MarshalBinary()
		if err != nil {
			return nil, err
		}
		messages = append(messages, message)
		p.costs.Sent += int64(len(message))
	}
	return messages, nil
}

// open adds the shares to the sums, and decrypts with the key that is zero.
func (p *lattigoParty) open(protocol mhe.KeySwitchProtocol, zero *rlwe.SecretKey, sums []*rlwe.Ciphertext, shares [][][]byte) error {
	encoder, decryptor := bgv.NewEncoder(p.params), rlwe.NewDecryptor(p.params, zero)
	values := make([]uint64, p.params.N())
	for k, sum := range sums {
		all := protocol.AllocateShare(sum.Level())
		for _, messages := range shares {
			var share mhe.KeySwitchShare
			if err := share.UnmarshalBinary(messages[k]); err != nil {
				return err
			}
			if err := protocol.AggregateShares(all, share, &all); err != nil {
				return err
			}
		}
		opened := bgv.NewCiphertext(p.params, 1, sum.Level())
		protocol.KeySwitch(sum, all, opened)
		plain := decryptor.DecryptNew(opened)
		plain.IsBatched = false
		if err := encoder.Decode(plain, values); err != nil {
			return err
		}
		for _, v := range values[:min(len(values), p.N-len(p.sums))] {
			p.sums = append(p.sums, int64(v))
		}
	}
	return nil
}

func (p *lattigoParty) finish() (costs, error) { return p.costs, p.check(p.sums) }
