package db

import (
	"context"
	"database/sql"
	"time"

	"github.com/picasso-faas/picasso"
)

var errNotYet = picasso.Errorf(picasso.CodeUnavailable, "not built yet")

func (s *Store) Enqueue(context.Context, *picasso.Submission) (*picasso.Execution, error) {
	return nil, errNotYet
}
func (s *Store) Enqueued() <-chan struct{}                          { return nil }
func (s *Store) Backlog(context.Context) ([]picasso.Backlog, error) { return nil, errNotYet }
func (s *Store) Recover(context.Context) (int, error)               { return 0, errNotYet }
func (s *Store) Settle(context.Context, *picasso.Settlement) error  { return errNotYet }
func (s *Store) Claim(context.Context, []picasso.Claim, time.Duration) ([]picasso.Claimed, error) {
	return nil, errNotYet
}
func (s *Store) Renew(context.Context, []picasso.Lease, time.Duration) ([]picasso.Lease, error) {
	return nil, errNotYet
}
func (s *Store) Redrive(context.Context, picasso.Redrive) ([]picasso.Execution, bool, error) {
	return nil, false, errNotYet
}
func (s *Store) ExecutionResult(context.Context, string, string) (*picasso.Payload, error) {
	return nil, errNotYet
}
func (s *Store) CancelExecution(context.Context, string, string, string) (*picasso.Execution, error) {
	return nil, errNotYet
}
func (s *Store) Purge(context.Context, picasso.Retention, int) (int, error) { return 0, errNotYet }
func (s *Store) AppendLogs(context.Context, []picasso.LogPart) error        { return errNotYet }
func (s *Store) Log(ctx context.Context, id string, _ int, _ int64) ([]picasso.LogPart, error) {
	part := picasso.LogPart{ExecutionID: id, Attempt: 1}
	err := s.try(ctx, executionNamed(id), func(ctx context.Context) error {
		err := s.read.QueryRowContext(ctx, "SELECT log FROM execution_logs WHERE execution_id = ?", id).Scan(&part.Text)
		if err == sql.ErrNoRows {
			return nil
		}
		return err
	})
	return []picasso.LogPart{part}, err
}
