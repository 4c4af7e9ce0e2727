package rpc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/picasso-faas/picasso"
)

// signed lists the fields the signature covers, in order. The body of an
// invoke is not among them: it streams. Nor are the headers of its caller and
// answers: against those who can change what passes, there is TLS.
var signed = [...]string{
	fieldSession, fieldNumber, fieldExecution, fieldRun, fieldRequest, fieldFunction, fieldMethod, fieldURL, fieldPath, fieldGateway,
	fieldAttempt, fieldLog, fieldShare, fieldSpill, fieldBodyDigest, fieldCredentials,
}

// ticket is what makes a request good for once.
type ticket struct{ session, number string }

// sign sets ticket and signature of a request whose other fields are complete.
func sign(key []byte, method, path string, h http.Header, once ticket) {
	h[fieldSession], h[fieldNumber] = []string{once.session}, []string{once.number}
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

// proof is what a server says to the client that sent word, to show that it
// has the key. No request is called as its first line.
func proof(key []byte, word, session string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("session given\n" + word + "\n" + session))
	return hex.EncodeToString(mac.Sum(nil))
}

// verify checks the signature. Errors: unauthenticated.
func verify(key []byte, r *http.Request) error {
	for _, name := range signed {
		if len(r.Header[name]) > 1 {
			return picasso.Errorf(picasso.CodeUnauthenticated, "%s: is given more than once", name)
		}
	}
	want := signature(key, r.Method, r.URL.Path, r.Header)
	if !hmac.Equal([]byte(want), []byte(r.Header.Get(fieldSignature))) {
		return picasso.Errorf(picasso.CodeUnauthenticated, "the signature is wrong: is it for another engine, or this one as it was before a restart?")
	}
	return nil
}

// digest is the hex SHA-256 of a body.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
