package yardstick

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

// StartRate measures how many functions a second Docker gets to their first
// answer, two starts at a time (more at once gain nothing on two processors),
// by starting n of the image. It removes them again.
func (d *Docker) StartRate(ctx context.Context, image string, request load.Target, n int) (perSecond float64, err error) {
	ids := make([]string, n)
	var group errgroup.Group
	group.SetLimit(2)
	began := time.Now()
	for i := range n {
		group.Go(func() error {
			var err error
			ids[i], _, err = d.start(ctx, image, nil, request)
			return err
		})
	}
	err = group.Wait()
	took := time.Since(began)
	for _, id := range ids {
		if err == nil {
			err = d.remove(ctx, id)
		}
	}
	return float64(n) / took.Seconds(), err
}
