// Command bench is the benchmark of record: it runs whole protocols between two
// parties or more, checks each result, and says what the run cost.
//
// Each run happens in processes of its own, which this program starts, so that
// peak memory and processor time are those of one run and nothing else. See -h,
// and job.go for how another package's jobs are added.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const help = `Usage:
    go run ./bench [flags]                                   measure, print tables
    go run ./bench -from old.json [flags]                    report what was measured before
    go run ./bench -compare old.json new.json [-threshold 5%]  exit 1 if new is worse

A job is a protocol, an adversary, two sizes and a network. Its name is what -run
matches and benchstat shows: PSI/vole/malicious/n=2^16/tls.

  PSI       private set intersection, half of the items in common
  MPC       operations of package mpc on shares of two to four parties
  HE        sums of the vectors of -parties organisations by package he
  Share     vectors, keys and files split and combined by package mpc/share
  Identity  a catalogue, of 340,000 records at size 20, registered and asked; and
            identities, 4,096 at size 20, registered with their keys
  Jobs      from signed contracts through the gate: link tables, add up vectors

  mem   all parties in one process, over a buffered pipe in memory
  tls   a process for each party, over TLS 1.3 on the loopback interface
  10g   the same over a link of 10 Gbit/s and 0.2 ms
  1g    the same over a link of 1 Gbit/s and 20 ms
  100m  the same over a link of 100 Mbit/s and 40 ms
  netns-10g, netns-1g, netns-100m
        a network namespace for each party, between which this program carries
        packets at that rate and delay; on Linux, for root

Delays are of one way; a round trip takes twice as long. The links 10g, 1g and
100m carry bytes, without losses and slow starts; those between namespaces carry
packets, and the kernel's TCP does what it does on such a line. HE, Identity and keys
and files of Share are jobs of mem only: one process plays all parties in turn.

With -procs 1, the default, mem is one thread for all parties together, and the
others one for each. Each run has fresh processes, after one warm-up run that
doesn't count. The result of every run is checked; a wrong one ends the program
with exit code 1. -budget is shared among the packages, and in each the quickest
jobs come first; the report says what was left out.

