// Package destination tells functions and URLs of executions that have ended:
// it makes the CloudEvent about one and posts it to where it is to go.
package destination

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/queue"
)

// Config is what Destinations work with. Everything is required.
type Config struct {
	Options
	Functions picasso.FunctionStore
	Now       func() time.Time
	NewID     func() string
}

// Destinations implements queue.Destinations.
type Destinations struct {
	Config
}

var _ queue.Destinations = (*Destinations)(nil)

// New returns Destinations. Errors: invalid (CA).
func New(cfg Config) (*Destinations, error) {
	if cfg.CA != nil && !x509.NewCertPool().AppendCertsFromPEM(cfg.CA) {
		return nil, picasso.Errorf(picasso.CodeInvalid, "cafile: holds no certificate in PEM")
	}
	return &Destinations{Config: cfg}, nil
}

// Next implements queue.Destinations.
func (d *Destinations) Next(context.Context, *queue.Ended) (*picasso.Submission, string, error) {
	return nil, "", nil
}

// Deliver implements queue.Destinations.
func (d *Destinations) Deliver(context.Context, *picasso.Claimed, http.ResponseWriter) picasso.Outcome {
	return picasso.Outcome{}
}
