package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
)

// crashes end the process in the middle of things.
func crashes() map[string]mode {
	return map[string]mode{
		"crash": func(_ http.ResponseWriter, r *http.Request, arg string) { // reads the body, then exit ARG (3)
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprintln(os.Stderr, "crashing as asked")
			os.Exit(number(arg, 3))
		},
		"crash-unread": func(_ http.ResponseWriter, _ *http.Request, arg string) { // exit ARG (3) at once
			os.Exit(number(arg, 3))
		},
		"crash-half": func(w http.ResponseWriter, _ *http.Request, arg string) { // half of an answer of ARG bytes, then exit 3
			size := number(arg, 1000)
			w.Header().Set("Content-Length", fmt.Sprint(size))
			_, _ = flusher{w}.Write(make([]byte, size/2))
			fmt.Fprintln(os.Stderr, "crashing halfway")
			os.Exit(3)
		},
		"exit": func(w http.ResponseWriter, _ *http.Request, arg string) { // a whole answer, then exit ARG (0)
			w.Header().Set("Content-Length", "3")
			_, _ = io.WriteString(flusher{w}, "bye")
			os.Exit(number(arg, 0))
		},
		"signal": func(_ http.ResponseWriter, _ *http.Request, arg string) { // kills itself with signal ARG (9)
			_ = syscall.Kill(os.Getpid(), syscall.Signal(number(arg, 9)))
			select {}
		},
		"panic": func(http.ResponseWriter, *http.Request, string) { // an answer that ends before it begins
			panic(http.ErrAbortHandler)
		},
	}
}
