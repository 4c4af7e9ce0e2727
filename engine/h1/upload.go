package h1

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Upload is the body of a caller's request on its way to another server. It
// can be closed while it is being read: the call is over when its answer is,
// whether or not the caller has sent everything.
type Upload struct {
	source io.Reader
	length int64 // -1 when unknown
	bytes  atomic.Int64

	reading sync.Mutex  // held while the source is read
	begun   atomic.Bool // somebody has read
	closed  atomic.Bool
	over    atomic.Bool // the source has ended
}

// NewUpload makes an Upload of a body of that length, -1 when unknown.
func NewUpload(source io.Reader, length int64) *Upload {
	return &Upload{source: source, length: length}
}

// Bytes is how much was read so far.
func (u *Upload) Bytes() int64 { return u.bytes.Load() }

// Read implements io.Reader. A body that ends before its length is
// io.ErrUnexpectedEOF.
func (u *Upload) Read(p []byte) (int, error) {
	u.begun.Store(true)
	u.reading.Lock()
	defer u.reading.Unlock()
	if u.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	n, err := u.source.Read(p)
	got := u.bytes.Add(int64(n))
	if err == io.EOF && got < u.length {
		err = io.ErrUnexpectedEOF
	}
	if err != nil || got == u.length {
		u.over.Store(true)
	}
	return n, err
}

// Close ends the use of the body; w is what the caller is answered on. One that
// nobody has begun to read is left as it is, for whoever the call goes to next. A reader
// that still waits for the caller is woken by a read deadline in the past:
// net/http could not end the request before. Close returns when nobody reads
// the source any more, unless w knows no deadlines.
func (u *Upload) Close(w http.ResponseWriter) {
	u.closed.Store(true)
	if u.over.Load() || !u.begun.Load() { // in this order: a reader that comes now sees closed
		return
	}
	if http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) == nil {
		u.reading.Lock()
		defer u.reading.Unlock()
	}
}
