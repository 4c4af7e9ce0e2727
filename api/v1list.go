package api

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// partBytes is how long a part of a list gets before it is sent.
const partBytes = 64 << 10

// listV1 is an answer with a list. Version 1 has no pages, so it may be long, and is sent while
// it is being read.
type listV1 struct {
	req     *request
	part    bytes.Buffer
	enc     *json.Encoder // into part
	message string
	items   int
	gone    error // of a client that does not read
}

func newListV1(req *request, plural, message string) *listV1 {
	l := &listV1{req: req, message: message}
	l.enc = json.NewEncoder(&l.part)
	l.enc.SetEscapeHTML(false) // as reply has it
	l.part.WriteString(`{"` + plural + `":[`)
	return l
}

// add adds an item. Errors: the client is gone.
func (l *listV1) add(item any) error {
	if l.items++; l.items > 1 {
		l.part.WriteByte(',')
	}
	if err := l.enc.Encode(item); err != nil {
		return err
	}
	if l.part.Len() < partBytes {
		return nil
	}
	if l.req.w.status == 0 {
		l.req.typed("application/json")
	}
	l.gone = l.req.sendPart(l.part.Bytes())
	l.part.Reset()
	return l.gone
}

// end ends the list, unless it failed. That the client is gone is nobody's error.
func (l *listV1) end(err error) error {
	if l.gone != nil {
		return nil
	}
	if err != nil {
		return err
	}
	l.part.WriteString(`],"message":`)
	if err := l.enc.Encode(l.message); err != nil {
		return err
	}
	l.part.WriteByte('}')
	if l.req.w.status == 0 {
		return l.req.send(http.StatusOK, "application/json", l.part.Bytes())
	}
	_ = l.req.sendPart(l.part.Bytes())
	return nil
}
