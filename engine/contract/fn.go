package contract

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// fnProtocol is Fn's http-stream contract as fnproject/fn@0052528 (api/agent)
// and fnproject/docs (fn/develop/fn-format.md) have it: the function opens a
// unix socket and serves POST /call on it, one call at a time.
type fnProtocol struct{}

func (fnProtocol) prepare(spec *sandbox.Spec, fn *picasso.Function) {
	spec.SocketDir = true
	spec.Env = environment(fn, []string{
		"FN_FORMAT=http-stream",
		"FN_LISTENER=unix:/tmp/iofs/" + listenerName,
		"FN_TYPE=sync",
		"FN_MEMORY=" + strconv.Itoa(fn.MemoryMB),
		"FN_TMPSIZE=" + strconv.Itoa(fn.TmpMB),
		"FN_ID=" + fn.ID, "FN_FN_ID=" + fn.ID,
		"FN_NAME=" + fn.Name, "FN_FN_NAME=" + fn.Name,
		"FN_APP_ID=" + fn.AppID, "FN_APP_NAME=" + fn.App,
	})
}

func (fnProtocol) dial(ctx context.Context, sb sandbox.Sandbox) (net.Conn, error) {
	return dialListener(ctx, sb.SocketDir())
}

func (fnProtocol) ready(ctx context.Context, s *httpSandbox) error {
	return awaitListener(ctx, s)
}

const gatewayPrefix = "Fn-Http-H-"

func (fnProtocol) request(call *Call, deadline time.Time) (*h1.Request, error) {
	req, err := h1.NewRequest(http.MethodPost, "/call", "localhost")
	if err != nil {
		return nil, err
	}
	req.Add("Fn-Call-Id", call.ExecutionID)
	req.Add("Picasso-Execution-Id", call.ExecutionID)
	req.Add("Picasso-Attempt", call.attempt())
	req.Add("Fn-Deadline", deadline.UTC().Format(time.RFC3339))
	if call.Gateway {
		req.Add("Fn-Http-Method", call.Method)
		req.Add("Fn-Http-Request-Url", call.URL)
		req.Add("Fn-Intent", "httprequest")
	}
	delegated(req, call)
	for name, values := range call.Header {
		switch name {
		case "Fn-Call-Id", "Fn-Deadline":
			continue // the platform's word counts
		}
		if reserved(name) || !h1.Forwarded(call.Header, name) {
			continue
		}
		prefix := ""
		if call.Gateway && name != "Content-Type" {
			prefix = gatewayPrefix
		}
		for _, value := range values {
			req.AddPrefixed(prefix, name, value)
		}
	}
	setBody(req, call)
	return req, nil
}

func setBody(req *h1.Request, call *Call) {
	if call.Body == nil {
		req.Payload = call.Payload
		return
	}
	req.Body, req.ContentLength = call.Body, call.ContentLength
}

// reply follows the table of statuses: they are the FDK's, not the function's.
func (fnProtocol) reply(call *Call, resp *h1.Response) verdict {
	switch resp.Status {
	case http.StatusOK:
	case http.StatusBadGateway:
		return verdict{err: functionFailed("it failed%s", reported(resp)), fate: Keep}
	case http.StatusGatewayTimeout:
		return verdict{err: picasso.Errorf(picasso.CodeTimedOut, "the function saw its deadline pass and gave up"), fate: Keep}
	default:
		return verdict{err: functionFailed("its answer is not one of contract fn (status %d)", resp.Status), fate: Discard}
	}
	own, ok := ownStatus(resp.Header)
	switch {
	case !call.Gateway: // as with Fn: what the function says of a status is one header among others
		return verdict{status: http.StatusOK, own: own, header: endToEnd(resp.Header), pass: true}
	case !ok:
		return verdict{err: functionFailed("its Fn-Http-Status is not an HTTP status"), fate: Keep}
	}
	return gatewayReply(resp, own)
}

// ownStatus is the status that the function has set, 200 without. It reports
// false when what was set is no status.
func ownStatus(header http.Header) (status int, ok bool) {
	text := header.Get("Fn-Http-Status")
	if text == "" {
		return http.StatusOK, true
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 599 {
		return http.StatusOK, false
	}
	return status, true
}

// reported is what the FDK says of a failure, as a part of a sentence.
func reported(resp *h1.Response) string {
	said := readExcerpt(resp)
	if said == "" {
		return ""
	}
	return ": " + said
}

// gatewayReply picks what a function behind its URL wants the caller to see.
func gatewayReply(resp *h1.Response, status int) verdict {
	v := verdict{status: status, own: status, header: http.Header{}, pass: true, err: ownFailure(status)}
	for name, values := range resp.Header {
		if plain, found := strings.CutPrefix(name, gatewayPrefix); found && passable(plain) {
			v.header[http.CanonicalHeaderKey(plain)] = values
		}
	}
	for _, name := range []string{"Content-Type", "Fn-Call-Id"} {
		if values := resp.Header[name]; values != nil {
			v.header[name] = values
		}
	}
	return v
}

// passable reports whether a function may set the field for the caller.
func passable(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return name != "" && name != "Content-Length" && h1.EndToEnd(nil, name)
}

// ownFailure is the error of a call that the function itself answered with a
// status of 5xx; the answer goes to the caller as it is.
func ownFailure(status int) *picasso.Error {
	if status < http.StatusInternalServerError {
		return nil
	}
	return picasso.Errorf(picasso.CodeFunctionFailed, "%s", fmt.Sprintf("it answered with status %d", status))
}

// endToEnd returns the fields of an answer that concern the caller.
func endToEnd(header http.Header) http.Header {
	for name := range header {
		if name == "Content-Length" || name != "Connection" && !h1.EndToEnd(header, name) {
			delete(header, name)
		}
	}
	delete(header, "Connection")
	return header
}
