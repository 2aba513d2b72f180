package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A peer that cannot be had is left out with the reason, and the others go on.
func TestAbsentPeers(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // without go, node and npm
	o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", "mem", "-run", "/dh/|/psi.js/|^Share/(vault|bytes)", "-peers", "vault,psi.js")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), o, &out))
	for _, want := range []string{
		"PSI/dh/semi-honest/n=2^4/mem", "Share/bytes/3of5/n=2^4/mem", "Left out",
		"Share/vault/3of5/n=2^4/mem: vault cannot be had here: this is no checkout",
		"PSI/psi.js/semi-honest/n=2^4/mem: psi.js cannot be had here:",
	} {
		require.Contains(t, out.String(), want)
	}
}

// Where there are no network namespaces, jobs between them are left out with the reason, which
// is asked for once, and the others go on.
func TestAbsentNamespaces(t *testing.T) {
	o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", "mem,netns-1g,netns-100m", "-run", "/dh/")
	asked := 0
	o.wired = func() error {
		asked++
		return errors.New("operation not permitted")
	}
	var out, page bytes.Buffer
	file := filepath.Join(t.TempDir(), "x.json")
	o.jsonFile = file
	require.NoError(t, run(t.Context(), o, &out))
	require.Equal(t, 1, asked)
	r, err := readReport(file)
	require.NoError(t, err)
	require.Len(t, r.Jobs, 1)
	require.Equal(t, []leftOut{
		{"PSI/dh/semi-honest/n=2^4/netns-1g", "netns-1g cannot be had here: operation not permitted"},
		{"PSI/dh/semi-honest/n=2^4/netns-100m", "netns-100m cannot be had here: operation not permitted"},
	}, r.LeftOut)
	require.NoError(t, r.html(&page))
	for _, l := range r.LeftOut {
		require.Contains(t, out.String(), l.Name+": "+l.Why)
		require.Contains(t, page.String(), l.Name+"</td><td>"+l.Why)
	}
	if err := tryWire(); err != nil { // without the rights, for instance
		require.Regexp(t, "namespace|/dev/net/tun", err.Error())
	}
}

// The program of the peer psi.js is measured like any, with a library in its place
// that has its calls and no cryptography, for there may be no network.
func TestPSIJS(t *testing.T) {
	if testing.Short() {
		t.Skip("node takes its time")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node")
	}
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, psijs))
	library := filepath.Join(folder, "psijs", "node_modules", "@openmined", "psi.js")
	require.NoError(t, os.MkdirAll(library, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(library, "package.json"), []byte(`{"type":"module","main":"index.js"}`), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(library, "index.js"), []byte(`
const message = (x) => ({ x, serializeBinary: () => new TextEncoder().encode(JSON.stringify(x)) })
const codec = { deserializeBinary: (b) => message(JSON.parse(new TextDecoder().decode(b))) }
export default async () => ({
	dataStructure: { Raw: 0 }, serverSetup: codec, request: codec, response: codec,
	server: { createWithNewKey: () => ({ createSetupMessage: (p, n, items) => message(items), processRequest: (r) => message(r.x) }) },
	client: { createWithNewKey: () => ({ createRequest: (items) => message(items),
		getIntersection: (s, r) => r.x.flatMap((item, i) => (s.x.includes(item) ? [i] : [])) }) },
})`), 0o644))
	for _, s := range []size{{8, 8}, {1, 4}, {5, 3}} {
		j := newPSIJob("PSI/psi.js/", networkMem, &psiJob{N: s.n, M: s.m})
		j.Command = []string{node, filepath.Join(folder, "psijs", "main.mjs")}
		m, err := measure(t.Context(), j, 1)
		require.NoError(t, err)
		parties := m.Processes[0].Parties
		require.Equal(t, parties[0].Sent, parties[1].Received)
		require.Positive(t, parties[0].Wall)
	}
	var manifest struct{ Dependencies map[string]string }
	text, err := psijs.ReadFile("psijs/package.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &manifest))
	for name, version := range manifest.Dependencies {
		require.Regexp(t, `^[0-9.]+$`, version, "%s is pinned", name)
	}
}

// What fails says its last line.
func TestExecute(t *testing.T) {
	require.NoError(t, execute(t.Context(), ".", "go", "version"))
	err := execute(t.Context(), ".", "go", "no-such-command")
	require.Error(t, err)
	require.False(t, strings.Contains(err.Error(), "\n"))
}
