package placement

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is a simulation that takes a fraction of a second.
func small() Config {
	return Config{Hosts: 100, Functions: 1000, Processes: 2, PerSecond: 500, Duration: 30 * time.Second, Seed: 1}
}

// TestPlaceAgainstOthers holds production to what it is made for.
func TestPlaceAgainstOthers(t *testing.T) {
	results := map[string]Result{}
	for _, policy := range Policies() {
		result, err := Run(small(), policy)
		require.NoError(t, err)
		t.Logf("%+v cold %.4f", result, result.ColdRate())
		results[policy] = result
	}
	place := results["place"]
	for policy, other := range results {
		assert.Equal(t, place.Calls, other.Calls, "%s gets the same calls", policy)
		assert.LessOrEqual(t, place.Rejected, other.Rejected, "no more calls are rejected than by %s", policy)
	}
	for _, policy := range []string{"random", "least-loaded"} {
		assert.Less(t, 2*place.ColdStarts, results[policy].ColdStarts, "half the cold starts of %s", policy)
	}
	assert.Less(t, place.MaxToMean, results["consistent hashing"].MaxToMean)
	assert.Less(t, place.StdDev, results["consistent hashing"].StdDev)
}

func TestRunIsTheSameEachTime(t *testing.T) {
	cfg := small()
	cfg.Duration = 5 * time.Second
	first, err := Run(cfg, "place")
	require.NoError(t, err)
	again, err := Run(cfg, "place")
	require.NoError(t, err)
	assert.Equal(t, first, again)
	_, err = Run(cfg, "best")
	assert.ErrorContains(t, err, "policy")
}
