package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/api/apitest"
)

func TestAddFilter(t *testing.T) {
	tests := map[string]struct{ want, err string }{
		"payload.state=active":             {`{"payload.state": "active"}`, ""},
		"payload.state=":                   {`{"payload.state": ""}`, ""},
		"payload.size=5":                   {`{"payload.size": 5}`, ""},
		`payload.size="5"`:                 {`{"payload.size": "5"}`, ""},
		"payload.on=true":                  {`{"payload.on": true}`, ""},
		"payload.on=null":                  {`{"payload.on": null}`, ""},
		`payload.state=["a", "b"]`:         {`{"payload.state": ["a", "b"]}`, ""},
		`payload.size={"gt": 1000}`:        {`{"payload.size": {"gt": 1000}}`, ""},
		"payload.query=a=b":                {`{"payload.query": "a=b"}`, ""},
		"payload.name=@home":               {`{"payload.name": "@home"}`, ""},
		` {"a": 1, "b": {"exists": true}}`: {`{"a": 1, "b": {"exists": true}}`, ""},
		"payload.state":                    {"{}", "must be FIELD=VALUE, a JSON object or @FILE"},
		"=active":                          {"{}", "must be FIELD=VALUE, a JSON object or @FILE"},
		"":                                 {"{}", "must be FIELD=VALUE, a JSON object or @FILE"},
		`{"a": 1`:                          {"{}", "is no JSON object"},
		`{"a": 1} 2`:                       {"{}", "is no JSON object"},
	}
	for text, test := range tests {
		t.Run(text, func(t *testing.T) {
			filter := map[string]json.RawMessage{}
			err := addFilter(filter, text)
			if test.err == "" {
				require.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.err)
			}
			got, err := json.Marshal(filter)
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string(got))
		})
	}
}

// A secret that the server makes is seen by who asked for it, once.
func TestSecretsOfWebhooks(t *testing.T) {
	picasso := worked(t, &apitest.Engine{})
	must(t, picasso, "function", "create", "f", "--image", "i")
	const note = "The secret was made for you. This is the only time it is shown.\n"

	out, stderr, status := picasso("trigger", "create", "hook", "--type", "webhook", "--function", "f", "-f", "json")
	require.Equal(t, exitOK, status, stderr)
	assert.Equal(t, note, stderr)
	var made struct{ URL, Secret string }
	require.NoError(t, json.Unmarshal([]byte(out), &made))
	assert.NotEmpty(t, made.Secret)
	assert.True(t, strings.HasSuffix(made.URL, "?token="+made.Secret), made.URL)
	shown := must(t, picasso, "trigger", "show", "hook", "-f", "json")
	assert.NotContains(t, shown, made.Secret)
	assert.NotContains(t, shown, `"secret"`)

	out, stderr, status = picasso("trigger", "set", "hook", "--secret", "")
	require.Equal(t, exitOK, status, stderr)
	assert.Equal(t, note, stderr)
	assert.NotEqual(t, made.Secret, strings.TrimSpace(out))
	assert.GreaterOrEqual(t, len(out), 16)

	out, stderr, status = picasso("trigger", "set", "hook", "--secret", "@testdata/secret.txt")
	require.Equal(t, exitOK, status, stderr)
	assert.Empty(t, out+stderr, "who brought a secret knows it")
}
