package db

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestParseMySQL(t *testing.T) {
	tests := []struct{ connection, user, password, net, addr, name string }{
		{"mysql+pymysql://u:pw@controller:3307/picasso?charset=utf8mb4", "u", "pw", "tcp", "controller:3307", "picasso"},
		{"mysql://u:pw@controller/picasso", "u", "pw", "tcp", "controller:3306", "picasso"},
		{"mariadb+mariadbconnector://u@[fd00::1]/p?charset=utf8&plugin=dbcounter", "u", "", "tcp", "[fd00::1]:3306", "p"},
		{"mysql+mysqldb://u:p%40s%2Fs%3A%25+@h/p", "u", "p@s/s:%+", "tcp", "h:3306", "p"},
		{"mysql+pymysql://u:pw@/p?unix_socket=/run/mysqld/mysqld.sock", "u", "pw", "unix", "/run/mysqld/mysqld.sock", "p"},
		{"mysql+pymysql://u:pw@localhost/p?unix_socket=/s", "u", "pw", "unix", "/s", "p"},
	}
	for _, test := range tests {
		got, err := parseConnection(test.connection)
		require.NoError(t, err, test.connection)
		cfg := got.mysql
		require.NotNil(t, cfg, test.connection)
		assert.Equal(t, test.user, cfg.User)
		assert.Equal(t, test.password, cfg.Passwd)
		assert.Equal(t, test.net, cfg.Net)
		assert.Equal(t, test.addr, cfg.Addr)
		assert.Equal(t, test.name, cfg.DBName)
		assert.Equal(t, time.UTC, cfg.Loc)
		assert.Nil(t, cfg.TLS)
		assert.Positive(t, cfg.Timeout)
		assert.Positive(t, cfg.ReadTimeout)
		assert.Positive(t, cfg.WriteTimeout)
	}
}

func TestParseSQLite(t *testing.T) {
	tests := map[string]string{
		"sqlite://":                     "",
		"sqlite:///:memory:":            "",
		"sqlite:////var/lib/picasso/db": "/var/lib/picasso/db",
		"sqlite:///run/db":              "run/db",
		"sqlite:////tmp/a b?c#d%20":     "/tmp/a b?c#d%20",
	}
	for connection, path := range tests {
		got, err := parseConnection(connection)
		require.NoError(t, err, connection)
		assert.Nil(t, got.mysql)
		assert.Equal(t, path, got.path)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]string{
		"":                                           "is required",
		"postgresql://u:secret@h/p":                  "must start with",
		"h/p":                                        "must start with",
		"mysql+pymysql://u:se#cret@h/p":              "is not a URL", // "#" begins a fragment
		"mysql+pymysql://u:se%zzcret@h/p":            "is not a URL",
		"mysql+pymysql://u:secret@h:port/p":          "is not a URL",
		"mysql+pymysql://u:secret@/p":                "has no host",
		"mysql+pymysql://u:secret@h":                 "has no name",
		"mysql+pymysql://u:secret@h/":                "has no name",
		"mysql+pymysql://u:secret@h/p?x=1":           "parameter x is not known",
		"mysql+pymysql://u:secret@h/p?a=%zz":         "cannot be read",
		"mysql+pymysql://u:secret@h/p?ssl_ca=/":      "/",
		"mysql://u:secret@h/p?ssl_cert=/x":           "come together",
		"mysql://u:secret@h/p?ssl_verify_cert=false": "is refused",
		"mysql://u:secret@h/p?unix_socket=":          "unix_socket is empty",
		"sqlite://secret":                            "must be sqlite:////",
		"sqlite:///":                                 "must be sqlite:////",
		"sqlite:////":                                "must be sqlite:////",
	}
	for connection, want := range tests {
		_, err := parseConnection(connection)
		require.Error(t, err, connection)
		e := picasso.AsError(err)
		assert.Equal(t, picasso.CodeInvalid, e.Code)
		assert.True(t, strings.HasPrefix(e.Detail, "connection: "), e.Detail)
		assert.Contains(t, e.Detail, want)
		assert.NotContains(t, err.Error(), "cret", "the password is in the error")
	}
}

func TestValidate(t *testing.T) {
	good := DefaultConfig()
	good.Connection = "sqlite://"
	require.NoError(t, good.Validate())
	for _, size := range []int{0, -1, 1001} {
		bad := good
		bad.MaxPoolSize = size
		_, err := Open(bad)
		require.ErrorContains(t, err, "max_pool_size: must be from 1 to 1000")
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	ca, cert, key := filepath.Join(dir, "ca"), filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	certificate, private := selfSigned(t)
	for file, text := range map[string][]byte{ca: certificate, cert: certificate, key: private, filepath.Join(dir, "bad"): []byte("no")} {
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	got, err := parseConnection("mysql://u:p@db.example/p?ssl_ca=" + ca + "&ssl_cert=" + cert + "&ssl_key=" + key)
	require.NoError(t, err)
	require.NotNil(t, got.mysql.TLS)
	assert.Equal(t, "db.example", got.mysql.TLS.ServerName)
	assert.Len(t, got.mysql.TLS.Certificates, 1)
	assert.NotNil(t, got.mysql.TLS.RootCAs)
	assert.False(t, got.mysql.TLS.InsecureSkipVerify)

	got, err = parseConnection("mysql://u:p@db.example/p?ssl_verify_cert=true")
	require.NoError(t, err)
	assert.NotNil(t, got.mysql.TLS, "with the authorities of the host")

	for _, query := range []string{"ssl_ca=" + dir + "/bad", "ssl_ca=" + dir + "/none", "ssl_cert=" + dir + "/bad&ssl_key=" + key} {
		_, err := parseConnection("mysql://u:p@db.example/p?" + query)
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), query)
	}
}

func FuzzParseConnection(f *testing.F) {
	for _, seed := range []string{"mysql+pymysql://u:pw@h:1/p?charset=utf8", "sqlite:////x", "sqlite://", "mysql://[::1]/p", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, connection string) {
		if strings.Contains(connection, "ssl_") { // these read files
			return
		}
		got, err := parseConnection(connection)
		if err != nil {
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			return
		}
		if got.mysql != nil {
			assert.NotEmpty(t, got.mysql.DBName)
			assert.NotEmpty(t, got.mysql.Addr)
		}
	})
}
