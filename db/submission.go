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
const submissionFields = recordFields + ", async, trigger_id, event_id, caused_by, depth, destination, redrive_of, " +
	"attempt, max_attempts, function_if_queued, dedupe_key, run_at"

// submitted is a submission on its way into the queue.
type submitted struct {
	*picasso.Submission
	key []byte // SHA-256 of function, trigger and Key; nil without a Key
	// winner is the id of the execution that is there already by the key; else empty.
	winner string
}

// submit stores submissions with their inputs. Those that are there already, by
// their id or key, stay as they are.
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

// insertQueued stores them without their inputs.
func (s *Store) insertQueued(ctx context.Context, tx *sql.Tx, batch []submitted) error {
	var args []any
	for i := range batch {
		args = s.appendSubmission(args, &batch[i])
	}
	_, err := tx.ExecContext(ctx, s.insertWith("executions", submissionFields, s.runAtSQL(), len(batch)), args...)
	if err != nil {
		return err
	}
	return findWinners(ctx, tx, batch)
}

// insertSubmissions is submit for those to whom it does not matter what was
// there already. Call wake after the commit.
func (s *Store) insertSubmissions(ctx context.Context, tx *sql.Tx, list []picasso.Submission) error {
	prepared := make([]picasso.Submission, len(list))
	for i := range list {
		prepared[i] = prepare(list[i])
	}
	_, err := s.submit(ctx, tx, prepared)
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
	return append(append(args, e.Async, optionalText(e.TriggerID), optionalText(clip(e.EventID, maxEventIDBytes)), optionalText(e.CausedBy),
		e.Depth, optionalText(e.Destination), optionalText(e.RedriveOf), e.Attempt, e.MaxAttempts,
		only(e.Status == picasso.StatusQueued, e.FunctionID), optionalBytes(sub.key)), s.runAt(e.RunAt)...)
}

// dedupeKey is nil without a key. Ids have one length, so that no two
// combinations look the same.
func dedupeKey(sub *picasso.Submission) []byte {
	if sub.Key == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(sub.FunctionID + "\x00" + sub.TriggerID + "\x00" + sub.Key))
	return sum[:]
}

// findWinners tells the submissions whose key was taken from those that took it.
func findWinners(ctx context.Context, tx *sql.Tx, batch []submitted) error {
	keys := make([]any, 0, len(batch))
	for i := range batch {
		if batch[i].key != nil {
			keys = append(keys, batch[i].key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	winners := map[string]string{}
	err := each(ctx, tx, "SELECT dedupe_key, id FROM executions WHERE dedupe_key"+in(len(keys)), keys, func(row row) error {
		var key []byte
		var id string
		err := row.Scan(&key, &id)
		winners[string(key)] = id
		return err
	})
	for i := range batch {
		if id := winners[string(batch[i].key)]; batch[i].key != nil && id != batch[i].ID {
			batch[i].winner = id
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
