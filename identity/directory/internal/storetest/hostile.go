package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// Titles have what is special to some language of patterns, statements or
// encodings, and letters whose cases are of different lengths, or of which there
// are three.
var Titles = []string{
	"覆盖率 100%", "覆盖率 1000", "a%b aab", "aa_bb", "aaxbb", `cc\dd`, `cc\\dd`, "ccdd", "it's 'quoted'", `say "hello"`,
	"'; drop table entry; --", "$1 $2::text", "{curly,array}", "[aa-zz]+.*", "<b>bold</b> &amp; co", "NULL", "null",
	"气象", "气象观测", "观测气象", "气 象", "气，象", "𠮷野家", "吉野家", "〇一二", "零一二", "😀笑脸数据", "e\u0301tude", "\u00e9tude",
	"\u0130stanbul", "istanbul", "ISTANBUL", "stra\u00dfe", "STRASSE", "STRA\u1e9eE", "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3",
	"\u212aelvin", "kelvin", "\u01c5ungla", "\u01c6ungla", "\ufffd\ufffd ab", "\u3000全角ＡＢＣ", "abc全角",
}

// Texts are queries: parts of the titles, what resembles them, and the titles. Some
// are refused.
var Texts = append([]string{
	"象观", "0%", "00%", "%b", "a%", "_bb", "a_b", `c\d`, `\dd`, `c\\d`, "ab", "AAB", "''quoted", "drop table", "--", "$1", "::text", "%%", "气_", "气%象",
	"ss", "ß", "ße", "ẞE", "ΣΊΣ", "σίς", "σίσ", "φος", "φοσ", "ǆu", "Ǆu", "ǅu", "İs", "is", "i̇s", "K", "Ke", "ke", "kel", "Ａ", "ａｂ", "ＡＢ",
	"野家", "𠮷野", "吉野", "〇一", "😀笑", "笑脸", "et", "tu", "\u0301t", "\ufffdab", "\ufffd\ufffd", "NULL", "nul", "", " \t　",
	"气象 观测", "观测 气象 气象", strings.Repeat("气象", 170), strings.Repeat("气象 ", 146),
}, Titles...)

