package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestConfig(t *testing.T) {
	good := DefaultConfig()
	assert.NoError(t, good.Validate())
	assert.Positive(t, good.memoryMB())
	assert.Less(t, good.memoryMB(), hostMemoryMB())
	for want, change := range map[string]func(*Config){
		"memory_mb":          func(c *Config) { c.MemoryMB = -1 },
		"max_response_bytes": func(c *Config) { c.MaxResponseBytes = 0 },
		"max_log_bytes":      func(c *Config) { c.MaxLogBytes = 10 },
		"ready_timeout":      func(c *Config) { c.ReadyTimeout = 0 },
		"freeze_after":       func(c *Config) { c.FreezeAfter = -1 },
		`tags: "GPU"`:        func(c *Config) { c.Tags = []string{"ssd", "GPU"} },
		`tags: ""`:           func(c *Config) { c.Tags = []string{""} },
		`projects: "a b"`:    func(c *Config) { c.Projects = []string{"a b"} },
	} {
		bad := DefaultConfig()
		change(&bad)
		assert.ErrorContains(t, bad.Validate(), want)
	}
	good.Tags, good.Projects = []string{"gpu", "net_10g.x-1"}, []string{"0b7f3a0c5d1e4c0f9a2b3c4d5e6f7a8b"}
	assert.NoError(t, good.Validate())
	good.MemoryMB = 7
	assert.Equal(t, 7, good.memoryMB())
}
