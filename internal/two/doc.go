// Package two computes on vectors over Z_2^64 that two parties hold as summands, and on
// words of bits that they hold as parts whose exclusive or they are [GMW87, DSZ15].
//
// [Open] joins both parties, and [Party] has the methods of [engine.Party], which package
// mpc calls. A multiplication uses up a triple of random shares with ab = c [Bea91]. Triples
// depend on no input: [Party.Prepare] makes them before, and a [Stock] keeps them from run
// to run, in memory or in a file. What is missing is made when it is needed. There is no
// default source: [Encryption] and [Transfers] are between both parties, of which the first
// is faster and sends less, and a [Dealer] is a third process.
//
//	party 0                                                       party 1
//	   triples:
//	   masks of the extension, 64·4 bytes  --- both ways --->
//	   corrections, 260 bytes              --- both ways --->              [Gil99, Roy22]
//	   or      encryptions of a, b         ------------>
//	           that of R + ab' + ba'       <------------                    [KPR18]
//	   of shuffles: choices behind random ones, corrections, both ways    [MS13]
//	   or      dealer  --- seed --->  party 0,   dealer  --- seed, corrections --->  party 1
//	   multiplication:
//	   x_0 - a_0, y_0 - b_0                --- both ways --->
//	   shuffle:
//	                                    <------------  x_1 - a            [CGP20]
//	   π_0(x_0 + x_1 - a) + Δ - a'      ------------>
//	   opening:
//	   x_0                                 --- both ways --->
//
// # Security
//
// Semi-honest: one of the two may be corrupted, follows the protocol, and sees, beside its
// inputs and what is opened, uniformly random words only, if AES-128 in counter mode is
// pseudorandom, and for Transfers under the assumptions of package ot or vole and with
// AES-128 under fixed keys as a random permutation [GKWY20]. Encryption adds that learning
// with errors over rings is hard for polynomials of degree 8192 and a modulus of 192 bits, of
// the 218 that [HES18] allows for 128 bits of security, and statistical distances of 2^-62 for
// each triple and 2^-61 for each of its ciphertexts, of 8192 numbers; see lattice.go. A
// party that deviates can make results wrong without notice, and can learn the other's
// inputs. Computation is constant-time.
//
// A shuffle is the product of two uniformly random permutations, of which each party knows one,
// and a dealer both. A party works on its memory in the order of its own, and sets switches
// by it: whoever watches the caches of both machines learns the whole.
//
// A triple that is used twice tells the difference of two secrets, and so do the masks of a
// shuffle. None is: both leave the stock before anything is sent, a stock is of one run at a
// time, and a file gives it away once, whatever crashes. Both parties' stocks must be the same
// state of the same preparation, which the hello compares.
//
// A dealer sees the numbers and shapes of triples, and must not collude with a party: it
// knows all masks, and with one party's view all secrets. It is of its own process, has a
// name that both parties state, and is in no configuration by default.
//
// Shares are of one column. Authenticated ones can follow, as [engine.Vec] has room for
// their tags in another column, and Dot and Truncate are all that is made of other methods.
//
// Streams must be authenticated and encrypted by the caller.
//
// # Leakage
//
// Lengths, the operations, what is opened, and what is prepared.
//
// # Cost
//
// Bytes that each party sends for each element, with message delays, beside triples:
//
//	Input, RandomBits, Summands   0                              0
//	Mul, Dot (each term)          16                             1
//	MatMul                        8 for each element of x and y  1
//	And                           16 a word                      1
//	Numbers                       1/8                            1
//	Truncate                      3/8                            2
//	Shuffle (each column)         8                              2
//	Reveal                        8, and a history               1
//
// and Negative of 64 bits 48 in 7, Zero 16 in 6. Triples, in all:
//
//	                 Encryption   Transfers   silent            Dealer
//	a number         384          1.04 kB     0.52 kB + trees   8
//	a word                        512         trees             8
//	of Numbers                    12          8 + trees         8
//	of a shuffle                  8 + 4.2/c   8 + trees         16
//
// where Encryption takes Transfers for what is not numbers, and trees are about 0.64 bytes a
// transfer if half a million are made at once: 128 transfers for a number or a word, and one for
// Numbers. What is said of a shuffle is for each element of c columns, and without a dealer
// 2L - 1 times that, with the number of rows, at most 2^26, rounded up to 2^L. A triple of matrices
// takes of Transfers 520 bytes for each of rows·inner·cols and 128 transfers for each of
// inner·min(rows, cols); of a dealer 8 bytes for each element of the result. Encryption makes 8192
// triples at once, all of a call in one round trip; Transfers 1024, or 16384 switches of two
// columns, in two message delays; a dealer four million in a round trip.
//
// Memory is 8 bytes for each element of a vector, 24 for each triple, 16 for each element of a
// shuffle that is ready, 16 at a dealer for each row of one, without a dealer 32 for each element
// and L + 16 for each row while it is made, of 2^L, and some 20 MB for Encryption, 10 MB for
// Transfers, and 70 MB for silent ones. Encryption computes with four processors at most,
// everything else with one each way.
//
// # References
//
//   - [ALSZ13] G. Asharov, Y. Lindell, T. Schneider, M. Zohner. More Efficient Oblivious
//     Transfer and Extensions for Faster Secure Computation. CCS 2013, eprint 2013/552.
//   - [Bea91] D. Beaver. Efficient Multiparty Protocols Using Circuit Randomization.
//     CRYPTO 1991.
//   - [CGP20] M. Chase, E. Ghosh, O. Poburinnaya. Secret-Shared Shuffle. ASIACRYPT 2020,
//     eprint 2019/1340.
//   - [DSZ15] D. Demmler, T. Schneider, M. Zohner. ABY: A Framework for Efficient
//     Mixed-Protocol Secure Two-Party Computation. NDSS 2015.
//   - [Gil99] N. Gilboa. Two Party RSA Key Generation. CRYPTO 1999.
//   - [GKWY20] C. Guo, J. Katz, X. Wang, Y. Yu. Efficient and Secure Multiparty
//     Computation from Fixed-Key Block Ciphers. IEEE S&P 2020, eprint 2019/074.
//   - [GMW87] O. Goldreich, S. Micali, A. Wigderson. How to Play any Mental Game. STOC 1987.
//   - [HES18] M. Albrecht et al. Homomorphic Encryption Security Standard.
//     HomomorphicEncryption.org, 2018, eprint 2019/939.
//   - [KPR18] M. Keller, V. Pastro, D. Rotaru. Overdrive: Making SPDZ Great Again.
//     EUROCRYPT 2018, eprint 2017/1230.
//   - [MS13] P. Mohassel, S. Sadeghian. How to Hide Circuits in MPC: An Efficient Framework
//     for Private Function Evaluation. EUROCRYPT 2013, eprint 2013/137.
//   - [MZ17] P. Mohassel, Y. Zhang. SecureML: A System for Scalable Privacy-Preserving
//     Machine Learning. IEEE S&P 2017, eprint 2017/396.
//   - [Roy22] L. Roy. SoftSpokenOT: Quieter OT Extension from Small-Field Silent VOLE in
//     the Minicrypt Model. CRYPTO 2022, eprint 2022/192.
//   - [RW19] D. Rotaru, T. Wood. MArBled Circuits: Mixing Arithmetic and Boolean Circuits
//     with Active Security. INDOCRYPT 2019, eprint 2019/207.
package two
