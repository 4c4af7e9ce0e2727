package cloudtest

import (
	"fmt"
	"os/exec"
	"testing"
)

// Network connects this machine with hosts that are network namespaces, each with
// an address and a route to this machine's own. It is gone when the test ends.
type Network struct {
	Address string // of this machine
	prefix  string // of all addresses
	id      int
	hosts   int
}

// NetHost is a host in a Network.
type NetHost struct {
	Address string
	space   string // name of the namespace
}

// NewNetwork makes a network without other hosts.
func NewNetwork(t testing.TB) *Network {
	t.Helper()
	id := FreePort(t) // nobody else's meanwhile
	n := &Network{id: id, prefix: fmt.Sprintf("10.%d.%d.", 128+id>>8, id&255)}
	n.Address = n.prefix + "1"
	ip(t, "link", "add", n.bridge(), "type", "bridge")
	t.Cleanup(func() { ip(t, "link", "delete", n.bridge()) })
	ip(t, "address", "add", n.Address+"/24", "dev", n.bridge())
	ip(t, "link", "set", n.bridge(), "up")
	return n
}

func (n *Network) bridge() string { return fmt.Sprintf("pcs%d", n.id) }

// Add makes one more host.
func (n *Network) Add(t testing.TB) *NetHost {
	t.Helper()
	n.hosts++
	h := &NetHost{Address: fmt.Sprintf("%s%d", n.prefix, 10+n.hosts), space: fmt.Sprintf("picasso-%d-%d", n.id, n.hosts)}
	near := fmt.Sprintf("%s-%d", n.bridge(), n.hosts)
	ip(t, "netns", "add", h.space)
	t.Cleanup(func() { ip(t, "netns", "delete", h.space) })
	ip(t, "link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", h.space)
	ip(t, "link", "set", near, "master", n.bridge(), "up")
	for _, args := range [][]string{
		{"link", "set", "lo", "up"}, {"address", "add", h.Address + "/24", "dev", "eth0"},
		{"link", "set", "eth0", "up"}, {"route", "add", "default", "via", n.Address},
	} {
		ip(t, append([]string{"-n", h.space}, args...)...)
	}
	return h
}

// Command is a command that runs on the host. Unlike with "ip netns exec", what it mounts is
// seen by all.
func (h *NetHost) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--net=/var/run/netns/" + h.space, name}, args...)...)
}

// Cut lets every packet to and from the host vanish, until Heal.
func (h *NetHost) Cut(t testing.TB) { t.Helper(); h.filter(t, "-A") }

// Heal ends what Cut has begun.
func (h *NetHost) Heal(t testing.TB) { t.Helper(); h.filter(t, "-D") }

func (h *NetHost) filter(t testing.TB, change string) {
	t.Helper()
	for _, chain := range [][]string{{"INPUT", "-i", "eth0"}, {"OUTPUT", "-o", "eth0"}} {
		cmd := h.Command("iptables", append([]string{"-w", change}, append(chain, "-j", "DROP")...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
		}
	}
}
