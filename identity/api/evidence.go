package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// checkpoint serves the latest checkpoint [tlog-tiles, Checkpoints].
func (s *server) checkpoint(w http.ResponseWriter, _ *http.Request) {
	_, signed := s.cfg.Log.Latest()
	if signed == nil {
		http.Error(w, "no checkpoint was published yet", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(signed)
}

// tile serves hash tiles and entry bundles [tlog-tiles, Merkle Tree, Log
// entries], which never change.
func (s *server) tile(w http.ResponseWriter, r *http.Request) {
	b, err := s.cfg.Log.Tile("tile/" + r.PathValue("path"))
	switch {
	case errors.Is(err, evidence.ErrNotFound):
		http.Error(w, "no such tile", http.StatusNotFound)
	case err != nil:
		http.Error(w, faultSystem.Message, http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Write(b)
	}
}

// addCheckpoint serves a witness [tlog-witness, add-checkpoint].
func (s *server) addCheckpoint(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, faultSize.Message, http.StatusRequestEntityTooLarge)
		return
	}
	lines, err := s.cfg.Witness.Cosign(r.Context(), body)
	if conflict, ok := errors.AsType[*evidence.ConflictError](err); ok {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", conflict.Size)
		return
	}
	if err != nil {
		status := http.StatusInternalServerError
		for _, known := range witnessStatus {
			if errors.Is(err, known.err) {
				status = known.status
			}
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write(lines)
}

var witnessStatus = []struct {
	status int
	err    error
}{
	{http.StatusBadRequest, evidence.ErrRequest},
	{http.StatusForbidden, evidence.ErrSignature},
	{http.StatusNotFound, evidence.ErrUnknownLog},
	{http.StatusUnprocessableEntity, evidence.ErrInconsistent},
}

// A RemoteWitness is a witness at the other end of HTTP. It is an
// evidence.Cosigner.
type RemoteWitness struct {
	// URL is the submission prefix, without the slash before add-checkpoint.
	URL string
	// PublicKey is the witness's key, as evidence.WitnessKey writes it.
	PublicKey string
	// Client makes the requests; give it a timeout.
	Client *http.Client
}

// Key returns the witness's key.
func (w *RemoteWitness) Key() string { return w.PublicKey }

// Cosign sends one add-checkpoint request.
func (w *RemoteWitness) Cosign(ctx context.Context, request []byte) ([]byte, error) {
	if w.Client == nil {
		return nil, errors.New("api: a RemoteWitness needs a Client")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+"/add-checkpoint", bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	answer, err := w.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	switch {
	case len(b) > maxBody:
		return nil, fmt.Errorf("api: the witness answered with more than %d bytes", maxBody)
	case answer.StatusCode == http.StatusOK:
		return b, nil
	case answer.StatusCode == http.StatusConflict:
		text := strings.TrimSuffix(string(b), "\n")
		size, err := strconv.ParseInt(text, 10, 64)
		if err != nil || size < 0 || strconv.FormatInt(size, 10) != text {
			return nil, errors.New("api: the witness refused with a conflict and no size")
		}
		return nil, &evidence.ConflictError{Size: size}
	}
	for _, known := range witnessStatus {
		if answer.StatusCode == known.status {
			return nil, known.err
		}
	}
	return nil, fmt.Errorf("api: the witness answered with status %d", answer.StatusCode)
}
