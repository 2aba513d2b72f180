package many

import (
	"math/bits"
	"slices"
)

// A committee is t + 1 parties: bit i is of party i.
type committee uint16

func (c committee) has(i int) bool { return c>>i&1 == 1 }

// members returns the parties of c.
func (c committee) members() (all []int) {
	for i := range Most {
		if c.has(i) {
			all = append(all, i)
		}
	}
	return all
}

// lowest returns the first party of c.
func (c committee) lowest() int { return bits.TrailingZeros16(uint16(c)) }

// mostCommittees is how many there are where a sort of 2^16 keys of 32 bits takes fewer rounds than
// by a network of comparisons; the package comment has both.
const mostCommittees = 132

// committees returns a family of committees in which every t parties have one that none of them
// is in, in the order in which they shuffle, or nil if there are more than mostCommittees.
//
// Where n is 2t + 1 these are all sets of t + 1 parties. Where it is 2t + 2, the complement of
// a committee has t + 1 parties too, of which each t are missed, and a family is small if few
// are missed twice: what one misses for the first time is taken as many as possible at each
// step. That gives 2, 7, 14 and 53 committees for 4, 6, 8 and 10 parties, where Schönheim's bound
// for coverings is 2, 6, 14 and 50. For 12 it gives the 132 of the Steiner system S(5, 6, 12), which
// misses none twice, if sets whose numbers add up to less than 21 come last [KR01].
//
// The last one is of consecutive parties. Others are next to one that they have many parties in
// common with, since those who stay send nothing; and all parties send about as much.
func committees(n int) []committee {
	t := (n - 1) / 2
	if n%2 == 1 && binomial(n, t) > mostCommittees || n > 12 {
		return nil
	}
	var all []committee
	for c := range committee(1) << n {
		if bits.OnesCount16(uint16(c)) == t+1 {
			all = append(all, c)
		}
	}
	if n == 12 {
		slices.SortStableFunc(all, func(a, b committee) int { return late(a) - late(b) })
	}
	missed := make([]bool, 1<<n)
	// fresh returns how many sets of t parties c misses and none before it, and with mark notes that
	// they are missed.
	fresh := func(c committee, mark bool) (sets int) {
		others := committee(1)<<n - 1 - c
		for i := range n {
			set := others &^ (1 << i)
			if n%2 == 1 {
				set = others // which are t
			} else if set == others {
				continue
			}
			if !missed[set] {
				sets++
				missed[set] = mark
			}
			if n%2 == 1 {
				break
			}
		}
		return sets
	}
	var family []committee
	for {
		best, most := committee(0), 0
		for _, c := range all {
			if sets := fresh(c, false); sets > most {
				best, most = c, sets
			}
		}
		if most == 0 {
			break
		}
		fresh(best, true)
		family = append(family, best)
	}
	// From the last one back, each is the next one whose members have least to send: of whom the
	// fewest leave, and then those who send least otherwise.
	sent := make([]int, n)
	for _, i := range family[0].members() {
		sent[i] = n - 1 - t // in the end
	}
	for k := 1; k < len(family); k++ {
		best, least := k, []int(nil)
		for j := k; j < len(family); j++ {
			leaving := (family[j] &^ family[k-1]).members()
			cost := []int{len(leaving), 0, 0}
			for _, i := range leaving {
				cost[1] = max(cost[1], sent[i])
				cost[2] += sent[i]
			}
			if least == nil || slices.Compare(cost, least) < 0 {
				best, least = j, cost
			}
		}
		next := family[best]
		copy(family[k+1:best+1], family[k:best])
		family[k] = next
		for _, i := range (next &^ family[k-1]).members() {
			sent[i]++
		}
	}
	slices.Reverse(family)
	return family
}

// late is one for committees of twelve parties that come last, and zero for others.
func late(c committee) int {
	sum := 0
	for _, i := range c.members() {
		sum += i
	}
	if sum < 21 {
		return 1
	}
	return 0
}

// binomial returns the number of sets of k of n.
func binomial(n, k int) int {
	sets := 1
	for i := range k {
		sets = sets * (n - i) / (i + 1)
	}
	return sets
}
