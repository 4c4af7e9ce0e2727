package h1

import (
	"io"
	"net/http"
	"strconv"
	"sync"
)

// Request is one request. It is built field by field into the bytes that go
// over the wire, so that passing on a header costs no map.
type Request struct {
	// Payload is the body when it is in memory. Otherwise Body is streamed, of
	// ContentLength bytes (what is beyond them is not read) or, when that is
	// -1, to its end; nil is no body. One that ends too early is a BodyError.
	Payload       []byte
	Body          io.Reader
	ContentLength int64
	// Continue keeps a Body back until the server asks for it with 100 (Continue;
	// RFC 9110, 10.1.1), or Response.Proceed does.
	Continue bool
	// Abort, where set, can end the exchange of Pool.Do.
	Abort *Abort

	wire   []byte // head; with Payload behind it once sealed
	method string
	sealed bool
}

var requests = sync.Pool{New: func() any { return &Request{wire: make([]byte, 0, 2048)} }}

// maxKept is the largest buffer that Free keeps for the next request: one that
// held a payload of 64 KiB.
const maxKept = 80 << 10

// NewRequest begins a request. Errors: invalid, when method, target or host
// hold characters that have no place in a request line.
func NewRequest(method, target, host string) (*Request, error) {
	switch {
	case !validToken(method):
		return nil, invalid("method")
	case target == "" || !validWord(target):
		return nil, invalid("path")
	case !validWord(host):
		return nil, invalid("host")
	}
	r := requests.Get().(*Request)
	*r = Request{wire: r.wire[:0], method: method}
	r.wire = append(r.wire, method...)
	r.wire = append(r.wire, ' ')
	r.wire = append(r.wire, target...)
	r.wire = append(r.wire, " HTTP/1.1\r\nHost: "...)
	r.wire = append(r.wire, host...)
	r.wire = append(r.wire, '\r', '\n')
	return r, nil
}

// Free gives the request's memory to the next one.
func (r *Request) Free() {
	if cap(r.wire) <= maxKept {
		*r = Request{wire: r.wire}
		requests.Put(r)
	}
}

// Add adds one field. Fields that HTTP does not allow are dropped: they come
// from callers, whose request was accepted with them.
func (r *Request) Add(name, value string) { r.AddPrefixed("", name, value) }

// AddPrefixed adds a field called prefix+name.
func (r *Request) AddPrefixed(prefix, name, value string) {
	if !validToken(name) || !validValue(value) {
		return
	}
	r.wire = append(r.wire, prefix...)
	r.wire = append(r.wire, name...)
	r.wire = append(r.wire, ':', ' ')
	r.wire = append(r.wire, value...)
	r.wire = append(r.wire, '\r', '\n')
}

// Forwarded reports whether field name (in canonical form) of a request with
// header h goes on to the next hop: it is end to end, and does not describe
// this very message.
func Forwarded(h http.Header, name string) bool {
	switch name {
	case "Host", "Content-Length", "Expect":
		return false
	}
	return EndToEnd(h, name)
}

// seal completes the head with the framing of the body and appends a payload.
func (r *Request) seal() {
	if r.sealed {
		return
	}
	r.sealed = true
	if r.Continue && r.Body != nil {
		r.wire = append(r.wire, "Expect: 100-continue\r\n"...)
	}
	switch {
	case r.Body == nil && len(r.Payload) == 0 && (r.method == "GET" || r.method == "HEAD" || r.method == "OPTIONS" || r.method == "DELETE"):
		r.wire = append(r.wire, '\r', '\n')
	case r.Body == nil:
		r.sealLength(int64(len(r.Payload)))
	case r.ContentLength >= 0:
		r.sealLength(r.ContentLength)
	default:
		r.wire = append(r.wire, "Transfer-Encoding: chunked\r\n\r\n"...)
	}
	r.wire = append(r.wire, r.Payload...)
}

func (r *Request) sealLength(n int64) {
	r.wire = append(r.wire, "Content-Length: "...)
	r.wire = strconv.AppendInt(r.wire, n, 10)
	r.wire = append(r.wire, "\r\n\r\n"...)
}
