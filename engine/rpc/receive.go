package rpc

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"

	"github.com/picasso-faas/picasso"
)

// frames is what a stream of frames is read from: a response of package h1.
type frames interface {
	io.Reader
	// Pending reports whether the next read would have to wait.
	Pending() bool
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// receive passes the answer in the frames on to w and returns the outcome. A
// caller that is gone (w fails) does not matter: the outcome still does.
func receive(r frames, w http.ResponseWriter) (picasso.Outcome, error) {
	var out picasso.Outcome
	var log []byte
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for {
		kind, length, err := readFrameHeader(r, *buf)
		if err != nil {
			return out, err
		}
		switch kind {
		case frameHead:
			err = receiveHead(r, length, w)
		case frameData:
			err = receiveData(r, length, w, *buf)
		case frameLog:
			log, err = readPayload(r, length)
		case frameOutcome:
			err = readJSON(r, length, &out)
			if err == nil {
				out.Log = log
				return out, readEnd(r, *buf)
			}
		default:
			err = fmt.Errorf("frame of unknown kind %q", kind)
		}
		if err != nil {
			return out, err
		}
	}
}

func receiveHead(r io.Reader, length int, w http.ResponseWriter) error {
	var h head
	if err := readJSON(r, length, &h); err != nil {
		return err
	}
	if h.Status < 200 || h.Status > 999 { // what WriteHeader takes
		return fmt.Errorf("head with status %d", h.Status)
	}
	maps.Copy(w.Header(), h.Header)
	w.WriteHeader(h.Status)
	return nil
}

func receiveData(r frames, length int, w http.ResponseWriter, buf []byte) error {
	for gone := false; length > 0; {
		n, err := r.Read(buf[:min(length, len(buf))])
		length -= n
		if !gone {
			_, werr := w.Write(buf[:n])
			gone = werr != nil
		}
		switch {
		case err == io.EOF && length > 0:
			return io.ErrUnexpectedEOF
		case err != nil && err != io.EOF:
			return err
		}
	}
	if r.Pending() {
		_ = http.NewResponseController(w).Flush() // a lost caller shows in Write
	}
	return nil
}

// readEnd reads what frames the frames, so that the connection can be used again.
func readEnd(r io.Reader, buf []byte) error {
	n, err := r.Read(buf)
	if n > 0 || err != io.EOF {
		return fmt.Errorf("unexpected data behind the outcome: %w", err)
	}
	return nil
}

// readFrameHeader returns kind and length of the next frame.
func readFrameHeader(r io.Reader, buf []byte) (kind byte, length int, err error) {
	b := buf[:frameHeaderBytes]
	if _, err := io.ReadFull(r, b); err != nil {
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

func readJSON(r io.Reader, length int, v any) error {
	payload, err := readPayload(r, length)
	if err != nil {
		return err
	}
	return json.Unmarshal(payload, v)
}

func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
