package swift

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// payloads are those of the messages in a captured sample.
func payloads(t testing.TB, name string) (list []json.RawMessage) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	var sample struct {
		Messages []struct {
			OsloMessage struct{ Payload json.RawMessage } `json:"oslo_message"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &sample))
	for _, m := range sample.Messages {
		list = append(list, m.OsloMessage.Payload)
	}
	return list
}

// TestDecodeSamples goes through everything that was captured from the real
// Swift: what it was, and what the sizes tell of its end.
func TestDecodeSamples(t *testing.T) {
	want := map[string]string{
		"object-copy-ceilometer-first":          "created|copied s3box/n2 accepted",
		"object-delete":                         "deleted box/dir/a file.txt accepted",
		"object-delete-404":                     "deleted box/missing refused",
		"object-post":                           "metadata box/dir/a file.txt doubtful",
		"object-put":                            "created box/dir/a file.txt accepted",
		"object-put-ceilometer-first":           "created s3box/n1 accepted",
		"object-put-ceilometer-last":            "created s3box/n1 accepted",
		"object-put-chunked":                    "created box/chunked accepted",
		"object-put-copy-from-ceilometer-first": "created|copied s3box/n3 accepted",
		"object-put-denied":                     "created|copied box/denied refused",
		"object-put-empty":                      "created|copied box/empty accepted",
		"object-put-no-container":               "created|copied nobox/x refused",
		"object-put-notoken":                    "created|copied box/denied refused",
		"object-put-notoken-ceilometer-first":   "created|copied s3box/zz refused",
		"object-put-notoken-ceilometer-last":    "created|copied s3box/zz refused",
		"object-put-unicode":                    "created box/naïve+plus%.txt accepted",
		"object-put-xdeleteafter":               "created box/exp accepted",
		"s3-object-copy-ceilometer-first":       "created|copied s3box/key2 doubtful",
		"s3-object-delete-ceilometer-first":     "deleted s3box/key2 accepted",
		"s3-object-put-ceilometer-first":        "created s3box/key1 accepted",
		"slo-delete-ceilometer-first":           "deleted s3box/big doubtful",
		"slo-manifest-put":                      "created box/big accepted",
		"slo-manifest-put-ceilometer-first":     "created s3box/big accepted",
		"slo-manifest-put-ceilometer-last":      "created s3box/big accepted",
		"slo-segment-put":                       "created box/seg1 accepted",
		"tempurl-put":                           "created box/viatemp accepted",
	}
	names := []string{"refused", "doubtful", "accepted"}
	files, err := filepath.Glob("testdata/swift-*.json")
	require.NoError(t, err)
	require.Greater(t, len(files), 50)
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "swift-"), ".json")
		got := ""
		for _, p := range payloads(t, file) {
			r, err := Decode(p)
			require.NoError(t, err, name)
			if r != nil {
				got = strings.Join(r.operations(), "|") + " " + r.Subject() + " " + names[r.sign()]
				assert.Equal(t, "831c19eab1cb46c9b4bac4568430f510", r.ProjectID)
				assert.Equal(t, "AUTH_831c19eab1cb46c9b4bac4568430f510", r.Account)
				assert.Equal(t, r.UserID == "", r.InitiatorProject == "")
			}
		}
		assert.Equal(t, want[name], got, name)
	}
}

func TestDecodeAll(t *testing.T) {
	r, err := Decode(payloads(t, "testdata/swift-object-put.json")[0])
	require.NoError(t, err)
	assert.Equal(t, &Request{
		Method: "PUT", Account: "AUTH_831c19eab1cb46c9b4bac4568430f510", ProjectID: "831c19eab1cb46c9b4bac4568430f510",
		Container: "box", Object: "dir/a file.txt", UserID: "5485b743339c489591c1a6ae84e49642",
		InitiatorProject: "831c19eab1cb46c9b4bac4568430f510",
		Time:             time.Date(2026, 11, 22, 10, 18, 0, 222453000, time.UTC), ReceivedBytes: 11,
	}, r)
	for text, user := range map[string]string{"tempurl-put": "", "s3-object-put-ceilometer-first": "", "object-put-denied": "17fb78ab193e4b63bc09aca67633a4d7"} {
		r, err := Decode(payloads(t, "testdata/swift-"+text+".json")[0])
		require.NoError(t, err)
		assert.Equal(t, user, r.UserID, "the id of somebody unknown is made up")
	}
}

// made is a payload with other values than usual.
func made(edit func(p *payload)) []byte {
	var p payload
	p.Outcome, p.EventTime, p.Target.ID, p.Target.Action = "success", "2026-11-22T10:18:00.222453", "p1", "put"
	p.Target.Metadata.Path, p.Target.Metadata.Container, p.Target.Metadata.Object = "v1/AUTH_p1/box/o", "box", "o"
	edit(&p)
	text, _ := json.Marshal(p)
	return text
}

func TestDecodeEdges(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(p *payload)
		want string // subject; empty: nil
		err  string
	}{
		"usual":              {func(*payload) {}, "box/o", ""},
		"same names":         {func(p *payload) { p.Target.Metadata.Object = "box" }, "box/box", ""},
		"no fraction":        {func(p *payload) { p.EventTime = "2026-11-22T10:18:00" }, "box/o", ""},
		"zone":               {func(p *payload) { p.EventTime += "Z" }, "box/o", ""},
		"no time":            {func(p *payload) { p.EventTime = "" }, "", "payload.eventTime: is not a time"},
		"exception":          {func(p *payload) { p.Outcome = "failure" }, "", ""},
		"read":               {func(p *payload) { p.Target.Action = "get" }, "", ""},
		"container":          {func(p *payload) { p.Target.Metadata.Object = "" }, "", ""},
		"nobody's":           {func(p *payload) { p.Target.ID = "" }, "", "payload.target.id: is required"},
		"broken name":        {func(p *payload) { p.Target.Metadata.Object = "%zz" }, "", "not percent-encoded"},
		"cut off name":       {func(p *payload) { p.Target.Metadata.Object = "a%2" }, "", "not percent-encoded"},
		"no UTF-8":           {func(p *payload) { p.Target.Metadata.Object = "%ff" }, "", "not percent-encoded"},
		"long name":          {func(p *payload) { p.Target.Metadata.Object = strings.Repeat("x", 3000) }, "", "longer than 2048 bytes"},
		"upload":             {func(p *payload) { post(p, "box%2Bsegments", "a/b/id", 137) }, "box/a/b", ""},
		"not an upload":      {func(p *payload) { post(p, "box%2Bsegments", "a", 137) }, "", ""},
		"no name of its own": {func(p *payload) { post(p, "box%2Bsegments", "/id", 137) }, "", ""},
		"beginning of one":   {func(p *payload) { post(p, "box%2Bsegments", "a/id", 0) }, "box+segments/a/id", ""},
		"form":               {func(p *payload) { post(p, "box", "form-", 686) }, "", ""},
		"huge":               {func(p *payload) { p.Measurements = []measurement{{Result: 1e300}} }, "box/o", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Decode(made(c.edit))
			if c.err != "" {
				assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
				assert.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			if c.want == "" {
				assert.Nil(t, r)
				return
			}
			assert.Equal(t, c.want, r.Subject())
		})
	}
	for _, text := range []string{"", "null1", `{"target": 5}`, `[]`, `{"measurements": [{"result": "many"}]}`} {
		_, err := Decode([]byte(text))
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), text)
	}
}

func post(p *payload, container, object string, bytes float64) {
	p.Target.Action, p.Target.Metadata.Container, p.Target.Metadata.Object = "post", container, object
	m := measurement{Result: bytes}
	m.Metric.Name = "storage.objects.incoming.bytes"
	p.Measurements = []measurement{m}
}

// asMiddleware encodes a name as ceilometermiddleware does.
func asMiddleware(name string) string {
	var latin1 strings.Builder
	for _, b := range []byte(name) {
		latin1.WriteRune(rune(b))
	}
	return strings.ReplaceAll(url.PathEscape(latin1.String()), "%2F", "/")
}

func TestNames(t *testing.T) {
	for encoded, want := range map[string]string{
		"plain.txt":                      "plain.txt",
		"dir/a%20file.txt":               "dir/a file.txt",
		"na%C3%83%C2%AFve%2Bplus%25.txt": "naïve+plus%.txt",
		"100%2525":                       "100%25",
		"a//b/../c":                      "a//b/../c",
		"a%0Ab":                          "a\nb",
		"na%C3%AFve":                     "naïve", // encoded once
		"%E2%82%AC":                      "€",     // encoded once
		"%C3%A2%C2%82%C2%AC/%C3%B0%C2%9F%C2%98%C2%80": "€/😀",
	} {
		got, err := decodeName(encoded)
		require.NoError(t, err, encoded)
		assert.Equal(t, want, got)
	}
	for name, want := range map[string]string{
		"dir/a file+%?#.txt": "dir/a%20file+%25%3F%23.txt", "naïve": "na%C3%AFve", "a//b/../c": "a//b/../c", "/": "/", "a;b:c": "a;b:c",
	} {
		assert.Equal(t, want, encodeName(name))
	}
}

// FuzzNames: what the middleware makes of any name that Swift takes is undone,
// and what we ask Swift for is that name again.
func FuzzNames(f *testing.F) {
	f.Add("naïve+plus%.txt", "%C3%83")
	f.Add("a/b//c ?#", "%")
	f.Add("é", "%ff%fe")
	f.Fuzz(func(t *testing.T, name, encoded string) {
		if utf8.ValidString(name) {
			got, err := decodeName(asMiddleware(name))
			require.NoError(t, err)
			assert.Equal(t, name, got)
			path, err := url.PathUnescape(encodeName(name))
			require.NoError(t, err)
			assert.Equal(t, name, path)
			assert.NotContains(t, encodeName(name), "?")
		}
		if got, err := decodeName(encoded); err == nil {
			assert.True(t, utf8.ValidString(got))
		}
	})
}

// FuzzDecode: whatever a payload says, it makes a request with names and a
// project, nothing, or an error.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, file := range files {
		for _, p := range payloads(f, file) {
			f.Add([]byte(p))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Decode(text)
		switch {
		case err != nil:
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
		case r != nil:
			assert.NotEmpty(t, r.Container)
			assert.NotEmpty(t, r.Object)
			assert.NotEmpty(t, r.ProjectID)
			assert.NotEmpty(t, r.operations())
			assert.LessOrEqual(t, r.sign(), accepted)
			_, err := r.Event(r.Operation(&picasso.Swift{}, nil), nil).Payload()
			require.NoError(t, err)
		}
	})
}
