package db

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// insert is the statement for a number of rows, of which those that are there
// already, by any key, stay as they are. (INSERT IGNORE would also ignore what
// does not fit.)
func (s *Store) insert(table, fields string, rows int) string {
	return s.insertWith(table, fields, "?", rows)
}

// insertWith is insert with an expression for the last field.
func (s *Store) insertWith(table, fields, last string, rows int) string {
	text := values(table, fields, last, rows)
	if s.place.mysql != nil {
		first, _, _ := strings.Cut(fields, ",")
		return text + " ON DUPLICATE KEY UPDATE " + first + " = " + table + "." + first
	}
	return text + " ON CONFLICT DO NOTHING"
}

// upsert is the statement that changes some fields of the rows that are there
// by their id. The last field is a time as runAt gives it.
func (s *Store) upsert(table, fields, changes string, rows int) string {
	text := values(table, fields, s.runAtSQL(), rows)
	var set []string
	for field := range strings.SplitSeq(changes, ", ") {
		if s.place.mysql != nil {
			set = append(set, field+" = VALUES("+field+")")
		} else {
			set = append(set, field+" = excluded."+field)
		}
	}
	if s.place.mysql != nil {
		return text + " ON DUPLICATE KEY UPDATE " + strings.Join(set, ", ")
	}
	return text + " ON CONFLICT (id) DO UPDATE SET " + strings.Join(set, ", ")
}

func values(table, fields, last string, rows int) string {
	one := "(" + strings.Repeat("?, ", strings.Count(fields, ",")) + last + ")"
	return "INSERT INTO " + table + " (" + fields + ") VALUES " + one + strings.Repeat(", "+one, rows-1)
}

// assignments are the fields, separated by ", ", as UPDATE has them.
func assignments(fields string) string { return strings.ReplaceAll(fields, ", ", " = ?, ") + " = ?" }

// in is the condition of being one of n values, n > 0.
func in(n int) string { return " IN (?" + strings.Repeat(", ?", n-1) + ")" }

// each calls scan for every row.
func each(ctx context.Context, q querier, query string, args []any, scan func(row) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// column reads one of ids.
func column(ctx context.Context, q querier, query string, args ...any) (ids []any, err error) {
	err = each(ctx, q, query, args, func(row row) error {
		var id string
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// clock is an expression for the time so far from now, by the clock that all
// processes have in common: the server's, or with SQLite, the host's.
func (s *Store) clock(from time.Duration) string {
	if s.place.mysql != nil {
		return fmt.Sprintf("UTC_TIMESTAMP(6) + INTERVAL %d MICROSECOND", from.Microseconds())
	}
	return fmt.Sprint(s.now().Add(from).UnixMicro())
}

// runAtSQL is the expression for a time by this process's clock that does not
// lie further ahead by the common one: what may run now may run now. runAt has its values.
func (s *Store) runAtSQL() string {
	if s.place.mysql != nil {
		return "LEAST(?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)"
	}
	return "?"
}

func (s *Store) runAt(t time.Time) []any {
	if s.place.mysql == nil {
		return []any{optional(t)}
	}
	return []any{optional(t), max(0, t.Sub(s.now())).Microseconds()}
}

// byQueue makes the database use the index of the queue, whatever it believes of
// the table.
func (s *Store) byQueue() string {
	if s.place.mysql != nil {
		return " FORCE INDEX (executions_open)"
	}
	return " INDEXED BY executions_open"
}

// forUpdate locks the rows of a SELECT. SQLite has one writer at a time, who needs no more.
func (s *Store) forUpdate() string {
	if s.place.mysql != nil {
		return " FOR UPDATE"
	}
	return ""
}

// skipLocked is forUpdate for the rows that nobody else has locked.
func (s *Store) skipLocked() string {
	if s.place.mysql != nil {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}
