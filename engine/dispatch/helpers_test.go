package dispatch

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

const patience = 10 * time.Second

// fake is an engine whose calls the test writes; what else it is told it writes down.
type fake struct {
	mu     sync.Mutex
	invoke func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome
	host   picasso.Host
	dead   bool // answers nothing but calls
	calls  []picasso.Call
	told   []string
	warmed []int
	closed bool
}

func (f *fake) Invoke(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	f.mu.Lock()
	f.calls = append(f.calls, *call)
	invoke := f.invoke
	f.mu.Unlock()
	if invoke == nil {
		return answer200(ctx, call, w)
	}
	return invoke(ctx, call, w)
}

func (f *fake) tell(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, what)
	if f.dead {
		return picasso.Errorf(picasso.CodeUnavailable, "the engine does not answer")
	}
	return nil
}

func (f *fake) Cancel(_ context.Context, id string) error { return f.tell("cancel " + id) }

func (f *fake) Retire(_ context.Context, id string, _ int64) error { return f.tell("retire " + id) }

func (f *fake) Warm(_ context.Context, fn *picasso.Function) error {
	f.mu.Lock()
	f.warmed = append(f.warmed, fn.MinSandboxes)
	f.mu.Unlock()
	return f.tell("warm " + fn.ID)
}

func (f *fake) ResolveImage(_ context.Context, ref string) (string, error) {
	if ref == "missing" {
		return "", picasso.Errorf(picasso.CodeImageUnavailable, "image: %q", ref)
	}
	return ref + "@sha256:0", f.tell("resolve " + ref)
}

func (f *fake) Host(context.Context) (picasso.Host, error) {
	err := f.tell("host")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.host, err
}

func (f *fake) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

func (f *fake) set(change func(f *fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) seen() []picasso.Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *fake) heard() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.told), func(s string) bool { return s == "host" })
}

// probes is how often it was asked how it is.
func (f *fake) probes() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, what := range f.told {
		if what == "host" {
			n++
		}
	}
	return n
}

func (f *fake) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

func answer200(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	var body []byte
	if call.Body != nil {
		body, _ = io.ReadAll(call.Body)
	}
	_, _ = w.Write(body)
	return picasso.Outcome{HTTPStatus: 200, Wait: time.Millisecond, InputBytes: int64(len(body))}
}

func fails(code picasso.Code) func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
	return func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		return picasso.Outcome{Err: picasso.Errorf(code, "as the test has it")}
	}
}

// store is a picasso.HostStore of which only what a dispatcher reads works.
type store struct {
	picasso.HostStore
	mu      sync.Mutex
	err     error
	records map[string]picasso.HostRecord
	asked   int // for inventories
}

func (s *store) Hosts(context.Context) ([]picasso.HostRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var records []picasso.HostRecord
	for _, r := range s.records {
		r.Inventory = picasso.Inventory{}
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b picasso.HostRecord) int { return strings.Compare(a.Name, b.Name) })
	return records, s.err
}

func (s *store) Inventories(_ context.Context, ids []string) (map[string]picasso.Inventory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked += len(ids)
	found := map[string]picasso.Inventory{}
	for _, r := range s.records {
		if slices.Contains(ids, r.ID) {
			found[r.ID] = r.Inventory
		}
	}
	return found, s.err
}

func (s *store) put(r picasso.HostRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[r.Name] = r
}

func (s *store) set(name string, change func(r *picasso.HostRecord)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[name]
	change(&r)
	s.records[name] = r
}

func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cluster is a dispatcher in front of fakes.
type cluster struct {
	*Dispatcher
	store   *store
	clock   *clock
	mu      sync.Mutex
	engines map[string]*fake // by name and incarnation
}

func (c *cluster) dial(r *picasso.HostRecord) (Engine, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL == "" {
		return nil, picasso.Errorf(picasso.CodeInvalid, "url: is required")
	}
	f := &fake{host: r.Host}
	c.engines[r.Name+r.Incarnation] = f
	return f, nil
}

func (c *cluster) engine(name string) *fake {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engines[name]
}

// refresh is what happens each second.
func (c *cluster) refresh(t testing.TB) {
	t.Helper()
	require.NoError(t, c.Refresh(t.Context()))
	c.supervise(t.Context())
}

func record(name string) picasso.HostRecord {
	return picasso.HostRecord{ID: "id-" + name, HostReport: picasso.HostReport{
		Host:        picasso.Host{Name: name, Cores: 4, MemoryMB: 4096},
		Incarnation: "/1", URL: "http://" + name + ":1", MinProtocol: 1, MaxProtocol: 2,
	}}
}

func newCluster(t testing.TB, names ...string) *cluster {
	t.Helper()
	c := &cluster{
		store:   &store{records: map[string]picasso.HostRecord{}},
		clock:   &clock{now: time.Unix(1e9, 0)},
		engines: map[string]*fake{},
	}
	for _, name := range names {
		c.store.put(record(name))
	}
	c.Dispatcher = c.another(t)
	c.refresh(t)
	return c
}

// another is a dispatcher of another process.
func (c *cluster) another(t testing.TB) *Dispatcher {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	d, err := New(Config{
		Hosts: c.store, Dial: c.dial, GiveUp: 10 * time.Second, MinProtocol: 1, MaxProtocol: 2,
		Now: c.clock.Now, Log: log,
	})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func function(id string) *picasso.Function {
	return &picasso.Function{ID: id, ProjectID: "p", Revision: 1, FunctionSpec: picasso.DefaultFunctionSpec(), ImageDigest: "sha256:i"}
}

func callOf(fn *picasso.Function, body string) *picasso.Call {
	c := &picasso.Call{ExecutionID: "e-" + fn.ID, Function: fn, Method: http.MethodPost}
	if body != "" {
		c.Body, c.ContentLength = strings.NewReader(body), int64(len(body))
	}
	return c
}

func (c *cluster) call(t testing.TB, fn *picasso.Function, body string) (picasso.Outcome, *httptest.ResponseRecorder) {
	t.Helper()
	w := httptest.NewRecorder()
	return c.Invoke(t.Context(), callOf(fn, body), w), w
}

// names are the hosts of the function in their order.
func (c *cluster) names(fn *picasso.Function) (names []string) {
	v := c.view.Load()
	for _, host := range v.Order(fn) {
		names = append(names, v.hosts[host].Name)
	}
	return names
}

// ranked are the engines of the function in their order.
func (c *cluster) ranked(fn *picasso.Function) (engines []*fake) {
	for _, name := range c.names(fn) {
		engines = append(engines, c.engine(name+"/1"))
	}
	return engines
}
