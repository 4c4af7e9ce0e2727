package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// answers break HTTP, or the contract on top of it. They write on the
// connection itself and close it.
func answers() map[string]mode {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	return map[string]mode{
		"garbage":       raw("NOT HTTP AT ALL\r\n\r\n\x00\xff"),
		"nothing":       raw(""),                                                // closes without an answer
		"half-header":   raw(head),                                              // closes within the headers
		"short":         raw(head + "Content-Length: 100\r\n\r\nshort"),         // less than announced
		"long":          raw(head + "Content-Length: 5\r\n\r\nlong and longer"), // more than announced
		"two-lengths":   raw(head + "Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello"),
		"minus-length":  raw(head + "Content-Length: -5\r\n\r\nhello"),
		"bad-chunk":     raw(head + "Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n"),
		"cut-chunk":     raw(head + "Transfer-Encoding: chunked\r\n\r\nff\r\nhello"),
		"smuggle":       raw(head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
		"until-close":   raw("HTTP/1.0 200 OK\r\n\r\nuntil the end"), // legal: the body ends with the connection
		"interim":       raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + head + "Content-Length: 5\r\n\r\nfinal"),
		"bare-newlines": raw("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
		"fdk-status": func(w http.ResponseWriter, r *http.Request, arg string) { // status ARG of the server, not of the function
			raw("HTTP/1.1 "+arg+" Because\r\nContent-Length: 3\r\n\r\nbad")(w, r, "")
		},
		"endless-header": func(w http.ResponseWriter, _ *http.Request, _ string) {
			hijacked(w, func(c net.Conn) {
				_, _ = io.WriteString(c, head)
				for i := 0; ; i++ {
					if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("h", 1000)); err != nil {
						return
					}
				}
			})
		},
		"relink": func(w http.ResponseWriter, _ *http.Request, arg string) { // its socket's name becomes a link to ARG
			_ = os.Remove(socketName())
			fmt.Fprint(w, "relinked: ", os.Symlink(arg, socketName()))
		},
		"unlink": func(w http.ResponseWriter, _ *http.Request, _ string) { // its socket's name goes away
			fmt.Fprint(w, "unlinked: ", os.Remove(socketName()))
		},
	}
}

func raw(answer string) mode {
	return func(w http.ResponseWriter, r *http.Request, _ string) {
		_, _ = io.Copy(io.Discard, r.Body)
		hijacked(w, func(c net.Conn) { _, _ = io.WriteString(c, answer) })
	}
}

func hijacked(w http.ResponseWriter, use func(net.Conn)) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = c.Close() }()
	use(c)
}
