package evidence

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

const origin = "registry.example/evidence"

// key returns the key of somebody, the same one every time.
func key(name string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed)
}

func public(name string) ed25519.PublicKey { return key(name).Public().(ed25519.PublicKey) }

func logKey(t testing.TB, name string) string {
	k, err := LogKey(origin, public(name))
	require.NoError(t, err)
	return k
}

func openLog(t testing.TB, dir string) *Log {
	l, err := Open(dir, &Config{Origin: origin, Signer: key("log")})
	require.NoError(t, err)
	return l
}

func newLog(t testing.TB) *Log {
	l := openLog(t, t.TempDir())
	t.Cleanup(func() { l.Close() })
	return l
}

// at is the time on the witnesses' clocks.
func at() time.Time { return time.Unix(1_790_000_000, 0) }

func newWitness(t testing.TB, name string) *Witness {
	w, err := OpenWitness(filepath.Join(t.TempDir(), name), &WitnessConfig{Name: name, Signer: key(name), Logs: []string{logKey(t, "log")}, Now: at})
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

func record(i int) []byte { return fmt.Appendf(nil, "record %d", i) }

// salt is fixed so that tests repeat; records of a real log have NewSalt.
func salt(i int) Salt { return Salt{byte(i), byte(i >> 8), byte(i >> 16), 1} }

// extend appends records first to last-1.
func extend(t testing.TB, l *Log, first, last int) {
	var leaves []Commitment
	for i := first; i < last; i++ {
		leaves = append(leaves, salt(i).Commit(record(i)))
	}
	index, err := l.Append(leaves...)
	require.NoError(t, err)
	require.EqualValues(t, first, index)
}

func publish(t testing.TB, l *Log, witnesses ...Cosigner) Checkpoint {
	c, err := l.Publish(context.Background(), witnesses...)
	require.NoError(t, err)
	return c
}

func policy(t testing.TB, quorum int, witnesses ...*Witness) *Policy {
	var keys []string
	for _, w := range witnesses {
		keys = append(keys, w.Key())
	}
	p, err := NewPolicy(logKey(t, "log"), quorum, keys...)
	require.NoError(t, err)
	return p
}

// Every record of logs of many sizes has a proof, also after more were added and
// after the log was closed and opened, and each proof is for that record only.
func TestProve(t *testing.T) {
	dir := t.TempDir()
	p := policy(t, 0)
	size := 0
	for _, next := range []int{0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 700} {
		l := openLog(t, dir)
		if next > 0 {
			_, err := l.Prove(int64(next-1), salt(next-1), record(next-1))
			require.ErrorIs(t, err, ErrUnpublished)
		}
		extend(t, l, size, next)
		size = next
		c := publish(t, l)
		require.EqualValues(t, size, c.Size)
		for i := 0; i < size; i += 1 + size/40 {
			proof, err := l.Prove(int64(i), salt(i), record(i))
			require.NoError(t, err)
			v, err := p.Verify(proof)
			require.NoError(t, err)
			require.Equal(t, &Verified{Record: record(i), Index: int64(i), Checkpoint: c}, v)
			_, err = p.VerifyDetached(proof, record(i+1))
			require.ErrorIs(t, err, ErrInvalid)

			proof, err = l.ProveDetached(int64(i), salt(i), record(i))
			require.NoError(t, err)
			_, err = p.Verify(proof)
			require.ErrorIs(t, err, ErrDetached)
			_, err = p.VerifyDetached(proof, record(i))
			require.NoError(t, err)
			_, err = p.VerifyDetached(proof, record(i+1))
			require.ErrorIs(t, err, ErrInvalid)

			_, err = l.Prove(int64(i), salt(i+1), record(i))
			require.ErrorContains(t, err, "another record or salt")
		}
		_, err := l.Prove(-1, salt(0), record(0))
		require.ErrorContains(t, err, "an index from 0")
		_, err = l.Prove(0, salt(0), make([]byte, MaxRecord+1))
		require.ErrorContains(t, err, "a record of at most")
		require.NoError(t, l.Close())
	}
}

// Every bit of a proof counts, except in what a reader must ignore: there is
// nothing of that kind in a proof whose signers are all known.
func TestFlippedProof(t *testing.T) {
	l := newLog(t)
	extend(t, l, 0, 300)
	a, b := newWitness(t, "a.example"), newWitness(t, "b.example")
	publish(t, l, a, b)
	p := policy(t, 2, a, b)
	proof, err := l.Prove(123, salt(123), record(123))
	require.NoError(t, err)
	_, err = p.Verify(proof)
	require.NoError(t, err)
	_, err = p.Verify(proof) // under a checkpoint that is known by now
	require.NoError(t, err)
	for i := range len(proof) {
		for bit := range 8 {
			if testing.Short() && bit != i%8 {
				continue
			}
			flipped := bytes.Clone(proof)
			flipped[i] ^= 1 << bit
			_, err := p.Verify(flipped)
			require.Error(t, err, "byte %d bit %d", i, bit)
		}
		_, err := p.Verify(proof[:i])
		require.ErrorIs(t, err, ErrInvalid, "cut at %d", i)
	}
	_, err = p.Verify(append(bytes.Clone(proof), '\n'))
	require.ErrorIs(t, err, ErrInvalid)
}

func TestMalformedProof(t *testing.T) {
	l := newLog(t)
	extend(t, l, 0, 5)
	publish(t, l)
	p := policy(t, 0)
	proof, err := l.Prove(3, salt(3), record(3))
	require.NoError(t, err)
	lines := strings.Split(string(proof), "\n")
	for name, change := range map[string]func(l []string){
		"other version":   func(l []string) { l[0] = "c2sp.org/tlog-proof@v2" },
		"no salt":         func(l []string) { l[1] = "extra AQ==" },
		"no extra":        func(l []string) { l[1] = "index 3" },
		"line end inside": func(l []string) { l[1] = l[1][:20] + "\r" + l[1][20:] },
		"leading zero":    func(l []string) { l[2] = "index 03" },
		"plus":            func(l []string) { l[2] = "index +3" },
		"negative":        func(l []string) { l[2] = "index -3" },
		"huge":            func(l []string) { l[2] = "index 99999999999999999999" },
		"next index":      func(l []string) { l[2] = "index 4" },
		"hash missing":    func(l []string) { l[3] = l[4] },
		"many hashes":     func(l []string) { l[3] = strings.Repeat(l[3]+"\n", 100) + l[3] },
		"hash too short":  func(l []string) { l[3] = l[3][4:] },
		"hash not strict": func(l []string) { l[3] = l[3][:42] + "F=" },
		"\r in a hash":    func(l []string) { l[3] = l[3][:20] + "\r" + l[3][20:] },
	} {
		t.Run(name, func(t *testing.T) {
			changed := append([]string(nil), lines...)
			change(changed)
			_, err := p.Verify([]byte(strings.Join(changed, "\n")))
			require.ErrorIs(t, err, ErrInvalid)
		})
	}
	_, err = p.Verify(make([]byte, maxProof+1))
	require.ErrorIs(t, err, ErrInvalid)
}

func TestForgedCheckpoint(t *testing.T) {
	l := newLog(t)
	extend(t, l, 0, 5)
	w, other := newWitness(t, "w.example"), newWitness(t, "o.example")
	publish(t, l, w)
	_, signed := l.Latest()
	text, _, _ := strings.Cut(string(signed), "\n\n")
	text += "\n"
	sign := func(name string, typ byte, who string) []byte {
		s, err := newSigner(name, typ, key(who), at)
		require.NoError(t, err)
		forged, err := note.Sign(&note.Note{Text: text}, s)
		require.NoError(t, err)
		return forged
	}
	p := policy(t, 1, w)
	c, err := p.Checkpoint(signed)
	require.NoError(t, err)
	require.Equal(t, at().UTC(), c.Witnessed)

	for name, forged := range map[string][]byte{
		"another key":       sign(origin, typeEd25519, "mallory"),
		"no cosignature":    sign(origin, typeEd25519, "log"),
		"no log signature":  sign("w.example", typeCosignature, "w.example"),
		"no signature":      []byte(text),
		"empty":             nil,
		"another log":       bytes.ReplaceAll(signed, []byte(origin), []byte("registry.example/other")),
		"larger":            bytes.Replace(signed, []byte("\n5\n"), []byte("\n6\n"), 1),
		"beyond arithmetic": bytes.Replace(signed, []byte("\n5\n"), []byte("\n9223372036854775807\n"), 1),
		"too long":          append(bytes.Clone(signed), make([]byte, maxCheckpoint)...),
	} {
		_, err := p.Checkpoint(forged)
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	_, err = policy(t, 1, other).Checkpoint(signed)
	require.ErrorContains(t, err, "0 cosignatures of known witnesses, 1 are demanded")

	// What another key of the same log or witness signed is nobody's whom the reader
	// knows, and spoils nothing.
	for _, rotated := range [][]byte{sign(origin, typeEd25519, "new"), sign("w.example", typeCosignature, "new"), sign("new.example", typeCosignature, "w.example")} {
		c, err := p.Checkpoint(append(bytes.Clone(signed), rotated[len(text)+1:]...))
		require.NoError(t, err)
		require.EqualValues(t, 5, c.Size)
	}
	// A witness that has the name of the log does not sign for it.
	namesake, err := WitnessKey(origin, public("w.example"))
	require.NoError(t, err)
	p, err = NewPolicy(logKey(t, "log"), 0, namesake)
	require.NoError(t, err)
	_, err = p.Checkpoint(sign(origin, typeCosignature, "w.example"))
	require.ErrorContains(t, err, "not signed by its log")

	// Signed by the log itself, but no tree can be so large.
	text = origin + "\n9223372036854775807\n" + strings.Repeat("A", 43) + "=\n"
	_, err = policy(t, 0).Checkpoint(sign(origin, typeEd25519, "log"))
	require.ErrorIs(t, err, ErrInvalid)
}

// A log may sign what it likes: readers and witnesses take nothing but a checkpoint
// of it, and do not fall over anything.
func TestStrangeCheckpoint(t *testing.T) {
	root := strings.Repeat("A", 43) + "=\n"
	long := strings.Repeat("A", 1024)
	s, err := newSigner(origin, typeEd25519, key("log"), nil)
	require.NoError(t, err)
	for text, good := range map[string]bool{
		origin + "\n5\n" + root:                 true,
		origin + "\n5\n" + root + "extension\n": true,
		origin + "\n":                           false,
		origin + "\n5\n":                        false,
		origin + "\n\n":                         false,
		"\n5\n" + root:                          false,
		origin + "\n5\n" + root + "\nx\n":       false,
		origin + "\n05\n" + root:                false,
		origin + "\n72057594037927936\n" + root: true,
		origin + "\n72057594037927937\n" + root: false,
		origin + "\n-5\n" + root:                false,
		origin + "\n5\n" + root[4:]:             false,
		"other.example\n5\n" + root:             false,
	} {
		signed, err := note.Sign(&note.Note{Text: text}, s)
		require.NoError(t, err)
		_, err = policy(t, 0).Checkpoint(signed)
		if good {
			require.NoError(t, err, "%q", text)
		} else {
			require.ErrorIs(t, err, ErrInvalid, "%q", text)
		}
		_, err = newWitness(t, "w.example").Cosign(t.Context(), formatRequest(0, nil, signed))
		if good {
			require.NoError(t, err, "%q", text)
		} else {
			require.Error(t, err, "%q", text)
		}
		for range 90 {
			signed = append(signed, "— x.example "+long+"\n"...)
		}
		_, err = policy(t, 0).Checkpoint(signed)
		require.ErrorIs(t, err, ErrInvalid, "too long")
	}
}

func TestCheckConsistency(t *testing.T) {
	l := newLog(t)
	extend(t, l, 0, 5)
	earlier := publish(t, l)
	extend(t, l, 5, 9)
	later := publish(t, l)
	proof, err := l.Consistency(5, 9)
	require.NoError(t, err)
	require.NoError(t, CheckConsistency(earlier, later, proof))
	for _, sizes := range [][2]int64{{-1, 9}, {6, 5}, {5, 10}} {
		_, err := l.Consistency(sizes[0], sizes[1])
		require.ErrorContains(t, err, "the log has 9", sizes)
	}
	for _, sizes := range [][2]int64{{0, 9}, {9, 9}} {
		proof, err := l.Consistency(sizes[0], sizes[1])
		require.NoError(t, err)
		require.Empty(t, proof)
	}
	for name, change := range map[string]func(a, b *Checkpoint, proof *[][32]byte){
		"another log":  func(_, b *Checkpoint, _ *[][32]byte) { b.Origin = "other.example" },
		"rolled back":  func(a, b *Checkpoint, _ *[][32]byte) { *a, *b = *b, *a },
		"another root": func(a, _ *Checkpoint, _ *[][32]byte) { a.Root[0] ^= 1 },
		"forked":       func(_, b *Checkpoint, _ *[][32]byte) { b.Root[0] ^= 1 },
		"from nothing": func(a, _ *Checkpoint, p *[][32]byte) { *a, *p = Checkpoint{Origin: origin, Root: emptyRoot}, nil },
		"negative":     func(a, _ *Checkpoint, _ *[][32]byte) { a.Size = -1 },
		"huge":         func(_, b *Checkpoint, _ *[][32]byte) { b.Size = 1<<63 - 1 },
		"no proof":     func(_, _ *Checkpoint, p *[][32]byte) { *p = nil },
		"long proof":   func(_, _ *Checkpoint, p *[][32]byte) { *p = append(*p, make([][32]byte, 100)...) },
	} {
		a, b, p := earlier, later, append([][32]byte(nil), proof...)
		change(&a, &b, &p)
		require.ErrorIs(t, CheckConsistency(a, b, p), ErrInvalid, name)
	}
}

func TestPolicyRefuses(t *testing.T) {
	w, v := newWitness(t, "w.example"), newWitness(t, "v.example")
	alias, err := WitnessKey("alias.example", public("w.example"))
	require.NoError(t, err)
	same, err := WitnessKey("w.example", public("other"))
	require.NoError(t, err)
	self, err := WitnessKey("self.example", public("log"))
	require.NoError(t, err)
	for _, keys := range [][]string{{w.Key(), w.Key()}, {w.Key(), alias}, {w.Key(), same}, {v.Key(), self}, {v.Key(), logKey(t, "log")}, {"nonsense", v.Key()}} {
		_, err := NewPolicy(logKey(t, "log"), 1, keys...)
		require.Error(t, err)
	}
	for _, quorum := range []int{-1, 3} {
		_, err := NewPolicy(logKey(t, "log"), quorum, w.Key(), v.Key())
		require.Error(t, err)
	}
	var many []string
	for i := range 91 {
		k, err := WitnessKey(fmt.Sprint(i), public(fmt.Sprint(i)))
		require.NoError(t, err)
		many = append(many, k)
	}
	_, err = NewPolicy(logKey(t, "log"), 1, many[:90]...)
	require.NoError(t, err)
	_, err = NewPolicy(logKey(t, "log"), 1, many...)
	require.ErrorContains(t, err, "at most 90")
	for _, k := range []string{"", "w.example", "w.example+", "w.example+00000000", "w.example+00000000+", "w.example+00000000+BA==", "w.example+00000000+!"} {
		_, err := NewPolicy(logKey(t, "log"), 1, k)
		require.Error(t, err, k)
	}
	for _, k := range []ed25519.PublicKey{nil, public("log")[1:]} {
		_, err := LogKey(origin, k)
		require.ErrorContains(t, err, "no Ed25519 public key")
	}
	_, err = NewPolicy(w.Key(), 0)
	require.ErrorContains(t, err, "differ")
	for _, name := range []string{"", "a b", "a+b", "a\nb", strings.Repeat("a", 256), "\xff"} {
		_, err := LogKey(name, public("log"))
		require.Error(t, err)
	}
	broken := []byte(w.Key())
	for i := range broken {
		broken := bytes.Clone(broken)
		broken[i] ^= 1
		_, err := NewPolicy(logKey(t, "log"), 1, string(broken))
		require.Error(t, err, "byte %d", i)
	}
}

// Witnessed is the time that a quorum agrees on, which one fast clock does not
// move.
func TestWitnessed(t *testing.T) {
	l := newLog(t)
	extend(t, l, 0, 1)
	var cosigners []Cosigner
	var keys []string
	for i, offset := range []int64{50, -100, 1 << 40} {
		name := fmt.Sprintf("w%d.example", i)
		w, err := OpenWitness(filepath.Join(t.TempDir(), name), &WitnessConfig{Name: name, Signer: key(name), Logs: []string{logKey(t, "log")},
			Now: func() time.Time { return at().Add(time.Duration(min(offset, 1<<30)) * time.Second) }})
		require.NoError(t, err)
		defer w.Close()
		cosigners, keys = append(cosigners, w), append(keys, w.Key())
	}
	publish(t, l, cosigners...)
	_, signed := l.Latest()
	for quorum, want := range map[int]time.Duration{2: 50 * time.Second, 3: -100 * time.Second} {
		p, err := NewPolicy(logKey(t, "log"), quorum, keys...)
		require.NoError(t, err)
		c, err := p.Checkpoint(signed)
		require.NoError(t, err)
		require.Equal(t, at().Add(want).UTC(), c.Witnessed)
	}
}

func TestSaltPrintsNothing(t *testing.T) {
	s := NewSalt()
	require.NotEqual(t, s, NewSalt())
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %s %+v", s, s, s), fmt.Sprintf("%#v", s), s.LogValue().String()} {
		require.Contains(t, text, "evidence.Salt")
		require.NotContains(t, text, fmt.Sprintf("%d", s[0])+" ")
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "salt", s)
	require.Contains(t, out.String(), "salt=evidence.Salt")
}

// Records that differ, or salts, give commitments that differ.
func TestCommit(t *testing.T) {
	seen := map[Commitment]bool{}
	for i := range 20 {
		for j := range 20 {
			seen[salt(i).Commit(record(j))] = true
		}
	}
	require.Len(t, seen, 400)
}

func TestConcurrentAppend(t *testing.T) {
	l := newLog(t)
	var mu sync.Mutex
	at := map[int64]int{}
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := w * 100; i < w*100+100; i++ {
				index, err := l.Append(salt(i).Commit(record(i)))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				at[index] = i
				mu.Unlock()
				if i%10 == 0 {
					if _, err := l.Publish(context.Background()); err != nil {
						t.Error(err)
					}
				}
				if _, err := l.Prove(index, salt(i), record(i)); err != nil && !errors.Is(err, ErrUnpublished) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	require.Len(t, at, 800)
	publish(t, l)
	for index, i := range at {
		_, err := l.Prove(index, salt(i), record(i))
		require.NoError(t, err)
	}
}

func TestConfig(t *testing.T) {
	for _, cfg := range []*Config{nil, {Origin: origin}, {Signer: key("log")}, {Origin: "a b", Signer: key("log")}} {
		_, err := Open(t.TempDir(), cfg)
		require.Error(t, err)
	}
	dir := t.TempDir()
	l := openLog(t, dir)
	extend(t, l, 0, 3)
	publish(t, l)
	require.NoError(t, l.Close())
	_, err := Open(dir, &Config{Origin: origin, Signer: key("other")})
	require.ErrorContains(t, err, "another origin or key")
	_, err = Open(dir, &Config{Origin: "other.example", Signer: key("log")})
	require.ErrorContains(t, err, "another origin or key")
	var seen []Commitment
	l, err = Open(dir, &Config{Origin: origin, Signer: key("log"), Replay: func(i int64, c Commitment) error {
		require.EqualValues(t, len(seen), i)
		seen = append(seen, c)
		return nil
	}})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Equal(t, []Commitment{salt(0).Commit(record(0)), salt(1).Commit(record(1)), salt(2).Commit(record(2))}, seen)
	for _, cfg := range []*WitnessConfig{nil, {Name: "w", Signer: key("w")}, {Name: "w", Now: at}, {Name: "w", Signer: key("w"), Now: at, Logs: []string{"x"}}} {
		_, err := OpenWitness(filepath.Join(t.TempDir(), "w"), cfg)
		require.Error(t, err)
	}
}

// Tiles are what the entries say, whatever happened to their files, and what
// was published cannot be taken away from the log unnoticed.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	extend(t, l, 0, 1000)
	publish(t, l)
	want, err := l.Prove(5, salt(5), record(5))
	require.NoError(t, err)
	require.NoError(t, l.Close())

	tile := filepath.Join(dir, "tile", "0")
	b, err := os.ReadFile(tile)
	require.NoError(t, err)
	b[6*32] ^= 1
	require.NoError(t, os.WriteFile(tile, b, 0o600))
	require.NoError(t, os.Remove(filepath.Join(dir, "tile", "entries")))
	l = openLog(t, dir)
	l.tree.cache = map[tileID]*expanded{} // so that the file is read
	got, err := l.Prove(5, salt(5), record(5))
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, l.Close())

	entries := filepath.Join(dir, "entries")
	b, err = os.ReadFile(entries)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(entries, b[:len(b)-1], 0o600))
	_, err = Open(dir, &Config{Origin: origin, Signer: key("log")})
	require.ErrorContains(t, err, "from a copy")
	require.NoError(t, os.Remove(entries))
	other := openLog(t, t.TempDir())
	extend(t, other, 0, 999)
	_, err = other.Append(Commitment{})
	require.NoError(t, err)
	other.Close()
	b, err = os.ReadFile(filepath.Join(filepath.Dir(other.tree.dir), "entries"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(entries, b, 0o600))
	_, err = Open(dir, &Config{Origin: origin, Signer: key("log")})
	require.ErrorContains(t, err, "not those that were published")

	// A file of whole records, which are of something else.
	dir = t.TempDir()
	f, err := appendfile.Open(filepath.Join(dir, "entries"), 100, func([]byte) error { return nil })
	require.NoError(t, err)
	require.NoError(t, f.Append(make([]byte, 33)))
	require.NoError(t, f.Close())
	_, err = Open(dir, &Config{Origin: origin, Signer: key("log")})
	require.ErrorContains(t, err, "not of a log")
}

