package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

// TestMain lets the test binary be the program, so that the tests run real
// processes.
func TestMain(m *testing.M) {
	if os.Getenv("LINK_TEST_MAIN") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "LINK_TEST_MAIN=1", "GORACE=atexit_sleep_ms=10")
	return cmd
}

// A process is a running link.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr buffer
}

// A buffer can be read while a process writes to it.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func start(t *testing.T, args ...string) *process {
	p := &process{cmd: program(args...)}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { p.cmd.Process.Kill() })
	return p
}

// exit waits for the end and returns the exit code.
func (p *process) exit(t *testing.T) int {
	timer := time.AfterFunc(5*time.Minute, func() { p.cmd.Process.Kill() })
	defer timer.Stop()
	p.cmd.Wait()
	require.NotEqual(t, -1, p.cmd.ProcessState.ExitCode(), "the process had to be killed: %s", &p.stderr)
	return p.cmd.ProcessState.ExitCode()
}

// waitFor returns when the process has said something.
func (p *process) waitFor(text string) {
	for !strings.Contains(p.stderr.String(), text) {
		time.Sleep(10 * time.Millisecond)
	}
}

// serve starts a server and returns it with the address that it listens at.
func serve(t *testing.T, args ...string) (*process, string) {
	p := &process{cmd: program(append([]string{"serve", "-listen", "127.0.0.1:0"}, args...)...)}
	p.cmd.Stdout = &p.stdout
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { p.cmd.Process.Kill() })
	lines := bufio.NewReader(stderr)
	for {
		line, err := lines.ReadString('\n')
		io.WriteString(&p.stderr, line)
		require.NoError(t, err, "the server did not start: %s", &p.stderr)
		if rest, ok := strings.CutPrefix(line, "waiting at "); ok {
			addr, _, _ := strings.Cut(rest, " ")
			go io.Copy(&p.stderr, lines)
			return p, addr
		}
	}
}

// parties makes the keys of two sides and returns the options that pin them.
func parties(t *testing.T) (a, b []string) {
	dir := t.TempDir()
	keygen := func(name string) (file, fingerprint string) {
		file = filepath.Join(dir, name)
		out, err := program("keygen", file).Output()
		require.NoError(t, err)
		return file, strings.TrimSpace(string(out))
	}
	fileA, fingerprintA := keygen("a.key")
	fileB, fingerprintB := keygen("b.key")
	return []string{"-identity", fileA, "-peer", fingerprintB}, []string{"-identity", fileB, "-peer", fingerprintA}
}

func write(t *testing.T, name, content string) string {
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(content), 0o666))
	return file
}

// link runs both sides to a good end and returns what they printed.
func link(t *testing.T, server, joiner []string) (s, j summary) {
	a, b := parties(t)
	p, addr := serve(t, append(a, append(server, "-json")...)...)
	q := start(t, append([]string{"join", addr}, append(b, append(joiner, "-json")...)...)...)
	require.Zero(t, q.exit(t), "joiner: %s", &q.stderr)
	require.Zero(t, p.exit(t), "server: %s", &p.stderr)
	require.NoError(t, json.Unmarshal([]byte(p.stdout.String()), &s))
	require.NoError(t, json.Unmarshal([]byte(q.stdout.String()), &j))
	return s, j
}

const (
	patients = "name, birthday ,note\r\n" +
		"Ada Lovelace,1815-12-10,\"first, and\r\nforemost\"\r\n" +
		"Alan Turing, 1912-06-23,\r\n" +
		",1900-01-01,nameless\r\n" +
		"Emmy Noether,1882-02-30,no such day\r\n" +
		"ALAN  TURING,19120623,again\r\n"
	members = "\uFEFFborn;who\n1912/6/23;alan turing\n1815年12月10日;ada lovelace\n1903-12-28;John von Neumann\n"
)

