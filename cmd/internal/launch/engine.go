package launch

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/engine"
	"github.com/picasso-faas/picasso/engine/dispatch"
	"github.com/picasso-faas/picasso/engine/docker"
	"github.com/picasso-faas/picasso/engine/rpc"
)

// engines is all hosts that the database knows of, as one engine.
func (p *parts) engines(ctx context.Context, cfg Config, store *db.Store, log *logrus.Logger) (picasso.Engine, error) {
	secure, err := cfg.RPC.clientTLS()
	if err != nil {
		return nil, err
	}
	d, err := dispatch.New(dispatch.Config{
		Hosts: store, GiveUp: cfg.Hosts.GiveUpAfter, Now: time.Now, Log: log,
		MinProtocol: rpc.MinProtocol, MaxProtocol: cfg.RPC.maxProtocol(),
		Dial: func(host *picasso.HostRecord) (dispatch.Engine, error) {
			return rpc.NewClient(rpc.Endpoint{
				URL: host.URL, Key: []byte(host.Key), GiveUp: cfg.Hosts.GiveUpAfter, TLS: secure,
				Protocol: rpc.Common(host.MinProtocol, host.MaxProtocol, cfg.RPC.MaxProtocol),
			}, log)
		},
	})
	if err != nil {
		return nil, err
	}
	// so that the first call finds hosts
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	if err := d.Refresh(ctx); err != nil {
		log.WithError(err).Error("the compute hosts cannot be read; trying again")
	}
	p.tasks = append(p.tasks, d.Run)
	p.closers = append(p.closers, func(context.Context) error { d.Close(); return nil })
	return d, nil
}

// engineWithin is the engine of an all-in-one process. It stands in the list of hosts like others.
func (p *parts) engineWithin(ctx context.Context, cfg Config, store *db.Store, log *logrus.Logger) (picasso.Engine, error) {
	e, err := p.localEngine(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	who, within := newIncarnation(), &gate{Engine: e}
	p.report(&reporter{
		obey: within.disabled.Store, every: cfg.Registration.Interval, log: log,
		describe: func(ctx context.Context) picasso.HostReport {
			return describe(ctx, e, picasso.HostReport{Incarnation: who, MinProtocol: rpc.MinProtocol, MaxProtocol: rpc.MaxProtocol})
		},
		send: func(ctx context.Context, r *picasso.HostReport) (*picasso.HostRecord, error) {
			return store.Heartbeat(ctx, r, cfg.Hosts.GiveUpAfter)
		},
	})
	return within, nil
}

func (p *parts) localEngine(ctx context.Context, cfg Config, log *logrus.Logger) (*engine.Engine, error) {
	driver, err := docker.New(ctx, cfg.Docker, log)
	if err != nil {
		return nil, err
	}
	e := engine.New(cfg.Engine, driver, log)
	p.closers = append(p.closers, func(ctx context.Context) error { return errors.Join(e.Close(ctx), driver.Close()) })
	return e, nil
}

// engineAlone is what runs on a compute host: an engine that calls reach by RPC, and
// that says so to the API.
func (p *parts) engineAlone(ctx context.Context, cfg Config, log *logrus.Logger) error {
	secure, err := cfg.RPC.serverTLS()
	if err != nil {
		return err
	}
	bind, err := cfg.RPC.bindHost(cfg.Registration.APIURL)
	if err != nil {
		return err
	}
	e, err := p.localEngine(ctx, cfg, log)
	if err != nil {
		return err
	}
	key := rand.Text()
	if err := p.listen("engine", address(bind, cfg.RPC.BindPort), rpc.NewServer(e, []byte(key), rpc.ServerOptions{MaxProtocol: cfg.RPC.maxProtocol()}, log), log); err != nil {
		return err
	}
	l := p.listeners[len(p.listeners)-1]
	l.server.MaxHeaderBytes = 4 * maxHeaderBytes // a call's URL is sent twice, beside all of its headers
	l.secure(secure)
	base := picasso.HostReport{
		Incarnation: newIncarnation(), URL: l.url(), Key: key, MinProtocol: rpc.MinProtocol, MaxProtocol: cfg.RPC.maxProtocol(),
	}
	if cfg.RPC.AdvertiseURL != "" {
		base.URL = cfg.RPC.AdvertiseURL
	}
	api := &registry{auth: cfg.serviceUser()}
	r := &reporter{
		every: cfg.Registration.Interval, log: log, send: api.heartbeat,
		describe: func(ctx context.Context) picasso.HostReport { return describe(ctx, e, base) },
	}
	p.report(r)
	p.drains = append(p.drains, func(ctx context.Context) { drain(ctx, e, r) })
	return nil
}

const (
	noticed         = 2500 * time.Millisecond // how long the others may take until they know that a host is being stopped
	farewellTimeout = time.Second
	firstLook       = 3 * time.Second // at the hosts in the database, which may be away
)

// report has heartbeats sent as long as the engine has calls, also while it drains, and a last one
// when it has stopped.
func (p *parts) report(r *reporter) {
	beating, stop := context.WithCancel(context.Background())
	p.tasks = append(p.tasks, func(context.Context) { r.run(beating) })
	p.closers = append(p.closers, func(ctx context.Context) error {
		stop()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellTimeout)
		defer cancel()
		r.end(ctx)
		return nil
	})
}

