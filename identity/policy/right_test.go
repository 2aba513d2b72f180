package policy

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
)

const integrityVectors = "../../../shared/vectors/w3c-vc-di-eddsa/"

func vector(t *testing.T, name string) []byte {
	b, err := os.ReadFile(integrityVectors + name)
	if err != nil {
		t.Skip("the vectors are not beside the project")
	}
	return b
}

// The published example of eddsa-jcs-2022, step by step.
func TestIntegrityVectors(t *testing.T) {
	var pair struct{ PublicKeyMultibase, PrivateKeyMultibase string }
	require.NoError(t, json.Unmarshal(vector(t, "keyPair.json"), &pair))
	public, err := keyOf(didKey + pair.PublicKeyMultibase)
	require.NoError(t, err)
	seed, ok := unbase58(pair.PrivateKeyMultibase[1:], 34)
	require.True(t, ok)
	private := ed25519.NewKeyFromSeed(seed[2:])
	require.True(t, public.Equal(private.Public()))

	var document, config map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(vector(t, "unsigned.json"), &document))
	require.NoError(t, json.Unmarshal(vector(t, "eddsa-jcs-2022/proofConfigJCS.json"), &config))
	data, _, err := hashData(document, config)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(vector(t, "eddsa-jcs-2022/combinedHashJCS.txt"))), hex.EncodeToString(data))

	created, err := time.Parse(time.RFC3339, "2023-02-24T23:36:38Z")
	require.NoError(t, err)
	secured, err := Secure(vector(t, "unsigned.json"), private, created)
	require.NoError(t, err)
	require.JSONEq(t, string(vector(t, "eddsa-jcs-2022/signedJCS.json")), string(secured))
	got, key, err := Unsecure(vector(t, "eddsa-jcs-2022/signedJCS.json"))
	require.NoError(t, err)
	require.True(t, key.Equal(public))
	require.JSONEq(t, string(vector(t, "unsigned.json")), string(got))

	_, _, err = Unsecure(vector(t, "eddsa-rdfc-2022/signedDataInt.json"))
	require.ErrorIs(t, err, ErrCredential, "another suite")
	_, _, err = Unsecure(vector(t, "proof-set-chain/signedProofSet1.json"))
	require.ErrorIs(t, err, ErrCredential)
}

