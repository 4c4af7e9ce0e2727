package dbtest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// fillProject makes so many functions with a trust, each with a trigger with another, in
// two apps, and returns the trusts.
func (s *suite) fillProject(project string, count int) (trusts []string) {
	s.Helper()
	s.makeApp(project, "shop")
	apps := []string{"shop", picasso.DefaultApp}
	for n := range count {
		fn := newFunction(project, apps[n%2], numbered("f", n))
		fn.DelegateRoles, fn.Trust = []string{"member"}, newTrust("alice")
		require.NoError(s, s.CreateFunction(s.Context(), fn))
		t := eventTrigger(fn, eventTypes()[n%4])
		t.Name = numbered("t", n)
		require.NoError(s, s.CreateTrigger(s.Context(), t))
		trusts = append(trusts, fn.Trust.ID, t.Trust.ID)
	}
	return trusts
}

// removeProject: everything of the project goes, and nothing of another.
func (s *suite) removeProject() {
	const count = 250
	ctx := s.Context()
	trusts := s.fillProject("p1", count)
	s.fillProject("p10", 2)
	fns, _, err := s.Functions(ctx, picasso.FunctionFilter{ProjectID: "p1"}, picasso.Page{})
	require.NoError(s, err)
	queued := s.enqueue(&fns[0], 3)
	running := s.claim(&fns[0], 1, 1)[0]

	for _, project := range []string{"", "p", "p1 ", "%"} {
		n, err := s.RemoveProject(ctx, project)
		require.NoError(s, err)
		assert.Zero(s, n, "%q", project)
	}
	s.wantDropped()
	n, err := s.RemoveProject(ctx, "p1")
	require.NoError(s, err)
	assert.Equal(s, count, n)
	s.wantNothingOf("p1")
	dropped, err := s.DroppedTrusts(ctx, 1000)
	require.NoError(s, err)
	assert.ElementsMatch(s, trusts, dropped)
	s.wantStatus(queued[1].ID, picasso.StatusCancelled)
	s.wantStatus(running.ID, picasso.StatusRunning)
	s.settle(running, picasso.StatusSucceeded)

	n, err = s.RemoveProject(ctx, "p1")
	require.NoError(s, err)
	assert.Zero(s, n, "again")
	fns, _, err = s.Functions(ctx, picasso.FunctionFilter{}, picasso.Page{})
	require.NoError(s, err)
	assert.Len(s, fns, 2)
	list, _, err := s.Triggers(ctx, picasso.TriggerFilter{ProjectID: "p10"}, picasso.Page{})
	require.NoError(s, err)
	assert.Len(s, list, 2)
}

func (s *suite) wantNothingOf(project string) {
	s.Helper()
	apps, _, err := s.Apps(s.Context(), picasso.AppFilter{ProjectID: project}, picasso.Page{})
	require.NoError(s, err)
	fns, _, err := s.Functions(s.Context(), picasso.FunctionFilter{ProjectID: project}, picasso.Page{})
	require.NoError(s, err)
	triggers, _, err := s.Triggers(s.Context(), picasso.TriggerFilter{ProjectID: project}, picasso.Page{})
	require.NoError(s, err)
	assert.Zero(s, len(apps)+len(fns)+len(triggers))
}

// raceRemoveProject: two processes hear of it at once, while a token that
// still counts makes more.
func (s *suite) raceRemoveProject() {
	s.fillProject("p1", 30)
	s.race(func(n int) error {
		if n%4 == 0 {
			_, err := s.RemoveProject(s.Context(), "p1")
			return err
		}
		return s.CreateFunction(s.Context(), newFunction("p1", picasso.DefaultApp, numbered("late", n)))
	}, picasso.CodeConflict, picasso.CodeNotFound)
	_, err := s.RemoveProject(s.Context(), "p1")
	require.NoError(s, err)
	s.wantNothingOf("p1")
	dropped, err := s.DroppedTrusts(s.Context(), 1000)
	require.NoError(s, err)
	assert.Len(s, dropped, 60)
}
