package client

import (
	"context"
	"net/http"
)

// Limits is what bounds a project, and what of that it uses.
type Limits struct {
	ProjectID       string `json:"project_id"`
	MaxRequestBytes int64  `json:"max_request_bytes"`   // of the body of a call
	MaxPageSize     int    `json:"max_page_size"`       // items on a page of a list
	Concurrency     int    `json:"project_concurrency"` // calls at once that somebody waits for; 0: any number
	CallsRunning    *int   `json:"calls_running"`       // such calls now, to about a second; nil: they are not counted
	MaxQueued       int    `json:"max_queued"`          // asynchronous executions that wait; 0: any number
	Queued          *int   `json:"queued"`              // such executions now; nil: they are not counted
}

// Limits shows what bounds the caller's project.
func (c *Client) Limits(ctx context.Context) (*Limits, error) {
	return ask[Limits](ctx, c, http.MethodGet, c.url("limits"), nil)
}
