package docker

import (
	"context"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/picasso-faas/picasso/engine/sandbox"
)

// watch follows Docker's events until ctx ends: one stream tells of the exits
// of all sandboxes. When it breaks, Docker was restarted or has gone; then it
// is tried again, and what was missed is found by comparing. It closes ready
// when it is connected for the first time.
func (d *Driver) watch(ctx context.Context, ready chan<- struct{}) {
	connected := func() {
		d.setConnected(true)
		if ready != nil {
			close(ready)
			ready = nil
			return
		}
		d.log.Info("Docker is back")
	}
	for ctx.Err() == nil {
		err := d.follow(ctx, connected)
		if d.setConnected(false) && ctx.Err() == nil {
			d.log.WithError(err).Error("Docker does not answer; trying again until it does")
		}
		pause(ctx, reconnectTime)
	}
}

// follow receives events until the stream breaks.
func (d *Driver) follow(ctx context.Context, connected func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the client's goroutine
	messages, errs := d.docker.Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", string(events.ContainerEventType)),
		filters.Arg("event", string(events.ActionDie)),
		filters.Arg("event", string(events.ActionOOM)),
		filters.Arg("label", labelHost+"="+d.config.Host),
	)})
	if err := d.reconcile(ctx); err != nil {
		return err
	}
	connected()
	d.refillSoon()
	for {
		select {
		case message := <-messages:
			d.handle(message)
		case err := <-errs:
			return err
		}
	}
}

func (d *Driver) handle(message events.Message) {
	name := message.Actor.Attributes["name"]
	b := d.box(name)
	switch {
	case b == nil && message.Action == events.ActionDie:
		d.donorEnded(name)
	case b == nil:
	case message.Action == events.ActionOOM:
		b.ranOutOfMemory()
	default:
		code, err := strconv.Atoi(message.Actor.Attributes["exitCode"])
		if err != nil {
			code = -1
		}
		b.died(code)
	}
}

func (d *Driver) donorEnded(name string) {
	if n := d.donors.ended(name); n != nil {
		d.discardDonor(n)
		d.refillSoon()
	}
}

// reconcile compares what is tracked with what Docker has: it learns of the
// exits that no event told of, and removes what nobody tracks. Events must be
// subscribed to before, or one could be missed in between.
func (d *Driver) reconcile(ctx context.Context) error {
	boxes, donors := d.tracked(), d.donors.names() // before the list: what is made meanwhile is no stray
	created := boxes[:0]
	for _, b := range boxes {
		if b.created() {
			created = append(created, b)
		}
	}
	containers, err := d.ours(ctx)
	if err != nil {
		return err
	}
	state := map[string]string{}
	for _, c := range containers {
		name := nameOf(c)
		state[name] = c.State
		if d.box(name) == nil && !d.donors.known(name) {
			d.background.Go(func() { _ = d.removeContainer(name) })
		}
	}
	for _, b := range created {
		switch state[b.name] {
		case container.StateRunning, container.StateCreated:
		case "":
			b.ended(sandbox.Exit{Code: -1, EngineErr: true})
		default:
			b.inspect()
		}
	}
	for _, name := range donors {
		if state[name] != container.StateRunning {
			d.donorEnded(name)
		}
	}
	return nil
}

// ours lists all containers of this host's engines, running or not.
func (d *Driver) ours(ctx context.Context) ([]container.Summary, error) {
	return d.docker.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", labelHost+"="+d.config.Host))})
}

func nameOf(c container.Summary) string {
	if len(c.Names) == 0 {
		return c.ID
	}
	return strings.TrimPrefix(c.Names[0], "/")
}
