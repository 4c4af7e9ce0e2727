package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// page fetches one page of a list and the address of the one behind it, "" for
// the last.
func page[T any](ctx context.Context, c *Client, plural, address string) (items []T, next string, err error) {
	var body map[string]json.RawMessage
	if err := c.send(ctx, http.MethodGet, address, nil, &body); err != nil {
		return nil, "", err
	}
	var links []link
	if err := decodeMember(body, plural, &items); err != nil {
		return nil, "", err
	}
	if err := decodeMember(body, plural+"_links", &links); err != nil {
		return nil, "", err
	}
	for _, l := range links {
		if l.Rel == "next" {
			next, err = c.follow(address, l.Href)
		}
	}
	return items, next, err
}

func decodeMember(body map[string]json.RawMessage, name string, into any) error {
	raw, ok := body[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s in the answer: %w", name, err)
	}
	return nil
}

// follow takes only the query out of a link: behind a proxy the server may not
// know the address it is reached at, and a token must not go to another one.
func (c *Client) follow(address, href string) (string, error) {
	base, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	target, err := url.Parse(href)
	if err != nil {
		return "", fmt.Errorf("next link in the answer: %w", err)
	}
	if base.RawQuery == target.RawQuery {
		return "", fmt.Errorf("next link in the answer leads nowhere")
	}
	base.RawQuery = target.RawQuery
	return base.String(), nil
}

func decimal(n int) string { return strconv.Itoa(n) }
