package api_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/db"
)

func TestAFullQueueTakesNoCalls(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.Queue.(*db.Store).LimitQueued(3) })
	k.function(`{"name":"f","image":"i"}`)
	k.v1(200, "POST", "/apps", `{"app":{"name":"shop"}}`)
	k.v1Route(`"path":"/open","type":"async","is_public":true`)
	hook := k.member(201, "POST", "/v2/triggers", `{"name":"t","function":"f","type":"webhook","webhook":{"auth":"token","secret":"0123456789abcdef"}}`).JSON(t)["id"].(string)
	send := map[string]func() apitest.Answer{
		"call": func() apitest.Answer {
			return k.as("alpha", "member", "POST", "/v2/functions/f/invoke", "", "Prefer", "respond-async")
		},
		"public route": func() apitest.Answer { return k.Do("POST", "/r/shop-alpha/open", "") },
		"webhook": func() apitest.Answer {
			return k.Do("POST", "/hooks/"+hook, "{}", "Authorization", "Bearer 0123456789abcdef")
		},
	}
	for name, send := range send {
		assert.Less(t, send().StatusCode, 300, name)
	}
	for name, send := range send {
		refused := send()
		assert.Equal(t, 429, refused.StatusCode, name)
		assert.Equal(t, "1", refused.Header.Get("Retry-After"), name)
		assert.Contains(t, refused.Text, "the project has as many executions queued as it may, 3", name)
	}
	assert.Equal(t, "rate_limited", errorCode(t, send["call"]()))
	limits := k.as("alpha", "reader", "GET", "/v2/limits", "").JSON(t)
	assert.Equal(t, []any{3.0, 3.0}, []any{limits["max_queued"], limits["queued"]})
	k.member(200, "POST", "/v2/functions/f/invoke", "")
	assert.Equal(t, 201, k.as("beta", "member", "POST", "/v2/functions", `{"name":"f","image":"i"}`).StatusCode)
	assert.Equal(t, 202, k.as("beta", "member", "POST", "/v2/functions/f/invoke", "", "Prefer", "respond-async").StatusCode)
}
