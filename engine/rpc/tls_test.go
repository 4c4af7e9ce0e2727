package rpc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/socket"
)

// authority signs certificates for 127.0.0.1.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "authority"}}
	a.cert, a.key = a.sign(t, template)
	return a
}

// sign signs for a new key, by itself if it has none yet.
func (a *authority) sign(t *testing.T, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// config is for both sides.
func (a *authority) config(t *testing.T) *tls.Config {
	t.Helper()
	cert, key := a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "host"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
		RootCAs:      a.pool(), ClientCAs: a.pool(), ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}
}

// Without its socket a connection would count as heard, and its client as there.
func TestTheSocketIsFoundBelowWhatWrapsIt(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	below, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer below.Close()
	s := NewServer(&scripted{}, testKey, ServerOptions{}, discard())
	for _, nc := range []net.Conn{below, socket.Wrap(below), tls.Client(socket.Wrap(below), &tls.Config{InsecureSkipVerify: true})} {
		require.Same(t, below, s.ConnContext(t.Context(), nc).Value(connKey{}), "%T", nc)
	}
}

func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	handler := NewServer(&scripted{invoke: echo}, testKey, ServerOptions{}, discard())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = tls.NewListener(socket.Listener{Listener: listener}, ours.config(t))
	server.Config.ConnContext = handler.ConnContext
	server.Start()
	defer server.Close()
	url := "https://" + listener.Addr().String()

	stranger := ours.config(t)
	stranger.Certificates = theirs.config(t).Certificates
	nobody := ours.config(t)
	nobody.Certificates = nil
	for name, config := range map[string]*tls.Config{
		"a certificate of another authority": stranger, "no certificate": nobody, "an engine of another authority": theirs.config(t),
	} {
		client, err := NewClient(Endpoint{URL: url, Key: testKey, TLS: config}, discard())
		require.NoError(t, err)
		out := client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder())
		require.Equal(t, picasso.CodeUnavailable, out.Err.Code, "%s: %v", name, out.Err)
		client.Close()
	}
	plain, err := NewClient(Endpoint{URL: "http://" + listener.Addr().String(), Key: testKey}, discard())
	require.NoError(t, err)
	defer plain.Close()
	require.Equal(t, picasso.CodeUnavailable, plain.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()).Err.Code)

	client, err := NewClient(Endpoint{URL: url, Key: testKey, TLS: ours.config(t)}, discard())
	require.NoError(t, err)
	defer client.Close()
	for _, size := range []int{0, 1, 1 << 20, 1} {
		w := httptest.NewRecorder()
		out := client.Invoke(t.Context(), newCall(strings.Repeat("x", size)), w)
		require.Nil(t, out.Err, "%v", out.Err)
		require.Equal(t, size, w.Body.Len())
	}
	// A connection that the engine has closed meanwhile is found before it is used.
	for range 20 {
		server.CloseClientConnections()
		out := client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder())
		require.Nil(t, out.Err, "%v", out.Err)
	}
}

func TestTLSIsForBothSidesOrNone(t *testing.T) {
	_, err := NewClient(Endpoint{URL: "http://127.0.0.1:1", TLS: &tls.Config{}}, discard())
	require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
	_, err = NewClient(Endpoint{URL: "https://127.0.0.1:1"}, discard())
	require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
}
