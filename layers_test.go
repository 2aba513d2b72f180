package dujiang_test

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/dujiang-dev/dujiang"

// layers says what of this module a folder may import. The longest prefix of a
// package's path decides. Protocols know bytes and numbers and no identity;
// identity knows who and what and no protocol; examples see what users see,
// besides what they share among themselves, and so does bench.
var layers = map[string][]string{
	"internal":    {"internal"},
	"identity":    {"internal", "identity"},
	"he":          {"internal", "he"},
	"mpc":         {"internal", "he", "mpc"},
	"psi":         {"internal", "he", "mpc", "psi"},
	"psi/joinkey": {"internal", "psi/joinkey"},
	"examples":    {"identity", "he", "mpc", "psi", "psi/joinkey", "examples"},
	"bench":       {"identity", "he", "mpc", "psi", "psi/joinkey", "bench"},
}

// requirements are the modules that users of the library may come to depend on,
// each with its reason. A new one needs a better reason than a passing test.
var requirements = map[string]string{
	"filippo.io/edwards25519":                  "the curve under ristretto255",
	"github.com/gtank/ristretto255":            "the group, where there is no kernel",
	"golang.org/x/crypto":                      "primitives",
	"golang.org/x/mod":                         "Merkle trees and signed notes of the evidence log",
	"golang.org/x/sys":                         "processor features",
	"golang.org/x/time":                        "rates of senders in identity/api",
	"golang.org/x/text":                        "Unicode and GB 18030 in join keys",
	"github.com/gowebpki/jcs":                  "canonical JSON (RFC 8785), which statements are signed in",
	"github.com/cloudflare/circl":              "the OPRF (RFC 9497) that makes pseudonyms of persons",
	"github.com/emmansun/gmsm":                 "SM2 with SM3, only with identity/sm",
	"github.com/nyaruka/phonenumbers":          "telephone numbers, only with psi/joinkey/phone",
	"github.com/schollz/progressbar/v3":        "examples and bench",
	"golang.org/x/term":                        "examples and bench",
	"github.com/stretchr/testify":              "tests",
	"github.com/santhosh-tekuri/jsonschema/v6": "tests",
	"github.com/tuneinsight/lattigo/v5":        "tests of package he's rings, and a peer in bench",
}

type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	SFiles                             []string
}

func list(t *testing.T, env []string, args ...string) (packages []listed) {
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,SFiles"}, args...)...)
	cmd.Env = append(cmd.Environ(), env...)
	out, err := cmd.Output()
	require.NoError(t, err)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

// layer returns the folder of layers that a package is in.
func layer(importPath string) string {
	path := strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
	best := ""
	for folder := range layers {
		if (path == folder || strings.HasPrefix(path, folder+"/")) && len(folder) > len(best) {
			best = folder
		}
	}
	return best
}

func TestLayers(t *testing.T) {
	packages := list(t, nil, "./...")
	require.NotEmpty(t, packages)
	for _, p := range packages {
		from := layer(p.ImportPath)
		if p.ImportPath == module {
			continue // this test
		}
		require.NotEmpty(t, from, "%s is in no layer", p.ImportPath)
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module) && !slices.Contains(layers[from], layer(imported)) {
				t.Errorf("%s imports %s, which %s must not", p.ImportPath, imported, from)
			}
		}
		if from == "internal" && !strings.HasSuffix(p.ImportPath, "test") && !strings.HasSuffix(p.ImportPath, "testparty") {
			require.NotContains(t, p.Imports, "testing", p.ImportPath)
		}
	}
}

func TestRequirements(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	require.NoError(t, err)
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace []any
	}
	require.NoError(t, json.Unmarshal(out, &mod))
	for _, r := range mod.Require {
		if !r.Indirect {
			require.Contains(t, requirements, r.Path)
		}
	}
	require.Empty(t, mod.Replace)
}

// With the tag purego there is no assembly anywhere, and without it there is
// some, so that this test sees something.
func TestPurego(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64", "386"} {
		for _, p := range list(t, []string{"GOARCH=" + arch}, "-tags=purego", "./...") {
			require.Empty(t, p.SFiles, "%s on %s", p.ImportPath, arch)
		}
	}
	assembly := 0
	for _, p := range list(t, []string{"GOARCH=amd64"}, "./...") {
		assembly += len(p.SFiles)
	}
	require.NotZero(t, assembly)
}
