package dispatch

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
)

// body is that of a call. A small one is kept and can be sent again; another one
// goes to the first host that begins to read it, and no other.
type body struct {
	inlet  *h1.Inlet // of a small one
	small  bytes.Reader
	stream *stream
}

type stream struct {
	io.Reader
	begun atomic.Bool
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	s.begun.Store(true)
	return s.Reader.Read(p)
}

func (b *body) open(call *picasso.Call) *h1.BodyError {
	switch {
	case call.Body == nil || call.ContentLength == 0:
		return nil
	case call.ContentLength < 0 || call.ContentLength > h1.ReadAhead:
		b.stream = &stream{Reader: call.Body}
		return nil
	}
	inlet, fault := h1.OpenInlet(call.Body, call.ContentLength)
	b.inlet = inlet
	return fault
}

// close ends the use of the body; w is what the caller is answered on.
func (b *body) close(w http.ResponseWriter) {
	switch {
	case b.inlet != nil:
		b.inlet.Close(w)
	case b.stream != nil && !b.begun():
		_ = setReadDeadline(w, time.Unix(1, 0)) // net/http would wait for a body that nobody wants
	}
}

// reader returns the body from its beginning.
func (b *body) reader() io.Reader {
	switch {
	case b.stream != nil:
		return b.stream
	case b.inlet != nil:
		b.small.Reset(b.inlet.Payload)
		return &b.small
	}
	return nil
}

func setReadDeadline(w http.ResponseWriter, deadline time.Time) error {
	return http.NewResponseController(w).SetReadDeadline(deadline)
}

// begun tells whether a part of it cannot be sent again.
func (b *body) begun() bool { return b.stream != nil && b.stream.begun.Load() }
