// Package directory keeps what is known about codes: registers, resolves,
// searches and proves it.
//
// Most callers want [Open], [Directory.Register] and [Directory.Resolve]. The
// directory lives in memory and in one file that only grows.
//
//	owner                              directory                       log
//	Record.Statement, signature ─────> Register: Verify, file ───────> commitment
//	                                   Resolve, Search
//	reader <── Prove: record, signature, inclusion, checkpoint ─────── Publish
//
// # Security
//
// The owner of a record signs all of it, and a directory takes nothing that its
// [Verifier] refuses; so whoever runs the directory cannot make records up. It
// can withhold the newest one: [VerifyProof] proves that a record was published
// under a checkpoint, and not that it is the last. A code never changes hands,
// a withdrawn one never returns, and paths and numbers of other registries stay
// with the code that had them first.
//
// The directory trusts its own file, whose accidents are found by checksums.
//
// # Leakage
//
// Whoever may ask sees the records. The log sees salted commitments.
//
// # Cost
//
// 340,000 records with a title, a summary, two keywords, a path and two rights
// take about 1 kB of memory each, of which the index of words is the larger
// part, and about 2.3 seconds of processor time to open, shared by all cores.
// Resolving decodes one record in about a microsecond.
//
// A query takes time proportional to the shortest of the lists that it
// intersects, until it has Offset and Limit results; words of more than two
// characters are looked up by their pairs of neighbours and then compared with
// the text.
package directory
