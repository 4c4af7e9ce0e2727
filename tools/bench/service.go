package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const startLimit = time.Minute

// service is Picasso, running: all in one process, or the API and the engine
// in two.
type service struct {
	bench     *bench
	name      string
	address   string // of the API
	header    http.Header
	processes []*process // the one with the API first
}

// start writes a configuration and runs the binaries with it.
func (b *bench) start(ctx context.Context, name, auth string, binaries ...string) (*service, error) {
	dir, err := os.MkdirTemp(b.work, "service")
	if err != nil {
		return nil, err
	}
	s := &service{bench: b, name: name, header: http.Header{}}
	if auth == authKeystone {
		s.header.Set("X-Auth-Token", b.cloud.token)
	}
	conf, err := s.configure(dir, auth)
	if err != nil {
		return nil, err
	}
	if err := script(ctx, filepath.Join(b.options.bin, "picasso-manage"), "--config-file", conf, "db", "sync"); err != nil {
		return nil, err
	}
	for i, binary := range binaries {
		if err := s.run(dir, binary, i, conf); err != nil {
			return nil, errors.Join(err, s.stop())
		}
	}
	if err := until(ctx, startLimit, func() error { return s.ready(ctx) }); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// ready is for an error as long as there is no host to run functions on.
func (s *service) ready(ctx context.Context) error {
	if err := s.healthy(); err != nil {
		return err
	}
	id, _, err := s.create(ctx, function{Name: "probe", Image: echoImage}, nil)
	if err != nil {
		return err
	}
	_, err = s.ask(ctx, http.MethodDelete, "/v2/functions/"+id, nil, nil)
	return err
}

// run starts a binary. Each process is a host of its own, with a port of its own for an engine.
func (s *service) run(dir, binary string, n int, conf string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(address)
	own := filepath.Join(dir, fmt.Sprintf("%s-%d.conf", binary, n))
	text := fmt.Sprintf("[DEFAULT]\nhost = bench-%d-%d\n[rpc]\nbind_port = %s\n", os.Getpid(), n, port)
	if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
		return err
	}
	p, err := startProcess(own+".log", filepath.Join(s.bench.options.bin, binary), "--config-file", conf, "--config-file", own)
	if err == nil {
		s.processes = append(s.processes, p)
	}
	return err
}

// configure writes picasso.conf.
func (s *service) configure(dir, auth string) (string, error) {
	var err error
	if s.address, err = freeAddress(); err != nil {
		return "", err
	}
	_, port, _ := net.SplitHostPort(s.address)
	connection := s.bench.cloud.connection
	if connection == "" {
		connection = "sqlite:///" + filepath.Join(s.bench.work, "picasso.sqlite")
	}
	text := fmt.Sprintf(`[DEFAULT]
auth_strategy = %s
state_path = %s
[api]
bind_port = %s
metrics_bind_port = -1
[database]
connection = %s
[docker]
pull_policy = if-not-present
runtime_dir = %s
[queue]
max_queued = 2000000
[triggers]
metrics_bind_port = -1
[engine]
api_url = http://%s
`, auth, dir, port, connection, runtimeDir(), s.address)
	if auth == authKeystone {
		text += s.bench.cloud.authtoken()
	}
	name := filepath.Join(dir, "picasso.conf")
	return name, os.WriteFile(name, []byte(text), 0o600)
}

// runtimeDir holds the sockets of sandboxes, whose paths have to be short.
func runtimeDir() string { return fmt.Sprintf("/run/picasso-bench-%d", os.Getpid()) }

func (s *service) healthy() error {
	for _, p := range s.processes {
		if err := p.check(); err != nil {
			return err
		}
	}
	_, err := s.ask(context.Background(), http.MethodGet, "/healthcheck", nil, nil)
	return err
}

// stop ends the processes, the API first.
func (s *service) stop() error {
	var errs []error
	for _, p := range s.processes {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}

// ask sends a request of the API and returns the body of the answer.
func (s *service) ask(ctx context.Context, method, path string, header http.Header, body any) ([]byte, error) {
	content, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	r.Header = s.header.Clone()
	maps.Copy(r.Header, header)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err = io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, content)
	}
	return content, err
}

// function is what the bench sets of a function; the rest is as by default.
type function struct {
	Name         string   `json:"name"`
	Image        string   `json:"image"`
	Contract     string   `json:"contract,omitempty"`
	Concurrency  int      `json:"concurrency,omitempty"`
	Command      []string `json:"command,omitempty"`
	IdleTimeoutS int      `json:"idle_timeout_s,omitempty"`
	TimeoutS     int      `json:"timeout_s,omitempty"`
	QueueS       int      `json:"queue_timeout_s,omitempty"`
}

// create makes a function and returns its id and how to call it.
func (s *service) create(ctx context.Context, f function, header http.Header) (id string, _ subject, err error) {
	content, err := s.ask(ctx, http.MethodPost, "/v2/functions", header, f)
	if err != nil {
		return "", subject{}, err
	}
	var made struct{ ID string }
	if err := json.Unmarshal(content, &made); err != nil {
		return "", subject{}, err
	}
	calls := s.header.Clone()
	maps.Copy(calls, header)
	return made.ID, subject{
		name: s.name, network: "tcp", address: s.address, path: "/v2/functions/" + made.ID + "/invoke",
		header: calls, pids: s.pids(), logFile: s.processes[0].logFile,
	}, nil
}

// createWarm makes an echo function and calls it, so that it has a sandbox.
func (s *service) createWarm(ctx context.Context, name string, header http.Header) (string, subject, error) {
	return s.createEcho(ctx, function{Name: name}, header)
}

// createWeb makes a function as createWarm, whose sandbox has as many calls at once as
// bare has in its, where contract fn has one.
func (s *service) createWeb(ctx context.Context, name string) (subject, error) {
	_, called, err := s.createEcho(ctx, function{Name: name, Contract: "web", Concurrency: 32}, nil)
	called.name += ", web"
	return called, err
}

func (s *service) createEcho(ctx context.Context, f function, header http.Header) (string, subject, error) {
	f.Image = echoImage
	id, called, err := s.create(ctx, f, header)
	if err == nil {
		_, err = once(ctx, called, []byte("ok"))
	}
	return id, called, err
}

func (s *service) pids() (pids []int) {
	for _, p := range s.processes {
		pids = append(pids, p.pid())
	}
	return pids
}

// remove deletes a function and waits until its sandboxes are gone.
func (s *service) remove(ctx context.Context, id string) error {
	if _, err := s.ask(ctx, http.MethodDelete, "/v2/functions/"+id, nil, nil); err != nil {
		return err
	}
	return until(ctx, startLimit, func() error {
		n, err := s.sandboxes(ctx, id)
		if err == nil && n > 0 {
			err = fmt.Errorf("%d sandboxes of a deleted function", n)
		}
		return err
	})
}

// sandboxes counts the sandboxes of a function.
func (s *service) sandboxes(ctx context.Context, id string) (int, error) {
	return s.bench.docker.Count(ctx, "picasso.function="+id)
}
