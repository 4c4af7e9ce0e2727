package cloudtest

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetwork(t *testing.T) {
	Need(t, "docker") // brings iptables along
	n := NewNetwork(t)
	hosts := []*NetHost{n.Add(t), n.Add(t)}
	l, err := net.Listen("tcp", net.JoinHostPort(n.Address, "0"))
	require.NoError(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	reaches := func(h *NetHost) bool {
		return h.Command("timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/"+n.Address+"/"+port).Run() == nil
	}
	require.True(t, reaches(hosts[0]))
	hosts[0].Cut(t)
	require.False(t, reaches(hosts[0]))
	require.True(t, reaches(hosts[1]), "the others go on")
	hosts[0].Heal(t)
	require.True(t, reaches(hosts[0]))
}
