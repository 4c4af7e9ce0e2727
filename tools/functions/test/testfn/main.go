// Command testfn is a function for tests: it does whatever is asked of it,
// mostly harm. One image serves all contracts: FN_LISTENER in the environment
// makes it fn, PORT makes it web, FN_FORMAT=http makes it
// stdio-http, none of them makes it stdio.
//
//	testfn [START [ARG]]
//	testfn [MODE [ARG]]
//
// START (file start.go) is how it behaves until it is ready; after that the
// mode is do. MODE (mode*.go) is what it does with every call. Mode do asks
// the call: query ?do=MODE&arg=ARG when there is one, else the first line of
// the body, "MODE ARG"; the rest of the body is the mode's input.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/picasso-faas/picasso/tools/functions/internal/fn"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "testfn:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	name, arg := "do", ""
	if len(args) > 0 {
		name, arg = args[0], strings.Join(args[1:], " ")
	}
	if start, ok := starts()[name]; ok {
		if err := start(arg); err != nil {
			return err
		}
		name, arg = "do", ""
	}
	modes := modes()
	if _, ok := modes[name]; !ok && name != "do" {
		return fmt.Errorf("no mode %q", name)
	}
	return serve(func(w http.ResponseWriter, r *http.Request) {
		if name == "do" {
			do(modes, w, r)
			return
		}
		modes[name](w, r, arg)
	})
}

// serve answers calls as the contract of the environment has them.
func serve(h http.HandlerFunc) error {
	if os.Getenv("FN_LISTENER") != "" || os.Getenv("PORT") != "" {
		return fn.Serve(h)
	}
	if os.Getenv("FN_FORMAT") == "http" {
		return serveStdioHTTP(h)
	}
	r, err := http.NewRequest(http.MethodPost, "/", os.Stdin)
	if err != nil {
		return err
	}
	h(&stdout{http.Header{}}, r)
	return nil
}

// do runs the mode that the call asks for.
func do(modes map[string]mode, w http.ResponseWriter, r *http.Request) {
	name, arg := r.URL.Query().Get("do"), r.URL.Query().Get("arg")
	if name == "" {
		in := bufio.NewReader(r.Body)
		line, _ := in.ReadString('\n')
		name, arg, _ = strings.Cut(strings.TrimSpace(line), " ")
		r.Body = io.NopCloser(in)
	}
	m, ok := modes[name]
	if !ok {
		http.Error(w, fmt.Sprintf("no mode %q", name), http.StatusNotFound)
		return
	}
	m(w, r, arg)
}

// stdout is the ResponseWriter of the contract stdio: only the body has a place.
type stdout struct{ header http.Header }

func (s *stdout) Header() http.Header         { return s.header }
func (s *stdout) WriteHeader(int)             {}
func (s *stdout) Flush()                      {}
func (s *stdout) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
