package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// psijs is the program of the peer psi.js, for node, with the version that it needs.
//
//go:embed psijs
var psijs embed.FS

// tryWire says why there cannot be network namespaces here, if so.
func tryWire() error {
	w, err := newWire(1, *hubs)
	if err == nil {
		w.close()
	}
	return err
}

// install makes the programs of peers that jobs need, and tries network namespaces by wired,
// and returns the jobs that can be measured, and the others with the reason. The programs are
// gone after done.
func install(ctx context.Context, jobs []*job, wired func() error) (ready []*job, absent []leftOut, done func()) {
	makers := map[string]func(context.Context, string) ([]string, error){peerVault: installVault, peerPSIJS: installPSIJS}
	type outcome struct {
		command []string
		err     error
	}
	outcomes := map[string]outcome{}
	folder := ""
	wired = sync.OnceValue(wired)
	for _, j := range jobs {
		if networkOf(j.Network).wire && wired() != nil {
			absent = append(absent, leftOut{j.Name, fmt.Sprintf("%s cannot be had here: %v", j.Network, wired())})
			continue
		}
		if j.Install == "" {
			ready = append(ready, j)
			continue
		}
		o, tried := outcomes[j.Install]
		if !tried {
			if folder == "" {
				folder, o.err = os.MkdirTemp("", "bench-peers")
			}
			if o.err == nil {
				o.command, o.err = makers[j.Install](ctx, folder)
			}
			outcomes[j.Install] = o
		}
		if o.err != nil {
			absent = append(absent, leftOut{j.Name, fmt.Sprintf("%s cannot be had here: %v", j.Install, o.err)})
			continue
		}
		j.Command = o.command
		ready = append(ready, j)
	}
	return ready, absent, func() {
		if folder != "" {
			os.RemoveAll(folder)
		}
	}
}

// installVault builds the program in the nested module vault, for which it takes
// a checkout, and the Go module proxy when it is built for the first time.
func installVault(ctx context.Context, folder string) ([]string, error) {
	root := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/dujiang-dev/dujiang")
	if root == "" {
		return nil, errors.New("this is no checkout of dujiang")
	}
	program := filepath.Join(folder, "vault")
	return []string{program}, execute(ctx, filepath.Join(root, "bench", "vault"), "go", "build", "-o", program, ".")
}

// installPSIJS has npm fetch OpenMined's package, which is WebAssembly.
func installPSIJS(ctx context.Context, folder string) ([]string, error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, err
		}
	}
	if err := os.CopyFS(folder, psijs); err != nil {
		return nil, err
	}
	folder = filepath.Join(folder, "psijs")
	err := execute(ctx, folder, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev")
	return []string{"node", filepath.Join(folder, "main.mjs")}, err
}

// execute runs a command in a folder, and returns the last line of what it says if
// it fails.
func execute(ctx context.Context, folder, command string, args ...string) error {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s: %w: %s", command, err, lines[len(lines)-1])
	}
	return nil
}
