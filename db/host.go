package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/picasso-faas/picasso"
)

// Heartbeat implements picasso.HostStore. The id of a host stays as long as its row.
func (s *Store) Heartbeat(ctx context.Context, report *picasso.HostReport, giveUp time.Duration) (record *picasso.HostRecord, err error) {
	values, err := reportOf(report)
	if err != nil {
		return nil, picasso.AsError(err)
	}
	subject := hostNamed(report.Name)
	err = s.inTx(ctx, subject, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.takeIn(ctx, tx, values, giveUp); err != nil {
			return err
		}
		record, err = s.host(ctx, tx, "name", report.Name)
		return missing(err, subject)
	})
	if err != nil {
		return nil, err
	}
	return record, nil
}

// heartbeat is a report as it is stored.
type heartbeat struct {
	name, incarnation, url string
	holder                 string // whose the name is from now on: the incarnation, or nobody's
	report, inventory      string // JSON
}

func reportOf(r *picasso.HostReport) (*heartbeat, error) {
	rest := *r
	rest.Inventory = picasso.Inventory{}
	report, err1 := json.Marshal(&rest)
	inventory, err2 := json.Marshal(&r.Inventory)
	holder := r.Incarnation
	if r.Fault == picasso.FaultStopped {
		holder = ""
	}
	return &heartbeat{r.Name, r.Incarnation, r.URL, holder, string(report), string(inventory)}, errors.Join(err1, err2)
}

// takeIn stores a heartbeat. The inventory, which is most of it, is written when it is another one.
func (s *Store) takeIn(ctx context.Context, tx *sql.Tx, h *heartbeat, giveUp time.Duration) error {
	var id string
	var other, alive, same bool
	query := "SELECT id, incarnation NOT IN ('', ?) AND url <> ?, heartbeat_at >= " + s.clock(-giveUp) + ", inventory = ? FROM hosts WHERE name = ?" + s.forUpdate()
	err := tx.QueryRowContext(ctx, query, h.incarnation, h.url, h.inventory, h.name).Scan(&id, &other, &alive, &same)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return s.register(ctx, tx, h)
	case err != nil:
		return err
	case other && alive:
		return picasso.Errorf(picasso.CodeConflict, "another engine goes by the name %q, and was heard of just now", h.name)
	}
	const fields = "incarnation = ?, url = ?, report = ?, "
	at := "heartbeat_at = " + s.clock(0) + " WHERE id = ?"
	if same {
		_, err = tx.ExecContext(ctx, "UPDATE hosts SET "+fields+at, h.holder, h.url, h.report, id)
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE hosts SET "+fields+"inventory = ?, inventoried = inventoried + 1, "+at,
		h.holder, h.url, h.report, h.inventory, id)
	return err
}

// register makes the row of a host that was not heard of before. Of two that do so at
// once one is told of a conflict, and is the second one with its next heartbeat.
func (s *Store) register(ctx context.Context, tx *sql.Tx, h *heartbeat) error {
	now := micro(s.now())
	_, err := tx.ExecContext(ctx, "INSERT INTO hosts (id, name, incarnation, url, report, inventory, inventoried, created_at, updated_at, heartbeat_at) "+
		"VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, "+s.clock(0)+")", s.newID(), h.name, h.holder, h.url, h.report, h.inventory, now, now)
	return err
}

// hostColumns are what scanHost reads.
func (s *Store) hostColumns() string {
	return "id, report, inventoried, disabled, disabled_reason, created_at, updated_at, heartbeat_at, " + s.sinceHeartbeat()
}

// sinceHeartbeat is an expression for the microseconds since the last heartbeat.
func (s *Store) sinceHeartbeat() string {
	if s.place.mysql != nil {
		return "TIMESTAMPDIFF(MICROSECOND, heartbeat_at, UTC_TIMESTAMP(6))"
	}
	return s.clock(0) + " - heartbeat_at"
}

func scanHost(row row, h *picasso.HostRecord, more ...any) error {
	var report string
	var age int64
	into := []any{&h.ID, &report, &h.Inventoried, &h.Disabled, &h.DisabledReason, &h.CreatedAt, &h.UpdatedAt, &h.HeartbeatAt, &age}
	if err := row.Scan(append(into, more...)...); err != nil {
		return err
	}
	h.Age = max(0, time.Duration(age)*time.Microsecond)
	return json.Unmarshal([]byte(report), &h.HostReport)
}

