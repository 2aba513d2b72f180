package joinkey_test

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

// Two hospitals write the same persons differently, and find them all the same.
func Example() {
	ours := "patient,given_name,surname,born\n" +
		"17,Alice,Liddell,1852-05-04\n" +
		"18,Ａｎｎａ,STRAẞE,1990-01-31\n" +
		"19,王,小明,1990-02-30\n"
	theirs := "Name; First name; Birthday\n" +
		"Straße; anna; 31.1.1990\n" +
		"LIDDELL; Alice ; 4.5.1852\n"

	read := func(in, key string, comma rune) (keys []string) {
		spec, err := joinkey.ParseSpec(key)
		if err != nil {
			panic(err)
		}
		k, err := joinkey.CSV(strings.NewReader(in), spec, &joinkey.Config{Bad: joinkey.Skip, Comma: comma})
		if err != nil {
			panic(err)
		}
		for key, err := range k.All() { // This is what psi.NewSet takes.
			if err != nil {
				panic(err)
			}
			keys = append(keys, string(key))
		}
		fmt.Println(spec.Kinds(), "of", k.Report().Keys, "rows, skipped", k.Report().Skipped)
		return keys
	}
	a := read(ours, "given_name:text,surname:text,born:date", ',')
	b := read(theirs, "First name:text,Name:text,Birthday:date/DMY", ';')
	for i := range a {
		for j := range b {
			if a[i] != "" && a[i] == b[j] {
				fmt.Printf("our row %d is their row %d\n", i, j)
			}
		}
	}
	// Output:
	// text,text,date of 2 rows, skipped map[bad born: no such day in the calendar:1]
	// text,text,date of 2 rows, skipped map[]
	// our row 0 is their row 1
	// our row 1 is their row 0
}

func ExampleKind_Append() {
	for _, c := range []struct {
		kind  joinkey.Kind
		value string
	}{
		{joinkey.Text(), "  Ｄｕｊｉａｎｇ　Straße "},
		{joinkey.Email(), "Ａlice＠Example．org"},
		{joinkey.Date(), "2006年1月2日"},
		{joinkey.ResidentID(), "110105491231002"},
		{joinkey.CreditCode(), "91340600ma2pbm9hxd"},
		{joinkey.CreditCode(), "91340600MA2PBM9HXE"},
	} {
		form, err := c.kind.Append(nil, c.value)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s %s\n", c.kind, form)
	}
	// Output:
	// text dujiang strasse
	// email alice@example.org
	// date 2006-01-02
	// cn-id 11010519491231002X
	// uscc 91340600MA2PBM9HXD
	// joinkey: not a value of kind uscc: not a unified social credit code: wrong check character
}

func ExampleKindFunc() {
	// Loyalty cards have 12 digits, which people group as they like.
	card := joinkey.KindFunc("loyalty-card", func(dst []byte, value string) ([]byte, error) {
		digits := strings.NewReplacer(" ", "", "-", "").Replace(value)
		if len(digits) != 12 || strings.Trim(digits, "0123456789") != "" {
			return dst, joinkey.Reason("not 12 digits")
		}
		return append(dst, digits...), nil
	})
	keys, err := joinkey.FromStrings([]string{"1234-5678-9012", "1234 567"}, card, &joinkey.Config{Bad: joinkey.Skip})
	if err != nil {
		panic(err)
	}
	for key := range keys.All() {
		fmt.Printf("%q\n", key)
	}
	fmt.Println(keys.Report().Skipped)
	// Output:
	// "\x01\x01\floyalty-card\f123456789012"
	// ""
	// map[bad #1: not 12 digits:1]
}

func ExampleParseSpec() {
	_, err := joinkey.ParseSpec("name:text,birthday:dat")
	fmt.Println(err)
	spec, err := joinkey.ParseSpec(`"salary, gross" : exact, #3:date/DMY`)
	fmt.Println(spec, err)
	// Output:
	// joinkey: column birthday: there is no kind "dat"; there are text, exact, email, date, date/DMY, date/MDY, cn-id, uscc
	// "salary, gross":exact,#3:date/DMY <nil>
}

// A list without a header, one value a line, that has to be clean.
func ExampleCSV_list() {
	spec, err := joinkey.ParseSpec("#1:email")
	if err != nil {
		panic(err)
	}
	list := "alice@example.org\nbob@example.org\nbob at work\n"
	keys, err := joinkey.CSV(strings.NewReader(list), spec, &joinkey.Config{Bad: joinkey.Stop, Header: joinkey.NoHeader})
	if err != nil {
		panic(err)
	}
	for _, err := range keys.All() {
		var row *joinkey.RowError
		if errors.As(err, &row) {
			fmt.Printf("please look at line %d: %v\n", row.Line, err)
		}
	}
	// Output:
	// please look at line 3: joinkey: row 2 (line 3), column #1: not a bare e-mail address: want one @ between a name and a domain
}

func ExampleCopyRows() {
	file := "id,name\n1, Alice\n2,\"Bob, jr.\"\n3,Carol\n"
	matched := []int{1, 2} // from the protocol
	if err := joinkey.CopyRows(os.Stdout, strings.NewReader(file), matched, nil); err != nil {
		panic(err)
	}
	// Output:
	// id,name
	// 2,"Bob, jr."
	// 3,Carol
}

// Any source of rows will do.
func ExampleFromRows() {
	rows := func(yield func([]string, error) bool) {
		for _, r := range [][]string{{"1", "Alice"}, {"2", ""}} {
			if !yield(r, nil) {
				return
			}
		}
	}
	spec := joinkey.Spec{{Name: "name", Kind: joinkey.Text()}}
	keys, err := joinkey.FromRows([]string{"id", "name"}, rows, spec, &joinkey.Config{Bad: joinkey.Skip})
	if err != nil {
		panic(err)
	}
	for key := range keys.All() {
		fmt.Println(len(key), "bytes")
	}
	fmt.Println(keys.Report().Skipped)
	// Output:
	// 13 bytes
	// 0 bytes
	// map[empty name:1]
}
