package keystone_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

func TestOneQuestionPerToken(t *testing.T) {
	p, config := newProxy(t)
	a := newAuthenticator(t, config)
	require.NoError(t, a.Check(t.Context()))
	release := make(chan struct{})
	p.set(p.held(release))
	token := keystonetest.Token(t, "alpha")
	ids := make([]*picasso.Identity, 100)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			id, err := a.Authenticate(request(token))
			assert.NoError(t, err)
			ids[i] = id
		})
	}
	require.Eventually(t, func() bool { return p.underWay.Load() == 1 }, soon, time.Millisecond)
	close(release)
	all.Wait()
	assert.EqualValues(t, 1, p.validations.Load())
	assert.NotContains(t, ids, (*picasso.Identity)(nil))
}

// The first who asks goes away; who waits with them still gets the answer.
func TestCallerGone(t *testing.T) {
	p, config := newProxy(t)
	a := newAuthenticator(t, config)
	require.NoError(t, a.Check(t.Context()))
	release := make(chan struct{})
	p.set(p.held(release))
	token := keystonetest.Token(t, "alpha")
	ctx, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() { _, err := a.Authenticate(request(token).WithContext(ctx)); left <- err }()
	require.Eventually(t, func() bool { return p.underWay.Load() == 1 }, soon, time.Millisecond)
	go func() { _, err := a.Authenticate(request(token)); stayed <- err }()
	leave()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(<-left))
	close(release)
	assert.NoError(t, <-stayed)
	assert.EqualValues(t, 1, p.validations.Load())
}

// Many wrong tokens at once neither ask without bound nor push out good ones,
// and those who wait may leave.
func TestFlood(t *testing.T) {
	p, config := newProxy(t)
	config.HTTPConnectTimeout = soon
	a := newAuthenticator(t, config)
	good := keystonetest.Token(t, "alpha")
	_, err := a.Authenticate(request(good))
	require.NoError(t, err)
	release := make(chan struct{})
	p.set(p.held(release))
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range 10 * keystone.MaxValidations {
		all.Go(func() {
			_, err := a.Authenticate(request(fmt.Sprintf("nonsense-%d", i)).WithContext(ctx))
			assert.Error(t, err)
		})
	}
	require.Eventually(t, func() bool { return p.underWay.Load() == keystone.MaxValidations }, soon, time.Millisecond)
	_, err = a.Authenticate(request(good))
	assert.NoError(t, err, "a token in memory does not wait")
	leave()
	all.Wait()
	assert.EqualValues(t, keystone.MaxValidations, p.most.Load())
	close(release)
	p.set(answer(http.StatusNotFound)) // the rest need not go to the real one
	require.Eventually(t, func() bool {
		_, err := a.Authenticate(request("nonsense-0"))
		return picasso.CodeOf(err) == picasso.CodeUnauthenticated
	}, soon, time.Millisecond)

	asked := p.validations.Load()
	for i := range keystone.CachedRefusals + 10 {
		_, err := a.Authenticate(request(fmt.Sprintf("rubbish-%d", i)))
		require.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err))
	}
	_, err = a.Authenticate(request(good))
	assert.NoError(t, err)
	assert.Equal(t, asked+keystone.CachedRefusals+10, p.validations.Load())
	grants, refusals := a.Cached()
	assert.Equal(t, 1, grants)
	assert.Equal(t, keystone.CachedRefusals, refusals)
}

// Nobody waits longer than http_connect_timeout, however many are in front.
func TestQueueIsNoExtraWait(t *testing.T) {
	p, config := newProxy(t)
	config.HTTPConnectTimeout = 3 * time.Second
	a := newAuthenticator(t, config)
	require.NoError(t, a.Check(t.Context()))
	p.set(hang)
	var all sync.WaitGroup
	for i := range 4 * keystone.MaxValidations {
		all.Go(func() {
			_, err := a.Authenticate(request(fmt.Sprintf("nonsense-%d", i)))
			assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
		})
	}
	all.Wait()
	assert.LessOrEqual(t, p.validations.Load(), int64(2*keystone.MaxValidations), "most gave up before their turn")
}

// A turn that its owner gave up before it came goes to who waits for the same
// token.
func TestTurnGivenUp(t *testing.T) {
	p, config := newProxy(t)
	config.HTTPConnectTimeout = soon
	a := newAuthenticator(t, config)
	require.NoError(t, a.Check(t.Context()))
	release := make(chan struct{})
	p.set(p.held(release))
	var all sync.WaitGroup
	for i := range keystone.MaxValidations {
		all.Go(func() { _, _ = a.Authenticate(request(fmt.Sprintf("nonsense-%d", i))) })
	}
	require.Eventually(t, func() bool { return p.underWay.Load() == keystone.MaxValidations }, soon, time.Millisecond)

	token := keystonetest.Token(t, "alpha")
	for range 20 {
		ctx, leave := context.WithCancel(t.Context())
		all.Go(func() {
			_, err := a.Authenticate(request(token).WithContext(ctx))
			assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
		})
		all.Go(leave)
	}
	stayed := make(chan error, 1)
	go func() { _, err := a.Authenticate(request(token)); stayed <- err }()
	close(release)
	assert.NoError(t, <-stayed)
	all.Wait()
}

// The way of nearly every request: the token is in memory.
func BenchmarkAuthenticate(b *testing.B) {
	a := newAuthenticator(b, keystonetest.Config(b))
	r := request(keystonetest.Token(b, "alpha"))
	_, err := a.Authenticate(r)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = a.Authenticate(r)
	}
}

func BenchmarkAuthenticateParallel(b *testing.B) {
	a := newAuthenticator(b, keystonetest.Config(b))
	r := request(keystonetest.Token(b, "alpha"))
	_, err := a.Authenticate(r)
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = a.Authenticate(r)
		}
	})
}

func TestHitAllocatesLittle(t *testing.T) {
	a := newAuthenticator(t, keystonetest.Config(t))
	r := request(keystonetest.Token(t, "alpha"))
	_, err := a.Authenticate(r)
	require.NoError(t, err)
	assert.LessOrEqual(t, testing.AllocsPerRun(1000, func() { _, _ = a.Authenticate(r) }), 0.0)
	assert.Greater(t, len(strings.TrimSpace(r.Header.Get("X-Auth-Token"))), 100, "a real token")
}
