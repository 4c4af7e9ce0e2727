package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
)

// serveStdioHTTP answers requests on stdin, one after the other, until it ends.
func serveStdioHTTP(h http.HandlerFunc) error {
	in := bufio.NewReader(os.Stdin)
	for {
		r, err := http.ReadRequest(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		w := &answer{header: http.Header{}, status: http.StatusOK}
		h(w, r)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
		if _, err := os.Stdout.Write(w.bytes()); err != nil {
			return err
		}
	}
}

// answer is the ResponseWriter of the contract stdio-http: it holds the answer
// until its length is known.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Flush()                      {}
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

func (a *answer) bytes() []byte {
	var out bytes.Buffer
	out.WriteString("HTTP/1.1 " + strconv.Itoa(a.status) + " " + http.StatusText(a.status) + "\r\n")
	a.header.Set("Content-Length", strconv.Itoa(a.body.Len()))
	_ = a.header.Write(&out) // to a buffer: it cannot fail
	out.WriteString("\r\n")
	out.Write(a.body.Bytes())
	return out.Bytes()
}
