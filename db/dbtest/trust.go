package dbtest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func newTrust(user string) *picasso.Trust { return &picasso.Trust{ID: newID(), UserID: user} }

// wantDropped checks which trusts are to be revoked, and forgets them.
func (s *suite) wantDropped(want ...string) {
	s.Helper()
	got, err := s.DroppedTrusts(s.Context(), 100)
	require.NoError(s, err)
	assert.ElementsMatch(s, want, got)
	for _, id := range got {
		require.NoError(s, s.ForgetTrust(s.Context(), id))
		require.NoError(s, s.ForgetTrust(s.Context(), id), "by two processes")
	}
}

// entrusted stores a function with a trust.
func (s *suite) entrusted(project, name string) *picasso.Function {
	s.Helper()
	fn := newFunction(project, picasso.DefaultApp, name)
	fn.DelegateRoles, fn.Trust = []string{"member"}, newTrust("alice")
	require.NoError(s, s.CreateFunction(s.Context(), fn))
	return fn
}

// functionTrust: a trust is dropped when its function gets another one, none,
// or goes, and by nothing else.
func (s *suite) functionTrust() {
	ctx := s.Context()
	fn := s.entrusted("p1", "f")
	got, err := s.Function(ctx, "p1", fn.ID)
	require.NoError(s, err)
	assert.Equal(s, fn, got)
	n := 0
	update := func(trust *picasso.Trust, roles ...string) (old string) {
		before := fn.UpdatedAt
		n++
		if fn.Trust != nil {
			old = fn.Trust.ID
		}
		fn.DelegateRoles, fn.Trust, fn.UpdatedAt = append([]string{}, roles...), trust, fresh(n)
		require.NoError(s, s.UpdateFunction(ctx, fn, before))
		got, err := s.Function(ctx, "p1", fn.ID)
		require.NoError(s, err)
		assert.Equal(s, fn, got)
		return old
	}
	update(fn.Trust, "member", "reader")
	s.wantDropped()
	s.wantDropped(update(newTrust("bob"), "reader"))
	s.wantDropped(update(nil))
	update(newTrust("alice"), "member")
	s.wantDropped()

	late := *fn
	late.Trust, late.UpdatedAt = newTrust("bob"), fresh(90)
	s.wantCode(picasso.CodeConflict, s.UpdateFunction(ctx, &late, start()), "changed meanwhile")
	late.App = "missing"
	s.wantCode(picasso.CodeNotFound, s.UpdateFunction(ctx, &late, fn.UpdatedAt), "missing")
	s.wantDropped()

	t := eventTrigger(fn, picasso.TriggerSwift)
	require.NoError(s, s.CreateTrigger(ctx, t))
	require.NoError(s, s.DeleteFunction(ctx, "p1", fn.ID))
	s.wantDropped(fn.Trust.ID, t.Trust.ID)
}

// functionStaysInItsApp: another app that has got the name in the meantime is none that
// anybody trusted the function with.
func (s *suite) functionStaysInItsApp() {
	ctx := s.Context()
	shop := s.makeApp("p1", "shop")
	fn := newFunction("p1", "shop", "f")
	fn.DelegateRoles, fn.Trust = []string{"member"}, newTrust("alice")
	require.NoError(s, s.CreateFunction(ctx, fn))
	was := shop.UpdatedAt
	shop.Name, shop.UpdatedAt = "renamed", fresh(1)
	require.NoError(s, s.UpdateApp(ctx, shop, was))
	evil := s.makeApp("p1", "shop")

	before := fn.UpdatedAt
	fn.UpdatedAt = fresh(2)
	s.wantCode(picasso.CodeConflict, s.UpdateFunction(ctx, fn, before), "changed meanwhile")
	got, err := s.Function(ctx, "p1", fn.ID)
	require.NoError(s, err)
	assert.Equal(s, []any{shop.ID, before}, []any{got.AppID, got.UpdatedAt})
	fn.Revision++
	require.NoError(s, s.UpdateFunction(ctx, fn, before), "it is moved")
	assert.Equal(s, evil.ID, fn.AppID)
}

