package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
)

const (
	maxKnown        = 20_000  // definitions kept; the least recently called are forgotten, and asked for again
	maxControlBytes = 4 << 20 // body of anything but an invoke
)

// Server answers clients on behalf of an engine. It is an http.Handler for a
// listener of its own.
type Server struct {
	engine picasso.Engine
	key    []byte
	log    *logrus.Logger
	now    func() time.Time
	grace  time.Duration // see there
	mux    *http.ServeMux
	known  *lru.Cache[string, *picasso.Function] // by reference
	waits  sync.Map                              // execution id → *context.CancelFunc
}

// NewServer serves engine to whoever signs with key.
func NewServer(engine picasso.Engine, key []byte, log *logrus.Logger) *Server {
	known, err := lru.New[string, *picasso.Function](maxKnown)
	if err != nil { // only for a size below 1
		log.WithError(err).Error("rpc: cache")
	}
	s := &Server{engine: engine, key: key, log: log, now: time.Now, grace: grace, mux: http.NewServeMux(), known: known}
	s.mux.HandleFunc("DELETE /v1/executions/{id}", s.control(s.cancel))
	s.mux.HandleFunc("DELETE /v1/executions/{id}/wait", s.control(s.forgo))
	s.mux.HandleFunc("PUT /v1/functions", s.control(s.define))
	s.mux.HandleFunc("POST /v1/warm", s.control(s.warm))
	s.mux.HandleFunc("POST /v1/retire", s.control(s.retire))
	s.mux.HandleFunc("POST /v1/images", s.control(s.resolve))
	s.mux.HandleFunc("GET /v1/host", s.control(s.host))
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := verify(s.key, r, s.now()); err != nil {
		s.log.WithError(err).WithField("peer", r.RemoteAddr).Warn("rpc: refused a request")
		writeJSON(w, http.StatusUnauthorized, picasso.AsError(err))
		return
	}
	if r.URL.Path == "/v1/invoke" && r.Method == http.MethodPost {
		s.invoke(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// invoke runs one call. The request's context tells that the client has gone,
// an entry in waits that it has stopped waiting but wants the outcome.
func (s *Server) invoke(w http.ResponseWriter, r *http.Request) {
	fn, ok := s.known.Get(r.Header.Get(fieldFunction))
	if !ok {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	if r.ContentLength < 0 || r.ContentLength > h1.ReadAhead {
		// Body and answer may overlap; HTTP/1.1 servers must be told. It fails only for other protocols. For
		// small bodies, which an engine need not read, it would make net/http stumble over the next request.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	fw := newFrameWriter(w, s.grace)
	call := callOf(r, fn, fw)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s.waits.Store(call.ExecutionID, &cancel)
	defer s.waits.CompareAndDelete(call.ExecutionID, &cancel) // the execution may be here once more
	out := s.engine.Invoke(ctx, call, fw)
	if err := fw.finish(out); err != nil {
		s.log.WithError(err).WithField("execution", call.ExecutionID).Info("rpc: client gone before the outcome")
	}
}

// callOf reads the call out of the request and leaves the function's headers.
func callOf(r *http.Request, fn *picasso.Function, fw *frameWriter) *picasso.Call {
	call := &picasso.Call{
		ExecutionID: r.Header.Get(fieldExecution), RequestID: r.Header.Get(fieldRequest), Function: fn,
		Method: r.Header.Get(fieldMethod), URL: r.Header.Get(fieldURL), Path: r.Header.Get(fieldPath),
		Gateway: r.Header.Get(fieldGateway) == "1", Header: r.Header,
		Body: r.Body, ContentLength: r.ContentLength,
	}
	if r.Header.Get(fieldLog) != "" {
		call.Log = liveLog{fw}
	}
	call.Attempt, _ = strconv.Atoi(r.Header.Get(fieldAttempt)) // absent: 0, which counts as 1
	for _, name := range signed {
		delete(r.Header, name)
	}
	delete(r.Header, fieldSignature)
	return call
}

// control wraps a request that is not an invoke: the body is read whole and
// checked against its signed digest, the result is JSON.
func (s *Server) control(do func(r *http.Request, body []byte) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBytes))
		if err == nil && r.Header.Get(fieldBodyDigest) != digest(body) {
			err = picasso.Errorf(picasso.CodeUnauthenticated, "the body is not the one that was signed")
		}
		var result any
		if err == nil {
			result, err = do(r, body)
		}
		switch {
		case err != nil:
			e := picasso.AsError(err)
			writeJSON(w, statusOf(e), e)
		case result == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			writeJSON(w, http.StatusOK, result)
		}
	}
}

func (s *Server) cancel(r *http.Request, _ []byte) (any, error) {
	return nil, s.engine.Cancel(r.Context(), r.PathValue("id"))
}

func (s *Server) forgo(r *http.Request, _ []byte) (any, error) {
	if cancel, ok := s.waits.Load(r.PathValue("id")); ok {
		(*cancel.(*context.CancelFunc))()
	}
	return nil, nil
}

func (s *Server) define(_ *http.Request, body []byte) (any, error) {
	_, err := s.learn(body)
	return nil, err
}

func (s *Server) warm(r *http.Request, body []byte) (any, error) {
	fn, err := s.learn(body)
	if err != nil {
		return nil, err
	}
	return nil, s.engine.Warm(r.Context(), fn)
}

func (s *Server) learn(body []byte) (*picasso.Function, error) {
	var def definition
	if err := decode(body, &def); err != nil {
		return nil, err
	}
	if def.Function == nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "function: is required")
	}
	fn := def.function()
	s.known.Add(reference(fn.ID, fn.Revision), fn)
	return fn, nil
}

func (s *Server) retire(r *http.Request, body []byte) (any, error) {
	var what retirement
	if err := decode(body, &what); err != nil {
		return nil, err
	}
	for _, ref := range s.known.Keys() {
		id, revision, _ := strings.Cut(ref, " ")
		if n, err := strconv.ParseInt(revision, 10, 64); err == nil && id == what.FunctionID && n < what.Below {
			s.known.Remove(ref)
		}
	}
	return nil, s.engine.Retire(r.Context(), what.FunctionID, what.Below)
}

func (s *Server) resolve(r *http.Request, body []byte) (any, error) {
	var img image
	if err := decode(body, &img); err != nil {
		return nil, err
	}
	found, err := s.engine.ResolveImage(r.Context(), img.Ref)
	return image{Digest: found}, err
}

func (s *Server) host(r *http.Request, _ []byte) (any, error) {
	host, err := s.engine.Host(r.Context())
	return host, err
}

func decode(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(v); err != nil {
		return picasso.Errorf(picasso.CodeInvalid, "body: %s", err)
	}
	return nil
}
