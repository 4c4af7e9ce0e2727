package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/picasso-faas/picasso"
)

// maxLimit is how many items a page has at most, and when it does not say.
const maxLimit = 1000

// conditions is what follows WHERE, with its arguments.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) add(part string, args ...any) {
	c.parts = append(c.parts, part)
	c.args = append(c.args, args...)
}

// addText adds "column = value" unless the value is empty.
func (c *conditions) addText(column, value string) {
	if value != "" {
		c.addExact(column, value)
	}
}

// addExact adds "column = value". MySQL takes 'x ' for equal to 'x'; no column
// compared with holds a space at its end, so such a value matches nothing.
func (c *conditions) addExact(column, value string) {
	if strings.HasSuffix(value, " ") {
		c.add("1 = 0")
		return
	}
	c.add(column+" = ?", value)
}

// addID does so for a column of ids. What has not the shape of an id matches nothing.
func (c *conditions) addID(column, id string) {
	switch {
	case picasso.IsID(id):
		c.add(column+" = ?", id)
	case id != "":
		c.add("1 = 0")
	}
}

// oneOf narrows a table, given by its alias, to the row with the id or, within a
// project, the name. It is false for a name that says nothing without its project.
func oneOf(alias, projectID, ref string) (where conditions, named bool) {
	where.addText(alias+".project_id", projectID)
	if picasso.IsID(ref) {
		where.addID(alias+".id", ref)
		return where, true
	}
	where.addExact(alias+".name", ref)
	return where, projectID != ""
}

func (c *conditions) String() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// sortable is a field a list can be sorted by, and its column. Columns are
// never NULL, or a page would skip rows.
type sortable struct{ field, column string }

// listing is one kind of list.
type listing struct {
	noun      string // for errors
	columns   string
	from      string
	id        string // the column
	sortables []sortable
	order     picasso.SortKey // when the page gives none
	where     conditions
}

// key is one column of an order.
type key struct {
	column string
	desc   bool
}

// keys turns the order of the page into columns, the id always last: it makes
// the order total.
func (l *listing) keys(sort []picasso.SortKey) ([]key, error) {
	if len(sort) == 0 {
		sort = []picasso.SortKey{l.order}
	}
	keys := make([]key, 0, len(sort)+1)
	for _, s := range sort {
		at := slices.IndexFunc(l.sortables, func(c sortable) bool { return c.field == s.Field })
		if at < 0 {
			return nil, picasso.Errorf(picasso.CodeInvalid, "sort: %q is not one of %s", s.Field, l.fields())
		}
		keys = append(keys, key{l.sortables[at].column, s.Desc})
	}
	return append(keys, key{l.id, keys[len(keys)-1].desc}), nil
}

func (l *listing) fields() string {
	var names []string
	for _, s := range l.sortables {
		names = append(names, s.field)
	}
	return strings.Join(names, ", ")
}

// readPage reads the page into values; more tells whether others follow.
func readPage[T any](ctx context.Context, s *Store, l *listing, page picasso.Page, scan func(row, *T) error) (found []T, more bool, err error) {
	err = s.try(ctx, l.noun, func(ctx context.Context) (err error) {
		found = nil
		more, err = l.rows(ctx, s.read, page, func(rows *sql.Rows) error {
			var item T
			found = append(found, item)
			return scan(rows, &found[len(found)-1])
		})
		return err
	})
	return found, more, err
}

// rows reads the page. next is called for each row of it; more tells whether
// others follow.
func (l *listing) rows(ctx context.Context, db *sql.DB, page picasso.Page, next func(*sql.Rows) error) (more bool, err error) {
	keys, err := l.keys(page.Sort)
	if err != nil {
		return false, err
	}
	where := l.where
	if page.Marker != "" {
		values, err := l.marker(ctx, db, keys, page.Marker)
		if err != nil {
			return false, err
		}
		after(&where, keys, values)
	}
	limit := page.Limit
	if limit <= 0 || limit > maxLimit {
		limit = maxLimit
	}
	query := "SELECT " + l.columns + " FROM " + l.from + where.String() + orderBy(keys) + fmt.Sprintf(" LIMIT %d", limit+1)
	rows, err := db.QueryContext(ctx, query, where.args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for count := 0; rows.Next(); count++ {
		if count == limit {
			return true, nil
		}
		if err := next(rows); err != nil {
			return false, err
		}
	}
	return false, rows.Err()
}

// marker reads the keys of the row that the page before ended with.
func (l *listing) marker(ctx context.Context, db *sql.DB, keys []key, id string) ([]any, error) {
	where := conditions{slices.Clone(l.where.parts), slices.Clone(l.where.args)}
	where.addID(l.id, id)
	columns := make([]string, len(keys))
	values, targets := make([]any, len(keys)), make([]any, len(keys))
	for i, k := range keys {
		columns[i], targets[i] = k.column, &values[i]
	}
	query := "SELECT " + strings.Join(columns, ", ") + " FROM " + l.from + where.String()
	err := db.QueryRowContext(ctx, query, where.args...).Scan(targets...)
	if err == sql.ErrNoRows {
		return nil, picasso.Errorf(picasso.CodeInvalid, "marker: %q is not in the list", id)
	}
	for i, v := range values {
		if text, ok := v.([]byte); ok { // MySQL would compare bytes without the index of a text column
			values[i] = string(text)
		}
	}
	return values, err
}

// after adds the condition that a row comes behind the one with the values:
// a >= ? AND (a > ? OR (b >= ? AND (b > ? OR …))). The ">=" is redundant and
// there for the index.
func after(where *conditions, keys []key, values []any) {
	condition, args := "", []any(nil)
	for i, key := range slices.Backward(keys) {
		column, op := key.column, " >"
		if key.desc {
			op = " <"
		}
		if condition == "" {
			condition, args = column+op+" ?", []any{values[i]}
			continue
		}
		condition = column + op + "= ? AND (" + column + op + " ? OR (" + condition + "))"
		args = append([]any{values[i], values[i]}, args...)
	}
	where.add("("+condition+")", args...)
}

func orderBy(keys []key) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k.column
		if k.desc {
			parts[i] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}
