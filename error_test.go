package picasso_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestErrorf(t *testing.T) {
	err := picasso.Errorf(picasso.CodeInvalid, "memory_mb: must be from %d to %d", 8, 65536)
	require.Equal(t, "Invalid request", err.Title)
	require.Equal(t, "memory_mb: must be from 8 to 65536", err.Detail)
	require.NoError(t, err.Cause)
	require.Equal(t, "invalid: memory_mb: must be from 8 to 65536", err.Error())
}

func TestErrorCarriesItsCause(t *testing.T) {
	wrapped := picasso.Errorf(picasso.CodeUnavailable, "database: %w", io.ErrUnexpectedEOF)
	require.ErrorIs(t, wrapped, io.ErrUnexpectedEOF)
	require.Equal(t, "unavailable: database: unexpected EOF", wrapped.Error(), "said once")

	hidden := picasso.Errorf(picasso.CodeUnavailable, "the database does not answer").WithCause(io.EOF)
	require.ErrorIs(t, hidden, io.EOF)
	require.NotContains(t, hidden.Detail, "EOF")
	require.Contains(t, hidden.Error(), "EOF")
}

func TestAsError(t *testing.T) {
	require.Nil(t, picasso.AsError(nil))
	require.Equal(t, picasso.Code(""), picasso.CodeOf(nil))

	known := picasso.Errorf(picasso.CodeNotFound, "app %q not found", "x")
	require.Same(t, known, picasso.AsError(fmt.Errorf("loading: %w", known)))

	opaque := picasso.AsError(errors.New("password is hunter2"))
	require.Equal(t, picasso.CodeInternal, opaque.Code)
	require.Empty(t, opaque.Detail)
}

func TestErrorCrossesAProcessHop(t *testing.T) {
	sent := picasso.Errorf(picasso.CodeBusy, "host is full").WithCause(io.EOF)
	sent.RetryAfter = time.Second
	wire, err := json.Marshal(sent)
	require.NoError(t, err)
	require.NotContains(t, string(wire), "EOF", "the cause stays where it is")

	var got picasso.Error
	require.NoError(t, json.Unmarshal(wire, &got))
	want := *sent
	want.Cause = nil
	require.Equal(t, want, got)
}

func TestEveryCodeHasATitle(t *testing.T) {
	codes := []picasso.Code{
		picasso.CodeInvalid, picasso.CodeImageUnavailable, picasso.CodeUnauthenticated, picasso.CodeForbidden,
		picasso.CodeOverQuota, picasso.CodeNotFound, picasso.CodeConflict, picasso.CodeTooLarge, picasso.CodeRateLimited,
		picasso.CodeFunctionFailed, picasso.CodeFunctionDied, picasso.CodeSandboxFailed, picasso.CodeResponseTooLarge,
		picasso.CodeBusy, picasso.CodeUnavailable, picasso.CodeNotReady, picasso.CodeWaitTimedOut, picasso.CodeTimedOut,
	}
	seen := map[string]picasso.Code{}
	for _, code := range codes {
		title := code.Title()
		require.NotEqual(t, picasso.CodeInternal.Title(), title, code)
		require.NotContains(t, seen, title, "%s and %s", code, seen[title])
		seen[title] = code
	}
}
