package db

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// The columns of a new execution that nobody waits for, in the order of appendSubmission.
const submissionFields = recordFields + ", async, trigger_id, event_id, subject, caused_by, depth, destination, redrive_of, " +
	"attempt, max_attempts, open_as, run_at"

// submitted is a submission on its way into the queue.
type submitted struct {
	*picasso.Submission
	key []byte // of execution_keys; nil when it has no row there
	// winner is the id of the execution that is there already by the key; else empty.
	winner string
}

// submit stores prepared submissions with their inputs. Those that are there
// already, by their id or key, stay as they are. Call wake after the commit.
func (s *Store) submit(ctx context.Context, tx *sql.Tx, list []picasso.Submission) ([]submitted, error) {
	batch := make([]submitted, len(list))
	for i := range list {
		batch[i] = submitted{Submission: &list[i], key: dedupeKey(&list[i])}
	}
	for part := range slices.Chunk(batch, rowsPerInsert) {
		if err := s.insertQueued(ctx, tx, part); err != nil {
			return nil, err
		}
	}
	w := s.payloadWriter(ctx, tx)
	for i := range batch {
		if batch[i].winner == "" {
			w.add(batch[i].ID, kindInput, &batch[i].Input)
		}
	}
	return batch, w.flush()
}

// insertQueued stores them without their inputs. Who has the key has the execution.
func (s *Store) insertQueued(ctx context.Context, tx *sql.Tx, batch []submitted) error {
	if err := s.insertKeys(ctx, tx, batch); err != nil {
		return err
	}
	var args []any
	rows := 0
	for i := range batch {
		if batch[i].winner == "" {
			args = s.appendSubmission(args, &batch[i])
			rows++
		}
	}
	if rows == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, s.insertWith("executions", submissionFields, s.runAtSQL(), rows), args...)
	return err
}

// wake makes Enqueued receive if one of the submissions may run now.
func (s *Store) wake(list ...picasso.Submission) {
	now := s.now()
	if !slices.ContainsFunc(list, func(sub picasso.Submission) bool { return !sub.Status.Ended() && !sub.RunAt.After(now) }) {
		return
	}
	s.signal()
}

func (s *Store) signal() {
	select {
	case s.enqueued <- struct{}{}:
	default: // nobody has come for the one before
	}
}

// prepare returns the execution as it will be read.
func prepare(sub picasso.Submission) picasso.Submission {
	e := &sub.Execution
	e.Async = true
	if e.Status == "" || !e.Status.Ended() {
		e.Status = picasso.StatusQueued
		if e.RunAt.IsZero() {
			e.RunAt = e.CreatedAt
		}
		e.StartedAt, e.FinishedAt = time.Time{}, time.Time{}
	} else {
		e.RunAt = time.Time{}
	}
	e.CreatedAt, e.RunAt = micro(e.CreatedAt), micro(e.RunAt)
	e.StartedAt, e.FinishedAt = micro(e.StartedAt), micro(e.FinishedAt)
	e.InputBytes = int64(len(sub.Input.Body))
	e.Log = nil
	return sub
}

func (s *Store) appendSubmission(args []any, sub *submitted) []any {
	e := &sub.Execution
	args = appendExecution(args, e)
	return append(append(args, e.Async, optionalText(e.TriggerID), optionalText(clip(e.EventID, maxEventIDBytes)), optionalText(clip(e.Subject, maxSubjectBytes)), optionalText(e.CausedBy),
		e.Depth, optionalText(e.Destination), optionalText(e.RedriveOf), e.Attempt, e.MaxAttempts,
		only(!e.Status.Ended(), e.FunctionID)), s.runAt(e.RunAt)...)
}

// dedupeKey tells executions apart that have a key or a trigger; nil for others.
// Ids have one length, so that no two combinations look the same.
func dedupeKey(sub *picasso.Submission) []byte {
	text := sub.FunctionID + "\x00" + sub.TriggerID + "\x00" + sub.Key
	switch {
	case sub.Key == "" && sub.TriggerID == "":
		return nil
	case sub.Key == "":
		text = sub.ID
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// insertKeys tells the submissions whose key is taken from those that have taken it.
func (s *Store) insertKeys(ctx context.Context, tx *sql.Tx, batch []submitted) error {
	var keys, args []any
	for i := range batch {
		if b := &batch[i]; b.key != nil {
			keys = append(keys, b.key)
			args = append(args, b.key, b.ID, optionalText(b.TriggerID), b.CreatedAt)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, s.insert("execution_keys", "dedupe_key, of_execution, by_trigger, made_at", len(keys)), args...)
	if err != nil {
		return err
	}
	owners := map[string]string{}
	err = each(ctx, tx, "SELECT dedupe_key, of_execution FROM execution_keys WHERE dedupe_key"+in(len(keys)), keys, func(row row) error {
		var key []byte
		var id string
		err := row.Scan(&key, &id)
		owners[string(key)] = id
		return err
	})
	for i := range batch {
		if owner := owners[string(batch[i].key)]; batch[i].key != nil && owner != batch[i].ID {
			batch[i].winner = owner
		}
	}
	return err
}

// sameInput reports whether two inputs are the same to a function that looks at
// the body and its type.
func sameInput(a, b *picasso.Payload) bool {
	return bytes.Equal(a.Body, b.Body) && contentType(a) == contentType(b)
}

func contentType(p *picasso.Payload) string {
	return strings.Join(textproto.MIMEHeader(p.Header)["Content-Type"], ",")
}
