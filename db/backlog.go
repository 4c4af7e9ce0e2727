package db

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/picasso-faas/picasso"
)

// functionsPerScan is how many functions with queued executions are looked at
// in one statement.
const functionsPerScan = 500

// queuedFunctions steps from one function with queued executions to the next,
// from behind a function on ("" is the first), and takes the first run_at of each: two
// look-ups in the index, however many executions there are. MySQL does so where
// it groups by an index; it cannot follow a recursion with an index, as SQLite
// can. In open_as, ids of functions come before "running".
func (s *Store) queuedFunctions() string {
	if s.place.mysql != nil {
		return fmt.Sprintf("SELECT open_as AS function_id, MIN(run_at) AS run_at FROM executions "+
			"WHERE open_as > ? AND open_as < 'running' GROUP BY open_as ORDER BY open_as LIMIT %d", functionsPerScan)
	}
	return fmt.Sprintf("WITH RECURSIVE queued (function_id) AS ("+
		"SELECT MIN(open_as) FROM executions WHERE open_as > ? AND open_as < 'running' "+
		"UNION ALL "+
		"SELECT (SELECT MIN(open_as) FROM executions WHERE open_as > queued.function_id AND open_as < 'running') "+
		"FROM queued WHERE queued.function_id IS NOT NULL LIMIT %d) "+
		"SELECT function_id, (SELECT MIN(run_at) FROM executions WHERE open_as = queued.function_id) AS run_at "+
		"FROM queued WHERE function_id IS NOT NULL", functionsPerScan)
}

// queuedFunction is one that was found.
type queuedFunction struct {
	picasso.Backlog
	exists bool // the function has not been deleted
	ready  bool // it is not paused and has something due
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
	query := "SELECT q.function_id, f.project_id, f.priority, f.max_sandboxes * f.concurrency, " +
		"f.enabled AND a.enabled AND q.run_at <= " + s.clock(0) + " FROM (" + s.queuedFunctions() + ") q " +
		"LEFT JOIN functions f ON f.id = q.function_id LEFT JOIN apps a ON a.id = f.app_id ORDER BY q.function_id"
	err = each(ctx, s.read, query, []any{behind}, func(row row) error {
		var f queuedFunction
		var project sql.NullString
		var priority, limit sql.NullInt64
		var ready sql.NullBool
		err := row.Scan(&f.FunctionID, &project, &priority, &limit, &ready)
		f.ProjectID, f.Priority, f.Limit = project.String, int(priority.Int64), int(limit.Int64)
		f.exists, f.ready = project.Valid, ready.Bool
		found = append(found, f)
		return err
	})
	if len(found) == functionsPerScan {
		next = found[functionsPerScan-1].FunctionID
	}
	return found, next, err
}

// countRunning fills in what runs. There are never more such rows than workers.
func (s *Store) countRunning(ctx context.Context, backlog []picasso.Backlog) error {
	functions, projects := map[string]int{}, map[string]int{}
	query := "SELECT project_id, function_id, COUNT(*) FROM executions WHERE open_as = 'running' GROUP BY project_id, function_id"
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
