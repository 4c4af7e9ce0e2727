package dispatch

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
)

// TestOutcomes: what an engine says decides whether another one is asked.
func TestOutcomes(t *testing.T) {
	for code, again := range map[picasso.Code]bool{
		"": false, picasso.CodeBusy: true, picasso.CodeUnavailable: true, picasso.CodeImageUnavailable: true,
		picasso.CodeTooLarge: false, picasso.CodeFunctionFailed: false, picasso.CodeFunctionDied: false,
		picasso.CodeSandboxFailed: false, picasso.CodeResponseTooLarge: false, picasso.CodeHostLost: false,
		picasso.CodeNotReady: false, picasso.CodeWaitTimedOut: false, picasso.CodeTimedOut: false,
		picasso.CodeCancelled: false, picasso.CodeInternal: false,
	} {
		t.Run(string(code), func(t *testing.T) {
			c, fn := newCluster(t, "a", "b", "c"), function("f")
			engines := c.ranked(fn)
			if code != "" {
				engines[0].set(func(f *fake) { f.invoke = fails(code) })
			}
			out, w := c.call(t, fn, "body")
			assert.Len(t, engines[0].seen(), 1)
			if !again {
				assert.Equal(t, code, codeOf(out))
				assert.Empty(t, engines[1].seen())
				return
			}
			require.Nil(t, out.Err, "%v", out.Err)
			assert.Len(t, engines[1].seen(), 1)
			assert.Equal(t, "body", w.Body.String(), "it is sent again from its beginning")
		})
	}
}

func codeOf(out picasso.Outcome) picasso.Code {
	if out.Err == nil {
		return ""
	}
	return out.Err.Code
}

// TestAllBusy: all are asked for room, then the call waits at one.
func TestAllBusy(t *testing.T) {
	c, fn := newCluster(t, "a", "b", "c"), function("f")
	engines := c.ranked(fn)
	for _, e := range engines {
		e.set(func(f *fake) {
			f.invoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
				if call.Spill {
					return fails(picasso.CodeBusy)(ctx, call, w)
				}
				return answer200(ctx, call, w)
			}
		})
	}
	out, _ := c.call(t, fn, "x")
	require.Nil(t, out.Err)
	assert.Equal(t, []int{2, 1, 1}, []int{len(engines[0].seen()), len(engines[1].seen()), len(engines[2].seen())})
	assert.False(t, engines[0].seen()[1].Spill)

	out, _ = c.call(t, fn, "x") // within the time for which they are known to be busy
	require.Nil(t, out.Err)
	assert.Equal(t, []int{3, 1, 1}, []int{len(engines[0].seen()), len(engines[1].seen()), len(engines[2].seen())})
	assert.False(t, engines[0].seen()[2].Spill)

	for _, e := range engines {
		e.set(func(f *fake) { f.invoke = fails(picasso.CodeBusy) })
	}
	c.clock.add(busyFor)
	out, _ = c.call(t, fn, "x")
	assert.Equal(t, picasso.CodeBusy, codeOf(out))
	assert.Equal(t, []int{5, 3, 3}, []int{len(engines[0].seen()), len(engines[1].seen()), len(engines[2].seen())})
}

// TestOneHostIsNotAskedTwice: it would only say busy, and then wait.
func TestOneHostIsNotAskedTwice(t *testing.T) {
	c, fn := newCluster(t, "a"), function("f")
	c.engine("a/1").set(func(f *fake) { f.invoke = fails(picasso.CodeBusy) })
	out, _ := c.call(t, fn, "x")
	assert.Equal(t, picasso.CodeBusy, codeOf(out))
	require.Len(t, c.engine("a/1").seen(), 1)
	assert.False(t, c.engine("a/1").seen()[0].Spill)
}

// TestImageUnavailable: one more host tries, for it may be the host's fault.
func TestImageUnavailable(t *testing.T) {
	c, fn := newCluster(t, "a", "b", "c"), function("f")
	for _, e := range c.ranked(fn) {
		e.set(func(f *fake) { f.invoke = fails(picasso.CodeImageUnavailable) })
	}
	out, _ := c.call(t, fn, "")
	assert.Equal(t, picasso.CodeImageUnavailable, codeOf(out))
	assert.Len(t, c.ranked(fn)[1].seen(), 1)
	assert.Empty(t, c.ranked(fn)[2].seen())
}

