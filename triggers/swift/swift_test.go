package swift

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
)

func TestConcerns(t *testing.T) {
	all := picasso.SwiftEvents()
	put := &Request{Method: "PUT", Container: "photos", Object: "2026/cat.jpg", ReceivedBytes: 1}
	empty := &Request{Method: "PUT", Container: "photos", Object: "2026/cat.jpg"}
	remove := &Request{Method: "DELETE", Container: "photos", Object: "2026/cat.jpg"}
	for name, c := range map[string]struct {
		r    *Request
		s    picasso.Swift
		want bool
	}{
		"any":             {put, picasso.Swift{Container: "photos", Events: all}, true},
		"other container": {put, picasso.Swift{Container: "photo", Events: all}, false},
		"prefix":          {put, picasso.Swift{Container: "photos", Prefix: "2026/", Events: all}, true},
		"other prefix":    {put, picasso.Swift{Container: "photos", Prefix: "2025/", Events: all}, false},
		"suffix":          {put, picasso.Swift{Container: "photos", Suffix: ".jpg", Events: all}, true},
		"other suffix":    {put, picasso.Swift{Container: "photos", Suffix: ".JPG", Events: all}, false},
		"both":            {put, picasso.Swift{Container: "photos", Prefix: "2026/cat.jpg", Suffix: "2026/cat.jpg", Events: all}, true},
		"bytes: no copy":  {put, picasso.Swift{Container: "photos", Events: []string{"copied"}}, false},
		"perhaps a copy":  {empty, picasso.Swift{Container: "photos", Events: []string{"copied"}}, true},
		"perhaps none":    {empty, picasso.Swift{Container: "photos", Events: []string{"created"}}, true},
		"not deleted":     {put, picasso.Swift{Container: "photos", Events: []string{"deleted"}}, false},
		"deleted":         {remove, picasso.Swift{Container: "photos", Events: []string{"deleted"}}, true},
	} {
		assert.Equal(t, c.want, c.r.Concerns(&c.s), name)
	}
}

func TestOperation(t *testing.T) {
	put, empty := &Request{Method: "PUT", ReceivedBytes: 1}, &Request{Method: "PUT"}
	all, copies := picasso.Swift{Events: picasso.SwiftEvents()}, picasso.Swift{Events: []string{copied}}
	for name, c := range map[string]struct {
		r    *Request
		s    picasso.Swift
		o    *Object
		want string
	}{
		"bytes":            {put, all, &Object{Size: 1}, created},
		"no bytes at all":  {empty, all, &Object{}, created},
		"bytes from where": {empty, all, &Object{Size: 1}, copied},
		"dynamic":          {empty, all, &Object{Size: 1, Large: true}, created},
		"unseen":           {empty, all, nil, created},
		"unseen copy":      {empty, copies, nil, copied},
		"seen no copy":     {empty, copies, &Object{}, created},
		"post":             {&Request{Method: "POST"}, all, nil, metadata},
		"end of an upload": {&Request{Method: "POST", ReceivedBytes: 1}, all, &Object{Size: 1, Large: true}, created},
		"delete":           {&Request{Method: "DELETE"}, all, nil, deleted},
	} {
		assert.Equal(t, c.want, c.r.Operation(&c.s, c.o), name)
	}
	assert.True(t, Wants(&copies, copied))
	assert.False(t, Wants(&copies, created))
}

func TestSign(t *testing.T) {
	own := func(method string, received, sent float64) *Request {
		return &Request{Method: method, ProjectID: "p", InitiatorProject: "p", ReceivedBytes: received, SentBytes: sent}
	}
	for _, c := range []struct {
		r    *Request
		want sign
	}{
		{own("PUT", 5, 0), accepted},
		{own("PUT", 0, 0), accepted},
		{own("PUT", 0, 131), refused},
		{own("PUT", 11, 93), refused},
		{own("PUT", 90, 144), doubtful},
		{own("POST", 0, 76), doubtful},
		{own("POST", 0, 73), refused},
		{own("DELETE", 0, 0), accepted},
		{own("DELETE", 0, 70), refused},
		{own("DELETE", 0, 86), doubtful},
		{own("DELETE", 14, 128), refused},
		{&Request{Method: "DELETE", ProjectID: "p", SentBytes: 86}, refused},
		{&Request{Method: "DELETE", ProjectID: "p", InitiatorProject: "q", SentBytes: 86}, refused},
	} {
		assert.Equal(t, c.want, c.r.sign(), "%+v", c.r)
	}
}

func TestNewObject(t *testing.T) {
	o := newObject(http.Header{
		"Etag": {`"abc"`}, "Content-Type": {"image/png"}, "Content-Length": {"12"}, "X-Timestamp": {"1795387387.12345"},
		"Last-Modified": {"Sun, 22 Nov 2026 22:43:08 GMT"}, "X-Static-Large-Object": {"True"}, DepthHeader: {"3"},
	})
	assert.Equal(t, &Object{
		Written: time.Unix(1795387387, 123450000).UTC(), LastModified: time.Date(2026, 11, 22, 22, 43, 8, 0, time.UTC),
		Size: 12, ETag: "abc", ContentType: "image/png", Large: true, Depth: 3,
	}, o)
	assert.Equal(t, &Object{Depth: -1}, newObject(http.Header{}))
	for _, depth := range []string{"-1", "many", "99999999999", ""} {
		assert.Equal(t, -1, newObject(http.Header{DepthHeader: {depth}}).Depth, depth)
	}
	for text, want := range map[string]time.Time{
		"1": time.Unix(1, 0).UTC(), "1.5": time.Unix(1, 500_000_000).UTC(), "1.1234567": time.Unix(1, 123_456_000).UTC(),
		"": {}, "x": {}, "1.x": {}, "-1": {}, "1e3": {}, "99999999999999999999": {},
	} {
		assert.Equal(t, want, timestamp(text), text)
	}
}
