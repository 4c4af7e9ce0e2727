package docker

import (
	"errors"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/picasso-faas/picasso"
)

// hostLock keeps other engines of the same host name away, which would remove
// the sandboxes of this one. It ends with the process.
type hostLock struct {
	name net.Listener // wherever the directory is; in the network namespace of the engine
	dir  *os.File     // in every one
}

// lockHost makes the directory of this engine and takes both locks. Errors:
// invalid (another engine has one).
func lockHost(config *Config) (*hostLock, error) {
	name, err := net.Listen("unix", "@picasso-engine/"+config.Host)
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, picasso.Errorf(picasso.CodeInvalid, "host: another engine of the name %q runs on this machine", config.Host)
	}
	if err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "host: %w", err)
	}
	dir, err := lockDir(config.hostDir())
	if err != nil {
		_ = name.Close()
		return nil, picasso.Errorf(picasso.CodeInvalid, "runtime_dir: %w", err)
	}
	return &hostLock{name: name, dir: dir}, nil
}

func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, errors.New("another engine uses " + dir)
	}
	return file, nil
}

// Close lets the next engine of the name in.
func (l *hostLock) Close() error {
	return errors.Join(l.dir.Close(), l.name.Close())
}