func TestLink(t *testing.T) {
	dir := t.TempDir()
	in, other := write(t, "patients.csv", patients), write(t, "members.csv", members)
	outA, outB := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv")
	server := []string{"-in", in, "-key", "name:text,birthday:date"}
	joiner := []string{"-in", other, "-comma", ";", "-key", "who:text,born:date"}

	for _, reveal := range []string{"joiner", "server", "both"} {
		t.Run(reveal, func(t *testing.T) {
			os.Remove(outA)
			os.Remove(outB)
			s, j := append(server, "-reveal", reveal), append(joiner, "-reveal", reveal)
			if reveal != "joiner" {
				s = append(s, "-out", outA)
			}
			if reveal != "server" {
				j = append(j, "-out", outB)
			}
			sum, other := link(t, s, j)

			require.Equal(t, "server", sum.Side)
			require.Equal(t, "joiner", other.Side)
			require.Equal(t, 5, sum.Rows)
			require.Equal(t, 2, sum.Keys)
			require.Equal(t, 3, other.Keys)
			require.Equal(t, 2, other.PeerKeys)
			require.Equal(t, 3, sum.PeerKeys)
			require.Len(t, sum.Skipped, 2)
			require.Equal(t, sum.BytesSent, other.BytesRecv)
			require.Equal(t, sum.BytesRecv, other.BytesSent)
			if reveal != "joiner" {
				require.Equal(t, 3, *sum.Matches)
				got, err := os.ReadFile(outA)
				require.NoError(t, err)
				lines := strings.SplitAfter(patients, "\r\n")
				require.Equal(t, lines[0]+lines[1]+lines[2]+lines[3]+lines[6], string(got))
			} else {
				require.Nil(t, sum.Matches)
				require.NoFileExists(t, outA)
			}
			if reveal != "server" {
				require.Equal(t, 2, *other.Matches)
				got, err := os.ReadFile(outB)
				require.NoError(t, err)
				lines := strings.SplitAfter(strings.TrimPrefix(members, "\uFEFF"), "\n")
				require.Equal(t, lines[0]+lines[1]+lines[2], string(got))
			} else {
				require.Nil(t, other.Matches)
				require.NoFileExists(t, outB)
			}
		})
	}
}

// Each side keeps evidence of every run, with proofs that verify by its key.
func TestEvidence(t *testing.T) {
	dir := t.TempDir()
	in, other := write(t, "patients.csv", patients), write(t, "members.csv", members)
	a, b := parties(t)
	for run := range 2 {
		p, addr := serve(t, append(a, "-in", in, "-key", "name:text,birthday:date", "-reveal", "joiner", "-evidence", filepath.Join(dir, "a"))...)
		q := start(t, append([]string{"join", addr}, append(b, "-in", other, "-comma", ";", "-key", "who:text,born:date", "-reveal", "joiner", "-evidence", filepath.Join(dir, "b"))...)...)
		require.Zero(t, q.exit(t), "joiner: %s", &q.stderr)
		require.Zero(t, p.exit(t), "server: %s", &p.stderr)
		starts := map[string]bool{}
		for side, stderr := range map[string]string{"a": p.stderr.String(), "b": q.stderr.String()} {
			_, key, ok := strings.Cut(stderr, "by the log key ")
			require.True(t, ok, stderr)
			key, _, _ = strings.Cut(key, "\n")
			policy, err := evidence.NewPolicy(key, 0)
			require.NoError(t, err)
			proof, err := os.ReadFile(filepath.Join(dir, side, fmt.Sprintf("%d.tlog-proof", run)))
			require.NoError(t, err)
			v, err := policy.Verify(proof)
			require.NoError(t, err)
			require.EqualValues(t, run, v.Index)
			var record struct{ Event, Start string }
			require.NoError(t, json.Unmarshal(v.Record, &record))
			require.Equal(t, "opened", record.Event)
			starts[record.Start] = true
		}
		require.Len(t, starts, 1, "both sides' evidence is of one run")
	}
}

func TestProtocols(t *testing.T) {
	in := write(t, "in.csv", members)
	for _, test := range []struct{ protocol, adversary, want string }{
		{"auto", "semi-honest", "dh"}, {"dh", "semi-honest", "dh"}, {"vole", "semi-honest", "vole"}, {"auto", "malicious", "vole"},
	} {
		args := []string{"-in", in, "-comma", ";", "-key", "who:text", "-reveal", "server", "-protocol", test.protocol, "-adversary", test.adversary}
		s, j := link(t, args, args)
		require.Equal(t, 3, *s.Matches)
		require.Nil(t, j.Matches)
		require.Equal(t, test.want, s.Protocol)
		require.Equal(t, test.want, j.Protocol)
	}
}

