// Package mpc computes on secret integers that three parties hold in shares. None
// of them sees more than the results that they open.
//
// [New] joins a party to the two others over any streams. [Engine.Input] shares the
// numbers of a party, and [Engine.InputShares] takes what a client has shared by
// package share and left. The result is a [Vec]. All three call the same methods in
// the same order, each on its own part:
//
//	sum, err := x.Add(y)                  // local
//	product, err := e.Mul(ctx, x, y)      // talks to the others
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
// The secret x is x_0 + x_1 + x_2 modulo 2^64. Party i has x_i and x_(i+1), where
// indexes are modulo 3, and keys k_i and k_(i+1):
//
//	party i                                        party i-1
//	z_i = x_i·y_i + x_i·y_(i+1) + x_(i+1)·y_i
//	      + F(k_i) - F(k_(i+1))        --- z_i --->            product
//	x_(i+1)                            --- x_(i+1) --->        opening
//
// Bits are shared in the same way, with exclusive or in the place of the sum, 64 to a
// word.
//
// # Security
//
// [SemiHonest]: one of the three may be corrupted, follows the protocol, and tries
// to learn from what it sees. That is, beside its own inputs and what is opened to
// it, uniformly random words only, if AES-128 in counter mode is pseudorandom
// [AFLNO16]. Two corrupted parties have everything. A corrupted party that deviates
// can make results wrong, and with a vector that comes of that, can learn more.
// Arithmetic on secrets takes constant time.
//
// The streams must be authenticated and encrypted by the caller. What is altered on
// the way is found by [Engine.Close] at the latest.
//
// When a party dies, stalls or sends something malformed, all calls of the others
// return an error within their context; see [PartyError]. The run is over then, and
// nothing more is opened in it. Who had been sent an opening before has it.
//
// # Leakage
//
// Lengths, ranges, the operations and their order, and what is opened, to whom it is.
// Whether that in itself says too much about a person is not looked at here.
//
// # Cost
//
// Bytes that each party sends, for each element unless said, and message delays,
// whatever the length:
//
//	Input               8 by party from, to one other            1
//	Open                8 to the previous party, if it learns it 1
//	Mul                 8                                        1
//	Dot                 8 in all                                 1
//	MatMul              8 for each element of the result         1
//	Less                31 by party 0, 23 by the others          8
//	Equal               16 by party 0, 8 by the others           7
//	Select              24 by party 0, 16 by the others          3
//	Numbers             16 by party 0, 8 by the others           2
//	And, OpenBits       1/8, or as Open                          1
//
// and five bytes for each message of up to 8192 words. A vector takes 16 bytes of
// memory for each element, and a comparison about 80 while it runs.
//
// # References
//
//   - [AFLNO16] Toshinori Araki, Jun Furukawa, Yehuda Lindell, Ariel Nof, Kazuma
//     Ohara: High-Throughput Semi-Honest Secure Three-Party Computation with an
//     Honest Majority. CCS 2016, eprint 2016/768.
//   - [MR18] Payman Mohassel, Peter Rindal: ABY3: A Mixed Protocol Framework for
//     Machine Learning. CCS 2018, eprint 2018/403.
//   - [Skl60] Jack Sklansky: Conditional-Sum Addition Logic. IRE Transactions on
//     Electronic Computers, 1960.
package mpc
