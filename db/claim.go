package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

const bytesPerClaim = 32 << 20 // of inputs, as far as it is not one

// Claim implements picasso.Queue. Inputs come along, so that a claim ends
// early when they are more than 32 MiB together.
func (s *Store) Claim(ctx context.Context, claims []picasso.Claim, lease time.Duration) (claimed []picasso.Claimed, err error) {
	if len(claims) == 0 {
		return nil, nil
	}
	err = s.inTx(ctx, "queue", func(ctx context.Context, tx *sql.Tx) (err error) {
		claimed, err = s.claim(ctx, tx, claims, lease)
		return err
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

func (s *Store) claim(ctx context.Context, tx *sql.Tx, claims []picasso.Claim, lease time.Duration) ([]picasso.Claimed, error) {
	claims, err := s.withinLimits(ctx, tx, claims)
	if err != nil {
		return nil, err
	}
	functions, err := functionsOf(ctx, tx, claims)
	if err != nil {
		return nil, err
	}
	claims = slices.DeleteFunc(claims, func(c picasso.Claim) bool { return functions[c.FunctionID] == nil || c.Count <= 0 })
	var claimed []picasso.Claimed
	for part := range slices.Chunk(claims, s.claimsPerSelect()) {
		if claimed, err = s.selectDue(ctx, tx, part, claimed); err != nil {
			return nil, err
		}
	}
	claimed = boundInputs(claimed)
	if len(claimed) == 0 {
		return nil, nil
	}
	if err := s.start(ctx, tx, claimed, lease); err != nil {
		return nil, err
	}
	inputs, err := payloads(ctx, tx, kindInput, idsOf(claimed))
	for i := range claimed {
		c := &claimed[i]
		c.Function = functions[c.FunctionID]
		if input := inputs[c.ID]; input != nil {
			c.Input = *input
		}
	}
	if err != nil {
		return nil, err
	}
	return claimed, entrust(ctx, tx, claimed)
}

// functionsOf reads the functions that exist.
func functionsOf(ctx context.Context, tx *sql.Tx, claims []picasso.Claim) (map[string]*picasso.Function, error) {
	functions := map[string]*picasso.Function{}
	if len(claims) == 0 {
		return functions, nil
	}
	var ids []any
	for i := range claims {
		ids = append(ids, claims[i].FunctionID)
	}
	query := "SELECT " + functionColumns + " FROM " + functionsWithApps + " WHERE f.id" + in(len(ids))
	return functions, each(ctx, tx, query, ids, func(row row) error {
		var fn picasso.Function
		err := scanFunction(row, &fn)
		functions[fn.ID] = &fn
		return err
	})
}

// dueSQL is the statement for what is due of a function, oldest first.
func (s *Store) dueSQL(count int) string {
	return fmt.Sprintf("SELECT %s, lease FROM executions%s WHERE open_as = ? AND run_at <= %s ORDER BY run_at, id LIMIT %d",
		executionFields, s.byQueue(), s.clock(0), count) + s.skipLocked()
}

// selectDue appends what is due of each function, and locks it.
func (s *Store) selectDue(ctx context.Context, tx *sql.Tx, claims []picasso.Claim, claimed []picasso.Claimed) ([]picasso.Claimed, error) {
	parts, args := make([]string, len(claims)), make([]any, len(claims))
	for i := range claims {
		parts[i], args[i] = s.dueSQL(claims[i].Count), claims[i].FunctionID
	}
	query := parts[0]
	if len(parts) > 1 {
		query = "(" + strings.Join(parts, ") UNION ALL (") + ")"
	}
	err := each(ctx, tx, query, args, func(row row) error {
		var c picasso.Claimed
		err := scanExecutionAnd(row, &c.Execution, &c.Lease.Number)
		claimed = append(claimed, c)
		return err
	})
	return claimed, err
}

// claimsPerSelect is how many functions are looked at in one statement: what
// saves time between machines is syntax that SQLite does not have.
func (s *Store) claimsPerSelect() int {
	if s.place.mysql != nil {
		return 32
	}
	return 1
}

// boundInputs leaves out what would be too much at once.
func boundInputs(claimed []picasso.Claimed) []picasso.Claimed {
	size := int64(0)
	for i := range claimed {
		if size += claimed[i].InputBytes; size > bytesPerClaim && i > 0 {
			return claimed[:i]
		}
	}
	return claimed
}

// start makes what was found running, here and there.
func (s *Store) start(ctx context.Context, tx *sql.Tx, claimed []picasso.Claimed, lease time.Duration) error {
	now := micro(s.now())
	query := "UPDATE executions SET status = 'running', open_as = 'running', run_at = NULL, attempt = attempt + 1, acting_as = NULL, " +
		"lease = lease + 1, lease_until = " + s.clock(lease) + ", started_at = ? WHERE id" + in(len(claimed))
	if _, err := tx.ExecContext(ctx, query, append([]any{now}, idsOf(claimed)...)...); err != nil {
		return err
	}
	for i := range claimed {
		c := &claimed[i]
		c.Status, c.StartedAt = picasso.StatusRunning, now
		c.Attempt++
		c.Lease = picasso.Lease{ExecutionID: c.ID, Number: c.Lease.Number + 1}
		c.Failures = int(c.Lease.Number) - c.Attempt
	}
	return nil
}

func idsOf(claimed []picasso.Claimed) []any {
	ids := make([]any, len(claimed))
	for i := range claimed {
		ids[i] = claimed[i].ID
	}
	return ids
}
