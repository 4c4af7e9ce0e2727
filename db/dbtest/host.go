package dbtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// giveUp is so long that no test gets there.
const giveUp = time.Hour

func newReport(name string) *picasso.HostReport {
	return &picasso.HostReport{
		Host: picasso.Host{
			Name: name, Version: "1.2", Cores: 4, MemoryMB: 4096, MemoryUsedMB: 100, Sandboxes: 3, SandboxesIdle: 2, CallsRunning: 1,
			ColdStarts: 1 << 40, Tags: []string{"gpu"}, Projects: []string{"p"}, Runtime: "runsc", Draining: true, Fault: "Döcker hangs",
		},
		Inventory:   picasso.Inventory{Functions: []string{"a", "b"}, Images: []string{"sha256:1"}},
		Incarnation: "first", URL: "http://" + name + ":10002", Key: "a key of sixteen", MinProtocol: 1, MaxProtocol: 2,
	}
}

func (s *suite) heartbeat(report *picasso.HostReport) *picasso.HostRecord {
	s.Helper()
	h, err := s.Heartbeat(s.Context(), report, giveUp)
	require.NoError(s, err)
	return h
}

func (s *suite) hostLife() {
	ctx := s.Context()
	before := time.Now().Add(-time.Minute)
	report := newReport("h1")
	made := s.heartbeat(report)
	assert.Equal(s, *report, made.HostReport)
	assert.True(s, picasso.IsID(made.ID))
	assert.WithinRange(s, made.CreatedAt, before, time.Now().Add(time.Minute))
	assert.Equal(s, made.CreatedAt, made.UpdatedAt)
	assert.Less(s, made.Age, time.Minute)
	assert.False(s, made.Disabled)

	s.heartbeat(newReport("h0"))
	report.CallsRunning, report.Draining, report.Fault = 2, false, ""
	again := s.heartbeat(report)
	assert.Equal(s, *report, again.HostReport)
	assert.Equal(s, made.ID, again.ID)
	assert.Equal(s, []time.Time{made.CreatedAt, made.UpdatedAt}, []time.Time{again.CreatedAt, again.UpdatedAt})
	assert.True(s, again.HeartbeatAt.After(made.HeartbeatAt), "by the clock of the database")

	for _, ref := range []string{made.ID, "h1"} {
		got, err := s.HostByRef(ctx, ref)
		require.NoError(s, err)
		assert.GreaterOrEqual(s, got.Age, again.Age)
		got.Age = again.Age
		assert.Equal(s, again, got, ref)
	}
	list, err := s.Hosts(ctx)
	require.NoError(s, err)
	require.Len(s, list, 2)
	assert.Equal(s, []string{"h0", "h1"}, []string{list[0].Name, list[1].Name})
	assert.Empty(s, list[1].Inventory)
	assert.Equal(s, report.Key, list[1].Key)
	_, err = s.HostByRef(ctx, "h2")
	s.wantCode(picasso.CodeNotFound, err, "h2")
}

// hostInventory: it is read apart, and counted when it has changed.
func (s *suite) hostInventory() {
	ctx := s.Context()
	report := newReport("h")
	first := s.heartbeat(report)
	report.CallsRunning++
	assert.Equal(s, first.Inventoried, s.heartbeat(report).Inventoried)
	report.Functions = []string{"a"}
	changed := s.heartbeat(report)
	assert.Greater(s, changed.Inventoried, first.Inventoried)
	other := s.heartbeat(newReport("other"))
	found, err := s.Inventories(ctx, []string{first.ID, newID(), other.ID})
	require.NoError(s, err)
	assert.Equal(s, map[string]picasso.Inventory{first.ID: report.Inventory, other.ID: newReport("other").Inventory}, found)
	found, err = s.Inventories(ctx, nil)
	require.NoError(s, err)
	assert.Empty(s, found)

	report.Functions = nil
	for i := range picasso.MaxInventory {
		report.Functions = append(report.Functions, fmt.Sprintf("%036d", i))
		report.Images = append(report.Images, fmt.Sprintf("registry.example.org/some/image@sha256:%064d", i))
	}
	assert.Equal(s, *report, s.heartbeat(report).HostReport)
}

// hostDisabled: what an operator says holds until he says something else.
func (s *suite) hostDisabled() {
	ctx := s.Context()
	report := newReport("h")
	made := s.heartbeat(report)
	off, err := s.DisableHost(ctx, made.ID, true, "bröken fan")
	require.NoError(s, err)
	assert.Equal(s, []any{true, "bröken fan"}, []any{off.Disabled, off.DisabledReason})
	assert.Equal(s, *report, off.HostReport)
	assert.True(s, off.UpdatedAt.After(made.UpdatedAt))
	s.heartbeat(report)
	report.Incarnation, report.URL = "second", "http://h:4444"
	_, err = s.Heartbeat(ctx, report, -time.Minute) // of one that was given up
	require.NoError(s, err)
	got, err := s.HostByRef(ctx, "h")
	require.NoError(s, err)
	assert.Equal(s, []any{true, "bröken fan", "second", off.UpdatedAt}, []any{got.Disabled, got.DisabledReason, got.Incarnation, got.UpdatedAt})
	on, err := s.DisableHost(ctx, made.ID, false, "")
	require.NoError(s, err)
	assert.Equal(s, []any{false, ""}, []any{on.Disabled, on.DisabledReason})
	for _, id := range []string{newID(), "h", "ä"} {
		_, err = s.DisableHost(ctx, id, true, "")
		s.wantCode(picasso.CodeNotFound, err, id)
	}
	_, err = s.DisableHost(ctx, made.ID, true, strings.Repeat("x", 1025))
	if err != nil { // where columns have a length
		s.wantCode(picasso.CodeInvalid, err, made.ID)
	}
}

