package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/cpu"
)

// A machine is where and from what something was measured.
type machine struct {
	CPU       string   `json:"cpu"`
	Cores     int      `json:"cores"`
	OS        string   `json:"os"`
	Arch      string   `json:"arch"`
	Go        string   `json:"go"`
	Commit    string   `json:"commit,omitempty"`
	Modified  bool     `json:"modified,omitempty"`
	Purego    bool     `json:"purego"`
	Kernels   []string `json:"kernels"`              // families that can run
	Features  []string `json:"features"`             // of the processor
	HugePages string   `json:"huge_pages,omitempty"` // transparent ones
	Load      string   `json:"load,omitempty"`       // averages at the start
	Settings  []string `json:"settings,omitempty"`   // of the build and the runtime that are not the default
}

func thisMachine(ctx context.Context) *machine {
	m := &machine{
		CPU:    processor(ctx),
		Cores:  runtime.NumCPU(),
		OS:     runtime.GOOS,
		Arch:   runtime.GOARCH,
		Go:     runtime.Version(),
		Purego: purego,
	}
	m.setFeatures()
	m.setBuild(ctx)
	if text, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); err == nil {
		_, rest, _ := strings.Cut(string(text), "[")
		m.HugePages, _, _ = strings.Cut(rest, "]")
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(text))[:3], " ")
	}
	for _, name := range []string{"GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG", "GOEXPERIMENT"} {
		if value := os.Getenv(name); value != "" {
			m.Settings = append(m.Settings, name+"="+value)
		}
	}
	return m
}

// kernels names the families of kernels that are used.
func (m *machine) kernels() string {
	switch {
	case m.Purego:
		return "none (purego)"
	case len(m.Kernels) == 0:
		return "none"
	}
	return strings.Join(m.Kernels, ", ")
}

// commit returns so many characters of the commit, and whether there was more.
func (m *machine) commit(length int) string {
	text := orUnknown(m.Commit)
	text = text[:min(len(text), length)]
	if m.Modified {
		text += ", modified"
	}
	return text
}

// processor returns the model of the processor.
func processor(ctx context.Context) string {
	switch runtime.GOOS {
	case "linux", "android":
		f, err := os.Open("/proc/cpuinfo")
		if err != nil {
			break
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ":")
			if name = strings.TrimSpace(name); name == "model name" || name == "Model" {
				return strings.TrimSpace(value)
			}
		}
	case "darwin":
		return output(ctx, "sysctl", "-n", "machdep.cpu.brand_string")
	case "windows":
		return os.Getenv("PROCESSOR_IDENTIFIER")
	}
	return "unknown"
}

// output returns what a command prints, or nothing if it fails.
func output(ctx context.Context, command string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, command, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// setBuild finds out what was built. Go run doesn't record the commit, so that
// git is asked for that of the current directory.
func (m *machine) setBuild(ctx context.Context) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				m.Commit = s.Value
			case "vcs.modified":
				m.Modified = s.Value == "true"
			case "-tags", "-race", "-gcflags", "-asmflags", "-ldflags", "-msan", "-asan", "-pgo", "GOAMD64", "GOARM64":
				m.Settings = append(m.Settings, s.Key+"="+s.Value)
			}
		}
	}
	if m.Commit == "" {
		m.Commit = output(ctx, "git", "rev-parse", "HEAD")
		m.Modified = m.Commit != "" && output(ctx, "git", "status", "--porcelain", "--", ":/*.go", ":/*.s", ":/go.mod") != ""
	}
}

// listed reports whether Linux lists a feature of the processor, for those that package cpu
// knows only together with AVX-512.
func listed(feature string) bool {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.Lines(text) {
		if name, values, _ := bytes.Cut(line, []byte(":")); string(bytes.TrimSpace(name)) == "flags" {
			return slices.Contains(strings.Fields(string(values)), feature)
		}
	}
	return false
}

// setFeatures lists the processor features that cryptography can use, and the
// families of kernels that this library has for them. What a family needs is
// said in its package internal/cpu, which this program must not import.
func (m *machine) setFeatures() {
	features := []struct {
		name string
		has  bool
	}{
		{"aes", cpu.X86.HasAES || cpu.ARM64.HasAES},
		{"pclmulqdq", cpu.X86.HasPCLMULQDQ},
		{"avx2", cpu.X86.HasAVX2},
		{"bmi2", cpu.X86.HasBMI2},
		{"adx", cpu.X86.HasADX},
		{"avx512f", cpu.X86.HasAVX512F},
		{"avx512bw", cpu.X86.HasAVX512BW},
		{"avx512dq", cpu.X86.HasAVX512DQ},
		{"avx512vl", cpu.X86.HasAVX512VL},
		{"avx512ifma", cpu.X86.HasAVX512IFMA},
		{"vaes", cpu.X86.HasAVX512VAES || listed("vaes")},
		{"vpclmulqdq", cpu.X86.HasAVX512VPCLMULQDQ},
		{"pmull", cpu.ARM64.HasPMULL},
		{"sha2", cpu.ARM64.HasSHA2},
		{"sve2", cpu.ARM64.HasSVE2},
	}
	has := map[string]bool{}
	m.Features, m.Kernels = []string{}, []string{}
	for _, f := range features {
		if has[f.name] = f.has; f.has {
			m.Features = append(m.Features, f.name)
		}
	}
	if purego || runtime.GOARCH != "amd64" {
		return
	}
	all := func(names ...string) bool {
		for _, name := range names {
			if !has[name] {
				return false
			}
		}
		return true
	}
	if !all("avx2", "aes", "pclmulqdq") {
		return
	}
	m.Kernels = append(m.Kernels, "avx2")
	if has["vaes"] {
		m.Kernels = append(m.Kernels, "vaes")
	}
	if !all("avx512f", "avx512bw", "avx512dq", "avx512vl", "vaes", "vpclmulqdq") {
		return
	}
	m.Kernels = append(m.Kernels, "avx512")
	if all("avx512ifma") {
		m.Kernels = append(m.Kernels, "ifma")
	}
}
