// Package api is the HTTP front end: it authenticates, authorizes, stores, and
// hands calls to an engine.
//
// New takes everything it stands on as an interface of the root package and
// returns a Server, which is an http.Handler. What the server promises is in
// openapi.yaml. Each route is one line in route.go, which names its policy
// rule; each handler parses, calls and renders, and returns its error; error.go
// alone turns errors into answers.
//
// A call to a function touches no database: the function comes from a cache (package
// lookup) and the record is written behind (package record).
package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/mux"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/internal/lookup"
	"github.com/picasso-faas/picasso/api/internal/quota"
	"github.com/picasso-faas/picasso/api/internal/record"
	"github.com/picasso-faas/picasso/api/internal/share"
)

// The defaults of Config.
const (
	DefaultMaxRequestBytes = 6 << 20
	DefaultMaxLimit        = 1000
	DefaultClientTimeout   = 30 * time.Second
	DefaultGiveUp          = 10 * time.Second
	defaultTriggerRole     = "member"
)

// cacheBytes bounds the memory of the cache of functions; most take about 1 KiB.
const cacheBytes = 32 << 20

// Config is what a Server stands on. Fields without a default are required.
type Config struct {
	Authenticator picasso.Authenticator
	Authorizer    picasso.Authorizer
	// Challenge is the WWW-Authenticate header of a 401, such as
	// `Keystone uri="https://…"`. Empty leaves the header out.
	Challenge string

	Apps       picasso.AppStore
	Functions  picasso.FunctionStore
	Executions picasso.ExecutionStore
	Logs       picasso.LogStore
	Queue      picasso.Queue
	Triggers   picasso.TriggerStore
	Calendar   picasso.Calendar
	Engine     picasso.Engine
	Log        *logrus.Logger

	// Delegator lets functions and triggers act as their projects. nil: there is no
	// Keystone, and what needs a delegation is refused.
	Delegator picasso.Delegator
	// TriggerRoles are what a trigger without delegate_roles has delegated that needs
	// to look at what its events are about. Empty: "member".
	TriggerRoles []string
	Trusts       picasso.TrustStore
	Hosts        picasso.HostStore
	Hooks        picasso.Hooks
	// CheckNotification checks the blocks of triggers of type notification.
	CheckNotification picasso.NotificationChecker
	// Deaf says why no notifications of other services come in here; triggers that live on
	// them show it as their error. Empty: they do, or it is not known.
	Deaf string

	// PublicEndpoint is the URL that clients use, for links; it may have a path.
	// Empty takes the Host header of each request.
	PublicEndpoint string
	// TrustProxyHeaders makes links follow X-Forwarded-Proto, -Host and -Prefix.
	// Only for a server that clients cannot reach but through a proxy that sets them.
	TrustProxyHeaders bool
	// MaxRequestBytes limits the body of a call. 0: DefaultMaxRequestBytes.
	MaxRequestBytes int64
	// ProjectConcurrency is how many calls of a project that somebody waits for may run at
	// once in all processes that share Usage, about (see package quota). 0: any number.
	ProjectConcurrency int
	Usage              picasso.UsageStore
	// MaxLimit is the largest page of a list, 1..1000. 0: DefaultMaxLimit.
	MaxLimit int
	// ClientTimeout limits how long a client may take to send a JSON body, and to
	// take an answer that is not a function's. 0: DefaultClientTimeout.
	ClientTimeout time.Duration
	// GiveUp is how long after its last heartbeat a compute host counts as down.
	// 0: DefaultGiveUp.
	GiveUp time.Duration
	// Disabled makes the health check answer 503, so that a proxy sends no more
	// requests. nil: never.
	Disabled func() bool

	Now   func() time.Time // nil: time.Now
	NewID func() string    // ids of apps, functions, executions. nil: UUIDs of version 7, RFC 9562
	// NewSecret makes secrets of webhooks. nil: 26 random characters, 128 bits or more.
	NewSecret func() string
}