// deadlines is a ResponseWriter that knows read deadlines, as net/http's.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

// TestLargeBody goes on to another host as long as nobody has begun to read it.
func TestLargeBody(t *testing.T) {
	content := strings.Repeat("x", h1.ReadAhead+1)
	for _, test := range []struct {
		name  string
		read  int
		again bool
	}{{"unread", 0, true}, {"begun", 1, false}} {
		for _, length := range []int64{int64(len(content)), -1} {
			t.Run(test.name, func(t *testing.T) {
				c, fn := newCluster(t, "a", "b"), function("f")
				engines := c.ranked(fn)
				engines[0].set(func(f *fake) {
					f.invoke = func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
						upload := h1.NewUpload(call.Body, call.ContentLength) // as engines do
						defer upload.Close(w)
						_, _ = io.ReadFull(upload, make([]byte, test.read))
						return picasso.Outcome{Err: picasso.Errorf(picasso.CodeBusy, "as the test has it")}
					}
				})
				w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
				call := callOf(fn, content)
				call.ContentLength = length
				out := c.Invoke(t.Context(), call, w)
				assert.Equal(t, test.again, out.Err == nil)
				assert.Equal(t, test.again, w.Body.String() == content)
				assert.Equal(t, !test.again, len(w.set) > 0, "a body that is to be read by the next has no deadline")
			})
		}
	}
	t.Run("never read", func(t *testing.T) {
		c, fn := newCluster(t, "a"), function("f")
		c.engine("a/1").set(func(f *fake) { f.invoke = fails(picasso.CodeBusy) })
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		require.NotNil(t, c.Invoke(t.Context(), callOf(fn, content), w).Err)
		assert.Len(t, w.set, 1, "net/http would wait for it")
	})
}

// TestBodyThatFails is the caller's fault, and no engine hears of it.
func TestBodyThatFails(t *testing.T) {
	c, fn := newCluster(t, "a"), function("f")
	call := callOf(fn, "x")
	call.Body, call.ContentLength = http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(make([]byte, 10))), 5), 10
	out := c.Invoke(t.Context(), call, httptest.NewRecorder())
	assert.Equal(t, picasso.CodeTooLarge, codeOf(out))
	assert.Empty(t, c.engine("a/1").seen())
}

// TestAnswerThatHasBegun is never begun again.
func TestAnswerThatHasBegun(t *testing.T) {
	c, fn := newCluster(t, "a", "b"), function("f")
	c.ranked(fn)[0].set(func(f *fake) {
		f.invoke = func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			w.WriteHeader(http.StatusAccepted)
			return picasso.Outcome{Err: picasso.Errorf(picasso.CodeUnavailable, "as the test has it")}
		}
	})
	out, _ := c.call(t, fn, "")
	assert.Equal(t, picasso.CodeUnavailable, codeOf(out))
	assert.Empty(t, c.ranked(fn)[1].seen())
}

// TestQueueTimeout counts over all hosts, and so does Outcome.Wait.
func TestQueueTimeout(t *testing.T) {
	c, fn := newCluster(t, "a", "b", "c"), function("f")
	fn.QueueTimeoutS = 5
	engines := c.ranked(fn)
	slow := func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		c.clock.add(3 * time.Second)
		return picasso.Outcome{Wait: 3 * time.Second, Err: picasso.Errorf(picasso.CodeUnavailable, "as the test has it")}
	}
	for _, e := range engines {
		e.set(func(f *fake) { f.invoke = slow })
	}
	out, _ := c.call(t, fn, "")
	assert.Equal(t, picasso.CodeWaitTimedOut, codeOf(out))
	assert.Contains(t, out.Err.Detail, "within 5 s")
	assert.Equal(t, 6*time.Second, out.Wait)
	assert.Empty(t, engines[2].seen())
}

