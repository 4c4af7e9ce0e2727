package contract

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// webProtocol is for web servers on port $PORT, as Knative's container runtime
// contract, Cloud Run and OpenFaaS' of-watchdog have it.
type webProtocol struct{}

const webPort = 8080

func (webProtocol) prepare(spec *sandbox.Spec, fn *picasso.Function) {
	spec.Env = environment(fn, []string{
		"PORT=8080",
		"PICASSO_FUNCTION_ID=" + fn.ID, "PICASSO_FUNCTION_NAME=" + fn.Name, "PICASSO_APP_NAME=" + fn.App,
	})
}

func (webProtocol) dial(ctx context.Context, sb sandbox.Sandbox) (net.Conn, error) {
	return sb.Dial(ctx, webPort)
}

// The pauses between two looks at whether a function is ready.
const (
	pollMin = time.Millisecond
	pollMax = 20 * time.Millisecond
)

func (webProtocol) ready(ctx context.Context, s *httpSandbox) error {
	for pause := pollMin; ; pause = min(2*pause, pollMax) {
		err := s.connect(ctx)
		if err == nil && s.fn.HealthPath != "" {
			err = s.healthy(ctx)
		}
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-s.Done():
			return err
		case <-ctx.Done():
			return err
		}
	}
}

// healthTimeout bounds one question for health; a server that is still busy
// starting is asked again.
const healthTimeout = time.Second

func (s *httpSandbox) healthy(ctx context.Context) error {
	req, err := h1.NewRequest(http.MethodGet, s.fn.HealthPath, "localhost")
	if err != nil {
		return err
	}
	defer req.Free()
	resp, err := s.conns.Do(ctx, req, time.Now().Add(healthTimeout))
	if err != nil {
		return err
	}
	defer resp.Close()
	said := readExcerpt(resp)
	if resp.Status > 299 {
		return errors.New("health_path answers " + http.StatusText(resp.Status) + ": " + said)
	}
	return nil
}

func (webProtocol) request(call *Call, deadline time.Time) (*h1.Request, error) {
	scheme, host := origin(call.URL)
	req, err := h1.NewRequest(call.Method, call.Path, host)
	if err != nil {
		return nil, err
	}
	req.Add("Picasso-Execution-Id", call.ExecutionID)
	req.Add("Picasso-Attempt", call.attempt())
	req.Add("Picasso-Deadline", deadline.UTC().Format(time.RFC3339))
	if scheme != "" {
		req.Add("X-Forwarded-Proto", scheme)
		req.Add("X-Forwarded-Host", host)
	}
	delegated(req, call)
	for name, values := range call.Header {
		switch name {
		case "X-Forwarded-Proto", "X-Forwarded-Host":
			continue // the platform's word counts
		}
		if reserved(name) || !h1.Forwarded(call.Header, name) {
			continue
		}
		for _, value := range values {
			req.Add(name, value)
		}
	}
	setBody(req, call)
	return req, nil
}

// origin splits an absolute URL; a host is always returned.
func origin(url string) (scheme, host string) {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		return "", "localhost"
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if rest == "" {
		rest = "localhost"
	}
	return scheme, rest
}

func (webProtocol) reply(_ *Call, resp *h1.Response) verdict {
	return verdict{
		status: resp.Status, own: resp.Status, header: endToEnd(resp.Header), pass: true, err: ownFailure(resp.Status),
	}
}
