package policy

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// checkOperand checks a comparison whose words are in the vocabulary: what is
// compared must be comparable, so that no policy is signed that can never hold.
func checkOperand(c *Constraint) error {
	var err error
	switch c.Left {
	case "time":
		if c.Operator.set() || c.Operator == "isPartOf" || c.Operator == "hasPart" || c.Operator == "isA" {
			return errors.New("time is compared by order; timeWindow isPartOf an interval")
		}
		_, err = parseTime(c.Right[0])
	case "timeWindow":
		if c.Operator != "isPartOf" {
			return errors.New("timeWindow is compared by isPartOf")
		}
		_, _, err = parseWindow(c.Right[0])
	case "count", PrivacyBudget:
		if c.Operator != "lt" && c.Operator != "lteq" {
			return errors.New("a limit on uses is lt or lteq")
		}
		_, err = parseCount(c.Right[0])
	case "frequency":
		if c.Operator != "lt" && c.Operator != "lteq" {
			return errors.New("a limit on uses is lt or lteq")
		}
		_, _, err = parseFrequency(c.Right[0])
	case "networkAddress":
		for _, right := range c.Right {
			if _, err := parsePrefix(right); err != nil {
				return errors.New("a network address is an IP address or a prefix such as 10.0.0.0/8")
			}
		}
	default:
		if c.Operator.ordered() {
			_, err = parseDecimal(c.Right[0])
		}
	}
	return err
}

func (o Operator) ordered() bool { return o == "lt" || o == "lteq" || o == "gt" || o == "gteq" }

// compare evaluates a valid comparison.
func (c *Constraint) compare(r *Request, s State) truth {
	switch c.Left {
	case "time":
		want, _ := parseTime(c.Right[0])
		if r.Time.IsZero() {
			return unknown
		}
		return c.Operator.holds(r.Time.Compare(want))
	case "timeWindow":
		from, until, _ := parseWindow(c.Right[0])
		if r.Time.IsZero() {
			return unknown
		}
		return truthOf(!r.Time.Before(from) && r.Time.Before(until))
	case "count":
		limit, _ := parseCount(c.Right[0])
		return c.Operator.holds(compareSum(s.Uses, 1, limit))
	case PrivacyBudget:
		limit, _ := parseCount(c.Right[0])
		return c.Operator.holds(compareSum(s.Spent, r.Cost, limit))
	case "frequency":
		limit, window, _ := parseFrequency(c.Right[0])
		if r.Time.IsZero() {
			return unknown
		}
		since, recent := r.Time.Add(-window), uint64(0)
		for _, at := range s.Recent {
			if at.After(since) {
				recent++
			}
		}
		return c.Operator.holds(compareSum(recent, 1, limit))
	}
	facts := r.Facts[c.Left]
	if len(facts) == 0 {
		return unknown
	}
	if c.Operator == "isAllOf" {
		t := yes
		for _, right := range c.Right {
			t = min(t, anyOf(c.Left, facts, right))
		}
		return t
	}
	// A request that concerns several values meets a constraint if each of them
	// does, and misses it if none does.
	lowest, highest := yes, no
	for _, fact := range facts {
		t := c.one(fact)
		lowest, highest = min(lowest, t), max(highest, t)
	}
	if lowest == highest {
		return lowest
	}
	return unknown
}

// one compares one fact.
func (c *Constraint) one(fact string) truth {
	right := c.Right[0]
	switch c.Operator {
	case "eq", "isA": // there is no hierarchy of kinds in the vocabulary
		return same(c.Left, fact, right)
	case "neq":
		return -same(c.Left, fact, right)
	case "isAnyOf":
		return anyOf(c.Left, c.Right, fact)
	case "isNoneOf":
		return -anyOf(c.Left, c.Right, fact)
	case "isPartOf":
		if contains(c.Left, right, fact) == yes {
			return yes
		}
		// A request about more than that is about some of it: who names a
		// province may mean the city that is prohibited.
		return min(unknown, contains(c.Left, fact, right))
	case "hasPart":
		return contains(c.Left, fact, right)
	}
	got, err := parseDecimal(fact)
	if err != nil {
		return unknown
	}
	want, _ := parseDecimal(right)
	return c.Operator.holds(got.Cmp(want))
}

