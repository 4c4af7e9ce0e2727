// Package daemon is the life of a Picasso process around its parts: command
// line, configuration, log and signals. A main function only passes its
// arguments on and exits with what Run returns.
package daemon

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/picasso-faas/picasso/cmd/internal/build"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Run runs the daemon of the role until SIGTERM or SIGINT and returns its exit
// status. The first signal lets calls in flight end, the second does not.
func Run(role launch.Role, args, environ []string, stderr io.Writer) int {
	opts, err := parse(role, args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	}
	if opts.version {
		fmt.Fprintln(stderr, role, build.Version())
		return exitOK
	}
	if err := run(role, opts, environ, stderr); err != nil {
		fmt.Fprintf(stderr, "%s: %s\n", role, err)
		return exitFailure
	}
	return exitOK
}

// options are those of the command line.
type options struct {
	Sources
	version bool
}

func parse(role launch.Role, args []string, stderr io.Writer) (options, error) {
	var opts options
	flags := flag.NewFlagSet(string(role), flag.ContinueOnError)
	flags.SetOutput(stderr)
	appendTo := func(list *[]string) func(string) error {
		return func(value string) error { *list = append(*list, value); return nil }
	}
	flags.Func("config-file", "configuration `file`; may be repeated, later ones win", appendTo(&opts.Files))
	flags.Func("config-dir", "`directory` whose *.conf files are read after the files; may be repeated", appendTo(&opts.Dirs))
	flags.StringVar(&opts.StatePath, "state-dir", "", "`directory` in place of [DEFAULT] state_path")
	flags.BoolVar(&opts.Debug, "debug", false, "log more")
	flags.BoolVar(&opts.version, "version", false, "print the version")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "%s takes no arguments: %q\n", role, flags.Args())
		return opts, errors.New("arguments")
	}
	return opts, nil
}

func run(role launch.Role, opts options, environ []string, stderr io.Writer) error {
	cfg, err := Load(role, opts.Sources, environ)
	if err != nil {
		return err
	}
	out, err := openLog(cfg.General.LogFile, stderr)
	if err != nil {
		return err
	}
	defer out.Close()
	log := newLogger(cfg.General, out)
	tuneCollector()
	work, patience, done := untilSignals()
	defer done()
	stopReloading := onHangup(func() {
		if err := errors.Join(out.reopen(), reload(log, role, opts, environ)); err != nil {
			log.WithError(err).Error("SIGHUP: nothing changes")
		}
	})
	defer stopReloading()
	program, err := launch.New(work, role, cfg, log)
	switch {
	case err != nil && work.Err() != nil:
		log.WithError(err).Info(string(role) + " was stopped before it was up")
		return nil
	case err != nil:
		return err
	}
	log.WithField("version", build.Version()).Info(string(role) + " is up")
	err = program.Run(work, patience)
	log.Info(string(role) + " has stopped")
	return err
}

// untilSignals returns two contexts: work ends with the first SIGTERM or
// SIGINT, patience with the second. After that signals are ignored, so that
// sandboxes are removed in any case; the time for it is bounded.
func untilSignals() (work, patience context.Context, done func()) {
	work, endWork := context.WithCancel(context.Background())
	patience, endPatience := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		defer endPatience()
		defer endWork()
		if _, ok := <-signals; !ok {
			return
		}
		endWork()
		<-signals
	}()
	return work, patience, func() {
		signal.Stop(signals)
		close(signals)
	}
}

// onHangup calls reload, one at a time, for each SIGHUP until it is stopped.
func onHangup(reload func()) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			reload()
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}

// tuneCollector lets garbage grow to twice the live data, which is a few
// megabytes, instead of once: a busy process then collects half as often.
// GOGC, when set, is left alone.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

const gcPercent = 200
