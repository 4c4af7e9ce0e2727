package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
)

// slowApps has its second piece when the channel is closed, and fails there when it is told to.
type slowApps struct {
	picasso.AppStore
	second chan struct{}
	err    error
}

func (s *slowApps) Apps(ctx context.Context, f picasso.AppFilter, page picasso.Page) ([]picasso.App, bool, error) {
	if page.Marker != "" {
		select {
		case <-s.second:
		case <-ctx.Done():
		}
		if s.err != nil {
			return nil, false, s.err
		}
	}
	return s.AppStore.Apps(ctx, f, page)
}

// beginV1 asks for the apps and returns the answer when the first KiB of it has come.
func beginV1(t *testing.T, store *slowApps) (answer *http.Response, first []byte) {
	t.Helper()
	k := setup(t, func(c *api.Config) { store.AppStore, c.Apps = c.Apps, store })
	for i := range 60 {
		k.member(201, "POST", "/v2/apps", fmt.Sprintf(`{"name":"a%d","config":{"A":"%s"}}`, i, strings.Repeat("x", 4<<10)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.URL+"/v1/alpha/apps", nil)
	require.NoError(t, err)
	for name, value := range map[string]string{"X-Auth-Token": "t", "X-Project-Id": "alpha", "X-Roles": "reader"} {
		request.Header.Set(name, value)
	}
	answer, err = k.HTTP.Transport.(*checkingTransport).next.RoundTrip(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	first = make([]byte, 1<<10)
	_, err = io.ReadFull(answer.Body, first)
	require.NoError(t, err, "while the rest is being read")
	return answer, first
}

func TestALongListOfV1IsSentWhileItIsRead(t *testing.T) {
	store := &slowApps{second: make(chan struct{})}
	answer, first := beginV1(t, store)
	close(store.second)
	rest, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	var body struct {
		Apps    []struct{ Name string }
		Message string
	}
	require.NoError(t, json.Unmarshal(append(first, rest...), &body))
	assert.Len(t, body.Apps, 60)
	assert.Equal(t, "Successfully listed applications", body.Message)
	assert.Equal(t, "application/json", answer.Header.Get("Content-Type"))
}

func TestALongListOfV1ThatFailsIsCutOff(t *testing.T) {
	store := &slowApps{second: make(chan struct{}), err: picasso.Errorf(picasso.CodeUnavailable, "down")}
	answer, _ := beginV1(t, store)
	close(store.second)
	_, err := io.ReadAll(answer.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestAListOfV1GoesOnWhenItsPlaceIsDeleted(t *testing.T) {
	store := &pieces{}
	k := setup(t, func(c *api.Config) { store.FunctionStore, c.Functions = c.Functions, store })
	k.fill(120)
	store.gone = "00000000-0000-4000-8000-000000000050"
	paths := map[string]bool{}
	for _, route := range k.v1(200, "GET", "/apps/default/routes", "")["routes"].([]any) {
		paths[route.(map[string]any)["path"].(string)] = true
	}
	assert.Len(t, paths, 120, "each once, and the one that was read before it went")
	assert.Equal(t, []int{50, 50, 50, 50}, store.limits)
}
