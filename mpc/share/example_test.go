package share_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/dujiang-dev/dujiang/mpc/share"
)

// Five people hold a key, any three of them can use it, and one of them lies.
func Example() {
	quorum := share.Quorum{Needed: 3, Parties: 5}
	shares, err := share.SplitBytes([]byte("correct horse battery staple"), quorum)
	if err != nil {
		log.Fatal(err)
	}
	// A share goes to its holder as bytes.
	stored := make([][]byte, len(shares))
	for i, s := range shares {
		if stored[i], err = s.AppendBinary(nil); err != nil {
			log.Fatal(err)
		}
	}

	// Later, four of them come together.
	stored[4][len(stored[4])-1] ^= 1
	var given []*share.ByteShare
	for _, i := range []int{0, 2, 3, 4} {
		s, err := share.ParseByteShare(stored[i])
		if err != nil {
			log.Fatal(err)
		}
		given = append(given, s)
	}
	secret, wrong, err := share.CombineBytes(given, quorum)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", secret)
	for _, i := range wrong {
		fmt.Println("wrong:", given[i])
	}
	// Output:
	// correct horse battery staple
	// wrong: share.ByteShare(5)
}

// Three companies each share their wages, add up the shares they hold without
// seeing any wage, and reconstruct the totals only.
func ExampleScheme() {
	scheme := share.Scheme{Kind: share.Additive, Ring: share.Z64, Quorum: share.Quorum{Needed: 3, Parties: 3}}
	held := make([][]uint64, 3) // the sums at each company
	for _, wages := range [][]uint64{{4200, 3900}, {5100, 4400}, {3800, 4700}} {
		shares, err := scheme.Split(wages)
		if err != nil {
			log.Fatal(err)
		}
		for i, s := range shares {
			if held[i] == nil {
				held[i] = make([]uint64, s.Len())
			}
			for j, x := range s.Parts()[0] {
				held[i][j] += x
			}
		}
	}
	var sums []*share.Share
	for i, sum := range held {
		s, err := share.NewShare(scheme, [share.IDSize]byte{1}, i+1, len(sum), [][]uint64{sum})
		if err != nil {
			log.Fatal(err)
		}
		sums = append(sums, s)
	}
	totals, err := share.Combine(sums)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(totals)
	// Output:
	// [13100 13000]
}

// A file goes to three places, any two of which give it back.
func ExampleNewWriter() {
	var places [3]bytes.Buffer
	quorum := share.Quorum{Needed: 2, Parties: 3}
	w, err := share.NewWriter([]io.Writer{&places[0], &places[1], &places[2]}, quorum)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(w, strings.NewReader("the contents of a file")); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	r, err := share.NewReader([]io.Reader{&places[2], &places[0]}, quorum)
	if err != nil {
		log.Fatal(err)
	}
	contents, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", contents)
	// Output:
	// the contents of a file
}

// Holders of shares, any two of three, hand a vector over to five others.
func ExampleShare_Reshare() {
	secrets := []uint64{7, 8, 9}
	from := share.Scheme{Kind: share.Shamir, Ring: share.F61, Quorum: share.Quorum{Needed: 2, Parties: 3}}
	to := share.Scheme{Kind: share.Shamir, Ring: share.F61, Quorum: share.Quorum{Needed: 3, Parties: 5}}
	shares, err := from.Split(secrets)
	if err != nil {
		log.Fatal(err)
	}
	received := make([][]*share.Update, to.Parties)
	for _, s := range []*share.Share{shares[0], shares[2]} {
		updates, err := s.Reshare([]int{1, 3}, to)
		if err != nil {
			log.Fatal(err)
		}
		for i, u := range updates {
			received[i] = append(received[i], u)
		}
	}
	var after []*share.Share
	for _, updates := range received {
		s, err := share.Assemble(updates)
		if err != nil {
			log.Fatal(err)
		}
		after = append(after, s)
	}
	combined, err := share.Combine(after)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(combined, "from shares", after)
	// Output:
	// [7 8 9] from shares [share.Share(1) share.Share(2) share.Share(3) share.Share(4) share.Share(5)]
}
