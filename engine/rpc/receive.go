package rpc

import (
	"encoding/binary"
	"fmt"
	"io"
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
			err = receiveHead(r, length, w, *buf)
		case frameData:
			err = receiveData(r, length, w, *buf)
		case frameLog:
			log, err = readPayload(r, length)
		case frameOutcome:
			if out, err = receiveOutcome(r, length, *buf); err == nil {
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

func receiveHead(r io.Reader, length int, w http.ResponseWriter, buf []byte) error {
	payload, err := readInto(r, length, buf)
	if err != nil {
		return err
	}
	status, err := readHead(payload, w.Header())
	if err != nil {
		return err
	}
	if status < 200 || status > 999 { // what WriteHeader takes
		return fmt.Errorf("head with status %d", status)
	}
	w.WriteHeader(status)
	return nil
}

func receiveOutcome(r io.Reader, length int, buf []byte) (picasso.Outcome, error) {
	payload, err := readInto(r, length, buf)
	if err != nil {
		return picasso.Outcome{}, err
	}
	return readOutcome(payload)
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
