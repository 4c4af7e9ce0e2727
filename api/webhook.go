package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/picasso-faas/picasso"
)

// Where the sender of a request to a webhook has the secret, or what is made with it.
const (
	tokenKey        = "token" // of the query
	headerSignature = "X-Hub-Signature-256"
	signaturePrefix = "sha256="
)

func authOf(t *picasso.Trigger) picasso.WebhookAuth {
	if t.Webhook == nil {
		return ""
	}
	return t.Webhook.Auth
}

// setSecret moves the secret of a webhook to where stores keep it. It makes one when there is
// none, when none is asked for by name, and when the auth is not what it was; that one it returns, to be shown once.
func (s *Server) setSecret(t *picasso.Trigger, before picasso.WebhookAuth, patch []member) (made string) {
	auth := authOf(t)
	if auth == "" || auth == picasso.WebhookKeystone {
		t.Secret = ""
		return ""
	}
	secret := t.Webhook.Secret
	t.Webhook = &picasso.Webhook{Auth: auth}
	if secret == "" && (auth != before || namesSecret(patch)) {
		made = s.NewSecret()
		secret = made
	}
	if secret != "" {
		t.Secret = kept(auth, secret)
	}
	return made
}

// namesSecret reports whether a patch names webhook.secret.
func namesSecret(patch []member) bool {
	for _, m := range patch {
		if m.name == "webhook" {
			block, _ := members(m.name, m.value) // it was applied already, so it can be read
			return names(block, "secret")
		}
	}
	return false
}

// kept is a secret as stores keep it: to check a signature takes the secret itself, to
// check the secret its hash.
func kept(auth picasso.WebhookAuth, secret string) string {
	if auth == picasso.WebhookHMAC {
		return secret
	}
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// hasToken reports whether a request has the secret that is kept.
func hasToken(r *http.Request, secret string) bool {
	given := r.URL.Query().Get(tokenKey)
	if scheme, rest, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		given = strings.TrimSpace(rest)
	}
	return subtle.ConstantTimeCompare([]byte(kept(picasso.WebhookToken, given)), []byte(secret)) == 1
}

// signature is that of a request, nil without a well-formed one.
func signature(r *http.Request) []byte {
	text, ok := strings.CutPrefix(r.Header.Get(headerSignature), signaturePrefix)
	sum, err := hex.DecodeString(text)
	if !ok || err != nil || len(sum) != sha256.Size {
		return nil
	}
	return sum
}

// isSigned reports whether sum is the HMAC-SHA256 of the body by the secret.
func isSigned(body, sum []byte, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), sum)
}
