package picasso_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// Nothing that logs a call, however it does, shows the token.
func TestTokensAreNotPrinted(t *testing.T) {
	c := &picasso.Credentials{Token: "gAAAAsecret", UserID: "u1", ProjectID: "p1"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for name, value := range map[string]any{
			"pointer": c, "value": *c, "in a list": []picasso.Credentials{*c}, "in a call": picasso.Call{Credentials: c},
		} {
			text := fmt.Sprintf(verb, value)
			require.NotContains(t, text, "secret", name+" "+verb)
			require.NotContains(t, text, fmt.Sprintf("%x", "secret"), name+" "+verb)
		}
	}
	require.Equal(t, "credentials of user u1 in project p1", fmt.Sprint(c))
	require.Equal(t, "<nil>", fmt.Sprint((*picasso.Credentials)(nil)))
	text, err := json.Marshal(c)
	require.NoError(t, err)
	require.NotContains(t, string(text), "secret")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "credentials", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "credentials", c)
	require.NotContains(t, log.String(), "secret")
}