func TestPad(t *testing.T) {
	in := []string{"-in", write(t, "in.csv", members), "-comma", ";", "-key", "who:text", "-reveal", "both"}
	s, j := link(t, append(in, "-pad", "100"), in)
	require.Equal(t, 100, j.PeerKeys)
	require.Equal(t, 3, s.Keys)
	require.Equal(t, 3, *s.Matches)
	require.Equal(t, 3, *j.Matches)
}

// A run in parts finds the same, and leaves nothing behind.
func TestMemory(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	const n = 20_000
	table := func(first int) []string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintln(&b, first+i)
		}
		return []string{"-in", write(t, "in.csv", b.String()), "-header", "no", "-key", "#1:text", "-reveal", "both", "-memory", "1"}
	}
	s, j := link(t, table(0), table(n-100))
	require.Equal(t, "vole", s.Protocol)
	require.Equal(t, 100, *s.Matches)
	require.Equal(t, 100, *j.Matches)
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	for _, file := range left {
		require.NotContains(t, file.Name(), "psi-")
	}
}

// shared returns the path of a file of real data, which lies beside the
// repository where there is one.
func shared(t *testing.T, name string) string {
	_, here, _, _ := runtime.Caller(0)
	file := filepath.Join(filepath.Dir(here), "../../../shared/data", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("real data is not there: %v", err)
	}
	return file
}

// requireMemory holds the peak of a process to what README.md promises for
// tables of this size. The race detector has needs of its own.
func requireMemory(t *testing.T, peak int64) {
	if !race.Enabled {
		require.Less(t, peak, int64(64<<20))
	}
}

func TestRealRegisters(t *testing.T) {
	a, b := shared(t, "febrl/dataset4a.csv"), shared(t, "febrl/dataset4b.csv")
	for _, test := range []struct {
		key, empty string
		want       int
	}{
		{"soc_sec_id:exact", "skip", 4561},
		{"given_name:exact,surname:exact,date_of_birth:exact", "skip", 2079},
		{"given_name:exact,surname:exact,date_of_birth:exact", "value", 2202},
	} {
		out := filepath.Join(t.TempDir(), "out.csv")
		args := []string{"-key", test.key, "-empty", test.empty, "-reveal", "both"}
		s, j := link(t, append(args, "-in", a), append(args, "-in", b, "-out", out))
		require.Equal(t, test.want, *s.Matches)
		require.Equal(t, test.want, *j.Matches)
		require.Equal(t, 5000, s.Rows)
		requireMemory(t, s.PeakBytes)
		requireMemory(t, j.PeakBytes)
		requireSubsequence(t, out, b, test.want)
	}
}

// requireSubsequence checks that out has the header and n rows of in, in the
// order of in.
func requireSubsequence(t *testing.T, out, in string, n int) {
	read := func(file string) [][]string {
		f, err := os.Open(file)
		require.NoError(t, err)
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		require.NoError(t, err)
		return rows
	}
	rows, all := read(out), read(in)
	require.Len(t, rows, n+1)
	at := 0
	for _, row := range rows {
		for at < len(all) && fmt.Sprint(all[at]) != fmt.Sprint(row) {
			at++
		}
		require.Less(t, at, len(all), "row %v is not where it should be", row[0])
		at++
	}
}

func TestRealDomains(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	args := []string{"-key", "#1:text", "-reveal", "both"}
	s, j := link(t, append(args, "-in", shared(t, "domains/adguard.txt")), append(args, "-in", shared(t, "domains/stevenblack.txt")))
	require.Equal(t, 47145, *s.Matches)
	require.Equal(t, 47145, *j.Matches)
	require.Equal(t, 123962, s.Rows)
	require.Equal(t, 140626, j.Rows)
	requireMemory(t, s.PeakBytes)
	requireMemory(t, j.PeakBytes)
}

