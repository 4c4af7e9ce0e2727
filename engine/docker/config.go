package docker

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/docker/docker/client"
)

// The pull policies: when ResolveImage asks the registry.
const (
	PullAlways       = "always"         // each time; a local image alone does not count
	PullIfNotPresent = "if-not-present" // only for images this host does not have
	PullNever        = "never"
)

// Config is the [docker] section of picasso.conf.
type Config struct {
	// Host tells the sandboxes of this engine from those of other engines on
	// the same Docker. At start everything that carries it is removed.
	Host string `ini:"-"`

	DockerHost         string   `ini:"docker_host" help:"Docker API of this host, a unix:// URL. Empty: the default socket. The engine must share the host's processes, mounts and /sys/fs/cgroup with it."`
	RuntimeDir         string   `ini:"runtime_dir" help:"Directory for the sockets of sandboxes, absolute; with the host name at most 70 bytes long. It may be gone after a reboot."`
	User               string   `ini:"user" help:"uid:gid that functions run as. Never 0."`
	PidsLimit          int64    `ini:"pids_limit" help:"Processes and threads of one sandbox, 8 to 32768."`
	PreparedNamespaces int      `ini:"prepared_namespaces" help:"Network namespaces kept ready for coming sandboxes, 0 to 64. One ready halves a cold start; each takes some 10 MiB that do not count as memory of sandboxes."`
	ReusedNamespaces   int      `ini:"reused_namespaces" help:"Network namespaces kept for the next sandbox of the same function revision when one has ended, 0 to 1024; as big."`
	BlockedAddresses   []string `ini:"blocked_addresses" help:"IPv4 networks that sandboxes with network 'egress' must not reach, comma-separated. Other sandboxes and the host's address on their bridge are always blocked; other addresses of the host are reachable unless named here."`
	Subnet             string   `ini:"subnet" help:"IPv4 network of the bridge for sandboxes, for example 10.200.0.0/16. Empty: Docker chooses."`
	SandboxRuntime     string   `ini:"sandbox_runtime" help:"OCI runtime that Docker runs sandboxes with, for example runsc. Empty: Docker's default."`
	PullPolicy         string   `ini:"pull_policy" help:"When a function is created or updated, ask the registry for its image: always, if-not-present or never."`
}

// DefaultConfig returns the configuration of an engine that is alone on its host.
func DefaultConfig() Config {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return Config{
		Host: host, RuntimeDir: "/run/picasso", User: "1000:1000", PidsLimit: 256,
		PreparedNamespaces: 2, ReusedNamespaces: 8,
		BlockedAddresses: []string{"169.254.0.0/16"}, PullPolicy: PullAlways,
	}
}

// maxHostDirBytes leaves room for "/<name of a sandbox>/phonylsnr.sock" in the
// 107 bytes that the path of a unix socket may have.
const maxHostDirBytes = 70

// Validate checks the values; errors name the option.
func (c *Config) Validate() error {
	return errors.Join(
		check(regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`).MatchString(c.Host),
			"host: %q is not a host name", c.Host),
		check(filepath.IsAbs(c.RuntimeDir) && len(c.hostDir()) <= maxHostDirBytes,
			"runtime_dir: must be an absolute path, with the host name of at most %d bytes", maxHostDirBytes),
		check(regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(c.User),
			"user: %q is not uid:gid, both above 0", c.User),
		check(c.PidsLimit >= 8 && c.PidsLimit <= 32768, "pids_limit: must be from 8 to 32768"),
		check(c.PreparedNamespaces >= 0 && c.PreparedNamespaces <= 64, "prepared_namespaces: must be from 0 to 64"),
		check(c.ReusedNamespaces >= 0 && c.ReusedNamespaces <= 1024, "reused_namespaces: must be from 0 to 1024"),
		check(slices.Contains([]string{PullAlways, PullIfNotPresent, PullNever}, c.PullPolicy),
			"pull_policy: %q is not always, if-not-present or never", c.PullPolicy),
		c.validateNetworks(),
	)
}

func (c *Config) validateNetworks() error {
	if _, err := c.blocked(); err != nil {
		return fmt.Errorf("blocked_addresses: %w", err)
	}
	if c.Subnet == "" {
		return nil
	}
	subnet, err := netip.ParsePrefix(c.Subnet)
	return check(err == nil && subnet.Addr().Is4() && subnet.Addr().IsGlobalUnicast() && subnet.Bits() <= 28,
		"subnet: %q is not an IPv4 network of at least 16 addresses", c.Subnet)
}

// blocked returns BlockedAddresses parsed.
func (c *Config) blocked() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range c.BlockedAddresses {
		network, err := netip.ParsePrefix(text)
		if err != nil || !network.Addr().Is4() {
			return nil, fmt.Errorf("%q is not an IPv4 network such as 169.254.169.254/32", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// hostDir is the part of RuntimeDir that belongs to this engine alone.
func (c *Config) hostDir() string { return filepath.Join(c.RuntimeDir, c.Host) }

func (c *Config) dockerHost() string {
	if c.DockerHost == "" {
		return client.DefaultDockerHost
	}
	return c.DockerHost
}

func check(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
