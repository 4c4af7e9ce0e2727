package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// TestReadme runs every command in the console blocks of the README and wants
// the output printed there, but for ids, figures and the width of columns.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	alone, cloud, ok := strings.Cut(string(text), "\n## With a real cloud\n")
	require.True(t, ok)
	for _, image := range []string{"hello", "echo", "debian", "thumbnail"} { // what is built already is built silently
		functest.Image(t, image)
	}
	t.Run("alone", func(t *testing.T) {
		s := newStack(t, options{})
		require.Greater(t, s.tour(alone, "OS_AUTH_TYPE=none"), 10)
	})
	t.Run("with a real cloud", func(t *testing.T) {
		s := eventStack(t, "")
		var alice []string
		for name, value := range openrc(t, s.env, "alpha") {
			alice = append(alice, name+"="+value)
		}
		swift := s.swift(t, "alpha")
		empty := func() { swift.remove("photos", "thumbnails") }
		empty()
		t.Cleanup(empty)
		require.Greater(t, s.tour(cloud, alice...), 5)
	})
}

// tour runs the commands of a text, as who the environment says, and returns
// how many there were. Lines that begin with > go on with a command.
func (s *stack) tour(text string, environ ...string) (steps int) {
	s.t.Helper()
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(text, -1) {
		for _, step := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			for strings.HasPrefix(want, "> ") {
				line, rest, _ := strings.Cut(want, "\n")
				command, want = command+"\n"+line[2:], rest
			}
			require.Regexp(s.t, pattern(want), plain(s.shell(command, environ)), "$ %s", command)
			steps++
		}
	}
	return steps
}

// shell runs a command as a user of the stack would, in the root of the repository.
func (s *stack) shell(command string, environ []string) string {
	s.t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(s.t, err)
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = root
	cmd.Env = append(append(os.Environ(), "PATH="+binDir+":"+os.Getenv("PATH"), "OS_ENDPOINT="+s.url), environ...)
	out, _ := cmd.CombinedOutput() // some of them fail on purpose: the output tells
	return string(out)
}

var plainRules = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`20\d\d/\d\d/\d\d \d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`\d+\.\d+`), "FIGURE"},
	{regexp.MustCompile(`--+`), "--"},
	{regexp.MustCompile(`  +`), " "},
}

// pattern matches what may be printed in place of a text. A figure that happens to be whole has no point.
func pattern(want string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(plain(want)), "FIGURE", `(FIGURE|\d+)`) + "$")
}

func plain(text string) string {
	for _, rule := range plainRules {
		text = rule.pattern.ReplaceAllString(text, rule.with)
	}
	return strings.TrimSpace(text)
}
