package queue_test

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/engine"
	"github.com/picasso-faas/picasso/engine/docker"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// realEngine is an engine of its own on the real Docker.
func realEngine(t *testing.T) picasso.Engine {
	t.Helper()
	log := triggerstest.Logger(t)
	cfg := docker.DefaultConfig()
	cfg.DockerHost = cloudtest.Need(t, "docker").DockerHost
	cfg.Host = "test-" + uuid.NewString()[:8]
	cfg.PullPolicy = docker.PullIfNotPresent
	driver, err := docker.New(t.Context(), cfg, log)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, driver.Close()) })
	engineCfg := engine.DefaultConfig()
	engineCfg.MemoryMB = 1024
	e := engine.New(engineCfg, driver, log)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		assert.NoError(t, e.Close(ctx))
	})
	return e
}

// say is the input of an execution of testfn.
func say(text string) func(*picasso.Submission) {
	return func(s *picasso.Submission) { s.Input.Body = []byte(text) }
}

func TestOnDocker(t *testing.T) {
	host := realEngine(t)
	resolve := func(image string) string {
		digest, err := host.ResolveImage(t.Context(), functest.Image(t, image))
		require.NoError(t, err)
		return digest
	}
	digest, debian := resolve("testfn"), resolve("debian")
	store := dbtest.MariaDB(t) // on which database is the same to the engine
	testfn := func(contract picasso.Contract) *picasso.Function {
		fn := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) {
			fn.ImageDigest, fn.Contract, fn.MemoryMB, fn.Retry.MaxAttempts = digest, contract, 64, 2
		})
		t.Cleanup(func() { assert.NoError(t, host.Retire(context.Background(), fn.ID, math.MaxInt64)) })
		return fn
	}
	start(t, store, host, func(c *queue.Config) { c.Lease = time.Second })
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb, picasso.ContractStdio} {
		t.Run(string(contract), func(t *testing.T) {
			fn := testfn(contract)
			id := triggerstest.Enqueue(t, store, fn, say("log 3\n"))
			e := triggerstest.Await(t, store, id, picasso.StatusSucceeded)
			assert.Equal(t, 1, e.Attempt)
			assert.Equal(t, http.StatusOK, e.HTTPStatus)
			assert.Positive(t, e.RunMS)
			result, err := store.ExecutionResult(t.Context(), "p1", id)
			require.NoError(t, err)
			assert.Equal(t, "logged", string(result.Body))

			require.Eventually(t, func() bool { // output travels another way than the answer, and may come late
				id := triggerstest.Enqueue(t, store, fn, say("log 3\n"))
				triggerstest.Await(t, store, id, picasso.StatusSucceeded)
				return strings.Count(logOf(t, store, id), "\n") == 3
			}, patience, step)

			id = triggerstest.Enqueue(t, store, fn, say("crash 3\n"))
			e = triggerstest.Await(t, store, id, picasso.StatusFailed)
			assert.Equal(t, 2, e.Attempt)
			assert.NotEmpty(t, e.Reason)

			id = triggerstest.Enqueue(t, store, fn, say("sleep 20000\n"))
			triggerstest.Await(t, store, id, picasso.StatusRunning)
			_, err = store.CancelExecution(t.Context(), "p1", id, "by the test")
			require.NoError(t, err)
			require.Eventually(t, func() bool {
				stats, err := host.Host(t.Context())
				return err == nil && stats.CallsRunning == 0
			}, 15*time.Second, step, "it is stopped before it ends by itself")
			triggerstest.Await(t, store, id, picasso.StatusCancelled)
		})
	}
	t.Run("not worth retrying", func(t *testing.T) {
		web := triggerstest.Enqueue(t, store, testfn(picasso.ContractWeb), say("status 404\n"))
		fn := triggerstest.Enqueue(t, store, testfn(picasso.ContractFn), say("status 404\n"))
		stdio := triggerstest.Enqueue(t, store, testfn(picasso.ContractStdio), say("exit 65\n"))
		for _, id := range []string{web, fn, stdio} {
			assert.Equal(t, 1, triggerstest.Await(t, store, id, picasso.StatusFailed).Attempt)
		}
	})
	t.Run("live log", func(t *testing.T) {
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1", func(fn *picasso.Function) {
			fn.ImageDigest, fn.Contract = debian, picasso.ContractStdio
			fn.Command = []string{"sh", "-c", "for i in $(seq 30); do echo line $i >&2; sleep 0.1; done"}
		}))
		require.Eventually(t, func() bool { return logOf(t, store, id) != "" }, patience, step)
		e, err := store.Execution(t.Context(), "", id)
		require.NoError(t, err)
		assert.Equal(t, picasso.StatusRunning, e.Status, "it still runs")
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		assert.Equal(t, 30, strings.Count(logOf(t, store, id), "\n"), logOf(t, store, id))
	})
}
