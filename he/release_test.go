package he

import (
	"bytes"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Answers are rounded where they are opened, if the plan says so.
func TestRoundedAnswers(t *testing.T) {
	spec := survey()
	spec.RoundAnswers, spec.Round = true, 1
	p := newParties(t, spec)
	r := p.run(surveyRows, upTo(4), upTo(3))
	require.Equal(t, "16518.3", r.Answers[2].Numbers[0].FloatString(1)) // 9911008/600 = 16518.3466...
	require.Equal(t, "10", r.Answers[2].Numbers[0].Denom().String())
	require.Equal(t, "707/2", r.Answers[3].Numbers[0].RatString()) // 12725/36 = 353.472...
}

func TestAnswerStrings(t *testing.T) {
	a := Answer{"mean(x)", []*big.Rat{nil, big.NewRat(4, 2), big.NewRat(1, 3)}}
	require.Equal(t, "mean(x) = none 2 0.333333", a.String())
	_, ok := a.Float(0)
	require.False(t, ok)
	x, ok := a.Float(2)
	require.True(t, ok)
	require.InDelta(t, 1./3, x, 1e-15)
}

// Nobody has rows: what does not exist is nil, and nothing is divided by zero.
func TestNoRows(t *testing.T) {
	p := newParties(t, survey())
	r := p.run(func(int) seqRows { return rowsOf() }, upTo(4), upTo(3))
	for i, want := range []string{"0", "0", "none", "none", "none", "0 0 0 0", "none none none none none none", "0 0 0 0", "none none", "0", "0"} {
		require.Equal(t, r.Answers[i].Function+" = "+want, r.Answers[i].String())
	}
}

// A contributor that encrypts what no rows give is noticed where the sum is beyond
// all sums, or does not end in zeros; else it only spoils the result.
func TestOutOfRangeContribution(t *testing.T) {
	for i, spoil := range []func(p *Plan, values []uint64){
		func(_ *Plan, values []uint64) { values[0] = 1<<13 - 1 - 4*1000 },                    // sums go up to 5000
		func(p *Plan, values []uint64) { values[p.layout.scalarsAt()] = 1<<14 - 1 - 4*2000 }, // up to 10000
		func(_ *Plan, values []uint64) { values[len(values)-1] = 1 },
	} {
		for _, mode := range []Mode{Collective, OneShot} {
			spec := counts()
			spec.Mode, spec.Functions, spec.Expert = mode, append(spec.Functions, Sum("cases")), &Expert{Bits: 14}
			p := newParties(t, spec)
			in := p.encrypt(func(int) seqRows { return rowsOf([]float64{1000}, []float64{1000}) })
			var values []uint64
			require.NoError(t, p.plan.encode(0, rowsOf([]float64{0}, []float64{0}), func(chunk []uint64) error {
				values = append(values, chunk...)
				return nil
			}))
			spoil(p.plan, values)

			c, err := p.s.NewContributor(p.contributorKeys[0], p.public)
			require.NoError(t, err)
			var b bytes.Buffer
			out, err := c.newSealer(&b)
			require.NoError(t, err)
			require.NoError(t, out.chunk(values))
			hashes, err := out.finish()
			require.NoError(t, err)
			kind := map[Mode]byte{Collective: kindCommitment, OneShot: kindManifest}[mode]
			c.commitment = sign(append(p.s.appendHeader(nil, kind, 0), hashes...), c.key)
			in.contributors[0], in.contributions[0], in.commitments[0] = c, b.Bytes(), c.commitment

			a := p.aggregate(in, upTo(5), []int{0, 1})
			_, err = p.open(a, p.shares(a, []int{0, 1}))
			require.ErrorIs(t, err, ErrWrong, "case %d", i)
		}
	}
}

// A contributor that knows the others' contributions cannot choose its own to
// cancel them: neither what it commits to then, nor what it sends, is taken.
func TestCancel(t *testing.T) {
	c := collect(t, counts())
	for i := range 4 {
		require.NoError(t, c.add(i))
	}
	a, err := c.aggregator.Close([]int{0, 1})
	require.NoError(t, err)
	// The last one colludes with the aggregator, and makes a contribution of what
	// it has seen, with all signatures that it can make itself.
	chosen := bytes.Clone(c.contributions[0])
	copy(chosen[:headerSize], c.s.appendHeader(nil, kindContribution, 3))
	forged := *a
	forged.inputs = map[int]io.ReaderAt{0: a.inputs[0], 1: a.inputs[1], 2: a.inputs[2], 3: bytes.NewReader(chosen)}
	audit, err := c.keyHolders[0].Audit(a.Call())
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, forged.WriteAudit(&b, 0))
	err = audit.Read(&b)
	require.ErrorIs(t, err, ErrMessage)
	require.ErrorContains(t, err, "not the sum")
	require.Error(t, audit.Share(io.Discard, memoryLog{}))
	// Nor is it better off with the hash of what it has chosen.
	forged.hashes = nil
	b.Reset()
	require.NoError(t, forged.WriteAudit(&b, 0))
	audit, err = c.keyHolders[0].Audit(a.Call())
	require.NoError(t, err)
	err = audit.Read(&b)
	require.ErrorIs(t, err, ErrMessage)
	require.ErrorContains(t, err, "number 3 committed")
	// A roll that was made after the others had shown what they sent has another
	// digest, for which they have not approved.
	other := sign(append(c.s.appendHeader(nil, kindCommitment, 3), make([]byte, 64)...), c.contributorKeys[3])
	commitments := map[int][]byte{0: c.commitments[0], 1: c.commitments[1], 2: c.commitments[2], 3: other}
	approvals := map[int][]byte{0: c.approvals[0], 1: c.approvals[1], 2: c.approvals[2]}
	call := c.s.appendCall(nil, c.s.appendRoll(nil, commitments), approvals, []int{0, 1})
	_, err = c.keyHolders[0].Audit(call)
	require.ErrorIs(t, err, ErrMessage)
	require.ErrorContains(t, err, "another roll")
}

// A process that is killed before it has encrypted anything has spent.
func TestBudgetCrash(t *testing.T) {
	const variable = "DUJIANG_TEST_BUDGET"
	if name := os.Getenv(variable); name != "" {
		b, err := OpenBudget(name, 1, 1e-6)
		require.NoError(t, err)
		require.NoError(t, b.spend([32]byte{1}, &Noise{Epsilon: .75, Delta: 1e-7}))
		p, err := os.FindProcess(os.Getpid())
		require.NoError(t, err)
		p.Kill()
		select {}
	}
	name := filepath.Join(t.TempDir(), "budget")
	cmd := exec.Command(os.Args[0], "-test.run=^TestBudgetCrash$")
	cmd.Env = append(cmd.Environ(), variable+"="+name)
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); !exited {
		t.Skipf("no processes here: %v", err)
	}
	require.False(t, strings.Contains(string(out), "FAIL:"), "%s", out)
	b, err := OpenBudget(name, 1, 1e-6)
	require.NoError(t, err)
	defer b.Close()
	epsilon, delta := b.Left()
	require.InDelta(t, .25, epsilon, 1e-12)
	require.InDelta(t, 9e-7, delta, 1e-15)
	require.ErrorIs(t, b.spend([32]byte{2}, &Noise{Epsilon: .5, Delta: 1e-7}), ErrBudget)
}
