package match

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestMatchPattern(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "A", false},
		{"a", "", false},
		{"a", "ab", false},
		{"ab", "a", false},
		{"*", "", true},
		{"*", "a.b.c", true},
		{"**", "", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ü", true},
		{"?", "ab", false},
		{"compute.instance.*", "compute.instance.create.end", true},
		{"compute.instance.*", "compute.instance", false},
		{"compute.instance.*", "compute.instance.", true},
		{"*.end", "compute.instance.create.end", true},
		{"*.end", "compute.instance.create.end.x", false},
		{"compute.*.end", "compute.instance.create.end", true},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"*ab", "aab", true},
		{"*aab", "aaab", true},
		{"a*?", "a", false},
		{"a?*", "ab", true},
		{"*ü?", "aüb", true},
		{"[a-z].+", "a.b", false},
		{"[a-z].+", "[a-z].+", true},
		{`\*`, `\x`, true},
		{"*", "*", true},
		{"a*", "a*", true},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, matchPattern(test.pattern, test.text), "%q %q", test.pattern, test.text)
	}
}

// oracle is another way to match.
func oracle(pattern, text string) bool {
	expression := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`(?s)\A` + expression + `\z`).MatchString(text)
}

func TestMatchPatternLikeRegexp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func(letters string) string {
		var b strings.Builder
		all := []rune(letters)
		for range random.IntN(9) {
			b.WriteRune(all[random.IntN(len(all))])
		}
		return b.String()
	}
	for range 10_000 {
		pattern, text := word("ab.ü**?"), word("ab.ü")
		if want := oracle(pattern, text); matchPattern(pattern, text) != want {
			t.Fatalf("%q %q: want %v", pattern, text, want)
		}
	}
}

func FuzzMatchPattern(f *testing.F) {
	f.Add("compute.*.e?d", "compute.instance.end")
	f.Add(strings.Repeat("*a", 100)+"b", strings.Repeat("a", 255))
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 255 || len(text) > 255 || !utf8.ValidString(pattern) || !utf8.ValidString(text) {
			return // neither is stored, nor sent
		}
		assert.Equal(t, oracle(pattern, text), matchPattern(pattern, text))
	})
}

// BenchmarkHostilePattern is the dearest pattern there is, on the longest type.
func BenchmarkHostilePattern(b *testing.B) {
	pattern, text := "*"+strings.Repeat("a", 127)+"b", strings.Repeat("a", 255)
	for b.Loop() {
		matchPattern(pattern, text)
	}
}
