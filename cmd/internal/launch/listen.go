package launch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso/engine/socket"
)

// What every listener of ours holds clients to. Bodies and answers have no
// timeout: a call may take 900 seconds, and its own timeouts bound it.
const (
	readHeaderTimeout = 15 * time.Second
	idleTimeout       = 2 * time.Minute // longer than proxies and our own clients keep connections
	maxHeaderBytes    = 64 << 10
)

// listener is an HTTP server with the socket it listens on.
type listener struct {
	name   string
	scheme string
	socket net.Listener
	server *http.Server
	calls  sync.WaitGroup // requests being handled; Shutdown knows them, Close does not wait for them
}

// listen opens the socket; serve takes connections from it. Errors name what
// the listener is for.
func listen(name, address string, handler http.Handler, logger *logrus.Logger) (*listener, error) {
	opened, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	l := &listener{name: name, scheme: "http", socket: socket.Listener{Listener: opened}}
	l.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.calls.Add(1)
			defer l.calls.Done()
			handler.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: log.New(debugWriter{logger}, "", 0),
	}
	if careful, ok := handler.(interface {
		ConnContext(ctx context.Context, conn net.Conn) context.Context
	}); ok {
		l.server.ConnContext = careful.ConnContext
	}
	if endless, ok := handler.(interface{ Stop() }); ok { // such as logs that are followed
		l.server.RegisterOnShutdown(endless.Stop)
	}
	return l, nil
}

// secure has the listener speak TLS, unless c is nil.
func (l *listener) secure(c *tls.Config) {
	if c != nil {
		l.scheme, l.socket = "https", tls.NewListener(l.socket, c)
	}
}

// url is the address of the listener, for clients on this host.
func (l *listener) url() string { return l.scheme + "://" + l.socket.Addr().String() }

// serve returns when the listener is stopped or broken.
func (l *listener) serve() error {
	if err := l.server.Serve(l.socket); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	return nil
}

// stop takes no new connections and waits for the requests in flight until ctx
// ends; then it cuts them off.
func (l *listener) stop(ctx context.Context) {
	if l.server.Shutdown(ctx) != nil {
		_ = l.server.Close() // closing what is being closed
	}
	_ = l.socket.Close() // when it was never served
}

// settled waits until no request is being handled any more, or ctx ends.
func (l *listener) settled(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		l.calls.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// address joins host and port as net.Listen takes them.
func address(host string, port int) string {
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
}

// debugWriter logs what net/http has to say about its clients.
type debugWriter struct{ log *logrus.Logger }

var _ io.Writer = debugWriter{}

func (w debugWriter) Write(line []byte) (int, error) {
	w.log.WithField("said", string(bytes.TrimSpace(line))).Debug("net/http")
	return len(line), nil
}
