package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/cmd/internal/launch/launchtest"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// TestTours follows the transcripts in testdata: lines that start with "$ "
// are run against a real API, everything else is what they must print. Lines
// with "! " in front are of standard error; a status other than 0 is told in
// brackets. Ids and times are made equal. As in a shell, NAME=$(command) keeps
// what a command prints, and $NAME stands for it.
func TestTours(t *testing.T) {
	tours, err := filepath.Glob("testdata/*.tour")
	require.NoError(t, err)
	require.NotEmpty(t, tours)
	for _, path := range tours {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			api := launchtest.Start(t, launchtest.Config(t, tourEngine()))
			var got strings.Builder
			names := map[string]string{}
			for line := range strings.Lines(string(want)) {
				if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
					got.WriteString("$ " + command + "\n" + same(follow(t, api.URL(), command, names)))
				} else if strings.HasPrefix(line, "#") {
					got.WriteString(line)
				}
			}
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got.String()), 0o644))
				return
			}
			assert.Equal(t, string(want), got.String())
		})
	}
}

// tourEngine knows images by their names.
func tourEngine() *apitest.Engine {
	return &apitest.Engine{
		OnResolve: func(ref string) (string, error) {
			if strings.Contains(ref, "missing") {
				return "", picasso.Errorf(picasso.CodeImageUnavailable, "image: %q: the registry does not know it", ref)
			}
			return ref + "@sha256:" + strings.Repeat("0", 64), nil
		},
		OnInvoke: func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			if call.Function.Name == "dies" {
				return apitest.Failed(picasso.CodeFunctionDied, "exit code 3; the end of its log: Traceback")
			}
			outcome := apitest.Echo(ctx, call, w)
			outcome.Wait, outcome.Run, outcome.Log = 0, 0, []byte("greeted somebody\n")
			return outcome
		},
	}
}

var (
	anyID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyTime = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`)
	anyPort = regexp.MustCompile(`127\.0\.0\.1:\d{5}`)
)

func same(text string) string {
	text = anyID.ReplaceAllString(text, "00000000-0000-0000-0000-000000000000")
	text = anyTime.ReplaceAllString(text, "2026-01-01T00:00:00.000000Z")
	return anyPort.ReplaceAllString(text, "127.0.0.1:10001")
}

var assignment = regexp.MustCompile(`^([A-Z]+)=\$\((.*)\)$`)

// follow runs one line of a tour.
func follow(t *testing.T, endpoint, line string, names map[string]string) string {
	t.Helper()
	for name, value := range names {
		line = strings.ReplaceAll(line, "$"+name, value)
	}
	if parts := assignment.FindStringSubmatch(line); parts != nil {
		names[parts[1]] = strings.TrimSpace(follow(t, endpoint, parts[2], nil))
		return ""
	}
	line, stdin, hasStdin := strings.Cut(line, " < ")
	words := split(strings.TrimPrefix(line, "picasso "))
	in := ""
	if hasStdin {
		in = split(stdin)[0]
	}
	out, stderr, status := picassoRun(t, in, map[string]string{"OS_AUTH_TYPE": "none", "OS_ENDPOINT": endpoint}, words...)
	var b strings.Builder
	b.WriteString(out)
	if out != "" && !strings.HasSuffix(out, "\n") {
		b.WriteString("\n")
	}
	for l := range strings.Lines(stderr) {
		b.WriteString("! " + strings.TrimSuffix(l, "\n") + "\n")
	}
	if status != exitOK {
		fmt.Fprintf(&b, "[%d]\n", status)
	}
	return b.String()
}

// split splits at spaces outside of single quotes.
func split(line string) []string {
	var words []string
	quoted := strings.Split(line, "'")
	for i, part := range quoted {
		switch {
		case i%2 == 0:
			words = append(words, strings.Fields(part)...)
		case strings.HasSuffix(quoted[i-1], " ") || quoted[i-1] == "":
			words = append(words, part)
		default:
			words[len(words)-1] += part
		}
	}
	return words
}

// picassoRun runs one command line.
func picassoRun(t *testing.T, stdin string, env map[string]string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	in, err := os.Create(filepath.Join(t.TempDir(), "stdin"))
	require.NoError(t, err)
	defer in.Close()
	_, err = io.WriteString(in, stdin)
	require.NoError(t, err)
	_, err = in.Seek(0, io.SeekStart)
	require.NoError(t, err)
	var out, errs bytes.Buffer
	status = run(t.Context(), args, terminal{
		in: in, out: &out, err: &errs, env: func(name string) string { return env[name] }, now: time.Now,
	})
	return out.String(), errs.String(), status
}