// The published hashes and signatures of all suites, as far as they can be followed
// without expanding JSON-LD: those of eddsa-jcs-2022 verify, all others are refused.
func TestIntegrityVectorsOfAllSuites(t *testing.T) {
	read := map[string]bool{"LICENSE.md": true, "employmentAuth.json": true, "unsigned.json": true, "keyPair.json": true}
	get := func(name string) []byte {
		read[name] = true
		return bytes.TrimSpace(vector(t, name))
	}
	for folder, suffix := range map[string]string{
		"eddsa-jcs-2022": "JCS", "eddsa-rdfc-2022": "DataInt", "eddsa-rdfc-2022/employ": "DataInt", "Ed25519Signature2020": "EdSig",
	} {
		file := func(name, ext string) []byte { return get(folder + "/" + name + suffix + ext) }
		var combined []byte
		for _, part := range []string{"proof", "doc"} {
			canonical := file(map[string]string{"proof": "proofCanon", "doc": "canonDoc"}[part], ".txt")
			if folder != "eddsa-jcs-2022" {
				canonical = append(canonical, '\n') // the last of N-Quads
			}
			sum := sha256.Sum256(canonical)
			require.Equal(t, string(file(part+"Hash", ".txt")), hex.EncodeToString(sum[:]), "%s %s", folder, part)
			combined = append(combined, sum[:]...)
		}
		require.Equal(t, string(file("combinedHash", ".txt")), hex.EncodeToString(combined))
		signature, err := hex.DecodeString(string(file("sigHex", ".txt")))
		require.NoError(t, err)
		require.Equal(t, string(file("sigBTC58", ".txt")), "z"+base58(signature))

		var config, secured struct {
			VerificationMethod string
			Proof              struct{ VerificationMethod, ProofValue string }
		}
		require.NoError(t, json.Unmarshal(file("proofConfig", ".json"), &config))
		require.NoError(t, json.Unmarshal(file("signed", ".json"), &secured))
		require.Equal(t, "z"+base58(signature), secured.Proof.ProofValue)
		did, _, _ := strings.Cut(config.VerificationMethod, "#")
		key, err := keyOf(did)
		require.NoError(t, err)
		require.True(t, ed25519.Verify(key, combined, signature), folder)
		_, _, err = Unsecure(file("signed", ".json"))
		if folder == "eddsa-jcs-2022" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "is not a DataIntegrityProof of eddsa-jcs-2022")
		}
	}

	// Sets and chains of proofs are of another suite; nothing of them is taken for
	// one proof.
	var pairs map[string]struct{ PublicKeyMultibase, PrivateKeyMultibase string }
	require.NoError(t, json.Unmarshal(get("proof-set-chain/multiKeyPairs.json"), &pairs))
	require.Len(t, pairs, 4)
	known := map[string]bool{}
	for _, pair := range pairs {
		public, err := keyOf(didKey + pair.PublicKeyMultibase)
		require.NoError(t, err)
		seed, ok := unbase58(pair.PrivateKeyMultibase[1:], 34)
		require.True(t, ok)
		require.True(t, public.Equal(ed25519.NewKeyFromSeed(seed[2:]).Public()))
		known[didOf(public)] = true
	}
	entries, err := os.ReadDir(integrityVectors + "proof-set-chain")
	require.NoError(t, err)
	for _, entry := range entries {
		b := get("proof-set-chain/" + entry.Name())
		_, _, err := Unsecure(b)
		require.ErrorIs(t, err, ErrCredential, entry.Name())
		if !strings.Contains(entry.Name(), "Config") {
			continue
		}
		var config struct{ VerificationMethod string }
		require.NoError(t, json.Unmarshal(b, &config))
		did, fragment, _ := strings.Cut(config.VerificationMethod, "#")
		require.True(t, known[did] && didKey+fragment == did, entry.Name())
	}
	require.NoError(t, fs.WalkDir(os.DirFS(integrityVectors), ".", func(path string, entry fs.DirEntry, err error) error {
		require.True(t, err == nil && (entry.IsDir() || read[path]), path)
		return nil
	}))
}

