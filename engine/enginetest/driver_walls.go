package enginetest

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

func (s *driverSuite) privileges(t *testing.T) {
	status := s.output(t, "cat", "/proc/self/status")
	for _, line := range []string{
		"Uid:\t1000\t1000\t1000\t1000", "Gid:\t1000\t1000\t1000\t1000", "NoNewPrivs:\t1", "Seccomp:\t2",
		"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
	} {
		assert.Contains(t, status, line+"\n")
	}
	for _, probe := range [][]string{{"mount"}, {"setuid", "0"}, {"mknod"}, {"root", "1"}, {"cat", "/proc/1/mem"}} {
		out := s.output(t, probe...)
		assert.Regexp(t, `error: |^0: .*read-only file system`, out, probe)
	}
	assert.NotContains(t, s.output(t, "cat", "/proc/self/mounts"), " / overlay rw")
}

// amount is the number a hog of testfn begins its answer with.
func amount(t *testing.T, answer string) int {
	t.Helper()
	count, _, _ := strings.Cut(answer, ":")
	n, err := strconv.Atoi(count)
	require.NoError(t, err, answer)
	return n
}

func (s *driverSuite) limits(t *testing.T) {
	spec := s.spec("fork", "1000")
	spec.MemoryMB = 1024 // so that it is not memory that ends it
	forks, _, _ := s.run(t, spec)
	assert.Less(t, amount(t, forks), 256)
	assert.Contains(t, forks, "resource temporarily unavailable")
	files := s.output(t, "open", "5000")
	assert.Less(t, amount(t, files), 1024)
	assert.Contains(t, files, "too many open files")
	for _, place := range []string{"disk", "shm"} {
		filled := s.output(t, place, "1000")
		assert.LessOrEqual(t, amount(t, filled), 8, place)
		assert.Contains(t, filled, "no space left on device", place)
	}
	spec = s.spec("disk", "1")
	spec.TmpMB = 0
	filled, _, _ := s.run(t, spec)
	assert.Contains(t, filled, "no space left on device")
	spec = s.spec("busy", "1000")
	spec.CPUs = 0.1
	_, _, exit := s.run(t, spec)
	assert.Equal(t, sandbox.Exit{}, exit)
}

func (s *driverSuite) outOfMemory(t *testing.T) {
	out, _, exit := s.run(t, s.spec("memory", "1000"))
	assert.Empty(t, out)
	assert.Equal(t, sandbox.Exit{Code: 137, OutOfMem: true}, exit)
	assert.Equal(t, "held 20 MiB", s.output(t, "memory", "20"), "the next one is not harmed")

	spec := s.spec("id")
	spec.MemoryMB = 8
	out, log, exit := s.run(t, spec)
	assert.Equal(t, sandbox.Exit{}, exit, log)
	assert.Contains(t, out, "1000 1000", "the least memory that a function may have")
}

func (s *driverSuite) networkNone(t *testing.T) {
	assert.Equal(t, "[127.0.0.1/8]", s.output(t, "listen", "8080"))
	assert.Contains(t, s.output(t, "dial", "169.254.169.254:80"), "error: ")
	assert.Contains(t, s.output(t, "dial", "203.0.113.1:80"), "network is unreachable")
}

func (s *driverSuite) networkEgress(t *testing.T) {
	egress := s.spec()
	egress.Network = picasso.NetworkEgress
	egress.Owner.FunctionID = "other"
	b, client := s.serveWeb(t, egress)
	address := outside(t, call(t, client, "listen 9000"))

	mine, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer func() { _ = mine.Close() }()
	port := strconv.Itoa(mine.Addr().(*net.TCPAddr).Port)
	probe := func(target string) string {
		spec := s.spec("dial", target)
		spec.Network = picasso.NetworkEgress
		out, _, _ := s.run(t, spec)
		return out
	}
	assert.Contains(t, probe(net.JoinHostPort(address, "9000")), "permission denied", "another sandbox")
	assert.Contains(t, probe("169.254.169.254:80"), "permission denied", "the host's metadata address")
	assert.Contains(t, probe(net.JoinHostPort(gateway(t, address), port)), "permission denied", "the host's address on the bridge")
	assert.Contains(t, probe("127.0.0.1:"+port), "connection refused", "the host's loopback address")
	if host := hostAddress(t, address); host != "" {
		assert.Equal(t, "connected", probe(net.JoinHostPort(host, port)), "what is not blocked, over the bridge")
	}
	assert.Equal(t, lookup(t.Context(), "no-such-host.invalid"), strings.Contains(probe("no-such-host.invalid:1"), "no such host"),
		"names are resolved as on the host")
	assert.True(t, running(b))
}

// lookup reports whether somebody answers that a name does not exist.
func lookup(ctx context.Context, name string) bool {
	_, err := net.DefaultResolver.LookupHost(ctx, name)
	var failure *net.DNSError
	return errors.As(err, &failure) && failure.IsNotFound
}

// outside finds the address that is not loopback in testfn's list of them.
func outside(t *testing.T, list string) string {
	t.Helper()
	for field := range strings.FieldsSeq(strings.Trim(list, "[]")) {
		if ip, _, err := net.ParseCIDR(field); err == nil && !ip.IsLoopback() {
			return ip.String()
		}
	}
	require.Fail(t, "no address besides loopback", list)
	return ""
}

// gateway is the host's address on the network of a sandbox.
func gateway(t *testing.T, sandboxAddress string) string {
	t.Helper()
	for _, network := range hostNetworks(t) {
		if network.Contains(net.ParseIP(sandboxAddress)) {
			return network.IP.String()
		}
	}
	require.Fail(t, "the host is not on the network of "+sandboxAddress)
	return ""
}

// hostAddress is an address of the host on another network, "" if it has none.
func hostAddress(t *testing.T, sandboxAddress string) string {
	t.Helper()
	for _, network := range hostNetworks(t) {
		if !network.IP.IsLoopback() && !network.IP.IsLinkLocalUnicast() && !network.Contains(net.ParseIP(sandboxAddress)) {
			return network.IP.String()
		}
	}
	return ""
}

func hostNetworks(t *testing.T) []*net.IPNet {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	var networks []*net.IPNet
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
			networks = append(networks, network)
		}
	}
	return networks
}

// counter counts what is written to it.
type counter struct{ bytes atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return len(p), nil
}

func (s *driverSuite) endlessOutput(t *testing.T) {
	const enough = 100 << 20
	var out, log counter
	spec := s.spec("endless")
	spec.Stdout, spec.Stderr = &out, &log
	b := s.start(t, spec)
	require.Eventually(t, func() bool { return out.bytes.Load() > enough && log.bytes.Load() > 0 }, 2*patience, 10*time.Millisecond)
	b.Remove()
	at := out.bytes.Load()
	assert.True(t, b.Exit().EngineErr)
	assert.Equal(t, at, out.bytes.Load(), "nothing is written once it is done")
}
