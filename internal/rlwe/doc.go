// Package rlwe adds up vectors of integers that nobody but the holders of a key
// can read, with ring learning with errors. It is the cryptography of package
// he, which decides who may ask for what and keeps the parties to it; here
// nothing stops a caller from decrypting a single contribution.
//
// A [Config] is a question about sums, and [New] finds the ring for it. Vectors
// go in chunks of up to N coefficients. Everything that is sent is bytes of a
// length that both sides know; everything that is read is checked to the last
// bit. There are three modes:
//
//	ReceiverKey  a receiver has a secret; contributors encrypt under its public key
//	Collective   holders have a secret each, whose sum nobody has; contributors
//	             encrypt under the sum of the public shares, holders make decryption
//	             shares of the sum; with a threshold, any t holders stand in for all
//	Masked       contributors mask with keys of their own and leave; a committee,
//	             which may be one receiver, opens the sum of the keys
//
//	contributor            aggregator              holder               receiver
//	     | mask, body           |                     |                     |
//	     |--------------------->| Sum.Add             |                     |
//	     |                      | hashes, sum of masks|                     |
//	     |                      |-------------------->| MaskHash, Sharer    |
//	     |                      | body of the sum     | body                |
//	     |                      |---------------------|-------------------->| Open
//
// # Ciphertexts
//
// A ciphertext is (body, mask) with body + mask s = v 2^delta + noise modulo Q,
// where v is the value, less than the capacity, and s the secret. Only additions
// are needed, so values stand in the coefficients as they are and sums never
// wrap around. The mask travels in full, transformed. Of the body only what
// stands above the noise travels: the lowest bits are rounded away, which is
// public and is part of the noise. It makes bodies little longer than values,
// however long Q is for the flooding.
//
// # Security
//
// Parties are semi-honest: they send what the protocols say, look at everything
// and may pool it. What a party sends is not proven to be right. Messages are
// not authenticated. Contributions are semantically secure under ring-LWE with
// uniform ternary secrets and centred binomial errors of standard deviation
// 3.24, in rings whose moduli stay below the published ceilings for 128 bits
// [HES18], [BCC+24].
//
// Decryption shares are flooded: the noise that would tell about secrets and
// contributions is hidden by uniform noise that is so much wider that all shares
// of a result together are within a statistical distance of 2^-Statistical of
// what the sums alone tell. Each holder's noise does so on its own, so it holds
// if all others collude. Failures and noise are bounded by proven tails, not by
// estimates, and a result is wrong with a probability below 2^-64: an adversary
// that waits for wrong decryptions waits in vain [CSBB24].
//
// Callers must see to this, since nothing here can:
//
//   - Holders are bound to their public shares before any is shown, or the last
//     chooses the key.
//   - The seed of a public polynomial is nobody's choice alone.
//   - A secret makes one public share and, for one key, shares of one sum. Making
//     either again with other noise gives it away. Secrets refuse a second
//     public share; threshold keys refuse a second set of holders.
//   - A mask that holders share for is a sum of contributions of several
//     parties: for one that somebody chose, a share is the secret.
//   - Each of these parties encrypts: a sum shows the product of a mask that one of them
//     chose and the secret, beside what the others encrypt.
//   - A mask key masks one vector under one seed, and is in one sum.
//
// In mode [Masked] the sum of keys and, with the result, the sum of errors become
// known. Keys and errors are discrete Gaussians of standard deviation 4.6: given
// the sum of two such, either is one of 4.6/√2 = 3.25 around a known centre, so
// that one contributor's mask among two honest ones or more is ring-LWE with
// errors no smaller than usual, [BGL+23] and [KP24].
// Shares of keys are Shamir's, of which fewer than the threshold tell nothing.
//
// Holders check the sum of masks by a [MaskHash]. To find a collision of it is a
// problem of short integer solutions in a ring of degree 4096, with a bound on
// each coefficient: by the estimate of [DKL+18, appendix C.3], lattice reduction
// takes more than 2^200 operations modulo 2^48 for coefficients below 2^45, and
// modulo 2^96 for coefficients below 2^70. Parameters stay within these.
//
// Samplers, transforms, arithmetic and packing take the same time for all secrets.
//
// # Leakage
//
// The aggregator learns how many contributions there are and how long they are.
// Who opens a sum learns the sum, and noise that was hidden.
//
// # Cost
//
// A contribution is (log Q + log capacity + 6 to 9)/8 bytes a value, or only the
// second part in mode Masked; a decryption share likewise. For 10^6 values of 36
// bits of 8 parties that is 20 bytes with a collective key and a distance of
// 2^-40, 12 with a receiver's key and 6 masked. A [Sum] holds one chunk: N
// residues and N numbers, however many are added; parameters hold nothing by
// value, and all others a few chunks.
//
// # References
//
//   - [LPR10] V. Lyubashevsky, C. Peikert, O. Regev. On Ideal Lattices and
//     Learning with Errors over Rings. EUROCRYPT 2010, eprint 2012/230.
//   - [MTBH21] C. Mouchet, J. Troncoso-Pastoriza, J.-P. Bossuat, J.-P. Hubaux.
//     Multiparty Homomorphic Encryption from Ring-Learning-with-Errors. PETS
//     2021, eprint 2020/304.
//   - [MBH23] C. Mouchet, E. Bertrand, J.-P. Hubaux. An Efficient Threshold
//     Access-Structure for RLWE-Based Multiparty Homomorphic Encryption. Journal
//     of Cryptology 2023, eprint 2022/780.
//   - [BGL+23] J. Bell, A. Gascón, T. Lepoint, B. Li, S. Meiklejohn, M. Raykova,
//     C. Yun. ACORN: Input Validation for Secure Aggregation. USENIX Security
//     2023, eprint 2022/1461.
//   - [KP24] H. Karthikeyan, A. Polychroniadou. OPA: One-shot Private Aggregation
//     with Single Client Interaction and its Applications to Federated Learning.
//     eprint 2024/723.
//   - [BLMR13] D. Boneh, K. Lewi, H. Montgomery, A. Raghunathan. Key Homomorphic
//     PRFs and Their Applications. CRYPTO 2013, eprint 2015/220.
//   - [HES18] M. Albrecht et al. Homomorphic Encryption Security Standard. 2018,
//     eprint 2019/939.
//   - [BCC+24] J.-P. Bossuat, R. Cammarota, J. H. Cheon et al. Security
//     Guidelines for Implementing Homomorphic Encryption. eprint 2024/463.
//   - [CSBB24] M. Checri, R. Sirdey, A. Boudguiga, J.-P. Bultel. On the practical
//     CPA^D security of "exact" and threshold FHE schemes and libraries. CRYPTO
//     2024, eprint 2024/116.
//   - [LM06] V. Lyubashevsky, D. Micciancio. Generalized Compact Knapsacks Are
//     Collision Resistant. ICALP 2006.
//   - [PR06] C. Peikert, A. Rosen. Efficient Collision-Resistant Hashing from
//     Worst-Case Assumptions on Cyclic Lattices. TCC 2006, eprint 2005/158.
//   - [LKMW19] K. Lewi, W. Kim, I. Maykov, S. Weis. Securing Update Propagation
//     with Homomorphic Hashing. eprint 2019/227.
//   - [DKL+18] L. Ducas, E. Kiltz, T. Lepoint, V. Lyubashevsky, P. Schwabe, G.
//     Seiler, D. Stehlé. CRYSTALS-Dilithium: A Lattice-Based Digital Signature
//     Scheme. TCHES 2018, eprint 2017/633.
//   - [HKZ12] D. Hsu, S. Kakade, T. Zhang. A tail inequality for quadratic forms
//     of subgaussian random vectors. Electronic Communications in Probability 17,
//     2012.
//   - [MP12] D. Micciancio, C. Peikert. Trapdoors for Lattices: Simpler, Tighter,
//     Faster, Smaller. EUROCRYPT 2012, eprint 2011/501.
package rlwe
