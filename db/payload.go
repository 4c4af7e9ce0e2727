package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
)

// The kinds of payloads.
const (
	kindInput  = 1
	kindResult = 2
)

const (
	payloadFields     = "execution_id, kind, seq, header, data, created_at"
	payloadFieldCount = 6
	bytesPerPiece     = 1 << 20
)

// payloadWriter gathers payloads into statements that stay well below a
// server's max_allowed_packet, in pieces that do, too.
type payloadWriter struct {
	exec  func(query string, args []any) error
	store *Store
	now   time.Time // one for all pieces, so that they are purged together
	args  []any
	size  int
	err   error // the first; nothing is written after it
}

func (s *Store) payloadWriter(ctx context.Context, tx *sql.Tx) *payloadWriter {
	return &payloadWriter{store: s, now: s.now(), exec: func(query string, args []any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}}
}

// add stores a payload by flush at the latest. There is a row also for an empty one:
// it tells it from a purged one.
func (w *payloadWriter) add(id string, kind int, p *picasso.Payload) {
	header, err := json.Marshal(p.Header)
	if err != nil && w.err == nil {
		w.err = err
	}
	seq := 0
	for piece := range slices.Chunk(p.Body, bytesPerPiece) {
		w.piece(id, kind, seq, header, piece)
		header = nil
		seq++
	}
	if seq == 0 {
		w.piece(id, kind, seq, header, []byte{})
	}
}

func (w *payloadWriter) piece(id string, kind, seq int, header, data []byte) {
	w.args = append(w.args, id, kind, seq, string(header), data, w.now)
	w.size += len(header) + len(data)
	if w.size >= bytesPerPiece || len(w.args) >= rowsPerInsert*payloadFieldCount {
		_ = w.flush() // kept in w.err
	}
}

// flush writes what was gathered and returns the first error of all.
func (w *payloadWriter) flush() error {
	if w.err == nil && len(w.args) > 0 {
		w.err = w.exec(w.store.insert("execution_payloads", payloadFields, len(w.args)/payloadFieldCount), w.args)
	}
	w.args, w.size = w.args[:0], 0
	return w.err
}

// querier is a transaction or a pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// payloads reads those of one kind. What has none is missing in the answer.
func payloads(ctx context.Context, q querier, kind int, ids []any) (map[string]*picasso.Payload, error) {
	found := map[string]*picasso.Payload{}
	if len(ids) == 0 {
		return found, nil
	}
	query := "SELECT execution_id, header, data FROM execution_payloads WHERE execution_id" + in(len(ids)) +
		fmt.Sprintf(" AND kind = %d ORDER BY execution_id, seq", kind)
	return found, each(ctx, q, query, ids, func(row row) error {
		var id, header string
		var data []byte
		if err := row.Scan(&id, &header, &data); err != nil {
			return err
		}
		if p := found[id]; p != nil {
			p.Body = append(p.Body, data...)
			return nil
		}
		found[id] = &picasso.Payload{Body: data}
		return json.Unmarshal([]byte(header), &found[id].Header)
	})
}

// payload returns one of them, nil when there is none.
func (s *Store) payload(ctx context.Context, id string, kind int) (*picasso.Payload, error) {
	var found map[string]*picasso.Payload
	err := s.try(ctx, executionNamed(id), func(ctx context.Context) (err error) {
		found, err = payloads(ctx, s.read, kind, []any{id})
		return err
	})
	return found[id], err
}

// ExecutionResult implements picasso.ExecutionStore.
func (s *Store) ExecutionResult(ctx context.Context, projectID, id string) (*picasso.Payload, error) {
	if _, err := s.Execution(ctx, projectID, id); err != nil {
		return nil, err
	}
	result, err := s.payload(ctx, id, kindResult)
	if err == nil && result == nil {
		err = notFound("the result of " + executionNamed(id))
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}
