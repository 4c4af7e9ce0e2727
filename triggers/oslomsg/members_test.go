package oslomsg

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMembers has encoding/json as its oracle, as FuzzMembers has.
func TestMembers(t *testing.T) {
	for _, body := range []string{
		`{}`, ` { } `, `{"a":1}`, ` {"a" : -1.5e3 , "b":[ {"c":"}"} , "]" ], "c":null,"d":true} `, `{"a":{"b":{}},"a":"twice"}`,
		`{"\u0061\"\\":"x\\\"","":"\\"}`, `[]`, `null`, `"{"`, ``, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":"`, `{"a":"\`, `{1:2}`, `{"a":1}x`,
	} {
		checkMembers(t, body)
	}
}

func TestTextOf(t *testing.T) {
	for _, value := range []string{`""`, `"a"`, `"\"\\\/\b\f\n\r\t"`, `"\\u0061"`, `"\u0061"`, `"\ud83d\ude00 \ud800"`, `"a\"`, `1`, `null`, ``, `"\x"`} {
		var want string
		err := json.Unmarshal([]byte(value), &want)
		got, ok := textOf([]byte(value))
		assert.Equal(t, err == nil && value != "null", ok, value)
		if ok {
			assert.Equal(t, want, got, value)
		}
	}
}

func FuzzMembers(f *testing.F) {
	f.Add(`{"a": [1, {"b": "\"}"}], "": {"c.d": "x"}, "a": null}`, "a.c.d")
	f.Fuzz(func(t *testing.T, body, path string) {
		if !utf8.ValidString(body) { // Decode refuses it
			return
		}
		checkMembers(t, body)
		checkText(t, body, path)
	})
}

func checkMembers(t *testing.T, body string) {
	t.Helper()
	var want map[string]json.RawMessage
	wantErr := json.Unmarshal([]byte(body), &want)
	got, err := membersOf([]byte(body))
	require.Equal(t, wantErr, err, body)
	require.Len(t, got, len(want), body)
	for name, value := range want {
		var text string
		isString := value[0] == '"' && json.Unmarshal(value, &text) == nil
		gotText, ok := textOf(got[name])
		assert.Equal(t, isString, ok, "%s of %s", name, body)
		assert.Equal(t, text, gotText, "%s of %s", name, body)
		assert.Equal(t, string(bytes.TrimSpace(value)), string(got[name]), "%s of %s", name, body)
	}
	eachMember([]byte(body), func(_, _ []byte) {}) // ends, whatever it is
}

func TestText(t *testing.T) {
	for path, want := range map[string]string{
		"a": "", "a.b": "deep", "a.b.c": "", "a.b.x": "longest", "n": "", "none": "", "none.a": "", "l.1": "second", "l.traits": "told", "l.9": "",
		"e": `a"b`, "o": "",
	} {
		body := `{"a": {"b": "deep", "b.x": "longest"}, "n": 1, "l": [["traits", 1, "told"], "second"], "e": "a\"b", "o": {}}`
		if path == "l.1" || path == "l.traits" || path == "l.9" {
			_, ok := textAt([]byte(body), path)
			assert.False(t, ok, "lists are for the tree")
		}
		assert.Equal(t, want, (&Notification{Payload: json.RawMessage(body)}).text(path), path)
		checkText(t, body, path)
	}
}

// checkText compares what is found in the bytes with what is found in the tree.
func checkText(t *testing.T, body, path string) {
	t.Helper()
	if !json.Valid([]byte(body)) {
		return
	}
	inBytes, inTree := &Notification{Payload: json.RawMessage(body)}, &Notification{Payload: json.RawMessage(body)}
	inTree.payload()
	assert.Equal(t, inTree.text(path), inBytes.text(path), "%q in %s", path, body)
}
