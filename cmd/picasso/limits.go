package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/picasso-faas/picasso/api/client"
)

func (c *cli) limits() *cobra.Command {
	return group("limits", "What bounds the project", c.shower("show", "Show what bounds the project, and what of that it uses", exactly(0),
		func(ctx context.Context, api *client.Client, _ []string) ([]field, error) {
			l, err := api.Limits(ctx)
			if err != nil {
				return nil, err
			}
			return []field{
				{"project_id", l.ProjectID},
				{"max_request_bytes", l.MaxRequestBytes},
				{"max_page_size", l.MaxPageSize},
				{"project_concurrency", l.Concurrency},
				{"calls_running", orNone(l.CallsRunning)},
				{"max_queued", l.MaxQueued},
				{"queued", orNone(l.Queued)},
			}, nil
		}))
}
