package socket

import (
	"syscall"
	"unsafe"
)

// systemCall is read(2) or write(2) of a descriptor that does not block. Errors are syscall.Errno.
type systemCall func(trap, fd uintptr, p []byte) (int, error)

// direct does not tell the scheduler.
func direct(trap, fd uintptr, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p))) //nolint:gosec // as syscall.Read does
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil //nolint:gosec // at most len(p)
}

// ordinary tells the scheduler, and the race detector, which takes what one end has written
// before for known to the other.
func ordinary(trap, fd uintptr, p []byte) (int, error) {
	if trap == syscall.SYS_READ {
		return syscall.Read(int(fd), p) //nolint:gosec // a descriptor
	}
	return syscall.Write(int(fd), p) //nolint:gosec // a descriptor
}
