// Picasso-manage is the operator's tool for what is not the API's: the schema
// of the database, old records, sample files.
package main

import (
	"fmt"
	"os"
)

func main() {
	cmd := newCommand(os.Environ())
	if err := cmd.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "picasso-manage:", err)
		os.Exit(1)
	}
}
