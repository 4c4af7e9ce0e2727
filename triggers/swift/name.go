package swift

import (
	"net/url"
	"unicode/utf8"

	"github.com/picasso-faas/picasso"
)

// decodeName undoes what the middleware does to a name: it takes the UTF-8 of
// the path for Latin-1, as WSGI wants it, and percent-encodes the UTF-8 of that.
// So each character of what percent-decoding gives is a byte of the name. What
// cannot be that is taken as it is: a middleware that encodes once.
// Errors: invalid.
func decodeName(encoded string) (string, error) {
	once, err := url.PathUnescape(encoded)
	if err != nil || !utf8.ValidString(once) {
		return "", picasso.Errorf(picasso.CodeInvalid, "payload.target.metadata: a name is not percent-encoded UTF-8")
	}
	name := make([]byte, 0, len(once))
	for _, c := range once {
		if c > 0xff {
			return once, nil
		}
		name = append(name, byte(c)) //nolint:gosec // it is one
	}
	if !utf8.Valid(name) {
		return once, nil
	}
	return string(name), nil
}

// encodeName is a name as a path of a URL has it. Slashes stay.
func encodeName(name string) string {
	return (&url.URL{Path: "/" + name}).EscapedPath()[1:]
}
