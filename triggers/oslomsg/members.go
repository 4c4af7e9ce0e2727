package oslomsg

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Most notifications concern nobody, and each is looked at: what tells that is
// found in the bytes, since a tree of everything costs several times as much.

// membersOf returns the members of an object, whose values are parts of body.
// Of names that come twice the last counts. Errors: those of encoding/json.
func membersOf(body []byte) (members map[string]json.RawMessage, err error) {
	if !isObject(body) || !json.Valid(body) {
		err = json.Unmarshal(body, &members)
		return members, err
	}
	members = make(map[string]json.RawMessage, 16)
	eachMember(body, func(name, value []byte) {
		if text, ok := textOf(name); ok {
			members[text] = value
		}
	})
	return members, nil
}

// memberOf returns one member of an object, nil when there is none.
func memberOf(object []byte, name string) (found []byte) {
	eachMember(object, func(quoted, value []byte) {
		if isText(quoted, name) {
			found = value
		}
	})
	return found
}

// textOf returns the text that a value is.
func textOf(value []byte) (text string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if text, ok = unescape(value[1 : len(value)-1]); ok {
		return text, true
	}
	return text, json.Unmarshal(value, &text) == nil
}

// unescape reads escapes of one character, which are all that the text of an
// envelope commonly has. Not ok: there are others.
func unescape(text []byte) (string, bool) {
	next := bytes.IndexByte(text, '\\')
	if next < 0 {
		return string(text), true
	}
	var b strings.Builder
	b.Grow(len(text))
	for ; next >= 0 && next+1 < len(text); next = bytes.IndexByte(text, '\\') {
		meant := strings.IndexByte(escaped, text[next+1])
		if meant < 0 {
			return "", false
		}
		b.Write(text[:next])
		b.WriteByte(meaning[meant])
		text = text[next+2:]
	}
	b.Write(text)
	return b.String(), next < 0
}

// Characters after a backslash, and what they mean there (RFC 8259, section 7).
const (
	escaped = `"\/bfnrt`
	meaning = "\"\\/\b\f\n\r\t"
)

// isText compares without making a copy, where there is nothing to unquote.
func isText(value []byte, text string) bool {
	if bytes.IndexByte(value, '\\') < 0 {
		return len(value) >= 2 && value[0] == '"' && string(value[1:len(value)-1]) == text
	}
	unquoted, ok := textOf(value)
	return ok && unquoted == text
}

// textAt is find for a text, in bytes. It knows no lists: not ok then.
func textAt(value []byte, path string) (text string, ok bool) {
	for path != "" {
		if !isObject(value) {
			return "", !bytes.HasPrefix(value, []byte("["))
		}
		end := len(path)
		child := memberOf(value, path)
		for child == nil {
			if end = strings.LastIndexByte(path[:end], '.'); end < 0 {
				return "", true
			}
			child = memberOf(value, path[:end])
		}
		value, path = child, strings.TrimPrefix(path[end:], ".")
	}
	text, _ = textOf(value)
	return text, true
}

func isObject(value []byte) bool {
	start := skipSpace(value, 0)
	return start < len(value) && value[start] == '{'
}

// eachMember calls found for each member of an object, which is valid JSON;
// where it is not, for some.
func eachMember(object []byte, found func(name, value []byte)) {
	for i := skipSpace(object, 0) + 1; i < len(object); {
		switch i = skipSpace(object, i); {
		case i >= len(object) || object[i] == '}':
			return
		case object[i] == ',':
			i++
			continue
		}
		name := i
		nameEnd := skipValue(object, name)
		value := skipSpace(object, skipSpace(object, nameEnd)+1) // after the colon
		i = skipValue(object, value)
		if value >= i {
			return
		}
		found(object[name:nameEnd], object[value:i])
	}
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns where the value that begins at i ends.
func skipValue(text []byte, i int) int {
	depth := 0
	for more := true; more && i < len(text); more = depth > 0 {
		switch text[i] {
		case '"':
			i = skipString(text, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			i++
		default:
			i = skipWord(text, i)
		}
	}
	return min(i, len(text))
}

func skipString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipWord skips a number, true, false or null.
func skipWord(text []byte, i int) int {
	for i < len(text) && strings.IndexByte(",:]} \n\t\r", text[i]) < 0 {
		i++
	}
	return i
}
