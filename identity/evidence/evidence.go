// Package evidence keeps a tamper-evident log and makes proofs from it that
// anybody can check without a network.
//
// A [Log] is a Merkle tree in the form of C2SP tlog-tiles. Its operator signs
// the head of the tree, a checkpoint, and independent witnesses cosign it if it
// continues what they saw before ([Witness]). [Log.Prove] puts a record, its
// place in the tree and a cosigned checkpoint into one file of text in the form
// of C2SP tlog-proof, which [Policy.Verify] checks against the keys that the
// reader trusts: one of the log, and k of n witnesses.
//
// Most callers want [Open], [Log.Append], [Log.Publish] and [Log.Prove] on one
// side and [NewPolicy] and [Policy.Verify] on the other.
//
//	record, salt ──Commit──► commitment ──Append──► log ──Publish──► checkpoint
//	                                                 │                   │ cosigned by
//	                                                 ▼                   ▼ witnesses
//	            record, salt, index, hashes ◄──── Prove ◄──────── checkpoint
//	                      │
//	                      ▼
//	                Policy.Verify: no network, no state
//
// # Security
//
// Whoever holds the log's key can put anything into the log, once. What it
// cannot do, given SHA-256 and Ed25519: change, remove or reorder what a
// published checkpoint covers, or show different logs to two readers whose
// policies demand quorums with a common honest witness. Two quorums of k of the
// same n witnesses have f+1 in common, so at least one honest one among f
// dishonest ones, if 2k is at least n+f+1. With a quorum of zero there is no
// protection against a log that shows two histories.
//
// A proof says that a record is in the log, not that it is the last word on its
// subject. Freshness is [Verified.Witnessed], the time that witnesses put on
// the checkpoint; the caller compares it with what it can bear.
//
// Checkpoints are signed with Ed25519, as the C2SP formats have it. What the
// log records may be signed in any way.
//
// # Leakage
//
// A leaf is a salted commitment: HMAC-SHA-256 under a random salt of 128 bits. It
// binds, since HMAC with keys of one length collides only where SHA-256 does,
// and it hides as long as HMAC is a pseudorandom function. Who reads the tiles
// learns how many records were made and when, and nothing about them. Whoever
// gets a proof learns its one record. The extra line of the file holds salt and
// record; take care where it goes.
//
// # Cost
//
// On disk 96 bytes a record and a 1/255 for the upper levels. In memory about 64 bytes
// for each of the last million records that proofs asked for. A proof has 45
// bytes for each binary digit of the log's size, about 110 for each signature,
// and 4/3 of the record; its verification takes one Ed25519 verification a
// signature, once for all proofs that follow each other under one checkpoint.
// [Open] hashes the whole log once.
//
// # References
//
// C2SP: tlog-tiles, tlog-checkpoint, tlog-cosignature (Ed25519, v1),
// tlog-witness, tlog-proof (v1), signed-note, all at c2sp.org. RFC 6962, section 2.1,
// for the tree. The trees and notes are those of golang.org/x/mod/sumdb.
package evidence

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/label"
)

// A Commitment is a leaf of the log: it fixes a record and does not show it.
type Commitment [sha256.Size]byte

// A Salt hides a record in its commitment until it is shown together with the
// record. It is a secret as the record is one; keep both together. No salt may
// serve two records.
type Salt [16]byte

// NewSalt returns a random salt.
func NewSalt() Salt {
	var s Salt
	rand.Read(s[:])
	return s
}

// Commit returns the commitment to a record under the salt.
func (s Salt) Commit(record []byte) Commitment {
	mac := hmac.New(sha256.New, s[:])
	mac.Write(leafLabel)
	mac.Write(record)
	var c Commitment
	mac.Sum(c[:0])
	return c
}

// leafLabel is of fixed length for all records, so that label and record cannot
// be confused.
var leafLabel = mustLabel("leaf")

func mustLabel(purpose string) []byte {
	tag, err := label.New("evidence", 1, purpose, nil)
	if err != nil {
		panic("evidence: internal error: " + err.Error())
	}
	return tag
}

// String returns the name of the type only.
func (Salt) String() string { return "evidence.Salt" }

// GoString returns the name of the type only.
func (s Salt) GoString() string { return s.String() }

// LogValue returns the name of the type only.
func (s Salt) LogValue() slog.Value { return slog.StringValue(s.String()) }
