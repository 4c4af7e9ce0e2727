package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// starts are the ways to become ready, or not.
func starts() map[string]func(arg string) error {
	return map[string]func(string) error{
		"crash-start": func(arg string) error { // one line on stderr, then exit ARG (3)
			fmt.Fprintln(os.Stderr, "cannot start: the flux capacitor is missing")
			os.Exit(number(arg, 3))
			return nil
		},
		"never-ready": func(string) error { // runs, and opens nothing
			fmt.Fprintln(os.Stderr, "still starting")
			forever()
			return nil
		},
		"slow-ready": func(arg string) error { // opens its socket after ARG ms
			pause(number(arg, 1000))
			return nil
		},
		"noisy-start": func(arg string) error { // ARG lines before it is ready
			lines(os.Stderr, number(arg, 10), "starting")
			return nil
		},
		"no-stdout": func(arg string) error { // stdout is closed, or with ARG "pipe" leads nowhere
			if arg != "pipe" {
				return syscall.Close(1)
			}
			var nowhere [2]int
			if err := syscall.Pipe(nowhere[:]); err != nil {
				return err
			}
			return syscall.Dup3(nowhere[1], 1, 0)
		},
		"ignore-term": func(string) error { // only SIGKILL ends it
			signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
			return nil
		},
		"stubborn": func(string) error { // never ready, and ignores SIGTERM too
			signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
			forever()
			return nil
		},
		"socket-link": func(arg string) error { // its socket is a link to ARG
			return replaceSocket(func(name string) error { return os.Symlink(arg, name) })
		},
		"socket-file": func(string) error { // its socket is an ordinary file
			return replaceSocket(func(name string) error { return os.WriteFile(name, nil, 0o666) })
		},
		"socket-dir": func(string) error { // its socket is a directory
			return replaceSocket(func(name string) error { return os.Mkdir(name, 0o777) })
		},
	}
}

// replaceSocket makes something else where the engine expects the socket of
// the contract fn, and then waits for ever.
func replaceSocket(create func(name string) error) error {
	if err := create(socketName()); err != nil {
		return err
	}
	forever()
	return nil
}

// forever waits. Blocking alone would be a deadlock, which the runtime ends.
func forever() {
	for {
		time.Sleep(time.Hour)
	}
}

func socketName() string {
	return filepath.Clean(strings.TrimPrefix(os.Getenv("FN_LISTENER"), "unix:"))
}

// number reads an argument; otherwise stands in for what is not a number.
func number(arg string, otherwise int) int {
	if n, err := strconv.Atoi(arg); err == nil {
		return n
	}
	return otherwise
}

func pause(milliseconds int) { time.Sleep(time.Duration(milliseconds) * time.Millisecond) }
