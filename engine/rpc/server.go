package rpc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
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

// ServerOptions are what a Server can be told beside the engine and its key.
type ServerOptions struct {
	// MaxProtocol is the highest version of the protocol that is spoken; 0: MaxProtocol.
	MaxProtocol int
}

// Server answers clients on behalf of an engine. It is an http.Handler for a
// listener of its own, whose http.Server calls ConnContext.
type Server struct {
	engine   picasso.Engine
	key      []byte
	log      *logrus.Logger
	mux      *http.ServeMux
	sessions *sessions
	known    *lru.Cache[string, *picasso.Function] // by reference
	waits    sync.Map                              // id of a run, or of the execution that has one → *context.CancelFunc

	grace, ackAfter, waitAfter, hearing time.Duration // see there
}

// NewServer serves engine to whoever signs with key.
func NewServer(engine picasso.Engine, key []byte, options ServerOptions, log *logrus.Logger) *Server {
	known, err := lru.New[string, *picasso.Function](maxKnown)
	if err != nil { // only for a size below 1
		log.WithError(err).Error("rpc: cache")
	}
	sessions, err := newSessions()
	if err != nil { // as above
		log.WithError(err).Error("rpc: sessions")
	}
	s := &Server{
		engine: engine, key: key, log: log, mux: http.NewServeMux(), sessions: sessions, known: known,
		grace: grace, ackAfter: ackAfter, waitAfter: waitAfter, hearing: hearing,
	}
	for version := MinProtocol; version <= Common(MinProtocol, MaxProtocol, options.MaxProtocol); version++ {
		s.routes("/v"+strconv.Itoa(version), version)
	}
	s.mux.HandleFunc("/", s.unknown)
	return s
}

func (s *Server) routes(base string, version int) {
	s.mux.HandleFunc("POST "+base+"/invoke", func(w http.ResponseWriter, r *http.Request) { s.invoke(w, r, version) })
	for pattern, do := range map[string]func(*http.Request, []byte) (any, error){
		"DELETE %s/executions/{id}":      s.cancel,
		"DELETE %s/executions/{id}/wait": s.forgo,
		"PUT %s/functions":               s.define,
		"POST %s/warm":                   s.warm,
		"POST %s/retire":                 s.retire,
		"POST %s/images":                 s.resolve,
		"GET %s/host":                    s.host,
	} {
		s.mux.HandleFunc(fmt.Sprintf(pattern, base), s.control(do))
	}
}

// unknown answers what is for another version of the protocol.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusBadGateway, picasso.Errorf(picasso.CodeUnavailable, "the engine does not speak %s", r.URL.Path))
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := verify(s.key, r)
	session, number := r.Header.Get(fieldSession), r.Header.Get(fieldNumber)
	if err == nil && r.URL.Path == sessionPath && r.Method == http.MethodPost {
		writeJSON(w, http.StatusOK, s.sessions.open(s.key, session))
		return
	}
	if err == nil {
		switch s.sessions.admit(session, number) {
		case fresh:
			s.mux.ServeHTTP(w, r)
			return
		case outdated:
			w.WriteHeader(statusSession)
			return
		case repeated:
			err = picasso.Errorf(picasso.CodeUnauthenticated, "the request was here before")
		}
	}
	s.log.WithError(err).WithField("peer", r.RemoteAddr).Warn("rpc: refused a request")
	writeJSON(w, http.StatusUnauthorized, picasso.AsError(err))
}

// invoke runs one call. The request's context tells that the client has gone,
// an entry in waits that it has stopped waiting but wants the outcome.
func (s *Server) invoke(w http.ResponseWriter, r *http.Request, version int) {
	fn, ok := s.known.Get(r.Header.Get(fieldFunction))
	if !ok {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	if r.ContentLength < 0 || r.ContentLength > h1.ReadAhead {
		// Body and answer may overlap; HTTP/1.1 servers must be told. It fails only for other protocols. For
		// small bodies, which are read first, it would make net/http stumble over the next request.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	fw := newFrameWriter(w, s.grace)
	defer fw.end()
	call, err := callOf(r, fn, fw)
	if err != nil {
		writeJSON(w, http.StatusBadGateway, picasso.AsError(err))
		return
	}
	if err := fw.finish(s.run(r, call, fw, version)); err != nil {
		s.log.WithError(err).WithField("execution", call.ExecutionID).Info("rpc: client gone before the outcome")
	}
}

func (s *Server) run(r *http.Request, call *picasso.Call, fw *frameWriter, version int) picasso.Outcome {
	// Once something was sent, net/http takes what is left of a small body for rubbish.
	in, fault := h1.OpenInlet(r.Body, r.ContentLength)
	if fault != nil {
		return picasso.Outcome{Err: fault.Problem()}
	}
	defer in.Close(fw)
	if in.Upload == nil {
		call.Body = bytes.NewReader(in.Payload)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	lost := false
	if version >= 2 {
		word := s.word(fw)
		defer word.end()
		call.Progress = func(p picasso.Progress) {
			if !word.progress(ctx, p) {
				lost = true
				cancel()
			}
		}
		if in.Upload != nil {
			call.Progress = lookingOut(ctx, cancel, call.Progress)
		}
	}
	run := cmp.Or(call.Run, call.ExecutionID)
	s.waits.Store(run, &cancel)
	defer s.waits.CompareAndDelete(run, &cancel) // it may be here once more
	out := s.engine.Invoke(ctx, call, fw)
	if lost && out.Err != nil && out.Err.Code == picasso.CodeWaitTimedOut {
		out.Err = picasso.Errorf(picasso.CodeUnavailable, "the client did not hear that a sandbox was there")
	}
	return out
}

// callOf reads the call out of the request and leaves the function's headers.
// Errors: internal.
func callOf(r *http.Request, fn *picasso.Function, fw *frameWriter) (*picasso.Call, error) {
	call := &picasso.Call{
		ExecutionID: r.Header.Get(fieldExecution), Run: r.Header.Get(fieldRun), RequestID: r.Header.Get(fieldRequest), Function: fn,
		Method: r.Header.Get(fieldMethod), URL: r.Header.Get(fieldURL), Path: r.Header.Get(fieldPath),
		Gateway: r.Header.Get(fieldGateway) == "1", Header: r.Header,
		Body: r.Body, ContentLength: r.ContentLength,
	}
	if r.Header.Get(fieldLog) != "" {
		call.Log = liveLog{fw}
	}
	call.Share, _ = strconv.Atoi(r.Header.Get(fieldShare)) // absent: 0
	call.Spill = r.Header.Get(fieldSpill) != ""
	call.Attempt, _ = strconv.Atoi(r.Header.Get(fieldAttempt)) // absent: 0, which counts as 1
	if field := r.Header.Get(fieldCredentials); field != "" {
		if err := readDelegated(field, call); err != nil {
			return nil, err
		}
	}
	for _, name := range signed {
		delete(r.Header, name)
	}
	delete(r.Header, fieldSignature)
	return call, nil
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
