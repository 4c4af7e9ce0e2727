package db

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// selfSigned makes a certificate for db.example that is its own authority.
func selfSigned(t *testing.T) (certificate, private []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"db.example"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// TestTLSVerifies shakes hands with a server whose certificate is for db.example.
func TestTLSVerifies(t *testing.T) {
	certificate, private := selfSigned(t)
	foreign, _ := selfSigned(t)
	tests := []struct {
		name, host, identity string
		ca                   []byte
		ok                   bool
	}{
		{"right", "db.example:3306", "", certificate, true},
		{"wrong name", "other.example:3306", "", certificate, false},
		{"wrong name, not looked at", "other.example:3306", "false", certificate, true},
		{"wrong authority", "db.example:3306", "", foreign, false},
		{"wrong authority, name not looked at", "db.example:3306", "false", foreign, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ca")
			require.NoError(t, os.WriteFile(file, test.ca, 0o600))
			cfg, err := tlsConfig(url.Values{"ssl_ca": {file}, "ssl_verify_identity": {test.identity}}, test.host)
			require.NoError(t, err)
			pair, err := tls.X509KeyPair(certificate, private)
			require.NoError(t, err)
			err = handshake(cfg, &tls.Config{Certificates: []tls.Certificate{pair}})
			assert.Equal(t, test.ok, err == nil, "%v", err)
		})
	}
}

func handshake(client, server *tls.Config) error {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go func() { _ = tls.Server(b, server).Handshake() }()
	return tls.Client(a, client).Handshake()
}
