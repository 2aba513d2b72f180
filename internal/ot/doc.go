// Package ot makes the oblivious transfers that everything else in two-party
// computation grows from: [Base], 128 random transfers over ristretto255, and
// [Extend], which stretches them to as many correlations under one secret delta
// as a protocol needs.
//
// The parties are named by what they hold after extension. The sender holds
// delta; the receiver holds values and choice bits. For every value a the
// receiver gets c and the sender b with
//
//	c = b + a * delta   in GF(2^128),
//
// and for every choice bit r likewise c = b + r * delta, which is a correlated
// oblivious transfer: the receiver knows one of b and b + delta. In the base
// transfers the roles are the other way round, as in every extension.
//
// All functions are rounds without I/O: messages and coins in, messages and
// state out.
//
//	sender (delta)                                   receiver (values, bits)
//	    BaseChoose          --- 64 bytes a transfer --->
//	                        <-- 32 bytes ---------------  BaseReply
//	    BaseChoice.Finish   <-- Shape.Size bytes -------  Extend
//	    Accept
//
// # Security
//
// The base transfers are the endemic oblivious transfer of [MR19] from the
// Diffie-Hellman key agreement, in the random oracle model under the computational
// Diffie-Hellman assumption; "endemic" means that a dishonest party can choose
// its own keys, but never learn or control more. The sender's point serves a
// whole batch; each hash takes the number of the transfer as [MRR21] shows to be
// necessary then.
//
// The extension is SoftSpokenOT [Roy22] for fields of 2^4 elements. With
// Shape.Malicious it has the consistency checks of that paper for the trees
// [Roy22, Fig. 14] and for the values, the challenge being a hash of the message
// instead of a round of its own. A cheating receiver that
// gets through has guessed bits of delta, each with probability one half; this
// leakage is inherent and part of what [Roy22] proves. Without the checks,
// security is against semi-honest receivers only.
//
// # Leakage
//
// Only sizes.
//
// # Cost
//
// 8,224 bytes for the base transfers and, for f values and k bits, about
// 512 f + 4 k bytes for the extension. Both parties' base transfers together
// are about 128 * 6 group operations. The extension holds about 2600 f + 21 k bytes
// while it runs, beside its results.
//
// # References
//
//   - [MR19] D. Masny, P. Rindal. Endemic Oblivious Transfer. CCS 2019, eprint
//     2019/706.
//   - [MRR21] I. McQuoid, M. Rosulek, L. Roy. Batching Base Oblivious Transfers.
//     ASIACRYPT 2021, eprint 2021/682.
//   - [Roy22] L. Roy. SoftSpokenOT: Quieter OT Extension from Small-Field Silent
//     VOLE in the Minicrypt Model. CRYPTO 2022, eprint 2022/192.
package ot
