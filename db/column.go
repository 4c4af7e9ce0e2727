package db

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// jsonText is a map or list in a column of text. What is empty is read as an
// empty value, not nil.
func jsonText[T map[string]string | []string](value T) (string, error) {
	if len(value) == 0 {
		return emptyJSON(value), nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}

func emptyJSON(value any) string {
	if _, ok := value.([]string); ok {
		return "[]"
	}
	return "{}"
}

// list and object read what jsonText wrote.
func list(text string) (value []string, err error) {
	if text == "[]" {
		return []string{}, nil
	}
	return value, json.Unmarshal([]byte(text), &value)
}

func object(text string) (value map[string]string, err error) {
	if text == "{}" {
		return map[string]string{}, nil
	}
	return value, json.Unmarshal([]byte(text), &value)
}

// optional is NULL for a zero time.
func optional(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// clip makes any text fit a column of maxBytes: a record is not refused for
// what a function or a client wrote.
func clip(text string, maxBytes int) string {
	if len(text) > maxBytes {
		cut := maxBytes
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	return strings.ToValidUTF8(text, "?") // of one byte, so that it fits still
}

// only is NULL unless it applies.
func only(applies bool, text string) sql.NullString {
	return sql.NullString{String: text, Valid: applies}
}

// optionalText is NULL for empty text.
func optionalText(text string) sql.NullString { return only(text != "", text) }

// micro is a time as it will be read.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}
