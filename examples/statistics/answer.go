package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"github.com/dujiang-dev/dujiang/he"
)

// answer runs all parties of a question whose contributors have these tables.
// In life every party runs its part of it.
func answer(spec *he.Spec, tables [][][]float64) (*he.Plan, *he.Result, error) {
	if len(tables) < 3 {
		return nil, nil, errFew
	}
	plan, err := he.NewPlan(spec)
	if err != nil {
		return nil, nil, err
	}
	result, err := play(plan, spec, tables)
	return plan, result, err
}

func play(plan *he.Plan, spec *he.Spec, tables [][][]float64) (*he.Result, error) {
	step := progress(2*spec.Contributors+2*spec.Holders+1, "adding up")

	receiver, err := he.NewReceiver(plan)
	if err != nil {
		return nil, err
	}
	roster := &he.Roster{Receiver: receiver.PublicKey()}
	contributorKeys, holderKeys := makeKeys(spec.Contributors, &roster.Contributors), makeKeys(spec.Holders, &roster.Holders)
	var epoch [32]byte
	rand.Read(epoch[:])
	session, err := he.NewSession(plan, roster, epoch)
	if err != nil {
		return nil, err
	}
	holders, publicKey, err := makeKey(session, holderKeys, step)
	if err != nil {
		return nil, err
	}

	// Contributors encrypt into memory; larger contributions go to files.
	aggregator := session.NewAggregator()
	contributors := make([]*he.Contributor, len(tables))
	contributions := make([]bytes.Buffer, len(tables))
	for i, key := range contributorKeys {
		if contributors[i], err = session.NewContributor(key, publicKey); err != nil {
			return nil, err
		}
		commitment, err := contributors[i].Encrypt(&contributions[i], rows(tables[i]))
		if err != nil {
			return nil, err
		}
		if err := aggregator.Commit(commitment); err != nil {
			return nil, err
		}
		step()
	}
	folder, err := os.MkdirTemp("", "statistics")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	logs := make([]*he.FileLog, spec.Holders)
	for i := range logs {
		if logs[i], err = he.OpenFileLog(filepath.Join(folder, strconv.Itoa(i))); err != nil {
			return nil, err
		}
		defer logs[i].Close()
	}
	roll, err := endorsed(aggregator, holders, logs)
	if err != nil {
		return nil, err
	}
	for i, c := range contributors {
		contribution := bytes.NewReader(contributions[i].Bytes())
		approval, err := c.Approve(roll, contribution)
		if err != nil {
			return nil, err
		}
		if err := aggregator.Add(approval, contribution); err != nil {
			return nil, err
		}
		step()
	}
	active := make([]int, spec.Threshold)
	for i := range active {
		active[i] = i
	}
	aggregate, err := aggregator.Close(active)
	if err != nil {
		return nil, err
	}
	var shares []io.Reader
	for _, i := range active {
		share, err := share(holders[i], i, aggregate, logs[i])
		if err != nil {
			return nil, err
		}
		shares = append(shares, share)
		step()
	}
	var sum bytes.Buffer
	if _, err := aggregate.WriteTo(&sum); err != nil {
		return nil, err
	}
	defer step()
	return receiver.Open(session, &sum, shares...)
}

// makeKeys makes signature keys. In life everybody makes its own.
func makeKeys(n int, public *[]ed25519.PublicKey) (private []ed25519.PrivateKey) {
	for range n {
		pub, priv, _ := ed25519.GenerateKey(nil) // cannot fail
		*public, private = append(*public, pub), append(private, priv)
	}
	return private
}

// makeKey lets the key holders make the collective key.
func makeKey(session *he.Session, keys []ed25519.PrivateKey, step func()) (holders []*he.KeyHolder, publicKey []byte, err error) {
	var offers, confirmations [][]byte
	for _, key := range keys {
		h, err := session.NewKeyHolder(key)
		if err != nil {
			return nil, nil, err
		}
		holders, offers = append(holders, h), append(offers, h.Offer())
		step()
	}
	deals := make([][][]byte, len(holders)) // by recipient
	for _, h := range holders {
		out, err := h.Deal(offers)
		if err != nil {
			return nil, nil, err
		}
		for to, deal := range out {
			deals[to] = append(deals[to], deal)
		}
	}
	for i, h := range holders {
		confirmation, err := h.Confirm(deals[i])
		if err != nil {
			return nil, nil, err
		}
		confirmations = append(confirmations, confirmation)
	}
	publicKey, err = holders[0].PublicKey(confirmations)
	return holders, publicKey, err
}

// endorsed returns the roll of all who committed, which the key holders endorse.
func endorsed(aggregator *he.Aggregator, holders []*he.KeyHolder, logs []*he.FileLog) ([]byte, error) {
	roll, err := aggregator.Roll()
	if err != nil {
		return nil, err
	}
	endorsements := make([][]byte, len(holders))
	for i, h := range holders {
		if endorsements[i], err = h.Endorse(roll, logs[i]); err != nil {
			return nil, err
		}
	}
	return aggregator.EndorsedRoll(endorsements)
}

// share lets a key holder audit the aggregate and share.
func share(h *he.KeyHolder, i int, aggregate *he.Aggregate, log he.ShareLog) (io.Reader, error) {
	audit, err := h.Audit(aggregate.Call())
	if err != nil {
		return nil, err
	}
	var masks bytes.Buffer
	if err := aggregate.WriteAudit(&masks, i); err != nil {
		return nil, err
	}
	if err := audit.Read(&masks); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	return &b, audit.Share(&b, log)
}

func rows(table [][]float64) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		for _, row := range table {
			if !yield(row, nil) {
				return
			}
		}
	}
}
