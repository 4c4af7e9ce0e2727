package dbtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func nan() float64 { return math.NaN() }

// order is a field and how to compare two items by it.
type order[T any] struct {
	field   string
	compare func(a, b *T) int
}

// orders returns every sort by up to two fields in both directions.
func orders[T any](fields []order[T]) (sorts [][]picasso.SortKey) {
	sorts = append(sorts, nil)
	for _, first := range fields {
		for _, desc := range []bool{false, true} {
			one := picasso.SortKey{Field: first.field, Desc: desc}
			sorts = append(sorts, []picasso.SortKey{one})
			for _, second := range fields {
				if second.field != first.field {
					sorts = append(sorts, []picasso.SortKey{one, {Field: second.field, Desc: !desc}}, []picasso.SortKey{one, {Field: second.field, Desc: desc}})
				}
			}
		}
	}
	return sorts
}

// pages checks that the pages of a list, put together, are the items in order.
type pages[T any] struct {
	suite  *suite
	items  []T
	fields []order[T]
	normal picasso.SortKey
	id     func(*T) string
	list   func(picasso.Page) ([]T, bool, error)
}

func (p pages[T]) check() {
	for _, sort := range orders(p.fields) {
		limits := []int{1, 7, len(p.items) - 1, len(p.items), len(p.items) + 1, 0}
		if len(sort) > 1 {
			limits = []int{9}
		}
		for _, limit := range limits {
			got := p.walk(sort, limit)
			if !assert.Equal(p.suite, p.want(sort), got, "sort %v limit %d", sort, limit) {
				return
			}
		}
	}
}

// walk reads page after page.
func (p pages[T]) walk(sort []picasso.SortKey, limit int) (ids []string) {
	page := picasso.Page{Limit: limit, Sort: sort}
	for {
		items, more, err := p.list(page)
		require.NoError(p.suite, err)
		for i := range items {
			ids = append(ids, p.id(&items[i]))
		}
		if limit > 0 {
			require.LessOrEqual(p.suite, len(items), limit)
		}
		require.LessOrEqual(p.suite, len(ids), len(p.items), "no item twice")
		if !more {
			return ids
		}
		require.NotEmpty(p.suite, items)
		page.Marker = ids[len(ids)-1]
	}
}

// want sorts here what the store sorts there; the id goes with the last key.
func (p pages[T]) want(sort []picasso.SortKey) (ids []string) {
	if sort == nil {
		sort = []picasso.SortKey{p.normal}
	}
	items := slices.Clone(p.items)
	slices.SortFunc(items, func(a, b T) int {
		for _, key := range sort {
			at := slices.IndexFunc(p.fields, func(o order[T]) bool { return o.field == key.Field })
			if c := p.fields[at].compare(&a, &b); c != 0 {
				return direction(c, key.Desc)
			}
		}
		return direction(cmp.Compare(p.id(&a), p.id(&b)), sort[len(sort)-1].Desc)
	})
	for i := range items {
		ids = append(ids, p.id(&items[i]))
	}
	return ids
}

func direction(c int, desc bool) int {
	if desc {
		return -c
	}
	return c
}

func (s *suite) appPages() {
	var apps []picasso.App
	for i := range 23 {
		app := newApp("p1", numbered("app", i*7%23))
		app.CreatedAt = start().Add(time.Duration(i%3) * time.Microsecond)
		app.UpdatedAt = start().Add(time.Duration(i%5) * time.Hour)
		require.NoError(s, s.CreateApp(s.Context(), app))
		apps = append(apps, *app)
		s.makeApp("p2", app.Name)
	}
	pages[picasso.App]{
		suite: s, items: apps, normal: picasso.SortKey{Field: "created_at"},
		fields: []order[picasso.App]{
			{"name", func(a, b *picasso.App) int { return strings.Compare(a.Name, b.Name) }},
			{"created_at", func(a, b *picasso.App) int { return a.CreatedAt.Compare(b.CreatedAt) }},
			{"updated_at", func(a, b *picasso.App) int { return a.UpdatedAt.Compare(b.UpdatedAt) }},
			{"id", func(a, b *picasso.App) int { return strings.Compare(a.ID, b.ID) }},
		},
		id: func(a *picasso.App) string { return a.ID },
		list: func(page picasso.Page) ([]picasso.App, bool, error) {
			return s.Apps(s.Context(), picasso.AppFilter{ProjectID: "p1"}, page)
		},
	}.check()
}

