package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
)

// config is what the function is told by its environment: the config of the
// function and of its app.
type config struct {
	size      int          // THUMBNAIL_SIZE: the longer side of a thumbnail at most, 16 to 2048 pixels; 256
	container string       // THUMBNAIL_CONTAINER: where thumbnails go, made when it is missing; "thumbnails"
	client    *http.Client // trusts THUMBNAIL_CA beside the system: certificates in PEM, for a Swift behind https. An image from scratch has no system's
	memoryMB  int          // FN_MEMORY: what the sandbox has, as the contract fn says; 128
}

func newConfig(getenv func(string) string) (config, error) {
	c := config{container: cmp.Or(getenv("THUMBNAIL_CONTAINER"), "thumbnails")}
	var errSize, errMemory, errContainer error
	c.size, errSize = number("THUMBNAIL_SIZE", cmp.Or(getenv("THUMBNAIL_SIZE"), "256"), 16, 2048)
	c.memoryMB, errMemory = number("FN_MEMORY", cmp.Or(getenv("FN_MEMORY"), "128"), 1, 1<<20)
	if len(c.container) > 256 || strings.Contains(c.container, "/") {
		errContainer = errors.New("THUMBNAIL_CONTAINER: must have up to 256 bytes and no '/'")
	}
	client, errCA := newClient(getenv("THUMBNAIL_CA"))
	c.client = client
	return c, errors.Join(errSize, errMemory, errContainer, errCA)
}

func number(name, text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%s: must be a number from %d to %d", name, low, high)
	}
	return n, nil
}

// newClient trusts the certificates in PEM beside those of the system.
func newClient(certificates string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if certificates == "" {
		return &http.Client{Transport: transport}, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // there are none
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM([]byte(certificates)) {
		return nil, errors.New("THUMBNAIL_CA: holds no certificate in PEM")
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport}, nil
}

// limitMemory has the garbage collector keep the process within nine tenths of
// its sandbox: what one image leaves behind is cleared away for the next one.
func (c *config) limitMemory() { debug.SetMemoryLimit(int64(c.memoryMB) << 20 / 10 * 9) }
