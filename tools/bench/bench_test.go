package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

func TestBestBurst(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		n    int
		run  time.Duration
		rate float64
		want time.Duration
	}{
		{1, second, 1000, second + 10*time.Millisecond},
		{1, second, 1, 2 * second},
		{2, second, 1, 3 * second}, // the first sandbox twice, or the second: the same
		{50, 2 * second, 1e9, 2*second + 10*time.Millisecond},
		{50, 2 * second, 10, 5500 * time.Millisecond},
	} {
		require.InDelta(t, c.want, bestBurst(c.n, c.run, c.rate), float64(50*time.Millisecond), "%d at %v/s", c.n, c.rate)
	}
}

func TestRatioIsPaired(t *testing.T) {
	r := rounds{
		"ours": {{PerSecond: 9}, {PerSecond: 40}, {PerSecond: 90}},
		"bare": {{PerSecond: 10}, {PerSecond: 50}, {PerSecond: 100}},
	}
	require.InDelta(t, 0.9, r.ratio("ours", "bare", perSecond), 1e-9)
	require.Zero(t, r.ratio("ours", "absent", perSecond))
}

func TestRequest(t *testing.T) {
	s := subject{path: "/p", header: map[string][]string{"X-Auth-Token": {"t"}}}
	require.Equal(t, "POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nX-Auth-Token: t\r\n\r\nok",
		string(s.target([]byte("ok")).Request))
}

func TestReport(t *testing.T) {
	r := newReport(options{rounds: 3, auth: authNone})
	for _, name := range []string{"bare", "all-in-one"} {
		result := load.Result{PerSecond: 1000, P50: time.Millisecond}
		r.Hot = append(r.Hot, hotFigure{Row: "hot", Case: "2 B, c=1", Subject: name, Median: result, Rounds: []load.Result{result}, Processor: []time.Duration{2 * time.Microsecond}})
	}
	for _, ms := range []int{3, 1, 2} {
		r.addTime(coldRun, time.Duration(ms)*time.Millisecond)
	}
	require.Equal(t, 2*time.Millisecond, r.median(coldRun))
	require.Zero(t, r.median("absent"))
	r.addMemory("idle", 40<<20)
	r.addMemory("idle", 20<<20)
	r.addMemoryTarget("memory, idle", "idle", 30)
	r.addRatio("low", 0.5, atLeast(0.85))
	r.addRatio("high", 1.2, atMost(1.5))
	r.addCount("sandboxes", 4, 4)
	r.addExtra("pause", 3*time.Millisecond, 2*time.Millisecond)
	r.addHotCold(1e6)
	r.addNote("A note.")

	var out bytes.Buffer
	r.print(&out)
	for _, line := range []string{
		"| hot       | 2 B, c=1 | all-in-one | 1000  | 1.00   | 0.00   | 1.00   | 2      |\n",
		"| container per call, docker | 2.00      | 3       |\n",
		"| idle           | 40.0 MiB |\n",
		"| memory, idle                             | 40.0 MiB | ≤ 30 MiB | **missed** |\n",
		"| low                                      | 0.50     | ≥ 0.85   | **missed** |\n",
		"| high                                     | 1.20     | ≤ 1.5    | met        |\n",
		"| sandboxes                                | 4        | ≤ 4      | met        |\n",
		"| pause                                    | +3.00 ms | ≤ +2 ms  | **missed** |\n",
		"| hot : a container per call (docker), c=1 | 2000×    | ≥ 2000×  | met        |\n",
		"\nA note.\n",
	} {
		require.Contains(t, out.String(), line)
	}

	name := filepath.Join(t.TempDir(), "new", "results.json")
	require.NoError(t, r.write(name))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	var back report
	require.NoError(t, json.Unmarshal(content, &back))
	require.Equal(t, r.Verdicts, back.Verdicts)
}

func TestWants(t *testing.T) {
	all := options{}
	require.True(t, all.wants("hot"))
	require.False(t, all.wants("yardsticks"), "the other parts include them")
	some := options{only: "hot,cold"}
	require.True(t, some.wants("cold"))
	require.False(t, some.wants("two"))
}

func TestVariables(t *testing.T) {
	name := filepath.Join(t.TempDir(), "openrc")
	require.NoError(t, os.WriteFile(name, []byte("export OS_USERNAME=alice\nCLOUD_DSN=a=b\n\n"), 0o600))
	got, err := variables(name)
	require.NoError(t, err)
	require.Equal(t, "alice", got["OS_USERNAME"])
	require.Equal(t, "a=b", got["CLOUD_DSN"])
	_, err = variables(name + ".absent")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestProcess(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p, err := startProcess(log, "/bin/sh", "-c", "echo started; exec sleep 600")
	require.NoError(t, err)
	require.NoError(t, p.check())
	resident, err := residentBytes(p.pid())
	require.NoError(t, err)
	require.Positive(t, resident)
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(log)
		return err == nil && len(text) > 0
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, p.stop())
	require.NoError(t, p.stop(), "twice")
	require.ErrorContains(t, p.check(), "has ended: started")
	require.ErrorIs(t, p.check(), errEnded)
	_, err = residentBytes(p.pid())
	require.Error(t, err)
}

func TestProcessorTime(t *testing.T) {
	require.Eventually(t, func() bool { return processorTime([]int{os.Getpid()}) > 0 }, time.Minute, time.Microsecond)
	require.Zero(t, processorTime([]int{1 << 30}))
	require.Zero(t, processorTime(nil))
}

func TestWatchMemory(t *testing.T) {
	b := &bench{report: newReport(options{})}
	b.watchMemory(subject{name: "ours", pids: []int{os.Getpid()}}, hotCase{name: "case"})()
	b.watchMemory(subject{name: "bare"}, hotCase{name: "case"})()
	require.Positive(t, b.report.Memory["ours, case"])
	require.Len(t, b.report.Memory, 1)
}

func TestUntil(t *testing.T) {
	tries := 0
	require.NoError(t, until(t.Context(), time.Minute, func() error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	}))
	require.Equal(t, 3, tries)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, until(ended, time.Minute, func() error { return errors.New("never") }), "never")
	require.ErrorIs(t, until(t.Context(), time.Minute, func() error { return fmt.Errorf("it %w", errEnded) }), errEnded)
}
