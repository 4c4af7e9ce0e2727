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
}

// New returns an engine on the driver, which stays the caller's to close,
// after the engine.
func New(cfg Config, driver sandbox.Driver, log *logrus.Logger) *Engine {
	starter := contract.NewStarter(contract.Config{
		MaxResponseBytes: cfg.MaxResponseBytes, MaxLogBytes: cfg.MaxLogBytes, ReadyTimeout: cfg.ReadyTimeout,
	}, driver)
	pools := pool.New(pool.Config{
		MemoryMB: cfg.memoryMB(), Cores: runtime.GOMAXPROCS(0), FreezeAfter: cfg.FreezeAfter,
		Now: time.Now, Log: log,
	}, starter.Start)
	return &Engine{cfg: cfg, driver: driver, pools: pools, calls: newCalls(), log: log}
}

// Close takes no more calls, waits until those in the sandboxes have ended or
// ctx has, and removes every sandbox. Errors: unavailable, when calls had to
// be cut off.
func (e *Engine) Close(ctx context.Context) error { return e.pools.Close(ctx) }

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
		Name: e.cfg.Host, Version: e.cfg.Version,
		MemoryMB: s.MemoryMB, MemoryUsedMB: s.MemoryUsedMB,
		Sandboxes: s.Sandboxes, SandboxesIdle: s.Idle,
		CallsRunning: s.CallsRunning, CallsWaiting: s.CallsWaiting, ColdStarts: s.ColdStarts,
	}, nil
}
