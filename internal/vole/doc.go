// Package vole makes vector oblivious linear evaluations: many correlations of
// random elements of GF(2^128) between two parties, for the communication of a
// few.
//
// The receiver gets vectors a and c, the sender, who brings delta, gets b, and
//
//	c[i] = b[i] + a[i] * delta    for all i,
//
// where a and b look random to whoever does not hold them. Private set
// intersection wants [Send] and [Receive]. [SendCorrelated] and
// [ReceiveCorrelated] are the same over bits, which is correlated oblivious
// transfer: a[i] is a bit, the lowest one of c[i], and the receiver thus knows
// one of b[i] and b[i] + delta. Either party of a computation can be the sender
// of one run and the receiver of another; such runs use different frame types or
// follow each other.
//
//	sender                                                  receiver
//	  commitment to a seed, base transfers  ------------->
//	  <-------------  base reply, extension, other seed
//	  seed, trees                           ------------->
//	  <-------------  challenge, masked sum                   (malicious)
//	  digest                                ------------->    (malicious)
//
// # Method
//
// A pseudorandom correlation generator [BCGI18] [BCGIKRS19]: t puncturable
// pseudorandom functions give both parties vectors of N = 2m elements that
// differ by delta times a noise vector of weight t, in which every t-th part has
// one nonzero element. A public linear map compresses both to m elements: an
// expand-convolute code [RRT23], and the noise becomes pseudorandom by the
// assumption that dual LPN is hard for this code. params.go says how its
// parameters are chosen. Each tree costs one transfer a level and one
// correlation for its noise value; internal/ot makes them.
//
// With Config.Subspace, code and noise are over the subfield of 2^64 elements, and
// a is in a one-dimensional space over it [BCGIKRS19, section 4, subfield VOLE].
//
// # Security
//
// Against semi-honest parties, and with Config.Malicious against malicious ones,
// in the random oracle and ideal cipher model under the computational
// Diffie-Hellman assumption and dual LPN with regular noise for the code. The
// seed of the code is tossed by both parties after the noise is fixed.
//
// The malicious check is that of [WYKW21] and [YWLZW20]: all trees are tested at
// once by a random linear combination. As there, a sender that passes with
// inconsistent trees has guessed in which half of some subtree a noise
// place lies, and
// has learnt one bit on average, which the assumption has to bear; a receiver
// that passes has guessed bits of delta.
//
// Without Malicious, a dishonest peer can make the outputs wrong and can learn
// delta or the noise.
//
// # Leakage
//
// Only m and the configuration.
//
// # Cost
//
// [Config.Cost] says the exact sizes. At m = 2^20 the receiver sends 440 KB and
// the sender 319 KB, for correlated oblivious transfer 42 KB and 319 KB. Messages
// cross the line three times, five times with Malicious. While it runs the sender
// holds 32 bytes per correlation and the receiver 64, half of which are outputs;
// for correlated oblivious transfer both hold 32.
//
// # References
//
//   - [BCGI18] E. Boyle, G. Couteau, N. Gilboa, Y. Ishai. Compressing Vector OLE.
//     CCS 2018, eprint 2019/273.
//   - [BCGIKRS19] E. Boyle, G. Couteau, N. Gilboa, Y. Ishai, L. Kohl, P. Rindal,
//     P. Scholl. Efficient Two-Round OT Extension and Silent Non-Interactive
//     Secure Computation. CCS 2019, eprint 2019/1159.
//   - [BO23] P. Briaud, M. Øygarden. A New Algebraic Approach to the Regular
//     Syndrome Decoding Problem and Implications for PCG Constructions. EUROCRYPT
//     2023, eprint 2023/176.
//   - [CS16] R. Canto Torres, N. Sendrier. Analysis of Information Set Decoding for a
//     Sub-linear Error Weight. PQCrypto 2016.
//   - [ES24] A. Esser, P. Santini. Not Just Regular Decoding: Asymptotics and
//     Improvements of Regular Syndrome Decoding Attacks. CRYPTO 2024, eprint
//     2023/1568.
//   - [GKWY20] C. Guo, J. Katz, X. Wang, Y. Yu. Efficient and Secure Multiparty
//     Computation from Fixed-Key Block Ciphers. IEEE S&P 2020, eprint 2019/074.
//   - [HYB25] A hybrid algorithm for regular syndrome decoding. 2025, eprint
//     2025/1284.
//   - [LWYY22] H. Liu, X. Wang, K. Yang, Y. Yu. The Hardness of LPN over Any Integer
//     Ring and Field for PCG Applications. EUROCRYPT 2024, eprint 2022/712.
//   - [RR22] S. Raghuraman, P. Rindal. Blazing Fast PSI from Improved OKVS and
//     Subfield VOLE. CCS 2022, eprint 2022/320.
//   - [RRT23] S. Raghuraman, P. Rindal, T. Tanguy. Expand-Convolute Codes for
//     Pseudorandom Correlation Generators from LPN. CRYPTO 2023, eprint 2023/882.
//   - [WYKW21] C. Weng, K. Yang, J. Katz, X. Wang. Wolverine: Fast, Scalable, and
//     Communication-Efficient Zero-Knowledge Proofs for Boolean and Arithmetic
//     Circuits. IEEE S&P 2021, eprint 2020/925.
//   - [YWLZW20] K. Yang, C. Weng, X. Lan, J. Zhang, X. Wang. Ferret: Fast Extension
//     for Correlated OT with Small Communication. CCS 2020, eprint 2020/924.
package vole
