package api

import (
	_ "embed"
	"net/http"
)

// openAPI describes all operations, also those that a server leaves out.
//
//go:embed openapi.json
var openAPI []byte

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(openAPI)
}