// triggerTrust is what functionTrust is, for triggers.
func (s *suite) triggerTrust() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	t := eventTrigger(fn, picasso.TriggerSwift)
	require.NoError(s, s.CreateTrigger(ctx, t))
	twin := eventTrigger(fn, picasso.TriggerSwift)
	s.wantCode(picasso.CodeConflict, s.CreateTrigger(ctx, twin), "exists already")
	s.wantDropped()

	first := t.Trust.ID
	t.Trust, t.UpdatedAt = newTrust("bob"), fresh(1)
	require.NoError(s, s.UpdateTrigger(ctx, t, start()))
	s.wantDropped(first)
	late := *t
	late.Trust, late.UpdatedAt = nil, fresh(2)
	s.wantCode(picasso.CodeConflict, s.UpdateTrigger(ctx, &late, start()), "changed meanwhile")
	late.Function = "missing"
	s.wantCode(picasso.CodeNotFound, s.UpdateTrigger(ctx, &late, t.UpdatedAt), "missing")
	require.NoError(s, s.FailTrigger(ctx, t.ID, t.UpdatedAt, "for a while"))
	s.wantCode(picasso.CodeNotFound, s.DeleteTrigger(ctx, "p2", t.ID), t.ID)
	s.wantDropped()
	require.NoError(s, s.DeleteTrigger(ctx, "p1", t.ID))
	s.wantDropped(t.Trust.ID)
}

// dropTrust: in the order they came last, each once, and never one in use.
func (s *suite) dropTrust() {
	ctx := s.Context()
	fn := s.entrusted("p1", "f")
	t := eventTrigger(fn, picasso.TriggerSwift)
	require.NoError(s, s.CreateTrigger(ctx, t))
	var want []string
	for range 5 {
		id := newID()
		require.NoError(s, s.DropTrust(ctx, id))
		want = append(want, id)
	}
	for _, id := range []string{want[0], "", fn.Trust.ID, t.Trust.ID} {
		require.NoError(s, s.DropTrust(ctx, id))
	}
	got, err := s.DroppedTrusts(ctx, 3)
	require.NoError(s, err)
	assert.Equal(s, want[1:4], got)
	s.wantDropped(want...)
	s.wantDropped()
}

// claimTrust: an execution acts by the trust of its trigger, or else of its function.
func (s *suite) claimTrust() {
	ctx := s.Context()
	fn, plain := s.entrusted("p1", "f"), s.makeFunction("p1", picasso.DefaultApp, "plain")
	add := func(fn *picasso.Function, name string, roles ...string) *picasso.Trigger {
		t := eventTrigger(fn, picasso.TriggerSwift)
		t.Name, t.DelegateRoles = name, append([]string{}, roles...)
		require.NoError(s, s.CreateTrigger(ctx, t))
		return t
	}
	own, looks, gone := add(fn, "own", "reader"), add(fn, "looks"), add(fn, "gone", "reader")
	require.NoError(s, s.DeleteTrigger(ctx, "p1", gone.ID))
	ofPlain, plainLooks := add(plain, "of plain", "reader"), add(plain, "plain looks")
	tests := []struct {
		name    string
		fn      *picasso.Function
		trigger string
		want    string
	}{
		{"no trigger", fn, "", fn.Trust.ID},
		{"a trigger that fires another function by now", plain, own.ID, ""},
		{"its trigger's", fn, own.ID, own.Trust.ID},
		{"a trust that is for looking only", fn, looks.ID, fn.Trust.ID},
		{"a trigger that is gone", fn, gone.ID, fn.Trust.ID},
		{"the trigger's alone", plain, ofPlain.ID, ofPlain.Trust.ID},
		{"for looking only, and no other", plain, plainLooks.ID, ""},
		{"none", plain, "", ""},
	}
	want := map[string]string{}
	for n, test := range tests {
		sub := submission(test.fn, n)
		sub.TriggerID = test.trigger
		_, err := s.Enqueue(ctx, sub)
		require.NoError(s, err)
		want[sub.ID] = test.want
	}
	elsewhere := submission(fn, 50)
	elsewhere.Destination = "https://host/"
	_, err := s.Enqueue(ctx, elsewhere)
	require.NoError(s, err)
	want[elsewhere.ID] = ""
	claimed, err := s.Claim(ctx, []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p1", Count: 20}, {FunctionID: plain.ID, ProjectID: "p1", Count: 20}}, claimFor)
	require.NoError(s, err)
	got := map[string]string{}
	for _, c := range claimed {
		got[c.ID] = c.TrustID
	}
	assert.Equal(s, want, got)
}
