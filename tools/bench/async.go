package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

const (
	asyncConnections = 32
	asyncProbes      = 41 // single executions whose start is timed
)

// respondAsync asks for an execution in place of an answer.
func respondAsync() http.Header { return http.Header{"Prefer": {"respond-async"}} }

// async measures executions that nobody waits for, with API, engine and one
// picasso-trigger as three processes: first on an empty queue, then behind a
// million executions of another function.
func (b *bench) async(ctx context.Context) (err error) {
	s, err := b.start(ctx, "async", b.options.auth, "picasso-api", "picasso-engine", "picasso-trigger")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	many, busy, err := s.createWarm(ctx, "async-many", nil)
	if err != nil {
		return err
	}
	_, alone, err := s.createWarm(ctx, "async-alone", nil)
	if err != nil {
		return err
	}
	if err := b.asyncStarts(ctx, s, "accept to start, queue idle", alone); err != nil {
		return err
	}
	b.report.addVerdict("async, accept to start when idle, p50", fmt.Sprintf("%.1f ms", milliseconds(b.report.median("accept to start, queue idle"))),
		"≤ 20 ms", b.report.median("accept to start, queue idle") <= 20*time.Millisecond)
	if err := b.asyncRates(ctx, s, many, busy); err != nil || b.cloud.dsn == nil || b.options.depth == 0 {
		return err
	}
	return b.asyncDeep(ctx, s, many, busy, alone)
}

// asyncStarts times how long single executions wait in the queue, by their records.
func (b *bench) asyncStarts(ctx context.Context, s *service, row string, f subject) error {
	for range asyncProbes {
		if err := wait(ctx, rand.N(50*time.Millisecond)); err != nil { // out of step with polling
			return err
		}
		var e execution
		if err := s.get(ctx, http.MethodPost, f.path, respondAsync(), &e); err != nil {
			return err
		}
		err := until(ctx, time.Minute, func() error {
			if err := s.get(ctx, http.MethodGet, "/v2/executions/"+e.ID, nil, &e); err != nil || e.Status == "succeeded" {
				return err
			}
			return fmt.Errorf("an execution is %s", e.Status)
		})
		if err != nil {
			return err
		}
		b.report.addTime(row, e.StartedAt.Sub(e.CreatedAt))
	}
	return nil
}

// execution is what the bench reads of one.
type execution struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	StartedAt time.Time `json:"started_at"`
}

// get is ask for an answer in JSON.
func (s *service) get(ctx context.Context, method, path string, header http.Header, into any) error {
	content, err := s.ask(ctx, method, path, header, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

// asyncRates fills the queue of a paused function and lets it run out.
func (b *bench) asyncRates(ctx context.Context, s *service, id string, f subject) error {
	for round := range b.options.rounds {
		asked, accepted, err := b.accept(ctx, s, id, f)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := s.enable(ctx, id, true); err != nil {
			return err
		}
		err = until(ctx, 5*time.Minute, func() error {
			content, err := s.ask(ctx, http.MethodGet, "/v2/executions?limit=1&status=queued&function="+id, nil, nil)
			if err == nil && strings.Contains(string(content), `"id"`) {
				err = errors.New("executions are still queued")
			}
			return err
		})
		if err != nil {
			return err
		}
		executed := float64(asked) / time.Since(began).Seconds()
		b.say("async, round %d of %d: %.0f accepted/s, %.0f executed/s", round+1, b.options.rounds, accepted, executed)
		b.report.addRate("async, accepted", accepted)
		b.report.addRate("async, executed", executed)
	}
	b.report.addRateTarget("async, accepted", 2000)
	b.report.addRateTarget("async, executed", 1000)
	return nil
}

// accept queues executions of a function that is paused and left so.
func (b *bench) accept(ctx context.Context, s *service, id string, f subject) (asked int, perSecond float64, err error) {
	if err := s.enable(ctx, id, false); err != nil {
		return 0, 0, err
	}
	target := f.target([]byte("ok"))
	header := f.header.Clone()
	header.Set("Prefer", "respond-async")
	target.Request, target.Status, target.Body = request(f.path, header, []byte("ok")), http.StatusAccepted, nil
	r, err := load.Run(ctx, target, load.Options{Connections: asyncConnections, WarmUp: b.options.warmUp / 2, Duration: b.options.duration})
	return r.Asked, r.PerSecond, err
}

func (s *service) enable(ctx context.Context, id string, enabled bool) error {
	_, err := s.ask(ctx, http.MethodPatch, "/v2/functions/"+id, nil, map[string]bool{"enabled": enabled})
	return err
}

// asyncDeep is the same with a queue that does not run out.
func (b *bench) asyncDeep(ctx context.Context, s *service, id string, f, alone subject) error {
	_, _, err := b.accept(ctx, s, id, f)
	if err != nil {
		return err
	}
	b.say("async: queueing %d executions", b.options.depth)
	if err := b.cloud.deepen(ctx, id, b.options.depth); err != nil {
		return err
	}
	_, accepted, err := b.accept(ctx, s, id, f)
	if err != nil {
		return err
	}
	if err := s.enable(ctx, id, true); err != nil {
		return err
	}
	before, err := b.cloud.executed(ctx, id)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.asyncStarts(ctx, s, "accept to start, a million of another function queued", alone); err != nil {
		return err
	}
	if err := wait(ctx, b.options.duration); err != nil {
		return err
	}
	elapsed := time.Since(began)
	after, err := b.cloud.executed(ctx, id)
	if err != nil {
		return err
	}
	b.report.addRate("async, accepted, a million queued", accepted)
	b.report.addRate("async, executed, a million queued", float64(after-before)/elapsed.Seconds())
	b.report.addRateTarget("async, accepted, a million queued", 2000)
	b.report.addRateTarget("async, executed, a million queued", 1000)
	return s.enable(ctx, id, false)
}

// deepen makes copies of a queued execution that has no input.
func (c *cloud) deepen(ctx context.Context, functionID string, copies int) error {
	columns, err := c.text(ctx, fmt.Sprintf("SELECT GROUP_CONCAT(column_name) FROM information_schema.columns "+
		"WHERE table_schema = '%s' AND table_name = 'executions' AND column_name NOT IN ('id', 'dedupe_key')", c.database))
	if err != nil {
		return err
	}
	return c.execute(ctx, fmt.Sprintf("INSERT INTO %[1]s.executions (id, %[2]s) SELECT UUID(), %[2]s FROM "+
		"(SELECT * FROM %[1]s.executions WHERE function_id = '%[3]s' AND status = 'queued' LIMIT 1) AS one, %[1]s.seq_1_to_%[4]d",
		c.database, columns, functionID, copies))
}

// executed is how many executions of a function have succeeded.
func (c *cloud) executed(ctx context.Context, functionID string) (n int, err error) {
	text, err := c.text(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s.executions WHERE function_id = '%s' AND status = 'succeeded'", c.database, functionID))
	if err == nil {
		_, err = fmt.Sscan(text, &n)
	}
	return n, err
}
