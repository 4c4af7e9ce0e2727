package rpc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/picasso-faas/picasso"
)

// MaxClockSkew is how far the clocks of an API process and an engine may be
// apart; it also bounds how long a captured request could be sent again.
const MaxClockSkew = 2 * time.Minute

// signed lists the fields the signature covers, in order. The body of an
// invoke is not among them: it streams.
var signed = [...]string{
	fieldDate, fieldExecution, fieldRequest, fieldFunction, fieldMethod, fieldURL, fieldPath, fieldGateway,
	fieldAttempt, fieldLog, fieldBodyDigest,
}

// sign sets date and signature of a request whose other fields are complete.
func sign(key []byte, method, path string, h http.Header, now time.Time) {
	h[fieldDate] = []string{strconv.FormatInt(now.UnixNano(), 10)}
	h[fieldSignature] = []string{signature(key, method, path, h)}
}

func signature(key []byte, method, path string, h http.Header) string {
	mac := hmac.New(sha256.New, key)
	buf := make([]byte, 0, 512)
	buf = append(append(append(append(buf, method...), '\n'), path...), '\n')
	for _, name := range signed {
		if v := h[name]; len(v) > 0 {
			buf = append(buf, v[0]...)
		}
		buf = append(buf, '\n') // cannot be part of a field's value
	}
	mac.Write(buf)
	return hex.EncodeToString(mac.Sum(buf[:0]))
}

// verify checks date and signature. Errors: unauthenticated.
func verify(key []byte, r *http.Request, now time.Time) error {
	for _, name := range signed {
		if len(r.Header[name]) > 1 {
			return picasso.Errorf(picasso.CodeUnauthenticated, "%s: is given more than once", name)
		}
	}
	want := signature(key, r.Method, r.URL.Path, r.Header)
	if !hmac.Equal([]byte(want), []byte(r.Header.Get(fieldSignature))) {
		return picasso.Errorf(picasso.CodeUnauthenticated, "the signature is wrong: do both sides have the same [rpc] key?")
	}
	nanos, _ := strconv.ParseInt(r.Header.Get(fieldDate), 10, 64)
	if skew := now.Sub(time.Unix(0, nanos)).Abs(); skew > MaxClockSkew {
		return picasso.Errorf(picasso.CodeUnauthenticated, "the request is %s off this host's clock, more than %s", skew.Round(time.Second), MaxClockSkew)
	}
	return nil
}

// digest is the hex SHA-256 of a body.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
