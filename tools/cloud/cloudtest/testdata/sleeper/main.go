// Sleeper is a container's process that does nothing for an hour, or with a
// URL as argument says what status a request to it gets.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) == 1 {
		time.Sleep(time.Hour)
		return
	}
	resp, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_ = resp.Body.Close()
	fmt.Println(resp.StatusCode)
}
