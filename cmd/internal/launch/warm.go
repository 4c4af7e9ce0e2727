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

// maxNamed is how many functions that cannot be made warm are logged each time.
const maxNamed = 10

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
			w.log.WithError(err).Warn("the functions to be kept warm cannot be read; trying again")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// once makes every function warm that asks for it. That one cannot be, such as for its
// host_tags, is nothing to the others. Errors: unavailable, the store.
func (w *warmer) once(ctx context.Context) error {
	page, failed := picasso.Page{Limit: 1000}, 0
	for {
		fns, more, err := w.functions.Functions(ctx, picasso.FunctionFilter{Warm: true}, page)
		if err != nil {
			return err
		}
		for i := range fns {
			err := w.engine.Warm(ctx, &fns[i])
			if err == nil || ctx.Err() != nil {
				continue
			}
			if failed++; failed <= maxNamed {
				w.log.WithError(err).WithField("function_id", fns[i].ID).Warn("a function cannot be kept warm; trying again")
			}
		}
		if !more {
			break
		}
		page.Marker = fns[len(fns)-1].ID
	}
	if failed > maxNamed {
		w.log.WithField("functions", failed-maxNamed).Warn("more functions cannot be kept warm")
	}
	return nil
}
