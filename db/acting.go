package db

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/picasso-faas/picasso"
)

const (
	// How many of each kind Acting returns. More run at a time only where
	// more workers than that work for one project.
	mostRunning = 500
	mostEnded   = 400
	mostWaiting = 100
	// How many that ended later than the event are looked at for those that began earlier.
	endedLookedAt = 2000
)

// Acting implements picasso.EventStore. An execution ran at the time when that
// lies between claim and settlement of an attempt, which are before and after what its
// record says of the latest one. One that is queued again after such an attempt is among them.
func (s *Store) Acting(ctx context.Context, a picasso.Acting) (found []picasso.Execution, err error) {
	err = s.try(ctx, "executions", func(ctx context.Context) error {
		found = nil
		seen := map[string]bool{}
		for _, look := range s.looks(&a) { // what stops running in the meantime is seen to have ended
			err := each(ctx, s.read, look.query, look.args, func(row row) error {
				var e picasso.Execution
				err := scanExecution(row, &e)
				if !seen[e.ID] {
					seen[e.ID] = true
					found = append(found, e)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// look is a statement that reads executions.
type look struct {
	query string
	args  []any
}

// looks are the statements of Acting, in order. Each reads a bounded part of an index.
func (s *Store) looks(a *picasso.Acting) []look {
	began, ended := a.At.Add(a.Within), a.At.Add(-a.Within)
	return []look{
		{fmt.Sprintf("SELECT %s FROM executions%s WHERE open_as = 'running' AND project_id = ? AND acting_as = ? AND started_at <= ? LIMIT %d",
			executionFields, s.byQueue(), mostRunning), []any{a.ProjectID, a.UserID, began}},
		{fmt.Sprintf("SELECT %s FROM (SELECT execution_id AS ran, started_at AS began FROM acted WHERE project_id = ? AND user_id = ? AND ended_at >= ? "+
			"ORDER BY ended_at LIMIT %d) runs JOIN executions ON id = ran WHERE began <= ? LIMIT %d",
			executionFields, endedLookedAt, mostEnded), []any{a.ProjectID, a.UserID, ended, began}},
		{fmt.Sprintf("SELECT %s FROM (SELECT of_execution FROM execution_keys WHERE by_trigger = ? ORDER BY made_at DESC LIMIT %d) newest "+
			"JOIN executions ON id = of_execution WHERE status = 'queued'",
			executionFields, mostWaiting), []any{a.TriggerID}},
	}
}

// noteActed keeps, for Acting, that what has been running until now did so with
// credentials, if it did.
func (s *Store) noteActed(ctx context.Context, tx *sql.Tx, ids []any) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO acted (project_id, user_id, ended_at, execution_id, started_at) "+
		"SELECT project_id, acting_as, ?, id, started_at FROM executions WHERE acting_as IS NOT NULL AND id"+in(len(ids)),
		append([]any{micro(s.now())}, ids...)...)
	return err
}

// entrust says by which trust each of the claimed gets its credentials, and
// notes in their records whose that is.
func entrust(ctx context.Context, tx *sql.Tx, claimed []picasso.Claimed) error {
	own, err := trustsOfTriggers(ctx, tx, claimed)
	if err != nil {
		return err
	}
	byUser := map[string][]any{}
	for i := range claimed {
		c := &claimed[i]
		trust, found := own[fired{c.TriggerID, c.FunctionID}]
		if !found && len(c.Function.DelegateRoles) > 0 {
			trust = c.Function.Trust
		}
		if trust == nil || c.Destination != "" { // to a URL goes no function
			continue
		}
		c.TrustID = trust.ID
		byUser[trust.UserID] = append(byUser[trust.UserID], c.ID)
	}
	for user, ids := range byUser {
		if _, err := tx.ExecContext(ctx, "UPDATE executions SET acting_as = ? WHERE id"+in(len(ids)), append([]any{user}, ids...)...); err != nil {
			return err
		}
	}
	return nil
}

// fired is a trigger and the function it fires.
type fired struct{ triggerID, functionID string }

// trustsOfTriggers reads the trusts of triggers that delegate roles to their executions. What
// a trigger has put into the queue for a function that it does not fire any more is without:
// who delegated anew has had no look at that one, and others may change it.
func trustsOfTriggers(ctx context.Context, tx *sql.Tx, claimed []picasso.Claimed) (map[fired]*picasso.Trust, error) {
	trusts := map[fired]*picasso.Trust{}
	var triggers []string
	for i := range claimed {
		if id := claimed[i].TriggerID; id != "" {
			triggers = append(triggers, id)
		}
	}
	var ids []any
	for _, id := range unique(triggers) {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return trusts, nil
	}
	query := "SELECT id, function_id, trust_id, trust_user FROM triggers WHERE delegate_roles <> '[]' AND id" + in(len(ids))
	return trusts, each(ctx, tx, query, ids, func(row row) error {
		var of fired
		var trustID, trustUser sql.NullString
		err := row.Scan(&of.triggerID, &of.functionID, &trustID, &trustUser)
		trusts[of] = trustOf(trustID, trustUser)
		return err
	})
}
