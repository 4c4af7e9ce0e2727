// Command thumbnail is a function: an image that is uploaded to a container of
// Swift appears, scaled, in another one. What is deleted there is deleted here.
//
// It is invoked by a trigger of type swift, and reads and writes objects as its
// project, with the token that delegate_roles gets it: the service's and no
// credentials of its own. Its configuration is described at config.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/picasso-faas/picasso/tools/functions/internal/fn"
)

func main() {
	cfg, err := newConfig(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	cfg.limitMemory()
	log.Fatal(fn.Serve(&thumbnailer{cfg}))
}

// maxEventBytes bounds what is read of a call; an event of Swift has one or two KiB.
const maxEventBytes = 256 << 10

// event is what the function needs of the CloudEvent.
type event struct {
	Type string `json:"type"`
	Data struct {
		Container string `json:"container"`
		Object    string `json:"object"`
	} `json:"data"`
}

// deletedType is the type of the events whose object is gone. With all others it
// is there, and an invocation by hand needs no type at all.
const deletedType = "org.openstack.objectstore.object.deleted"

// result is what the function answers with.
type result struct {
	Action    string  `json:"action"` // "made", "deleted" or "skipped"
	Why       string  `json:"why,omitempty"`
	Container string  `json:"container"` // of the thumbnail
	Object    string  `json:"object"`
	Thumbnail *format `json:"thumbnail,omitempty"`
	Image     *format `json:"image,omitempty"`
}

// failure is an error with the status that the function answers with. By 4xx
// it says that another attempt would end the same way.
type failure struct {
	status int
	text   string
}

// Error implements error.
func (f *failure) Error() string { return f.text }

func failed(status int, text string, args ...any) error {
	return &failure{status, fmt.Sprintf(text, args...)}
}

// thumbnailer answers calls.
type thumbnailer struct{ config }

// ServeHTTP implements http.Handler.
func (t *thumbnailer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := t.handle(r)
	status := http.StatusOK
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		status = http.StatusBadGateway
		if f, ok := errors.AsType[*failure](err); ok {
			status = f.status
		}
		log.Print(err) // into the log of the execution
		answer = map[string]string{"error": err.Error()}
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a platform that is gone cannot be told
}

func (t *thumbnailer) handle(r *http.Request) (any, error) {
	var e event
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxEventBytes)).Decode(&e); err != nil {
		return nil, failed(http.StatusBadRequest, "the input is not a CloudEvent in JSON: %v", err)
	}
	switch {
	case e.Data.Container == "" || e.Data.Object == "":
		return nil, failed(http.StatusBadRequest, "the input is not an event of an object: it lacks data.container or data.object")
	case e.Data.Container == t.container:
		return nil, failed(http.StatusBadRequest, "THUMBNAIL_CONTAINER: %q is where the images are, too", t.container)
	}
	s, err := newSwift(t.client, r.Header)
	if err != nil {
		return nil, err
	}
	if e.Type == deletedType {
		return t.remove(r.Context(), s, &e)
	}
	return t.make(r.Context(), s, &e)
}

// make puts the thumbnail of the image as it is now. An object that is gone has
// been deleted since, of which there is an event of its own.
func (t *thumbnailer) make(ctx context.Context, s *swift, e *event) (any, error) {
	name := e.Data.Container + "/" + e.Data.Object
	body, err := s.get(ctx, e.Data.Container, e.Data.Object)
	if errors.Is(err, errGone) {
		return result{Action: "skipped", Why: name + " is not there any more", Container: t.container, Object: e.Data.Object}, nil
	} else if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	made, err := t.scale(body)
	if err != nil {
		if f, ok := errors.AsType[*failure](err); ok {
			return nil, failed(f.status, "%s %s", name, f.text)
		}
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if err := s.put(ctx, t.container, e.Data.Object, made); err != nil {
		return nil, err
	}
	log.Printf("%s: %v made of %v", name, made.thumbnail, made.image)
	return result{Action: "made", Container: t.container, Object: e.Data.Object, Thumbnail: &made.thumbnail, Image: &made.image}, nil
}

// remove deletes the thumbnail, unless the image is there again: events may
// come late and in any order.
func (t *thumbnailer) remove(ctx context.Context, s *swift, e *event) (any, error) {
	answer := result{Action: "deleted", Container: t.container, Object: e.Data.Object}
	switch isThere, err := s.has(ctx, e.Data.Container, e.Data.Object); {
	case err != nil:
		return nil, err
	case isThere:
		answer.Action, answer.Why = "skipped", e.Data.Container+"/"+e.Data.Object+" is there again"
		return answer, nil
	}
	err := s.remove(ctx, t.container, e.Data.Object)
	if errors.Is(err, errGone) {
		answer.Action, answer.Why = "skipped", "there was no thumbnail"
		err = nil
	}
	return answer, err
}
