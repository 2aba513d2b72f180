// Package share splits secrets into shares, of which some number gives them back
// and fewer tell nothing: numbers and vectors of numbers, keys and files. A share
// is a plain value that can be stored, sent, and used in a later run or in a
// computation on shares.
//
// Most callers want one of these:
//
//   - a key or password: [SplitBytes] and [CombineBytes];
//   - a file, or anything long: [NewWriter] and [NewReader];
//   - vectors of numbers, to compute on them: [Scheme].Split and [Combine];
//   - a private key on ristretto255 whose shares can be checked one by one:
//     [SplitFeldman], and [SplitPedersen] for other secret scalars.
//
// Holders of numbers move to new shares by [Share.Refresh], so that what leaked
// before is worth nothing, and to other holders, another quorum or another scheme
// by [Share.Reshare]. Holders of scalars refresh theirs by [Commitment.Refresh].
// Nobody has the secrets in between.
//
// This package is for secrets at rest and for computations. To sign or decrypt
// with a shared key, use a threshold protocol such as FROST [RFC 9591] instead of
// combining the key.
//
// # Security
//
// Fewer shares than it takes tell nothing about the secret: with the kind Packed,
// Needed - Width, otherwise Needed - 1. That would hold against anybody if the random
// values were; they come from AES-128 in counter mode under random keys, so that
// it rests on AES, also where holders of bytes have the key instead of what comes of it.
// For streams it rests on AES-256 too, as the secret is encrypted and only the key is
// shared by Shamir's scheme [Kra93].
//
// Shares of bytes commit to each other by SHA-256 [BR07]: each has the digests of
// all. As long as less than Needed of those that are given are wrong, also if who
// made them saw all right ones, what is combined is what was shared, or an error;
// and with Needed right ones the wrong ones are named and left out. The digests
// are salted, as a random oracle, for they would let holders try out guesses of
// the secret. None of this binds the dealer, who may deal shares of nothing.
//
// Shares of numbers have no digests, since computations change them. [Combine]
// checks what is there beyond Needed. [Correct] names wrong ones up to the bound
// of the code, (m - Needed)/2 of m. Holders that refresh or reshare are
// semi-honest: one that sends wrong updates makes secrets wrong, and Combine may
// say that shares contradict each other, or may not. Refreshing scalars binds each
// holder instead.
//
// The verifiable schemes bind the dealer, and each share is checked on its own
// [Fel87, Ped91]: Feldman's as far as discrete logarithms in ristretto255 are hard,
// for hiding; Pedersen's for binding.
//
// Splitting, refreshing, resharing and combining take constant time in secrets
// and shares. What depends on them is whether, and where, shares contradict each
// other, in [Correct], which looks for wrong ones in a random combination only.
// Which shares were wrong is the result, and no secret. Encodings are not encrypted:
// send each holder its own over a channel that nobody else reads or alters.
//
// # Leakage
//
// A share shows the scheme, the index, and how many numbers or bytes the secret
// has. A Feldman commitment shows the secret times the base of the group.
//
// # Cost
//
// A share of n numbers takes 8·n bytes, 8·n/Width of Packed, and of Replicated
// 8·n for each of the summands that a party has, two for three parties. A
// million numbers are shared among three in some fifteen milliseconds. A share of
// bytes takes as much as the secret, or 16 bytes at the parties below Needed, and 32 bytes
// for each party and 49 more; one of a stream 1/Needed of the secret, and 32 bytes for each
// party in every 64 KiB. Most of the time of both is SHA-256 over the shares. A writer holds
// Parties times 64 KiB, a reader 64 KiB for each share and each of those needed.
//
// # References
//
//   - [Sha79] Adi Shamir: How to Share a Secret. CACM 22(11), 1979.
//   - [ISN87] Mitsuru Ito, Akira Saito, Takao Nishizeki: Secret Sharing Scheme
//     Realizing General Access Structure. Globecom 1987.
//   - [Fel87] Paul Feldman: A Practical Scheme for Non-interactive Verifiable Secret
//     Sharing. FOCS 1987.
//   - [Ped91] Torben Pedersen: Non-Interactive and Information-Theoretic Secure
//     Verifiable Secret Sharing. CRYPTO 1991.
//   - [FY92] Matthew Franklin, Moti Yung: Communication Complexity of Secure
//     Computation. STOC 1992.
//   - [Kra93] Hugo Krawczyk: Secret Sharing Made Short. CRYPTO 1993.
//   - [HJKY95] Amir Herzberg, Stanisław Jarecki, Hugo Krawczyk, Moti Yung: Proactive
//     Secret Sharing Or: How to Cope With Perpetual Leakage. CRYPTO 1995.
//   - [DJ97] Yvo Desmedt, Sushil Jajodia: Redistributing Secret Shares to New Access
//     Structures and Its Applications. George Mason University, 1997.
//   - [Gao03] Shuhong Gao: A New Algorithm for Decoding Reed-Solomon Codes. 2003.
//   - [CDI05] Ronald Cramer, Ivan Damgård, Yuval Ishai: Share Conversion,
//     Pseudorandom Secret-Sharing and Applications to Secure Computation. TCC 2005.
//   - [BR07] Mihir Bellare, Phillip Rogaway: Robust Computational Secret Sharing and
//     a Unified Account of Classical Secret-Sharing Goals. CCS 2007, eprint 2006/449.
//   - [AFLNO16] Toshinori Araki, Jun Furukawa, Yehuda Lindell, Ariel Nof, Kazuma
//     Ohara: High-Throughput Semi-Honest Secure Three-Party Computation with an
//     Honest Majority. CCS 2016, eprint 2016/768.
package share