// rowQuerier is a pool or a transaction.
type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// host reads a host with its inventory, by its "id" or "name".
func (s *Store) host(ctx context.Context, q rowQuerier, column, value string) (*picasso.HostRecord, error) {
	var h picasso.HostRecord
	var inventory string
	var where conditions
	if column == "id" {
		where.addID(column, value)
	} else {
		where.addExact(column, value)
	}
	row := q.QueryRowContext(ctx, "SELECT "+s.hostColumns()+", inventory FROM hosts"+where.String(), where.args...)
	if err := scanHost(row, &h, &inventory); err != nil {
		return nil, err
	}
	return &h, json.Unmarshal([]byte(inventory), &h.Inventory)
}

// Hosts implements picasso.HostStore.
func (s *Store) Hosts(ctx context.Context) (hosts []picasso.HostRecord, err error) {
	err = s.try(ctx, "hosts", func(ctx context.Context) error {
		hosts = nil
		return each(ctx, s.read, "SELECT "+s.hostColumns()+" FROM hosts ORDER BY name", nil, func(row row) error {
			hosts = append(hosts, picasso.HostRecord{})
			return scanHost(row, &hosts[len(hosts)-1])
		})
	})
	if err != nil {
		return nil, err
	}
	return hosts, nil
}

// Inventories implements picasso.HostStore.
func (s *Store) Inventories(ctx context.Context, ids []string) (map[string]picasso.Inventory, error) {
	found := make(map[string]picasso.Inventory, len(ids))
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	if len(ids) == 0 {
		return found, nil
	}
	err := s.try(ctx, "hosts", func(ctx context.Context) error {
		return each(ctx, s.read, "SELECT id, inventory FROM hosts WHERE id"+in(len(ids)), args, func(row row) error {
			var id, text string
			if err := row.Scan(&id, &text); err != nil {
				return err
			}
			var inventory picasso.Inventory
			err := json.Unmarshal([]byte(text), &inventory)
			found[id] = inventory
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// HostByRef implements picasso.HostStore.
func (s *Store) HostByRef(ctx context.Context, ref string) (h *picasso.HostRecord, err error) {
	column, subject := "name", hostNamed(ref)
	if picasso.IsID(ref) {
		column = "id"
	}
	err = s.try(ctx, subject, func(ctx context.Context) error {
		h, err = s.host(ctx, s.read, column, ref)
		return missing(err, subject)
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// DisableHost implements picasso.HostStore.
func (s *Store) DisableHost(ctx context.Context, id string, disabled bool, reason string) (h *picasso.HostRecord, err error) {
	if !picasso.IsID(id) {
		return nil, notFound(hostNamed(id))
	}
	err = s.inTx(ctx, hostNamed(id), func(ctx context.Context, tx *sql.Tx) error {
		const query = "UPDATE hosts SET disabled = ?, disabled_reason = ?, updated_at = ? WHERE id = ?"
		if _, err := tx.ExecContext(ctx, query, disabled, reason, micro(s.now()), id); err != nil {
			return err
		}
		h, err = s.host(ctx, tx, "id", id)
		return missing(err, hostNamed(id))
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// DeleteHost implements picasso.HostStore.
func (s *Store) DeleteHost(ctx context.Context, id string, giveUp time.Duration) error {
	if !picasso.IsID(id) {
		return notFound(hostNamed(id))
	}
	return s.inTx(ctx, hostNamed(id), func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, "DELETE FROM hosts WHERE id = ? AND heartbeat_at < "+s.clock(-giveUp), id))
		if err != nil || n > 0 {
			return err
		}
		left, err := column(ctx, tx, "SELECT id FROM hosts WHERE id = ?", id)
		switch {
		case err != nil:
			return err
		case len(left) == 0:
			return notFound(hostNamed(id))
		}
		return picasso.Errorf(picasso.CodeConflict, "%s is alive: end its engine first, and wait until it is down", hostNamed(id))
	})
}

func hostNamed(ref string) string { return fmt.Sprintf("host %q", ref) }
