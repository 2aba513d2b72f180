package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// registrars are the codes that serving commands printed, by URL.
var registrars = map[string]string{}

// start runs a serving command and returns its key and URL.
func start(t *testing.T, args ...string) (key, url string, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := command(ctx, args, w, io.Discard)
		w.CloseWithError(err)
		done <- err
	}()
	lines, registrar := bufio.NewScanner(r), ""
	for url == "" {
		require.True(t, lines.Scan(), "%v", lines.Err())
		if _, k, ok := strings.Cut(lines.Text(), " key "); ok {
			key = k
		}
		if c, ok := strings.CutPrefix(lines.Text(), "registrar "); ok {
			registrar = c
		}
		if _, u, ok := strings.Cut(lines.Text(), "serving on "); ok {
			url = u
		}
	}
	registrars[url] = registrar
	go io.Copy(io.Discard, r)
	var once bool
	stop = func() {
		if !once {
			once = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return key, url, stop
}

func output(args ...string) (string, error) {
	var out bytes.Buffer
	err := command(context.Background(), args, &out, io.Discard)
	return out.String(), err
}

// The whole way: a registry starts, a witness watches, a reader fetches a
// proof and checks it.
func TestRegistry(t *testing.T) {
	dir := t.TempDir()
	city := filepath.Join(dir, "city")
	logKey, url, stop := start(t, "serve", city, "-listen", "127.0.0.1:0")

	found, err := output("find", "-url", url, "气象观测")
	require.NoError(t, err)
	code, title, _ := strings.Cut(strings.TrimSpace(found), " ")
	require.Equal(t, "小时级气象观测", title)
	require.True(t, strings.HasSuffix(code, "•QX-0001"), code)
	proof, err := output("prove", "-url", url, code)
	require.NoError(t, err)
	file := filepath.Join(dir, "rain.tlog-proof")
	require.NoError(t, os.WriteFile(file, []byte(proof), 0o600))
	text, err := output("verify", "-log", logKey, file)
	require.NoError(t, err)
	require.Contains(t, text, "小时级气象观测")
	require.Contains(t, text, "with no network")
	_, err = output("prove", "-url", url, code+"1")
	require.ErrorContains(t, err, "no such record")
	_, err = output("prove", "-url", url, "7"+code[2:])
	require.ErrorContains(t, err, "identity: code")

	// It goes on where it stopped.
	stop()
	again, url, stop := start(t, "serve", city, "-listen", "127.0.0.1:0")
	require.Equal(t, logKey, again)
	same, err := output("prove", "-url", url, code)
	require.NoError(t, err)
	require.Equal(t, proof, same)
	stop()

	// A changed proof, a foreign key, or a quorum that was not there.
	changed := strings.Replace(proof, "index ", "index 1", 1)
	require.NotEqual(t, proof, changed)
	require.NoError(t, os.WriteFile(file+"2", []byte(changed), 0o600))
	_, err = output("verify", "-log", logKey, file+"2")
	require.ErrorContains(t, err, "invalid")
	witnessKey, witnessURL, _ := start(t, "witness", filepath.Join(dir, "watcher"), "-log", logKey, "-listen", "127.0.0.1:0")
	_, err = output("verify", "-log", logKey, "-witness", witnessKey, "-quorum", "1", file)
	require.ErrorContains(t, err, "1 are demanded")
	_, err = output("verify", "-log", witnessKey, file)
	require.Error(t, err)

	// The same registry with the witness.
	_, url, _ = start(t, "serve", city, "-listen", "127.0.0.1:0", "-witness", witnessURL+"="+witnessKey)
	proof, err = output("prove", "-url", url, code)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(proof), 0o600))
	text, err = output("verify", file, "-log", logKey, "-witness", witnessKey, "-quorum", "1")
	require.NoError(t, err)
	require.Contains(t, text, "1 witnesses have seen")
}

// checkpoint returns the size of the log that its latest checkpoint covers.
func checkpoint(t *testing.T, url string) int {
	answer, err := http.Get(url + "/evidence/checkpoint")
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	size, err := strconv.Atoi(strings.Split(string(text), "\n")[1])
	require.NoError(t, err)
	return size
}

// An organisation on the table registers by its key, and nobody else does.
func TestRegister(t *testing.T) {
	dir := t.TempDir()
	_, url, stop := start(t, "serve", filepath.Join(dir, "city"), "-listen", "127.0.0.1:0")
	args := func(subject, file string) []string {
		return []string{"register", subject, "-url", url, "-registrar", registrars[url], "-key", filepath.Join(dir, file)}
	}
	before := checkpoint(t, url)
	text, err := output(args("123100000000000014", "a.key")...)
	require.NoError(t, err)
	require.Contains(t, text, "is registered, at position ")
	// A checkpoint with the registration follows.
	require.Eventually(t, func() bool { return checkpoint(t, url) == before+1 }, 10*time.Second, 5*time.Millisecond)
	_, err = output(args("123100000000000014", "a.key")...) // the code is taken
	require.ErrorContains(t, err, "refused")
	_, err = output(args("123100000000000027", "b.key")...) // is not on the table
	require.ErrorContains(t, err, "refused")
	_, err = output(args("x", "c.key")...)
	require.Error(t, err)
	_, err = output("register", "123100000000000014", "-url", url, "-registrar", registrars[url])
	require.ErrorContains(t, err, "-key")
	// The registry goes on where it stopped, and knows its records' signers.
	stop()
	_, url, _ = start(t, "serve", filepath.Join(dir, "city"), "-listen", "127.0.0.1:0")
	_, err = output(args("123100000000000014", "a.key")...)
	require.ErrorContains(t, err, "refused")
}

func TestUsage(t *testing.T) {
	text, err := output("-h")
	require.NoError(t, err)
	require.Equal(t, usage, text)
	for _, args := range [][]string{{}, {"what"}, {"serve"}, {"verify", "a", "b"}, {"verify", "none"}, {"witness", t.TempDir()}, {"serve", t.TempDir(), "-witness", "x"},
		{"serve", t.TempDir(), "-catalogue", "none"}} {
		_, err := output(args...)
		require.Error(t, err, args)
	}
}

func TestTables(t *testing.T) {
	const id, other = "123100000000000014", "91310000MA00000012"
	const organisations = "code,name\n" + id + ",a\n"
	const header = "number,title,holder\n"
	for _, test := range [][2]string{
		{"", header}, {"name,code\n", header}, {organisations + id + ",b\n", header}, {"code,name\n123100000000000015,a\n", header},
		{organisations, ""}, {organisations, header + "1,x," + other + "\n"}, {organisations, header + "1,x," + id + "\n1,y," + id + "\n"},
		{organisations, header + "1,," + id + "\n"}, {organisations, header + "1,x\n"}, {organisations, header + "\x01,x," + id + "\n"},
	} {
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv")
		require.NoError(t, os.WriteFile(a, []byte(test[0]), 0o600))
		require.NoError(t, os.WriteFile(b, []byte(test[1]), 0o600))
		_, err := output("serve", filepath.Join(dir, "city"), "-organisations", a, "-catalogue", b, "-listen", "none")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "listen", test)
	}
}
