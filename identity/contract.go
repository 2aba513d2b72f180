package identity

import (
	"crypto/rand"
	"time"

	"github.com/dujiang-dev/dujiang/internal/creditcode"
)

// A Profile has what editions of the standards say differently or leave open.
type Profile struct {
	// ContractType is the first character of contract codes. 0 takes every
	// digit and capital letter when parsing, and mints none.
	ContractType byte
	// ContractCheck says whether the last character of contract codes is a
	// check character of MOD 37-2. If not, it is any digit, capital letter or
	// asterisk, and what this package mints has the check character still.
	ContractCheck bool
}

// NDI2025Draft is the profile of the drafts of 2025. They give contract codes
// neither a type nor a check algorithm: type C is what implementations use,
// and the check is the one of all other codes.
func NDI2025Draft() Profile { return Profile{ContractType: 'C', ContractCheck: true} }

const (
	contractSize      = 47
	contractNodeAt    = 1
	contractSubjectAt = 2
	contractAreaAt    = 20
	contractTimeAt    = 24
	contractSerialAt  = 38
	contractCheckAt   = 46
	contractTime      = "20060102150405"
)

// A ContractCode is the identifier of a contract [TC609-6-2025-14, C.1]:
//
//	type (1) || node's type (1) || node's subject (18) || area (4)
//	|| time (14, YYYYMMDDHHMMSS) || serial (8) || check (1)
//
// Contract codes are compared with ==. The zero value is none.
type ContractCode struct {
	text [contractSize]byte
}

// beijing is the time zone of contract codes. The standard does not say; all
// of China has this one.
var beijing = time.FixedZone("UTC+8", 8*3600)

// ParseContract reads a contract code in its canonical form.
func (p Profile) ParseContract(s string) (ContractCode, error) {
	fail := func(field string, pos int, want string) (ContractCode, error) {
		return ContractCode{}, &ParseError{"contract code", field, pos, want}
	}
	if len(s) != contractSize {
		return fail("length", min(len(s), contractSize), "47 characters")
	}
	if p.ContractType != 0 && s[0] != p.ContractType {
		return fail("type", 0, "the letter "+string(rune(p.ContractType)))
	}
	if !isAlphanumeric(s[0]) {
		return fail("type", 0, "a digit or a capital letter")
	}
	if k := Kind(s[contractNodeAt]); k < GlobalNode || k > Connector {
		return fail("node's type", contractNodeAt, "a digit from 1 to 5")
	}
	if pos, want := checkSubject(s[contractSubjectAt:contractAreaAt]); want != "" {
		return fail("subject", contractSubjectAt+pos, want)
	}
	for i := contractAreaAt; i < contractSerialAt; i++ {
		if !isDigit(s[i]) {
			return fail("region, sector or time", i, "a digit")
		}
	}
	if _, err := time.Parse(contractTime, s[contractTimeAt:contractSerialAt]); err != nil {
		return fail("time", contractTimeAt, "a time that exists, as YYYYMMDDHHMMSS")
	}
	for i := contractSerialAt; i < contractCheckAt; i++ {
		if !isAlphanumeric(s[i]) {
			return fail("serial", i, "a digit or a capital letter")
		}
	}
	check := s[contractCheckAt]
	if p.ContractCheck && check != checkMod37(s[:contractCheckAt]) || !isAlphanumeric(check) && check != '*' {
		return fail("check character", contractCheckAt, "another character: the code has an error")
	}
	var c ContractCode
	copy(c.text[:], s)
	return c, nil
}

// MintContract makes a new contract code of the node that has the given code,
// at the given time, which is written as the time of Beijing.
func (p Profile) MintContract(node Code, at time.Time) (ContractCode, error) {
	at = at.In(beijing)
	switch {
	case !isAlphanumeric(p.ContractType):
		return ContractCode{}, &ParseError{"contract code", "type", 0, "a profile with a ContractType"}
	case node.Kind() < GlobalNode || node.Kind() > Connector:
		return ContractCode{}, &ParseError{"contract code", "node's type", contractNodeAt, "the code of a node or connector"}
	case at.Year() < 1 || at.Year() > 9999:
		return ContractCode{}, &ParseError{"contract code", "time", contractTimeAt, "a year of four digits"}
	}
	var c ContractCode
	c.text[0] = p.ContractType
	c.text[contractNodeAt] = byte(node.Kind())
	copy(c.text[contractSubjectAt:], node.body[subjectAt:serialAt])
	at.AppendFormat(c.text[contractTimeAt:contractTimeAt], contractTime)
	for {
		var coins [64]byte
		rand.Read(coins[:])
		n := contractSerialAt
		for _, b := range coins {
			if b &= 31; n < contractCheckAt && b != 31 {
				c.text[n] = creditcode.Alphabet()[b]
				n++
			}
		}
		c.text[contractCheckAt] = checkMod37(c.text[:contractCheckAt])
		if n == contractCheckAt && c.text[contractCheckAt] != '*' {
			return c, nil
		}
	}
}

// Time returns when the contract was made, to the second.
func (c ContractCode) Time() time.Time {
	t, err := time.ParseInLocation(contractTime, string(c.text[contractTimeAt:contractSerialAt]), beijing)
	if err != nil {
		return time.Time{} // the zero ContractCode
	}
	return t
}

// Subject returns whose node made the contract.
func (c ContractCode) Subject() (s Subject) {
	copy(s.text[:], c.text[contractSubjectAt:contractAreaAt])
	return s
}

// Area returns the region or sector.
func (c ContractCode) Area() (a Area) {
	copy(a.text[:], c.text[contractAreaAt:contractTimeAt])
	return a
}

// String returns the 47 characters, and nothing for the zero value.
func (c ContractCode) String() string {
	if c == (ContractCode{}) {
		return ""
	}
	return string(c.text[:])
}
