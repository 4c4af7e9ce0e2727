package launch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// serverTLS is what picasso-engine serves with: only who has a certificate of the
// same authority may connect. nil: no TLS.
func (r *RPC) serverTLS() (*tls.Config, error) {
	c, pool, err := r.tls()
	if c != nil {
		c.ClientCAs, c.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return c, err
}

// clientTLS is what the others connect with. nil: no TLS.
func (r *RPC) clientTLS() (*tls.Config, error) {
	c, pool, err := r.tls()
	if c != nil {
		c.RootCAs = pool
	}
	return c, err
}

func (r *RPC) tls() (*tls.Config, *x509.CertPool, error) {
	if r.Cert == "" {
		return nil, nil, nil
	}
	pair, err := tls.X509KeyPair(r.cert, r.key)
	if err != nil {
		return nil, nil, fmt.Errorf("[rpc] cert, key: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(r.ca) {
		return nil, nil, errors.New("[rpc] ca: there is no PEM certificate in it")
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}, pool, nil
}
