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
	} {
		bad := DefaultConfig()
		change(&bad)
		assert.ErrorContains(t, bad.Validate(), want)
	}
	good.MemoryMB = 7
	assert.Equal(t, 7, good.memoryMB())
}
