package destination

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	connectTimeout = 10 * time.Second
	deliverTimeout = 30 * time.Second
	maxAnswerBytes = 64 << 10 // that are kept; the rest is not read
)

// newClient returns a client that goes nowhere but to where it is sent: it
// follows no redirects, knows no proxies, and connects to public addresses only.
func newClient(options Options) (*http.Client, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if options.CA != nil {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(options.CA) {
			return nil, picasso.Errorf(picasso.CodeInvalid, "cafile: holds no certificate in PEM")
		}
	}
	dialer := &net.Dialer{Timeout: connectTimeout, Control: onlyPublic}
	if options.AllowPrivate {
		dialer.Control = nil
	}
	return &http.Client{
		Timeout:       deliverTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: trust, TLSHandshakeTimeout: connectTimeout,
			ForceAttemptHTTP2: true, DisableCompression: true, MaxIdleConns: 100, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}, nil
}

// Deliver implements queue.Destinations.
func (d *Destinations) Deliver(ctx context.Context, c *picasso.Claimed, w http.ResponseWriter) picasso.Outcome {
	o := picasso.Outcome{Started: d.cfg.Now(), InputBytes: int64(len(c.Input.Body))}
	o.Err = d.post(ctx, c, w, &o)
	o.Run = d.cfg.Now().Sub(o.Started)
	return o
}

func (d *Destinations) post(ctx context.Context, c *picasso.Claimed, w http.ResponseWriter, o *picasso.Outcome) *picasso.Error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Destination, bytes.NewReader(c.Input.Body))
	if err != nil {
		return failed("the URL is not valid").WithCause(err)
	}
	for name, values := range c.Input.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	r.Header.Set("User-Agent", "picasso")
	r.Header.Set("Picasso-Execution-Id", c.ID)
	r.Header.Set("Picasso-Attempt", strconv.Itoa(c.Attempt))
	r.Header.Set("X-Openstack-Request-Id", c.RequestID)
	resp, err := d.client.Do(r)
	if err != nil {
		return explain(ctx, err)
	}
	defer resp.Body.Close()
	o.HTTPStatus = resp.StatusCode
	if kind := resp.Header.Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(resp.StatusCode)
	o.OutputBytes, err = io.Copy(w, io.LimitReader(resp.Body, maxAnswerBytes))
	switch {
	case err != nil:
		return explain(ctx, err)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		o.OwnAccount = true
		return failed(fmt.Sprintf("the destination answered with status %d", resp.StatusCode))
	}
	return nil
}

// failed is the error of a delivery. It counts as the function's.
func failed(detail string) *picasso.Error {
	return &picasso.Error{Code: picasso.CodeFunctionFailed, Title: "Delivery failed", Detail: detail}
}

// explain tells users why there is no answer, and nothing about the network
// that they are not on.
func explain(ctx context.Context, err error) *picasso.Error {
	var untrusted *tls.CertificateVerificationError
	var name *net.DNSError
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return picasso.Errorf(picasso.CodeCancelled, "the delivery was cancelled").WithCause(err)
	case errors.Is(err, errNotPublic):
		return picasso.Errorf(picasso.CodeForbidden, "the destination is not at a public address")
	case errors.As(err, &untrusted):
		return failed("the certificate of the destination cannot be trusted: " + untrusted.Err.Error())
	case errors.As(err, &name):
		return failed("the name of the destination cannot be resolved").WithCause(err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return failed("the destination did not answer in time").WithCause(err)
	}
	return failed("the destination could not be reached, or ended the connection").WithCause(err)
}
