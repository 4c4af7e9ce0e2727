package rpc

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
)

// What every call carries back is in a compact form: numbers as varints
// (encoding/binary), text behind its length. JSON would cost a tenth of the hop.

var errShort = errors.New("frame ends too early")

// head is the status and the headers of the function's answer.
type head struct {
	Status int
	Header http.Header
}

func (h head) append(b []byte) []byte {
	b = binary.AppendVarint(b, int64(h.Status))
	for name, values := range h.Header {
		for _, value := range values {
			b = appendText(appendText(b, name), value)
		}
	}
	return b
}

// readHead adds the headers to header.
func readHead(b []byte, header http.Header) (status int, err error) {
	d := decoder{text: string(b)} // the headers share this one string
	status = int(d.number())
	for d.err == nil && d.text != "" {
		name := d.string()
		header[name] = append(header[name], d.string())
	}
	return status, d.err
}

// delegated is the field of a call's credentials.
func delegated(call *picasso.Call) (string, error) {
	text, err := json.Marshal(delegation{credentials(*call.Credentials), call.Depth})
	return base64.RawURLEncoding.EncodeToString(text), err
}

// readDelegated fills in the credentials of a call. Errors: internal.
func readDelegated(field string, call *picasso.Call) error {
	var d delegation
	text, err := base64.RawURLEncoding.DecodeString(field)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil { // what it says could hold a part of the token
		return picasso.Errorf(picasso.CodeInternal, "%s: is not what this engine understands", fieldCredentials)
	}
	c := picasso.Credentials(d.Credentials)
	call.Credentials, call.Depth = &c, d.Depth
	return nil
}

// failure is the part of an outcome that most calls do not have.
type failure struct {
	Err        *picasso.Error `json:"err,omitempty"`
	OwnAccount bool           `json:"own_account,omitempty"`
	ExitCode   *int           `json:"exit_code,omitempty"`
}

func appendOutcome(b []byte, out picasso.Outcome) ([]byte, error) {
	started := int64(0)
	if !out.Started.IsZero() {
		started = out.Started.UnixNano()
	}
	for _, n := range [...]int64{int64(out.HTTPStatus), started, int64(out.Wait), int64(out.ColdStart), int64(out.Run), out.InputBytes, out.OutputBytes} {
		b = binary.AppendVarint(b, n)
	}
	b = appendText(b, out.Host)
	if out.Err == nil && out.ExitCode == nil {
		return b, nil
	}
	rest, err := json.Marshal(failure{out.Err, out.OwnAccount, out.ExitCode})
	return append(b, rest...), err
}

func readOutcome(b []byte) (picasso.Outcome, error) {
	d := decoder{text: string(b)}
	out := picasso.Outcome{HTTPStatus: int(d.number())}
	if started := d.number(); started != 0 {
		out.Started = time.Unix(0, started)
	}
	out.Wait, out.ColdStart, out.Run = time.Duration(d.number()), time.Duration(d.number()), time.Duration(d.number())
	out.InputBytes, out.OutputBytes = d.number(), d.number()
	out.Host = d.string()
	if d.err != nil || d.text == "" {
		return out, d.err
	}
	var rest failure
	err := json.Unmarshal([]byte(d.text), &rest)
	out.Err, out.OwnAccount, out.ExitCode = rest.Err, rest.OwnAccount, rest.ExitCode
	return out, err
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// decoder takes values off the front of text. After an error it yields zeros.
type decoder struct {
	text string
	err  error
}

func (d *decoder) number() int64 {
	u := d.unsigned()
	n := int64(u >> 1) // zigzag, as binary.AppendVarint has it
	if u&1 != 0 {
		n = ^n
	}
	return n
}

func (d *decoder) string() string {
	n := d.unsigned()
	if n > uint64(len(d.text)) {
		d.err, d.text = errShort, ""
		return ""
	}
	s := d.text[:n]
	d.text = d.text[n:]
	return s
}

func (d *decoder) unsigned() (u uint64) {
	for i := 0; i < len(d.text) && i < binary.MaxVarintLen64; i++ {
		c := d.text[i]
		u |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.text = d.text[i+1:]
			return u
		}
	}
	d.err, d.text = errShort, ""
	return 0
}
