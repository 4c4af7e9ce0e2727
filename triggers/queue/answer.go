package queue

import (
	"bytes"
	"net/http"

	"github.com/picasso-faas/picasso"
)

// answer collects what a function answers with; the engine bounds it.
type answer struct {
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. The status is in the Outcome.
func (a *answer) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// result is the answer as it is kept, nil when it was cut short.
func (a *answer) result(o *picasso.Outcome) *picasso.Payload {
	if o.Err != nil && !o.OwnAccount {
		return nil
	}
	header := map[string][]string{}
	if kind := a.header["Content-Type"]; len(kind) > 0 {
		header["Content-Type"] = kind[:1]
	}
	return &picasso.Payload{Header: header, Body: a.body.Bytes()}
}
