package pinned

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newKey(t *testing.T) *Key {
	k, err := NewKey()
	require.NoError(t, err)
	return k
}

func TestKeyFile(t *testing.T) {
	k := newKey(t)
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, k.Write(file))
	require.ErrorIs(t, k.Write(file), os.ErrExist, "a key was overwritten")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	back, err := ReadKey(file)
	require.NoError(t, err)
	require.Equal(t, k.Fingerprint(), back.Fingerprint())

	for name, content := range map[string]string{"empty": "", "text": "hello", "public": "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
		"garbage": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		_, err := ReadKey(file)
		require.Error(t, err, name)
	}
}

func TestKeyPrintsNoSecret(t *testing.T) {
	k := newKey(t)
	seed := fmt.Sprintf("%x", k.private.Seed()[:4])
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(verb, k), seed)
		require.NotContains(t, fmt.Sprintf(verb, *k), seed)
		require.Contains(t, fmt.Sprintf(verb, k), "pinned.Key of SHA256:")
	}
}

func TestParseFingerprint(t *testing.T) {
	fp := newKey(t).Fingerprint()
	got, err := ParseFingerprint(string(fp))
	require.NoError(t, err)
	require.Equal(t, fp, got)
	s := string(fp)
	for _, bad := range []string{"", "SHA256:", s[1:], s[:len(s)-1], s + "A", s + "=", strings.ToLower(s), " " + s} {
		_, err := ParseFingerprint(bad)
		require.ErrorContains(t, err, "is not a fingerprint", bad)
	}
}

// meet connects a client to a server and returns what each of them got.
func meet(t *testing.T, server, client *Key, serverExpects, clientExpects Fingerprint) (serverErr, clientErr error) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	ln, err := Listen("127.0.0.1:0", server, serverExpects)
	require.NoError(t, err)
	done := make(chan error, 1)
	refused := make(chan error, 1)
	go func() {
		conn, err := ln.AcceptPeer(ctx, func(_ net.Addr, err error) { refused <- err })
		if err == nil {
			defer conn.Close()
			_, err = conn.Write([]byte("hello"))
		}
		done <- err
	}()
	conn, clientErr := Dial(ctx, ln.Addr().String(), client, clientExpects)
	if clientErr == nil {
		defer conn.Close()
		got, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.Equal(t, "hello", string(got))
		return <-done, nil
	}
	serverErr = <-refused
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	return serverErr, clientErr
}

func TestMeet(t *testing.T) {
	a, b, c := newKey(t), newKey(t), newKey(t)
	serverErr, clientErr := meet(t, a, b, b.Fingerprint(), a.Fingerprint())
	require.NoError(t, serverErr)
	require.NoError(t, clientErr)

	_, clientErr = meet(t, a, b, b.Fingerprint(), c.Fingerprint())
	require.ErrorIs(t, clientErr, ErrStranger)
	require.ErrorContains(t, clientErr, string(a.Fingerprint()))

	serverErr, clientErr = meet(t, a, b, c.Fingerprint(), a.Fingerprint())
	require.ErrorIs(t, serverErr, ErrStranger)
	require.ErrorContains(t, serverErr, string(b.Fingerprint()))
	require.ErrorIs(t, clientErr, ErrRefused)
}

// Neither a stranger that says nothing nor one that says something else keeps
// the peer from being accepted.
func TestStrangersDoNotBlock(t *testing.T) {
	a, b := newKey(t), newKey(t)
	ln, err := Listen("127.0.0.1:0", a, b.Fingerprint())
	require.NoError(t, err)
	for i := range 5 {
		silent, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		defer silent.Close()
		if i%2 == 0 {
			io.WriteString(silent, "GET / HTTP/1.1\r\n\r\n")
		}
	}
	accepted := make(chan error, 1)
	go func() {
		over := false
		conn, err := ln.AcceptPeer(t.Context(), func(_ net.Addr, err error) {
			if over || errors.Is(err, context.Canceled) {
				t.Errorf("refused after the peer was accepted: %v", err)
			}
		})
		over = true
		if err == nil {
			conn.Close()
		}
		accepted <- err
	}()
	conn, err := Dial(t.Context(), ln.Addr().String(), b, a.Fingerprint())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, <-accepted)
}

// A reason to stop waiting is what AcceptPeer returns.
func TestAcceptPeerStops(t *testing.T) {
	ln, err := Listen("127.0.0.1:0", newKey(t), newKey(t).Fingerprint())
	require.NoError(t, err)
	reason := errors.New("the user pressed a key")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(reason) })
	_, err = ln.AcceptPeer(ctx, func(net.Addr, error) {})
	require.ErrorIs(t, err, reason)
}

func TestDialNobody(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := ln.Addr().String()
	ln.Close()
	_, err = Dial(t.Context(), addr, newKey(t), newKey(t).Fingerprint())
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrStranger)
}