// TestQueueTimeoutOfTheSecondHost: it waits for what is left only.
func TestQueueTimeoutOfTheSecondHost(t *testing.T) {
	c, fn := newCluster(t, "a", "b"), function("f")
	fn.QueueTimeoutS = 5
	engines := c.ranked(fn)
	engines[0].set(func(f *fake) {
		f.invoke = func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
			c.clock.add(5*time.Second - time.Millisecond)
			return picasso.Outcome{Err: picasso.Errorf(picasso.CodeBusy, "as the test has it")}
		}
	})
	engines[1].set(func(f *fake) {
		f.invoke = func(ctx context.Context, _ *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
			<-ctx.Done()
			return picasso.Outcome{Err: picasso.Errorf(picasso.CodeWaitTimedOut, "the caller did not wait for a sandbox")}
		}
	})
	out, _ := c.call(t, fn, "")
	assert.Equal(t, picasso.CodeWaitTimedOut, codeOf(out))
	assert.Contains(t, out.Err.Detail, "within 5 s")
}

// TestCallerGone: nothing is tried for nobody.
func TestCallerGone(t *testing.T) {
	c, fn := newCluster(t, "a", "b"), function("f")
	ctx, cancel := context.WithCancel(t.Context())
	c.ranked(fn)[0].set(func(f *fake) {
		f.invoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			cancel()
			return fails(picasso.CodeBusy)(ctx, call, w)
		}
	})
	out := c.Invoke(ctx, callOf(fn, ""), httptest.NewRecorder())
	assert.Equal(t, picasso.CodeWaitTimedOut, codeOf(out))
	assert.Contains(t, out.Err.Detail, "caller")
	assert.Empty(t, c.ranked(fn)[1].seen())
}

// TestNoTimeToAnswer: a host is not suspect because a caller hung up while it was being
// connected to, or the time of the call was over.
func TestNoTimeToAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		at    int // in the order of the hosts
		leave bool
	}{"caller gone": {0, true}, "caller gone later": {1, true}, "time over": {1, false}} {
		t.Run(name, func(t *testing.T) {
			c, fn := newCluster(t, "a", "b"), function("f")
			fn.QueueTimeoutS = 5
			engines := c.ranked(fn)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			engines[0].set(func(f *fake) {
				f.invoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
					c.clock.add(5*time.Second - time.Millisecond)
					return fails(picasso.CodeBusy)(ctx, call, w)
				}
			})
			engines[test.at].set(func(f *fake) {
				f.dead = true // for probes
				f.invoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
					if test.leave {
						cancel()
					}
					<-ctx.Done()
					c.clock.add(time.Millisecond)
					return fails(picasso.CodeUnavailable)(ctx, call, w)
				}
			})
			out := c.Invoke(ctx, callOf(fn, ""), httptest.NewRecorder())
			assert.Equal(t, picasso.CodeWaitTimedOut, codeOf(out))
			for _, m := range c.view.Load().members {
				assert.False(t, m.suspect.Load(), m.name)
			}
		})
	}
}

// TestCancelBetweenHosts: a call that is told so on one host goes to no other.
func TestCancelBetweenHosts(t *testing.T) {
	c, fn := newCluster(t, "a", "b"), function("f")
	c.ranked(fn)[0].set(func(f *fake) {
		f.invoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			assert.NoError(t, c.Cancel(ctx, call.ExecutionID))
			return fails(picasso.CodeBusy)(ctx, call, w)
		}
	})
	out, _ := c.call(t, fn, "")
	assert.Equal(t, picasso.CodeCancelled, codeOf(out))
	assert.Equal(t, []string{"cancel e-f"}, c.ranked(fn)[0].heard())
	assert.Empty(t, c.ranked(fn)[1].seen())
	assert.Empty(t, c.ranked(fn)[1].heard(), "it is known where it was")
}

// TestProgress is passed on.
func TestProgress(t *testing.T) {
	c, fn := newCluster(t, "a"), function("f")
	c.engine("a/1").set(func(f *fake) {
		f.invoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			call.Progress(picasso.ProgressWaiting)
			call.Progress(picasso.ProgressTaken)
			return answer200(ctx, call, w)
		}
	})
	var heard []picasso.Progress
	call := callOf(fn, "")
	call.Progress = func(p picasso.Progress) { heard = append(heard, p) }
	require.Nil(t, c.Invoke(t.Context(), call, httptest.NewRecorder()).Err)
	assert.Equal(t, []picasso.Progress{picasso.ProgressWaiting, picasso.ProgressTaken}, heard)
	assert.Zero(t, call.Share, "the caller's call is left as it was")
}

