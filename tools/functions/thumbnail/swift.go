package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// swift is the object store as the project of the call sees it.
type swift struct {
	client *http.Client
	url    string // of the project's account
	token  string
	depth  string // of the events that this call causes
}

// errGone: the object does not exist, or its container does not.
var errGone = errors.New("not found in Swift")

// newSwift takes what the platform says in the header of the call.
func newSwift(client *http.Client, header http.Header) (*swift, error) {
	s := &swift{
		client: client, url: header.Get("Picasso-Endpoint-Object-Store"),
		token: header.Get("Picasso-Token"), depth: header.Get("Picasso-Depth"),
	}
	switch {
	case s.token == "":
		return nil, failed(http.StatusForbidden, "there is no token for Swift: set delegate_roles of the function or of its trigger, to member for example")
	case s.url == "":
		return nil, failed(http.StatusForbidden, "there is no endpoint of Swift: the service catalog has no object-store that functions are told of")
	}
	return s, nil
}

// get returns the content of an object. Errors: errGone.
func (s *swift) get(ctx context.Context, container, object string) (io.ReadCloser, error) {
	r, err := s.do(ctx, http.MethodGet, path(container, object), nil)
	if err != nil {
		return nil, err
	}
	return r.Body, nil
}

// has reports whether there is an object.
func (s *swift) has(ctx context.Context, container, object string) (bool, error) {
	err := s.done(s.do(ctx, http.MethodHead, path(container, object), nil))
	if errors.Is(err, errGone) {
		return false, nil
	}
	return err == nil, err
}

// put writes an object, and makes its container when that is missing.
func (s *swift) put(ctx context.Context, container, object string, p *picture) error {
	for again := false; ; again = true {
		err := s.done(s.do(ctx, http.MethodPut, path(container, object), p))
		if again || !errors.Is(err, errGone) {
			return err
		}
		if err := s.done(s.do(ctx, http.MethodPut, path(container, ""), nil)); err != nil {
			return err
		}
	}
}

// remove deletes an object. Errors: errGone.
func (s *swift) remove(ctx context.Context, container, object string) error {
	return s.done(s.do(ctx, http.MethodDelete, path(container, object), nil))
}

// path is that of a container or of an object in it, in a URL.
func path(container, object string) string {
	p := "/" + url.PathEscape(container)
	if object == "" {
		return p
	}
	return p + "/" + strings.ReplaceAll(url.PathEscape(object), "%2F", "/")
}

// do asks Swift. Errors: errGone; a failure when Swift refused, for good or not;
// what the network says.
func (s *swift) do(ctx context.Context, method, path string, p *picture) (*http.Response, error) {
	var body io.Reader
	if p != nil {
		body = bytes.NewReader(p.content)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(s.url, "/")+path, body)
	if err != nil {
		return nil, err
	}
	// Swift that refuses a HEAD ends an answer which has no body, and the next request would read that.
	r.Close = method == http.MethodHead
	r.Header.Set("X-Auth-Token", s.token)
	if p != nil {
		r.Header.Set("Content-Type", p.contentType)
		// An event of this object is known to be caused by us, and a chain of
		// such events comes to its end.
		r.Header.Set("X-Object-Meta-Picasso-Depth", s.depth)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s %s: %w", method, path, errGone)
	}
	return nil, failed(lasting(answer.StatusCode), "Swift refused %s %s: %s", method, path, answer.Status)
}

// lasting is the status to answer with when Swift has refused: what will not
// change by itself is the same of ours, all else is worth another attempt.
func lasting(status int) int {
	switch status {
	case http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusPreconditionFailed:
		return status
	}
	return http.StatusBadGateway
}

// done closes an answer that is not read.
func (s *swift) done(answer *http.Response, err error) error {
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 4<<10)) // so that the connection can be used again
	return answer.Body.Close()
}
