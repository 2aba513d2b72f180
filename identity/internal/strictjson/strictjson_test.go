package strictjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type inner struct {
	Name string `json:"name"`
}

type outer struct {
	ID     string           `json:"id"`
	Size   int64            `json:"size,omitempty"`
	Inner  *inner           `json:"inner,omitempty"`
	List   []inner          `json:"list,omitempty"`
	ByName map[string]inner `json:"byName,omitempty"`
	Raw    json.RawMessage  `json:"raw,omitempty"`
	Any    any              `json:"any,omitempty"`
	Plain  string
	hidden string
	Never  string `json:"-"`
}

const limit = 1 << 16

func TestAccepted(t *testing.T) {
	var v outer
	text := `{"id":"x","size":-9007199254740991,"inner":{"name":"a"},"list":[{"name":"b"},{"name":"c"}],"byName":{"k":{"name":"d"}},"raw":{"z":[{"q":0}]},"any":{"w":null},"Plain":"\ud83d\ude00\\ud800"}`
	require.NoError(t, Decode([]byte(text), &v, limit))
	require.Equal(t, "😀\\ud800", v.Plain)
	require.Equal(t, `{"z":[{"q":0}]}`, string(v.Raw))
	require.Equal(t, "c", v.List[1].Name)
	require.Empty(t, v.hidden)
	require.NoError(t, Decode([]byte(` "x" `), new(string), limit))
}

func TestRefused(t *testing.T) {
	for _, text := range []string{
		"", " ", "{", "}", `{"id"`, `{"id":`, `{"id":"x"`, `{"id":"x",}`, `{"id" "x"}`, `[`, `{"list":[`, `{"list":[}`,
		`{"id":"x"} {}`, `{"id":"x"}x`,
		`{"id":"x","id":"x"}`, `{"id":"x","\u0069d":"y"}`, `{"raw":{"a":1,"a":2}}`, `{"any":[{"a":1,"a":2}]}`, `{"byName":{"a":{},"a":{}}}`,
		`{"ID":"x"}`, `{"id":"x","Id":"y"}`, `{"unknown":1}`, `{"inner":{"names":"a"}}`, `{"list":[{"x":1}]}`, `{"byName":{"k":{"x":1}}}`,
		`null`, `{"id":null}`, `{"inner":null}`, `{"list":null}`, `{"list":[null]}`, `{"byName":{"k":null}}`, `{"hidden":"x"}`, `{"Never":"x"}`, `{"-":"x"}`, `{"":"x"}`, `{"plain":"x"}`,
		`{"size":1.0}`, `{"size":1e3}`, `{"size":9007199254740992}`, `{"size":-9007199254740992}`, `{"size":-0}`, `{"any":0.5}`, `{"raw":1e400}`, `{"size":"1"}`,
		"{\"id\":\"\xff\"}", `{"id":"\ud800"}`, `{"id":"\udc00\ud800"}`, `{"id":"\ud800\ud800"}`, `{"id":"\ud800x"}`, `{"id":"\ud800\u0041"}`, "{\"id\":\"\x01\"}",
		`{"any":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		`{"raw":` + strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40) + `}`,
		strings.Repeat("[", 1e4), `{"id":` + strings.Repeat(" ", limit) + `"x"}`,
	} {
		v := outer{ID: "before"}
		require.Error(t, Decode([]byte(text), &v, limit), text)
		require.Equal(t, outer{ID: "before"}, v)
	}
}

// No part of an accepted text is accepted, and what a changed byte makes of it is
// refused, or is what encoding/json reads there too.
func TestEveryByte(t *testing.T) {
	text := []byte(`{"id":"x\ud83d\ude00","size":-12,"inner":{"name":"a"},"list":[{"name":"b"},{}],"byName":{"k":{"name":"d"}},"raw":{"z":[0]},"any":{"w":[1,"\\"]},"Plain":""}`)
	require.NoError(t, Decode(text, new(outer), limit))
	accepted := 0
	for i := range text {
		require.Error(t, Decode(text[:i], new(outer), limit), "%s", text[:i])
		for _, b := range []byte("\x00\x7f\xff \"\\{}[],:0-.eEnul1aD") {
			bad := bytes.Clone(text)
			bad[i] = b
			var got, want outer
			if Decode(bad, &got, limit) != nil {
				require.Zero(t, got)
				continue
			}
			accepted++
			d := json.NewDecoder(bytes.NewReader(bad))
			d.DisallowUnknownFields()
			require.NoError(t, d.Decode(&want), "%s", bad)
			require.Equal(t, want, got, "%s", bad)
		}
	}
	require.Greater(t, accepted, len(text))
}

// Depth counts objects and arrays together, wherever they are.
func TestDepth(t *testing.T) {
	nest := func(n int) []byte {
		return []byte(strings.Repeat(`[{"a":`, n/2) + "1" + strings.Repeat("}]", n/2))
	}
	require.NoError(t, Decode(nest(MaxDepth), new(any), limit))
	require.Error(t, Decode(nest(MaxDepth+2), new(any), limit))
	require.NoError(t, Decode(nest(MaxDepth), new(json.RawMessage), limit))
	require.Error(t, Decode(nest(MaxDepth+2), new(json.RawMessage), limit))
}

// Errors show nothing of what was sent.
func TestErrorsAreSilent(t *testing.T) {
	for _, text := range []string{`{"secret":1}`, `{"size":"secret"}`, `{"id":secret}`, `{"id":{"secret":1}}`, `{"id":"x","any":"secret`} {
		require.NotContains(t, Decode([]byte(text), new(outer), limit).Error(), "secret")
	}
}

// What is accepted, encoding/json reads to the same value after any other
// program has written it again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"x","size":3,"inner":{"name":"a"},"raw":{"a":[1,2]},"any":null}`))
	f.Add([]byte(`{"id":"\ud83d\ude00","list":[{"name":"\n"}]}`))
	f.Add([]byte(`{"byName":{"a":{"name":"b"}},"any":[[[{"a":{}}]]]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var first, second outer
		if Decode(b, &first, limit) != nil {
			return
		}
		again, err := json.Marshal(first)
		require.NoError(t, err)
		require.NoError(t, Decode(again, &second, 10*limit))
		third, err := json.Marshal(second)
		require.NoError(t, err)
		require.JSONEq(t, string(again), string(third))
	})
}
