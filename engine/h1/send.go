package h1

import (
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
)

// sending is a body on its way out, in a goroutine of its own, so that the
// server may answer before it has read all of it.
type sending struct {
	done   chan struct{}
	failed atomic.Pointer[BodyError] // the source failed
	whole  atomic.Bool               // everything was sent
}

var chunkBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// upload is a body that is to be sent, of that length or, if -1, to its end.
type upload struct {
	body   io.Reader
	length int64
}

// startSending sends the body over nc. When the source fails it closes nc:
// nothing else tells the server, or wakes whoever waits for its answer.
func startSending(nc net.Conn, up upload) *sending {
	s := &sending{done: make(chan struct{})}
	go func() {
		defer close(s.done)
		err := sendBody(nc, up.body, up.length)
		var fault *BodyError
		switch {
		case errors.As(err, &fault):
			s.failed.Store(fault)
			nc.Close()
		case err == nil:
			s.whole.Store(true)
		}
	}()
	return s
}

// stopped stands for a request that could not be sent whole.
func stopped() *sending {
	s := &sending{done: make(chan struct{})}
	close(s.done)
	return s
}

func sendBody(nc net.Conn, body io.Reader, length int64) error {
	buf := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(buf)
	if length < 0 {
		return sendChunks(nc, body, *buf)
	}
	return sendLength(nc, body, length, *buf)
}

func sendLength(nc net.Conn, body io.Reader, length int64, buf []byte) error {
	for length > 0 {
		n, err := body.Read(buf[:min(int64(len(buf)), length)])
		if _, werr := nc.Write(buf[:n]); werr != nil {
			return werr
		}
		length -= int64(n)
		switch {
		case err == io.EOF && length > 0:
			return &BodyError{io.ErrUnexpectedEOF}
		case err != nil && err != io.EOF:
			return &BodyError{err}
		}
	}
	return nil
}

// room is kept in front of a chunk for its size line, and end behind it.
const (
	chunkRoom = 10
	chunkEnd  = "\r\n"
)

func sendChunks(nc net.Conn, body io.Reader, buf []byte) error {
	for {
		n, err := body.Read(buf[chunkRoom : len(buf)-len(chunkEnd)])
		if n > 0 {
			size := append(strconv.AppendInt(make([]byte, 0, chunkRoom), int64(n), 16), '\r', '\n')
			start := chunkRoom - len(size)
			copy(buf[start:], size)
			copy(buf[chunkRoom+n:], chunkEnd)
			if _, werr := nc.Write(buf[start : chunkRoom+n+len(chunkEnd)]); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			_, werr := io.WriteString(nc, "0\r\n\r\n")
			return werr
		}
		if err != nil {
			return &BodyError{err}
		}
	}
}
