package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// outputs write a lot, or oddly, to the caller and to the log.
func outputs() map[string]mode {
	return map[string]mode{
		"big": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG bytes with Content-Length
			w.Header().Set("Content-Length", arg)
			fill(w, number(arg, 1<<20))
		},
		"chunked": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG bytes without
			fill(flusher{w}, number(arg, 1<<20))
		},
		"drip": func(w http.ResponseWriter, _ *http.Request, arg string) { // "N MS": N chunks, one each MS ms
			n, ms := pair(arg)
			for i := range n {
				fmt.Fprintf(flusher{w}, "chunk %d\n", i)
				pause(ms)
			}
		},
		"header": func(w http.ResponseWriter, _ *http.Request, arg string) { // a header of ARG bytes
			w.Header().Set("X-Huge", strings.Repeat("h", number(arg, 1<<20)))
		},
		"headers": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG headers
			for i := range number(arg, 10000) {
				w.Header().Set(fmt.Sprintf("X-Many-%d", i), "h")
			}
		},
		"log": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG lines to stderr
			lines(os.Stderr, number(arg, 1), "line")
			_, _ = io.WriteString(w, "logged")
		},
		"log-out": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG lines to stdout
			lines(os.Stdout, number(arg, 1), "line")
			_, _ = io.WriteString(w, "logged")
		},
		"say": func(w http.ResponseWriter, _ *http.Request, arg string) { // the line ARG to stdout and to stderr
			fmt.Fprintln(os.Stdout, "out", arg)
			fmt.Fprintln(os.Stderr, "err", arg)
			_, _ = io.WriteString(w, "said")
		},
		"log-later": func(w http.ResponseWriter, _ *http.Request, arg string) { // "N MS": a line each MS ms after the answer
			n, ms := pair(arg)
			go func() {
				for i := range n {
					pause(ms)
					fmt.Fprintln(os.Stderr, "later", i)
				}
			}()
			_, _ = io.WriteString(w, "logging later")
		},
		"line": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG bytes to stderr in one line without an end
			fill(os.Stderr, number(arg, 1<<20))
			_, _ = io.WriteString(w, "logged")
		},
		"endless": func(_ http.ResponseWriter, _ *http.Request, _ string) { // a line on stdout and one on stderr that never end
			go fill(os.Stderr, 1<<62)
			fill(os.Stdout, 1<<62)
		},
	}
}

// fill writes n times the letter x.
func fill(w io.Writer, n int) {
	piece := bytes.Repeat([]byte("x"), 32<<10)
	for n > 0 {
		wrote, err := w.Write(piece[:min(n, len(piece))])
		if err != nil {
			return
		}
		n -= wrote
	}
}

// lines writes "WORD 0" to "WORD n-1".
func lines(w io.Writer, n int, word string) {
	buffered := bufio.NewWriter(w)
	defer buffered.Flush() //nolint:errcheck // as the output itself
	for i := range n {
		fmt.Fprintln(buffered, word, i)
	}
}

func pair(arg string) (n, ms int) {
	first, second, _ := strings.Cut(arg, " ")
	n, _ = strconv.Atoi(first)
	ms, _ = strconv.Atoi(second)
	return n, ms
}
