// Package joinkey turns the columns of a table into canonical join keys.
//
// Two organisations that intersect their tables compare bytes: "Ａlice＠
// Example．org" and "alice@example.org" are one address and two byte strings.
// This package reads rows from CSV ([CSV]), from a query ([SQL]) or from
// anything else ([FromRows], [FromStrings]), brings the columns of a [Spec] to
// a canonical form by their [Kind], and yields one key per row, as
// psi.NewSet takes them. Most callers want
//
//	spec, err := joinkey.ParseSpec("given_name:text,surname:text,born:date")
//	keys, err := joinkey.CSV(file, spec, &joinkey.Config{Bad: joinkey.Skip})
//	set, err := psi.NewSet(keys.All())
//
// and look at [Keys.Report] afterwards. A row without a key yields nil: it
// keeps its position and never matches, so that positions in the result are
// positions in the caller's input. With these, [CopyRows] picks the rows out of
// the file again.
//
// # Kinds
//
//	name      canonical form                      refused (a bad value)
//	text      toNFKC_Casefold, white space runs   invalid UTF-8, NUL, U+FFFD, runs of
//	          to one space, trimmed               more than 30 combining marks
//	exact     the bytes as they are               nothing
//	email     the address folded as text, final   no bare address, quoted local part, domain
//	          dot of the domain dropped           of one label or not ASCII
//	date      2006-01-02, from 2006-1-2,          other orders, years of two digits,
//	          2006/1/2, 2006.1.2, 20060102 or     days that do not exist, times of day
//	          2006年1月2日, midnight dropped      other than midnight
//	date/DMY  the same, also from 2/1/2006,       the same
//	          2.1.2006, 2-1-2006 and 02012006
//	          (eight digits from year 1232, as
//	          they could be a year in front)
//	date/MDY  the same with the month in front    the same
//	cn-id     GB 11643, 18 characters; 15 digits  wrong check character, no such date of
//	          get the century 19 and a check      birth, 15 digits from before 1900
//	          character
//	uscc      GB 32100, 18 capitals and digits    wrong check character, I, O, S, V or Z
//
// Case folding is more than lower case (ß is ss, and final sigma is sigma), and
// NFKC makes full-width letters, ligatures and the like plain. What is
// ignorable by default in Unicode, such as zero-width spaces, soft hyphens and
// joiners, is dropped. Numbers and codes may be full-width, and cn-id and uscc in
// groups with spaces or hyphens between. That the local part
// of an address does not tell case is a convention, not a standard: nearly all
// providers follow it. What follows a plus sign stays, since not all providers
// ignore it.
//
// Canonical forms of text are those of the Unicode tables in the build: 15.0 up
// to Go 1.26 (see norm.Version). By the stability policy of Unicode a form stays
// for good once its characters are assigned; a character newer than the tables
// stands for itself, so parties should build with the same release of Go.
//
// Package phone below this one, apart because of the size of its tables, has
// telephone numbers, and [KindFunc] makes other kinds.
//
// The package matches nothing: it does not know nicknames, transliterations,
// simplified and traditional characters, typing errors or word order, and two
// values are equal or they are not.
//
// # Format
//
// A key of version 1 is
//
//	01                        version
//	n                         number of columns
//	n times: length, class    the Kind.Class of each column
//	n times: length, part     the canonical form of each column
//
// where n and lengths are unsigned varints as in encoding/binary. A part of
// length zero is a missing value under EmptyIsValue. Two keys are equal if and
// only if their classes and their parts are; parties with different
// [Spec.Kinds] have no key in common.
//
// # Security
//
// Values stand in keys only. No error, reason or report holds one, except that
// an error about a missing column lists the header, which holds values if the
// file has none and the caller said it had. A key is not a secret form of the
// value: identity numbers, telephone numbers and dates can be guessed, with or
// without a hash. Keys must go into a protocol, never to the other party.
//
// Input is bounded: a record of CSV has at most [MaxRecord] bytes, and reading
// holds one record, whatever the length of the input.
//
// # Cost
//
// Reading holds one record and a buffer of 64 KiB; a row makes no allocation
// in CSV, FromRows and the kinds of this package, but for text outside ASCII
// and the common Chinese characters. One core reads some million rows a second
// ([CSV], one column of text).
//
// # References
//
//   - RFC 4180, Common Format and MIME Type for CSV Files
//   - The Unicode Standard 15.0, section 3.13, and UAX #15, UAX #31
//   - GB 11643-1999, citizen identification number; ISO/IEC 7064, MOD 11-2
//   - GB 32100-2015, the unified social credit code
//   - RFC 5321, RFC 5322 and RFC 1123 for addresses and domains
package joinkey
