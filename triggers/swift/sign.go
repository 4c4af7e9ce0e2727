package swift

import (
	"net/http"
	"slices"
)

// sign is what the sizes of a request and its answer tell of its end.
type sign int

const (
	refused  sign = iota // for certain
	doubtful             // most were refused, some were not
	accepted             // for certain
)

// sign reads them; see the comment of the package.
func (r *Request) sign() sign {
	switch {
	case r.SentBytes == 0:
		return accepted
	case slices.Contains(errorPages(), r.SentBytes):
		return refused
	case r.Method == http.MethodDelete && (r.ReceivedBytes > 0 || r.InitiatorProject != r.ProjectID):
		return refused
	}
	return doubtful
}

// errorPages are the sizes of swob's pages for 400, 401, 403, 404, 408, 409,
// 412, 413, 422, 499 and 503, and of what is said of quotas. One that is missing
// here, as in a Swift that words them anew, costs a look at the object and no more.
func errorPages() []float64 {
	return []float64{137, 131, 73, 70, 116, 95, 92, 108, 93, 89, 118, 21}
}
