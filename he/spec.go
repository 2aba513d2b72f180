package he

import (
	"errors"
	"fmt"
)

// A Mode says who can open a result.
type Mode uint8

// The modes. Their numbers enter digests.
const (
	// ReceiverKey has one receiver with a key of its own, who opens the sum and
	// could open every single contribution, if the aggregator gave it away.
	ReceiverKey Mode = 1
	// Collective has key holders of whom all, or a threshold, must take part
	// to open anything, for a receiver that learns the result only.
	Collective Mode = 2
	// OneShot has a committee of key holders too. Contributors send one
	// message, of hardly more than their numbers take, and leave. They mask
	// their numbers with keys of their own, of which the committee opens the
	// sum.
	OneShot Mode = 3
)

// String returns the name of m: receiver-key, collective or one-shot.
func (m Mode) String() string {
	switch m {
	case ReceiverKey:
		return "receiver-key"
	case Collective:
		return "collective"
	case OneShot:
		return "one-shot"
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// Limits of a [Spec].
const (
	maxContributors = 1 << 12
	maxHolders      = 1 << 7
	maxRows         = 1 << 30
	maxFields       = 1 << 10
	maxSlots        = 1 << 24
	maxContext      = 1 << 14

	usualFailure = 64
)

// A Spec is a question that organisations want an answer to. All of them plan
// the same one.
type Spec struct {
	// Mode has no default: it must be chosen.
	Mode Mode
	// Contributors is the number of organisations that have rows, of whom some
	// may turn out to be absent: from 3 to 4,096.
	Contributors int
	// MinInputs is the least number of contributions in a result: below it
	// nobody opens anything. It is at least 3, since of a sum of two each
	// knows the other's part.
	MinInputs int
	// Holders is the number of key holders, from 2 to 128, and Threshold how
	// many of them open a result, in modes Collective and OneShot. With a
	// threshold that is less than Holders, the others may be absent, and that
	// many together can open contributions. In mode Collective all must be
	// there to make the key. In mode OneShot the threshold must be more than
	// half of Holders, and protects against fewer than 2·Threshold-Holders
	// of them. There may be a single one in mode OneShot, which is trusted
	// as the receiver is in mode ReceiverKey, and makes contributions half as
	// long.
	Holders, Threshold int
	// Fields are the columns that rows have, in this order.
	Fields []Field
	// Rows is the most rows that a contributor has, up to 2^30. It is public;
	// how many there are is not.
	Rows int
	// Functions are what is asked, at least one.
	Functions []Function
	// Round is the number of decimals to which answers are rounded when they
	// are opened, half away from zero, if RoundAnswers is set. The receiver's
	// program knows them exactly all the same.
	Round        int
	RoundAnswers bool
	// Noise makes results differentially private. By default they are exact.
	Noise *Noise
	// Context is what the parties agreed upon outside: the hash of a contract.
	// It enters the digest. At most 16,384 bytes; empty by default.
	Context []byte
	// Expert is for research; nil is recommended.
	Expert *Expert
}

// An Expert fixes what a plan otherwise chooses. [Plan.Expert] returns what it
// chose. Distributions of secrets and errors, and how long a modulus may be, are
// not to be chosen, since the ceilings for 128-bit security hold for these only.
type Expert struct {
	// LogN is the logarithm of the ring's degree: 11, 12 or 13. Zero takes
	// what makes the smallest contribution.
	LogN int
	// LogQ is the length of the modulus in bits, at most 53, 106 or 120 in
	// these rings. Zero takes what makes the smallest contribution.
	LogQ int
	// Statistical is how well the shares of key holders hide everything but
	// the result: to within a statistical distance of 2^-Statistical, over all
	// numbers in it together. From 30 to 80; zero is 40.
	Statistical int
	// Bits is the length of the sums that counters are packed into. Zero
	// takes what makes the smallest contribution.
	Bits int
	// Failure is how improbable it is that noise spoils a result: at most
	// 2^-Failure, from 40 to 128. Zero is 64, which is out of the reach of
	// who waits for wrong results to learn about keys; 40 is not.
	Failure int
}

// check fills in defaults and finds what cannot be.
func (p *Plan) check() error {
	s := &p.spec
	if s.Expert == nil {
		s.Expert = new(Expert)
	} else {
		e := *s.Expert
		s.Expert = &e
	}
	switch {
	case s.Mode == 0:
		return errors.New("he: no mode was chosen: say who may open the result")
	case s.Mode > OneShot:
		return fmt.Errorf("he: %v is no mode", s.Mode)
	case s.Contributors < 3 || s.Contributors > maxContributors:
		return fmt.Errorf("he: %d contributors are not between 3 and %d", s.Contributors, maxContributors)
	case s.MinInputs < 3 || s.MinInputs > s.Contributors:
		return fmt.Errorf("he: MinInputs is %d, not between 3 and the %d contributors", s.MinInputs, s.Contributors)
	case s.Rows < 1 || s.Rows > maxRows:
		return fmt.Errorf("he: %d rows are not between 1 and %d", s.Rows, maxRows)
	case len(s.Fields) > maxFields:
		return fmt.Errorf("he: %d fields are more than %d", len(s.Fields), maxFields)
	case len(s.Functions) == 0:
		return errors.New("he: no function was asked for")
	case len(s.Context) > maxContext:
		return fmt.Errorf("he: a context of %d bytes is longer than %d", len(s.Context), maxContext)
	case s.RoundAnswers && (s.Round < 0 || s.Round > 18):
		return fmt.Errorf("he: answers are rounded to %d decimals, not between 0 and 18", s.Round)
	case !s.RoundAnswers && s.Round != 0:
		return errors.New("he: Round is set, and RoundAnswers is not")
	case s.Expert.LogN != 0 && (s.Expert.LogN < 11 || s.Expert.LogN > 13):
		return fmt.Errorf("he: there is no ring with logN = %d, only with 11, 12 and 13", s.Expert.LogN)
	case s.Expert.Bits < 0 || s.Expert.Bits > 62:
		return fmt.Errorf("he: sums of %d bits are not between 1 and 62", s.Expert.Bits)
	case s.Expert.LogQ < 0 || s.Expert.LogQ > 120:
		return fmt.Errorf("he: there is no modulus of %d bits", s.Expert.LogQ)
	case s.Expert.Failure != 0 && (s.Expert.Failure < 40 || s.Expert.Failure > 128):
		return fmt.Errorf("he: Failure is %d, not between 40 and 128", s.Expert.Failure)
	}
	if s.Expert.Failure == 0 {
		s.Expert.Failure = usualFailure
	}
	if s.Mode == ReceiverKey {
		if s.Holders != 0 || s.Threshold != 0 || s.Expert.Statistical != 0 {
			return errors.New("he: key holders are for modes collective and one-shot")
		}
		return nil
	}
	switch {
	case s.Mode == OneShot && s.Expert.Statistical != 0:
		return errors.New("he: flooding is for mode collective")
	case s.Mode == OneShot && s.Threshold*2 <= s.Holders:
		return fmt.Errorf("he: a threshold of %d is not more than half of the %d key holders: two halves could open two sums",
			s.Threshold, s.Holders)
	case s.Mode == Collective && s.Expert.Statistical == 0:
		s.Expert.Statistical = 40
	}
	least := 2
	if s.Mode == OneShot {
		least = 1
	}
	switch {
	case s.Holders < least || s.Holders > maxHolders:
		return fmt.Errorf("he: %d key holders are not between %d and %d", s.Holders, least, maxHolders)
	case s.Threshold < least || s.Threshold > s.Holders:
		return fmt.Errorf("he: a threshold of %d is not between %d and the %d key holders", s.Threshold, least, s.Holders)
	case s.Mode == Collective && s.Expert.Statistical < 30:
		return fmt.Errorf("he: flooding to within 2^-%d is too little: take 40", s.Expert.Statistical)
	case s.Mode == Collective && s.Expert.Statistical > 80:
		return fmt.Errorf("he: flooding to within 2^-%d is more than 2^-80", s.Expert.Statistical)
	}
	return nil
}
