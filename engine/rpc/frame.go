package rpc

import (
	"encoding/binary"
	"encoding/json"
	"net/http"

	"github.com/picasso-faas/picasso"
)

// The answer to an invoke is a sequence of frames: one byte of kind, four of
// length (big endian), then the payload. A head comes before any data; log and
// outcome come last, the outcome always.
const (
	frameHead    = 'H' // JSON head
	frameData    = 'D' // bytes of the function's answer
	frameLog     = 'L' // the log of the execution
	frameOutcome = 'O' // JSON picasso.Outcome
)

const (
	frameHeaderBytes = 5
	maxFrameBytes    = 64 << 20 // of frames that are read whole; the log is the largest
)

// head is the status and the headers of the function's answer.
type head struct {
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
}

// frameWriter is the http.ResponseWriter that an engine writes its answer to.
type frameWriter struct {
	w         http.ResponseWriter // the connection
	header    http.Header
	wroteHead bool
	prefix    [frameHeaderBytes]byte
}

func newFrameWriter(w http.ResponseWriter) *frameWriter {
	return &frameWriter{w: w, header: make(http.Header)}
}

// Header implements http.ResponseWriter.
func (f *frameWriter) Header() http.Header { return f.header }

// WriteHeader implements http.ResponseWriter.
func (f *frameWriter) WriteHeader(status int) {
	if f.wroteHead {
		return
	}
	f.wroteHead = true
	_ = f.writeJSON(frameHead, head{Status: status, Header: f.header}) // a lost peer shows in Write
}

// Write implements http.ResponseWriter.
func (f *frameWriter) Write(p []byte) (int, error) {
	f.WriteHeader(http.StatusOK)
	if err := f.writeFrame(frameData, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Unwrap lets http.ResponseController flush the connection.
func (f *frameWriter) Unwrap() http.ResponseWriter { return f.w }

// finish writes what comes after the answer.
func (f *frameWriter) finish(out picasso.Outcome) error {
	if len(out.Log) > 0 {
		if err := f.writeFrame(frameLog, out.Log); err != nil {
			return err
		}
	}
	return f.writeJSON(frameOutcome, out)
}

func (f *frameWriter) writeJSON(kind byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.writeFrame(kind, payload)
}

func (f *frameWriter) writeFrame(kind byte, payload []byte) error {
	f.prefix[0] = kind
	binary.BigEndian.PutUint32(f.prefix[1:], uint32(len(payload)))
	if _, err := f.w.Write(f.prefix[:]); err != nil {
		return err
	}
	_, err := f.w.Write(payload)
	return err
}
