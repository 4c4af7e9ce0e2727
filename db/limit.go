package db

import (
	"context"
	"database/sql"
	"slices"

	"github.com/picasso-faas/picasso"
)

// withinLimits lowers the counts of the claims to what their limits leave. The
// limits hold strictly: until the transaction ends nobody else claims for the
// same function or project.
func (s *Store) withinLimits(ctx context.Context, tx *sql.Tx, claims []picasso.Claim) ([]picasso.Claim, error) {
	claims = slices.Clone(claims)
	functions, projects := limited(claims)
	if len(functions)+len(projects) == 0 {
		return claims, nil
	}
	if err := s.lockClaims(ctx, tx, slices.Concat(functions, projects)); err != nil {
		return nil, err
	}
	running, err := s.countFor(ctx, tx, "function_id", functions)
	if err != nil {
		return nil, err
	}
	inProject, err := s.countFor(ctx, tx, "project_id", projects)
	if err != nil {
		return nil, err
	}
	for i := range claims {
		c := &claims[i]
		if c.Limit > 0 {
			c.Count = min(c.Count, c.Limit-running[c.FunctionID])
		}
		if c.ProjectLimit > 0 {
			c.Count = min(c.Count, c.ProjectLimit-inProject[c.ProjectID])
		}
		c.Count = max(0, c.Count)
		running[c.FunctionID] += c.Count
		inProject[c.ProjectID] += c.Count
	}
	return claims, nil
}

// limited returns the ids of the functions and projects with a limit.
func limited(claims []picasso.Claim) (functions, projects []string) {
	for i := range claims {
		if claims[i].Limit > 0 {
			functions = append(functions, claims[i].FunctionID)
		}
		if claims[i].ProjectLimit > 0 {
			projects = append(projects, claims[i].ProjectID)
		}
	}
	return unique(functions), unique(projects)
}

func unique(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// lockClaims locks in one order, so that two who want the same do not wait for each other.
func (s *Store) lockClaims(ctx context.Context, tx *sql.Tx, ids []string) error {
	if s.place.mysql == nil {
		return nil // one writer at a time
	}
	var args []any
	for _, id := range unique(ids) {
		args = append(args, id, 1)
	}
	_, err := tx.ExecContext(ctx, s.insert("claim_locks", "id, claims", len(args)/2)+", claims = claim_locks.claims + 1", args...)
	return err
}

// countFor counts what runs, by function or project.
func (s *Store) countFor(ctx context.Context, tx *sql.Tx, column string, ids []string) (map[string]int, error) {
	counts := map[string]int{}
	if len(ids) == 0 {
		return counts, nil
	}
	args := make([]any, len(ids))
	for i := range ids {
		args[i] = ids[i]
	}
	query := "SELECT " + column + ", COUNT(*) FROM executions" + s.byQueue() + " WHERE open_as = 'running' AND " + column + in(len(ids)) + " GROUP BY " + column
	return counts, each(ctx, tx, query, args, func(row row) error {
		var id string
		var n int
		err := row.Scan(&id, &n)
		counts[id] = n
		return err
	})
}