func keyFrom(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func publicOf(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// A chamber of signers: a registry, two holders of one resource, a processor of
// two resources, an operator.
var root, holder, holder2, processor, operator = keyFrom(1), keyFrom(2), keyFrom(3), keyFrom(4), keyFrom(5)

// data is the code of a resource or product.
func data(kind identity.Kind, serial string) identity.Code {
	for _, check := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*" {
		c, err := identity.Parse(string(kind) + "91110000600037341L1101" + serial + string(check))
		if err == nil {
			return c
		}
	}
	panic("no code: " + serial)
}

func subject(name string) identity.Subject {
	s, err := identity.ParseSubject((name + "00000000000000000")[:18])
	if err != nil {
		panic(err)
	}
	return s
}

var (
	resA, resB = data(identity.Resource, "AAAAAAAA"), data(identity.Resource, "BBBBBBBB")
	product    = data(identity.Product, "CCCCCCCC")
)

func grant(issuer, to ed25519.PrivateKey, name string, right Right, resource identity.Code, inputs ...identity.Code) Grant {
	return Grant{
		ID: "urn:grant:" + name + ":" + string(right) + ":" + resource.Serial()[:1], Issuer: publicOf(issuer), Holder: publicOf(to), Subject: subject(name),
		Right: right, Resource: resource, Inputs: inputs, From: noon, Until: noon.AddDate(1, 0, 0),
	}
}

func signed(t testing.TB, g Grant, by ed25519.PrivateKey) []byte {
	b, err := g.Sign(by, noon)
	require.NoError(t, err)
	return b
}

func chain(t testing.TB) [][]byte {
	revocable := grant(holder, processor, "PROCESSOR", Process, resA)
	revocable.StatusList, revocable.StatusIndex = "https://holder.example/status", 94567
	return [][]byte{
		signed(t, grant(root, holder, "HOLDER", Hold, resA), root),
		signed(t, grant(root, holder2, "HOLDER2", Hold, resA), root),
		signed(t, grant(root, holder2, "HOLDER2", Hold, resB), root),
		signed(t, revocable, holder),
		signed(t, grant(holder2, processor, "PROCESSOR", Process, resB), holder2),
		signed(t, grant(processor, operator, "OPERATOR", Operate, product, resA, resB), processor),
	}
}

func statusList(t testing.TB, from time.Time, revoked ...uint32) []byte {
	s, err := NewStatusList("https://holder.example/status", 100_000, from, from.AddDate(0, 1, 0))
	require.NoError(t, err)
	for _, index := range revoked {
		require.NoError(t, s.Revoke(index))
	}
	b, err := s.Sign(holder, from)
	require.NoError(t, err)
	return b
}

func TestChain(t *testing.T) {
	roots := []ed25519.PublicKey{publicOf(root)}
	fresh := statusList(t, noon, 94566, 94568)
	r, err := NewRights(roots, chain(t), [][]byte{fresh})
	require.NoError(t, err)
	for _, code := range []string{"HOLDER", "HOLDER2"} {
		require.NoError(t, r.Check(subject(code), Hold, resA, noon), "several hold at once")
	}
	e := r.Explain(subject("OPERATOR"), Operate, product, noon)
	require.True(t, e.Holds, "%s", e)
	names := strings.NewReplacer(resA.String(), "a", resB.String(), "b", product.String(), "c", "00000000", "")
	require.Equal(t, `yes: OPERATOR00 Operate c by urn:grant:OPERATOR:Operate:C
  yes: PROCESSOR0 Process a by urn:grant:PROCESSOR:Process:A
    yes: HOLDER0000 Hold a by urn:grant:HOLDER:Hold:A
  yes: PROCESSOR0 Process b by urn:grant:PROCESSOR:Process:B
    yes: HOLDER2000 Hold b by urn:grant:HOLDER2:Hold:B
`, names.Replace(e.String()))
	require.Error(t, r.Check(subject("OPERATOR"), Hold, resA, noon))
	require.Error(t, r.Check(subject("OPERATOR"), Process, resA, noon))
	require.Error(t, r.Check(subject("HOLDER"), Hold, resB, noon))
	require.Error(t, r.Check(subject("OPERATOR"), Operate, product, noon.AddDate(1, 0, 0)), "expired")
	require.Error(t, r.Check(subject("OPERATOR"), Operate, product, noon.Add(-time.Second)), "too early")
	require.ErrorContains(t, r.Check(subject("PROCESSOR"), Process, resA, noon.AddDate(0, 2, 0)), "status list", "not fresh")

	// Each credential is needed, and so is the list and the root.
	for i := range chain(t) {
		if i == 1 {
			continue // a second holder
		}
		left := chain(t)
		left = append(left[:i], left[i+1:]...)
		r, err := NewRights(roots, left, [][]byte{fresh})
		require.NoError(t, err)
		require.Error(t, r.Check(subject("OPERATOR"), Operate, product, noon), "without %d", i)
	}
	for _, lists := range [][][]byte{nil, {statusList(t, noon, 94567)}, {statusList(t, noon.Add(time.Second), 94567), fresh}} {
		r, err := NewRights(roots, chain(t), lists)
		require.NoError(t, err)
		require.Error(t, r.Check(subject("OPERATOR"), Operate, product, noon.Add(time.Minute)))
	}
	r, err = NewRights(nil, chain(t), [][]byte{fresh})
	require.NoError(t, err)
	require.Error(t, r.Check(subject("HOLDER"), Hold, resA, noon))

	// Who does not hold cannot grant, nor can a processor grant processing.
	forged := append(chain(t)[:5],
		signed(t, grant(processor, operator, "OPERATOR", Process, resA), processor),
		signed(t, grant(operator, operator, "OPERATOR", Operate, product, resA), operator))
	r, err = NewRights(roots, forged, [][]byte{fresh})
	require.NoError(t, err)
	require.Error(t, r.Check(subject("OPERATOR"), Process, resA, noon))
	require.Error(t, r.Check(subject("OPERATOR"), Operate, product, noon))
}

func TestGrant(t *testing.T) {
	g := grant(processor, operator, "OPERATOR", Operate, product, resA, resB)
	g.StatusList, g.StatusIndex = "https://x.example/1", 7
	b := signed(t, g, processor)
	again, err := ParseGrant(b)
	require.NoError(t, err)
	require.Equal(t, g, *again)

	for i := range b {
		_, err := ParseGrant(b[:i])
		require.Error(t, err)
	}
	_, err = ParseGrant(append(b, '{'))
	require.ErrorIs(t, err, ErrCredential)
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		bad := bytes.Clone(b)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		_, err := ParseGrant(bad)
		require.ErrorIs(t, err, ErrCredential)
	}
	for name, change := range map[string]func(*Grant){
		"no ID":          func(g *Grant) { g.ID = "" },
		"no inputs":      func(g *Grant) { g.Inputs = nil },
		"inputs to hold": func(g *Grant) { g.Right = Hold },
		"unknown right":  func(g *Grant) { g.Right = "Own" },
		"no period":      func(g *Grant) { g.Until = g.From },
		"same input":     func(g *Grant) { g.Inputs = []identity.Code{resA, resA} },
		"no holder":      func(g *Grant) { g.Holder = nil },
		"weak holder":    func(g *Grant) { g.Holder = append(make([]byte, 31), 1<<7) },
		"no subject":     func(g *Grant) { g.Subject = identity.Subject{} },
		"no resource":    func(g *Grant) { g.Resource = identity.Code{} },
		"no data":        func(g *Grant) { g.Resource = data(identity.Connector, "AAAAAAAA") },
		"no product":     func(g *Grant) { g.Resource = resA },
		"input no data":  func(g *Grant) { g.Inputs = []identity.Code{data(identity.ServiceNode, "AAAAAAAA")} },
		"many inputs":    func(g *Grant) { g.Inputs = manyInputs(maxGrantInputs + 1) },
		"parts":          func(g *Grant) { g.From = g.From.Add(1) },
		"list no IRI":    func(g *Grant) { g.StatusList = "a list" },
	} {
		bad := g
		change(&bad)
		_, err := bad.Sign(processor, noon)
		require.Error(t, err, name)
	}
	_, err = g.Sign(operator, noon)
	require.Error(t, err)

	// Another signs in the issuer's name.
	document, _, err := Unsecure(b)
	require.NoError(t, err)
	b, err = Secure(document, operator, noon)
	require.NoError(t, err)
	_, err = ParseGrant(b)
	require.ErrorContains(t, err, "another than the issuer")
	_, err = Secure(b, operator, noon)
	require.Error(t, err, "secured already")
	_, err = Secure([]byte("null"), operator, noon)
	require.Error(t, err)
}

