package engine

import (
	"errors"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/session"
)

// CloseLinks closes the links of a party, all at once, as each may take a moment to tell
// the other side that the run ended with err, or well with nil. It returns the error to
// report: what the others say is better than what came of it here.
func CloseLinks(err error, links ...func(err error) error) error {
	reasons := make([]error, len(links))
	var closing sync.WaitGroup
	for i, link := range links {
		closing.Go(func() { reasons[i] = link(err) })
	}
	closing.Wait()
	if err == nil || classified(err) {
		return err
	}
	for _, reason := range reasons {
		if classified(reason) {
			return reason
		}
	}
	return err
}

// classified reports whether err says which side is at fault.
func classified(err error) bool {
	return errors.Is(err, session.ErrPeer) || errors.Is(err, session.ErrIncompatible) || errors.Is(err, session.ErrAborted)
}
