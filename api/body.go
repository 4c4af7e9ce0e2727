package api

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/share"
)

const (
	firstBodyBytes = 64 << 10 // of memory for a body, unless it says that it is shorter
	maxBodiesBytes = 64 << 20 // of memory for whole bodies at once, or that of eight of the largest
)

// newBodies returns the memory for whole bodies. A project may take half of it.
func newBodies(maxRequestBytes int64) *share.Pool {
	all := max(maxBodiesBytes, 8*maxRequestBytes)
	return share.New(all, all/2)
}

// held is a body in memory, which its project has taken a share for.
type held struct {
	bytes   []byte
	pool    *share.Pool
	project string
}

// grow makes room for n bytes. Errors: rate_limited (there is none).
func (h *held) grow(n int64) error {
	if !h.pool.Take(h.project, n) {
		return noMemory()
	}
	larger := append(make([]byte, 0, n), h.bytes...)
	h.release()
	h.bytes = larger
	return nil
}

// release gives the share back.
func (h *held) release() { h.pool.Give(h.project, int64(cap(h.bytes))) }

// whole reads a body of up to that many bytes into memory, which has to be released. Memory
// grows with what has come and not with what was promised, and each growth
// has to be filled within the patience with clients. Errors: too_large,
// rate_limited (no memory is left), invalid (the body ended early).
func (s *Server) whole(req *request, most int64) (*held, error) {
	if req.ContentLength > most {
		return nil, bodyTooLarge(most)
	}
	body := &held{pool: s.bodies, project: req.project}
	if err := s.fill(req, body, most); err != nil {
		body.release()
		return nil, err
	}
	return body, nil
}

func (s *Server) fill(req *request, body *held, most int64) error {
	limit := most + 1 // one more than it may be, to see the end
	if req.ContentLength >= 0 {
		limit = req.ContentLength + 1
	}
	conn := http.NewResponseController(req.w.ResponseWriter)
	source := http.MaxBytesReader(req.w.ResponseWriter, req.Body, most)
	for {
		if size := len(body.bytes); size == cap(body.bytes) {
			if err := body.grow(min(max(2*int64(size), firstBodyBytes), limit)); err != nil {
				return err
			}
			_ = conn.SetReadDeadline(time.Now().Add(s.ClientTimeout))
		}
		n, err := source.Read(body.bytes[len(body.bytes):cap(body.bytes)])
		body.bytes = body.bytes[:len(body.bytes)+n]
		switch tooLarge := (*http.MaxBytesError)(nil); {
		case err == io.EOF:
			return conn.SetReadDeadline(time.Time{})
		case errors.As(err, &tooLarge):
			return bodyTooLarge(most)
		case err != nil:
			return invalid("body: ended early")
		}
	}
}

func bodyTooLarge(most int64) error {
	return picasso.Errorf(picasso.CodeTooLarge, "body: is longer than %d bytes", most)
}

// noMemory refuses who comes when the bodies of others take all the memory there is for them.
func noMemory() error {
	return picasso.Errorf(picasso.CodeRateLimited, "body: too many bytes are in transfer at once").WithRetryAfter(time.Second)
}
