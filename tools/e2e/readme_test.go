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
	for _, image := range []string{"hello", "echo", "debian"} { // what is built already is built silently
		functest.Image(t, image)
	}
	s := newStack(t, options{})
	steps := 0
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, step := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			require.Equal(t, plain(want), plain(s.shell(command)), "$ %s", command)
			steps++
		}
	}
	require.Greater(t, steps, 10)
}

// shell runs a command as a user of the stack would, in the root of the repository.
func (s *stack) shell(command string) string {
	s.t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(s.t, err)
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "PATH="+binDir+":"+os.Getenv("PATH"), "OS_AUTH_TYPE=none", "OS_ENDPOINT="+s.url)
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

func plain(text string) string {
	for _, rule := range plainRules {
		text = rule.pattern.ReplaceAllString(text, rule.with)
	}
	return strings.TrimSpace(text)
}
