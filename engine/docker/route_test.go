package docker

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFenced(t *testing.T) {
	d := &Driver{config: Config{Host: "h", BlockedAddresses: []string{"169.254.1.2/16", "10.0.0.1/32"}}}
	networks, err := d.fenced(&network.EndpointSettings{IPAddress: "172.18.0.2", IPPrefixLen: 16})
	require.NoError(t, err)
	assert.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("172.18.0.0/16"),
	}, networks)
	_, err = d.fenced(nil)
	assert.Error(t, err)
	_, err = d.fenced(&network.EndpointSettings{})
	assert.Error(t, err)
}

func TestAckError(t *testing.T) {
	header := make([]byte, 16)
	assert.NoError(t, ackError(slices.Concat(header, []byte{0, 0, 0, 0})))
	assert.ErrorContains(t, ackError(slices.Concat(header, []byte{0xef, 0xff, 0xff, 0xff})), "file exists")
	assert.Error(t, ackError(header))
}
