// Package client is the Go client of the Functions API, in the shape of
// gophercloud's services: a Client is a gophercloud.ServiceClient with a method
// for each request. Connect logs in as OpenStack's command-line tools do; New
// builds on a provider client that is logged in already.
//
// Every error that the API answers with is an *Error.
package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// ServiceType is the type of the service in Keystone's catalog.
const ServiceType = "functions"

// DevelopmentEndpoint is where an all-in-one server without configuration listens.
const DevelopmentEndpoint = "http://127.0.0.1:10001/"

// Client talks to one Functions API. It is safe for concurrent use.
type Client struct {
	*gophercloud.ServiceClient
}

// New finds the API in the catalog of a provider client. Errors: gophercloud's,
// when the catalog has no endpoint for the service in that region.
func New(provider *gophercloud.ProviderClient, eo gophercloud.EndpointOpts) (*Client, error) {
	eo.ApplyDefaults(ServiceType)
	endpoint, err := provider.EndpointLocator(eo)
	if err != nil {
		return nil, err
	}
	return newClient(provider, endpoint), nil
}

func newClient(provider *gophercloud.ProviderClient, endpoint string) *Client {
	return &Client{&gophercloud.ServiceClient{
		ProviderClient: provider,
		Endpoint:       strings.TrimRight(endpoint, "/") + "/",
		Type:           ServiceType,
	}}
}

// FunctionURL is the URL at which the function with the id takes any HTTP request.
func (c *Client) FunctionURL(id string) string {
	return c.ServiceURL("f", url.PathEscape(id))
}

// url is the address of a resource below /v2.
func (c *Client) url(parts ...string) string {
	escaped := []string{"v2"}
	for _, part := range parts {
		escaped = append(escaped, url.PathEscape(part))
	}
	return c.ServiceURL(escaped...)
}

// send sends a request with a JSON body, nil for none, and decodes the answer
// into result unless that is nil.
func (c *Client) send(ctx context.Context, method, url string, body, result any) error {
	_, err := c.Request(ctx, method, url, &gophercloud.RequestOpts{ //nolint:bodyclose // it closes the body itself
		JSONBody: body, JSONResponse: result,
		OkCodes: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent},
	})
	return asError(err)
}

// ask is send with an answer of type T.
func ask[T any](ctx context.Context, c *Client, method, url string, body any) (*T, error) {
	result := new(T)
	if err := c.send(ctx, method, url, body, result); err != nil {
		return nil, err
	}
	return result, nil
}

func create[T any](ctx context.Context, c *Client, plural string, body any) (*T, error) {
	return ask[T](ctx, c, http.MethodPost, c.url(plural), body)
}

func show[T any](ctx context.Context, c *Client, plural, ref string) (*T, error) {
	return ask[T](ctx, c, http.MethodGet, c.url(plural, ref), nil)
}

func update[T any](ctx context.Context, c *Client, plural, ref string, body any) (*T, error) {
	return ask[T](ctx, c, http.MethodPatch, c.url(plural, ref), body)
}

// reset gives fields their defaults back. A field inside of another one has its name behind a dot.
func reset[T any](ctx context.Context, c *Client, plural, ref string, fields []string) (*T, error) {
	patch := map[string]any{}
	for _, field := range fields {
		outer, inner, ok := strings.Cut(field, ".")
		switch inside, known := patch[outer].(map[string]any); {
		case !ok:
			patch[outer] = nil
		case known:
			inside[inner] = nil
		default:
			patch[outer] = map[string]any{inner: nil}
		}
	}
	return update[T](ctx, c, plural, ref, patch)
}

func remove(ctx context.Context, c *Client, plural, ref string) error {
	return c.send(ctx, http.MethodDelete, c.url(plural, ref), nil, nil)
}

// ListOpts narrows and orders a list. What is empty is left to the server.
type ListOpts struct {
	Filter      map[string]string // by field of the resource; empty values do not count
	Sort        string            // "key:dir,…"
	Marker      string            // id of the last item that is not wanted any more
	PageSize    int               // items of one request; 0: the server's choice
	AllProjects bool              // where policy allows
}

func (o *ListOpts) query() string {
	query := url.Values{}
	add := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, value := range o.Filter {
		add(name, value)
	}
	add("sort", o.Sort)
	add("marker", o.Marker)
	if o.PageSize > 0 {
		add("limit", decimal(o.PageSize))
	}
	if o.AllProjects {
		add("all_projects", "true")
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// list asks for page after page, as the consumer comes to need them. It ends
// with the first error.
func list[T any](ctx context.Context, c *Client, plural string, opts ListOpts) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for next := c.url(plural) + opts.query(); next != ""; {
			items, following, err := page[T](ctx, c, plural, next)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			next = following
		}
	}
}