// drain lets the engine take no more calls, and waits until the others know, so that they
// send none on connections that are about to be closed, and until the calls it has have ended:
// who waits for them would give up a host that can no longer be asked how it is.
func drain(ctx context.Context, e *engine.Engine, r *reporter) {
	ended := e.Drain()
	r.beat(ctx)
	select {
	case <-time.After(noticed):
	case <-ctx.Done():
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// describe completes the report of an engine.
func describe(ctx context.Context, e *engine.Engine, report picasso.HostReport) picasso.HostReport {
	host, err := e.Host(ctx)
	report.Host, report.Inventory = host, e.Inventory()
	if err != nil && report.Fault == "" {
		report.Fault = picasso.AsError(err).Detail
	}
	return report
}

func newIncarnation() string { return rand.Text() }

func (r *RPC) maxProtocol() int {
	if r.MaxProtocol > 0 {
		return r.MaxProtocol
	}
	return rpc.MaxProtocol
}

// bindHost is where to listen: as configured, or where this host is when it talks to the API.
func (r *RPC) bindHost(apiURL string) (string, error) {
	if r.BindHost != "" {
		return r.BindHost, nil
	}
	u, err := url.Parse(apiURL)
	if err != nil {
		return "", err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	conn, err := net.Dial("udp", net.JoinHostPort(u.Hostname(), port)) // sends nothing
	if err != nil {
		return "", inSection("rpc", errors.New("bind_host: is empty, and no way leads to [engine] api_url: "+err.Error()))
	}
	defer conn.Close()
	host, _, err := net.SplitHostPort(conn.LocalAddr().String())
	return host, err
}

// registry is the API, as an engine sees it. It logs in when it has to.
type registry struct {
	auth client.Auth
	api  *client.Client
}

func (r *registry) heartbeat(ctx context.Context, report *picasso.HostReport) (*picasso.HostRecord, error) {
	if r.api == nil {
		api, err := client.Connect(ctx, r.auth)
		if err != nil {
			return nil, err
		}
		r.api = api
	}
	return r.api.Heartbeat(ctx, report)
}

// serviceUser is how an engine logs in to the API.
func (c *Config) serviceUser() client.Auth {
	auth := client.Auth{Type: "none", Endpoint: strings.TrimRight(c.Registration.APIURL, "/")}
	if c.General.AuthStrategy != AuthKeystone {
		return auth
	}
	k := &c.Keystone
	auth = client.Auth{
		Type: "password", Endpoint: auth.Endpoint, Reauth: true, URL: k.AuthURL, Username: k.Username, UserID: k.UserID, Password: k.Password,
		ProjectName: k.ProjectName, ProjectID: k.ProjectID, CACert: k.CA, Insecure: k.Insecure,
		UserDomainName: k.UserDomainName, UserDomainID: k.UserDomainID, ProjectDomainName: k.ProjectDomainName, ProjectDomainID: k.ProjectDomainID,
	}
	return auth
}
