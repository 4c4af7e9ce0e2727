package docker

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"

	"github.com/picasso-faas/picasso"
)

// ResolveImage implements sandbox.Driver, according to the pull policy. An
// image named by its digest is pulled only if this host does not have it.
func (d *Driver) ResolveImage(ctx context.Context, ref string) (string, error) {
	named, id, err := parseImage(ref)
	if err != nil {
		return "", picasso.Errorf(picasso.CodeImageUnavailable, "image %q: %v", ref, err)
	}
	if id != "" {
		return d.resolveLocal(ctx, ref, id, nil)
	}
	policy := d.config.PullPolicy
	_, pinned := named.(reference.Digested)
	if policy != PullAlways || pinned {
		resolved, err := d.resolveLocal(ctx, ref, named.String(), named)
		if err == nil || policy == PullNever || !cerrdefs.IsNotFound(err) {
			return resolved, err
		}
	}
	if err := d.pull(ctx, named.String()); err != nil {
		return "", err
	}
	return d.resolveLocal(ctx, ref, named.String(), named)
}

var imageID = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// parseImage reads a reference as people write it ("alpine", "host:5000/a/b:tag",
// "a@sha256:…") or an image id ("sha256:…").
func parseImage(ref string) (reference.Named, string, error) {
	if imageID.MatchString(ref) {
		return nil, ref, nil
	}
	named, err := reference.ParseDockerRef(ref)
	return named, "", err
}

// resolveLocal finds an image that this host has. A missing one is
// image_unavailable and wraps Docker's own not-found error.
func (d *Driver) resolveLocal(ctx context.Context, ref, known string, named reference.Named) (string, error) {
	found, err := d.docker.ImageInspect(ctx, known)
	switch {
	case cerrdefs.IsNotFound(err):
		return "", picasso.Errorf(picasso.CodeImageUnavailable, "image %q: is not on this host", ref).WithCause(err)
	case err != nil && !answered(err):
		return "", unavailable(err)
	case err != nil:
		return "", picasso.Errorf(picasso.CodeImageUnavailable, "image %q: Docker cannot read it", ref).WithCause(err)
	}
	if err := acceptable(found); err != nil {
		return "", picasso.Errorf(picasso.CodeImageUnavailable, "image %q: %v", ref, err)
	}
	return lasting(found, named), nil
}

// acceptable refuses images that declare volumes: Docker would make each a
// directory on the host's disk, writable without a limit.
func acceptable(found image.InspectResponse) error {
	if found.Config == nil || len(found.Config.Volumes) == 0 {
		return nil
	}
	volumes := slices.Sorted(maps.Keys(found.Config.Volumes))
	return fmt.Errorf("declares VOLUME %s; only /tmp is writable in a sandbox", strings.Join(volumes, ", "))
}

// lasting is the name of an image that always means the same: its digest in
// the repository it was asked for in, or its id when it is not from there.
func lasting(found image.InspectResponse, named reference.Named) string {
	for _, repoDigest := range found.RepoDigests {
		known, err := reference.ParseDockerRef(repoDigest)
		if err == nil && named != nil && known.Name() == named.Name() {
			return repoDigest
		}
	}
	return found.ID
}
