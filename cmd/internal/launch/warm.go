package launch

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

// warmEvery is how often functions with min_sandboxes are made warm again,
// which an engine that was restarted needs.
const warmEvery = 30 * time.Second

// warmer keeps sandboxes of functions with min_sandboxes.
type warmer struct {
	functions picasso.FunctionStore
	engine    picasso.Engine
	log       *logrus.Logger
}

func (w *warmer) run(ctx context.Context) {
	tick := time.NewTicker(warmEvery)
	defer tick.Stop()
	for {
		if err := w.once(ctx); err != nil && ctx.Err() == nil {
			w.log.WithError(err).Warn("functions cannot be kept warm; trying again")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// once makes every function warm that asks for it.
func (w *warmer) once(ctx context.Context) error {
	page := picasso.Page{Limit: 1000}
	for {
		fns, more, err := w.functions.Functions(ctx, picasso.FunctionFilter{Warm: true}, page)
		if err != nil {
			return err
		}
		for i := range fns {
			if err := w.engine.Warm(ctx, &fns[i]); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		page.Marker = fns[len(fns)-1].ID
	}
}
