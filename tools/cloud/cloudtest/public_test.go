package cloudtest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What the catalog tells users can be reached from a container, which has a
// loopback of its own.
func TestContainersReachPublicEndpoints(t *testing.T) {
	env := Need(t, "docker", "keystone", "swift", "swift_first", "aodh")
	assert.NotEqual(t, "127.0.0.1", env.PublicHost)
	importSleeper(t, env)
	t.Cleanup(func() { docker(t, env, "image", "rm", "--force", "sleeper") })
	base := "http://" + env.PublicHost
	for service, url := range map[string]string{
		"identity": base + ":5000/v3", "object-store": base + ":8080/healthcheck", "alarming": base + ":8042/",
		"the other proxy": base + ":8081/healthcheck",
	} {
		assert.Equal(t, "200", docker(t, env, "run", "--rm", "sleeper", "/sleeper", url), service)
	}
}
