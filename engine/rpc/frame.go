package rpc

import (
	"encoding/binary"
	"net/http"

	"github.com/picasso-faas/picasso"
)

// The answer to an invoke is a sequence of frames: one byte of kind, four of
// length (big endian), then the payload. A head comes before any data; log and
// outcome come last, the outcome always.
const (
	frameHead    = 'H' // status and headers of the function's answer
	frameData    = 'D' // bytes of the function's answer
	frameLog     = 'L' // the log of the execution
	frameOutcome = 'O' // picasso.Outcome without its log
)

const (
	frameHeaderBytes = 5
	maxFrameBytes    = 64 << 20 // of frames that are read whole; the log is the largest
)

// frameWriter is the http.ResponseWriter that an engine writes its answer to.
type frameWriter struct {
	w         http.ResponseWriter // the connection
	header    http.Header
	wroteHead bool
	prefix    [frameHeaderBytes]byte
	buf       [256]byte // room for most heads and outcomes
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
	_ = f.writeFrame(frameHead, head{status, f.header}.append(f.buf[:0])) // a lost peer shows in Write
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
	payload, err := appendOutcome(f.buf[:0], out)
	if err != nil {
		return err
	}
	return f.writeFrame(frameOutcome, payload)
}

func (f *frameWriter) writeFrame(kind byte, payload []byte) error {
	f.prefix[0] = kind
	binary.BigEndian.PutUint32(f.prefix[1:], uint32(len(payload))) //nolint:gosec // far below 4 GiB
	if _, err := f.w.Write(f.prefix[:]); err != nil {
		return err
	}
	_, err := f.w.Write(payload)
	return err
}
