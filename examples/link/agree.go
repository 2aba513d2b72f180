package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/dujiang-dev/dujiang/examples/internal/pinned"
	"github.com/dujiang-dev/dujiang/identity/agreement"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
	"github.com/dujiang-dev/dujiang/psi"
)

// program is what both sides sign that they run: all options that they must give
// alike.
func (j *job) program() agreement.Digest {
	return sha256.Sum256(fmt.Appendf(nil, "link 3\n%s\n%s\n%v\n%v\n%d", j.spec.Kinds(), j.reveal, j.protocol, j.adversary, j.memory))
}

// agree makes contract and start statement from the options, exchanges
// signatures with the other side, and passes the gate. The two codes are the
// fingerprints.
//
//	joiner                      server
//	nonce ───────────────────────►
//	   ◄───────────────── nonce, time
//	hash, two signatures ────────►
//	   ◄──────── hash, two signatures
//	   ◄───────── the gate ────────►
func (j *job) agree(ctx context.Context, conn net.Conn, k *keeper, stderr io.Writer) (_ *agreement.Channel, _ *agreement.Permit, err error) {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	defer func() {
		switch {
		case err == nil:
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		case errors.Is(err, io.EOF):
			err = fmt.Errorf("the other side left before the run was agreed: %w", io.ErrUnexpectedEOF)
		}
	}()

	mine := agreement.NewNonce()
	joiner, server := mine[:], make([]byte, len(mine)+8)
	if j.serve {
		joiner, server = make([]byte, len(mine)), binary.BigEndian.AppendUint64(mine[:], uint64(time.Now().Unix()))
		err = errors.Join(receive(conn, joiner), send(conn, server))
	} else {
		err = errors.Join(send(conn, joiner), receive(conn, server))
	}
	if err != nil {
		return nil, nil, err
	}
	// Both take the server's time, as the clocks may differ. That the run is new
	// follows from the nonces, of which each side made one.
	seconds := binary.BigEndian.Uint64(server[len(mine):])
	if seconds > 1<<37 {
		return nil, nil, fmt.Errorf("%w: it has an impossible time", psi.ErrPeer)
	}
	began, agreed := time.Now(), time.Unix(int64(seconds), 0).UTC()
	peer, err := pinned.PeerKey(conn)
	if err != nil {
		return nil, nil, err
	}
	contract, start, err := j.draft(peer, agreed, sha256.Sum256(append(server[:len(mine):len(mine)], joiner...)))
	if err != nil {
		return nil, nil, err
	}
	signer := j.key.Signer()
	if err := errors.Join(contract.Sign(signer), start.Sign(contract, signer)); err != nil {
		return nil, nil, err
	}
	about := start.Statement.Contract
	const size = 64 // of a signature
	own := append(append(about[:], contract.Signatures[0].Value...), start.Signatures[0].Value...)
	theirs := make([]byte, len(own))
	if j.serve {
		err = errors.Join(receive(conn, theirs), send(conn, own))
	} else {
		err = errors.Join(send(conn, own), receive(conn, theirs))
	}
	if err != nil {
		return nil, nil, err
	}
	if agreement.Digest(theirs[:len(about)]) != about {
		return nil, nil, fmt.Errorf("%w: it would sign another contract", psi.ErrIncompatible)
	}
	signatures := theirs[len(about):]
	contract.Signatures = append(contract.Signatures, agreement.Signature{Party: string(j.peer), Value: signatures[:size]})
	start.Signatures = append(start.Signatures, agreement.Signature{Party: string(j.peer), Value: signatures[size:]})

	// The statement is of this connection and cannot be used again, so nothing
	// needs to be remembered about it.
	dir, err := os.MkdirTemp("", "link")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	counters, err := policy.OpenCounters(filepath.Join(dir, "used"))
	if err != nil {
		return nil, nil, err
	}
	defer counters.Close()
	permit, err := agreement.Authorize(ctx, &agreement.Config{
		Signer:   signer,
		Now:      func() time.Time { return agreed.Add(time.Since(began)) },
		Counters: counters,
		// Two people who told each other their fingerprints settled this.
		Rights: func(context.Context, agreement.Party, agreement.Input, time.Time) error { return nil },
		Record: func(b []byte) error { return k.record(ctx, b) },
	}, contract, start)
	if err != nil {
		return nil, nil, err
	}
	channel, err := agreement.Open(ctx, conn, permit, string(j.peer))
	if err == nil {
		fmt.Fprintf(stderr, "both signed contract %.16s, and the start of run %.16s\n", about, agreement.Digest(permit.Context()))
		fmt.Fprint(stderr, k.say())
	}
	return channel, permit, err
}

// draft makes what both sides sign, from the options that both must give alike.
func (j *job) draft(peer keys.PublicKey, at time.Time, nonce agreement.Digest) (*agreement.Contract, *agreement.Start, error) {
	own, err := keys.Algorithms(nil).Public(j.key.Signer())
	if err != nil {
		return nil, nil, err
	}
	server := agreement.Party{Code: string(j.key.Fingerprint()), Key: own}
	joiner := agreement.Party{Code: string(j.peer), Key: peer}
	if !j.serve {
		server, joiner = joiner, server
	}
	receivers := map[string][]string{"server": {server.Code}, "joiner": {joiner.Code}, "both": {server.Code, joiner.Code}}[j.reveal]
	program := j.program()
	terms := agreement.Terms{
		ID:       "link",
		Parties:  []agreement.Party{server, joiner},
		Programs: []agreement.Digest{program},
		From:     at,
		Until:    at.Add(24 * time.Hour),
		Output:   agreement.Output{Receivers: receivers, RoundTo: 1},
	}
	statement := agreement.Statement{
		Program:     program,
		Parties:     []string{server.Code, joiner.Code},
		Environment: "03", // secure multi-party computation
		Receivers:   receivers,
		From:        at,
		Until:       terms.Until,
		Nonce:       nonce,
	}
	for _, party := range terms.Parties {
		p := policy.Policy{ID: "urn:link", Target: party.Code + "/table", Permissions: []policy.Rule{{
			Action: "compute",
			Constraints: []policy.Constraint{
				{Left: "executionEnv", Operator: "eq", Right: []string{"03"}},
				{Left: "algorithm", Operator: "eq", Right: []string{program.String()}},
			},
		}}}
		rules, err := p.DSP()
		if err != nil {
			return nil, nil, err
		}
		terms.Policies = append(terms.Policies, json.RawMessage(rules))
		statement.Inputs = append(statement.Inputs, agreement.Input{Party: party.Code, Ref: p.Target, Target: p.Target})
	}
	statement.Contract, err = terms.Digest()
	return &agreement.Contract{Terms: terms}, &agreement.Start{Statement: statement}, err
}

func send(w io.Writer, b []byte) error {
	_, err := w.Write(b)
	return err
}

func receive(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	return err
}
