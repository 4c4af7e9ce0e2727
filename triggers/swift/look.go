package swift

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/peek"
)

// DepthHeader is metadata by which an execution says how deep in a chain is
// what its object causes.
const DepthHeader = "X-Object-Meta-Picasso-Depth"

// Object is what there is in Swift.
type Object struct {
	Written      time.Time // by the clock of the proxy that took the request; also when only its metadata was
	LastModified time.Time // the same, rounded up to seconds
	Size         int64
	ETag         string
	ContentType  string
	Large        bool // static or dynamic large object
	Depth        int  // of DepthHeader; -1: it has none
}

// look returns the object as it is now, nil when there is none. Errors:
// conflict (the trigger does not work any more), busy.
func (v *Verifier) look(ctx context.Context, t *picasso.Trigger, r *Request) (*Object, error) {
	answer, err := v.peeker.Ask(ctx, t, peek.Question{
		Service: "object-store", Method: http.MethodHead, Path: "/" + encodeName(r.Container) + "/" + encodeName(r.Object),
		Field: "swift.verify", Instead: "set swift.verify to false",
	})
	switch {
	case err != nil:
		return nil, err
	case answer.Status == http.StatusOK, answer.Status == http.StatusNoContent:
		return newObject(answer.Header), nil
	}
	return nil, nil // 404; also what cannot be a name
}

func newObject(header http.Header) *Object {
	o := &Object{
		ETag: strings.Trim(header.Get("Etag"), `"`), ContentType: header.Get("Content-Type"),
		Large: header.Get("X-Static-Large-Object") != "" || header.Get("X-Object-Manifest") != "", Depth: -1,
	}
	o.Size, _ = strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	o.LastModified, _ = http.ParseTime(header.Get("Last-Modified"))
	o.Written = timestamp(header.Get("X-Timestamp"))
	if depth, err := strconv.ParseUint(header.Get(DepthHeader), 10, 16); err == nil {
		o.Depth = int(depth)
	}
	return o
}

// timestamp reads Swift's: seconds since 1970 and five digits behind them, as
// "1795387387.12345"; zero when it is none.
func timestamp(text string) time.Time {
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err1 := strconv.ParseUint(whole, 10, 36)
	micros, err2 := strconv.ParseUint((fraction + "000000")[:6], 10, 32)
	if err1 != nil || err2 != nil {
		return time.Time{}
	}
	return time.Unix(int64(seconds), int64(micros)*1000).UTC()
}
