package joinkey

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/creditcode"
)

func TestResidentID(t *testing.T) {
	testKind(t, ResidentID(), []kindCase{
		// The two examples of GB 11643-1999, annex A.
		{in: "11010519491231002X", want: "11010519491231002X"},
		{in: "440524188001010014", want: "440524188001010014"},
		{in: " 11010519491231002x\n", want: "11010519491231002X"},
		{in: "110105 19491231 002x", want: "11010519491231002X"},
		{in: "110105-19491231-002 X", want: "11010519491231002X"},
		{in: "１１０１０５　１９４９１２３１　００２Ｘ", want: "11010519491231002X"},
		{in: "１１０１０５１９４９１２３１００２Ｘ", want: "11010519491231002X"},
		{in: "１１０１０５１９４９１２３１００２ｘ", want: "11010519491231002X"},
		// The same persons by the older form, which has no century.
		{in: "110105491231002", want: "11010519491231002X"},
		{in: "110105000229001", reason: reasonIDDate}, // 1900 was no leap year
		{in: "110105990101996", reason: reasonIDCentury},
		{in: "110105990101999", reason: reasonIDCentury},
		{in: "110105990101995", want: "110105199901019950"},
		{in: "110105194912310029", reason: reasonIDCheck},
		{in: "110105194912310021", reason: reasonIDCheck},
		{in: "11010519490231002X", reason: reasonIDDate},
		{in: "11010519491331002X", reason: reasonIDDate},
		{in: "", reason: reasonIDForm},
		{in: "1101051949123100", reason: reasonIDForm},
		{in: "11010519491231002", reason: reasonIDForm},
		{in: "11010519491231002XX", reason: reasonIDForm},
		{in: "11010519491231002Y", reason: reasonIDForm},
		{in: "X1010519491231002X", reason: reasonIDForm},
		{in: "010105194912310020", reason: reasonIDForm},
		{in: "110105 19491231002", reason: reasonIDForm},
		{in: "11010549123100X", reason: reasonIDForm},
		{in: "11010519491231002\xff", reason: reasonIDForm},
	})
}

// TestResidentIDErrors checks what MOD 11-2 promises: every wrong digit and
// every swap of two neighbours is found.
func TestResidentIDErrors(t *testing.T) {
	for _, id := range []string{"11010519491231002X", "440524188001010014"} {
		for i := range 18 {
			for c := byte('0'); c <= '9'; c++ {
				b := []byte(id)
				if b[i] == c {
					continue
				}
				b[i] = c
				if out, err := ResidentID().Append(nil, string(b)); err == nil {
					t.Errorf("%s is accepted as %s", b, out)
				}
			}
			if i > 0 && id[i] != id[i-1] {
				b := []byte(id)
				b[i], b[i-1] = b[i-1], b[i]
				if out, err := ResidentID().Append(nil, string(b)); err == nil {
					t.Errorf("%s is accepted as %s", b, out)
				}
			}
		}
	}
}

func TestCreditCode(t *testing.T) {
	testKind(t, CreditCode(), []kindCase{
		// Codes in public registers; the third is from the tests of
		// python-stdnum.
		{in: "91310112087994932F", want: "91310112087994932F"},
		{in: "9115220107837941X1", want: "9115220107837941X1"},
		{in: "91110000600037341L", want: "91110000600037341L"},
		{in: "91340600MA2PBM9HXD", want: "91340600MA2PBM9HXD"},
		{in: "91340600ma2pbm9hxd", want: "91340600MA2PBM9HXD"},
		{in: " ９１３４０６００ＭＡ２ｐｂｍ９ｈｘｄ　", want: "91340600MA2PBM9HXD"},
		{in: "121200004013590816", want: "121200004013590816"},
		{in: "91310112087994932G", reason: reasonCCCheck},
		{in: "91110000600037341N", reason: reasonCCCheck}, // python-stdnum
		{in: "91350100M000100Y4Z", reason: reasonCCForm},  // printed in GB 32100-2015, with a letter not in its alphabet
		{in: "9111000060003IOZSV", reason: reasonCCForm},  // python-stdnum
		{in: "9131A112087994932F", reason: reasonCCForm},
		{in: "", reason: reasonCCForm},
		{in: "91310112087994932", reason: reasonCCForm},
		{in: "91310112087994932FF", reason: reasonCCForm},
		{in: "913101120-7994932F", reason: reasonCCForm},
		{in: "91310112087994932\xff", reason: reasonCCForm},
	})
}

// TestCreditCodeErrors checks that every wrong character is found, and every
// swap but one: 3 is a primitive root modulo 31, so that all 17 weights differ,
// and only the first is 1, which is that of the check character.
func TestCreditCodeErrors(t *testing.T) {
	for _, code := range []string{"91310112087994932F", "91340600MA2PBM9HXD"} {
		for i := range 18 {
			for j := range len(creditcode.Alphabet()) {
				b := []byte(code)
				if b[i] == creditcode.Alphabet()[j] {
					continue
				}
				b[i] = creditcode.Alphabet()[j]
				if out, err := CreditCode().Append(nil, string(b)); err == nil {
					t.Errorf("%s is accepted as %s", b, out)
				}
			}
			for j := range i {
				if i == 17 && j == 0 {
					continue
				}
				b := []byte(code)
				b[i], b[j] = b[j], b[i]
				if out, err := CreditCode().Append(nil, string(b)); err == nil && string(b) != code {
					t.Errorf("%s is accepted as %s", b, out)
				}
			}
		}
	}
}

func TestCreditCodeVectors(t *testing.T) {
	for name, valid := range map[string]bool{"uscc-valid.txt": true, "uscc-invalid.txt": false} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(shared(t, "vectors/codes/"+name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			n := 0
			for sc := bufio.NewScanner(f); sc.Scan(); {
				fields := strings.Fields(sc.Text())
				if len(fields) == 0 || fields[0][0] == '#' {
					continue
				}
				n++
				if out, err := CreditCode().Append(nil, fields[0]); (err == nil) != valid || valid && string(out) != fields[0] {
					t.Errorf("%s becomes %q, error %v", fields[0], out, err)
				}
			}
			if n == 0 {
				t.Error("no codes in the file")
			}
		})
	}
}
