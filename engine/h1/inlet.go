package h1

import (
	"io"
	"net/http"
	"sync"
)

// ReadAhead is the largest body, in bytes, that OpenInlet reads into memory.
const ReadAhead = 64 << 10

var payloads = sync.Pool{New: func() any { b := make([]byte, ReadAhead); return &b }}

// Inlet is the body of a caller's request. A small one of known length is read
// ahead, so that it can be sent at once, or again; any other is streamed.
type Inlet struct {
	Payload []byte  // a small body; valid until Close
	Upload  *Upload // a streamed body, nil for a small one

	buffer *[]byte // what Payload is in
}

// OpenInlet reads a small body, or makes ready to stream another. length is -1
// when unknown; a nil source is no body.
func OpenInlet(source io.Reader, length int64) (*Inlet, *BodyError) {
	switch {
	case source == nil || length == 0:
		return &Inlet{}, nil
	case length < 0 || length > ReadAhead:
		return &Inlet{Upload: NewUpload(source, length)}, nil
	}
	buffer := payloads.Get().(*[]byte)
	payload := (*buffer)[:length]
	if _, err := io.ReadFull(source, payload); err != nil {
		payloads.Put(buffer)
		return nil, &BodyError{Err: err}
	}
	return &Inlet{Payload: payload, buffer: buffer}, nil
}

// Bytes is how much of the body was read.
func (in *Inlet) Bytes() int64 {
	if in.Upload != nil {
		return in.Upload.Bytes()
	}
	return int64(len(in.Payload))
}

// Close ends the use of the body; w is what the caller is answered on.
func (in *Inlet) Close(w http.ResponseWriter) {
	if in.buffer != nil {
		payloads.Put(in.buffer)
	}
	if in.Upload != nil {
		in.Upload.Close(w)
	}
}
