package api

import (
	"net/http"
	"strings"

	"github.com/picasso-faas/picasso"
)

// The preference that makes a call asynchronous (RFC 7240, 4.1).
const respondAsync = "respond-async"

// maxKeyBytes bounds an Idempotency-Key.
const maxKeyBytes = 255

// prefersAsync reports whether the client asks for an asynchronous answer.
// Preferences that are not known here, or not well formed, count for nothing.
func prefersAsync(h http.Header) bool {
	for _, value := range h["Prefer"] {
		for value != "" {
			var preference string
			preference, value = cutUnquoted(value, ',')
			name, _ := cutUnquoted(preference, ';')
			name, argument, _ := strings.Cut(name, "=")
			argument = strings.TrimSpace(argument)
			if strings.EqualFold(strings.TrimSpace(name), respondAsync) && (argument == "" || argument == `""`) {
				return true
			}
		}
	}
	return false
}

// cutUnquoted cuts s at the first separator that is not within a quoted string
// (RFC 9110, 5.6.4).
func cutUnquoted(s string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// idempotencyKey is the key of an asynchronous call, "" without one. Errors: invalid.
func idempotencyKey(h http.Header) (string, error) {
	values, given := h["Idempotency-Key"]
	if !given {
		return "", nil
	}
	key := values[0]
	printable := strings.IndexFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) < 0
	if len(values) > 1 || key == "" || len(key) > maxKeyBytes || !printable {
		return "", picasso.Errorf(picasso.CodeInvalid,
			"Idempotency-Key: must be 1 to %d printable characters of ASCII, and be given once", maxKeyBytes)
	}
	return key, nil
}
