package config

import (
	"regexp"
	"strings"
	"testing"
)

func splitLines(text []byte) []string { return strings.Split(string(text), "\n") }

// uncommented makes the options of a sample take effect.
func uncommented(sample []byte) string {
	return regexp.MustCompile(`(?m)^#([a-z_]+ =)`).ReplaceAllString(string(sample), "$1")
}

// FuzzParseINI looks for texts that crash the parser, and checks that every
// entry has a section, a name and a line that exists.
func FuzzParseINI(f *testing.F) {
	for _, seed := range []string{
		"[a]\nb = c\n", "[a]\nb:\n c\n d\n", "=", "[", "[]", " x", "[a]\nb='\n", "[a]\n\n b", "\r\n[a]\rb=c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, _ := parseINI(text)
		lines := strings.Count(text, "\n") + 1
		for _, e := range entries {
			if e.section == "" || e.name == "" || e.line < 1 || e.line > lines {
				t.Fatalf("bad entry %+v", e)
			}
		}
	})
}
