package destination

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPublicAddresses(t *testing.T) {
	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.169.0.1", "223.255.255.255",
		"2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:1.1.1.1",
	} {
		assert.True(t, isPublic(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "100.127.255.255", "168.63.129.16", "192.0.0.192",
		"192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
		"::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
		"2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "4000::1",
	} {
		assert.False(t, isPublic(netip.MustParseAddr(text)), text)
	}
}

func TestOnlyPublic(t *testing.T) {
	require.NoError(t, onlyPublic("tcp4", "1.1.1.1:443", nil))
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "[fe80::1%lo]:443", "localhost:443", ""} {
		require.ErrorIs(t, onlyPublic("tcp", address, nil), errNotPublic, address)
	}
}

func FuzzOnlyPublic(f *testing.F) {
	f.Add("127.0.0.1:1")
	f.Add("[::ffff:127.0.0.1]:1")
	f.Fuzz(func(t *testing.T, address string) {
		place, err := netip.ParseAddrPort(address)
		if onlyPublic("tcp", address, nil) != nil {
			return
		}
		require.NoError(t, err)
		addr := place.Addr().Unmap()
		assert.False(t, addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr.IsUnspecified(), address)
	})
}
