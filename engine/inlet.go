package engine

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
)

// readAhead is the largest body that is read before a sandbox is taken.
const readAhead = 64 << 10

var payloads = sync.Pool{New: func() any { b := make([]byte, readAhead); return &b }}

// inlet is the caller's body. A small one is read ahead; a large one, or one
// of unknown length, is streamed.
type inlet struct {
	bytes   atomic.Int64 // read so far
	payload []byte       // a small body
	buffer  *[]byte      // what payload is in
	source  io.Reader    // a streamed body, else nil
	length  int64        // of source; -1 when unknown

	reading sync.Mutex // held while the source is read
	closed  atomic.Bool
	over    atomic.Bool // the source has ended
}

// openInlet reads a small body, or makes ready to stream another.
func openInlet(call *picasso.Call) (*inlet, *picasso.Error) {
	in := &inlet{}
	switch {
	case call.Body == nil || call.ContentLength == 0:
		return in, nil
	case call.ContentLength < 0 || call.ContentLength > readAhead:
		in.source, in.length = call.Body, call.ContentLength
		return in, nil
	}
	in.buffer = payloads.Get().(*[]byte)
	in.payload = (*in.buffer)[:call.ContentLength]
	if _, err := io.ReadFull(call.Body, in.payload); err != nil {
		payloads.Put(in.buffer)
		return nil, contract.BodyFailure(err)
	}
	in.bytes.Store(call.ContentLength)
	return in, nil
}

// call returns the call with the body that is left to stream.
func (in *inlet) call(call *picasso.Call) *picasso.Call {
	c := *call
	c.Body = nil
	if in.source != nil {
		c.Body = in
	}
	return &c
}

// Read implements io.Reader for what is streamed.
func (in *inlet) Read(p []byte) (int, error) {
	in.reading.Lock()
	defer in.reading.Unlock()
	if in.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	n, err := in.source.Read(p)
	if got := in.bytes.Add(int64(n)); err == io.EOF && got < in.length {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		in.over.Store(true)
	}
	return n, err
}

// close ends the use of the body. A reader that still waits for the caller is
// woken: net/http could not end the request before.
func (in *inlet) close(w http.ResponseWriter) {
	if in.buffer != nil {
		payloads.Put(in.buffer)
	}
	in.closed.Store(true)
	if in.source == nil || in.over.Load() {
		return
	}
	past := time.Unix(1, 0)
	if http.NewResponseController(w).SetReadDeadline(past) == nil {
		in.awaitReader()
	}
}

// awaitReader returns when nobody reads the source any more.
func (in *inlet) awaitReader() {
	in.reading.Lock()
	defer in.reading.Unlock()
}
