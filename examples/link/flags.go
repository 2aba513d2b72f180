package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/examples/internal/pinned"
	"github.com/dujiang-dev/dujiang/psi"
	"github.com/dujiang-dev/dujiang/psi/joinkey"
	"github.com/dujiang-dev/dujiang/psi/joinkey/phone"
)

// A job is a checked command line.
type job struct {
	serve     bool
	addr      string
	key       *pinned.Key
	peer      pinned.Fingerprint
	in, out   string
	evidence  string
	spec      joinkey.Spec
	table     joinkey.Config
	reveal    string
	protocol  psi.Protocol
	adversary psi.Adversary
	pad       int
	memory    int64 // in bytes
	timeout   time.Duration
	json      bool
	bar       bool
}

func parseJob(serve bool, args []string, stderr io.Writer) (*job, error) {
	name := "join"
	if serve {
		name = "serve"
	}
	j := &job{serve: serve}
	flags := flag.NewFlagSet("link "+name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // it would bury the error under the help
	if serve {
		flags.StringVar(&j.addr, "listen", "", "`ADDR` to wait at, as :7700 or 192.0.2.1:7700")
	}
	identity := flags.String("identity", "", "`FILE` with this side's key, from link keygen")
	peer := flags.String("peer", "", "`FINGERPRINT` of the other side's key")
	flags.StringVar(&j.in, "in", "", "CSV `FILE` with this side's table")
	key := flags.String("key", "", "`COLUMN:KIND` of what the tables are joined on, several joined by commas;\n#N:KIND is the Nth column of a file without a header; the kinds are\n"+kindNames())
	flags.StringVar(&j.out, "out", "", "`FILE` for the rows of this side's table that the other side has too")
	flags.StringVar(&j.reveal, "reveal", "", "`WHO` learns which of its rows matched: joiner, server or both")
	protocol := flags.String("protocol", "auto", "the `PROTOCOL` to run: auto, dh or vole")
	adversary := flags.String("adversary", "semi-honest", "what the other side is `FEARED` to do: semi-honest, it follows the protocol and looks\nat what it gets, or malicious, it does anything; malicious is slower, and only one side learns")
	header := flags.String("header", "auto", "whether the first line names the columns: yes, no or auto, which is no if -key\ngives columns by number")
	comma := flags.String("comma", ",", "what `SEPARATES` the columns: one character, tab, or none where each line is one value")
	flags.StringVar(&j.table.Encoding, "encoding", "auto", "of the file: utf-8, gb18030, gbk or auto")
	empty := flags.String("empty", "skip", "rows in which a part of the key is empty: skip them, or let the empty be a `value`")
	bad := flags.String("bad", "skip", "rows with a key that is not of its kind: `skip` them and count them, or stop")
	flags.IntVar(&j.pad, "pad", 0, "hide this side's number of different keys: pretend to have `N`")
	memory := flags.Int64("memory", 0, "split the run into parts that take no more than `MIB` of memory, and keep the keys'\nhashes in temporary files meanwhile; both sides must give the same")
	flags.StringVar(&j.evidence, "evidence", "", "`FOLDER` to keep evidence in that this run was agreed, with a proof that anybody can check")
	flags.DurationVar(&j.timeout, "timeout", defaultTimeout, "`TIME` to wait for the other side and to run")
	flags.BoolVar(&j.json, "json", false, "print a summary for programs instead of one for people")
	quiet := flags.Bool("quiet", false, "show no progress bar")

	// The address may stand before the options, as in the usage text, or behind.
	if !serve && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		j.addr, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			if serve {
				fmt.Fprint(stderr, "link serve -listen ADDR [options]: wait for the other side, run once\n\n")
			} else {
				fmt.Fprint(stderr, "link join ADDR [options]: connect to the other side, run once\n\n")
			}
			flags.SetOutput(stderr)
			flags.PrintDefaults()
			return nil, err
		}
		return nil, inputError{fmt.Errorf("%w; link %s -h lists the options", err, name)}
	}
	if !serve && j.addr == "" && flags.NArg() == 1 {
		j.addr = flags.Arg(0)
	} else if flags.NArg() > 0 {
		return nil, inputError{fmt.Errorf("what is %q for? link %s -h lists the options", flags.Arg(0), name)}
	}
	j.bar = !*quiet
	err := errors.Join(
		required("an address to wait at or connect to", j.addr), required("-identity", *identity), required("-peer", *peer),
		required("-in", j.in), required("-key", *key),
		oneOf("-reveal", j.reveal, "joiner", "server", "both"), oneOf("-protocol", *protocol, "auto", "dh", "vole"), oneOf("-adversary", *adversary, "semi-honest", "malicious"),
		oneOf("-empty", *empty, "skip", "value"), oneOf("-bad", *bad, "skip", "stop"), oneOf("-header", *header, "auto", "yes", "no"))
	if err != nil {
		return nil, inputError{err}
	}
	if _, _, err := net.SplitHostPort(j.addr); err != nil {
		return nil, inputError{err}
	}
	if j.pad < 0 || uint64(j.pad) > math.MaxUint32 {
		return nil, inputError{fmt.Errorf("-pad is %d; 0 to %d are possible", j.pad, uint32(math.MaxUint32))}
	}
	if *memory < 0 || *memory > 1<<30 {
		return nil, inputError{fmt.Errorf("-memory is %d; 0 to %d are possible", *memory, 1<<30)}
	}
	j.memory = *memory << 20
	if *adversary == "malicious" && (j.reveal == "both" || *protocol == "dh") {
		return nil, inputError{errors.New("-adversary malicious needs -reveal joiner or server, and -protocol auto or vole")}
	}
	j.protocol = map[string]psi.Protocol{"auto": psi.Auto, "dh": psi.DH, "vole": psi.VOLE}[*protocol]
	j.adversary = psi.SemiHonest
	if *adversary == "malicious" {
		j.adversary = psi.Malicious
	}
	if j.out != "" && !j.learns() {
		return nil, inputError{fmt.Errorf("-out: this side learns nothing with -reveal %s", j.reveal)}
	}
	if j.key, err = pinned.ReadKey(*identity); err != nil {
		return nil, inputError{fmt.Errorf("-identity: %w", err)}
	}
	if j.peer, err = pinned.ParseFingerprint(*peer); err != nil {
		return nil, inputError{fmt.Errorf("-peer: %w", err)}
	}
	if j.spec, err = joinkey.ParseSpec(*key, phone.Kinds()...); err != nil {
		return nil, inputError{fmt.Errorf("-key: %w", err)}
	}
	if j.table.Comma, err = parseComma(*comma); err != nil {
		return nil, inputError{err}
	}
	j.table.Header = joinkey.HeaderRow
	byNumber := slices.ContainsFunc(j.spec, func(c joinkey.Column) bool { return c.Number > 0 })
	if *header == "no" || *header == "auto" && byNumber {
		j.table.Header = joinkey.NoHeader
	}
	j.table.Bad, j.table.Empty = joinkey.Skip, joinkey.SkipEmpty
	if *bad == "stop" {
		j.table.Bad = joinkey.Stop
	}
	if *empty == "value" {
		j.table.Empty = joinkey.EmptyIsValue
	}
	return j, nil
}

func kindNames() string {
	_, err := joinkey.ParseKind("?")
	_, names, _ := strings.Cut(err.Error(), "there are ")
	return names + ", and phone/REGION, as in phone/CN"
}

func required(what, value string) error {
	if value == "" {
		return fmt.Errorf("%s is missing", what)
	}
	return nil
}

func oneOf(name, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s must be one of %s", name, strings.Join(allowed, ", "))
	}
	return nil
}

func parseComma(s string) (rune, error) {
	switch r := []rune(s); {
	case s == "none":
		return joinkey.WholeLine, nil
	case s == "tab":
		return '\t', nil
	case len(r) == 1:
		return r[0], nil
	}
	return 0, fmt.Errorf("-comma must be one character, tab or none")
}
