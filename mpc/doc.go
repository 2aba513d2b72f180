// Package mpc computes on secret numbers that 2 to 16 parties hold in shares. None of
// them sees more than the results that they open.
//
// [New] joins a party to the others over any streams. [Engine.Input] shares the numbers
// of a party, and [Engine.InputShares] takes what a client has shared by package share and
// left. The result is a [Vec]. All parties call the same methods in the same order, each
// on its own part:
//
//	sum, err := x.Add(y)                   // local
//	product, err := e.Mul(ctx, x, y)       // talks to the others
//	values, err := e.Open(ctx, product, 0) // party 0 learns it
//
// What takes a context talks to the others, and nothing else does. Every vector has
// a declared [Range], from which those of results follow; what could overflow is
// refused, before anything is sent. Comparisons give [Bits], by which
// [Engine.Select] chooses:
//
//	less, err := e.Less(ctx, x, y)
//	smaller, err := e.Select(ctx, less, x, y)
//
// Fixed-point numbers are integers with some bits behind the point, see [Vec.Fraction];
// [Engine.InputFixed], [Engine.MulFixed] and [Engine.OpenFixed] are for them, and so are
// [Engine.Div], [Engine.Sqrt], [Engine.Exp] and [Engine.Log], which integers may go into.
// Whoever has vectors larger than memory works on pieces of them, by [Vec.Slice] and
// [Concat]. Tables are put together by [Engine.Group] and [Engine.Join], and a random
// permutation that nobody knows is a [Engine.Shuffle] of the numbers of rows, which
// [Vec.Prefix] makes of ones. [Preview] says what a computation costs before anybody is called.
//
// # Protocols
//
// The number of streams and [Config.Adversary] choose the protocol:
//
//	parties   adversary    may be corrupted   shares                 products
//	2         SemiHonest   1                  two summands           triples [Bea91]
//	3         SemiHonest   1                  replicated, 2 of 3     [AFLNO16]
//	3         Malicious    1, is found out    replicated, 2 of 3     the same, checked [EKOPPS20]
//	4 to 16   SemiHonest   less than half     Shamir, a half and 1   dealt again [GRR98]
//
// With three, the secret x is x_0 + x_1 + x_2 modulo 2^64. Party i has x_i and x_(i+1),
// where indexes are modulo 3, and keys k_i and k_(i+1):
//
//	party i                                        party i-1
//	z_i = x_i·y_i + x_i·y_(i+1) + x_(i+1)·y_i
//	      + F(k_i) - F(k_(i+1))        --- z_i --->            product
//	x_(i+1)                            --- x_(i+1) --->        opening
//
// With two, x is x_0 + x_1, and a product takes a triple of random shares ab = c, which is
// made before or when it is missing:
//
//	party 0                                        party 1
//	x_0 - a_0, y_0 - b_0           --- both ways --->          product
//	x_0                            --- both ways --->          opening
//
// With four or more, n of them, x is the value at zero of a polynomial over the field of
// 2^61 - 1 elements, of which party i has the value at i+1. Its degree is t = (n-1)/2, rounded
// down, and so many parties have nothing of x. For a product 2t+1 parties share what
// they have of it, and the sum of these shares, with public factors, is the new one:
//
//	party i                                        party j
//	f_i(0) = c_i·x(i+1)·y(i+1)     --- f_i(j+1) --->           product
//	x(i+1)                         --- x(i+1) --->             opening
//
// Numbers are then from -2^60 to 2^60 - 2 instead of 64 bits, so that ranges must be
// narrower, and Div, Sqrt, Exp and Log, which fill 64 bits, are refused.
//
// Bits are shared in the same way, with exclusive or in the place of the sum, 64 to a
// word, and with four parties or more by polynomials over a field of 8 to 32 elements.
//
// # Security
//
// [SemiHonest]: the corrupted party follows the protocol, and tries to learn from what it
// sees. That is, beside its own inputs and what is opened to it, uniformly random words
// only, if AES-128 in counter mode is pseudorandom [AFLNO16]. So it is for t corrupted ones of
// four or more parties together; one more than the table says have everything. A corrupted
// party that deviates can make results wrong, and with a vector that comes of that, can
// learn more.
//
// [Malicious]: whatever the corrupted one of three parties does, what the others open is
// right, but with a probability of 2^-57, or they open nothing and end with an error. It may
// keep them from results that it has. Vectors that were not opened are checked by
// [Engine.Close] only: what [Engine.Shares] returned before is to be used after it.
//
// What the corrupted party inputs is up to it, also outside of the range that it has to be
// in: results are then those of such numbers where what comes of them fits, and otherwise
// can be any, and an opening that finds one outside of its range ends the run, by which the
// corrupted party can tell that it was. Who must not rely on that declares the range of all
// numbers of 64 bits, and makes numbers of the lowest bits of [Engine.Decompose] by
// [Engine.Compose]: these are in their range whatever was put in.
//
// Two parties use triples up. With [Transfers] nobody else is trusted, under the
// assumptions of oblivious transfer; nor is with [Encryption], which assumes in addition that
// learning with errors over rings is hard, for 128 bits of security [HES18, KPR18], and hides the
// numbers of each triple but for a statistical distance of 2^-62, which is 2^-42 for a million
// of them. A [Dealer] is trusted not to collude with either party. There is no default.
//
// Arithmetic on secrets takes constant time. The streams must be authenticated and
// encrypted by the caller. What is altered on the way is found by [Engine.Close] at the
// latest.
//
// All parties must call the same methods with the same public arguments: constants, ranges,
// lengths, recipients. What they called is hashed, local operations with the vectors that came
// of them, and compared with all others whenever something is opened, and by [Engine.Close]. If
// it differs, by a mistake or a lie, all end with [ErrIncompatible], or with [ErrPeer] where
// messages do not fit any more, and none of them is told what was opened. Malicious parties
// compare before they send what is opened. The error names the party, and the calls since the
// last opening.
//
// When a party dies, stalls or sends something malformed, all calls of the others
// return an error within their context; see [PartyError]. The run is over then, and
// nothing more is opened in it. Who had been sent an opening before has it.
//
// # Leakage
//
// Lengths, ranges, the operations and their order, and what is opened, to whom it is.
// [Engine.Truncate] rounds, but for malicious parties, by random numbers that are in the
// shares of the parties. Which of two numbers next to each other is opened tells a party
// that learns it where x is, within one unit, as it would with [Engine.Floor]; but what is
// opened of several truncations of the same x tells more, of what was cut off.
// Whether that in itself says too much about a person is not looked at here.
//
// # Cost
//
// Bytes that each of three semi-honest parties sends, for each element unless said, and
// message delays, whatever the length:
//
//	Input               8 by party from, to one other            1
//	Open                8 to the previous party, if it learns it 1
//	                    and 29 in all to each other one
//	Mul                 8                                        1
//	Dot                 8 in all                                 1
//	MatMul              8 for each element of the result         1
//	Less, Negative      31 by party 0, 23 by the others          8
//	Equal               16 by party 0, 8 by the others           7
//	Select              24 by party 0, 16 by the others          3
//	Max, Min, Abs       55 by party 0, 39 by the others          11
//	Numbers, Compose    16 by party 0, 8 by the others; each bit 2
//	Decompose           54 by party 0, 46 by the others          8
//	Truncate            24 by party 0, 8 by the others           2
//	MulFixed            32 by party 0, 16 by the others          3
//	Floor               71 by party 0, 39 by the others          12
//	And, OpenBits       1/8, or as Open                          1
//	RandomBits          nothing                                  0
//	Shuffle             16 by party 1, 8 by the others; a column 2
//	Sort, by 32 bits    655, 703 and 523 for 10^6                124
//	Compact             less than 50, and 16 for each column     11
//	TopK                as Sort
//	Join, by 31 bits    two Sorts, Equal, Numbers, Compact, Mul  266
//	Div                 980 by party 0, 505 by the others        35
//	Sqrt                850 by party 0, 440 by the others        32
//	Log                 940 by party 0, 480 by the others        31
//	Exp                 445 by party 0, 242 by the others        30
//
// and five bytes for each message of up to 16256 words. Comparisons, decompositions and
// what is made of them are of 64 bits here; those of ranges that 32, 16 or 8 bits hold take
// a half of that, a quarter or an eighth, and one round less for each halving. A
// vector takes 16 bytes of memory for each element, a comparison about 80 while it runs,
// and a function 2 kB.
//
// Three malicious parties send twice as much for a product, and later about three times
// that for its check; comparisons are of three summands and take one round more, as openings do.
//
// Each of two parties sends 16 bytes for a product and 48 for a comparison, beside triples.
// Those are made before or when they are missing, for this many bytes in all:
//
//	                     Encryption   Transfers   silent   Dealer
//	a product            384          1042        600      8
//	64 conjunctions      512          512         82       8
//
// where silent ones are of half a million transfers at once. A comparison takes 192 conjunctions. A
// product of matrices takes some 520 bytes for each of its terms from both Encryption and
// Transfers, and from a dealer 8 for each element of the result.
//
// Of n >= 4 parties each, but for one if n is even, sends 8(n-1-t) bytes for a product, and a
// comparison takes a few hundred bytes at least, and 18 rounds with four parties. Most of that
// depends on no input: after [Engine.Prepare], or with a [Stock] of an earlier run, a comparison
// takes 7 to 9 rounds, and with four parties 99 bytes instead of 515, with seven 160 instead of
// 1849. The packages internal/mal3, internal/two and internal/many say more. [Engine.Sort] and what
// is made of it take rounds that do not depend on the length, but for checks of malicious parties.
//
// # References
//
//   - [AFLNO16] Toshinori Araki, Jun Furukawa, Yehuda Lindell, Ariel Nof, Kazuma
//     Ohara: High-Throughput Semi-Honest Secure Three-Party Computation with an
//     Honest Majority. CCS 2016, eprint 2016/768.
//   - [Bea91] Donald Beaver: Efficient Multiparty Protocols Using Circuit Randomization.
//     CRYPTO 1991.
//   - [CS10] Octavian Catrina, Amitabh Saxena: Secure Computation with Fixed-Point
//     Numbers. Financial Cryptography 2010.
//   - [EKOPPS20] Hendrik Eerikson, Marcel Keller, Claudio Orlandi, Pille Pullonen, Joonas
//     Puura, Mark Simkin: Use your Brain! Arithmetic 3PC for Any Modulus with Active
//     Security. ITC 2020, eprint 2019/164.
//   - [GRR98] Rosario Gennaro, Michael O. Rabin, Tal Rabin: Simplified VSS and Fast-track
//     Multiparty Computations with Applications to Threshold Cryptography. PODC 1998.
//   - [HES18] Martin Albrecht et al.: Homomorphic Encryption Security Standard.
//     HomomorphicEncryption.org, 2018, eprint 2019/939.
//   - [KPR18] Marcel Keller, Valerio Pastro, Dragos Rotaru: Overdrive: Making SPDZ Great
//     Again. EUROCRYPT 2018, eprint 2017/1230.
//   - [MR18] Payman Mohassel, Peter Rindal: ABY3: A Mixed Protocol Framework for
//     Machine Learning. CCS 2018, eprint 2018/403.
//   - [Skl60] Jack Sklansky: Conditional-Sum Addition Logic. IRE Transactions on
//     Electronic Computers, 1960.
package mpc
