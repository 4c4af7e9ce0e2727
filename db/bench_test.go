package db_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

func stores() map[string]func(testing.TB) *db.Store {
	return map[string]func(testing.TB) *db.Store{"sqlite": dbtest.SQLite, "mariadb": func(t testing.TB) *db.Store {
		t.Helper()
		return dbtest.Open(t, dbtest.Database(t, cloudtest.Need(t, "mariadb").DBDSN)) // without what MariaDB checks for tests
	}}
}

// BenchmarkRecordExecutions writes batches of 500, as the API does. Reported per row: time,
// and CPU time of this process (of SQLite, the database included).
func BenchmarkRecordExecutions(b *testing.B) {
	for name, open := range stores() {
		b.Run(name, func(b *testing.B) {
			s, batch := open(b), make([]picasso.Execution, 500)
			rows, cpu := 0, cpuTime()
			b.ReportAllocs()
			for b.Loop() {
				for i := range batch {
					batch[i] = record(i)
				}
				require.NoError(b, s.RecordExecutions(b.Context(), batch))
				rows += len(batch)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(rows), "µs/row")
			b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(rows), "cpu-µs/row")
		})
	}
}

// BenchmarkFunction looks one of 1,000 functions up by id.
func BenchmarkFunction(b *testing.B) {
	for name, open := range stores() {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			var ids []string
			for i := range 1000 {
				spec := picasso.DefaultFunctionSpec()
				spec.Name, spec.Config = fmt.Sprint("f", i), map[string]string{"A": "1"}
				fn := &picasso.Function{ID: uuid.NewString(), ProjectID: fmt.Sprint("p", i%100), FunctionSpec: spec, CreatedAt: time.Now(), UpdatedAt: time.Now()}
				require.NoError(b, s.CreateFunction(b.Context(), fn))
				ids = append(ids, fn.ID)
			}
			n, cpu := 0, cpuTime()
			b.ReportAllocs()
			for b.Loop() {
				_, err := s.Function(b.Context(), "", ids[n%len(ids)])
				require.NoError(b, err)
				n++
			}
			b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(n)/1000, "cpu-µs/op")
		})
	}
}

func record(i int) picasso.Execution {
	at := time.Now()
	return picasso.Execution{
		ID: uuid.Must(uuid.NewV7()).String(), ProjectID: "8ae5354a48a359d1bb5ede115b93034b", FunctionID: "0195c0de-0000-7000-8000-000000000001",
		Function: "hello", App: "default", Revision: 1, Status: picasso.StatusSucceeded,
		CreatedAt: at, StartedAt: at, FinishedAt: at, WaitMS: 0.012, RunMS: 0.1 + float64(i)/7,
		HTTPStatus: 200, Host: "compute-1", RequestID: "req-0195c0de-0000-7000-8000-000000000001", InputBytes: 2, OutputBytes: 2,
	}
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
