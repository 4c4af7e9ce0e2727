package launch

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/dispatch"
)

// gate is the engine of an all-in-one process. It takes no new calls while an operator has
// disabled its host, as the other processes see to where there are several hosts.
type gate struct {
	picasso.Engine
	disabled atomic.Bool
}

// Invoke implements picasso.Engine.
func (g *gate) Invoke(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	if g.disabled.Load() {
		return picasso.Outcome{Err: dispatch.ErrNoHost()}
	}
	return g.Engine.Invoke(ctx, call, w)
}

// Warm implements picasso.Engine.
func (g *gate) Warm(ctx context.Context, fn *picasso.Function) error {
	if g.disabled.Load() {
		return nil // it is asked again
	}
	return g.Engine.Warm(ctx, fn)
}
