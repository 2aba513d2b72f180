package engine

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/session"
)

// TestCloseLinks has every link learn the error, and the first one that knows more replace
// it, unless it says enough itself.
func TestCloseLinks(t *testing.T) {
	stream, peer := errors.New("broken stream"), fmt.Errorf("%w: a wrong message", session.ErrPeer)
	aborted := At(2, fmt.Errorf("%w: it says why", session.ErrAborted))
	for name, test := range map[string]struct{ err, first, second, want error }{
		"none":           {nil, nil, nil, nil},
		"done":           {nil, stream, aborted, nil},
		"both alike":     {stream, stream, stream, stream},
		"better":         {stream, stream, aborted, aborted},
		"first better":   {stream, peer, aborted, peer},
		"enough already": {peer, peer, aborted, peer},
	} {
		told := [2]error{errors.New("nothing"), errors.New("nothing")}
		link := func(i int, reason error) func(error) error {
			return func(err error) error {
				told[i] = err
				return reason
			}
		}
		got := CloseLinks(test.err, link(0, test.first), link(1, test.second))
		require.Equal(t, test.want, got, name)
		require.Equal(t, [2]error{test.err, test.err}, told, name)
	}
}