// hostNames: a name is taken while whoever has it is alive. The same engine may move, and
// a new one may come to its place.
func (s *suite) hostNames() {
	ctx := s.Context()
	report := newReport("h")
	made := s.heartbeat(report)
	for name, c := range map[string]struct {
		incarnation, url string
		giveUp           time.Duration
		fault            string // of the other one
		refused          bool
	}{
		"another one":                {"second", "http://elsewhere:1", giveUp, "", true},
		"another one is broken":      {"second", "http://elsewhere:1", giveUp, "Docker hangs", true},
		"it was started again":       {"second", report.URL, giveUp, "", false},
		"it has another address":     {"first", "http://elsewhere:1", giveUp, "", false},
		"the other one was given up": {"second", "http://elsewhere:1", -time.Minute, "", false},
		"the other one was stopped":  {"second", "http://elsewhere:1", giveUp, picasso.FaultStopped, false},
	} {
		first := *report
		first.Fault = c.fault
		_, err := s.Heartbeat(ctx, &first, -time.Minute)
		require.NoError(s, err)
		other := *report
		other.Incarnation, other.URL = c.incarnation, c.url
		got, err := s.Heartbeat(ctx, &other, c.giveUp)
		if c.refused {
			s.wantCode(picasso.CodeConflict, err, `"h"`)
			assert.NotContains(s, err.Error(), report.Key, name)
			continue
		}
		require.NoError(s, err, name)
		assert.Equal(s, []string{made.ID, c.incarnation, c.url}, []string{got.ID, got.Incarnation, got.URL}, name)
	}
}

func (s *suite) hostDeleted() {
	ctx := s.Context()
	made := s.heartbeat(newReport("h"))
	s.wantCode(picasso.CodeConflict, s.DeleteHost(ctx, made.ID, giveUp), "is alive")
	require.NoError(s, s.DeleteHost(ctx, made.ID, -time.Minute))
	for _, id := range []string{made.ID, "h", "ä"} {
		s.wantCode(picasso.CodeNotFound, s.DeleteHost(ctx, id, giveUp), id)
	}
	assert.NotEqual(s, made.ID, s.heartbeat(newReport("h")).ID)
}

func (s *suite) hostileHosts() {
	ctx := s.Context()
	for _, text := range hostile() {
		report := newReport("h" + text + "x")
		report.Version, report.Fault, report.Runtime, report.Key = text, text, text, text
		report.Functions, report.Images, report.Tags = []string{text}, []string{text, ""}, []string{text}
		made := s.heartbeat(report)
		assert.Equal(s, *report, made.HostReport)
		off, err := s.DisableHost(ctx, made.ID, true, text)
		require.NoError(s, err)
		assert.Equal(s, text, off.DisabledReason)
		_, err = s.HostByRef(ctx, text)
		s.wantCode(picasso.CodeNotFound, err, "not found")
	}
}

// raceHeartbeats: two processes hear of a host at once, and of one that wants its name.
func (s *suite) raceHeartbeats() {
	ctx := s.Context()
	s.race(func(n int) error {
		report := newReport("h")
		report.CallsRunning = n
		_, err := s.Heartbeat(ctx, report, giveUp)
		return err
	}, picasso.CodeConflict) // while there is no row to lock
	won := s.race(func(n int) error {
		report := newReport("h")
		report.Functions = []string{numbered("f", n)}
		_, err := s.Heartbeat(ctx, report, giveUp)
		return err
	})
	assert.Equal(s, racers, won)
	list, err := s.Hosts(ctx)
	require.NoError(s, err)
	require.Len(s, list, 1)
	assert.EqualValues(s, 1+racers, list[0].Inventoried)

	won = s.race(func(n int) error { // the old one was given up: one of them gets its place
		report := newReport("h")
		report.Incarnation, report.URL = newID(), fmt.Sprintf("http://h:%d", n+1)
		_, err := s.Heartbeat(ctx, report, list[0].Age)
		return err
	}, picasso.CodeConflict)
	assert.GreaterOrEqual(s, won, 1)
}

func (s *suite) usage() {
	ctx := s.Context()
	ids := []string{uuid.NewString(), uuid.NewString(), uuid.NewString()}
	share := func(n int, calls map[string]int, alive time.Duration) (map[string]int, int) {
		others, processes, err := s.ShareUsage(ctx, ids[n], calls, alive)
		require.NoError(s, err)
		return others, processes
	}
	others, n := share(0, map[string]int{"p": 1, "q": 2}, giveUp)
	assert.Equal(s, []any{map[string]int{}, 0}, []any{others, n})
	others, n = share(1, map[string]int{"p": 10}, giveUp)
	assert.Equal(s, []any{map[string]int{"p": 1, "q": 2}, 1}, []any{others, n})
	share(0, map[string]int{"p": 3}, giveUp)
	others, n = share(2, nil, giveUp)
	assert.Equal(s, []any{map[string]int{"p": 13}, 2}, []any{others, n})

	others, n = share(1, nil, -time.Minute) // the others are long gone
	assert.Equal(s, []any{map[string]int{}, 0}, []any{others, n})
	others, n = share(1, nil, giveUp)
	assert.Equal(s, []any{map[string]int{}, 0}, []any{others, n}, "and forgotten")
}