// What is in a text is found by it, whatever it is, and nothing else is.
func testHostileText(t *testing.T, s directory.Store) {
	ctx := t.Context()
	var all []directory.Signed
	for i, title := range Titles {
		r := directory.Record{Code: Record(i).Code, Title: title, Status: directory.Active, Version: 1}
		switch i % 3 {
		case 1:
			r.Title, r.Summary = fmt.Sprint("第", i, "号"), title
		case 2:
			r.Title, r.Keywords = fmt.Sprint("第", i, "号"), []string{title, "other"}
		}
		all = append(all, Sign(r))
	}
	require.NoError(t, s.Register(ctx, all...))
	for _, want := range all {
		got, err := s.Resolve(ctx, want.Record.Code)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	found := 0
	for _, text := range Texts {
		q := &directory.Query{Text: text, Limit: 1000}
		got, err := s.Search(ctx, q)
		if _, wrong := q.Terms(); wrong != nil {
			require.Error(t, err, "%q", text)
			continue
		}
		require.NoError(t, err, "%q", text)
		var want []directory.Signed
		for i := range all {
			if Matches(q, &all[i].Record) {
				want = append(want, all[i])
			}
		}
		require.Equal(t, want, got, "%q", text)
		found += len(got)
	}
	require.Greater(t, found, 2*len(Titles))
	for _, text := range []string{"ab\x00", "\x00\x00", "气象\xff", "\xff\xfe", "ab\u202ecd", "ab\u200bcd", strings.Repeat("气象", 171), strings.Repeat("气象 ", 147), "a b", "%_", "局"} {
		_, err := s.Search(ctx, &directory.Query{Text: text, Limit: 1})
		require.ErrorContains(t, err, "directory: query: ", "%q", text)
	}
	_, err := s.Search(ctx, &directory.Query{Subject: Holder, Right: "own", Limit: 1})
	require.ErrorContains(t, err, "hold, process or operate")
}

// A record that is as large as it may be comes back as it was, and nothing is
// found by the zero values of codes, paths and numbers.
func testLimits(t *testing.T, s directory.Store) {
	ctx := t.Context()
	var aliases []identity.Alias
	var keywords []string
	var rights []directory.Right
	for i := range 32 {
		aliases = append(aliases, Must(identity.ParseAlias(fmt.Sprintf("local:%03d%s", i, strings.Repeat("（_", 63)))))
		keywords = append(keywords, fmt.Sprintf("%02d%s", i, strings.Repeat("关键", 21)))
		rights = append(rights, directory.Right{Kind: directory.Process, Subject: person})
	}
	r := directory.Record{
		Code: Must(Record(0).Code.WithExtension(strings.Repeat("Z", 32))), Predecessor: Record(1).Code,
		Aliases: aliases, Keywords: keywords, Rights: rights,
		Path:     Must(identity.ParsePath("1101/" + strings.Repeat("气", 64) + "/" + strings.Repeat("象", 64))),
		Title:    strings.Repeat("\\\"'<&> ", 73),
		Summary:  strings.Repeat("\u2003摘", 682),
		Location: "https://node.example.cn/" + strings.Repeat("%20'", 250),
		Policy:   strings.Repeat("𠮷", 256),
		Status:   directory.Suspended, Version: 1,
	}
	// What signatures are made of is the Verifier's business; this one looks at the
	// first 64 bytes.
	signed := Sign(r)
	signed.Signature = append(signed.Signature, make([]byte, 4096-len(signed.Signature))...)
	require.NoError(t, s.Register(ctx, signed))
	got, err := s.Resolve(ctx, r.Code)
	require.NoError(t, err)
	require.Equal(t, signed, got)
	for _, a := range aliases {
		got, err = s.ResolveAlias(ctx, a)
		require.NoError(t, err)
		require.Equal(t, signed, got)
	}
	got, err = s.ResolvePath(ctx, r.Path)
	require.NoError(t, err)
	require.Equal(t, signed, got)
	for _, q := range []directory.Query{{Text: strings.Repeat("关键", 21)}, {Under: r.Path}, {Subject: person, Right: directory.Process}, {Text: "气气 象象"}} {
		q.Limit = 2
		found, err := s.Search(ctx, &q)
		require.NoError(t, err)
		require.Equal(t, []directory.Signed{signed}, found)
	}
	signed.Record.Version, signed.Signature = 2, make([]byte, 4097)
	require.ErrorContains(t, s.Register(ctx, signed), "1 to 4096 bytes")

	_, err = s.Resolve(ctx, identity.Code{})
	require.ErrorIs(t, err, directory.ErrNotFound)
	_, err = s.ResolvePath(ctx, identity.Path{})
	require.ErrorIs(t, err, directory.ErrNotFound)
	_, err = s.ResolveAlias(ctx, identity.Alias{})
	require.ErrorIs(t, err, directory.ErrNotFound)
	require.Equal(t, []bool{false, true, true}, Must(s.Taken(ctx, identity.Alias{}, aliases[31], aliases[31])))
	require.Empty(t, Must(s.Taken(ctx)))
	require.NoError(t, s.Register(ctx))
}

// A context that has ended ends every call, and nothing is taken.
func testCancelled(t *testing.T, s directory.Store, _ *evidence.Log) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := Sign(Record(1))
	require.ErrorIs(t, s.Register(ctx, r), context.Canceled)
	for name, call := range map[string]func() error{
		"resolve": func() error { _, err := s.Resolve(ctx, r.Record.Code); return err },
		"path":    func() error { _, err := s.ResolvePath(ctx, r.Record.Path); return err },
		"alias":   func() error { _, err := s.ResolveAlias(ctx, Must(identity.ParseAlias("local:1"))); return err },
		"taken":   func() error { _, err := s.Taken(ctx, Must(identity.ParseAlias("local:1"))); return err },
		"search":  func() error { _, err := s.Search(ctx, &directory.Query{Text: "气象", Limit: 1}); return err },
		"list":    func() error { _, err := s.Search(ctx, &directory.Query{Limit: 1}); return err },
		"prove":   func() error { _, err := s.Prove(ctx, r.Record.Code); return err },
	} {
		require.ErrorIs(t, call(), context.Canceled, name)
	}
	_, err := s.Resolve(t.Context(), r.Record.Code)
	require.ErrorIs(t, err, directory.ErrNotFound)
}
