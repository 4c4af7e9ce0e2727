package contract

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
)

func TestEnvironment(t *testing.T) {
	fn := &picasso.Function{AppConfig: map[string]string{"A": "app", "B": "app", "C": "app"}}
	fn.Config = map[string]string{"B": "function", "C": "function", "EMPTY": ""}
	assert.Equal(t, []string{"A=app", "B=function", "C=platform=x", "EMPTY="}, environment(fn, []string{"C=platform=x"}))
	assert.Empty(t, environment(&picasso.Function{}, nil))
}

func TestHeaderEnv(t *testing.T) {
	env := headerEnv(http.Header{
		"Content-Type": {"text/plain"}, "X-Two": {"a", "b"}, "X.Odd~Name": {"x"},
		"Authorization": {"secret"}, "Cookie": {"secret"}, "X-Auth-Token": {"secret"}, "Nul": {"a\x00b"},
	})
	assert.ElementsMatch(t, []string{"HEADER_CONTENT_TYPE=text/plain", "HEADER_X_TWO=a b", "HEADER_X_ODD_NAME=x"}, env)
	assert.Empty(t, headerEnv(http.Header{"Big": {strings.Repeat("x", maxHeaderEnvBytes)}}))
}

func TestOrigin(t *testing.T) {
	for url, want := range map[string][2]string{
		"http://h:1/x?y":  {"http", "h:1"},
		"https://h?x=://": {"https", "h"},
		"https://h":       {"https", "h"},
		"http:///x":       {"http", "localhost"},
		"/x":              {"", "localhost"},
		"":                {"", "localhost"},
	} {
		scheme, host := origin(url)
		assert.Equal(t, want, [2]string{scheme, host}, url)
	}
}
