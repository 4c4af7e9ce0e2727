package rpc

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

const waiting, taken = picasso.ProgressWaiting, picasso.ProgressTaken

// TestWhatBecomesOfACallWhoseConnectionBreaks: only one that no function can
// have seen may go to another host.
func TestWhatBecomesOfACallWhoseConnectionBreaks(t *testing.T) {
	tests := map[string]struct {
		protocol int
		told     []picasso.Progress
		want     picasso.Code
	}{
		"nothing was heard":          {2, nil, picasso.CodeHostLost},
		"it waits":                   {2, []picasso.Progress{waiting}, picasso.CodeUnavailable},
		"it waited":                  {2, []picasso.Progress{waiting, taken}, picasso.CodeHostLost},
		"it waits again":             {2, []picasso.Progress{waiting, taken, waiting}, picasso.CodeUnavailable},
		"it waits, with version 1":   {1, []picasso.Progress{waiting}, picasso.CodeHostLost},
		"it never waited, but taken": {2, []picasso.Progress{taken}, picasso.CodeHostLost},
	}
	for name, tt := range tests {
		for _, size := range []int{2, 1 << 20} {
			t.Run(fmt.Sprint(name, size), func(t *testing.T) {
				reached, release, noticed := make(chan struct{}), make(chan struct{}, 1), make(chan struct{}, 1)
				heard := make(chan picasso.Progress, 1)
				engine := &scripted{invoke: func(ctx context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
					for _, p := range tt.told {
						if call.Progress != nil {
							call.Progress(p)
							got := picasso.Progress(0)
							select {
							case got = <-heard:
							case <-t.Context().Done():
							}
							assert.Equal(t, p, got)
						}
					}
					close(reached)
					select {
					case <-ctx.Done():
					case _, found := <-release: // a sandbox
						if found {
							call.Progress(taken)
						}
					}
					if ctx.Err() != nil {
						noticed <- struct{}{}
					}
					return picasso.Outcome{}
				}}
				server := serve(t, NewServer(engine, testKey, ServerOptions{}, discard()))
				defer close(release)
				wire := tap(t, server.Listener.Addr().String())
				client, err := NewClient(Endpoint{URL: "http://" + wire.Addr().String(), Key: testKey, Protocol: tt.protocol}, discard())
				require.NoError(t, err)
				defer client.Close()
				call := newCall(strings.Repeat("x", size))
				call.Progress = func(p picasso.Progress) { heard <- p }
				outs := make(chan picasso.Outcome, 1)
				go func() { outs <- client.Invoke(context.Background(), call, httptest.NewRecorder()) }()
				<-reached
				wire.cut()
				out := <-outs
				require.Equal(t, tt.want, out.Err.Code, "%v", out.Err)
				if tt.want == picasso.CodeUnavailable { // the call must not run any more
					if len(tt.told) > 1 { // not seen before there is a sandbox, behind what came of the body
						release <- struct{}{}
					}
					<-noticed
				}
				if tt.want == picasso.CodeHostLost {
					require.Contains(t, out.Err.Detail, "e1")
				}
			})
		}
	}
}

// TestACallThatWaitedHasToHearOfItsSandbox: until then it may be given up, and go elsewhere.
func TestACallThatWaitedHasToHearOfItsSandbox(t *testing.T) {
	for name, tt := range map[string]struct {
		lose func(t *testing.T, wire *wiretap)
		want picasso.Code // empty: it goes on
	}{
		"it hears":         {func(*testing.T, *wiretap) {}, ""},
		"its packets stop": {func(t *testing.T, wire *wiretap) { wire.drop(t, true) }, picasso.CodeUnavailable},
		"it is gone":       {func(_ *testing.T, wire *wiretap) { wire.cut() }, picasso.CodeUnavailable},
	} {
		for _, size := range []int{2, 1 << 20} {
			t.Run(fmt.Sprint(name, size), func(t *testing.T) {
				free, served := make(chan struct{}), make(chan bool, 1)
				server := serve(t, NewServer(&scripted{invoke: func(ctx context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
					call.Progress(waiting)
					select {
					case <-free:
					case <-t.Context().Done():
					}
					call.Progress(taken)
					served <- ctx.Err() == nil
					if ctx.Err() != nil {
						return picasso.Outcome{Err: picasso.Errorf(picasso.CodeWaitTimedOut, "gone")}
					}
					return picasso.Outcome{}
				}}, testKey, ServerOptions{}, discard()))
				wire := tap(t, server.Listener.Addr().String())
				client, err := NewClient(Endpoint{URL: "http://" + wire.Addr().String(), Key: testKey}, discard())
				require.NoError(t, err)
				defer client.Close()
				call := newCall(strings.Repeat("x", size))
				heard := make(chan picasso.Progress, 10)
				call.Progress = func(p picasso.Progress) { heard <- p }
				outs := make(chan picasso.Outcome, 1)
				go func() { outs <- client.Invoke(context.Background(), call, httptest.NewRecorder()) }()
				require.Equal(t, waiting, <-heard)
				tt.lose(t, wire)
				close(free)
				require.Equal(t, tt.want == "", <-served)
				wire.drop(t, false)
				out := <-outs
				require.Equal(t, tt.want, picasso.CodeOf(errorOf(out)), "%v", out.Err)
			})
		}
	}
}

