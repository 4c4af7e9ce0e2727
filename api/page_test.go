package api_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/db"
)

// fill stores functions of project alpha, named f000 and so on.
func (k *kit) fill(count int) {
	k.t.Helper()
	for i := range count {
		fn := &picasso.Function{
			ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1), ProjectID: "alpha", FunctionSpec: picasso.DefaultFunctionSpec(),
			Revision: 1, CreatedAt: time.Unix(int64(i), 0).UTC(),
		}
		fn.Name, fn.Image, fn.UpdatedAt = fmt.Sprintf("f%03d", i), "i", fn.CreatedAt
		require.NoError(k.t, k.store.CreateFunction(k.t.Context(), fn))
	}
}

// pages lists everything, following the links, and returns the sizes of the pages and all names.
func (k *kit) pages(path, plural string) (sizes []int, names []string) {
	k.t.Helper()
	for path != "" {
		a := k.member(200, "GET", path, "")
		require.Less(k.t, len(a.Text), 5<<20)
		body := a.JSON(k.t)
		items := body[plural].([]any)
		for _, item := range items {
			names = append(names, item.(map[string]any)["name"].(string))
		}
		sizes, path = append(sizes, len(items)), ""
		if links, ok := body[plural+"_links"].([]any); ok {
			path = strings.TrimPrefix(links[0].(map[string]any)["href"].(string), k.URL)
		}
	}
	return sizes, names
}

// swollen is a store whose resources are larger than users can make them, so that few fill a page.
type swollen struct{ *db.Store }

// swell makes a server see its store swollen.
func swell(c *api.Config) {
	store := swollen{c.Functions.(*db.Store)}
	c.Functions, c.Apps, c.Triggers = store, store, store
}

var swelling = strings.Repeat("x", 500<<10)

func (s swollen) Functions(ctx context.Context, f picasso.FunctionFilter, page picasso.Page) ([]picasso.Function, bool, error) {
	list, more, err := s.Store.Functions(ctx, f, page)
	for i := range list {
		list[i].Config = map[string]string{"A": swelling}
	}
	return list, more, err
}

func (s swollen) Apps(ctx context.Context, f picasso.AppFilter, page picasso.Page) ([]picasso.App, bool, error) {
	list, more, err := s.Store.Apps(ctx, f, page)
	for i := range list {
		list[i].Config = map[string]string{"A": swelling}
	}
	return list, more, err
}

func (s swollen) Triggers(ctx context.Context, f picasso.TriggerFilter, page picasso.Page) ([]picasso.Trigger, bool, error) {
	list, more, err := s.Store.Triggers(ctx, f, page)
	for i := range list {
		list[i].InputTemplate = swelling
	}
	return list, more, err
}

func TestPagesAreBoundedByBytes(t *testing.T) {
	k := setup(t, swell)
	k.HTTP.Transport = k.HTTP.Transport.(*checkingTransport).next // the form of long answers is that of short ones
	k.fill(9)
	var want []string
	for i := range 9 {
		want = append(want, fmt.Sprintf("f%03d", i))
		k.member(201, "POST", "/v2/apps", `{"name":"`+want[i]+`"}`)
		k.member(201, "POST", "/v2/triggers", `{"name":"`+want[i]+`","function":"f000","type":"schedule","schedule":{"every_s":60}}`)
	}
	for _, plural := range []string{"functions", "apps", "triggers"} {
		sizes, names := k.pages("/v2/"+plural+"?sort=name:desc", plural)
		slices.Reverse(names)
		if plural == "apps" {
			require.Equal(t, "default", names[0])
			names, sizes[1] = names[1:], sizes[1]-1
		}
		assert.Equal(t, []int{8, 1}, sizes, plural)
		assert.Equal(t, want, names, plural)
	}
}

func TestPagesOfSmallItemsAreAsLongAsAsked(t *testing.T) {
	k := setup(t)
	k.fill(150)
	for limit, want := range map[int][]int{1000: {150}, 150: {150}, 120: {120, 30}, 100: {100, 50}, 49: {49, 49, 49, 3}} {
		sizes, names := k.pages(fmt.Sprintf("/v2/functions?limit=%d&sort=name:desc", limit), "functions")
		assert.Equal(t, want, sizes, limit)
		assert.Equal(t, "f149", names[0])
		assert.Equal(t, "f000", names[149])
	}
}

// pieces watches how many functions are asked for at once, and deletes one between two questions.
type pieces struct {
	picasso.FunctionStore
	limits []int
	gone   string
}

func (p *pieces) Functions(ctx context.Context, f picasso.FunctionFilter, page picasso.Page) ([]picasso.Function, bool, error) {
	p.limits = append(p.limits, page.Limit)
	if page.Marker != "" && page.Marker == p.gone {
		if err := p.DeleteFunction(ctx, "alpha", p.gone); err != nil {
			return nil, false, err
		}
	}
	return p.FunctionStore.Functions(ctx, f, page)
}

func TestAPageIsReadInPieces(t *testing.T) {
	store := &pieces{}
	k := setup(t, func(c *api.Config) { store.FunctionStore, c.Functions = c.Functions, store })
	k.fill(120)
	k.pages("/v2/functions?limit=110", "functions")
	assert.Equal(t, []int{50, 50, 10, 50}, store.limits)

	store.gone = "00000000-0000-4000-8000-000000000050"
	sizes, names := k.pages("/v2/functions", "functions")
	assert.Equal(t, []int{49, 70}, sizes, "the page ends where its reading was cut")
	unique := map[string]bool{}
	for _, name := range names {
		unique[name] = true
	}
	assert.Len(t, unique, 119)
	assert.NotContains(t, names, "f049")
}