// A log is never larger than its readers take, and what does not fit is refused as
// a whole.
func TestFull(t *testing.T) {
	l := newLog(t)
	l.tree.size = maxSize - 1
	_, err := l.queue(make([]Commitment, 2))
	require.ErrorContains(t, err, "full")
	require.EqualValues(t, int64(maxSize-1), l.size())
	first, err := l.queue(make([]Commitment, 1))
	require.NoError(t, err)
	require.EqualValues(t, int64(maxSize-1), first)
	_, err = l.queue(make([]Commitment, 1))
	require.ErrorContains(t, err, "full")
}

// When the disk fails, nothing more is acknowledged, signed or cosigned, and
// what was published stays.
func TestDiskFails(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	extend(t, l, 0, 300)
	before := publish(t, l)
	require.NoError(t, l.entries.Close()) // the next write fails
	for range 2 {
		_, err := l.Append(Commitment{1})
		require.Error(t, err)
		_, err = l.Publish(context.Background())
		require.Error(t, err)
	}
	after, _ := l.Latest()
	require.Equal(t, before, after)
	require.Error(t, l.Close())

	l = openLog(t, dir)
	require.EqualValues(t, 300, l.size())
	require.NoError(t, l.tree.files[0].Close()) // of which the log can do without
	extend(t, l, 300, 301)
	leaves := make([]Commitment, 600)
	_, err := l.Append(leaves...)
	require.ErrorContains(t, err, "open the log again")
	// Also when the disk works again: the tree is not what the entries say.
	l.tree.files[0], err = l.tree.file("0")
	require.NoError(t, err)
	size := l.size()
	_, err = l.Append(Commitment{1})
	require.ErrorContains(t, err, "open the log again")
	require.Equal(t, size, l.size())
	l.Close()
	l = openLog(t, dir)
	require.GreaterOrEqual(t, l.size(), int64(301))
	publish(t, l)
	require.NoError(t, l.Close())
}
