package docker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A socket directory is a tmpfs of its own: a function may write to it, so it
// must not be able to fill the disk of the host. It holds a socket, a link and
// little else.
const socketDirLimits = "size=64k,nr_inodes=32,mode=0777"

// makeSocketDir mounts an empty directory that everybody may write to. Docker
// must see the host's mounts made after it was started (which it does unless
// its service runs in a private mount namespace).
func makeSocketDir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	err := unix.Mount("picasso", path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, socketDirLimits)
	if err != nil {
		return errors.Join(fmt.Errorf("mount tmpfs on %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// removeSocketDir undoes makeSocketDir, also half of it. Nothing in the
// directory is touched: it is hostile, and goes with the mount.
func removeSocketDir(path string) error {
	err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) { // EINVAL: not mounted
		return fmt.Errorf("unmount %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sweepSocketDirs removes the socket directories that an earlier engine has left.
func sweepSocketDirs(parent string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		if entry.IsDir() {
			errs = append(errs, removeSocketDir(filepath.Join(parent, entry.Name())))
		}
	}
	return errors.Join(errs...)
}
