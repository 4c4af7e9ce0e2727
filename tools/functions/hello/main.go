// Command hello is a function: it greets whoever the body names.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/picasso-faas/picasso/tools/functions/internal/fn"
)

func main() {
	log.Fatal(fn.Serve(http.HandlerFunc(hello)))
}

func hello(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := strings.TrimSpace(string(body))
	if name == "" {
		name = "World"
	}
	log.Printf("greeting %d bytes of name", len(name)) // standard error is the execution's log
	fmt.Fprintf(w, "Hello, %s!\n", name)
}
