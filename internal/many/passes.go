package many

import (
	"slices"
	"strings"
)

// A pass is one of the permutations of a shuffle: the party that knows it, and t pairs of others, of
// whom the first one, the owner, has a summand and the second one helps it. Where the number of
// parties is even one of them has nothing to do.
type pass struct {
	permuter int
	pairs    [][2]int
}

// arrangements are the passes of so many parties in hexadecimal digits: the permuter, the pairs, and
// who is left. From cyclic parties on, each stands for as many passes as there are parties, in
// which every party takes the place of the one before.
//
// Of any t parties, in one pass none is the permuter and no two are a pair. A pass is that for 2^t
// sets of t parties if there are 2t + 1, and for 2^t + t 2^(t-1) if there are 2t + 2, which bounds how
// few passes there can be: they are as many as that bound for 4 and 5 parties, and between
// 1.2 and 3.2 times as many for others. They were found by simulated annealing. A test holds that
// they are what they are for.
var arrangements = [Most + 1][]string{
	4:  {"0123", "3120"},
	5:  {"13024", "32140", "41032"},
	6:  {"410253", "034512", "514230"},
	7:  {"5264013", "1640235", "4562310", "6214350", "2541603", "0413652"},
	8:  {"27143650", "60735142", "05173426", "34025671"},
	9:  {"738152640", "057648132", "634051278", "053872614", "380146572", "186475302", "357401268", "781204356", "680471523", "146052738"},
	10: {"0951483762", "1576930428", "2369875401", "8521906437", "7926458013", "3507482169", "9451786230"},
	11: {
		"04728691a53", "76835a40192", "068a9475123", "8907631542a", "96a05384712", "5217304968a", "128490756a3", "642105379a8", "6a831570429",
		"489a7213056", "852a0394167", "35081647a92", "143976a2580", "7250984136a", "80a17629453", "60582a97134", "4897260a351", "210487396a5",
		"738129654a0", "01463a78592", "24a78169503", "312465879a0", "9207516348a", "a5784209163", "a1758293406", "5a170249368",
	},
	12: {
		"721538b0a469", "32a65417890b", "5024a6138b97", "5a84607912b3", "89a5074b1362", "37b409562a18", "a064b2981735",
		"94a35120b678", "471a62b58093", "20b7a1493865", "b6031897254a", "26a758b01439", "823b756190a4", "63a71b508492",
	},
	13: {"5cb8a40267139", "ab8390142675c", "73856a04c192b", "c647a028b5139"},
	14: {"815b74d9a36c02", "04c97253a168bd"},
	15: {
		"ce587b63d2490a1", "6c0e37b9d1245a8", "10357b4a86de2c9", "03b9ed7584a1c62",
		"9b134c52ead0876", "76e235c4d8b01a9", "635c2e187a094bd", "2194d0ce3587ba6",
	},
	16: {"09b285cfd1437ea6", "ac9286e1f3bd5470", "5f4c083612ebd9a7", "876230f4d9b5ca1e"},
}

// cyclic is the least number of parties of whose arrangements there are all rotations.
const cyclic = 13

// passes returns the passes of n parties, in their order.
func passes(n int) (all []pass) {
	rotations := 1
	if n >= cyclic {
		rotations = n
	}
	for _, a := range arrangements[n] {
		for by := range rotations {
			at := func(k int) int { return (strings.IndexByte("0123456789abcdef", a[k]) + by) % n }
			p := pass{permuter: at(0)}
			for k := 1; k+1 < n; k += 2 {
				p.pairs = append(p.pairs, [2]int{at(k), at(k + 1)})
			}
			all = append(all, p)
		}
	}
	return all
}

// owners returns the first ones of all pairs.
func (p *pass) owners() (all []int) {
	for _, pair := range p.pairs {
		all = append(all, pair[0])
	}
	return all
}

// helps reports whether a party is the second one of a pair.
func (p *pass) helps(i int) bool {
	return slices.ContainsFunc(p.pairs, func(pair [2]int) bool { return pair[1] == i })
}
