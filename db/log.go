package db

import (
	"context"
	"database/sql"

	"github.com/picasso-faas/picasso"
)

const (
	logFields         = "execution_id, attempt, position, log, created_at"
	logFieldCount     = 5
	logBytesPerInsert = 1 << 20 // and one part on top: well below a server's max_allowed_packet
	logPartsPerRead   = 16      // of up to a whole log each
)

// AppendLogs implements picasso.LogStore. What is appended at the same time is
// committed together.
func (s *Store) AppendLogs(ctx context.Context, parts []picasso.LogPart) error {
	if len(parts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return s.logs.do(ctx, parts)
}

func (s *Store) writeLogs(ctx context.Context, batch [][]picasso.LogPart) ([]error, error) {
	return nil, s.inTx(ctx, "log", func(ctx context.Context, tx *sql.Tx) error {
		var rest []picasso.LogPart
		for _, parts := range batch {
			for _, part := range parts {
				if part.Whole { // what was gathered may be part of what it replaces
					if err := s.insertLogs(ctx, tx, rest); err != nil {
						return err
					}
					if err := replaceLog(ctx, tx, &part); err != nil {
						return err
					}
					rest = nil
				}
				rest = append(rest, part)
			}
		}
		return s.insertLogs(ctx, tx, rest)
	})
}

func replaceLog(ctx context.Context, tx *sql.Tx, part *picasso.LogPart) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM execution_logs WHERE execution_id = ? AND attempt = ?", part.ExecutionID, part.Attempt)
	return err
}

// insertLogs stores parts, in statements of bounded size.
func (s *Store) insertLogs(ctx context.Context, tx *sql.Tx, parts []picasso.LogPart) error {
	var args []any
	size := 0
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, s.insert("execution_logs", logFields, len(args)/logFieldCount), args...)
		args, size = args[:0], 0
		return err
	}
	now := s.now()
	for i := range parts {
		p := &parts[i]
		args = append(args, p.ExecutionID, p.Attempt, p.Offset, p.Text, now)
		size += len(p.Text)
		if size >= logBytesPerInsert || len(args) >= logFieldCount*rowsPerInsert {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func logSize(parts []picasso.LogPart) (size int) {
	for i := range parts {
		size += len(parts[i].Text) + 128
	}
	return size
}

// Log implements picasso.LogStore. It returns the first few parts only.
func (s *Store) Log(ctx context.Context, executionID string, attempt int, offset int64) (parts []picasso.LogPart, err error) {
	if !picasso.IsID(executionID) {
		return nil, nil
	}
	query := "SELECT attempt, position, log FROM execution_logs WHERE execution_id = ? " +
		"AND (attempt > ? OR (attempt = ? AND position >= ?)) ORDER BY attempt, position LIMIT ?"
	err = s.try(ctx, "log", func(ctx context.Context) error {
		parts = nil
		return each(ctx, s.read, query, []any{executionID, attempt, attempt, offset, logPartsPerRead}, func(row row) error {
			p := picasso.LogPart{ExecutionID: executionID}
			err := row.Scan(&p.Attempt, &p.Offset, &p.Text)
			parts = append(parts, p)
			return err
		})
	})
	return parts, err
}
