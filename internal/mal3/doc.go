// Package mal3 computes on vectors that three parties hold in replicated shares, and
// detects a party that deviates before anything is opened.
//
// [Open] joins a party to the two others; the methods are those of [engine.Party], and
// shares are those of package rep3, which does everything that needs no check. Products
// are computed as there, and wait in a log. [Party.Check] checks the log, and
// [Party.Reveal], [Party.RevealBits] and [Party.Close] call it. What comes from outside
// as shares goes through [Party.Agree] first.
//
// The secret is x_0 + x_1 + x_2 modulo 2^64. Party i has x_i and x_(i+1), where indexes
// are modulo 3, and keys k_i and k_(i+1). To the previous party it sends
//
//	z_i = x_i·y_i + x_i·y_(i+1) + x_(i+1)·y_i + F(k_i) - F(k_(i+1))   modulo 2^128
//
// of integers below 2^64, whose lower half is a share of the product, and whose upper
// half is for the check, which goes, for products of numbers,
//
//	c_i = a_i·y_i + ...         ----->  party i-1     one number for all products
//	ready, with the history     <---->  both          all products have arrived
//	θ                           <---->  both          the challenge, opened
//	θx_(i+1) + a_(i+1)          ----->  party i-1     opened, with its digest
//	digest of θx_i + a_i        ----->  party i+1
//	t_i, t_(i+1)                <---->  both          opened, must be zero
//	ready, with the history     <---->  both          found right
//
// and similarly for words of bits, over GF(2^128), after 32 blocks of them have been
// folded into one. Shuffles are in shuffle.go, and checked with them. The notes in check.go say why that is enough.
//
// # Security
//
// Malicious with abort, at most one of the three corrupted: whatever it does, what the
// others open is right, or they open nothing and end with an error. The corrupted party
// may learn what is opened to it and keep the others from it. What else it sees is
// random, as against semi-honest parties [AFLNO16, LN17]: an altered product adds a
// number that the party knows, and neither what is sent before the check nor whether that
// fails depends on secrets.
//
// A deviation in products of numbers is missed with a probability of 2^-64 at most, or
// 2^-59 if they are of matrices, in conjunctions with 2^-62, and in shuffles with 2^-59, whatever
// their number, beside the advantage against AES-128 in counter mode. Openings are compared with both parties
// that have a summand, by digests that are missed with 2^-116.
//
// An error wraps [session.ErrPeer] in a PartyError if a message is malformed, which
// names who sent it (or its stream). A check that fails says only that one of the two
// others deviated, and Agree that it was them or whoever shared the vector. Local computation
// takes constant time, but that a shuffle reads memory in the order of permutations, of which no
// party has all three.
//
// Streams must be authenticated and encrypted by the caller.
//
// # Leakage
//
// Lengths, the operations, and what is opened.
//
// # Cost
//
// In bytes that each party sends, and rounds, which are message delays:
//
//	                  operation                   check, later
//	Mul               16 for each element, 1      16 for each element
//	Dot               16 for each result, 1       16 for each term
//	MatMul            16 for each result, 1       16 for each column and each row's element
//	And               8 for each word, 1          32 for each word, and 16 kB
//	Input             8, from one party to one, 1 none
//	Reveal            8 to who learns it and 16   what waits, or else a
//	                  for its digest, 1           history to both, 1
//	Summands          0, 0                        none
//	Numbers           32, 2                       32
//	Negative, Zero    as package engine says, 3 summands
//	Truncate          about shift/2 + 128, 4 + log2(shift)    about 2·shift + 128
//	Shuffle           32 for each number and      16 for each row with
//	                  16 for each word, and 32    numbers, and 8 with words
//	                  for each column, 3
//
// A check takes a round, and 5 if products of numbers wait, 10 if conjunctions do (and as many for
// each further 2^19 words of one call), and 4 if shuffles do. It comes before an opening, and after
// 2^20 numbers or elements of shuffles or 2^19 words. Until then a product takes 64 bytes of memory,
// 48 a word of conjunctions, 64 a number and 32 a word in a shuffle, and each row of that 8; a
// check of them 8, 64, and 32 for each row more, and up to 4 MB.
//
// # References
//
//   - [AFLNO16] Toshinori Araki, Jun Furukawa, Yehuda Lindell, Ariel Nof, Kazuma
//     Ohara: High-Throughput Semi-Honest Secure Three-Party Computation with an
//     Honest Majority. CCS 2016, eprint 2016/768.
//   - [LN17] Yehuda Lindell, Ariel Nof: A Framework for Constructing Fast MPC over
//     Arithmetic Circuits with Malicious Adversaries and an Honest-Majority. CCS 2017,
//     eprint 2017/816.
//   - [CDESX18] Ronald Cramer, Ivan Damgård, Daniel Escudero, Peter Scholl, Chaoping
//     Xing: SPDZ2k: Efficient MPC mod 2^k for Dishonest Majority. CRYPTO 2018, eprint
//     2018/482.
//   - [EKOPPS20] Hendrik Eerikson, Marcel Keller, Claudio Orlandi, Pille Pullonen,
//     Joonas Puura, Mark Simkin: Use your Brain! Arithmetic 3PC for Any Modulus with
//     Active Security. ITC 2020, eprint 2019/164.
//   - [BGIN19] Elette Boyle, Niv Gilboa, Yuval Ishai, Ariel Nof: Practical Fully Secure
//     Three-Party Computation via Sublinear Distributed Zero-Knowledge Proofs. CCS
//     2019, eprint 2019/1390.
//   - [GSZ20] Vipul Goyal, Yifan Song, Chenzhi Zhu: Guaranteed Output Delivery Comes
//     Free in Honest Majority MPC. CRYPTO 2020, eprint 2020/189.
//   - [LWZ11] Sven Laur, Jan Willemson, Bingsheng Zhang: Round-Efficient Oblivious
//     Database Manipulation. ISC 2011, eprint 2011/429.
//   - [AHIKNT22] Gilad Asharov, Koki Hamada, Dai Ikarashi, Ryo Kikuchi, Ariel Nof, Benny
//     Pinkas, Katsumi Takahashi, Junichi Tomida: Efficient Secure Three-Party Sorting
//     with Applications to Data Analysis and Heavy Hitters. CCS 2022, eprint 2022/1595.
//   - [MR18] Payman Mohassel, Peter Rindal: ABY3: A Mixed Protocol Framework for
//     Machine Learning. CCS 2018, eprint 2018/403.
package mal3
