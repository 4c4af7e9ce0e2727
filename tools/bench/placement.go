package main

import (
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/picasso-faas/picasso/tools/bench/placement"
)

// comparePlacement replays calls on many hosts in virtual time, with what places
// them in production and with others. It needs nothing but a processor.
func comparePlacement(cfg placement.Config, w io.Writer) error {
	policies := placement.Policies()
	results := make([]placement.Result, len(policies))
	var group errgroup.Group
	for i, policy := range policies {
		group.Go(func() (err error) {
			results[i], err = placement.Run(cfg, policy)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Fprintf(w, "# Placement\n\n%d hosts, %d functions, %d processes, %.0f calls a second and bursts for %s of virtual time, seed %d; 5 %% of the hosts are away for the middle third.\n",
		cfg.Hosts, cfg.Functions, cfg.Processes, cfg.PerSecond, cfg.Duration, cfg.Seed)
	lines := [][]string{{"policy", "calls", "cold starts", "pulls", "rejected", "hosts asked", "max : mean", "stddev : mean"}}
	for _, r := range results {
		lines = append(lines, []string{
			r.Policy, fmt.Sprint(r.Calls), fmt.Sprintf("%.1f %%", 100*r.ColdRate()), fmt.Sprint(r.Pulls), fmt.Sprint(r.Rejected),
			fmt.Sprintf("%.2f", r.Asked), fmt.Sprintf("%.1f", r.MaxToMean), fmt.Sprintf("%.2f", r.StdDev),
		})
	}
	table(w, lines)
	return nil
}
