package identity

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stdnumScript answers each line "kind text" with 1 or 0, whether python-stdnum
// takes the text, or with the check character that it computes.
const stdnumScript = `
import sys
from stdnum import lei
from stdnum.cn import uscc
from stdnum.iso7064 import mod_37_2
for line in sys.stdin:
    kind, text = line.split()
    if kind == "uscc":
        print(int(uscc.is_valid(text)))
    elif kind == "lei":
        print(int(lei.is_valid(text)))
    else:
        print(mod_37_2.calc_check_digit(text))
`

// TestStdnum compares check characters with those of python-stdnum, of Debian's
// package python3-stdnum, where that is installed.
func TestStdnum(t *testing.T) {
	python := ""
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import stdnum.cn.uscc, stdnum.iso7064.mod_37_2").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("no python3 with stdnum")
	}
	const (
		bodies   = 100
		capitals = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		credit   = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	)
	random := rand.New(rand.NewPCG(1, 2))
	text := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[random.IntN(len(alphabet))]
		}
		return string(b)
	}
	var in strings.Builder
	var want []string
	ask := func(kind, text, answer string) {
		in.WriteString(kind + " " + text + "\n")
		want = append(want, answer)
	}
	verdict := func(ok bool) string {
		if ok {
			return "1"
		}
		return "0"
	}
	valid := make(map[string]int)
	for range bodies {
		s := text(capitals, 1+random.IntN(40))
		ask("mod", s, string(checkMod37(s)))

		// All check characters of one body: exactly one is right.
		body := "91" + text("0123456789", 6) + text(credit, 9)
		for _, c := range credit {
			_, err := ParseSubject(body + string(c))
			if err == nil {
				valid["uscc"]++
			}
			ask("uscc", body+string(c), verdict(err == nil))
		}
		body = text(capitals, 18)
		for check := 2; check <= 98; check++ { // python-stdnum also takes 00, 01 and 99 in place of 97, 98 and 02
			s := fmt.Sprintf("%s%02d", body, check)
			ok := checkLEI(s) < 0
			if ok {
				valid["lei"]++
			}
			ask("lei", s, verdict(ok))
		}
	}
	require.Equal(t, map[string]int{"uscc": bodies, "lei": bodies}, valid)

	cmd := exec.Command(python, "-c", stdnumScript)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	require.NoError(t, err)
	got := strings.Fields(string(out))
	require.Len(t, got, len(want))
	questions := strings.Split(in.String(), "\n")
	for i := range want {
		require.Equal(t, want[i], got[i], questions[i])
	}
}
