package engine

import (
	"io"
	"net/http"
	"sync"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
	"github.com/picasso-faas/picasso/engine/h1"
)

// readAhead is the largest body that is read before a sandbox is taken.
const readAhead = 64 << 10

var payloads = sync.Pool{New: func() any { b := make([]byte, readAhead); return &b }}

// inlet is the caller's body. A small one is read ahead; a large one, or one
// of unknown length, is streamed.
type inlet struct {
	payload []byte     // a small body
	buffer  *[]byte    // what payload is in
	upload  *h1.Upload // a streamed body, else nil
}

// openInlet reads a small body, or makes ready to stream another.
func openInlet(call *picasso.Call) (*inlet, *picasso.Error) {
	in := &inlet{}
	switch {
	case call.Body == nil || call.ContentLength == 0:
		return in, nil
	case call.ContentLength < 0 || call.ContentLength > readAhead:
		in.upload = h1.NewUpload(call.Body, call.ContentLength)
		return in, nil
	}
	in.buffer = payloads.Get().(*[]byte)
	in.payload = (*in.buffer)[:call.ContentLength]
	if _, err := io.ReadFull(call.Body, in.payload); err != nil {
		payloads.Put(in.buffer)
		return nil, contract.BodyFailure(err)
	}
	return in, nil
}

// call returns the call with the body that is left to stream.
func (in *inlet) call(call *picasso.Call) *picasso.Call {
	c := *call
	c.Body = nil
	if in.upload != nil {
		c.Body = in.upload
	}
	return &c
}

// bytes is how much of the body was read.
func (in *inlet) bytes() int64 {
	if in.upload != nil {
		return in.upload.Bytes()
	}
	return int64(len(in.payload))
}

// close ends the use of the body.
func (in *inlet) close(w http.ResponseWriter) {
	if in.buffer != nil {
		payloads.Put(in.buffer)
	}
	if in.upload != nil {
		in.upload.Close(w)
	}
}
