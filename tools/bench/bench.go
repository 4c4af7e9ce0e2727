package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/picasso-faas/picasso/tools/bench/load"
	"github.com/picasso-faas/picasso/tools/bench/yardstick"
)

const (
	echoImage = "picasso/echo:latest"
	testImage = "picasso-test/testfn:latest"
)

// bench holds what all parts share.
type bench struct {
	options options
	docker  *yardstick.Docker
	cloud   cloud
	work    string // folder for configuration, logs and the database
	direct  subject
	bare    subject
	proxy   *process
	report  report
	hot     float64 // calls per second, all-in-one, c=1; 0 until measured
	began   time.Time
}

// newBench brings up what is needed, and both yardsticks.
func newBench(ctx context.Context, o options) (_ *bench, err error) {
	b := &bench{options: o, began: time.Now(), report: newReport(o)}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.work, err = os.MkdirTemp("", "picasso-bench"); err != nil {
		return nil, err
	}
	if err := b.bringUp(ctx); err != nil {
		return nil, err
	}
	if b.docker, err = yardstick.NewDocker(ctx, testImage, "never-ready"); err != nil {
		return nil, err
	}
	socket, err := b.docker.Serve(ctx, echoImage, okCall())
	if err != nil {
		return nil, err
	}
	return b, b.startBare(ctx, socket)
}

// bringUp starts the services and builds the images.
func (b *bench) bringUp(ctx context.Context) error {
	services := []string{"docker"}
	if b.options.auth == authKeystone && b.options.only != "yardsticks" {
		services = append(services, "mariadb", "keystone")
	}
	if err := script(ctx, "tools/cloud/up", services...); err != nil {
		return err
	}
	if err := script(ctx, "tools/functions/build", "echo", "testfn"); err != nil {
		return err
	}
	if len(services) == 1 {
		return nil
	}
	var err error
	b.cloud, err = newCloud(ctx)
	return err
}

// startBare starts the bare proxy as a process of its own.
func (b *bench) startBare(ctx context.Context, socket string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	if b.proxy, err = startProcess(filepath.Join(b.work, "bare.log"), self, "bare", socket, address); err != nil {
		return err
	}
	b.direct = subject{name: "function's socket", network: "unix", address: socket, path: "/"}
	b.bare = subject{name: "bare", network: "tcp", address: address, path: "/", pids: []int{b.proxy.pid()}, logFile: b.proxy.logFile}
	return until(ctx, 10*time.Second, func() error {
		if err := b.proxy.check(); err != nil {
			return err
		}
		_, err := load.Run(ctx, b.bare.target([]byte("ok")), load.Options{Connections: 1, Requests: 1})
		return err
	})
}

// close leaves nothing behind.
func (b *bench) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var errs []error
	if b.proxy != nil {
		errs = append(errs, b.proxy.stop())
	}
	if b.docker != nil {
		errs = append(errs, b.docker.Close(ctx))
	}
	errs = append(errs, b.cloud.close(ctx), os.RemoveAll(b.work), os.RemoveAll(runtimeDir()))
	if err := errors.Join(errs...); err != nil {
		b.say("cleaning up: %v", err)
	}
}

// say reports progress.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "[%4.0fs] %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// script runs a program of the repository, which is the working directory.
func script(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// until tries again and again, for at most limit, unless what it waits for has ended.
func until(ctx context.Context, limit time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := try()
		if err == nil || errors.Is(err, errEnded) {
			return err
		}
		if wait(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("gave up after %s: %w", limit, err)
		}
	}
}

// wait does nothing for a while.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
