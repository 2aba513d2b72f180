// Command registry runs a small registry with an evidence log, a witness for
// another one's log, and checks proofs without a network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity/evidence"
)

const usage = `registry keeps a catalogue whose every record can be proved to anybody.

  registry serve DIR           start a registry in the folder DIR; the first time
                               it registers two organisations and takes in a
                               catalogue, whose numbers become parts of codes
  registry register SUBJECT -registrar CODE -key FILE
                               register a connector of an organisation by its key
  registry witness DIR -log KEY  watch another one's log, and cosign it
  registry find TEXT           search the registry's records
  registry prove CODE > FILE   fetch the proof of a record
  registry verify FILE         check a proof, with no network

On one machine, in two terminals:

  registry serve city                          prints its code and its log's key
  registry find 气象                           prints codes
  registry prove CODE > rain.tlog-proof
  registry verify -log KEY rain.tlog-proof

A log can show different histories to different people. Against that, let
organisations that do not trust each other run witnesses:

  registry witness watcher -log KEY            prints the key of the witness
  registry serve city -witness URL=WITNESSKEY
  registry verify -log KEY -witness WITNESSKEY -quorum 1 rain.tlog-proof

"registry serve -h" and so on list all options.
`

func main() {
	log.SetFlags(0)
	log.SetPrefix("registry: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal(err)
	}
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errors.New("say what to do: serve, register, witness, find, prove or verify; registry -h tells more")
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.SetOutput(stderr)
	rest := args[1:]
	switch args[0] {
	case "serve":
		listen := f.String("listen", "127.0.0.1:7800", "address to serve on")
		organisations := f.String("organisations", "", "CSV `file` of code and name, instead of the example")
		catalogue := f.String("catalogue", "", "CSV `file` of number, title and holder, instead of the example")
		region := f.String("region", "3101", "first four `digits` of the region's code, for the codes of resources")
		var witnesses list
		f.Var(&witnesses, "witness", "`URL=KEY` of a witness; may be given more than once")
		dir, err := parse(f, rest, "DIR")
		if err != nil {
			return err
		}
		return serve(ctx, stdout, dir, *listen, *organisations, *catalogue, *region, witnesses)
	case "register":
		url := f.String("url", "http://127.0.0.1:7800", "the registry")
		registrar := f.String("registrar", "", "`code` of the registry, as serve printed it")
		region := f.String("region", "3101", "first four `digits` of the region's code")
		key := f.String("key", "", "`file` with the key, made if it is not there")
		subject, err := parse(f, rest, "SUBJECT")
		if err != nil {
			return err
		}
		if *key == "" {
			return errors.New("say where the key is, with -key FILE")
		}
		return register(ctx, stdout, *url, *registrar, *region, subject, *key)
	case "witness":
		listen := f.String("listen", "127.0.0.1:7801", "address to serve on")
		name := f.String("name", "witness.example", "name of the witness")
		var logs list
		f.Var(&logs, "log", "`key` of a log to watch; may be given more than once")
		dir, err := parse(f, rest, "DIR")
		if err != nil {
			return err
		}
		return witness(ctx, stdout, dir, *listen, *name, logs)
	case "prove":
		url := f.String("url", "http://127.0.0.1:7800", "the registry")
		code, err := parse(f, rest, "CODE")
		if err != nil {
			return err
		}
		return prove(ctx, stdout, *url, code)
	case "find":
		url := f.String("url", "http://127.0.0.1:7800", "the registry")
		text, err := parse(f, rest, "TEXT")
		if err != nil {
			return err
		}
		return find(ctx, stdout, *url, text)
	case "verify":
		logKey := f.String("log", "", "`key` of the log, as serve printed it")
		var witnesses list
		f.Var(&witnesses, "witness", "`key` of a witness; may be given more than once")
		quorum := f.Int("quorum", 0, "how many of the witnesses must have cosigned")
		file, err := parse(f, rest, "FILE")
		if err != nil {
			return err
		}
		return verify(stdout, file, *logKey, *quorum, witnesses)
	case "-h", "-help", "--help", "help":
		fmt.Fprint(stdout, usage)
		return nil
	}
	return fmt.Errorf("there is no command %q; there are serve, register, witness, find, prove and verify", args[0])
}

// parse reads flags and the one argument, in any order.
func parse(f *flag.FlagSet, args []string, what string) (string, error) {
	if err := f.Parse(args); err != nil {
		return "", err
	}
	if f.NArg() == 0 {
		return "", fmt.Errorf("usage: registry %s %s", f.Name(), what)
	}
	argument := f.Arg(0)
	if err := f.Parse(f.Args()[1:]); err != nil {
		return "", err
	}
	if f.NArg() > 0 {
		return "", fmt.Errorf("usage: registry %s %s; there is more", f.Name(), what)
	}
	return argument, nil
}

type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// verify checks a proof file. It needs the file, the keys, and nothing else.
func verify(w io.Writer, file, logKey string, quorum int, witnesses []string) error {
	policy, err := evidence.NewPolicy(logKey, quorum, witnesses...)
	if err != nil {
		return fmt.Errorf("%w\n(the keys come from the log's and the witnesses' operators, not from the proof)", err)
	}
	proof, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	start := time.Now()
	v, err := policy.Verify(proof)
	if err != nil {
		return err
	}
	took := time.Since(start)
	fmt.Fprintf(w, "%s\nis record %d of the log %s, which had %d.\n", v.Record, v.Index, v.Checkpoint.Origin, v.Checkpoint.Size)
	if quorum > 0 {
		fmt.Fprintf(w, "%d witnesses have seen that by %s.\n", quorum, v.Checkpoint.Witnessed.Format(time.RFC3339))
	} else {
		fmt.Fprintln(w, "No witness was asked for, so the log might show others another history.")
	}
	fmt.Fprintf(w, "Checked in %v, with no network.\n", took.Round(time.Microsecond))
	return nil
}
