package rpc

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/picasso-faas/picasso"
)

// frames is what a stream of frames is read from: a response of package h1.
type frames interface {
	io.Reader
	// Proceed sends a body that was kept back so far.
	Proceed()
	// Pending reports whether the next read would have to wait.
	Pending() bool
	// Prompt has what comes acknowledged at once.
	Prompt()
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// receiver takes the answer to one call.
type receiver struct {
	r     frames
	w     http.ResponseWriter // the caller
	call  *picasso.Call
	last  picasso.Progress // that was heard of; 0: none
	buf   []byte
	log   []byte
	out   picasso.Outcome
	paced bool // w has a write deadline
}

// receive passes the answer in the frames on to w, what is heard meanwhile to
// Log and Progress of the call, and returns the outcome. A caller that is gone
// (w fails) does not matter: the outcome still does. With an error, how far the call was is told.
func receive(r frames, w http.ResponseWriter, call *picasso.Call) (picasso.Outcome, picasso.Progress, error) {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	rc := receiver{r: r, w: w, call: call, buf: *buf}
	err := rc.all()
	if rc.paced {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // it would outlive the call
	}
	return rc.out, rc.last, err
}

func (rc *receiver) all() error {
	for {
		kind, length, err := rc.frameHeader()
		if err == nil {
			err = rc.frame(kind, length)
		}
		if err != nil {
			return err
		}
		if kind == frameOutcome {
			return readEnd(rc.r, rc.buf)
		}
	}
}

func (rc *receiver) frame(kind byte, length int) error {
	switch kind {
	case frameWait, frameLog, frameOutcome:
	default: // a sandbox has the call: the body is wanted, whether or not 100 could still be said
		rc.r.Proceed()
	}
	switch kind {
	case frameData:
		return rc.data(length)
	case frameLog:
		log, err := readPayload(rc.r, length)
		rc.log = log
		return err
	}
	payload, err := readInto(rc.r, length, rc.buf)
	if err != nil {
		return err
	}
	switch kind {
	case frameWait:
		rc.r.Prompt() // the sandbox will stand still until the engine knows that we know
		rc.progress(picasso.ProgressWaiting)
	case frameTaken:
		rc.progress(picasso.ProgressTaken)
	case frameHead:
		return rc.head(payload)
	case framePace:
		return rc.pace(payload)
	case frameLive:
		if rc.call.Log != nil {
			_, _ = rc.call.Log.Write(payload) // a reader that is gone misses it
		}
	case frameOutcome:
		rc.out, err = readOutcome(payload)
		rc.out.Log = rc.log
	default:
		err = fmt.Errorf("frame of unknown kind %q", kind)
	}
	return err
}

func (rc *receiver) progress(p picasso.Progress) {
	rc.last = p
	if rc.call.Progress != nil {
		rc.call.Progress(p)
	}
}

func (rc *receiver) head(payload []byte) error {
	status, err := readHead(payload, rc.w.Header())
	if err != nil {
		return err
	}
	if status < 200 || status > 999 { // what WriteHeader takes
		return fmt.Errorf("head with status %d", status)
	}
	rc.w.WriteHeader(status)
	rc.flush()
	return nil
}

// pace limits how long the caller may take for the rest of the answer.
func (rc *receiver) pace(payload []byte) error {
	left, n := binary.Varint(payload)
	if n <= 0 {
		return errShort
	}
	rc.paced = true
	_ = http.NewResponseController(rc.w).SetWriteDeadline(time.Now().Add(time.Duration(left))) // in-process callers have none
	return nil
}

func (rc *receiver) data(length int) error {
	for gone := false; length > 0; {
		n, err := rc.r.Read(rc.buf[:min(length, len(rc.buf))])
		length -= n
		if !gone {
			_, werr := rc.w.Write(rc.buf[:n])
			gone = werr != nil
		}
		switch {
		case err == io.EOF && length > 0:
			return io.ErrUnexpectedEOF
		case err != nil && err != io.EOF:
			return err
		}
	}
	rc.flush()
	return nil
}

// flush sends what was written so far, unless there is more to read already.
func (rc *receiver) flush() {
	if rc.r.Pending() {
		_ = http.NewResponseController(rc.w).Flush() // a lost caller shows in Write
	}
}

// readEnd reads what frames the frames, so that the connection can be used again.
func readEnd(r io.Reader, buf []byte) error {
	n, err := r.Read(buf)
	if n > 0 || err != io.EOF {
		return fmt.Errorf("unexpected data behind the outcome: %w", err)
	}
	return nil
}

// frameHeader returns kind and length of the next frame.
func (rc *receiver) frameHeader() (kind byte, length int, err error) {
	b := rc.buf[:frameHeaderBytes]
	if _, err := io.ReadFull(rc.r, b); err != nil {
		return 0, 0, cutShort(err)
	}
	return b[0], int(binary.BigEndian.Uint32(b[1:])), nil
}

// readPayload reads a frame that is not data.
func readPayload(r io.Reader, length int) ([]byte, error) {
	if length > maxFrameBytes {
		return nil, fmt.Errorf("frame of %d bytes", length)
	}
	payload := make([]byte, length)
	_, err := io.ReadFull(r, payload)
	return payload, cutShort(err)
}

// readInto is readPayload for what mostly fits into buf.
func readInto(r io.Reader, length int, buf []byte) ([]byte, error) {
	if length > len(buf) {
		return readPayload(r, length)
	}
	_, err := io.ReadFull(r, buf[:length])
	return buf[:length], cutShort(err)
}

func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
