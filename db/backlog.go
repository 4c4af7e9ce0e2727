package db

import (
	"context"
	"fmt"

	"github.com/picasso-faas/picasso"
)

const (
	functionsPerScan = 100 // with queued executions, looked at in one go
	entriesPerStep   = 32  // read of the index in one statement
)

// queuedFunction is one with queued executions.
type queuedFunction struct {
	picasso.Backlog
	due    bool // the first of its executions
	exists bool // it has not been deleted
	ready  bool // it is not paused, and due
}

// Backlog implements picasso.Queue. Of very many functions with something due,
// each call returns others, in turn.
func (s *Store) Backlog(ctx context.Context) (backlog []picasso.Backlog, err error) {
	err = s.try(ctx, "queue", func(ctx context.Context) error {
		s.backlogMu.Lock()
		defer s.backlogMu.Unlock()
		if backlog, err = s.scanBacklog(ctx); err != nil {
			return err
		}
		if len(backlog) == 0 {
			return nil
		}
		return s.countRunning(ctx, backlog)
	})
	if err != nil {
		return nil, err
	}
	return backlog, nil
}

// scanBacklog goes on where the call before ended, until it finds something or
// has been everywhere.
func (s *Store) scanBacklog(ctx context.Context) (backlog []picasso.Backlog, err error) {
	for fromStart := s.backlogAt == ""; len(backlog) == 0; {
		found, next, err := s.scanQueued(ctx, s.backlogAt)
		if err != nil {
			return nil, err
		}
		backlog = appendReady(backlog, found)
		s.backlogAt = next
		if next == "" && fromStart {
			break
		}
		fromStart = fromStart || next == ""
	}
	return backlog, nil
}

func appendReady(backlog []picasso.Backlog, found []queuedFunction) []picasso.Backlog {
	for i := range found {
		if found[i].ready {
			backlog = append(backlog, found[i].Backlog)
		}
	}
	return backlog
}

// scanQueued looks at the functions with queued executions behind one, and
// returns where to go on: "" after the last.
func (s *Store) scanQueued(ctx context.Context, behind string) (found []queuedFunction, next string, err error) {
	next = behind
	for more := true; more && len(found) < functionsPerScan; {
		if found, more, err = s.stepQueued(ctx, next, found); err != nil {
			return nil, "", err
		}
		next = ""
		if more {
			next = found[len(found)-1].FunctionID
		}
	}
	if len(found) == 0 {
		return nil, "", nil
	}
	return found, next, s.lookAt(ctx, found)
}

// stepSQL reads the queue from behind a function on. It finds the place in the index,
// reads a few entries there, and depends on no statistics to do so:
// what MariaDB knows of a table that grows is old.
func (s *Store) stepSQL() string {
	return fmt.Sprintf("SELECT open_as, run_at <= %s FROM executions%s WHERE open_as > ? AND open_as < 'running' ORDER BY open_as, run_at LIMIT %d",
		s.clock(0), s.byQueue(), entriesPerStep)
}

// stepQueued appends the functions among the next entries of the queue. However
// many executions a function has, the next step goes past them.
func (s *Store) stepQueued(ctx context.Context, behind string, found []queuedFunction) (_ []queuedFunction, more bool, err error) {
	entries := 0
	err = each(ctx, s.read, s.stepSQL(), []any{behind}, func(row row) error {
		var f queuedFunction
		err := row.Scan(&f.FunctionID, &f.due)
		entries++
		if f.FunctionID != behind {
			found, behind = append(found, f), f.FunctionID
		}
		return err
	})
	return found, entries == entriesPerStep, err
}

// lookAt fills in what the functions are like now.
func (s *Store) lookAt(ctx context.Context, found []queuedFunction) error {
	ids := make([]any, len(found))
	at := map[string]*queuedFunction{}
	for i := range found {
		ids[i], at[found[i].FunctionID] = found[i].FunctionID, &found[i]
	}
	query := "SELECT f.id, f.project_id, f.priority, f.max_sandboxes * f.concurrency, f.enabled AND a.enabled FROM " +
		functionsWithApps + " WHERE f.id" + in(len(ids))
	return each(ctx, s.read, query, ids, func(row row) error {
		var id string
		var enabled bool
		var b picasso.Backlog
		err := row.Scan(&id, &b.ProjectID, &b.Priority, &b.Limit, &enabled)
		if f := at[id]; f != nil {
			b.FunctionID = id
			f.Backlog, f.exists, f.ready = b, true, enabled && f.due
		}
		return err
	})
}

// countRunning fills in what runs. There are never more such rows than workers.
func (s *Store) countRunning(ctx context.Context, backlog []picasso.Backlog) error {
	functions, projects := map[string]int{}, map[string]int{}
	query := "SELECT project_id, function_id, COUNT(*) FROM executions" + s.byQueue() + " WHERE open_as = 'running' GROUP BY project_id, function_id"
	err := each(ctx, s.read, query, nil, func(row row) error {
		var project, function string
		var n int
		err := row.Scan(&project, &function, &n)
		functions[function] += n
		projects[project] += n
		return err
	})
	for i := range backlog {
		b := &backlog[i]
		b.Running, b.ProjectRunning = functions[b.FunctionID], projects[b.ProjectID]
	}
	return err
}
