package main

import (
	"bytes"
	"encoding/json"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// account is a project's part of the real Swift, with two containers of its own.
type account struct {
	*swift
	photos string
	thumbnailer
}

func newAccount(t *testing.T) *account {
	t.Helper()
	cloudtest.Need(t, "swift")
	user := keystonetest.Login(t, keystonetest.Account(t, "alpha"))
	store, err := openstack.NewObjectStorageV1(user.ProviderClient, gophercloud.EndpointOpts{Availability: gophercloud.AvailabilityPublic})
	require.NoError(t, err)
	a := &account{photos: "photos ä " + uuid.NewString(), thumbnailer: thumbnailer{testConfig(t)}}
	a.container = "thumbnails " + uuid.NewString()
	a.swift = &swift{client: a.thumbnailer.client, url: store.Endpoint, token: user.Token(), depth: "1"}
	require.NoError(t, a.done(a.do(t.Context(), http.MethodPut, path(a.photos, ""), nil)))
	return a
}

// upload puts an object, which goes away with the test as its thumbnail does.
func (a *account) upload(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, a.swift.put(t.Context(), a.photos, name, &picture{content: content}))
	t.Cleanup(func() {
		for _, container := range []string{a.photos, a.container} {
			for _, p := range []string{path(container, name), path(container, "")} {
				r, err := http.NewRequest(http.MethodDelete, strings.TrimSuffix(a.url, "/")+p, nil)
				if assert.NoError(t, err) {
					r.Header.Set("X-Auth-Token", a.token)
					_ = a.done(a.client.Do(r))
				}
			}
		}
	})
}

// header is what the platform says with a call.
func (a *account) header() http.Header {
	return http.Header{"Picasso-Token": {a.token}, "Picasso-Endpoint-Object-Store": {a.url}, "Picasso-Depth": {"3"}}
}

func eventOf(t *testing.T, kind, container, object string) string {
	t.Helper()
	e := event{Type: "org.openstack.objectstore.object." + kind}
	e.Data.Container, e.Data.Object = container, object
	text, err := json.Marshal(e)
	require.NoError(t, err)
	return string(text)
}

// call is a call of the function.
func (a *account) call(t *testing.T, header http.Header, body string) (status int, answer map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/call", strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	assert.NotContains(t, w.Body.String(), a.token)
	return w.Code, answer
}

func TestThumbnailsInSwift(t *testing.T) {
	a := newAccount(t)
	for _, name := range []string{"cat.jpg", "dir//sub dir/100%, ä+?#.png"} {
		kind := map[bool]string{true: "jpeg", false: "png"}[strings.HasSuffix(name, ".jpg")]
		a.upload(t, name, encoded(t, kind, sample(400, 200)))
		for range 2 { // events may come twice
			status, answer := a.call(t, a.header(), eventOf(t, "created", a.photos, name))
			require.Equal(t, http.StatusOK, status, answer)
			assert.Equal(t, "made", answer["action"])
		}
		made, err := a.do(t.Context(), http.MethodGet, path(a.container, name), nil)
		require.NoError(t, err)
		content, err := io.ReadAll(made.Body)
		require.NoError(t, err)
		require.NoError(t, made.Body.Close())
		assert.Equal(t, "image/"+kind, made.Header.Get("Content-Type"))
		assert.Equal(t, "3", made.Header.Get("X-Object-Meta-Picasso-Depth"))
		got, _, err := image.Decode(bytes.NewReader(content))
		require.NoError(t, err)
		assert.Equal(t, image.Pt(256, 128), got.Bounds().Size())

		for i, want := range []string{"skipped", "deleted", "skipped"} {
			if i == 1 {
				require.NoError(t, a.swift.remove(t.Context(), a.photos, name))
			}
			status, answer := a.call(t, a.header(), eventOf(t, "deleted", a.photos, name))
			require.Equal(t, http.StatusOK, status, answer)
			assert.Equal(t, want, answer["action"], "%d: %v", i, answer)
		}
		status, answer := a.call(t, a.header(), eventOf(t, "created", a.photos, name))
		require.Equal(t, http.StatusOK, status, answer)
		assert.Equal(t, "skipped", answer["action"], "deleted before its event came")
	}
}

func TestWhatGoesWrong(t *testing.T) {
	a := newAccount(t)
	a.upload(t, "text.jpg", []byte("I am not an image"))
	a.upload(t, "cat.jpg", encoded(t, "jpeg", sample(400, 200)))
	with := func(name, value string) http.Header {
		h := a.header()
		h.Set(name, value)
		return h
	}
	beta := keystonetest.Token(t, "beta")
	created := eventOf(t, "created", a.photos, "cat.jpg")
	for name, test := range map[string]struct {
		header http.Header
		body   string
		status int
		want   string
	}{
		"not an event":        {a.header(), "hello", 400, "the input is not a CloudEvent in JSON"},
		"an event of others":  {a.header(), `{"type": "x", "data": {}}`, 400, "lacks data.container or data.object"},
		"too long":            {a.header(), strings.Repeat(" ", maxEventBytes+1), 400, "too large"},
		"its own thumbnails":  {a.header(), eventOf(t, "created", a.container, "x"), 400, "THUMBNAIL_CONTAINER: "},
		"no token":            {http.Header{}, created, 403, "set delegate_roles"},
		"no endpoint":         {with("Picasso-Endpoint-Object-Store", ""), created, 403, "there is no endpoint of Swift"},
		"not an image":        {a.header(), eventOf(t, "created", a.photos, "text.jpg"), 422, a.photos + "/text.jpg is not a JPEG, PNG or GIF image"},
		"somebody else":       {with("Picasso-Token", beta), created, 403, "Swift refused"},
		"deleted for others":  {with("Picasso-Token", beta), eventOf(t, "deleted", a.photos, "x"), 403, "Swift refused"},
		"no token any more":   {with("Picasso-Token", "gone"), created, 502, "401"},
		"Swift is not there":  {with("Picasso-Endpoint-Object-Store", "http://127.0.0.1:1"), created, 502, "connection refused"},
		"what is not a URL":   {with("Picasso-Endpoint-Object-Store", ":"), created, 502, "missing protocol scheme"},
		"depth is of no kind": {with("Picasso-Depth", "a\nb"), created, 502, "invalid header field value"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := a.call(t, test.header, test.body)
			assert.Equal(t, test.status, status)
			assert.Contains(t, answer["error"], test.want)
		})
	}
}
