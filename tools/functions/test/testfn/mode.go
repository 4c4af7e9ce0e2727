package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A mode handles one call.
type mode func(w http.ResponseWriter, r *http.Request, arg string)

func modes() map[string]mode {
	all := map[string]mode{
		"echo": func(w http.ResponseWriter, r *http.Request, _ string) { // body in, body out, as it comes
			_ = http.NewResponseController(w).EnableFullDuplex()
			w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
			_, _ = io.Copy(flusher{w}, r.Body)
		},
		"greet": func(w http.ResponseWriter, r *http.Request, _ string) { // begins its answer at once, then the body out
			_ = http.NewResponseController(w).EnableFullDuplex()
			_ = http.NewResponseController(w).Flush()
			_, _ = io.Copy(flusher{w}, r.Body)
		},
		"status": func(w http.ResponseWriter, _ *http.Request, arg string) { // answers with status ARG
			w.Header().Set("X-Testfn", "status")
			w.WriteHeader(number(arg, http.StatusTeapot))
			fmt.Fprintf(w, "status %s", arg)
		},
		"request": describe, // what it sees of the request, as JSON
		"sleep": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG ms
			pause(number(arg, 1000))
			fmt.Fprintf(w, "slept %s", arg)
		},
		"busy": func(w http.ResponseWriter, _ *http.Request, arg string) { // computes for ARG ms
			for end := time.Now().Add(time.Duration(number(arg, 1000)) * time.Millisecond); time.Now().Before(end); {
			}
			fmt.Fprintf(w, "computed %s", arg)
		},
		"count": counter(), // "INSTANCE N": how many calls this sandbox has had
		"early": func(w http.ResponseWriter, _ *http.Request, _ string) { // answers without reading the body
			_ = http.NewResponseController(w).EnableFullDuplex()
			_, _ = io.WriteString(flusher{w}, "early")
		},
		"env": func(w http.ResponseWriter, _ *http.Request, _ string) { // its environment, a line each
			fmt.Fprintln(w, strings.Join(os.Environ(), "\n"))
		},
	}
	for _, more := range []map[string]mode{crashes(), outputs(), answers(), hogs(), probes(), delegations()} {
		maps.Copy(all, more)
	}
	return all
}

func describe(w http.ResponseWriter, r *http.Request, _ string) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "host": r.Host, "url": r.URL.String(), "headers": r.Header, "body": string(body),
	})
}

// counter tells sandboxes apart and proves that one is used again. Process
// ids are the same in all of them, so the instance is the time it began.
func counter() mode {
	instance := strconv.FormatInt(time.Now().UnixNano(), 36)
	var calls atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request, _ string) {
		fmt.Fprintf(w, "%s %d", instance, calls.Add(1))
	}
}

// flusher sends every piece at once.
type flusher struct{ w http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err == nil {
		err = http.NewResponseController(f.w).Flush()
	}
	return n, err
}
