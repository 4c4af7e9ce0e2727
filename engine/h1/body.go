package h1

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Read reads the body. It ends with io.EOF only when the body is whole.
func (r *Response) Read(p []byte) (int, error) {
	if r.ended {
		return 0, io.EOF
	}
	n, err := r.read(p)
	switch {
	case err == io.EOF:
		r.ended = true
	case err != nil:
		err = r.conn.cause(err)
	}
	return n, err
}

func (r *Response) read(p []byte) (int, error) {
	switch r.body {
	case byLength:
		return r.readLength(p)
	case byChunks:
		return r.readChunks(p)
	default:
		return r.conn.br.Read(p)
	}
}

func (r *Response) readLength(p []byte) (int, error) {
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.conn.br.Read(p)
	r.left -= int64(n)
	switch {
	case r.left == 0:
		err = io.EOF
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (r *Response) readChunks(p []byte) (int, error) {
	n, err := r.chunk.Read(p)
	switch {
	case err == io.EOF:
		block, terr := r.conn.readBlock()
		if terr == nil {
			r.Trailer, terr = parseTrailer(block)
		}
		if terr != nil {
			return n, terr
		}
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !ofNetwork(err):
		err = fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return n, err
}

// ofNetwork reports whether err says that the connection broke, or its
// deadline passed, and nothing about what came over it.
func ofNetwork(err error) bool {
	_, ok := errors.AsType[net.Error](err)
	return ok
}

// parseTrailer is as strict about line ends as the chunks before it.
func parseTrailer(block string) (http.Header, error) {
	if strings.Count(block, "\n") != strings.Count(block, "\r\n") {
		return nil, fmt.Errorf("%w: bad line end in trailer", ErrMalformed)
	}
	return parseFields(block)
}

// Pending reports whether reading on now would have to wait for the server, so
// that what was read so far is better passed on first.
func (r *Response) Pending() bool { return !r.ended && r.conn.br.Buffered() == 0 }

// Proceed sends the body that Request.Continue has kept back, if the server has
// not asked for it yet: it can do so only before its answer begins. It is for
// the goroutine that reads the response.
func (r *Response) Proceed() { r.conn.proceed() }

// Prompt has what comes until the next request acknowledged as soon as it is
// read: the kernel may take 40 ms for that otherwise.
func (r *Response) Prompt() { r.conn.prompt() }

// Unread reports whether something had come when Pool.Cut closed the connection,
// which was not read.
func (r *Response) Unread() bool { return r.conn.unread.Load() }

// Last lets no other exchange follow on the connection. It is for whoever knows
// that the server has not read the whole request, and so will close it.
func (r *Response) Last() { r.close = true }

// Close ends the exchange of a Pool.Do: the connection goes back to the pool,
// or is closed when the exchange was not completed.
func (r *Response) Close() {
	r.abort.leave()
	r.pool.Put(r.conn)
}
