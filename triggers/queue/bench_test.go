package queue_test

import (
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/destination"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// BenchmarkQueue is the way of an execution through the queue without the
// engine's part: accepted and run at the same time, by one process.
func BenchmarkQueue(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) { benchmark(b, dbtest.SQLite(b)) })
	b.Run("MariaDB", func(b *testing.B) { benchmark(b, dbtest.MariaDB(b)) })
}

func benchmark(b *testing.B, store *db.Store) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	destinations, err := destination.New(destination.Config{Functions: store, Now: time.Now, NewID: triggerstest.NewID})
	require.NoError(b, err)
	runner := queue.New(queue.Config{
		Options: queue.DefaultOptions(), Queue: store, Logs: store, Engine: &triggerstest.Engine{Serve: triggerstest.Succeed},
		Destinations: destinations, Log: log, Now: time.Now, Jitter: rand.Float64,
	})
	fn := triggerstest.Function(b, store, "p1")
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { defer close(done); runner.Run(ctx, b.Context()) }()
	b.ResetTimer()
	began := time.Now()
	var group errgroup.Group
	group.SetLimit(64)
	for range b.N {
		group.Go(func() error { _, err := store.Enqueue(b.Context(), triggerstest.Submission(fn)); return err })
	}
	require.NoError(b, group.Wait())
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "accepted/s")
	require.Eventually(b, func() bool {
		for _, status := range []picasso.Status{picasso.StatusQueued, picasso.StatusRunning} {
			list, _, err := store.Executions(b.Context(), picasso.ExecutionFilter{Status: status}, picasso.Page{Limit: 1})
			if err != nil || len(list) > 0 {
				return false
			}
		}
		return true
	}, 10*time.Minute, time.Millisecond)
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "executed/s")
	cancel()
	<-done
}