func TestUsageErrors(t *testing.T) {
	a, _ := parties(t)
	in := write(t, "in.csv", members)
	good := append(a, "-in", in, "-comma", ";", "-key", "who:text", "-reveal", "both")
	join := func(more ...string) []string {
		return append([]string{"join", "127.0.0.1:1"}, append(good, more...)...)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	noDay := write(t, "bad.csv", "born\n2023-02-30\n")
	for says, args := range map[string][]string{
		"keygen, serve or join":       {},
		"no command":                  {"dance"},
		"usage: link keygen":          {"keygen"},
		"-peer is missing":            {"join", "127.0.0.1:1"},
		"-reveal must be":             join("-reveal", "all"),
		"-protocol must be":           join("-protocol", "x"),
		"-adversary must be":          join("-adversary", "x"),
		"-adversary malicious needs":  join("-adversary", "malicious"),
		"is not a fingerprint":        join("-peer", "SHA256:short"),
		"no kind":                     join("-key", "who:colour"),
		"nobody":                      join("-key", "nobody:text"),
		"column #3":                   join("-key", "#3:text"),
		"no such file":                join("-in", in+".not"),
		"learns nothing":              join("-reveal", "server", "-out", "x"),
		"-pad is 2":                   join("-pad", "2"),
		"flag provided but not":       join("-colour"),
		"what is \"more\" for":        join("more"),
		"one character":               join("-comma", "--"),
		"holds no private key":        join("-identity", in),
		"an address to wait at":       append([]string{"serve"}, good...),
		"address already in use":      append([]string{"serve", "-listen", ln.Addr().String()}, good...),
		"row 0 (line 2), column born": join("-in", noDay, "-key", "born:date", "-bad", "stop"),
		"-pad is -5":                  join("-pad", "-5"),
		"-memory is -1":               join("-memory", "-1"),
		"-pad is 4294967296":          join("-pad", "4294967296"),
		"missing port in address":     append([]string{"join", "127.0.0.1"}, good...),
		"-out: open":                  join("-out", filepath.Join(t.TempDir(), "not", "out.csv")),
		"would replace":               join("-out", in),
		"is not a regular file":       join("-out", t.TempDir()),
	} {
		p := start(t, args...)
		require.Equal(t, exitInput, p.exit(t), "%s: %s", says, &p.stderr)
		require.Contains(t, p.stderr.String(), says)
		require.NotContains(t, p.stderr.String(), "2023-02-30", "a value was shown")
		require.Less(t, strings.Count(p.stderr.String(), "\n"), 8, "the error is lost in help:\n%s", &p.stderr)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"help"}, {"serve", "-h"}, {"join", "-h"}} {
		p := start(t, args...)
		require.Zero(t, p.exit(t), "%v", args)
		require.Greater(t, len(p.stdout.String()+p.stderr.String()), 500, "%v", args)
	}
}

func TestDifferentConfigurations(t *testing.T) {
	in := []string{"-in", write(t, "in.csv", members), "-comma", ";"}
	for name, args := range map[string][2][]string{
		"kinds":        {{"-key", "who:text", "-reveal", "both"}, {"-key", "who:exact", "-reveal", "both"}},
		"reveal":       {{"-key", "who:text", "-reveal", "both"}, {"-key", "who:text", "-reveal", "joiner"}},
		"whose reveal": {{"-key", "who:text", "-reveal", "server"}, {"-key", "who:text", "-reveal", "joiner"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := parties(t)
			p, addr := serve(t, append(a, append(in, args[0]...)...)...)
			q := start(t, append([]string{"join", addr}, append(b, append(in, args[1]...)...)...)...)
			require.Equal(t, exitIncompatible, q.exit(t), "%s", &q.stderr)
			require.Equal(t, exitIncompatible, p.exit(t), "%s", &p.stderr)
			require.Contains(t, q.stderr.String(), "Both sides must give")
		})
	}
}

func TestWrongKeys(t *testing.T) {
	a, b := parties(t)
	c, _ := parties(t)
	in := []string{"-in", write(t, "in.csv", members), "-comma", ";", "-key", "who:text", "-reveal", "both"}

	// The joiner expects another server.
	_, addr := serve(t, append(a, in...)...)
	q := start(t, append([]string{"join", addr}, append([]string{"-identity", b[1], "-peer", c[3]}, in...)...)...)
	require.Equal(t, exitStranger, q.exit(t), "%s", &q.stderr)

	// The server expects another joiner, and goes on waiting for it.
	p, addr := serve(t, append(a, in...)...)
	q = start(t, append([]string{"join", addr}, append([]string{"-identity", c[1], "-peer", b[3]}, in...)...)...)
	require.Equal(t, exitStranger, q.exit(t), "%s", &q.stderr)
	q = start(t, append([]string{"join", addr}, append(b, in...)...)...)
	require.Zero(t, q.exit(t), "%s", &q.stderr)
	require.Zero(t, p.exit(t), "%s", &p.stderr)
}

