package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// delegations show and use what a call acts as its project with.
func delegations() map[string]mode {
	return map[string]mode{
		"credentials": func(w http.ResponseWriter, r *http.Request, _ string) { // all of them, as JSON; of the token its SHA-256
			writeJSON(w, credentialsOf(r))
		},
		"containers": func(w http.ResponseWriter, r *http.Request, _ string) { // what Swift lists to the token
			c := credentialsOf(r)
			q, err := http.NewRequest(http.MethodGet, c.Endpoints["Object-Store"], nil)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			pass(w, q, c)
		},
		"loop": func(w http.ResponseWriter, r *http.Request, arg string) { // ARG: [marked] [NAME]; see loop
			loop(w, r, arg)
		},
	}
}

// credentials are what came with the call, or with contract stdio is in the environment.
type credentials struct {
	token       string
	TokenSHA256 string            `json:"token_sha256"` // empty: no token
	AuthURL     string            `json:"auth_url"`
	ProjectID   string            `json:"project_id"`
	Region      string            `json:"region"`
	Depth       string            `json:"depth"`
	Endpoints   map[string]string `json:"endpoints"` // by the end of the header's name: "Object-Store"
}

func credentialsOf(r *http.Request) *credentials {
	get := func(header, variable string) string { return cmp.Or(r.Header.Get(header), os.Getenv(variable)) }
	c := &credentials{
		token: get("Picasso-Token", "OS_TOKEN"), AuthURL: get("Picasso-Auth-Url", "OS_AUTH_URL"),
		ProjectID: get("Picasso-Project-Id", "OS_PROJECT_ID"), Region: get("Picasso-Region", "OS_REGION_NAME"),
		Depth: get("Picasso-Depth", "PICASSO_DEPTH"), Endpoints: map[string]string{},
	}
	for name := range r.Header {
		if kind, ok := strings.CutPrefix(name, "Picasso-Endpoint-"); ok {
			c.Endpoints[kind] = r.Header.Get(name)
		}
	}
	if u := os.Getenv("OS_OBJECT_STORE_ENDPOINT_OVERRIDE"); u != "" {
		c.Endpoints["Object-Store"] = u
	}
	if c.token != "" {
		sum := sha256.Sum256([]byte(c.token))
		c.TokenSHA256 = hex.EncodeToString(sum[:])
	}
	return c
}

// loop writes an object into the container that the event came from, and so
// makes another event: called as the event's object with a "+" behind it, or
// NAME-<time> when that is given. "marked" has it say its depth. About an object
// named "probe" it does nothing: a test sends several to learn whether they are heard.
func loop(w http.ResponseWriter, r *http.Request, arg string) {
	var event struct {
		Data struct{ Container, Object string }
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if event.Data.Object == "probe" {
		return
	}
	name, isMarked := strings.CutPrefix(arg, "marked")
	object := event.Data.Object + "+"
	if name = strings.TrimSpace(name); name != "" {
		object = fmt.Sprintf("%s-%d", name, time.Now().UnixNano())
	}
	c := credentialsOf(r)
	target := c.Endpoints["Object-Store"] + "/" + url.PathEscape(event.Data.Container) + "/" + url.PathEscape(object)
	q, err := http.NewRequest(http.MethodPut, target, strings.NewReader("written by a function"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if isMarked {
		q.Header.Set("X-Object-Meta-Picasso-Depth", c.Depth)
	}
	pass(w, q, c)
}

// pass sends a request with the token, and answers as it is answered.
func pass(w http.ResponseWriter, q *http.Request, c *credentials) {
	q.Header.Set("X-Auth-Token", c.token)
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	w.WriteHeader(answer.StatusCode)
	fmt.Fprintln(os.Stderr, q.Method, q.URL.Path, answer.Status)
	_, _ = io.Copy(w, answer.Body)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
