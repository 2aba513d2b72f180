package agreement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// ByCredentials returns a Config.Rights that goes by credentials: a party may bring
// an input if it has one of the sufficient rights to it. Which these are, the
// parties decide; without any nothing may be brought.
//
// It is for parties whose Code is the text of an identity.Subject, or of an
// identity.Code, whose subject then counts, and for inputs whose Target is the text of
// an identity.Code. All others are refused.
func ByCredentials(known *policy.Rights, sufficient ...policy.Right) func(ctx context.Context, party Party, input Input, at time.Time) error {
	return func(_ context.Context, party Party, input Input, at time.Time) error {
		if known == nil || len(sufficient) == 0 {
			return errors.New("agreement: ByCredentials was given no credentials, or no sufficient right")
		}
		subject, err := subjectOf(party.Code)
		if err != nil {
			return fmt.Errorf("agreement: the party's Code: %w", err)
		}
		data, err := identity.Parse(input.Target)
		if err != nil {
			return fmt.Errorf("agreement: the input's Target: %w", err)
		}
		var missing []error
		for _, right := range sufficient {
			err := known.Check(subject, right, data, at)
			if err == nil {
				return nil
			}
			missing = append(missing, fmt.Errorf("%s: %w", right, err))
		}
		return errors.Join(missing...)
	}
}

// subjectOf returns the subject of a party's code. Subjects have 18 characters, and
// codes 32 or more.
func subjectOf(text string) (identity.Subject, error) {
	if len(text) <= 18 {
		return identity.ParseSubject(text)
	}
	code, err := identity.Parse(text)
	return code.Subject(), err
}
