package docker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/picasso-faas/picasso"
)

const (
	pullTime     = 10 * time.Minute
	progressTime = 5 * time.Second
)

// pull gets an image from its registry, without credentials. Whoever wants the
// same image meanwhile waits for the same pull, which goes on when one who
// waits gives up.
func (d *Driver) pull(ctx context.Context, ref string) error {
	pulled := d.pulls.DoChan(ref, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pullTime)
		defer cancel()
		return nil, d.pullOnce(ctx, ref)
	})
	select {
	case result := <-pulled:
		return result.Err
	case <-ctx.Done():
		return picasso.Errorf(picasso.CodeUnavailable, "image %q: is still being pulled", ref).WithCause(ctx.Err())
	}
}

func (d *Driver) pullOnce(ctx context.Context, ref string) error {
	started := time.Now()
	d.log.WithField("image", ref).Info("Pulling image")
	stream, err := d.docker.ImagePull(ctx, ref, image.PullOptions{})
	if err != nil && !answered(err) {
		return unavailable(err)
	}
	if err == nil {
		defer stream.Close()
		err = d.progress(ref, stream)
	}
	if err != nil {
		return picasso.Errorf(picasso.CodeImageUnavailable, "image %q: %s", ref, registryAnswer(err)).WithCause(err)
	}
	d.log.WithField("image", ref).WithField("took", time.Since(started)).Info("Image pulled")
	return nil
}

// registryAnswer is Docker's account of a pull that failed, without the
// client's words around it.
func registryAnswer(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

// progress reads the report of a pull to its end and logs every few seconds
// how far it is. The error is the registry's.
func (d *Driver) progress(ref string, report io.Reader) error {
	type layer struct{ done, total int64 }
	layers := map[string]layer{}
	logged := time.Now()
	decoder := json.NewDecoder(report)
	for {
		var message jsonmessage.JSONMessage
		if err := decoder.Decode(&message); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if message.Error != nil {
			return message.Error
		}
		if message.Progress != nil && message.Status == "Downloading" {
			layers[message.ID] = layer{message.Progress.Current, message.Progress.Total}
		}
		if time.Since(logged) < progressTime {
			continue
		}
		logged = time.Now()
		var sum layer
		for _, l := range layers {
			sum.done, sum.total = sum.done+l.done, sum.total+l.total
		}
		d.log.WithField("image", ref).WithField("layers", len(layers)).
			WithField("bytes", sum.done).WithField("of_bytes", sum.total).Info("Pulling image")
	}
}

// pullAgain gets an image back that was resolved once and has vanished since.
func (d *Driver) pullAgain(ctx context.Context, ref string) error {
	named, _, err := parseImage(ref)
	if _, pinned := named.(reference.Digested); err != nil || !pinned || d.config.PullPolicy == PullNever {
		return picasso.Errorf(picasso.CodeImageUnavailable, "image %q: is no longer on this host", ref)
	}
	return d.pull(ctx, ref)
}
