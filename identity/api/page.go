package api

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Parse(pageHTML))

// page serves what a person looks for at the log's address: whose log it is, how
// long, and its head to compare with what others were shown. It loads nothing
// and runs no script.
func (s *server) page(w http.ResponseWriter, _ *http.Request) {
	c, signed := s.cfg.Log.Latest()
	var b bytes.Buffer
	err := page.Execute(&b, struct {
		Origin, Root, Signed string
		Size                 int64
	}{c.Origin, base64.StdEncoding.EncodeToString(c.Root[:]), string(signed), c.Size})
	if err != nil {
		http.Error(w, faultSystem.Message, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.Write(b.Bytes())
}