// same reports whether two texts stand for the same. An address, a division or an
// amount can be written in more than one way, and of two of which one is a part of
// the other it is unknown: a prohibition must miss neither.
func same(left Operand, a, b string) truth {
	if left == "dataSize" || left == "payAmount" {
		p, errP := parseDecimal(a)
		q, errQ := parseDecimal(b)
		if errP == nil && errQ == nil {
			return truthOf(p.Cmp(q) == 0)
		}
	}
	if a == b {
		return yes
	}
	around, inside := contains(left, a, b), contains(left, b, a)
	if around == yes && inside == yes {
		return yes
	}
	return min(unknown, max(around, inside))
}

// anyOf reports whether one of a list is the same as a text.
func anyOf(left Operand, list []string, text string) truth {
	t := no
	for _, one := range list {
		t = max(t, same(left, one, text))
	}
	return t
}

// contains reports whether a part belongs to a whole: division codes by their
// leading digits, addresses by prefix, everything else as paths do.
func contains(left Operand, whole, part string) truth {
	switch left {
	case "region":
		whole, part = trimRegion(whole), trimRegion(part)
		if whole == "" || part == "" {
			return unknown
		}
		return truthOf(strings.HasPrefix(part, whole))
	case "networkAddress":
		p, errP := parsePrefix(part)
		w, errW := parsePrefix(whole)
		if errP != nil || errW != nil {
			return unknown
		}
		return truthOf(w.Bits() <= p.Bits() && w.Contains(p.Addr()))
	}
	if climbs(whole) || climbs(part) {
		return unknown
	}
	return truthOf(part == whole || strings.HasPrefix(part, strings.TrimSuffix(whole, "/")+"/"))
}

// trimRegion shortens a division code to the digits that say something: 310000 is
// a province and 310100 a prefecture; 1310 is one too.
func trimRegion(code string) string {
	for strings.HasSuffix(code, "00") && len(code)%2 == 0 {
		code = strings.TrimSuffix(code, "00")
	}
	return code
}

// climbs reports whether a path has a step that leads elsewhere.
func climbs(path string) bool {
	for step := range strings.SplitSeq(path, "/") {
		if step == "." || step == ".." {
			return true
		}
	}
	return false
}

// holds applies an order operator to the result of a comparison.
func (o Operator) holds(cmp int) truth {
	switch o {
	case "eq":
		return truthOf(cmp == 0)
	case "neq":
		return truthOf(cmp != 0)
	case "lt":
		return truthOf(cmp < 0)
	case "lteq":
		return truthOf(cmp <= 0)
	case "gt":
		return truthOf(cmp > 0)
	case "gteq":
		return truthOf(cmp >= 0)
	}
	return unknown
}

// compareSum compares a+b with c, for any values.
func compareSum(a, b, c uint64) int {
	switch {
	case a > math.MaxUint64-b, a+b > c:
		return 1
	case a+b < c:
		return -1
	}
	return 0
}

// parseTime takes RFC 3339, also without seconds as xsd:dateTime in the examples
// of the Dataspace Protocol.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("a time is in the form of RFC 3339")
}

func parseWindow(s string) (from, until time.Time, err error) {
	a, b, _ := strings.Cut(s, "/")
	from, errFrom := parseTime(a)
	until, errUntil := parseTime(b)
	if errFrom != nil || errUntil != nil || !from.Before(until) {
		err = errors.New("a time window is two times of RFC 3339 in order with / between them")
	}
	return from, until, err
}

func parseCount(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 53)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, errors.New("a limit is a whole number below 2^53")
	}
	return n, nil
}

// maxRecent is how many uses a frequency can count.
const maxRecent = 10_000

func parseFrequency(s string) (limit uint64, window time.Duration, err error) {
	a, b, _ := strings.Cut(s, "/")
	limit, errCount := parseCount(a)
	window, errWindow := time.ParseDuration(b)
	if errCount != nil || errWindow != nil || limit > maxRecent || window <= 0 {
		err = errors.New("a frequency is a number of uses up to 10000, / and a duration: 10/24h")
	}
	return limit, window, err
}

// parsePrefix reads an address or a prefix. Those of IPv4 that are written as IPv6
// are taken for what they are, or a prohibition would miss them.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = addr.Unmap()
		return addr.Prefix(addr.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	const mapped = 128 - 32
	if err == nil && p.Addr().Is4In6() && p.Bits() >= mapped {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped), nil
	}
	return p, err
}

func parseDecimal(s string) (*big.Rat, error) {
	digits := strings.TrimPrefix(s, "-")
	// No exponents, which would let a short text be a long number.
	if len(s) > 40 || digits == "" || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 || digits[0] == '.' || digits[len(digits)-1] == '.' {
		return nil, errors.New("only decimal numbers have an order")
	}
	n, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, errors.New("only decimal numbers have an order")
	}
	return n, nil
}
