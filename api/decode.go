package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/picasso-faas/picasso"
)

// maxJSONBytes limits the body of every request but a call.
const maxJSONBytes = 1 << 20

// member is one name and value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// object reads the body as one JSON object. Errors: unsupported_media_type,
// too_large, invalid.
func (r *request) object() ([]member, error) {
	body, err := r.json()
	if err != nil {
		return nil, err
	}
	return members("body", body)
}

// json reads the body, which says that it is JSON and is UTF-8. Errors: those of object.
func (r *request) json() ([]byte, error) {
	if err := r.checkMediaType(); err != nil {
		return nil, err
	}
	conn := http.NewResponseController(r.w.ResponseWriter)
	_ = conn.SetReadDeadline(time.Now().Add(r.patience))
	body, err := io.ReadAll(http.MaxBytesReader(r.w.ResponseWriter, r.Body, maxJSONBytes))
	if err == nil {
		_ = conn.SetReadDeadline(time.Time{})
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, picasso.Errorf(picasso.CodeTooLarge, "body: is longer than %d bytes", maxJSONBytes)
	case err != nil:
		return nil, invalid("body: ended early")
	case !utf8.Valid(body):
		return nil, invalid("body: is not UTF-8")
	}
	return body, nil
}

// checkMediaType accepts JSON, merge patches (RFC 7396) and bodies that do not say.
func (r *request) checkMediaType() error {
	value := r.Header.Get("Content-Type")
	if value == "" {
		return nil
	}
	accepted := []string{"application/json"}
	if r.Method == http.MethodPatch {
		accepted = append(accepted, "application/merge-patch+json")
	}
	media, _, err := mime.ParseMediaType(value)
	if err != nil || !slices.Contains(accepted, media) {
		return newError(codeMediaType, "Content-Type: must be application/json")
	}
	return nil
}

// members splits a JSON object into its members, in order. encoding/json alone
// would take the last of two with the same name, and fold cases. Errors:
// invalid, naming field.
func members(field string, data []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	first, err := dec.Token()
	if err != nil {
		return nil, invalid("%s: is not valid JSON: %s", field, syntax(err))
	}
	if first != json.Delim('{') {
		return nil, invalid("%s: must be a JSON object", field)
	}
	var list []member
	seen := map[string]bool{}
	for dec.More() {
		m, err := nextMember(dec)
		if err != nil {
			return nil, invalid("%s: is not valid JSON: %s", field, syntax(err))
		}
		if seen[m.name] {
			return nil, invalid("%s: %q is given twice", field, m.name)
		}
		seen[m.name] = true
		list = append(list, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, invalid("%s: is not valid JSON: %s", field, syntax(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid("%s: has something after the JSON object", field)
	}
	return list, nil
}

func nextMember(dec *json.Decoder) (m member, err error) {
	name, err := dec.Token()
	if err != nil {
		return m, err
	}
	m.name, _ = name.(string) // the decoder lets only strings be names
	return m, dec.Decode(&m.value)
}

// syntax words an error of the decoder for users.
func syntax(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}
