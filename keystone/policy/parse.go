package policy

import (
	"errors"
	"fmt"
	"strings"
)

// maxNesting bounds parentheses and nots inside one another.
const maxNesting = 100

// parse compiles a rule. The grammar is oslo.policy's, where "and" binds
// tighter than "or", "not" tightest, and a rule without any text allows:
//
//	rule   = [ or ]
//	or     = and { "or" and }
//	and    = term { "and" term }
//	term   = "not" term | "(" or ")" | "@" | "!" | kind ":" match
//
// refer is called for the name in every rule:name.
func parse(text string, refer func(name string) check) (check, error) {
	p := parser{tokens: tokenize(text), refer: refer}
	if len(p.tokens) == 0 {
		return always, nil
	}
	c, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("unexpected %q", p.tokens[0])
	}
	return c, err
}

type parser struct {
	tokens []string // not yet read
	refer  func(name string) check
	depth  int
}

// tokenize splits at spaces, and parentheses off the beginnings and ends of
// words; the ones inside %(name)s belong to the word.
func tokenize(text string) []string {
	var tokens []string
	for word := range strings.FieldsSeq(text) {
		for strings.HasPrefix(word, "(") {
			tokens = append(tokens, "(")
			word = word[1:]
		}
		inner := strings.TrimRight(word, ")")
		if inner != "" {
			tokens = append(tokens, inner)
		}
		for range len(word) - len(inner) {
			tokens = append(tokens, ")")
		}
	}
	return tokens
}

// take reads the next token if it is the word, in any case.
func (p *parser) take(word string) bool {
	if len(p.tokens) == 0 || !strings.EqualFold(p.tokens[0], word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) or() (check, error) {
	return p.chain("or", p.and, anyOf)
}

func (p *parser) and() (check, error) {
	return p.chain("and", p.term, allOf)
}

// chain reads operands with the word between them.
func (p *parser) chain(word string, operand func() (check, error), join func([]check) check) (check, error) {
	var checks []check
	for {
		c, err := operand()
		if err != nil {
			return nil, err
		}
		checks = append(checks, c)
		if !p.take(word) {
			break
		}
	}
	if len(checks) == 1 {
		return checks[0], nil
	}
	return join(checks), nil
}

func (p *parser) term() (check, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, fmt.Errorf("more than %d levels of parentheses and nots", maxNesting)
	}
	defer func() { p.depth-- }()
	switch {
	case len(p.tokens) == 0:
		return nil, errors.New("ends where a check is expected")
	case p.take("not"):
		c, err := p.term()
		if err != nil {
			return nil, err
		}
		return negate(c), nil
	case p.take("("):
		c, err := p.or()
		if err == nil && !p.take(")") {
			err = errors.New("a parenthesis is not closed")
		}
		return c, err
	case p.take("@"):
		return always, nil
	case p.take("!"):
		return never, nil
	}
	word := p.tokens[0]
	p.tokens = p.tokens[1:]
	return p.leaf(word)
}

// leaf compiles one kind:match.
func (p *parser) leaf(word string) (check, error) {
	kind, match, found := strings.Cut(word, ":")
	if !found || kind == "" || match == "" {
		return nil, fmt.Errorf("%q is not a check: expected @, ! or kind:match", word)
	}
	switch kind {
	case "rule":
		return p.refer(match), nil
	case "role":
		return hasRole(match)
	case "http", "https":
		return nil, fmt.Errorf("%s: checks, which ask another server, are not supported", kind)
	}
	return compare(kind, match)
}
