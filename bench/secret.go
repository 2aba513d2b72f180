package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/dujiang-dev/dujiang/mpc/share"
)

// A secretJob is a key, or a file, that is split into five shares, of which three are
// combined again, in one process.
type secretJob struct {
	// Stream says that it is a file, of which each share has a third; else each
	// share is as long as the secret.
	Stream bool `json:"stream"`
	N      int  `json:"n"` // bytes
	// Fault spoils what is combined, so that tests see that its check works.
	Fault bool `json:"fault,omitempty"`
}

// secretQuorum is for all of these jobs, and in the program of the peer.
var secretQuorum = share.Quorum{Needed: 3, Parties: 5}

// secretJobs returns the jobs of secrets of bytes, and that of the peer Vault, the
// small ones first.
func secretJobs(sizes []size, networks, peers []string) (jobs []*job) {
	if !slices.Contains(networks, networkMem) {
		return nil
	}
	for _, s := range bySize(sizes) {
		for _, name := range []string{"bytes", "stream", peerVault} {
			peer := name == peerVault
			if s.n != s.m || peer && !slices.Contains(peers, peerVault) {
				continue
			}
			j := newJob("Share/"+name+"/3of5/", s.n, networkMem)
			j.Class, j.Peer = "secret of bytes", peer
			j.Secret = &secretJob{Stream: name == "stream", N: s.n}
			if peer {
				j.Install = peerVault
			}
			jobs = append(jobs, j)
		}
	}
	return jobs
}

func (j *secretJob) sides() []string { return []string{"all"} }

func (j *secretJob) spoil() { j.Fault = true }

func (j *secretJob) party(int) (party, error) { return &secretParty{secretJob: j}, nil }

// A secretParty is who splits, and who combines.
type secretParty struct {
	*secretJob
	secret, combined []byte
	costs            costs
}

func (p *secretParty) prepare() error {
	p.secret = make([]byte, p.N)
	for i := range p.secret {
		p.secret[i] = byte(mix(uint64(i)))
	}
	return nil
}

func (p *secretParty) run(context.Context, []io.ReadWriter) (err error) {
	watch := startStopwatch()
	split, combine := splitBytes, combineBytes
	if p.Stream {
		split, combine = splitStream, combineStream
	}
	shares, err := split(p.secret)
	if err != nil {
		return err
	}
	watch.lap("split")
	for _, s := range shares {
		p.costs.Sent += int64(len(s))
	}
	if p.combined, err = combine(shares[1:1+secretQuorum.Needed], p.N); err != nil {
		return err
	}
	watch.lap("combine")
	p.costs.Phases, p.costs.Delays = watch.phases, 1
	return nil
}

func splitBytes(secret []byte) (encoded [][]byte, err error) {
	shares, err := share.SplitBytes(secret, secretQuorum)
	if err != nil {
		return nil, err
	}
	for _, s := range shares {
		b, err := s.AppendBinary(nil)
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, b)
	}
	return encoded, nil
}

func combineBytes(encoded [][]byte, _ int) ([]byte, error) {
	var shares []*share.ByteShare
	for _, b := range encoded {
		s, err := share.ParseByteShare(b)
		if err != nil {
			return nil, err
		}
		shares = append(shares, s)
	}
	secret, _, err := share.CombineBytes(shares, secretQuorum)
	return secret, err
}

func splitStream(secret []byte) (encoded [][]byte, err error) {
	buffers := make([]bytes.Buffer, secretQuorum.Parties)
	var dst []io.Writer
	for i := range buffers {
		dst = append(dst, &buffers[i])
	}
	w, err := share.NewWriter(dst, secretQuorum)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(secret); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	for i := range buffers {
		encoded = append(encoded, buffers[i].Bytes())
	}
	return encoded, nil
}

func combineStream(encoded [][]byte, n int) ([]byte, error) {
	var src []io.Reader
	for _, b := range encoded {
		src = append(src, bytes.NewReader(b))
	}
	r, err := share.NewReader(src, secretQuorum)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, n)
	_, err = io.ReadFull(r, secret)
	return secret, err
}

// errSecret says that another secret came out than went in.
var errSecret = errors.New("the secret is wrong")

func (p *secretParty) finish() (costs, error) {
	if p.Fault && len(p.combined) > 0 {
		p.combined[0] ^= 1
	}
	if len(p.secret) == 0 || !bytes.Equal(p.combined, p.secret) {
		return costs{}, fmt.Errorf("%w: %d bytes came out of %d", errSecret, len(p.combined), len(p.secret))
	}
	return p.costs, nil
}
