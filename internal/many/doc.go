// Package many computes on vectors that 4 to 16 parties hold in Shamir's shares [Sha79]
// over the field of 2^61 - 1 elements: of n parties, t = (n-1)/2, rounded down, have
// nothing, and one more has the secrets.
//
// [Open] joins a party to the others; the methods of [Party] are those of engine.Party.
// Everything linear is local. Party i, from 0, has the values at the point i + 1 of
// polynomials of degree t whose values at zero are the secrets. Numbers are elements of
// the field, from -2^60 to 2^60 - 2. Bits are elements of GF(8), GF(16) or GF(32), the
// smallest that has enough points, 64 of them side by side in as many words as they have
// bits.
//
// There is a stream between every two parties, on which they exchange keys once. A
// sharing takes one round: the dealer's polynomial is given by its secret and by the
// shares of the t parties that follow, which these and the dealer expand from their keys,
// and the dealer sends the n - 1 - t others theirs. A product [BGW88] is computed on shares,
// which gives a sharing of twice the degree, and 2t + 1 parties deal what they have of it
// to reduce the degree [GRR98]:
//
//	dealer i of 2t+1                              party j
//	f_i(0) = c_i·x(i+1)·y(i+1)   --- f_i(j+1) --->   sum of all f_i(j+1)
//
// In a shuffle one party after the other permutes, in so many passes that of any t parties there is
// one of which they know nothing; see [Party.Shuffle].
//
// Conversions between numbers and bits open a number plus a mask which is uniform in the
// field, and of which the bits are shared too [EGKRS20]; so they are exact, and nothing
// leaks that a statistical margin would have to cover. A comparison needs the carry into one
// bit of the difference of what was opened and of the mask. Masks depend on no input:
// [Party.Prepare] makes them before, and a [Stock] keeps them from run to run, in memory or in a
// file.
//
// # Security
//
// Semi-honest, with at most t of the n corrupted: they follow the protocol and see, beside
// their inputs and what is opened, uniformly random elements only, if AES-128 in counter mode
// is pseudorandom. A product needs no assumption otherwise [BGW88]. A party that deviates can
// make results wrong without notice, and with a result that comes of that, can learn more. All
// parties must be there: one that stops ends the run. Computation is constant-time, with
// the exception that package field names.
//
// A mask that is used twice tells the difference of two secrets. None is: it leaves what is
// ready, and is overwritten there, before anything is sent; a [Stock] is of one run at a time; and
// a file gives it away once, whatever crashes. The stocks of all parties must be the same state
// of the same preparation, which hellos compare: the numbers of parties and of those who may be
// corrupted, what is left, and a name that all have from streams that all parties took part in.
// t parties know of the masks in all files what they know of those of a run, which is nothing;
// the files of t + 1 have them.
//
// Streams must be authenticated and encrypted by the caller.
//
// # Leakage
//
// Lengths, the operations, what is prepared and what is left of it, and what is opened. Whoever sees
// the caches of some parties while they shuffle learns the order: of one party, or of two that are a
// pair, in every pass.
//
// # Cost
//
// In elements that are sent, of 8 bytes for a number, and for a word of 64 bits of 24, from
// 8 parties on of 32, and for 16 parties of 40:
//
//	input                  n-1-t from the party that has it      1 round
//	product, inner product n-1-t from each of 2t+1 parties       1 round, that of Mul
//	opening                t to each party that learns it,       1 round
//	                       and a history to everybody
//	RandomBits             n-1-t from each of t+1 parties        1 round
//
// With L the number of times that t + 1 is halved, rounded up, until it is 1: the mask of a
// conversion takes 1 + 8L rounds and t times 480 conjunctions of bits; Numbers 2 + L rounds,
// and t products for each bit; Negative 7 to 9 rounds more than its mask, Decompose 8 and
// Zero 7, and Truncate 3 + L, and of more than 59 bits what Negative and Numbers do. Five bytes
// more for each message, which is of up to 8128 words.
//
// A shuffle takes two rounds more than passes, which do not depend on the length. Sorting is by
// engine.Radix, and takes this for a key of 32 bits of 2^16, and a column that follows:
//
//	          numbers sent in all   rounds of   kB a party sends     rounds
//	parties   to shuffle one each   a shuffle   a key, and at most   of all
//	4             11                    4          2.2     2.8         165
//	5             25                    5          3.8     4.6         198
//	6             28                    5          4.2     5.2         198
//	7             65                    8          6.8     8.1         249
//	8             52                    6          7.1     9.6         215
//	9            133                   12         11.0    12.8         333
//	10           105                    9         10.8    13.9         282
//	11           383                   28         19.0    21.3         605
//	12           228                   16         16.1    19.5         401
//	13           879                   54         30.7    33.2        1047
//	14           502                   30         23.9    28.0         639
//	15          2280                  122         55.6    58.8        2203
//	16          1254                   66         39.3    44.7        1251
//
// For each element and column, the permuter of a pass has 8t bytes more while the summands of others
// come in, and twice as much if it was that of the pass before too.
//
// Masks, but those of Truncate, are made when they are needed, or by Prepare before: for the same
// bytes, and in pieces of 2^14, each of which takes the rounds of one call. Conversions and
// Numbers take what is ready first, and send less by that. Party 0 of 4, 5 and 7 sends for an element:
//
//	                       made then        made by Prepare        then
//	Negative of 61 bits    515, 878, 1849   417, 771, 1689         99, 107, 160
//	Zero                   470, 832, 1781   417, 771, 1689         53, 61, 92
//	Numbers                33, 50, 98       33, 49, 97             0.4, 0.8, 1.1
//
// A call takes whole words, of 64, for each vector of bits; Truncate takes 2t + 1 such vectors of
// those of Numbers, and of more than 59 bits what Negative and Numbers do. A mask that is ready
// takes 31 bytes of memory, and in the file of a stock, with 8 parties or more 39, and with 16 of
// them 46; one of Numbers takes 9. A file has 75 bytes more.
//
// The reduction of [DN07] would send less from about seven parties on, in twice the
// rounds and with random sharings made beforehand. It is not here.
//
// # References
//
//   - [BGW88] Michael Ben-Or, Shafi Goldwasser, Avi Wigderson: Completeness Theorems for
//     Non-Cryptographic Fault-Tolerant Distributed Computation. STOC 1988.
//   - [CGP20] Melissa Chase, Esha Ghosh, Oxana Poburinnaya: Secret-Shared Shuffle.
//     ASIACRYPT 2020, eprint 2019/1340.
//   - [DN07] Ivan Damgård, Jesper Buus Nielsen: Scalable and Unconditionally Secure
//     Multiparty Computation. CRYPTO 2007.
//   - [EGKRS20] Daniel Escudero, Satrajit Ghosh, Marcel Keller, Rahul Rachuri, Peter Scholl:
//     Improved Primitives for MPC over Mixed Arithmetic-Binary Circuits. CRYPTO 2020,
//     eprint 2020/338.
//   - [GRR98] Rosario Gennaro, Michael O. Rabin, Tal Rabin: Simplified VSS and Fast-track
//     Multiparty Computations with Applications to Threshold Cryptography. PODC 1998.
//   - [LWZ11] Sven Laur, Jan Willemson, Bingsheng Zhang: Round-Efficient Oblivious Database
//     Manipulation. ISC 2011, eprint 2011/429.
//   - [RW19] Dragos Rotaru, Tim Wood: MArBled Circuits: Mixing Arithmetic and Boolean
//     Circuits with Active Security. INDOCRYPT 2019, eprint 2019/207.
//   - [Sha79] Adi Shamir: How to Share a Secret. Communications of the ACM, 1979.
//   - [Skl60] Jack Sklansky: Conditional-Sum Addition Logic. IRE Transactions on
//     Electronic Computers, 1960.
package many
