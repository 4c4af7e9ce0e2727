package peek_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/peek"
)

// delegator hands out credentials that a test makes, and counts.
type delegator struct {
	picasso.Delegator
	endpoint string
	err      error
	asked    []time.Duration
}

func (d *delegator) Credentials(_ context.Context, trustID string, lasting time.Duration) (*picasso.Credentials, error) {
	d.asked = append(d.asked, lasting)
	if d.err != nil {
		return nil, d.err
	}
	return &picasso.Credentials{
		Token: trustID + strings.Repeat("+", len(d.asked)), ExpiresAt: time.Now().Add(time.Hour), Region: "RegionOne",
		Endpoints: map[string]string{"object-store": d.endpoint},
	}, nil
}

func question() peek.Question {
	return peek.Question{Service: "object-store", Method: http.MethodHead, Path: "/a%20b/c%2Fd", Field: "swift.verify", Instead: "set it to false"}
}

func trigger() *picasso.Trigger { return &picasso.Trigger{Trust: &picasso.Trust{ID: "t"}} }

func TestAnswers(t *testing.T) {
	for status, code := range map[int]picasso.Code{
		200: "", 204: "", 404: "", 400: "", 412: "", 403: picasso.CodeConflict, 401: picasso.CodeConflict,
		302: picasso.CodeBusy, 408: picasso.CodeBusy, 429: picasso.CodeBusy, 500: picasso.CodeBusy, 503: picasso.CodeBusy,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "/v1/x/a%20b/c%2Fd", r.URL.EscapedPath())
			w.Header().Set("Location", "/elsewhere")
			w.Header().Set("X-Timestamp", "1")
			w.WriteHeader(status)
		}))
		d := &delegator{endpoint: server.URL + "/v1/x/"}
		p, err := peek.New(nil, d, 5)
		require.NoError(t, err)
		answer, err := p.Ask(t.Context(), trigger(), question())
		assert.Equal(t, code, picasso.CodeOf(err), status)
		if code == "" {
			assert.Equal(t, status, answer.Status)
			assert.Equal(t, "1", answer.Header.Get("X-Timestamp"))
		}
		if status == 401 {
			require.Len(t, d.asked, 2, "a new token gets a chance")
			assert.Greater(t, d.asked[1], 50*time.Minute, "one that lasts longer than the old one")
		}
		if code == picasso.CodeConflict {
			assert.Contains(t, picasso.AsError(err).Detail, "swift.verify: the trigger's Keystone trust may not do that")
			assert.Contains(t, picasso.AsError(err).Detail, "or set it to false")
		}
		server.Close()
	}
}

// A token that was revoked does no harm to the trigger.
func TestRevokedToken(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth-Token") != "t++" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	p, err := peek.New(nil, &delegator{endpoint: server.URL}, 5)
	require.NoError(t, err)
	answer, err := p.Ask(t.Context(), trigger(), question())
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answer.Status)
}

func TestNobodyToAsk(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct {
		d    picasso.Delegator
		t    *picasso.Trigger
		code picasso.Code
		want string
	}{
		"no Keystone":  {nil, trigger(), picasso.CodeBusy, "swift.verify needs Keystone"},
		"no trust":     {&delegator{}, &picasso.Trigger{}, picasso.CodeConflict, "has no Keystone trust"},
		"broken trust": {&delegator{err: picasso.Errorf(picasso.CodeConflict, "gone")}, trigger(), picasso.CodeConflict, "gone"},
		"Keystone":     {&delegator{err: picasso.Errorf(picasso.CodeUnavailable, "away")}, trigger(), picasso.CodeBusy, "away"},
		"no endpoint":  {&delegator{}, trigger(), picasso.CodeBusy, `the catalog has no object-store in region "RegionOne"`},
		"bad endpoint": {&delegator{endpoint: "http://a b"}, trigger(), picasso.CodeBusy, "is not a URL"},
		"nobody there": {&delegator{endpoint: gone.URL}, trigger(), picasso.CodeBusy, "object-store does not answer"},
	} {
		p, err := peek.New(nil, c.d, 5)
		require.NoError(t, err)
		_, err = p.Ask(t.Context(), c.t, question())
		assert.Equal(t, c.code, picasso.CodeOf(err), name)
		assert.ErrorContains(t, err, c.want, name)
		assert.NotContains(t, err.Error(), "c%2Fd", "objects are not named in the log")
	}
	_, err := peek.New([]byte("none"), nil, 5)
	assert.ErrorContains(t, err, "cafile: holds no certificate")
}
