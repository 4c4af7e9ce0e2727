package h1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
)

// Response is the answer to a request; reading it reads its body.
type Response struct {
	Status int // 200..599
	Header http.Header
	// ContentLength is -1 when only the end of the body will tell.
	ContentLength int64
	// Bodyless is true for the answer to HEAD and for 204 and 304: there is no
	// body, whatever ContentLength says of one.
	Bodyless bool
	// Trailer is what followed a chunked body; set once Read has returned io.EOF.
	Trailer http.Header

	conn  *Conn
	pool  *Pool
	abort *Abort
	body  framing
	left  int64     // with byLength
	chunk io.Reader // with byChunks
	ended bool      // the body was read to its end
	close bool      // no other exchange may follow
}

// framing is how the end of a body is found (RFC 9112, 6.3).
type framing int

const (
	byLength framing = iota
	byChunks
	byClose
)

// maxInterim is how many 1xx responses are skipped before the server is held for broken.
const maxInterim = 16

func (c *Conn) readResponse(method string) (*Response, error) {
	for range maxInterim {
		r := &c.resp
		*r = Response{conn: c}
		if err := r.readHead(c); err != nil {
			return nil, err
		}
		if r.Status >= 200 {
			return r, r.frame(method)
		}
		switch r.Status {
		case http.StatusContinue:
			c.proceed()
		case http.StatusSwitchingProtocols:
			return nil, fmt.Errorf("%w: unasked change of protocol", ErrMalformed)
		}
	}
	return nil, fmt.Errorf("%w: too many interim responses", ErrMalformed)
}

func (r *Response) readHead(c *Conn) error {
	block, err := c.readBlock()
	if err != nil {
		return err
	}
	line, rest, _ := strings.Cut(block, "\n")
	if err := r.parseStatus(strings.TrimSuffix(line, "\r")); err != nil {
		return err
	}
	r.Header, err = parseFields(rest)
	return err
}

// readBlock reads up to and with the next empty line: the head of a response,
// or a trailer.
func (c *Conn) readBlock() (string, error) {
	c.scratch = c.scratch[:0]
	for start := 0; ; {
		part, err := c.br.ReadSlice('\n')
		c.scratch = append(c.scratch, part...)
		switch {
		case len(c.scratch) > MaxHeaderBytes:
			return "", ErrHeaderTooLarge
		case errors.Is(err, bufio.ErrBufferFull): // the line goes on
			continue
		case err == io.EOF:
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		}
		if line := c.scratch[start:]; string(line) == "\r\n" || string(line) == "\n" {
			return c.takeBlock(), nil
		}
		start = len(c.scratch)
	}
}

func (c *Conn) takeBlock() string {
	block := string(c.scratch)
	if cap(c.scratch) > 8<<10 {
		c.scratch = nil
	}
	return block
}

// parseStatus parses "HTTP/1.1 200 OK".
func (r *Response) parseStatus(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if version != "HTTP/1.1" && version != "HTTP/1.0" || err != nil || len(code) != 3 || status < 100 || status > 599 {
		return fmt.Errorf("%w: bad status line", ErrMalformed)
	}
	r.Status, r.close = status, version == "HTTP/1.0"
	return nil
}

// parseFields parses the lines of a header block. It is stricter than it would
// have to be: folded lines and stray control characters are refused.
func parseFields(block string) (http.Header, error) {
	count := strings.Count(block, "\n")
	header, values := make(http.Header, count), make([]string, count)
	for block != "" {
		var line string
		line, block, _ = strings.Cut(block, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		name, value, found := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if !found || !validToken(name) || !validValue(value) {
			return nil, fmt.Errorf("%w: bad header line", ErrMalformed)
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if have := header[name]; have != nil {
			header[name] = append(have, value)
			continue
		}
		values[0] = value
		header[name], values = values[:1:1], values[1:]
	}
	return header, nil
}

// frame finds out how the body ends (RFC 9112, 6.3). Whatever is ambiguous is
// refused: two readers that disagree on it are how requests get smuggled.
func (r *Response) frame(method string) error {
	old := r.close // HTTP/1.0, which knows no codings
	if hasToken(r.Header["Connection"], "close") {
		r.close = true
	}
	coding, hasCoding := r.Header["Transfer-Encoding"]
	length, err := contentLength(r.Header["Content-Length"])
	if err != nil || hasCoding && (old || length >= 0 || len(coding) != 1 || !strings.EqualFold(coding[0], "chunked")) {
		return fmt.Errorf("%w: ambiguous length of the body", ErrMalformed)
	}
	r.ContentLength = length
	r.Bodyless = method == http.MethodHead || r.Status == http.StatusNoContent || r.Status == http.StatusNotModified
	switch {
	case r.Bodyless:
		r.body, r.ended = byLength, true
	case hasCoding:
		r.body, r.chunk = byChunks, httputil.NewChunkedReader(r.conn.br)
	case length >= 0:
		r.body, r.left, r.ended = byLength, length, length == 0
	default:
		r.body, r.close = byClose, true
	}
	return nil
}

func hasToken(values []string, token string) bool {
	for _, value := range values {
		for t := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// contentLength returns -1 when there is none.
func contentLength(values []string) (int64, error) {
	if len(values) == 0 {
		return -1, nil
	}
	for _, value := range values[1:] {
		if value != values[0] {
			return 0, ErrMalformed
		}
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	return int64(n), err
}
