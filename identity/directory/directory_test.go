package directory

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

var key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// owned accepts what key signed.
func owned(_ *Record, statement, signature []byte) error {
	if !ed25519.Verify(key.Public().(ed25519.PublicKey), statement, signature) {
		return errors.New("wrong signature")
	}
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var holder = must(identity.ParseSubject("91110000600037341L"))

// record returns the record number i of a made-up catalogue over 226 regions.
func record(i int) Record {
	area := must(identity.ParseArea(fmt.Sprintf("%04d", 1101+i%226)))
	offices := []string{"气象局", "公安局", "民政局", "市场监督管理局", "卫生健康委员会"}
	topics := []string{"观测数据", "企业登记", "学校名录", "公交线路", "水质监测"}
	office, topic := offices[i/226%5], topics[i/1130%5]
	return Record{
		Code:     must(identity.Mint(identity.Resource, holder, area)),
		Path:     must(identity.ParsePath(fmt.Sprintf("%s/%s/%s/%d", area, office, topic, i))),
		Title:    fmt.Sprintf("%s%s第%d号", office, topic, i),
		Summary:  "每小时更新一次，包括编号、名称与地址 Updated hourly",
		Keywords: []string{topic, "开放"},
		Location: "https://node.example.cn/data",
		Rights:   []Right{{Hold, holder}, {Process, holder}},
		Status:   Active, Version: 1,
	}
}

func sign(r Record) Signed {
	return Signed{r, ed25519.Sign(key, must(r.Statement()))}
}

func open(t testing.TB, path string, log *evidence.Log) *Directory {
	t.Helper()
	d, err := Open(path, &Config{Verify: owned, Log: log})
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func newLog(t testing.TB, dir string) *evidence.Log {
	t.Helper()
	l, err := evidence.Open(dir, &evidence.Config{Origin: "log.example.cn", Signer: key})
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func TestRegisterAndResolve(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory")
	d := open(t, path, nil)
	var all []Signed
	for i := range 20 {
		r := record(i)
		if i == 3 {
			r.Aliases = []identity.Alias{must(identity.ParseAlias("10.1000/182")), must(identity.ParseAlias("local:旧-3"))}
			r.Predecessor = all[0].Record.Code
			r.Policy = "sha256:00"
		}
		all = append(all, sign(r))
	}
	require.NoError(t, d.Register(all[:10]...))
	require.NoError(t, d.Register(all[10:]...))

	// A new version moves the path; the old one redirects.
	next := all[5].Record
	next.Version, next.Path, next.Status = 2, must(identity.ParsePath("1106/新局/新名")), Suspended
	require.NoError(t, d.Register(sign(next)))

	check := func(d *Directory) {
		require.Equal(t, 20, d.Len())
		for i, want := range all {
			if i == 5 {
				want = sign(next)
			}
			got, err := d.Resolve(want.Record.Code)
			require.NoError(t, err)
			require.Equal(t, want, got)
			got, err = d.ResolvePath(all[i].Record.Path)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		got, err := d.ResolveAlias(must(identity.ParseAlias("local:旧-3")))
		require.NoError(t, err)
		require.Equal(t, all[3], got)
		_, err = d.Resolve(record(0).Code)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = d.ResolvePath(must(identity.ParsePath("1101/a")))
		require.ErrorIs(t, err, ErrNotFound)
		_, err = d.ResolveAlias(must(identity.ParseAlias("local:a")))
		require.ErrorIs(t, err, ErrNotFound)
		found, err := d.Search(&Query{Text: "观测", Limit: 1000})
		require.NoError(t, err)
		require.Len(t, found, 20)
		require.Equal(t, sign(next), found[19]) // changed last
	}
	check(d)
	require.NoError(t, d.Close())
	check(open(t, path, nil))
}

func TestOpenRefuses(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "x"), &Config{})
	require.Error(t, err)
}

func TestValidate(t *testing.T) {
	for name, f := range map[string]func(*Record){
		"code":        func(r *Record) { r.Code = identity.Code{} },
		"version":     func(r *Record) { r.Version = 0 },
		"large":       func(r *Record) { r.Version = 1 << 53 },
		"status":      func(r *Record) { r.Status = "a" },
		"title":       func(r *Record) { r.Title = "" },
		"control":     func(r *Record) { r.Title = "a\nb" },
		"direction":   func(r *Record) { r.Title = "a\u202eb" },
		"separator":   func(r *Record) { r.Summary = "a\u2028b" },
		"UTF-8":       func(r *Record) { r.Policy = "\xff" },
		"long":        func(r *Record) { r.Summary = strings.Repeat("a", 4097) },
		"http":        func(r *Record) { r.Location = "http://a" },
		"user":        func(r *Record) { r.Location = "https://u:p@a" },
		"script":      func(r *Record) { r.Location = "javascript:alert(1)" },
		"keyword":     func(r *Record) { r.Keywords = []string{""} },
		"keywords":    func(r *Record) { r.Keywords = make([]string, 33) },
		"alias":       func(r *Record) { r.Aliases = []identity.Alias{{Scheme: "doi", Number: "1"}} },
		"right":       func(r *Record) { r.Rights = []Right{{"own", holder}} },
		"nobody":      func(r *Record) { r.Rights = []Right{{Kind: Hold}} },
		"predecessor": func(r *Record) { r.Predecessor = r.Code },
	} {
		r := record(0)
		f(&r)
		require.Error(t, r.Validate(), name)
		_, err := r.Statement()
		require.Error(t, err, name)
	}
}

// The statement is what RFC 8785 makes of the record.
func TestStatementIsCanonical(t *testing.T) {
	r := record(0)
	r.Title = `<&>"\ é 数据 😀`
	r.Aliases = []identity.Alias{must(identity.ParseAlias("hdl:88.1/<a&b>"))}
	r.Predecessor, r.Policy, r.Version = record(1).Code, "p", maxVersion
	got := string(must(r.Statement()))
	require.True(t, strings.HasPrefix(got, statementDomain))
	require.Equal(t, string(must(jcs.Transform([]byte(got[len(statementDomain):])))), got[len(statementDomain):])
	s := sign(r)
	require.Equal(t, string(must(jcs.Transform(s.Leaf()))), string(s.Leaf()))
}

func TestStoredForm(t *testing.T) {
	r := record(0)
	r.Aliases = []identity.Alias{must(identity.ParseAlias("10.1000/182"))}
	s := sign(r)
	stored := string(appendEntry(nil, &s, [saltSize]byte{1}))
	got, salt, err := decodeEntry(stored)
	require.NoError(t, err)
	require.Equal(t, s, got)
	require.Equal(t, [saltSize]byte{1}, salt)
	for i := range stored {
		_, _, err := decodeEntry(stored[:i])
		require.Error(t, err)
		for bit := range 8 { // an error or another record, never a panic
			flipped := []byte(stored)
			flipped[i] ^= 1 << bit
			_, _, _ = decodeEntry(string(flipped))
		}
	}
	_, _, err = decodeEntry(stored + "\x00")
	require.Error(t, err)
}

func TestGallop(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		var l []uint32
		for x := uint32(0); len(l) < n; x += 1 + rng.Uint32N(4) {
			l = append(l, x)
		}
		for id := range uint32(170) {
			want := 0
			for want < n && l[want] < id {
				want++
			}
			require.Equal(t, want, gallop(l, id), "%v %d", l, id)
		}
	}
}

func TestProof(t *testing.T) {
	dir := t.TempDir()
	log := newLog(t, filepath.Join(dir, "log"))
	d := open(t, filepath.Join(dir, "directory"), log)
	s, s2 := sign(record(1)), sign(record(2))
	require.NoError(t, d.Register(s, s2))
	_, err := d.Prove(s.Record.Code)
	require.ErrorIs(t, err, evidence.ErrUnpublished)
	_, err = log.Publish(context.Background())
	require.NoError(t, err)
	proof, err := d.Prove(s2.Record.Code)
	require.NoError(t, err)
	policy := must(evidence.NewPolicy(must(evidence.LogKey("log.example.cn", key.Public().(ed25519.PublicKey))), 0))
	got, v, err := VerifyProof(policy, proof, owned)
	require.NoError(t, err)
	require.Equal(t, s2, *got)
	require.EqualValues(t, 1, v.Index)
	step := 1
	if testing.Short() {
		step = 13
	}
	for i := 0; i < len(proof); i += step {
		bad := []byte(string(proof))
		bad[i] ^= 1
		if got, _, err := VerifyProof(policy, bad, owned); err == nil {
			require.Equal(t, s2, *got)
		}
	}
	_, _, err = VerifyProof(policy, proof, func(*Record, []byte, []byte) error { return errors.New("no") })
	require.EqualError(t, err, "no")
	_, err = d.Prove(record(9).Code)
	require.ErrorIs(t, err, ErrNotFound)

	// What a crash kept from the log is logged when the directory opens.
	require.NoError(t, d.Close())
	d = open(t, filepath.Join(dir, "directory"), nil)
	s3 := sign(record(3))
	require.NoError(t, d.Register(s3))
	_, err = d.Prove(s3.Record.Code)
	require.Error(t, err)
	require.NoError(t, d.Close())
	d = open(t, filepath.Join(dir, "directory"), log)
	_, err = log.Publish(context.Background())
	require.NoError(t, err)
	for _, want := range []Signed{s, s2, s3} {
		got, _, err := VerifyProof(policy, must(d.Prove(want.Record.Code)), owned)
		require.NoError(t, err)
		require.Equal(t, want, *got)
	}
}

func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory")
	d := open(t, path, nil)
	for i := range 3 {
		require.NoError(t, d.Register(sign(record(i))))
	}
	require.NoError(t, d.Close())
	b := must(os.ReadFile(path))
	b[60] ^= 1
	require.NoError(t, os.WriteFile(path, b, 0o600))
	_, err := Open(path, &Config{Verify: owned})
	require.Error(t, err)
}

func FuzzDecodeEntry(f *testing.F) {
	s := sign(record(0))
	f.Add(string(appendEntry(nil, &s, [saltSize]byte{})))
	s.Record.Aliases = []identity.Alias{must(identity.ParseAlias("10.1000/182"))}
	f.Add(string(appendEntry(nil, &s, [saltSize]byte{})))
	f.Add("")
	f.Fuzz(func(t *testing.T, stored string) {
		s, salt, err := decodeEntry(stored)
		if err != nil {
			return
		}
		again, salt2, err := decodeEntry(string(appendEntry(nil, &s, salt)))
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.Equal(t, salt, salt2)
	})
}
