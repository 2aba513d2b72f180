package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSleepers(t *testing.T) {
	for _, s := range []sleeper{newSleeper(), newRuntimeSleeper()} {
		for range 3 {
			start := time.Now()
			s.sleep(2 * time.Millisecond)
			require.GreaterOrEqual(t, time.Since(start), 2*time.Millisecond)
		}
		s.sleep(0)
		woken := make(chan struct{})
		go func() {
			s.sleep(time.Hour)
			s.sleep(time.Hour)
			close(woken)
		}()
		time.Sleep(time.Millisecond)
		s.wake()
		s.wake()
		select {
		case <-woken:
		case <-time.After(10 * time.Second):
			t.Fatal("it sleeps")
		}
		s.close()
	}
}