func errorOf(out picasso.Outcome) error {
	if out.Err == nil {
		return nil
	}
	return out.Err
}

// TestAShortWaitCostsNoFrame: who does not know of it takes the call for lost with its host, and
// sends it nowhere else, so that a sandbox may have it without a word.
func TestAShortWaitCostsNoFrame(t *testing.T) {
	ran, release := make(chan bool, 1), make(chan struct{})
	handler := NewServer(&scripted{invoke: func(ctx context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		call.Progress(waiting)
		call.Progress(taken)
		ran <- ctx.Err() == nil
		<-release
		return picasso.Outcome{}
	}}, testKey, ServerOptions{}, discard())
	handler.waitAfter, handler.ackAfter = time.Hour, time.Hour
	server := serve(t, handler)
	wire := tap(t, server.Listener.Addr().String())
	client, err := NewClient(Endpoint{URL: "http://" + wire.Addr().String(), Key: testKey}, discard())
	require.NoError(t, err)
	defer client.Close()
	heard, outs := make(chan picasso.Progress, 10), make(chan picasso.Outcome, 1)
	invoke := func() {
		call := newCall("x")
		call.Progress = func(p picasso.Progress) { heard <- p }
		outs <- client.Invoke(context.Background(), call, httptest.NewRecorder())
	}
	go invoke()
	require.True(t, <-ran)
	release <- struct{}{}
	require.Nil(t, (<-outs).Err)
	go invoke()
	require.True(t, <-ran)
	wire.cut()
	require.Equal(t, picasso.CodeHostLost, (<-outs).Err.Code)
	close(release)
	require.Empty(t, heard)
}

// TestALongRunAfterAShortWait is told of as one that did not wait.
func TestALongRunAfterAShortWait(t *testing.T) {
	release := make(chan struct{})
	handler := NewServer(&scripted{invoke: func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		call.Progress(waiting)
		call.Progress(taken)
		<-release
		return picasso.Outcome{}
	}}, testKey, ServerOptions{}, discard())
	handler.waitAfter, handler.ackAfter = time.Hour, 10*time.Millisecond
	client, _ := connect(t, handler)
	heard, outs := make(chan picasso.Progress, 10), make(chan picasso.Outcome, 1)
	call := newCall("x")
	call.Progress = func(p picasso.Progress) { heard <- p }
	go func() { outs <- client.Invoke(context.Background(), call, httptest.NewRecorder()) }()
	require.Equal(t, taken, <-heard)
	close(release)
	require.Nil(t, (<-outs).Err)
	require.Empty(t, heard)
}

func TestSomethingIsHeardOfEveryCall(t *testing.T) {
	heard, release := make(chan picasso.Progress, 10), make(chan struct{})
	engine := &scripted{invoke: func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		<-release
		return picasso.Outcome{}
	}}
	handler := NewServer(engine, testKey, ServerOptions{}, discard())
	client, _ := connect(t, handler)
	call := newCall("x")
	call.Progress = func(p picasso.Progress) { heard <- p }
	began := time.Now()
	outs := make(chan picasso.Outcome, 1)
	go func() { outs <- client.Invoke(context.Background(), call, httptest.NewRecorder()) }()
	require.Equal(t, taken, <-heard)
	require.GreaterOrEqual(t, time.Since(began), ackAfter)
	close(release)
	require.Nil(t, (<-outs).Err)
	require.Empty(t, heard, "once")

	for range 20 { // on the same connection: a fast call has no extra frame
		again := newCall("x")
		again.Progress = call.Progress
		require.Nil(t, client.Invoke(context.Background(), again, httptest.NewRecorder()).Err)
	}
	require.Empty(t, heard)
}

// TestLargeBodiesWaitForASandbox: they stay unread until then, so that a call
// that is refused can go elsewhere, with its body.
func TestLargeBodiesWaitForASandbox(t *testing.T) {
	for _, protocol := range []int{1, 2} {
		full, told := true, make(chan picasso.Progress, 10)
		handler := NewServer(&scripted{invoke: func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			if full {
				return picasso.Outcome{Err: picasso.Errorf(picasso.CodeBusy, "no room")}
			}
			if call.Progress != nil {
				call.Progress(waiting)
				for <-told != waiting {
				} // from here on, 100 cannot be said any more
				call.Progress(taken)
			}
			return echo(ctx, call, w)
		}}, testKey, ServerOptions{}, discard())
		server := httptest.NewServer(handler)
		client, err := NewClient(Endpoint{URL: server.URL, Key: testKey, Protocol: protocol}, discard())
		require.NoError(t, err)
		for _, length := range []int64{1 << 20, -1} {
			full = true
			body := strings.NewReader(strings.Repeat("x", 1<<20))
			call := newCall("")
			call.Body, call.ContentLength = io.NopCloser(body), length
			require.Equal(t, picasso.CodeBusy, client.Invoke(t.Context(), call, httptest.NewRecorder()).Err.Code)
			require.Equal(t, 1<<20, body.Len(), "nothing of it was read")
			full = false
			call.Progress = func(p picasso.Progress) { told <- p }
			w := httptest.NewRecorder()
			require.Nil(t, client.Invoke(t.Context(), call, w).Err)
			require.Equal(t, 1<<20, w.Body.Len())
		}
		client.Close()
		server.Close()
	}
}

