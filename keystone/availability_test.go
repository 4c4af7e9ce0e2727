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

const soon = 30 * time.Second // how long a condition may take to come true

// Whatever is wrong with Keystone, it is unavailable, quickly enough; and when
// it is back, so are we.
func TestKeystoneBroken(t *testing.T) {
	p, config := newProxy(t)
	config.HTTPConnectTimeout = 2 * time.Second
	config.HTTPRequestMaxRetries = 1
	known, fresh := keystonetest.Token(t, "alpha"), keystonetest.Token(t, "beta")
	a := newAuthenticator(t, config)
	_, err := a.Authenticate(request(known))
	require.NoError(t, err)

	for name, mode := range map[string]http.HandlerFunc{
		"hangs":                    hang,
		"cuts":                     cut,
		"500":                      answer(http.StatusInternalServerError),
		"503":                      answer(http.StatusServiceUnavailable),
		"does not let us":          answer(http.StatusForbidden),
		"does not know us":         answer(http.StatusUnauthorized),
		"too many requests":        answer(http.StatusTooManyRequests),
		"sends us elsewhere":       answer(http.StatusFound),
		"something else altogther": answer(http.StatusOK),
	} {
		p.set(mode)
		for what, a := range map[string]*keystone.Authenticator{"logged in": a, "not logged in": newAuthenticator(t, config)} {
			_, err := a.Authenticate(request(fresh))
			assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "%s, %s", name, what)
			assert.Positive(t, picasso.AsError(err).RetryAfter, name)
			assert.Error(t, picasso.AsError(err).Cause, name)
			assert.NotContains(t, err.Error(), fresh, name)
			assert.NotContains(t, err.Error(), "html", name)
		}
		_, err = a.Authenticate(request(known))
		assert.NoError(t, err, "%s: a token in memory is taken", name)
	}
	p.set(nil)
	_, err = a.Authenticate(request(fresh))
	assert.NoError(t, err)
}

func TestKeystoneDown(t *testing.T) {
	p, config := newProxy(t)
	config.HTTPConnectTimeout = time.Minute
	a := newAuthenticator(t, config)
	token := keystonetest.Token(t, "alpha")
	p.close()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(a.Check(t.Context())))
	_, err := a.Authenticate(request(token))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "all retries refused, long before the time is over")
	p.listen(t)
	_, err = a.Authenticate(request(token))
	assert.NoError(t, err)
	p.close() // with a connection kept alive
	p.listen(t)
	_, err = a.Authenticate(request(keystonetest.Token(t, "beta")))
	assert.NoError(t, err)
}

// A single cut is retried and nobody notices.
func TestRetries(t *testing.T) {
	p, config := newProxy(t)
	a := newAuthenticator(t, config)
	require.NoError(t, a.Check(t.Context()))
	var once sync.Once
	p.set(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { cut(w, r) })
		p.forward.ServeHTTP(w, r)
	})
	_, err := a.Authenticate(request(keystonetest.Token(t, "alpha")))
	assert.NoError(t, err)
}

func TestServiceUserWrong(t *testing.T) {
	_, config := newProxy(t)
	config.Password = "wrong" // which Keystone answers with 401, as it would a wrong token
	a := newAuthenticator(t, config)
	for _, token := range []string{keystonetest.Token(t, "alpha"), "nonsense"} {
		_, err := a.Authenticate(request(token))
		assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
		assert.ErrorContains(t, err, "service user cannot log in: keystone answered 401")
		assert.NotContains(t, picasso.AsError(err).Detail, "service user", "that is for the log")
	}
}

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
	assert.EqualValues(t, asked+keystone.CachedRefusals+10, p.validations.Load())
	grants, refusals := a.Cached()
	assert.Equal(t, 1, grants)
	assert.Equal(t, keystone.CachedRefusals, refusals)
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

func TestWWWAuthenticate(t *testing.T) {
	config := keystonetest.Config(t)
	assert.Equal(t, `Keystone uri="`+config.AuthURL+`"`, newAuthenticator(t, config).WWWAuthenticate())
	config.WWWAuthenticateURI = "https://keystone.example.com/v3"
	assert.Equal(t, `Keystone uri="https://keystone.example.com/v3"`, newAuthenticator(t, config).WWWAuthenticate())
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
