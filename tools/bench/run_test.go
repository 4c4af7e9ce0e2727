package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// TestMain makes the test's binary the bare proxy when the bench starts it as such.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "bare" {
		fmt.Fprintln(os.Stderr, serveBare(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// small is every part of the bench in the smallest size.
func small(t *testing.T, auth string) options {
	t.Helper()
	cloudtest.Need(t, "docker")
	t.Chdir("../..") // where the scripts are
	return options{
		rounds: 1, warmUp: 10 * time.Millisecond, duration: 200 * time.Millisecond, coldRound: 1, burst: 6,
		pause: 10 * time.Millisecond, functions: 20, depth: 500, events: 1000, auth: auth, bin: t.TempDir(), json: filepath.Join(t.TempDir(), "results.json"),
	}
}

// TestRun runs everything, on the real Keystone and MariaDB. It judges no
// figure, but all of them have to be there.
func TestRun(t *testing.T) {
	o := small(t, authKeystone)
	require.NoError(t, cloudtest.BuildPrograms(o.bin))
	var tables bytes.Buffer
	require.NoError(t, run(t.Context(), o, &tables))

	content, err := os.ReadFile(o.json)
	require.NoError(t, err)
	var r report
	require.NoError(t, json.Unmarshal(content, &r))
	require.Len(t, r.Hot, 6*4+2*6*3+2*2*2, "hot, two processes, three engines, scale")
	for _, f := range r.Hot {
		require.Len(t, f.Rounds, 1, "%s %s %s", f.Row, f.Case, f.Subject)
	}
	for _, row := range []string{coldDocker, coldOurs, coldRun, coldStdio, "first call after a pause"} {
		require.Positive(t, r.median(row), row)
	}
	require.Len(t, r.Verdicts, 53, "rows of the table of targets")
	for _, v := range r.Verdicts {
		require.Contains(t, tables.String(), "| "+v.What)
	}
	require.NoDirExists(t, runtimeDir())
	hosts, err := exec.Command("docker", "ps", "--all", "--filter", "label=picasso.host", "--format", `{{.Label "picasso.host"}}`).Output()
	require.NoError(t, err)
	require.NotContains(t, string(hosts), fmt.Sprintf("bench-%d-", os.Getpid()))
}

// TestRunYardsticks needs no program of Picasso.
func TestRunYardsticks(t *testing.T) {
	o := small(t, authNone)
	o.only = "yardsticks"
	var tables bytes.Buffer
	require.NoError(t, run(t.Context(), o, &tables))
	require.Contains(t, tables.String(), "| 2 B, c=32    | bare")
	require.Contains(t, tables.String(), coldDocker)
	require.NotContains(t, tables.String(), "to reach", "there is nothing to judge")
}

// TestServiceThatCannotStart gives the end of the log for a reason.
func TestServiceThatCannotStart(t *testing.T) {
	dir := t.TempDir()
	for name, script := range map[string]string{"picasso-manage": "exit 0", "picasso-allinone": "echo the reason; exit 1"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700)) // it has to run
	}
	b := &bench{options: options{bin: dir}, work: dir, report: newReport(options{})}
	_, err := b.start(t.Context(), "broken", authNone, "picasso-allinone")
	require.ErrorContains(t, err, "has ended: the reason")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "picasso-manage"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
	_, err = b.start(t.Context(), "broken", authNone, "picasso-allinone")
	require.ErrorContains(t, err, "picasso-manage: exit status 1")
}