Peers are measured in the same run: textbook (Diffie-Hellman on P-256 as everybody
writes it), psi.js (OpenMined's, through node and npm), lattigo (plain calls),
prio3 (circl's), paillier (the textbook's on math/big) and vault (HashiCorp's
Shamir sharing). What cannot be had is left out, and the report says why.

    go run ./bench -sizes 10,16 -count 3                     a first look
    go run ./bench -html report.html -json report.json       the page, and the figures
    go run ./bench -run /vole/ -sizes 20 -networks mem       one row of a paper's table
    go run ./bench -from report.json -run ^PSI/ -markdown    a table for a text
    go run ./bench -run ^HE/ -sizes 20 -parties 2,8,32       sums of organisations
    go run ./bench -networks 10g,1g,100m -peers ''           links only, without peers
    go run ./bench -networks 1g,netns-1g -run /vole/         what TCP makes of a long line
    go run ./bench -procs 0 -sizes 20                        all cores for each process
    go run -tags purego ./bench                              without assembly

Flags:
`

// options is what the flags say.
type options struct {
	pattern   *regexp.Regexp
	sizes     []size
	networks  []string
	builtin   []string // peers
	peers     []peer
	parties   []int // contributors of an aggregation
	count     int
	procs     int
	budget    time.Duration
	list      bool
	details   bool
	markdown  bool
	jsonFile  string
	htmlFile  string
	fromFile  string
	benchstat string
	oldFile   string // of -compare
	newFile   string
	threshold float64
	figures   []string
	fault     bool // for tests: the parties lose a row of the result
	wired     func() error
}

func main() {
	if os.Getenv(childVariable) != "" {
		os.Exit(childMain(os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := parse(os.Args[1:], os.Stderr)
	os.Exit(exitCode(ctx, o, err, os.Stdout, os.Stderr))
}

// exitCode does what the flags say, if there is no error in them, and returns the exit code:
// one for what is wrong or worse, and two for wrong flags.
func exitCode(ctx context.Context, o *options, err error, stdout, stderr io.Writer) int {
	code := 2
	if err == nil {
		code, err = 1, run(ctx, o, stdout)
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, "bench:", err)
	return code
}

// allJobs returns the jobs of all packages, the small ones first, so that a budget
// leaves out the large ones of each rather than one package.
func allJobs(o *options) []*job {
	jobs := slices.Concat(
		psiJobs(o.sizes, o.networks),
		mpcJobs(o.sizes, o.networks),
		shareJobs(o.sizes, o.networks),
		secretJobs(o.sizes, o.networks, o.builtin),
		heJobs(o.sizes, o.networks, o.parties, o.builtin),
		identityJobs(o.sizes, o.networks),
		gateJobs(o.sizes, o.networks),
		peerJobs(o.builtin, o.peers, o.sizes, o.networks),
	)
	slices.SortStableFunc(jobs, func(a, b *job) int { return a.Items - b.Items })
	return jobs
}

// run does what the flags say. Whatever was measured before an error is
// reported nevertheless.
func run(ctx context.Context, o *options, stdout io.Writer) error {
	if o.oldFile != "" {
		return compareFiles(stdout, o)
	}
	if o.fromFile != "" {
		r, err := readReport(o.fromFile)
		if err != nil {
			return err
		}
		if len(selectResults(r.Jobs, o.pattern)) == 0 {
			return fmt.Errorf("no job in %s has a name that -run matches", o.fromFile)
		}
		r.show(stdout, o)
		return r.save(o, stdout)
	}
	jobs := selectJobs(allJobs(o), o.pattern)
	if len(jobs) == 0 {
		return errors.New("no job has a name that -run matches")
	}
	if o.list {
		for _, j := range jobs {
			fmt.Fprintln(stdout, j.Name)
		}
		return nil
	}
	deadline := time.Now().Add(o.budget) // to which installing belongs
	jobs, absent, done := install(ctx, jobs, o.wired)
	defer done()
	bar, clear := newProgress(os.Stderr, len(jobs)*(o.count+1))
	r := newRunner(o, bar)
	r.deadline = deadline
	report := &report{Format: reportFormat, Machine: thisMachine(ctx), Procs: o.procs, Count: o.count, Time: time.Now().UTC().Format("2006-01-02 15:04 MST")}
	var failed error
	report.Jobs, report.LeftOut, failed = r.all(ctx, jobs)
	report.LeftOut = append(absent, report.LeftOut...)
	report.Fits = fits(report.Jobs)
	clear()
	if len(report.Jobs)+len(report.LeftOut) > 0 {
		report.show(stdout, o)
	}
	return errors.Join(failed, report.save(o, stdout))
}

// show writes what people read, of jobs that -run selects.
func (r *report) show(w io.Writer, o *options) {
	shown := *r
	shown.Jobs = selectResults(r.Jobs, o.pattern)
	if o.markdown {
		shown.markdown(w)
		return
	}
	shown.print(w, o.details)
}

// encode returns the report in JSON, with a line for each job.
func (r *report) encode() ([]byte, error) {
	frame := *r
	frame.Jobs = []*result{}
	data, err := json.Marshal(frame)
	if err != nil {
		return nil, err
	}
	var lines [][]byte
	for _, j := range r.Jobs {
		line, err := json.Marshal(j)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	empty := []byte(`"jobs":[]`)
	jobs := slices.Concat([]byte("\"jobs\":[\n"), bytes.Join(lines, []byte(",\n")), []byte("\n]"))
	return append(bytes.Replace(data, empty, jobs, 1), '\n'), nil
}

// save writes the files that were asked for.
func (r *report) save(o *options, stdout io.Writer) error {
	if o.jsonFile != "" {
		data, err := r.encode()
		if err == nil {
			err = os.WriteFile(o.jsonFile, data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	if o.htmlFile != "" {
		var page bytes.Buffer
		err := r.html(&page)
		if err == nil {
			err = os.WriteFile(o.htmlFile, page.Bytes(), 0o644)
		}
		if err != nil {
			return err
		}
	}
	switch o.benchstat {
	case "":
		return nil
	case "-":
		fmt.Fprintln(stdout)
		return r.benchstat(stdout)
	}
	f, err := os.Create(o.benchstat)
	if err != nil {
		return err
	}
	return errors.Join(r.benchstat(f), f.Close())
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{wired: tryWire}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are returned, and shown once
	pattern := fs.String("run", "", "measure only jobs whose names match `REGEXP`")
	sizes := fs.String("sizes", "10,14,18,20,10x20", "binary logarithms of the numbers of items; 10x20 is 2^10 of the receiver and 2^20 of the sender")
	links := fs.String("networks", "mem,tls,1g", "how the parties are connected")
	parties := fs.String("parties", "8", "numbers of `organisations` whose numbers package he adds up, from 2 to 32")
	builtin := fs.String("peers", strings.Join(builtinPeers, ","), "peers to measure beside, where they can be had")
	fs.IntVar(&o.count, "count", 5, "number of measured `runs` of each job")
	fs.IntVar(&o.procs, "procs", 1, "GOMAXPROCS of the measured processes; 0 is Go's default, all cores")
	fs.DurationVar(&o.budget, "budget", 10*time.Minute, "start nothing that is not done within this `time`, and say what was left out")
	fs.BoolVar(&o.list, "list", false, "print the names of the jobs and exit")
	fs.StringVar(&o.jsonFile, "json", "", "write machine, runs and figures to `FILE`")
	fs.StringVar(&o.htmlFile, "html", "", "write the report as a page to `FILE`")
	fs.StringVar(&o.fromFile, "from", "", "report what a `FILE` of -json has instead of measuring; -run selects what is printed")
	fs.BoolVar(&o.details, "details", false, "print figures of each party, phases, and growth of all figures too")
	fs.BoolVar(&o.markdown, "markdown", false, "print a short table in Markdown instead; -from and -run say of what")
	fs.StringVar(&o.benchstat, "benchstat", "", "write lines that benchstat reads to `FILE`; - is the standard output")
	fs.StringVar(&o.oldFile, "compare", "", "compare `old.json` with the file that follows instead of measuring; -run selects jobs here too")
	threshold := fs.String("threshold", "5%", "by how much a figure may be worse in -compare")
	figures := fs.String("figures", strings.Join(judged, ","), "what -compare looks at")
	fs.Func("peer", "measure `NAME=COMMAND` too, a program that speaks the protocol in peer.go", func(s string) error {
		p, err := parsePeer(s)
		o.peers = append(o.peers, p)
		return err
	})
	// Flags may stand behind files.
	var files []string
	for err := fs.Parse(args); ; err = fs.Parse(fs.Args()[1:]) {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, help)
			fs.SetOutput(stderr)
			fs.PrintDefaults()
		}
		if err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			break
		}
		files = append(files, fs.Arg(0))
	}
	var err error
	// Names have powers in them; as an assertion ^ could not match there.
	if o.pattern, err = regexp.Compile(strings.ReplaceAll(*pattern, "2^", `2\^`)); err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	for s := range strings.SplitSeq(*sizes, ",") {
		size, err := parseSize(s)
		if err != nil {
			return nil, fmt.Errorf("-sizes: %w", err)
		}
		o.sizes = append(o.sizes, size)
	}
	if o.networks, err = parseNetworks(*links); err != nil {
		return nil, err
	}
	for s := range strings.SplitSeq(*parties, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 2 || n > 32 {
			return nil, fmt.Errorf("-parties: %q is no number from 2 to 32", s)
		}
		o.parties = append(o.parties, n)
	}
	if o.builtin, err = parsePeers(*builtin); err != nil {
		return nil, fmt.Errorf("-peers: %w", err)
	}
	if o.threshold, err = parseThreshold(*threshold); err != nil {
		return nil, err
	}
	o.figures = strings.Split(*figures, ",")
	for _, f := range o.figures {
		if !slices.Contains(judged, f) {
			return nil, fmt.Errorf("-figures: %q is none of %s", f, strings.Join(judged, ", "))
		}
	}
	switch {
	case o.count < 1:
		return nil, errors.New("-count must be at least 1")
	case o.procs < 0:
		return nil, errors.New("-procs must not be negative")
	case o.oldFile == "" && len(files) > 0:
		return nil, fmt.Errorf("unexpected argument %q; -h shows the usage", files[0])
	case o.oldFile != "" && len(files) != 1:
		return nil, errors.New("-compare takes two files: -compare old.json new.json")
	case o.oldFile != "":
		o.newFile = files[0]
	}
	return o, nil
}

// parseThreshold reads 5% or 0.05.
func parseThreshold(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	t, err := strconv.ParseFloat(number, 64)
	if err != nil || !(t >= 0) {
		return 0, fmt.Errorf("-threshold: %q is not a share such as 5%%", s)
	}
	if percent {
		t /= 100
	}
	return t, nil
}
