package creditcode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	for _, code := range []string{ // numbers that their holders publish
		"91110000600037341L", "121200004013590816", "91310112087994932F", "913205056082348768",
	} {
		require.Equal(t, -1, Malformed(code))
		require.Equal(t, code[17], Check(code))
		require.Equal(t, code[17], Check([]byte(code)))
		// Every other character in every place is noticed.
		for i := range code {
			for _, c := range alphabet {
				wrong := code[:i] + string(c) + code[i+1:]
				if wrong != code && Malformed(wrong) < 0 {
					require.NotEqual(t, wrong[17], Check(wrong), wrong)
				}
			}
		}
	}
}

func TestMalformed(t *testing.T) {
	const code = "91110000600037341L"
	for i := range code {
		for _, c := range "IOSVZ*a\x00\x80" {
			require.Equal(t, i, Malformed(code[:i]+string([]byte{byte(c)})+code[i+1:]))
		}
		require.Equal(t, i, Malformed(code[:i]))
	}
	require.Equal(t, 2, Malformed("91A10000600037341L"))
	require.Equal(t, Size, Malformed(code+"0"))
	require.Equal(t, 0, Malformed(strings.Repeat("-", 100)))
}
