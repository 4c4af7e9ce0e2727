package api_test

import (
	"bufio"
	"context"
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

func TestTheLogOfSeveralAttempts(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	execution := k.async("f", "")
	log := func() string { return k.member(200, "GET", "/v2/executions/"+execution+"/log", "").Text }
	assert.Empty(t, log())
	claimed := k.claim(id)
	k.write(claimed, 0, "one\n")
	k.write(claimed, 4, "two")
	assert.Equal(t, "one\ntwo", log(), "of an execution that runs, what there is")
	k.retry(claimed)
	k.retry(k.claim(id)) // writes nothing
	claimed = k.claim(id)
	require.Equal(t, 3, claimed.Attempt)
	k.write(claimed, 0, "three\n")
	k.end(claimed, picasso.StatusSucceeded, nil)
	assert.Equal(t, "one\ntwo\n--- attempt 3 ---\nthree\n", log())
	assert.Equal(t, log(), k.member(200, "GET", "/v2/executions/"+execution+"/log?follow=true", "").Text, "there is nothing to wait for")
	assert.Equal(t, "follow: must be true or false", errorDetail(t, k.member(400, "GET", "/v2/executions/"+execution+"/log?follow=me", "")))
	assert.Equal(t, 404, k.as("beta", "member", "GET", "/v2/executions/"+execution+"/log?follow=true", "").StatusCode)
}

// follower is a client that follows a log.
type follower struct {
	*bufio.Reader
	*http.Response
	leave context.CancelFunc
}

func (k *kit) follow(execution string) follower {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	k.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", k.URL+"/v2/executions/"+execution+"/log?follow=true", nil)
	require.NoError(k.t, err)
	r.Header = http.Header{"X-Auth-Token": {"t"}, "X-Project-Id": {"alpha"}, "X-Roles": {"reader"}}
	response, err := k.HTTP.Transport.(*checkingTransport).next.RoundTrip(r) // which does not read to the end
	require.NoError(k.t, err)
	k.t.Cleanup(func() { _ = response.Body.Close() })
	return follower{bufio.NewReader(response.Body), response, cancel}
}

func (f follower) line(t testing.TB) string {
	t.Helper()
	line, err := f.ReadString('\n')
	require.NoError(t, err)
	return line
}

func TestFollow(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	execution := k.async("f", "")
	f := k.follow(execution)
	assert.Equal(t, 200, f.StatusCode)
	assert.Equal(t, "text/plain; charset=utf-8", f.Response.Header.Get("Content-Type"))
	assert.Contains(t, k.metrics(), "picasso_log_followers 1\n")
	claimed := k.claim(id)
	for i, text := range []string{"one\n", "two\n"} {
		k.write(claimed, int64(4*i), text)
		assert.Equal(t, text, f.line(t), "before the execution has ended")
	}
	k.write(claimed, 8, "half a line")
	k.retry(claimed)
	claimed = k.claim(id)
	k.write(claimed, 0, "again\n")
	for _, text := range []string{"half a line\n", "--- attempt 2 ---\n", "again\n"} {
		assert.Equal(t, text, f.line(t))
	}
	k.write(claimed, 6, "the end")
	k.end(claimed, picasso.StatusSucceeded, nil)
	rest, err := io.ReadAll(f)
	require.NoError(t, err, "the answer ends well")
	assert.Equal(t, "the end", string(rest))
	require.Eventually(t, func() bool { return strings.Contains(k.metrics(), "picasso_log_followers 0\n") }, 10*time.Second, time.Millisecond)
}

func TestFollowersThatLeave(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	f := k.follow(k.async("f", ""))
	f.leave()
	require.Eventually(t, func() bool { return strings.Contains(k.metrics(), "picasso_log_followers 0\n") }, 10*time.Second, time.Millisecond)
}

func TestAServerThatStopsEndsWhatWouldGoOn(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	f := k.follow(k.async("f", ""))
	k.API.Stop()
	_, err := io.ReadAll(f)
	require.NoError(t, err)
	k.API.Stop() // may be called again
}

func TestFollowersAreBounded(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	execution := k.async("f", "")
	require.True(t, k.API.TakeFollowers("alpha", 19))
	last := k.follow(execution)
	assert.Equal(t, 200, last.StatusCode)
	a := k.member(429, "GET", "/v2/executions/"+execution+"/log?follow=true", "")
	assert.Equal(t, "rate_limited", errorCode(t, a))
	assert.Equal(t, "5", a.Header.Get("Retry-After"))
	k.member(200, "GET", "/v2/executions/"+execution+"/log", "")
	last.leave()
	require.Eventually(t, func() bool { return strings.Contains(k.metrics(), "picasso_log_followers 19\n") }, 10*time.Second, time.Millisecond)
	assert.Equal(t, 200, k.follow(execution).StatusCode)
}

func TestAFollowerOutlivesAnOutageOfTheStore(t *testing.T) {
	store := &failing{}
	k := setup(t, func(c *api.Config) {
		store.ExecutionStore = c.Executions
		c.Executions = store
	})
	id := k.function(`{"name":"f","image":"i"}`)
	f := k.follow(k.async("f", ""))
	store.down.Store(true)
	asked := store.asked.Load()
	require.Eventually(t, func() bool { return store.asked.Load() > asked+1 }, 10*time.Second, time.Millisecond)
	store.down.Store(false)
	claimed := k.claim(id)
	k.write(claimed, 0, "late\n")
	k.end(claimed, picasso.StatusSucceeded, nil)
	assert.Equal(t, "late\n", f.line(t))
}

// replace replaces the log of the attempt.
func (k *kit) replace(c picasso.Claimed, text string) {
	k.t.Helper()
	require.NoError(k.t, k.store.AppendLogs(k.t.Context(), []picasso.LogPart{
		{ExecutionID: c.ID, Attempt: c.Attempt, Text: []byte(text), Whole: true},
	}))
}

func TestFollowersMissNothingOfALogThatIsReplaced(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	for name, c := range map[string]struct {
		live     string
		replaced []string // texts that replace it, in each attempt after the first
		want     string
	}{
		"written too fast":     {"one\n", []string{"one\ntwo\nthree\n"}, "two\nthree\n"},
		"the same again":       {"one\n", []string{"one\n"}, ""},
		"cut":                  {"one\n", []string{"[100 bytes are missing]\nend\n"}, "--- attempt 1, from its beginning ---\n[100 bytes are missing]\nend\n"},
		"ran again, shorter":   {"one\ntwo\n", []string{"two\n"}, "--- attempt 1, from its beginning ---\ntwo\n"},
		"before the next one":  {"one\n", []string{"one\ntwo\n", "three"}, "two\n--- attempt 2 ---\nthree"},
		"the next one as well": {"one\n", []string{"one\n", "two"}, "--- attempt 2 ---\ntwo"},
		"without an end":       {"one", []string{"other"}, "\n--- attempt 1, from its beginning ---\nother"},
	} {
		t.Run(name, func(t *testing.T) {
			execution := k.async("f", "")
			claimed := k.claim(id)
			k.write(claimed, 0, c.live)
			f := k.follow(execution)
			seen := make([]byte, len(c.live))
			_, err := io.ReadFull(f, seen)
			require.NoError(t, err)
			for i, text := range c.replaced {
				if i > 0 {
					k.retry(claimed)
					claimed = k.claim(id)
				}
				k.replace(claimed, text)
			}
			k.end(claimed, picasso.StatusSucceeded, nil)
			rest, err := io.ReadAll(f)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(rest))
		})
	}
}

func TestAFollowerSeesAnAttemptThatRunsAgain(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	execution := k.async("f", "")
	claimed := k.claim(id)
	k.write(claimed, 0, "one\n")
	f := k.follow(execution)
	assert.Equal(t, "one\n", f.line(t))
	k.replace(claimed, "ONE\nTWO\n") // by the worker that has it now
	k.write(claimed, 8, "THREE\n")
	for _, line := range []string{"--- attempt 1, from its beginning ---\n", "ONE\n", "TWO\n", "THREE\n"} {
		assert.Equal(t, line, f.line(t), "while it runs")
	}
	k.write(claimed, 14, "FOUR\n")
	k.end(claimed, picasso.StatusSucceeded, nil)
	rest, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, "FOUR\n", string(rest))
}
