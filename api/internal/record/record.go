// Package record writes the records of executions behind the calls: a
// call never waits for the database. Records wait in memory, at most 20,000 of them or
// 64 MiB of logs, and go to the store in batches, every 100 ms or 500 records. While
// the store is unavailable they are kept and tried again; what does not fit is
// dropped, oldest first, and counted.
package record

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

const (
	interval     = 100 * time.Millisecond
	batchSize    = 500
	maxQueued    = 20_000
	maxLogBytes  = 64 << 20
	writeTimeout = 10 * time.Second // of one batch
)

// Recorder collects records. Its methods may be used at once from many goroutines.
type Recorder struct {
	running
	store picasso.ExecutionStore
	log   *logrus.Logger

	mu       sync.Mutex // guards what follows; never held across I/O
	queue    []picasso.Execution
	logBytes int
	dropped  int64
	burst    int64 // dropped since the last batch that was stored
	failing  bool  // the last batch was not stored

	writer chan struct{} // holds one token: who has it writes
	full   chan struct{} // a batch is waiting
	stop   chan struct{}
	done   chan struct{}
}

// New starts a recorder. Close it to store what it still has.
func New(store picasso.ExecutionStore, log *logrus.Logger) *Recorder {
	r := &Recorder{
		running: running{calls: map[string]chan struct{}{}},
		store:   store, log: log,
		writer: make(chan struct{}, 1), full: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	go r.run()
	return r
}

// Add takes over the record; it never waits.
func (r *Recorder) Add(e *picasso.Execution) {
	r.mu.Lock()
	r.queue = append(r.queue, *e)
	r.logBytes += len(e.Log)
	ready := len(r.queue) >= batchSize && !r.failing
	began := r.shed()
	r.mu.Unlock()
	r.warn(began)
	if ready {
		select {
		case r.full <- struct{}{}:
		default:
		}
	}
}

// Flush stores every record added before it was called. Errors: unavailable,
// also when ctx ends first: what is being written then is still written.
func (r *Recorder) Flush(ctx context.Context) error {
	if r.Queued() == 0 && len(r.writer) == 0 {
		return nil
	}
	select {
	case r.writer <- struct{}{}:
	case <-ctx.Done():
		return stillWriting(ctx)
	}
	written := make(chan error, 1)
	go func() { // a reader must not have to wait for a store that hangs
		err := r.write()
		<-r.writer
		written <- err
	}()
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		return stillWriting(ctx)
	}
}

func stillWriting(ctx context.Context) error {
	return picasso.Errorf(picasso.CodeUnavailable, "records are still being written").WithCause(ctx.Err())
}

// Close stores what is left and stops the recorder. Errors: those of Flush;
// then records were lost.
func (r *Recorder) Close(ctx context.Context) error {
	close(r.stop)
	select {
	case <-r.done:
	case <-ctx.Done(): // Flush says what that means
	}
	return r.Flush(ctx)
}

// Queued is the number of records that wait.
func (r *Recorder) Queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.queue)
}

// Dropped is the number of records lost since the start.
func (r *Recorder) Dropped() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

func (r *Recorder) run() {
	defer close(r.done)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-r.full:
		case <-r.stop:
			return
		}
		_ = r.Flush(context.Background()) // reported by settle; tried again at the next tick
	}
}

// write stores what is queued now. Called by who has the token.
func (r *Recorder) write() error {
	for left := r.Queued(); left > 0; left -= batchSize {
		if err := r.writeBatch(); err != nil {
			return err
		}
	}
	return nil
}

// writeBatch stores the oldest records. One that the store refuses for another
// reason than being unavailable would be refused forever: the batch is dropped.
func (r *Recorder) writeBatch() error {
	batch := r.take()
	if len(batch) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	err := r.store.RecordExecutions(ctx, batch)
	r.settle(batch, err)
	return err
}

func (r *Recorder) take() []picasso.Execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(batchSize, len(r.queue))
	batch := r.queue[:n:n]
	if n < len(r.queue) {
		batch = slices.Clone(batch)
		r.forget(n)
	} else {
		r.queue = make([]picasso.Execution, 0, n) // the next batch may be as large
	}
	r.logBytes -= logBytes(batch)
	return batch
}

// settle accounts for a batch that the store took or did not take, and logs
// when that changes.
func (r *Recorder) settle(batch []picasso.Execution, err error) {
	entry := r.log.WithField("records", len(batch))
	switch {
	case err == nil:
		if lost, failed := r.stored(); failed {
			entry.WithField("dropped", lost).Info("execution records are being stored again")
		}
	case picasso.CodeOf(err) == picasso.CodeUnavailable:
		failure, loss := r.putBack(batch)
		if failure {
			entry.WithError(err).Warn("execution records cannot be stored, keeping them")
		}
		r.warn(loss)
	default:
		r.mu.Lock()
		r.dropped += int64(len(batch))
		r.mu.Unlock()
		entry.WithError(err).Error("execution records were refused by the store and dropped")
	}
}

// stored ends a failure, if there was one, and tells what it cost.
func (r *Recorder) stored() (lost int64, failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	lost, failed = r.burst, r.failing
	r.failing, r.burst = false, 0
	return lost, failed
}

// putBack queues the batch again as the oldest, and reports what began with
// it: a failure, or a burst of losses.
func (r *Recorder) putBack(batch []picasso.Execution) (failure, loss bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	failure = !r.failing
	r.failing = true
	r.queue = slices.Concat(batch, r.queue)
	r.logBytes += logBytes(batch)
	return failure, r.shed()
}

// warn logs that a burst of losses began, if one did.
func (r *Recorder) warn(loss bool) {
	if loss {
		r.log.Error("execution records are being dropped, the store is too slow")
	}
}

// shed drops the oldest records until the rest fits, and reports whether that
// begins a burst of losses. Called with mu held.
func (r *Recorder) shed() (began bool) {
	n := max(0, len(r.queue)-maxQueued)
	shed := logBytes(r.queue[:n])
	for ; n < len(r.queue) && r.logBytes-shed > maxLogBytes; n++ {
		shed += len(r.queue[n].Log)
	}
	if n == 0 {
		return false
	}
	began = r.burst == 0
	r.forget(n)
	r.logBytes -= shed
	r.dropped += int64(n)
	r.burst += int64(n)
	return began
}

// forget removes the n oldest records. The array is left to append, which copies what is
// still in it only when it is used up; moving everything down each time would cost
// a full queue milliseconds per record. Called with mu held.
func (r *Recorder) forget(n int) {
	clear(r.queue[:n])
	r.queue = r.queue[n:]
}

func logBytes(list []picasso.Execution) int {
	n := 0
	for i := range list {
		n += len(list[i].Log)
	}
	return n
}
