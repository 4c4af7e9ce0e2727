package api

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// Headers of the platform, in the form in which net/http keys them. A function
// cannot set them.
const (
	headerRequestID      = "X-Openstack-Request-Id"
	headerVersion        = "Openstack-Api-Version"
	headerExecutionID    = "Picasso-Execution-Id"
	headerFunctionStatus = "Picasso-Function-Status"
	platformPrefix       = "Picasso-"
)

// response adds the headers of the platform to an answer, and knows how far it has come.
// It is the writer that an engine gets: what a function may not set is taken
// out when the answer begins.
type response struct {
	http.ResponseWriter
	requestID   string
	executionID string // "" outside of calls
	versioned   bool   // names the microversion
	fromEngine  bool   // what is written comes from a function
	body        *callBody
	status      int   // 0 until the answer has begun
	head        bool  // asks for no body
	left        int64 // bytes that are to come of it; negative: not known
	aborted     bool  // the answer is incomplete: the connection has to be cut
}

// callBody is the body of a call, which knows whether it was read to its end.
type callBody struct {
	io.Reader
	ended atomic.Bool // the engine may read and write in different goroutines
}

// Read implements io.Reader.
func (b *callBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
	}
	return n, err
}

// WriteHeader implements http.ResponseWriter. Informational answers of functions are
// left out.
func (w *response) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status = status
	h := w.Header()
	if w.fromEngine {
		w.clean(h)
		h[headerFunctionStatus] = []string{strconv.Itoa(status)}
	}
	h[headerRequestID] = []string{w.requestID}
	if w.executionID != "" {
		h[headerExecutionID] = []string{w.executionID}
	}
	if w.versioned {
		h[headerVersion] = []string{serviceType + " " + currentVersion}
		h["Vary"] = append(h["Vary"], "OpenStack-API-Version")
	}
	w.left = w.length(status)
	w.ResponseWriter.WriteHeader(status)
}

// length is that of the body of the answer, in bytes; -1: not known.
func (w *response) length(status int) int64 {
	if w.head || status == http.StatusNoContent || status == http.StatusNotModified {
		return 0
	}
	length, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return length
}

// clean removes from the answer of a function what is not its to say.
func (w *response) clean(h http.Header) {
	removeHopByHop(h)
	for name := range h {
		if isPlatform(name) {
			delete(h, name)
		}
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // keeps net/http from guessing one
	}
	if w.body != nil && !w.body.ended.Load() {
		// The function answers while it reads. net/http would now swallow the
		// rest of the body, except on a connection that it will not use again. Its EnableFullDuplex
		// does not help: what a handler leaves unread then spoils the next request.
		h["Connection"] = []string{"close"}
	}
}

// Write implements io.Writer.
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	n, err := w.ResponseWriter.Write(p)
	if w.left > 0 {
		w.left -= int64(n)
	}
	return n, err
}

// FlushError sends what was written so far; http.ResponseController calls it.
func (w *response) FlushError() error {
	w.WriteHeader(http.StatusOK)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush implements http.Flusher.
func (w *response) Flush() { _ = w.FlushError() }

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// reset makes the writer the platform's own again, for an error instead of the
// answer that a function did not begin.
func (w *response) reset() {
	w.fromEngine = false
	clear(w.Header())
}

func isPlatform(name string) bool {
	return name == headerRequestID || name == headerVersion || strings.HasPrefix(name, platformPrefix)
}

// removeHopByHop removes what is meant for one connection only (RFC 9110, 7.6.1), with
// what Connection names.
func removeHopByHop(h http.Header) {
	for _, value := range h["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for name := range h {
		if isHopByHop(name) {
			delete(h, name)
		}
	}
}

func isHopByHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings":
		return true
	}
	return false
}
