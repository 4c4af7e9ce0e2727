package contract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/picasso-faas/picasso"
	"golang.org/x/sys/unix"
)

// listenerName is the socket that a contract fn function opens in its socket
// directory. FDKs make it a symbolic link to the socket proper, once that
// can be connected to.
const listenerName = "lsnr.sock"

// lookEvery is the pause between two looks for a socket that was announced but
// does not take connections yet, or was not announced.
const lookEvery = 5 * time.Millisecond

// awaitListener waits until the function has opened its socket and takes a
// connection.
func awaitListener(ctx context.Context, s *httpSandbox) error {
	// The watch is set before the first look, so nothing is missed. Hosts
	// limit the number of watches: without one, looking often enough must do.
	created := make(chan fsnotify.Event)
	if watcher, err := fsnotify.NewWatcher(); err == nil {
		defer watcher.Close()
		if watcher.Add(s.SocketDir()) == nil {
			created = watcher.Events
		}
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		err := s.connect(ctx)
		var e *picasso.Error
		if err == nil || errors.As(err, &e) {
			return err
		}
		if !s.awaitChange(ctx, created, ticker.C) {
			return err
		}
	}
}

// awaitChange waits until it is worth to look again. It reports false when
// the sandbox has ended or ctx has.
func (s *httpSandbox) awaitChange(ctx context.Context, created <-chan fsnotify.Event, tick <-chan time.Time) bool {
	for {
		select {
		case event := <-created:
			if filepath.Base(event.Name) == listenerName { // others are the function's own business
				return true
			}
		case <-tick:
			return true
		case <-s.Done():
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// dialListener connects to the function's socket in dir. The directory belongs
// to the function, which may change it at any moment: the socket is opened
// without following anything out of the directory, and what was opened is what
// is checked and connected to. Errors: sandbox_failed when what is there is
// not a socket; other errors when it is not there yet, or refuses.
func dialListener(ctx context.Context, dir string) (net.Conn, error) {
	dirFD, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(dirFD)
	name, err := listenerTarget(dirFD)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Openat(dirFD, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: filepath.Join(dir, name), Err: err}
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return nil, badListener("is not a socket")
	}
	// The path names the very file that was checked, whatever its name is by now.
	var d net.Dialer
	return d.DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d", fd))
}

// listenerTarget returns the name of the socket in the directory: the
// listener's, or what it links to.
func listenerTarget(dirFD int) (string, error) {
	buf := make([]byte, unix.NAME_MAX+1)
	n, err := unix.Readlinkat(dirFD, listenerName, buf)
	switch {
	case errors.Is(err, unix.EINVAL): // not a link
		return listenerName, nil
	case err != nil:
		return "", os.NewSyscallError("readlinkat", err)
	}
	target := string(buf[:n])
	if n > unix.NAME_MAX || target == "" || target == "." || target == ".." || strings.ContainsRune(target, '/') {
		return "", badListener("links to something outside its directory")
	}
	return target, nil
}

func badListener(how string) error {
	return picasso.Errorf(picasso.CodeSandboxFailed, "contract fn: %s %s", listenerName, how)
}
