package db

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/picasso-faas/picasso"
)

// place is a connection string taken apart: MySQL's configuration, or the path
// of a SQLite file ("" for one in memory).
type place struct {
	mysql *mysql.Config
	path  string
}

// parseConnection reads the forms that oslo.db and SQLAlchemy write. Errors:
// invalid. The text of net/url's errors repeats its input, here a password: it
// must not get into an error.
func parseConnection(connection string) (place, error) {
	if path, ok := strings.CutPrefix(connection, "sqlite://"); ok {
		return parseSQLite(path)
	}
	u, err := url.Parse(connection)
	if err != nil {
		return place{}, badConnection("is not a URL; are the special characters of the password percent-encoded?")
	}
	scheme, _, _ := strings.Cut(u.Scheme, "+")
	switch {
	case connection == "":
		return place{}, badConnection("is required")
	case scheme != "mysql" && scheme != "mariadb":
		return place{}, badConnection("must start with mysql+pymysql://, mysql:// or sqlite://")
	case u.Hostname() == "" && !u.Query().Has("unix_socket"):
		return place{}, badConnection("has no host")
	case len(u.Path) < 2:
		return place{}, badConnection("has no name of a database")
	}
	return parseMySQL(u)
}

func badConnection(why string) error {
	return picasso.Errorf(picasso.CodeInvalid, "connection: %s", why)
}

// parseSQLite takes what follows "sqlite://": nothing for a database in memory,
// "/relative/path" or "//absolute/path".
func parseSQLite(path string) (place, error) {
	switch {
	case path == "" || path == "/:memory:":
		return place{}, nil
	case len(path) < 2 || path[0] != '/' || path == "//":
		return place{}, badConnection("must be sqlite:////absolute/file or sqlite:///relative/file")
	}
	return place{path: path[1:]}, nil
}

func parseMySQL(u *url.URL) (place, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = "tcp", u.Host
	if u.Port() == "" {
		cfg.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.DBName = u.Path[1:]
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return place{}, badConnection("has a query that cannot be read")
	}
	if err := setParameters(cfg, query); err != nil {
		return place{}, err
	}
	setSession(cfg)
	if err := cfg.Apply(mysql.Charset("utf8mb4", ""), mysql.TimeTruncate(time.Microsecond)); err != nil {
		return place{}, badConnection("cannot be used")
	}
	return place{mysql: cfg}, nil
}

// setParameters applies what may stand behind the "?". Any ssl_… of it
// encrypts the connection.
func setParameters(cfg *mysql.Config, query url.Values) (err error) {
	encrypt := false
	for key := range query {
		switch key {
		case "charset", "use_unicode", "binary_prefix", "plugin": // of the Python drivers; nothing to us
		case "unix_socket":
			if cfg.Net, cfg.Addr = "unix", query.Get(key); cfg.Addr == "" {
				return badConnection("unix_socket is empty")
			}
		case "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "ssl_verify_identity":
			encrypt = true
		default:
			return badConnection("parameter " + key + " is not known")
		}
	}
	switch {
	case !encrypt:
		return nil
	case query.Has("ssl_cert") != query.Has("ssl_key"):
		return badConnection("ssl_cert and ssl_key come together")
	case query.Get("ssl_verify_cert") == "false":
		return badConnection("ssl_verify_cert=false is refused: anybody could be the server")
	}
	if cfg.TLS, err = tlsConfig(query, cfg.Addr); err != nil {
		return picasso.Errorf(picasso.CodeInvalid, "connection: %w", err)
	}
	return nil
}

// tlsConfig checks the server's certificate against ssl_ca, or what the host
// trusts, and, as pymysql does not by default, its name;
// ssl_verify_identity=false leaves that out.
func tlsConfig(query url.Values, addr string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	cfg.ServerName, _, _ = net.SplitHostPort(addr)
	if file := query.Get("ssl_ca"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("ssl_ca holds no certificate")
		}
	}
	if file := query.Get("ssl_cert"); file != "" {
		pair, err := tls.LoadX509KeyPair(file, query.Get("ssl_key"))
		if err != nil {
			return nil, err
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	if query.Get("ssl_verify_identity") == "false" {
		skipName(cfg)
	}
	return cfg, nil
}

// skipName verifies the chain but not the name in the certificate.
func skipName(cfg *tls.Config) {
	cfg.InsecureSkipVerify = true // replaced by what follows
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		intermediates := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			intermediates.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: cfg.RootCAs, Intermediates: intermediates})
		return err
	}
}
