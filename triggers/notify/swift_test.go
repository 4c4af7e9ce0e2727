package notify_test

import (
	"archive/tar"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

const step = 20 * time.Millisecond

// attempt is a request, and the events it must make with the filter last and
// first in Swift's pipeline, as "operation object".
type attempt struct {
	name        string
	do          request
	status      int
	last, first string
}

// swiftTrigger is for everything that happens in a container.
func (c *cloud) swiftTrigger(container string) *picasso.Trigger {
	return c.trigger(func(t *picasso.Trigger) {
		t.Swift = &picasso.Swift{Container: container, Events: picasso.SwiftEvents()}
		t.Trust = c.trust()
	})
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// tempURL is a path that needs no token.
func tempURL(project, method, path string) string {
	expires := time.Now().Add(time.Minute).Unix()
	mac := hmac.New(sha256.New, []byte("secret"))
	fmt.Fprintf(mac, "%s\n%d\n/v1/AUTH_%s%s", method, expires, project, path)
	return fmt.Sprintf("%s?temp_url_sig=%s&temp_url_expires=%d", path, hex.EncodeToString(mac.Sum(nil)), expires)
}

func archive(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "member", Size: 3}))
	_, err := w.Write([]byte("abc"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// attempts are everything that can be done to an object with Swift's own API,
// and with which the real Swift was seen to report it.
func (c *cloud) attempts(etag string) []attempt {
	stranger := keystonetest.Token(c, "beta")
	name := url.PathEscape("naïve+plus% ü/ä \"q\" ?#x.txt")
	manifest := `[{"path": "/segments/one", "etag": "` + etag + `", "size_bytes": 10}]`
	missing := strings.Replace(manifest, "one", "none", 1)
	const put, post, duplicate, del = "PUT", "POST", "COPY", "DELETE"
	return []attempt{
		{"put", request{method: put, path: "/box/o", body: "hello"}, 201, "created o", "created o"},
		{"read", request{method: "GET", path: "/box/o"}, 200, "", ""},
		{"overwrite", request{method: put, path: "/box/o", body: "hello again"}, 201, "created o", "created o"},
		{"empty", request{method: put, path: "/box/empty"}, 201, "created empty", "created empty"},
		{"name", request{method: put, path: "/box/" + name, body: "x"}, 201, "created naïve+plus% ü/ä \"q\" ?#x.txt", "created naïve+plus% ü/ä \"q\" ?#x.txt"},
		{"other container", request{method: put, path: "/segments/o", body: "x"}, 201, "", ""},

		{"put without a token", request{method: put, path: "/box/o", body: "evil", token: "none"}, 401, "", ""},
		{"put by a stranger", request{method: put, path: "/box/o", body: "evil", token: stranger}, 403, "", ""},
		{"put what does not match", request{method: put, path: "/box/o", body: "x", header: header("Etag", strings.Repeat("0", 32))}, 422, "", ""},
		{"put only if new", request{method: put, path: "/box/o", body: "x", header: header("If-None-Match", "*")}, 412, "", ""},
		{"put what has expired", request{method: put, path: "/box/o", body: "x", header: header("X-Delete-At", "1")}, 400, "", ""},
		{"put without a container", request{method: put, path: "/nobox/o", body: "x"}, 404, "", ""},

		{"copy", request{method: duplicate, path: "/box/o", header: header("Destination", "box/c")}, 201, "", "copied c"},
		{"copy from", request{method: put, path: "/box/cc", header: header("X-Copy-From", "box/o")}, 201, "", "copied cc"},
		{"copy what is not there", request{method: duplicate, path: "/box/none", header: header("Destination", "box/c")}, 404, "", ""},
		{"copy without a token", request{method: duplicate, path: "/box/o", header: header("Destination", "box/c"), token: "none"}, 401, "", ""},

		{"metadata of o", request{method: post, path: "/box/o", header: header("X-Object-Meta-A", "b")}, 202, "metadata o", "metadata o"},
		{"metadata without a token", request{method: post, path: "/box/o", header: header("X-Object-Meta-A", "b"), token: "none"}, 401, "", ""},
		{"metadata by a stranger", request{method: post, path: "/box/o", header: header("X-Object-Meta-A", "b"), token: stranger}, 403, "", ""},
		{"metadata of nothing", request{method: post, path: "/box/none", header: header("X-Object-Meta-A", "b")}, 404, "", ""},

		{"static", request{method: put, path: "/box/slo?multipart-manifest=put", body: manifest}, 201, "created slo", "created slo"},
		{"static, slowly", request{method: put, path: "/box/slo2?multipart-manifest=put&heartbeat=on", body: manifest}, 202, "created slo2", "created slo2"},
		{"static without segments", request{method: put, path: "/box/slo?multipart-manifest=put", body: missing}, 400, "", ""},
		{"static without segments, slowly", request{method: put, path: "/box/slo?multipart-manifest=put&heartbeat=on", body: missing}, 202, "", ""},
		{"static without a token", request{method: put, path: "/box/slo?multipart-manifest=put&heartbeat=on", body: manifest, token: "none"}, 202, "", ""},
		{"static deleted", request{method: del, path: "/box/slo2?multipart-manifest=delete"}, 200, "", "deleted slo2"},
		{"dynamic", request{method: put, path: "/box/dlo", header: header("X-Object-Manifest", "segments/o")}, 201, "created dlo", "created dlo"},

		{"archive", request{method: put, path: "/box/o?extract-archive=tar", body: archive(c)}, 200, "", ""},
		{"archive without a token", request{method: put, path: "/box/o?extract-archive=tar", body: archive(c), token: "none"}, 200, "", ""},
		{"bulk without a token", request{method: post, path: "/box/o?bulk-delete", body: "box/o", token: "none"}, 200, "", ""},
		{"temporary URL", request{method: put, path: tempURL(c.project, put, "/box/temp"), body: "x", token: "none"}, 201, "created temp", "created temp"},
		{"bad temporary URL", request{method: put, path: tempURL(c.project, put, "/box/o") + "0", body: "x", token: "none"}, 401, "", ""},
		{"deleted by temporary URL", request{method: del, path: tempURL(c.project, del, "/box/temp"), token: "none"}, 204, "deleted temp", "deleted temp"},
		{"quota", request{method: put, path: "/small/o", body: "too much for it"}, 413, "", ""},

		{"delete without a token", request{method: del, path: "/box/o", token: "none"}, 401, "", ""},
		{"delete by a stranger", request{method: del, path: "/box/o", token: stranger}, 403, "", ""},
		{"delete", request{method: del, path: "/box/o"}, 204, "deleted o", "deleted o"},
		{"delete again", request{method: del, path: "/box/o"}, 404, "", ""},
		{"delete what is not there without a token", request{method: del, path: "/box/o", token: "none"}, 401, "", ""},
	}
}

// fill makes what the attempts stand on.
func (c *cloud) fill(base string) (etag string) {
	c.Helper()
	for _, container := range []string{"box", "segments", "small"} {
		c.send(base, request{method: "PUT", path: "/" + container})
	}
	c.send(base, request{method: "POST", path: "/small", header: header("X-Container-Meta-Quota-Bytes", "3")})
	c.send(base, request{method: "POST", path: "", header: header("X-Account-Meta-Temp-URL-Key", "secret")})
	_, answer := c.send(base, request{method: "PUT", path: "/segments/one", body: "0123456789"})
	return answer.Get("Etag")
}

// What the real Swift tells of everything that can be done to an object runs a
// function when it was done, and only then.
func TestSwift(t *testing.T) {
	for place, port := range map[string]string{"last": ":8080", "first": ":8081"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, "swift", "swift_first")
			base := "http://" + c.env.PublicHost + port
			etag := c.fill(base)
			trigger := c.swiftTrigger("box")
			c.swiftTrigger("small")
			c.start()
			c.consume("swift")
			c.settled(base, "box")
			for _, a := range c.attempts(etag) {
				status, _ := c.send(base, a.do)
				assert.Equal(t, a.status, status, a.name)
				want := a.last
				if place == "first" {
					want = a.first
				}
				assert.Equal(t, want, operations(c.settled(base, "box")), a.name)
			}
			assert.Empty(t, c.stored(trigger).Error)
		})
	}
}

