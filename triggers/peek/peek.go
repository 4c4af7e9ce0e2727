// Package peek asks other services about what happened, as the project of the
// trigger that wants to know: with a token of the trigger's trust, at the
// endpoints of the catalog. A project that gets no answers does not keep others
// from asking.
package peek

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	timeout        = 20 * time.Second
	idlePerHost    = 100 // connections kept to one address
	maxHeaderBytes = 64 << 10
	maxAnswerBytes = 1 << 20
)

// Question is a request without a body.
type Question struct {
	Service string // its type in the catalog, as "object-store"
	Method  string
	Path    string // below the endpoint, percent-encoded, from "/" on
	Field   string // of the trigger, that makes us ask, as "swift.verify"
	Instead string // what its user can do when the trust may not, for the error
}

// Answer is what the service said.
type Answer struct {
	Status int // any but 401, 403, 408, 429 and those of 3xx and 5xx
	Header http.Header
	Body   []byte // up to 1 MiB of it
}

// Peeker asks. It is safe for use by many.
type Peeker struct {
	client    *http.Client
	delegator picasso.Delegator
	turns     *turns
}

// New returns a Peeker. ca is PEM, nil means the system's. delegator may be nil:
// then there is no asking. most is how many ask a service at once, of which a
// fifth are of the same project. Errors: invalid (cafile).
func New(ca []byte, delegator picasso.Delegator, most int) (*Peeker, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != nil {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(ca) {
			return nil, picasso.Errorf(picasso.CodeInvalid, "cafile: holds no certificate in PEM")
		}
	}
	client := &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: trust, TLSHandshakeTimeout: timeout, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConnsPerHost: idlePerHost, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
	return &Peeker{client: client, delegator: delegator, turns: newTurns(most)}, nil
}

// Ask asks as the trigger's project. A token that is not taken may have been
// revoked, so a new one gets a chance. Errors: conflict (the trigger does not work
// any more; the Detail is for its user), busy (there is no answer now; others may get theirs).
func (p *Peeker) Ask(ctx context.Context, t *picasso.Trigger, q Question) (*Answer, error) {
	switch {
	case p.delegator == nil:
		return nil, picasso.Errorf(picasso.CodeBusy, "%s needs Keystone, which is not configured", q.Field)
	case t.Trust == nil:
		return nil, picasso.Errorf(picasso.CodeConflict, "%s: the trigger has no Keystone trust; update it to delegate anew", q.Field)
	}
	end := p.turns.take(ctx, q.Service, t.ProjectID)
	if end == nil {
		return nil, picasso.Errorf(picasso.CodeBusy, "%s is being asked by many", q.Service)
	}
	defer end()
	c, err := p.credentials(ctx, t, timeout)
	if err != nil {
		return nil, err
	}
	answer, err := p.send(ctx, c, q)
	if err == nil && answer.Status == http.StatusUnauthorized {
		if c, err = p.credentials(ctx, t, time.Until(c.ExpiresAt)); err != nil {
			return nil, err
		}
		answer, err = p.send(ctx, c, q)
	}
	if err != nil {
		return nil, err
	}
	return judge(answer, q)
}

// credentials are the trigger's. Errors: conflict, busy.
func (p *Peeker) credentials(ctx context.Context, t *picasso.Trigger, lasting time.Duration) (*picasso.Credentials, error) {
	c, err := p.delegator.Credentials(ctx, t.Trust.ID, lasting)
	if err != nil && picasso.CodeOf(err) != picasso.CodeConflict {
		err = picasso.Errorf(picasso.CodeBusy, "a trust gives no token now").WithCause(err)
	}
	return c, err
}

func judge(answer *Answer, q Question) (*Answer, error) {
	switch status := answer.Status; {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return nil, picasso.Errorf(picasso.CodeConflict, "%s: the trigger's Keystone trust may not do that: %s answered with status %d; "+
			"delegate a role that may (delegate_roles), or %s", q.Field, q.Service, status, q.Instead)
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500, status >= 300 && status < 400:
		return nil, picasso.Errorf(picasso.CodeBusy, "%s answered with status %d", q.Service, status)
	}
	return answer, nil
}

func (p *Peeker) send(ctx context.Context, c *picasso.Credentials, q Question) (*Answer, error) {
	endpoint := c.Endpoints[q.Service]
	if endpoint == "" {
		// The operator's to set right. To tell it to the trigger would end all there are.
		return nil, picasso.Errorf(picasso.CodeBusy, "the catalog has no %s in region %q", q.Service, c.Region)
	}
	request, err := http.NewRequestWithContext(ctx, q.Method, strings.TrimRight(endpoint, "/")+q.Path, nil)
	if err != nil {
		return nil, picasso.Errorf(picasso.CodeBusy, "the catalog's endpoint of %s is not a URL", q.Service)
	}
	request.Header.Set("X-Auth-Token", c.Token)
	request.Header.Set("User-Agent", "picasso")
	response, err := p.client.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the URL names a user's object, which is nothing for the log
		}
		return nil, picasso.Errorf(picasso.CodeBusy, "%s does not answer", q.Service).WithCause(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return nil, picasso.Errorf(picasso.CodeBusy, "%s ended the connection", q.Service).WithCause(err)
	}
	return &Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}