// Server answers the HTTP API. It may be used at once from many goroutines.
type Server struct {
	Config
	router    *mux.Router
	routes    map[string]*route // by name
	gate      *guard.Gate
	functions *lookup.Functions
	recorder  *record.Recorder
	bodies    *share.Pool // memory for whole bodies
	followers *share.Pool // of logs
	// hookLookups holds an element for each trigger that is looked up for its hook.
	hookLookups chan struct{}
	stopping    chan struct{} // closed by Stop
	stop        sync.Once
	metrics     *metrics
	quota       *quota.Calls   // nil: calls are not bounded
	counted     sync.WaitGroup // what tells the other processes of them
	endCount    func()
	openapi     func() ([]byte, error)
}

// New returns a server, which has to be closed. Errors: something required is
// missing, or an option is out of range.
func New(cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	functions, err := lookup.New(cfg.Functions, cacheBytes, cfg.Now)
	if err != nil {
		return nil, err
	}
	s := &Server{
		Config:      cfg,
		gate:        guard.New(cfg.Authenticator, cfg.Authorizer),
		functions:   functions,
		recorder:    record.New(cfg.Executions, cfg.Log),
		bodies:      newBodies(cfg.MaxRequestBytes),
		followers:   share.New(maxFollowers, followersShare),
		hookLookups: make(chan struct{}, hookLookups),
		stopping:    make(chan struct{}),
		openapi:     openapiOnce(),
	}
	s.metrics = newMetrics(s)
	s.countCalls()
	s.router, s.routes = newRouter(s.table(), s.metrics)
	return s, nil
}

// Stop ends the answers that could go on for long: logs that are being followed.
// Call it when the server takes no new requests; http.Server.RegisterOnShutdown does.
func (s *Server) Stop() { s.stop.Do(func() { close(s.stopping) }) }

// Close stores the records that are still in memory. Call it when no request is
// running any more. Errors: unavailable, then records were lost.
func (s *Server) Close(ctx context.Context) error {
	if s.quota != nil {
		s.endCount()
		s.counted.Wait()
	}
	return s.recorder.Close(ctx)
}

// complete fills in the defaults. Errors name the field.
func (c *Config) complete() error {
	required := []any{
		c.Authenticator, c.Authorizer, c.Apps, c.Functions, c.Executions, c.Logs, c.Queue, c.Triggers, c.Calendar, c.Engine, c.Trusts, c.Hooks, c.Hosts, c.Usage,
	}
	if slices.Contains(required, nil) || c.CheckNotification == nil || c.Log == nil {
		return errors.New("api: a part is missing in the configuration")
	}
	if c.ProjectConcurrency < 0 {
		return errors.New("api: project concurrency is below 0")
	}
	if u, err := url.Parse(c.PublicEndpoint); err != nil || (c.PublicEndpoint != "" && u.Host == "") {
		return fmt.Errorf("api: public endpoint %q is not a URL", c.PublicEndpoint)
	}
	c.PublicEndpoint = strings.TrimRight(c.PublicEndpoint, "/")
	if c.MaxRequestBytes == 0 {
		c.MaxRequestBytes = DefaultMaxRequestBytes
	}
	if c.MaxLimit <= 0 || c.MaxLimit > DefaultMaxLimit {
		c.MaxLimit = DefaultMaxLimit
	}
	if c.ClientTimeout == 0 {
		c.ClientTimeout = DefaultClientTimeout
	}
	if c.GiveUp == 0 {
		c.GiveUp = DefaultGiveUp
	}
	if len(c.TriggerRoles) == 0 {
		c.TriggerRoles = []string{defaultTriggerRole}
	}
	if c.Disabled == nil {
		c.Disabled = func() bool { return false }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = newID
	}
	if c.NewSecret == nil {
		c.NewSecret = rand.Text
	}
	return nil
}

// newID returns a UUID of version 7, which sorts by time. Reading from
// crypto/rand, the only thing that could fail, never does.
func newID() string {
	id, _ := uuid.NewV7()
	return id.String()
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := newRequest(w, r, s.Now())
	req.patience = s.ClientTimeout
	s.answer(req)
	s.finish(req)
	if req.w.aborted {
		panic(http.ErrAbortHandler) // net/http's way to cut a connection in the middle of an answer
	}
}
