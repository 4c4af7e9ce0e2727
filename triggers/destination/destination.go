// Package destination tells functions and URLs of asynchronous executions that
// have ended: it makes a CloudEvent of each, puts it into the queue as an
// execution of its own, and posts those that are for URLs.
//
// The event has type org.openstack.functions.execution.succeeded or .failed
// (which is also for timed_out and lost), source
// /projects/{project}/functions/{id}, the execution's id as id and subject,
// the time at which it ended, and as data an object of
//
//	execution            the record, as the API shows it
//	input, result        up to 64 KiB: the JSON value where it is one, or text
//	input_base64, …      in place of it where it is neither
//	input_content_type,
//	result_content_type  where there was one
//
// What is larger is left out; the API has it under the execution's id.
// Cancelled executions, and deliveries to URLs themselves, are not told of.
package destination

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/submission"
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
	cfg    Config
	maker  submission.Maker
	client *http.Client
}

var _ queue.Destinations = (*Destinations)(nil)

// New returns Destinations. Errors: invalid (cafile).
func New(cfg Config) (*Destinations, error) {
	client, err := newClient(cfg.Options)
	if err != nil {
		return nil, err
	}
	return &Destinations{cfg: cfg, maker: submission.Maker{Now: cfg.Now, NewID: cfg.NewID}, client: client}, nil
}

// Next implements queue.Destinations.
func (d *Destinations) Next(ctx context.Context, ended *queue.Ended) (*picasso.Submission, string, error) {
	e := ended.Execution
	option, to := addressee(ended.Function, e)
	if to == "" || e.Destination != "" {
		return nil, "", nil
	}
	fn := ended.Function
	if !picasso.IsURL(to) {
		var err error
		fn, err = d.cfg.Functions.Function(ctx, e.ProjectID, to)
		switch picasso.CodeOf(err) {
		case "":
		case picasso.CodeUnavailable:
			return nil, "", err
		default:
			return nil, option + ": there is no function " + strconv.Quote(to), nil
		}
	}
	input, err := newEvent(ended).Payload()
	if err != nil {
		return nil, option + ": its event could not be made", nil //nolint:nilerr // nobody can do anything about it
	}
	next := d.maker.For(fn)
	next.RequestID = e.RequestID
	next.CausedBy, next.Depth = e.ID, e.Depth+1
	if picasso.IsURL(to) {
		next.Destination = to
	}
	d.maker.SetInput(&next, input)
	d.maker.LimitDepth(&next, "on_success and on_failure of the functions before it may form a loop")
	return &next, "", nil
}

// addressee returns who is told of the execution, and which option says so.
func addressee(fn *picasso.Function, e *picasso.Execution) (option, to string) {
	switch e.Status {
	case picasso.StatusSucceeded:
		return "on_success", fn.OnSuccess
	case picasso.StatusFailed, picasso.StatusTimedOut, picasso.StatusLost:
		return "on_failure", fn.OnFailure
	}
	return "", ""
}
