package db

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/picasso-faas/picasso"
)

// enqueuing is a call of Enqueue.
type enqueuing struct {
	sub    picasso.Submission
	winner string // see submitted
}

// Enqueue implements picasso.Queue. What is enqueued at the same time is
// committed together.
func (s *Store) Enqueue(ctx context.Context, sub *picasso.Submission) (*picasso.Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	e := &enqueuing{sub: prepare(*sub)}
	if err := s.admit(ctx, &e.sub); err != nil {
		return nil, err
	}
	if err := s.enqueues.do(ctx, e); err != nil {
		return nil, err
	}
	if e.winner != "" {
		return s.winner(ctx, e)
	}
	s.wake(e.sub)
	return &e.sub.Execution, nil
}

// Enqueued implements picasso.Queue.
func (s *Store) Enqueued() <-chan struct{} { return s.enqueued }

func (s *Store) writeEnqueues(ctx context.Context, batch []*enqueuing) (errs []error, err error) {
	err = s.inTx(ctx, "execution", func(ctx context.Context, tx *sql.Tx) error {
		errs = make([]error, len(batch))
		found, err := functionsFound(ctx, tx, batch)
		if err != nil {
			return err
		}
		var list []picasso.Submission
		var from []*enqueuing
		for i, e := range batch {
			if !found[e.sub.FunctionID] {
				errs[i] = notFound(fmt.Sprintf("function %q", e.sub.FunctionID))
				continue
			}
			list, from = append(list, e.sub), append(from, e)
		}
		stored, err := s.submit(ctx, tx, list)
		for i := range stored {
			from[i].winner = stored[i].winner
		}
		return err
	})
	return errs, err
}

// functionsFound does not lock them: what is queued for one that is being
// deleted is Recover's.
func functionsFound(ctx context.Context, tx *sql.Tx, batch []*enqueuing) (map[string]bool, error) {
	found := map[string]bool{}
	var ids []any
	for _, e := range batch {
		if _, seen := found[e.sub.FunctionID]; !seen {
			found[e.sub.FunctionID] = false
			ids = append(ids, e.sub.FunctionID)
		}
	}
	err := each(ctx, tx, "SELECT id FROM functions WHERE id"+in(len(ids)), ids, func(row row) error {
		var id string
		err := row.Scan(&id)
		found[id] = true
		return err
	})
	return found, err
}

// winner returns the execution that had the key first, provided it has the
// same input. One that was purged is taken for the same.
func (s *Store) winner(ctx context.Context, e *enqueuing) (*picasso.Execution, error) {
	first, err := s.Execution(ctx, "", e.winner)
	if err != nil {
		return nil, err
	}
	input, err := s.payload(ctx, e.winner, kindInput)
	if err == nil && input != nil && !sameInput(input, &e.sub.Input) {
		err = picasso.Errorf(picasso.CodeConflict, "Idempotency-Key: was used with another input")
	}
	if err != nil {
		return nil, err
	}
	return first, nil
}

func enqueueSize(e *enqueuing) int { return len(e.sub.Input.Body) + 1024 }
