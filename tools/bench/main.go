// Command bench measures what Picasso costs, against two yardsticks of the
// same machine in the same run: a bare reverse proxy in front of the function's
// socket, and the quickest start that Docker has. Rounds alternate between
// what is compared, and the median of the rounds counts, so that the ratios
// hold on a machine that does other things too. README.md explains the rows.
//
// It brings up the services and builds the images it needs, runs the real
// binaries of ./bin, prints Markdown tables and writes everything it measured
// as JSON. It needs root, as tools/cloud does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/picasso-faas/picasso/tools/bench/placement"
	"github.com/picasso-faas/picasso/tools/bench/yardstick"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "bare" { // a process of its own, started by startBare
		fmt.Fprintln(os.Stderr, serveBare(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, parseOptions(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// onlyPlacement is the part that is asked for alone: it takes no measurement.
const onlyPlacement = "placement"

// options are what the command line says.
type options struct {
	rounds    int
	warmUp    time.Duration // before a hot round counts
	duration  time.Duration // of what counts
	coldRound int
	pause     time.Duration // before a call of an idle function
	burst     int           // calls at once
	functions int           // stored, for the row of scale
	depth     int           // executions queued
	events    int           // notifications of a round
	auth      string
	bin       string
	json      string
	only      string
}

func parseOptions() options {
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each hot measurement; the median counts")
	flag.DurationVar(&o.warmUp, "warm-up", 2*time.Second, "length of a hot round before it counts, in which a pool grows to its size")
	flag.DurationVar(&o.duration, "duration", 4*time.Second, "length of a hot round")
	flag.IntVar(&o.coldRound, "cold-rounds", 9, "cold starts of each kind")
	flag.DurationVar(&o.pause, "pause", 20*time.Second, "idle time before a call, longer than [engine] freeze_after")
	flag.IntVar(&o.burst, "burst", 50, "calls at once in a burst; the targets are for 50")
	flag.IntVar(&o.functions, "functions", 10000, "functions stored for the row of scale, ten in a project")
	flag.IntVar(&o.events, "events", 50000, "notifications in a round of amqp; so many need about 80 MB in the broker")
	flag.IntVar(&o.depth, "depth", 1000000, "executions queued for the deep rows of async; 0: without them")
	flag.StringVar(&o.auth, "auth", authKeystone, "keystone: real Keystone and MariaDB of tools/cloud; noauth: SQLite")
	flag.StringVar(&o.bin, "bin", "bin", "folder of the binaries")
	flag.StringVar(&o.json, "json", "bench/results.json", "file for the figures")
	flag.StringVar(&o.only, "only", "", "comma-separated: yardsticks, placement, or some of hot, two, three, cold, burst, idle, scale, async, amqp")
	flag.Parse()
	return o
}

// wants tells whether a part was asked for.
func (o *options) wants(part string) bool {
	if o.only == "" {
		return part != "yardsticks"
	}
	for name := range strings.SplitSeq(o.only, ",") {
		if name == part {
			return true
		}
	}
	return false
}

// run measures what the options ask for and prints the tables to w.
func run(ctx context.Context, o options, w io.Writer) error {
	if o.only == onlyPlacement {
		return comparePlacement(placement.Standard(), w)
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	parts := []struct {
		name    string
		measure func(context.Context) error
	}{
		{"yardsticks", b.yardsticks},
		{"hot", b.allInOne},
		{"two", b.twoProcesses},
		{"three", b.threeEngines},
		{"cold", b.cold},
		{"burst", b.burst},
		{"idle", b.idle},
		{"scale", b.scale},
		{"async", b.async},
		{"amqp", b.amqp},
	}
	for _, part := range parts {
		if !b.options.wants(part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.report.print(w)
	return b.report.write(b.options.json)
}

// serveBare is the bare proxy: from a TCP address to a unix socket.
func serveBare(socket, address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return http.Serve(l, yardstick.Bare(socket)) // loopback, and as lean as can be
}
