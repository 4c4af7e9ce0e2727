// Command iron is a function as they are written for IronFunctions, and knows
// nothing of Picasso: in the http format it answers requests on stdin until
// that ends, in the default format it answers the one body on stdin.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	if os.Getenv("FN_FORMAT") != "http" {
		_, body := greet(os.Stdin)
		fmt.Print(body)
		return
	}
	in := bufio.NewReader(os.Stdin)
	for {
		r, err := http.ReadRequest(in)
		if err == io.EOF {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		log.Printf("call %s of route %s", r.Header.Get("Task-Id"), r.Header.Get("Route"))
		status, body := greet(r.Body)
		answer := http.Response{
			ProtoMajor: 1, ProtoMinor: 1, StatusCode: status, ContentLength: int64(len(body)),
			Body: io.NopCloser(bytes.NewBufferString(body)),
		}
		if err := answer.Write(os.Stdout); err != nil {
			log.Fatal(err)
		}
	}
}

// greet answers the JSON object in the body.
func greet(body io.Reader) (status int, answer string) {
	asked := struct {
		Name string `json:"name"`
		Fail bool   `json:"fail"`
	}{Name: "World"}
	if err := json.NewDecoder(body).Decode(&asked); err != nil && err != io.EOF {
		return http.StatusBadRequest, "not JSON\n"
	}
	if asked.Fail {
		return http.StatusInternalServerError, "I fail\n"
	}
	return http.StatusOK, "Hello, " + asked.Name + "!\n"
}
