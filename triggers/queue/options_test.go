package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/triggers/queue"
)

func TestOptions(t *testing.T) {
	require.NoError(t, queue.DefaultOptions().Validate())
	require.NoError(t, queue.Options{Workers: 4096, Lease: time.Hour, PollInterval: time.Minute, ProjectConcurrency: 1}.Validate())
	for _, bad := range []queue.Options{
		{Workers: 0, Lease: time.Second, PollInterval: 0, ProjectConcurrency: -1},
		{Workers: 4097, Lease: 2 * time.Hour, PollInterval: time.Hour, ProjectConcurrency: -1},
	} {
		err := bad.Validate()
		for _, option := range []string{"workers", "lease", "poll_interval", "project_concurrency"} {
			assert.ErrorContains(t, err, option+": must")
		}
	}
}
