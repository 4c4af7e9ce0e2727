// Package engine runs functions on a compute host: it takes a call, finds or
// starts a sandbox for it (package pool), hands it over as the function's
// contract has it (package contract) and reports what became of it. What a
// sandbox is made of is a driver's business (package sandbox).
package engine

import (
	"context"
	"runtime"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
	"github.com/picasso-faas/picasso/engine/pool"
	"github.com/picasso-faas/picasso/engine/sandbox"
	"github.com/sirupsen/logrus"
)

// Engine runs functions on this host. It implements picasso.Engine.
type Engine struct {
	cfg    Config
	driver sandbox.Driver
	pools  *pool.Host
	calls  *calls
	log    *logrus.Logger
	health *health
}

// New returns an engine on the driver, which stays the caller's to close,
// after the engine.
func New(cfg Config, driver sandbox.Driver, log *logrus.Logger) *Engine {
	starter := contract.NewStarter(contract.Config{
		MaxResponseBytes: cfg.MaxResponseBytes, MaxLogBytes: cfg.MaxLogBytes, ReadyTimeout: cfg.ReadyTimeout,
	}, driver)
	pools := pool.New(pool.Config{
		MemoryMB: cfg.memoryMB(), Cores: cores(), FreezeAfter: cfg.FreezeAfter,
		Now: time.Now, Log: log,
	}, starter.Start)
	return &Engine{cfg: cfg, driver: driver, pools: pools, calls: newCalls(), log: log, health: watchHealth(driver, log)}
}

// Drain takes no more calls: new ones and those that wait are unavailable. Those
// in the sandboxes go on; what it returns is closed when they have ended.
func (e *Engine) Drain() <-chan struct{} { return e.pools.Drain() }

// Close does as Drain, waits until the calls in the sandboxes have ended or
// ctx has, and removes every sandbox. Errors: unavailable, when calls had to
// be cut off.
func (e *Engine) Close(ctx context.Context) error {
	err := e.pools.Close(ctx)
	e.health.close()
	return err
}

// ResolveImage implements picasso.Engine.
func (e *Engine) ResolveImage(ctx context.Context, ref string) (string, error) {
	return e.driver.ResolveImage(ctx, ref)
}

// Warm implements picasso.Engine.
func (e *Engine) Warm(_ context.Context, fn *picasso.Function) error {
	e.pools.Warm(fn)
	return nil
}

// Retire implements picasso.Engine.
func (e *Engine) Retire(_ context.Context, functionID string, below int64) error {
	e.pools.Retire(functionID, below)
	return nil
}

// Host implements picasso.Engine.
func (e *Engine) Host(context.Context) (picasso.Host, error) {
	s := e.pools.Stats()
	return picasso.Host{
		Name: e.cfg.Host, Version: e.cfg.Version, Cores: cores(),
		Tags: list(e.cfg.Tags), Projects: list(e.cfg.Projects), Runtime: e.cfg.Runtime,
		Draining: s.Draining, Fault: e.health.fault(),
		MemoryMB: s.MemoryMB, MemoryUsedMB: s.MemoryUsedMB,
		Sandboxes: s.Sandboxes, SandboxesIdle: s.Idle,
		CallsRunning: s.CallsRunning, CallsWaiting: s.CallsWaiting, ColdStarts: s.ColdStarts,
	}, nil
}

// Inventory tells which functions have a sandbox here, and which images are
// here. Of the images it tells what it found out last, a few seconds ago.
func (e *Engine) Inventory() picasso.Inventory {
	return picasso.Inventory{Functions: list(e.pools.Functions()), Images: list(e.health.images())}
}

func cores() int { return runtime.GOMAXPROCS(0) }

// list is one that is not null in JSON.
func list(values []string) []string { return append([]string{}, values...) }
