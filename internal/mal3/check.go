package mal3

// Why the checks find a deviation.
//
// What a corrupted party can do. Any values of the summands that the two honest parties
// have between them are a sharing of something: each of them has one summand that the
// other one has too, which the corrupted party cannot alter, and each of the other two is
// at one honest party only. So an input is whatever the corrupted party sends, and a
// wrong message in a product is a product with an error e added, which that party knows and
// which depends on no secret [AFLNO16; LN17: multiplication is secure up to
// additive attacks]. The same holds for c and for cross sums below. It can send the
// honest parties different summands when something is opened to all, or lie about them:
// openings are compared.
//
// Numbers. The product of [x] and [y] is taken of the summands as integers below 2^64, and
// modulo 2^128: so is every error e of which anything could come, one that is not zero
// modulo 2^64 [EKOPPS20 and CDESX18 compute modulo 2^(k+s) for the same reason]. With a
// random a, and c = ay + e' by one multiplication for all, the parties open
// d = θx + a, a one-time pad, and compute the sum of dy - θz, less c. That is
//
//	-(sum of θe) - e'   modulo 2^128
//
// for θ chosen at random below 2^64 after e and e' were fixed. This is the check with one
// random triple of the same y [LN17, verification with another triple], of which the
// random triples of all products have only the sum of their c, as only that is needed.
// Let e of one product be 2^v times an odd number, v < 64, and all else be fixed. There is at most
// one θ modulo 2^(128-v), hence at most one below 2^64, for which the result is zero: the
// check misses it with 2^-64 at most. An inner product is the sum of its terms, with one
// θ for all.
//
// A product of matrices takes θ_i for its rows and γ_j for its columns, and one
// error e'_j for each column. For a column j with an error of a 2^v as above, u = e'_j + (sum
// over rows of θ_i·e_ij) is divisible by 2^(63+t) with 2^-t at most, for t up to 64, and zero
// with 2^-64. Then γ_j makes γ_j·u meet what the others have with 2^-(65-t) at most, for the
// largest such t above 0, and with 2^-64 if there is none. Over all t that is at most
// 2^-64 + 63·2^-66 + 2^-65 = 69·2^-66, below 2^-59, and just that for one error of 2^63 without
// any e'_j.
//
// Bits. Two words are 128 gates, and errors e of them an element E of GF(2^128), which is
// zero only if there is none. Words are in 32 blocks of n/2 such elements. With a
// random α for each place in a block, the sum of αE of a block j with an error is zero
// with 2^-128. So one of the sums E_jj is not zero, where C_jk is the
// sum of α·(products of the gates of x_j and y_k), which for j = k is computed from z and
// for j ≠ k by one multiplication each, which may be wrong by any E_jk [GSZ20 and
// BGIN19 compress inner products by polynomials instead, of which the values at further
// points are sent in the place of the products of all pairs]. Then r and s fold x and y: the inner product of the
// sums of r_jx_j and s_ky_k, weighted by α, is the sum of r_js_kC_jk, up to the error
// sum of r_js_kE_jk, a polynomial of degree 2 that is not zero. For r_j and s_k from a set of 2^64
// elements it vanishes with 2·2^-64 at most (Schwartz and Zippel). What is left is one
// inner product of vectors over GF(2^128) with an error, and it is checked as above: d = ραx + a,
// c = ay + e', and the sum of dy less ρw and c is ρE + e', zero with 2^-128. Together that is
// 2^-63 + 2^-127, below 2^-62.
//
// Shuffles. In a pass of shuffle.go the party C sends nothing, and what A sends is y_k and c_A - μ_A,
// to C alone. What both should be A knows, as it has x_k, π, s, α and μ_A; so whatever it sends, with
// another permutation too, adds errors e to y_k and e' to c_A that it knows, and that depend on no
// secret. So does B. The summand k+1 both compute, and the honest one is right. So a shuffle is
// one up to additive errors, and what is left to check is y_k, of which B has all but x_k, and C
// all but π and s: the tags of other malicious shuffles [AHIKNT22 for one] and products with
// their secret key are for parties of which none knows the permutation of a pass. With the
// challenges ρ and χ, drawn when all this has arrived, and d = u + α, a one-time pad for C that comes
// from A, with its digest from B,
//
//	χ(<ρ, y_k> - <d, x_k> + c_A - μ_A) - χ(<ρ, s> - μ_A) = χ(<ρ, e> + e')
//
// since <u, x> = <ρ, π(x)>. C has the first and B the second term; if A is honest both know what
// the other one has, so that comparing them tells nothing. For one party the terms of all
// columns, passes and shuffles are added up before that: passes have ρ of their own, and columns χ.
//
// Numbers are as columns of a product of matrices, modulo 2^128 and with an error that is not zero
// modulo 2^64: ρ are challenges of rows, χ of columns, and 2^-59 is a bound likewise. What is an
// error of upper halves only stays there, as summands are only added up, and is dropped with them. [CDESX18]
// has the same of tags. Words are polynomials below degree 64 over GF(2), and an error e in one
// row makes <ρ, e> + e' zero with 2^-64 at most, as at most one ρ of the 2^64 polynomials below
// degree 64 does for given others. Then χ makes the sum over columns zero with 2^-64 at most. Together
// that is 2^-63. One ρ is for numbers and for words, as either check is enough.
//
// C learns y_k and y_(k+2), masked by s and t, c less μ, and d, masked by α; A and B learn nothing.
// Each pair of parties has one permutation that the third one lacks, uniform and
// independent of the others, so that the order is uniform for each party.
//
// These hold for any number of products, of shuffles and of checks: each is for one product that is wrong,
// whatever others are, and of the checks of a run with such a product only the first one counts,
// since an error that is found ends the run. Whether it is found depends on errors and
// challenges, which the corrupted party may know, and on no secret. All else that a check opens
// is d, under one-time pads that no other check uses.
//
// Challenges. Random numbers are opened after each party has said to both others that it
// has received all that was due. Without that, the corrupted party could have the
// challenge from one of the others before it sends a product to the other one. It has no say in
// them either, as one summand comes of a key that only both others have.
//
// Openings. Each summand is sent by one party that has it, and its digest, or itself, by
// the other one. Keys of digests come from a key that the sender of the summand does not have,
// so that it alters it unseen with (number of elements of a piece)/2^128 at most, below 2^-116.
// A wrong digest makes honest parties stop, as any message may.
//
// Nothing is opened before all have found the log right: both honest parties say so to
// each other, by histories that have the opening too, and wait for it.
