package rlwe

import (
	"testing"

	"github.com/stretchr/testify/require"
	lattigo "github.com/tuneinsight/lattigo/v5/core/rlwe"
	"github.com/tuneinsight/lattigo/v5/mhe"
	"github.com/tuneinsight/lattigo/v5/ring"
	"github.com/tuneinsight/lattigo/v5/schemes/bgv"
)

// BenchmarkPlainCalls is what BenchmarkCollective measures, for 36 bits, in plain
// calls of lattigo: BGV with N = 4096 and two primes of 53 bits, values in the
// coefficients, a flooding noise of standard deviation 2^48.
func BenchmarkPlainCalls(b *testing.B) {
	params, err := bgv.NewParametersFromLiteral(bgv.ParametersLiteral{
		LogN: 12, Q: []uint64{0x1ffffffffa4001, 0x1ffffffffb4001}, PlaintextModulus: 1099511480321,
	})
	require.NoError(b, err)
	sk, pk := lattigo.NewKeyGenerator(params).GenKeyPairNew()
	encoder, encryptor, evaluator := bgv.NewEncoder(params), lattigo.NewEncryptor(params, pk), bgv.NewEvaluator(params, nil)
	pt := bgv.NewPlaintext(params, params.MaxLevel())
	pt.IsBatched = false
	n := params.N()
	values := make([]uint64, n)
	for i := range values {
		values[i] = uint64(i) * 1234567
	}
	ct := bgv.NewCiphertext(params, 1, params.MaxLevel())
	var message []byte
	b.Run("encrypt", func(b *testing.B) {
		for b.Loop() {
			if err := encoder.Encode(values, pt); err != nil {
				b.Fatal(err)
			}
			if err := encryptor.Encrypt(pt, ct); err != nil {
				b.Fatal(err)
			}
			if message, err = ct.MarshalBinary(); err != nil {
				b.Fatal(err)
			}
		}
		perValue(b, n, len(message))
	})
	sum := ct.CopyNew()
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			next := new(lattigo.Ciphertext)
			if err := next.UnmarshalBinary(message); err != nil {
				b.Fatal(err)
			}
			if err := evaluator.Add(sum, next, sum); err != nil {
				b.Fatal(err)
			}
		}
		perValue(b, n, 0)
	})
	b.Run("share", func(b *testing.B) {
		protocol, err := mhe.NewKeySwitchProtocol(params, ring.DiscreteGaussian{Sigma: 1 << 48, Bound: 6 << 48})
		require.NoError(b, err)
		zero, share := lattigo.NewSecretKey(params), protocol.AllocateShare(params.MaxLevel())
		var message []byte
		for b.Loop() {
			protocol.GenShare(sk, zero, sum, &share)
			if message, err = share.MarshalBinary(); err != nil {
				b.Fatal(err)
			}
		}
		perValue(b, n, len(message))
	})
}