func manyInputs(n int) (inputs []identity.Code) {
	for i := range n {
		inputs = append(inputs, data(identity.Resource, fmt.Sprintf("%08d", i)))
	}
	return inputs
}

// Of two lists of one time each revokes; of two times only the newer does.
func TestTwoLists(t *testing.T) {
	until := noon.AddDate(0, 1, 0)
	holds := func(lists ...[]byte) bool {
		r, err := NewRights([]ed25519.PublicKey{publicOf(root)}, chain(t), lists)
		require.NoError(t, err)
		return r.Check(subject("PROCESSOR"), Process, resA, noon.AddDate(0, 0, 3)) == nil
	}
	list := func(size int, revoked ...uint32) []byte {
		s, err := NewStatusList("https://holder.example/status", size, noon, until)
		require.NoError(t, err)
		for _, index := range revoked {
			require.NoError(t, s.Revoke(index))
		}
		b, err := s.Sign(holder, noon)
		require.NoError(t, err)
		return b
	}
	for _, pair := range [][2][]byte{
		{list(100_000), list(100_000, 94567)},
		{list(100_000), list(300_000, 94567)}, // of another length
		{list(300_000), list(100_000, 94567)},
	} {
		require.True(t, holds(pair[0]))
		require.False(t, holds(pair[0], pair[1]))
		require.False(t, holds(pair[1], pair[0]))
	}
	// The shorter time counts.
	short, err := NewStatusList("https://holder.example/status", 100_000, noon, noon.AddDate(0, 0, 1))
	require.NoError(t, err)
	b, err := short.Sign(holder, noon)
	require.NoError(t, err)
	require.False(t, holds(list(100_000), b))
	// A longer list has what is beyond a shorter one.
	long, err := NewStatusList("x", 8*minStatus+8, noon, until)
	require.NoError(t, err)
	require.NoError(t, long.Revoke(8*minStatus+3))
	both, err := NewStatusList("x", 0, noon, until)
	require.NoError(t, err)
	both.merge(long)
	require.True(t, both.revoked(8*minStatus+3))
	require.False(t, both.revoked(8*minStatus+2))

	// Another issuer's list of the same name says nothing about these grants.
	foreign, err := NewStatusList("https://holder.example/status", 100_000, noon.Add(time.Hour), until)
	require.NoError(t, err)
	b, err = foreign.Sign(operator, noon)
	require.NoError(t, err)
	require.False(t, holds(b))
	require.True(t, holds(list(100_000), b))
}

