package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine"
	"github.com/picasso-faas/picasso/engine/docker"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// newEngine is an engine of its own on the real Docker.
func newEngine(t *testing.T) picasso.Engine {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	cfg := docker.DefaultConfig()
	cfg.DockerHost, cfg.Host, cfg.PullPolicy = cloudtest.Need(t, "docker").DockerHost, "test-"+uuid.NewString()[:8], docker.PullIfNotPresent
	driver, err := docker.New(t.Context(), cfg, log)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, driver.Close()) })
	e := engine.New(engine.DefaultConfig(), driver, log)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		assert.NoError(t, e.Close(ctx))
	})
	return e
}

// The image does it in the sandbox that functions get, in the memory that
// they get by default, from the catalog's own endpoint.
func TestInASandbox(t *testing.T) {
	a, e := newAccount(t), newEngine(t)
	digest, err := e.ResolveImage(t.Context(), functest.Image(t, "thumbnail"))
	require.NoError(t, err)
	spec := picasso.DefaultFunctionSpec()
	spec.Name, spec.Image, spec.Config = "thumbnail", digest, map[string]string{"THUMBNAIL_CONTAINER": a.container, "THUMBNAIL_SIZE": "100"}
	fn := &picasso.Function{ID: uuid.NewString(), ProjectID: uuid.NewString(), FunctionSpec: spec, ImageDigest: digest, Revision: 1}

	photo := encoded(t, "jpeg", sample(4000, 3000))
	a.upload(t, "photo.jpg", photo)
	a.upload(t, "bomb.png", bomb(30000, 30000))
	for _, test := range []struct {
		object string
		status int
		want   string
	}{
		{"photo.jpg", 200, `"action":"made"`},
		{"bomb.png", 422, "bomb.png has 30000 x 30000 pixels"},
		{"photo.jpg", 200, `"action":"made"`},
	} {
		body := eventOf(t, "created", a.photos, test.object)
		w := httptest.NewRecorder()
		out := e.Invoke(t.Context(), &picasso.Call{
			ExecutionID: uuid.NewString(), Function: fn, Method: http.MethodPost, Path: "/", Header: http.Header{},
			Body: strings.NewReader(body), ContentLength: int64(len(body)),
			Credentials: &picasso.Credentials{Token: a.token, Endpoints: map[string]string{"object-store": a.url}},
		}, w)
		require.Nil(t, out.Err, "%v", out.Err)
		assert.Equal(t, test.status, out.HTTPStatus)
		assert.Contains(t, w.Body.String(), test.want)
		assert.True(t, json.Valid(w.Body.Bytes()))
		assert.NotContains(t, string(out.Log), a.token)
		t.Logf("%s: %v cold, %v", test.object, out.ColdStart.Round(time.Millisecond), out.Run.Round(time.Millisecond))
	}
	made, err := a.do(t.Context(), http.MethodGet, path(a.container, "photo.jpg"), nil)
	require.NoError(t, err)
	defer func() { _ = made.Body.Close() }()
	var content bytes.Buffer
	_, err = content.ReadFrom(made.Body)
	require.NoError(t, err)
	got, err := jpeg.Decode(&content)
	require.NoError(t, err)
	assert.Equal(t, image.Pt(100, 75), got.Bounds().Size())
	assertCorners(t, got, red, green, blue, yellow)
	assert.Equal(t, "1", made.Header.Get("X-Object-Meta-Picasso-Depth"))
}
