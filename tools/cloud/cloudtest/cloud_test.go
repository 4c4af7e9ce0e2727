package cloudtest

import (
	"context"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPrivateCloudStandsBesideTheSharedOne(t *testing.T) {
	shared := Need(t, "rabbitmq")
	var cloud *Cloud
	t.Run("while it is there", func(t *testing.T) {
		cloud = PrivateCloud(t, nil, "rabbitmq")
		assert.NotEqual(t, shared.AMQPURL, cloud.AMQPURL, "passwords of its own")
		dial := func() error {
			conn, err := cloud.DialContext(t.Context(), "tcp", "127.0.0.1:5672")
			if err == nil {
				err = conn.Close()
			}
			return err
		}
		require.NoError(t, dial())
		cloud.Kill(t, "rabbitmq")
		require.Error(t, dial())
		conn, err := net.Dial("tcp", "127.0.0.1:5672")
		require.NoError(t, err, "the shared one")
		require.NoError(t, conn.Close())
		cloud.Start(t, "rabbitmq")
		require.NoError(t, dial())
		out, err := cloud.Command("cat", "/proc/self/net/dev").CombinedOutput()
		require.NoError(t, err)
		assert.NotContains(t, string(out), "docker0", "a network of its own")
	})
	assert.NoDirExists(t, cloud.Dir)
	_, err := cloud.DialContext(context.Background(), "tcp", "127.0.0.1:5672")
	assert.ErrorIs(t, err, os.ErrNotExist)
}