func (s *suite) functionPages() {
	for i := range 4 {
		s.makeApp("p1", numbered("app", i))
	}
	var fns []picasso.Function
	for i := range 23 {
		fn := newFunction("p1", numbered("app", i%4), numbered("fn", i/4))
		fn.CreatedAt = start().Add(time.Duration(i%3) * time.Microsecond)
		fn.UpdatedAt = start().Add(time.Duration(i%5) * time.Hour)
		fn.Image = fmt.Sprintf("image:%d", i%2)
		require.NoError(s, s.CreateFunction(s.Context(), fn))
		fns = append(fns, *fn)
		s.makeFunction("p2", picasso.DefaultApp, numbered("fn", i))
	}
	pages[picasso.Function]{
		suite: s, items: fns, normal: picasso.SortKey{Field: "created_at"},
		fields: []order[picasso.Function]{
			{"name", func(a, b *picasso.Function) int { return strings.Compare(a.Name, b.Name) }},
			{"app", func(a, b *picasso.Function) int { return strings.Compare(a.App, b.App) }},
			{"image", func(a, b *picasso.Function) int { return strings.Compare(a.Image, b.Image) }},
			{"created_at", func(a, b *picasso.Function) int { return a.CreatedAt.Compare(b.CreatedAt) }},
			{"updated_at", func(a, b *picasso.Function) int { return a.UpdatedAt.Compare(b.UpdatedAt) }},
		},
		id: func(f *picasso.Function) string { return f.ID },
		list: func(page picasso.Page) ([]picasso.Function, bool, error) {
			return s.Functions(s.Context(), picasso.FunctionFilter{ProjectID: "p1"}, page)
		},
	}.check()
}

func (s *suite) executionPages() {
	var all []picasso.Execution
	for i := range 29 {
		e := newExecution("p1", newID(), i%6)
		e.Function, e.App = numbered("fn", i%3), numbered("app", i%2)
		e.Status = []picasso.Status{picasso.StatusFailed, picasso.StatusSucceeded, picasso.StatusTimedOut}[i%3]
		e.RunMS, e.WaitMS = float64(i%4)/3, math.Pow(10, float64(i%7-4))/7
		all = append(all, e)
	}
	s.record(all...)
	s.record(newExecution("p2", newID(), 3))
	pages[picasso.Execution]{
		suite: s, items: all, normal: picasso.SortKey{Field: "created_at", Desc: true},
		fields: []order[picasso.Execution]{
			{"created_at", func(a, b *picasso.Execution) int { return a.CreatedAt.Compare(b.CreatedAt) }},
			{"function", func(a, b *picasso.Execution) int { return strings.Compare(a.Function, b.Function) }},
			{"app", func(a, b *picasso.Execution) int { return strings.Compare(a.App, b.App) }},
			{"status", func(a, b *picasso.Execution) int { return cmp.Compare(a.Status, b.Status) }},
			{"run_ms", func(a, b *picasso.Execution) int { return cmp.Compare(a.RunMS, b.RunMS) }},
			{"wait_ms", func(a, b *picasso.Execution) int { return cmp.Compare(a.WaitMS, b.WaitMS) }},
		},
		id: func(e *picasso.Execution) string { return e.ID },
		list: func(page picasso.Page) ([]picasso.Execution, bool, error) {
			return s.Executions(s.Context(), picasso.ExecutionFilter{ProjectID: "p1"}, page)
		},
	}.check()
}

func (s *suite) badPages() {
	ctx := s.Context()
	mine, foreign := s.makeApp("p1", "mine"), s.makeApp("p2", "foreign")
	tests := []struct {
		page picasso.Page
		want string
	}{
		{picasso.Page{Marker: newID()}, "marker: "},
		{picasso.Page{Marker: foreign.ID}, "marker: "},
		{picasso.Page{Marker: "mine"}, "marker: "},
		{picasso.Page{Marker: "' OR '1'='1"}, "marker: "},
		{picasso.Page{Sort: []picasso.SortKey{{Field: "config"}}}, `sort: "config" is not one of `},
		{picasso.Page{Sort: []picasso.SortKey{{Field: "name"}, {Field: "1; DROP TABLE apps"}}}, "sort: "},
	}
	for _, test := range tests {
		_, _, err := s.Apps(ctx, picasso.AppFilter{ProjectID: "p1"}, test.page)
		s.wantCode(picasso.CodeInvalid, err, test.want)
		_, _, err = s.Functions(ctx, picasso.FunctionFilter{ProjectID: "p1"}, test.page)
		s.wantCode(picasso.CodeInvalid, err, test.want)
		_, _, err = s.Executions(ctx, picasso.ExecutionFilter{ProjectID: "p1"}, test.page)
		s.wantCode(picasso.CodeInvalid, err, "")
	}
	apps, more, err := s.Apps(ctx, picasso.AppFilter{ProjectID: "p1"}, picasso.Page{Marker: mine.ID})
	require.NoError(s, err)
	assert.Empty(s, apps)
	assert.False(s, more)
	_, _, err = s.Apps(ctx, picasso.AppFilter{ProjectID: "p1"}, picasso.Page{Limit: 1 << 40})
	require.NoError(s, err)
}