// TestShares: max_sandboxes is divided, the same by two processes, and only hosts
// with a share are asked.
func TestShares(t *testing.T) {
	for limit := range 12 {
		fn := function("f")
		fn.MaxSandboxes = limit
		var shares [2]map[string]int
		for i := range shares { // each with engines of its own
			c := newCluster(t, "a", "b", "c", "d", "e")
			shares[i] = map[string]int{}
			for name, e := range c.engines {
				e.set(func(f *fake) { f.invoke = fails(picasso.CodeBusy) })
				defer func() { assert.LessOrEqual(t, len(e.seen()), 2, name) }()
			}
			_, _ = c.call(t, fn, "")
			for name, e := range c.engines {
				for _, call := range e.seen() {
					shares[i][name] = call.Share
				}
			}
		}
		sum := 0
		for _, share := range shares[0] {
			sum += share
		}
		assert.Equal(t, limit, sum)
		assert.Equal(t, shares[0], shares[1])
		if limit > 0 {
			assert.Len(t, shares[0], min(limit, 5))
		}
	}
}

// TestAffinity: calls of a function stay together, those at once spread, and come
// together again.
func TestAffinity(t *testing.T) {
	c, fn := newCluster(t, "a", "b", "c"), function("f")
	engines := c.ranked(fn)
	hold := make(chan struct{})
	for _, e := range engines {
		e.set(func(f *fake) {
			f.invoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
				<-hold
				return answer200(ctx, call, w)
			}
		})
	}
	outs := make(chan picasso.Outcome)
	const calls = 12 // 4 cores take 8
	for range calls {
		go func() { outs <- c.Invoke(context.Background(), callOf(fn, ""), httptest.NewRecorder()) }()
	}
	require.Eventually(t, func() bool { return len(engines[0].seen())+len(engines[1].seen()) == calls }, patience, time.Millisecond)
	assert.Len(t, engines[0].seen(), 8)
	close(hold)
	for range calls {
		require.Nil(t, (<-outs).Err)
	}
	for range 5 {
		_, _ = c.call(t, fn, "")
	}
	assert.Len(t, engines[0].seen(), 13)
	assert.Zero(t, c.inFlight.Load())
}

// TestWarm: a host that has a sandbox comes before the others.
func TestWarm(t *testing.T) {
	c, fn := newCluster(t, "a", "b", "c"), function("f")
	last := c.names(fn)[2]
	c.store.set(last, func(r *picasso.HostRecord) { r.Functions, r.Inventoried = []string{"e", "f", "g"}, 1 })
	c.refresh(t)
	_, _ = c.call(t, fn, "")
	assert.Len(t, c.engine(last+"/1").seen(), 1)
}

// BenchmarkInvoke is what dispatching costs on top of what the engine does.
func BenchmarkInvoke(b *testing.B) {
	for _, hosts := range []int{3, 1000} {
		b.Run(map[int]string{3: "3 hosts", 1000: "1000 hosts"}[hosts], func(b *testing.B) {
			var names []string
			for _, host := range hostsOf(hosts) {
				names = append(names, host.Name)
			}
			c, fn := newCluster(b, names...), function("f")
			c.cfg.Now = time.Now
			for _, m := range c.view.Load().members {
				m.engine = instant{}
			}
			w := httptest.NewRecorder()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				call := callOf(fn, "")
				for pb.Next() {
					if out := c.Invoke(context.Background(), call, w); out.Err != nil {
						b.Error(out.Err)
					}
				}
			})
		})
	}
}

// instant answers at once.
type instant struct{}

func (instant) Invoke(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
	return picasso.Outcome{HTTPStatus: 200}
}
func (instant) Cancel(context.Context, string) error                 { return nil }
func (instant) Retire(context.Context, string, int64) error          { return nil }
func (instant) Warm(context.Context, *picasso.Function) error        { return nil }
func (instant) ResolveImage(context.Context, string) (string, error) { return "", nil }
func (instant) Host(context.Context) (host picasso.Host, err error)  { return host, nil }
func (instant) Close()                                               {}