func TestShareAndSpill(t *testing.T) {
	var seen picasso.Call
	server := httptest.NewServer(NewServer(&scripted{invoke: func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		seen = *call
		return picasso.Outcome{}
	}}, testKey, ServerOptions{}, discard()))
	defer server.Close()
	for protocol, want := range map[int][]any{1: {0, false}, 2: {3, true}} {
		client, err := NewClient(Endpoint{URL: server.URL, Key: testKey, Protocol: protocol}, discard())
		require.NoError(t, err)
		call := newCall("")
		call.Share, call.Spill = 3, true
		require.Nil(t, client.Invoke(t.Context(), call, httptest.NewRecorder()).Err)
		require.Equal(t, want, []any{seen.Share, seen.Spill})
		require.NotContains(t, seen.Header, fieldShare)
		client.Close()
	}
}

func TestProtocols(t *testing.T) {
	old := httptest.NewServer(NewServer(&scripted{invoke: echo}, testKey, ServerOptions{MaxProtocol: 1}, discard()))
	defer old.Close()
	for protocol, want := range map[int]picasso.Code{1: "", 2: picasso.CodeUnavailable} {
		client, err := NewClient(Endpoint{URL: old.URL, Key: testKey, Protocol: protocol}, discard())
		require.NoError(t, err)
		_, err = client.Host(t.Context())
		require.Equal(t, want == "", err == nil, "%v", err)
		out := client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder())
		if want != "" {
			require.Equal(t, want, out.Err.Code)
		} else {
			require.Nil(t, out.Err)
		}
		client.Close()
	}
	for _, tt := range []struct{ least, most, own, want int }{
		{1, 2, 0, 2}, {1, 2, 2, 2}, {1, 2, 1, 1}, {1, 1, 0, 1}, {2, 2, 1, 0}, {3, 4, 0, 0}, {1, 9, 0, 2}, {2, 1, 0, 0}, {0, 0, 0, 0},
	} {
		require.Equal(t, tt.want, Common(tt.least, tt.most, tt.own), "%v", tt)
	}
}

// TestAHostThatIsSilent: its network drops everything, or its process stands still.
func TestAHostThatIsSilent(t *testing.T) {
	for last, want := range map[picasso.Progress]picasso.Code{waiting: picasso.CodeUnavailable, taken: picasso.CodeHostLost} {
		release := make(chan struct{})
		server := serve(t, NewServer(&scripted{invoke: func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
			call.Progress(last)
			<-release
			return picasso.Outcome{}
		}}, testKey, ServerOptions{}, discard()))
		wire := tap(t, server.Listener.Addr().String())
		client, err := NewClient(Endpoint{URL: "http://" + wire.Addr().String(), Key: testKey, GiveUp: time.Second}, discard())
		require.NoError(t, err)
		defer client.Close()
		heard, outs := make(chan picasso.Progress, 1), make(chan picasso.Outcome, 1)
		call := newCall("x")
		call.Progress = func(p picasso.Progress) { heard <- p }
		go func() { outs <- client.Invoke(context.Background(), call, httptest.NewRecorder()) }()
		require.Equal(t, last, <-heard)
		wire.mute.Store(true)
		select {
		case out := <-outs:
			require.Equal(t, want, out.Err.Code)
		case <-time.After(patience):
			require.Fail(t, "the call does not end")
		}
		close(release)
	}
}

// TestControlOfAHostThatIsSilent: whoever asks hears of it in time to ask another one.
func TestControlOfAHostThatIsSilent(t *testing.T) {
	engine := &scripted{hangs: make(chan struct{}, 1)}
	server := serve(t, NewServer(engine, testKey, ServerOptions{}, discard()))
	wire := tap(t, server.Listener.Addr().String())
	client, err := NewClient(Endpoint{URL: "http://" + wire.Addr().String(), Key: testKey, GiveUp: time.Second}, discard())
	require.NoError(t, err)
	defer client.Close()
	errs := make(chan error, 1)
	for _, lose := range []func(){func() { wire.mute.Store(true) }, client.Close} {
		wire.mute.Store(false)
		go func() {
			_, err := client.ResolveImage(context.Background(), "hangs")
			errs <- err
		}()
		<-engine.hangs
		lose()
		select {
		case err := <-errs:
			require.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
		case <-time.After(patience):
			require.Fail(t, "it hangs")
		}
	}
}
