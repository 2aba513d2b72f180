// Package he adds up what several organisations know, while nobody sees what any
// of them knows: contributors send their part encrypted, an aggregator that can
// read nothing adds the parts up, and only the sum is opened, for one receiver.
//
// A question is a [Spec]: the fields that rows have, each with the least and the
// greatest value, and functions of all rows together, such as [Sum], [Mean],
// [Histogram] or [Regression]. [NewPlan] turns it into a [Plan], in which
// everything that is dangerous to choose is chosen. Then a [Session] brings plan,
// parties and an epoch together, and each party has a type whose methods are
// its steps: [Contributor], [Aggregator], [KeyHolder], [Receiver]. Messages are bytes,
// which travel as callers like. Results are exact, unless [Noise] is asked for.
//
// # Modes
//
// In mode [Collective] the key is that of several key holders together. It is for
// parties that trust no single one:
//
//	key holders                  contributors              aggregator                   receiver
//
//	Offer      to all holders                                                           NewReceiver
//	Deal       to all holders
//	Confirm    to all holders
//	PublicKey  ------------->    NewContributor
//	                             Encrypt
//	                             commitment  ---------->   Commit
//	Endorse    <----------------------------------------   Roll
//	endorsement  -------------------------------------->   EndorsedRoll
//	                             Approve     <----------
//	                             approval,
//	                             contribution  -------->   Add
//	                                                       Close
//	Audit      <----------------------------------------   Call, WriteAudit
//	Share      - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - ->
//	                                                       WriteTo  ------------------> Open
//
// In mode [ReceiverKey] there are no key holders: contributors encrypt under the
// receiver's key and approve the roll that nobody endorsed, and all else is the same.
//
// In mode [OneShot] a contributor sends one message and leaves: its numbers under a
// mask, and shares of the key of the mask for a committee of key holders, who open
// the sum of keys [KP24]:
//
//	committee                    contributors              aggregator                   receiver
//
//	Offer
//	PublicKey  ------------->    NewContributor
//	                             Encrypt
//	                             manifest,
//	                             contribution  -------->   Add
//	                                                       Close
//	Audit      <----------------------------------------   Call, WriteAudit
//	Share      - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - ->
//	                                                       WriteTo  ------------------> Open
//
// Contributors may be absent at every step: who has not committed is not in the
// roll, who has not contributed is not in the call. Key holders must all make the
// key. Of N, with a threshold of T, (N+T)/2, rounded up, endorse the roll; then T open
// the result.
//
// # Security
//
// Encryption is over rings, with parameters from a table that is held against
// the published ceilings for 128-bit security [BCC+24, table 5.2]. Keys of holders,
// their threshold and their shares are those of Mouchet et al. [MTBH21], [MBH23]. Key
// holders and contributors sign with Ed25519; what one key holder sends to another or to
// the receiver is sealed with HPKE under X-Wing.
//
// The aggregator may do what it likes, and collude with the receiver, with fewer
// contributors than MinInputs, as long as these encrypt as this package does, and with
// fewer key holders than the threshold: of the other contributions it learns their
// sum, if it learns the result, and nothing else. What makes that so:
//
//   - A key holder opens one sum in a session, which it writes into a durable
//     [ShareLog] before. Two shares for one secret give it away [CSBB24].
//   - It opens only the sum of the masks that contributors committed to. What they
//     commit to is a linear hash of their masks, a generalized compact knapsack
//     [LM06], [PR06]. The key holder gets these hashes and the sum, and takes it if
//     its hash is the sum of the hashes. Among MinInputs contributors is an honest
//     one, which showed its contribution only when it knew all commitments. What
//     a sum has besides the masks of the honest must have the sum of the hashes
//     that the others committed to before. If they could make two such things of
//     it, their difference would be a collision of the hash. So they can make one,
//     whatever the honest ones' masks are: nobody could choose the sum. Linear
//     fingerprints, which do not withstand who knows the point, would not do, since
//     a contributor that colludes could sign any.
//   - Nobody can commit to another's contribution of the same roll to count it twice,
//     since each commitment is of its contributor.
//   - In mode Collective all honest contributors approve the same roll, so that all
//     commitments in it were made before any of them showed a contribution. They approve
//     what (N+T)/2 of N key holders endorse. At least T would have endorsed both of
//     two such rolls, an honest one among them; but that endorses one roll in a session,
//     which it writes into its ShareLog before.
//   - A share hides all but the result with flooding noise that is uniform, and
//     as wide as the Spec's statistical distance needs.
//   - Key holders commit to their shares of the key before they see another's,
//     and contributors use no key that a holder has not confirmed.
//   - The aggregator cannot change the result, since contributors sign a linear
//     fingerprint of what they sent, at a point that all commitments determine,
//     and the receiver compares.
//
// In mode ReceiverKey the receiver and the aggregator together can open single
// contributions. The first must not be given what the second has.
//
// There is no mode in which contributors encrypt with keys that they share with
// the receiver, which would halve what mode ReceiverKey sends: a sum of such
// ciphertexts opens with the sum of the keys only, and whoever has that sum must
// know who is in it. It is what mode OneShot does. With a single key holder, which
// may be the receiver's organisation, it takes the same trust as mode
// ReceiverKey, and less than half the bytes.
//
// In mode OneShot two of the contributors in a result must be honest, and fewer
// than 2·Threshold-Holders of the committee collude, since different members could
// be asked for different sums. Nobody signs fingerprints, as contributors leave
// before there is a roll: the aggregator learns nothing it should not, but can
// change the result.
//
// Nothing proves that what a contributor sends is an encryption. In modes Collective
// and ReceiverKey one whose masks are numbers of its own choice makes the result show
// multiples of the key beside the sums of the others. Who sees such a result and
// what the aggregator sees can then read every contribution. So all contributors
// must be trusted to run this package or one like it, even if they are not trusted with
// anything else; or take mode OneShot, which opens no key but the sum of those in the
// result.
//
// In mode ReceiverKey nothing makes the aggregator show all contributors the same roll. With
// a roll of its own for one of them it gets this contribution before an accomplice
// commits to the same, or to a multiple, in the roll of the others, and so into a sum
// that it does not belong to. Contributors who do not trust the aggregator with it
// compare their rolls, or hashes of them, over another channel before they approve.
//
// Not protected: a key holder that does not follow the protocol when it makes its
// part of the key or its share, and a contributor that encrypts what no rows
// give, can spoil a result, and learn nothing by it. Random ones are noticed, since
// the plan has coefficients that must come out as zero; chosen ones are not.
// Nothing hides who takes part. Keys last for one session: begin another for the
// next question.
//
// # Leakage
//
// The receiver learns the result and who is in it. Everybody learns the plan, with
// the bounds of fields and the most rows, and who contributes; the
// numbers of rows stay hidden. A result can tell about single rows: of sums
// over few, or of two questions that differ by one row. MinInputs bounds that for
// contributors, and [Noise] for rows: with it the sums that are opened are
// differentially private already, and a [Budget] bounds what all results tell.
//
// # Cost
//
// [Plan.Sizes] has the bytes and [Plan.String] everything for people. For sums
// of 36 bits of 8 parties a contributor sends about 20 bytes a value in mode
// Collective, about 13 in mode ReceiverKey, and about 6 in mode OneShot; small
// counters share a value. A key holder in mode Collective reads 16 bytes a value and
// 25 kilobytes for each contributor, and shares 6 bytes a value; in mode OneShot both
// are some kilobytes, whatever the number of values. All parties compute on all
// processors, and hold a few chunks of some thousand values; besides, a key holder
// 15 bytes a value for its audit, unless [Audit.KeepIn] has a file for them, and
// the receiver the result, 8 bytes a value. Iterators, readers and writers are used
// at the pace of the work, and [Session.WithProgress] reports it.
//
// # References
//
//   - [BCC+24] J.-P. Bossuat, R. Cammarota, J. H. Cheon et al. Security
//     Guidelines for Implementing Homomorphic Encryption. eprint 2024/463.
//   - [CSBB24] M. Checri, R. Sirdey, A. Boudguiga, J.-P. Bultel. On the practical
//     CPA^D security of "exact" and threshold FHE schemes and libraries. CRYPTO
//     2024, eprint 2024/116.
//   - [DKM+06] C. Dwork, K. Kenthapadi, F. McSherry, I. Mironov, M. Naor. Our
//     Data, Ourselves: Privacy via Distributed Noise Generation. EUROCRYPT 2006.
//   - [KP24] H. Karthikeyan, A. Polychroniadou. OPA: One-shot Private Aggregation
//     with Single Client Interaction and its Applications to Federated Learning.
//     eprint 2024/723.
//   - [LM06] V. Lyubashevsky, D. Micciancio. Generalized Compact Knapsacks Are
//     Collision Resistant. ICALP 2006.
//   - [MBH23] C. Mouchet, E. Bertrand, J.-P. Hubaux. An Efficient Threshold
//     Access-Structure for RLWE-Based Multiparty Homomorphic Encryption. Journal
//     of Cryptology 36, 2023, eprint 2022/780.
//   - [MTBH21] C. Mouchet, J. Troncoso-Pastoriza, J.-P. Bossuat, J.-P. Hubaux.
//     Multiparty Homomorphic Encryption from Ring-Learning-with-Errors. PETS 2021,
//     eprint 2020/304.
//   - [PR06] C. Peikert, A. Rosen. Efficient Collision-Resistant Hashing from
//     Worst-Case Assumptions on Cyclic Lattices. TCC 2006, eprint 2005/158.
package he