func TestNobodyThere(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for ten seconds")
	}
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := ln.Addr().String()
	ln.Close()
	_, b := parties(t)
	q := start(t, append([]string{"join", addr, "-in", write(t, "in.csv", members), "-comma", ";", "-key", "who:text", "-reveal", "both"}, b...)...)
	require.Equal(t, exitUnreachable, q.exit(t), "%s", &q.stderr)
	require.Contains(t, q.stderr.String(), "firewalls")
}

func TestOutOfTime(t *testing.T) {
	a, _ := parties(t)
	// It may not even have begun to wait by then.
	p := start(t, append([]string{"serve", "-listen", "127.0.0.1:0", "-in", write(t, "in.csv", members), "-comma", ";", "-key", "who:text", "-reveal", "both", "-timeout", "300ms"}, a...)...)
	require.Equal(t, exitTimeout, p.exit(t), "%s", &p.stderr)
}

// A side that hears nothing is out of reach, however much time it has.
func TestMuteServer(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for ten seconds")
	}
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	_, b := parties(t)
	q := start(t, append([]string{"join", ln.Addr().String(), "-in", write(t, "in.csv", members), "-comma", ";", "-key", "who:text", "-reveal", "both"}, b...)...)
	require.Equal(t, exitUnreachable, q.exit(t), "%s", &q.stderr)
}

func TestInterruptedWhileWaiting(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		dir := t.TempDir()
		a, _ := parties(t)
		p, _ := serve(t, append(a, "-in", write(t, "in.csv", members), "-comma", ";", "-key", "who:text", "-reveal", "both", "-out", filepath.Join(dir, "out.csv"))...)
		require.NoError(t, p.cmd.Process.Signal(signal))
		require.Equal(t, exitInterrupted, p.exit(t), "%s", &p.stderr)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// A table that never ends can be interrupted while it is read, and one that can
// be read only once is good if its rows need not be copied.
func TestPipes(t *testing.T) {
	_, b := parties(t)
	args := append([]string{"join", "127.0.0.1:1", "-in", "/dev/stdin", "-comma", ";", "-key", "who:text", "-reveal", "both"}, b...)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	if _, err := os.Stat("/dev/stdin"); err != nil {
		t.Skip("there is no /dev/stdin")
	}
	run := func(args ...string) *process {
		p := &process{cmd: program(args...)}
		p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = r, &p.stdout, &p.stderr
		require.NoError(t, p.cmd.Start())
		t.Cleanup(func() { p.cmd.Process.Kill() })
		return p
	}
	p := run(append(args, "-out", filepath.Join(t.TempDir(), "out.csv"))...)
	require.Equal(t, exitInput, p.exit(t), "%s", &p.stderr)
	require.Contains(t, p.stderr.String(), "only once")

	p = run(args...)
	reading := make(chan struct{})
	go func() {
		io.WriteString(w, members)
		for rows := 0; ; rows++ {
			if _, err := io.WriteString(w, "1912/6/23;alan turing\n"); err != nil {
				return
			}
			if rows == 10_000 { // more than a pipe holds
				close(reading)
			}
		}
	}()
	<-reading
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.Equal(t, exitInterrupted, p.exit(t), "%s", &p.stderr)
	r.Close()
}

// large returns a table that takes a while.
func large(t *testing.T, rows int) string {
	var b strings.Builder
	b.WriteString("id\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d\n", i)
	}
	return write(t, "large.csv", b.String())
}

// A side whose peer was killed stops.
func TestDeath(t *testing.T) {
	in := []string{"-in", large(t, 300000), "-key", "id:exact", "-reveal", "both", "-protocol", "dh"}
	out := filepath.Join(t.TempDir(), "out.csv")
	a, b := parties(t)
	p, addr := serve(t, append(a, append(in, "-out", out)...)...)
	q := start(t, append([]string{"join", addr}, append(b, in...)...)...)
	q.waitFor("both signed")
	require.NoError(t, q.cmd.Process.Kill())
	q.cmd.Wait()
	require.Equal(t, exitUnreachable, p.exit(t), "%s", &p.stderr)
	require.NoFileExists(t, out)
}
