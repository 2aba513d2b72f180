package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What goes in comes out, in pieces of all sizes, through a small ring.
func TestPipeCarriesBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		want := make([]byte, 10_000)
		for i := range want {
			want[i] = byte(random.Uint32())
		}
		a, b := newPipe(7)
		go func() {
			for rest := want; len(rest) > 0; {
				n := min(1+random.IntN(20), len(rest))
				k, err := a.Write(rest[:n])
				if k != n || err != nil {
					t.Errorf("wrote %d of %d: %v", k, n, err)
				}
				rest = rest[n:]
			}
			a.Close()
		}()
		var got bytes.Buffer
		for buf := make([]byte, 11); ; {
			n, err := b.Read(buf[:1+got.Len()%11])
			got.Write(buf[:n])
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
		}
		require.Equal(t, want, got.Bytes())
		require.EqualValues(t, len(want), a.sent())
		require.Zero(t, b.sent())
	})
}

func TestPipeClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe(4)
		_, err := a.Write([]byte("abc"))
		require.NoError(t, err)
		go func() {
			time.Sleep(time.Second)
			b.Close()
		}()
		n, err := a.Write([]byte("def")) // blocks after a byte
		require.Equal(t, 1, n)
		require.ErrorIs(t, err, io.ErrClosedPipe)
		rest, err := io.ReadAll(b)
		require.NoError(t, err)
		require.Equal(t, "abcd", string(rest))
		_, err = a.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
	})
}

func TestPipeDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe(1)
		buf := make([]byte, 2)
		start := time.Now()
		require.NoError(t, a.SetDeadline(start.Add(time.Second)))
		require.NoError(t, a.SetDeadline(start.Add(3*time.Second))) // replaces the first
		_, err := a.Read(buf)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(start))
		synctest.Wait() // for the other direction's timer
		n, err := a.Write(buf)
		require.Zero(t, n)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)

		// Without one, or with another, it works again.
		require.NoError(t, a.SetDeadline(time.Time{}))
		n, err = a.Write(buf[:1])
		require.Equal(t, 1, n)
		require.NoError(t, err)
		require.NoError(t, a.SetDeadline(time.Now().Add(time.Second)))
		_, err = a.Write(buf[:1]) // b reads nothing
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, a.SetDeadline(time.Unix(1, 0))) // a past one counts at once
		_, err = a.Read(buf)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)

		n, err = b.Read(buf) // its deadlines are its own
		require.Equal(t, 1, n)
		require.NoError(t, err)
	})
}
