package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
)

// fill stores functions of project alpha, named f000 and so on, with so much config.
func (k *kit) fill(count, bytes int) {
	k.t.Helper()
	for i := range count {
		fn := &picasso.Function{
			ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1), ProjectID: "alpha", FunctionSpec: picasso.DefaultFunctionSpec(),
			Revision: 1, CreatedAt: time.Unix(int64(i), 0).UTC(),
		}
		fn.Name, fn.Image, fn.UpdatedAt = fmt.Sprintf("f%03d", i), "i", fn.CreatedAt
		fn.Config = map[string]string{"A": strings.Repeat("x", bytes)}
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

func TestPagesAreBoundedByBytes(t *testing.T) {
	k := setup(t)
	k.fill(80, 60<<10)
	sizes, names := k.pages("/v2/functions", "functions")
	assert.Equal(t, []int{67, 13}, sizes)
	require.Len(t, names, 80)
	for i, name := range names {
		assert.Equal(t, fmt.Sprintf("f%03d", i), name)
	}
	for i := range 80 {
		app := &picasso.App{ID: fmt.Sprintf("00000000-0000-4000-9000-%012d", i+1), ProjectID: "alpha", CreatedAt: time.Unix(int64(i), 0).UTC()}
		app.Name, app.UpdatedAt, app.Config = fmt.Sprintf("a%03d", i), app.CreatedAt, map[string]string{"A": strings.Repeat("x", 60<<10)}
		require.NoError(t, k.store.CreateApp(t.Context(), app))
	}
	sizes, names = k.pages("/v2/apps", "apps")
	assert.Equal(t, []int{68, 13}, sizes, "with the app default")
	assert.Len(t, names, 81)
}

func TestPagesOfSmallItemsAreAsLongAsAsked(t *testing.T) {
	k := setup(t)
	k.fill(150, 10)
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
	k.fill(120, 10)
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