// operations are the events in short.
func operations(events []cloudEvent) string {
	var list []string
	for _, e := range events {
		list = append(list, strings.TrimPrefix(e.Type, "org.openstack.objectstore.object.")+" "+e.Data["object"].(string))
	}
	return strings.Join(list, ", ")
}

// A function gets all there is to know.
func TestSwiftEvent(t *testing.T) {
	c := newCloud(t, "swift")
	base := "http://" + c.env.PublicHost + ":8080"
	c.fill(base)
	trigger := c.swiftTrigger("box")
	c.start()
	c.consume("swift")
	c.send(base, request{method: "PUT", path: "/box/dir/cat.txt", body: "hello", header: header("Content-Type", "text/x-cat")})
	events := c.settled(base, "box")
	require.Len(t, events, 1)
	e := events[0]
	assert.Equal(t, "org.openstack.objectstore.object.created", e.Type)
	assert.Equal(t, "//RegionOne/ceilometermiddleware", e.Source)
	assert.Equal(t, "box/dir/cat.txt", e.Subject)
	assert.Equal(t, c.project, e.ProjectID)
	assert.NotEmpty(t, e.ID)
	at, err := time.Parse(time.RFC3339Nano, e.Time)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), at, triggerstest.Patience)
	assert.NotEmpty(t, e.Data["last_modified"])
	delete(e.Data, "last_modified")
	assert.Equal(t, map[string]any{
		"account": "AUTH_" + c.project, "project_id": c.project, "container": "box", "object": "dir/cat.txt", "operation": "created",
		"time": e.Time, "size": 5.0, "etag": "5d41402abc4b2a76b9719d911017c592", "content_type": "text/x-cat",
		"initiator": map[string]any{"user_id": c.member.UserID, "project_id": c.project},
	}, e.Data)
	list, _, err := c.store.Executions(t.Context(), picasso.ExecutionFilter{TriggerID: trigger.ID}, picasso.Page{})
	require.NoError(t, err)
	require.NotEmpty(t, list)
	assert.Equal(t, "box/dir/cat.txt", list[len(list)-1].Subject)
	assert.Equal(t, e.ID, list[len(list)-1].EventID)
}
