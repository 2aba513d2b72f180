package he_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"log"
	"os"
	"path/filepath"

	"github.com/dujiang-dev/dujiang/he"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Three clinics find the mean age of all their patients. Two key holders, of whom
// both are needed, see to it that nothing else is opened.
func Example() {
	plan, err := he.NewPlan(&he.Spec{
		Mode: he.Collective, Contributors: 3, MinInputs: 3, Holders: 2, Threshold: 2,
		Rows:      1000,
		Fields:    []he.Field{{Name: "age", Min: 0, Max: 120}},
		Functions: []he.Function{he.Count(), he.Mean("age")},
	})
	check(err)

	// Everybody has keys, and knows those of others from elsewhere.
	receiver, err := he.NewReceiver(plan)
	check(err)
	roster := &he.Roster{Receiver: receiver.PublicKey()}
	var clinicKeys, holderKeys []ed25519.PrivateKey
	for range 3 {
		public, private, _ := ed25519.GenerateKey(nil)
		roster.Contributors, clinicKeys = append(roster.Contributors, public), append(clinicKeys, private)
	}
	for range 2 {
		public, private, _ := ed25519.GenerateKey(nil)
		roster.Holders, holderKeys = append(roster.Holders, public), append(holderKeys, private)
	}
	var epoch [32]byte
	rand.Read(epoch[:])
	session, err := he.NewSession(plan, roster, epoch)
	check(err)

	// The key holders make the collective key.
	var holders []*he.KeyHolder
	var offers, confirmations [][]byte
	deals := make([][][]byte, 2)
	for _, key := range holderKeys {
		h, err := session.NewKeyHolder(key)
		check(err)
		holders, offers = append(holders, h), append(offers, h.Offer())
	}
	for _, h := range holders {
		out, err := h.Deal(offers)
		check(err)
		for to, deal := range out {
			deals[to] = append(deals[to], deal)
		}
	}
	for i, h := range holders {
		confirmation, err := h.Confirm(deals[i])
		check(err)
		confirmations = append(confirmations, confirmation)
	}
	publicKey, err := holders[0].PublicKey(confirmations)
	check(err)

	// The clinics encrypt and commit.
	ages := [][]float64{{34, 71}, {8, 45, 50}, {62}}
	aggregator := session.NewAggregator()
	clinics := make([]*he.Contributor, 3)
	contributions := make([]bytes.Buffer, 3)
	for i, key := range clinicKeys {
		clinics[i], err = session.NewContributor(key, publicKey)
		check(err)
		commitment, err := clinics[i].Encrypt(&contributions[i], column(ages[i]))
		check(err)
		check(aggregator.Commit(commitment))
	}
	roll, err := aggregator.Roll()
	check(err)

	// The key holders, each with a log in a file, see to it that all get the same roll.
	folder, err := os.MkdirTemp("", "shares")
	check(err)
	defer os.RemoveAll(folder)
	logs := make([]*he.FileLog, 2)
	var endorsements [][]byte
	for i, h := range holders {
		logs[i], err = he.OpenFileLog(filepath.Join(folder, fmt.Sprint(i)))
		check(err)
		defer logs[i].Close()
		endorsement, err := h.Endorse(roll, logs[i])
		check(err)
		endorsements = append(endorsements, endorsement)
	}
	endorsed, err := aggregator.EndorsedRoll(endorsements)
	check(err)

	// The clinics approve it and send.
	for i, c := range clinics {
		contribution := bytes.NewReader(contributions[i].Bytes())
		approval, err := c.Approve(endorsed, contribution)
		check(err)
		check(aggregator.Add(approval, contribution))
	}
	aggregate, err := aggregator.Close([]int{0, 1})
	check(err)

	// The key holders look at what they are asked to open, and share.
	var shares []io.Reader
	for i, h := range holders {
		audit, err := h.Audit(aggregate.Call())
		check(err)
		var masks bytes.Buffer
		check(aggregate.WriteAudit(&masks, i))
		check(audit.Read(&masks))
		var share bytes.Buffer
		check(audit.Share(&share, logs[i]))
		shares = append(shares, &share)
	}

	var sum bytes.Buffer
	_, err = aggregate.WriteTo(&sum)
	check(err)
	result, err := receiver.Open(session, &sum, shares...)
	check(err)
	for _, answer := range result.Answers {
		fmt.Println(answer)
	}
	// Output:
	// count() = 6
	// mean(age) = 45
}

// column yields rows with one field.
func column(values []float64) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		for _, v := range values {
			if !yield([]float64{v}, nil) {
				return
			}
		}
	}
}
