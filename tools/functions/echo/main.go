// Command echo is a function: the body that goes in comes out, as it comes.
//
// Through the function URL the caller may ask for more: ?status=N sets the
// status, ?header=Name:value adds a header (repeatable), and the path
// /request answers with a description of the request instead of its body.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"

	"github.com/picasso-faas/picasso/tools/functions/internal/fn"
)

func main() {
	log.Fatal(fn.Serve(http.HandlerFunc(echo)))
}

func echo(w http.ResponseWriter, r *http.Request) {
	// the answer starts before the body has been read
	if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
		log.Print(err)
	}
	query := r.URL.Query()
	for _, header := range query["header"] {
		name, value, _ := strings.Cut(header, ":")
		w.Header().Add(name, value)
	}
	status, err := strconv.Atoi(query.Get("status"))
	if err != nil || status < 200 || status > 599 {
		status = http.StatusOK
	}
	if strings.HasSuffix(r.URL.Path, "/request") {
		describe(w, r, status)
		return
	}
	if t := r.Header.Get("Content-Type"); t != "" {
		w.Header().Set("Content-Type", t)
	}
	if r.ContentLength >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	w.WriteHeader(status)
	if _, err := io.CopyBuffer(flusher{w}, r.Body, make([]byte, bufferBytes(r))); err != nil {
		log.Print(err)
	}
}

// bufferBytes keeps small bodies cheap.
func bufferBytes(r *http.Request) int64 {
	const most = 32 << 10
	if r.ContentLength < 0 || r.ContentLength > most {
		return most
	}
	return max(r.ContentLength, 1)
}

// request is what the function sees of a request.
type request struct {
	Method  string              `json:"method"`
	Host    string              `json:"host"`
	URL     string              `json:"url"`
	Headers map[string][]string `json:"headers"`
}

func describe(w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(request{r.Method, r.Host, r.URL.String(), r.Header}); err != nil {
		log.Print(err)
	}
}

// flusher passes every piece on at once, which a stream needs. It also hides
// the ReadFrom of the ResponseWriter, which would wait for more.
type flusher struct{ w http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err != nil {
		return n, err
	}
	return n, http.NewResponseController(f.w).Flush()
}
