package keystone_test

import (
	"net/http"
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

func TestWWWAuthenticate(t *testing.T) {
	config := keystonetest.Config(t)
	assert.Equal(t, `Keystone uri="`+config.AuthURL+`"`, newAuthenticator(t, config).WWWAuthenticate())
	config.WWWAuthenticateURI = "https://keystone.example.com/v3"
	assert.Equal(t, `Keystone uri="https://keystone.example.com/v3"`, newAuthenticator(t, config).WWWAuthenticate())
}
