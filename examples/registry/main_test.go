package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
)

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
	lines := bufio.NewScanner(r)
	for url == "" {
		require.True(t, lines.Scan(), "%v", lines.Err())
		if _, k, ok := strings.Cut(lines.Text(), " key "); ok {
			key = k
		}
		if _, u, ok := strings.Cut(lines.Text(), "serving on "); ok {
			url = u
		}
	}
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

	proof, err := output("prove", "-url", url, "QX-0001")
	require.NoError(t, err)
	file := filepath.Join(dir, "rain.tlog-proof")
	require.NoError(t, os.WriteFile(file, []byte(proof), 0o600))
	text, err := output("verify", "-log", logKey, file)
	require.NoError(t, err)
	require.Contains(t, text, "小时级气象观测")
	require.Contains(t, text, "with no network")
	_, err = output("prove", "-url", url, "QX-9999")
	require.ErrorContains(t, err, "no such record")

	// It goes on where it stopped.
	stop()
	again, url, stop := start(t, "serve", city, "-listen", "127.0.0.1:0")
	require.Equal(t, logKey, again)
	same, err := output("prove", "-url", url, "QX-0001")
	require.NoError(t, err)
	require.Equal(t, proof, same)
	stop()

	// A changed proof, a foreign key, or a quorum that was not there.
	changed := strings.Replace(proof, "index 2", "index 3", 1)
	require.NotEqual(t, proof, changed)
	require.NoError(t, os.WriteFile(file+"2", []byte(changed), 0o600))
	_, err = output("verify", "-log", logKey, file+"2")
	require.ErrorContains(t, err, "invalid")
	witnessKey, witnessURL, _ := start(t, "witness", filepath.Join(dir, "watcher"), "-log", logKey, "-listen", "127.0.0.1:0")
	_, err = output("verify", "-log", logKey, "-witness", witnessKey, "-quorum", "1", file)
	require.ErrorContains(t, err, "1 are demanded")
	_, err = output("verify", "-log", witnessKey, file)
	require.Error(t, err)

	// The same registry with the witness, its book made anew.
	require.NoError(t, os.RemoveAll(filepath.Join(city, "proofs")))
	_, url, _ = start(t, "serve", city, "-listen", "127.0.0.1:0", "-witness", witnessURL+"="+witnessKey)
	proof, err = output("prove", "-url", url, "SJ-0002")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(proof), 0o600))
	text, err = output("verify", file, "-log", logKey, "-witness", witnessKey, "-quorum", "1")
	require.NoError(t, err)
	require.Contains(t, text, "1 witnesses have seen")
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
	area, err := identity.ParseArea("3101")
	require.NoError(t, err)
	for _, tables := range [][2]string{
		{"", "number,title,holder\n"}, {"name,code\n", "number,title,holder\n"}, {organisations + id + ",b\n", "number,title,holder\n"},
		{organisations, "number,title,holder\n1,x," + other + "\n"}, {organisations, "number,title,holder\n1,x," + id + "\n1,y," + id + "\n"}, {organisations, "number,title,holder\n1,," + id + "\n"},
		{organisations, "number,title,holder\n1,x\n"}, {"code,name\n123100000000000015,a\n", "number,title,holder\n"},
		{organisations, "number,title,holder\n/..,x," + id + "\n"},
	} {
		_, err := readEntries(strings.NewReader(tables[0]), strings.NewReader(tables[1]), area)
		require.Error(t, err, tables)
	}
	entries, err := readEntries(strings.NewReader(organisations), strings.NewReader("number,title,holder\n1,x,"+id+"\n"), area)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, "1", entries[1].Code.Extension())
}