func TestStatusList(t *testing.T) {
	s, err := ParseStatusList(statusList(t, noon, 0, 9))
	require.NoError(t, err)
	require.EqualValues(t, 0x80, s.bits[0], "index 0 is leftmost")
	require.EqualValues(t, 0x40, s.bits[1])
	require.True(t, s.revoked(9))
	require.False(t, s.revoked(8))
	require.True(t, s.revoked(1<<31), "what is not on the list")
	require.Error(t, s.Revoke(1<<31))
	_, err = ParseStatusList(chain(t)[0])
	require.Error(t, err)
	_, err = NewStatusList("", 1, noon, noon)
	require.Error(t, err)
	s.bits = make([]byte, maxStatus+1) // a bomb
	b, err := s.Sign(holder, noon)
	require.NoError(t, err)
	_, err = ParseStatusList(b)
	require.ErrorContains(t, err, "bits")
}

func TestBase58(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		b := make([]byte, 1+r.IntN(64))
		for i := r.IntN(len(b)); i < len(b); i++ {
			b[i] = byte(r.Uint32())
		}
		back, ok := unbase58(base58(b), len(b))
		require.True(t, ok)
		require.Equal(t, b, back)
		_, ok = unbase58("1"+base58(b), len(b))
		require.False(t, ok)
	}
}

// A credential that is accepted is signed by whom it names as issuer, and within
// the limits.
func FuzzGrant(f *testing.F) {
	for _, b := range chain(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := ParseGrant(b)
		if err != nil {
			require.ErrorIs(t, err, ErrCredential)
			return
		}
		require.NoError(t, g.validate())
		_, key, err := Unsecure(b)
		require.NoError(t, err)
		require.True(t, key.Equal(g.Issuer))
	})
}
