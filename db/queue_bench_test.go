package db_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
)

// submission is one of a function, due at once.
func submission(fn *picasso.Function) *picasso.Submission {
	e := record(1)
	return &picasso.Submission{
		Execution: picasso.Execution{
			ID: e.ID, ProjectID: fn.ProjectID, FunctionID: fn.ID, Function: fn.Name, App: fn.App,
			MaxAttempts: 3, CreatedAt: e.CreatedAt, RunAt: e.CreatedAt, RequestID: e.RequestID,
		},
		Input: picasso.Payload{Header: map[string][]string{"Content-Type": {"application/json"}}, Body: []byte("{}")},
	}
}

// enqueueMany puts count into the queue, with so many callers at once.
func enqueueMany(b *testing.B, s *db.Store, fns []*picasso.Function, count, callers int) {
	b.Helper()
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := caller; i < count; i += callers {
				_, err := s.Enqueue(b.Context(), submission(fns[i%len(fns)]))
				assert.NoError(b, err)
			}
		})
	}
	all.Wait()
}

func makeFunctions(b *testing.B, s *db.Store, count int) (fns []*picasso.Function) {
	b.Helper()
	fns = make([]*picasso.Function, count)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := worker; i < count; i += 8 {
				fns[i] = newFunction(fmt.Sprint("f", i))
				assert.NoError(b, s.CreateFunction(b.Context(), fns[i]))
			}
		})
	}
	all.Wait()
	return fns
}

// BenchmarkEnqueue accepts executions from 1 and from 32 callers at once.
func BenchmarkEnqueue(b *testing.B) {
	for name, open := range stores() {
		for _, callers := range []int{1, 32} {
			b.Run(fmt.Sprint(name, "/callers=", callers), func(b *testing.B) {
				s := open(b)
				fns := makeFunctions(b, s, 10)
				cpu := cpuTime()
				b.ResetTimer()
				enqueueMany(b, s, fns, b.N, callers)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepted/s")
				b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
			})
		}
	}
}

// BenchmarkRun claims and settles, as one process with 128 workers does.
func BenchmarkRun(b *testing.B) {
	for name, open := range stores() {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			fns := makeFunctions(b, s, 10)
			enqueueMany(b, s, fns, b.N, 64)
			var claims []picasso.Claim
			for _, fn := range fns {
				claims = append(claims, picasso.Claim{FunctionID: fn.ID, ProjectID: fn.ProjectID, Count: 6})
			}
			cpu := cpuTime()
			b.ResetTimer()
			var settling sync.WaitGroup
			workers := make(chan struct{}, 128)
			for done := 0; done < b.N; {
				claimed, err := s.Claim(b.Context(), claims, time.Minute)
				require.NoError(b, err)
				for _, c := range claimed {
					workers <- struct{}{}
					settling.Go(func() {
						e := c.Execution
						e.Status, e.FinishedAt = picasso.StatusSucceeded, time.Now()
						assert.NoError(b, s.Settle(b.Context(), &picasso.Settlement{Lease: c.Lease, Execution: e, Result: &c.Input}))
						<-workers
					})
				}
				done += len(claimed)
			}
			settling.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "executed/s")
			b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkBacklog looks at a long queue: 100,000 executions of one function,
// and of 2,000; and at an empty one.
func BenchmarkBacklog(b *testing.B) {
	for name, open := range stores() {
		for _, depth := range []struct{ functions, executions int }{{1, 0}, {1, 100_000}, {2_000, 100_000}} {
			b.Run(fmt.Sprintf("%s/functions=%d/queued=%d", name, depth.functions, depth.executions), func(b *testing.B) {
				s := open(b)
				enqueueMany(b, s, makeFunctions(b, s, depth.functions), depth.executions, 256)
				for b.Loop() {
					_, err := s.Backlog(b.Context())
					require.NoError(b, err)
				}
			})
		}
	}
}
