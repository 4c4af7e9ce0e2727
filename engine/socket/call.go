package socket

import (
	"syscall"
	"unsafe"
)

// systemCall moves bytes between p and a connection. It returns how many, at least 0;
// the error is a syscall.Errno.
type systemCall func(fd uintptr, p []byte) (int, error)

type calls struct{ read, write systemCall }

// direct are calls that the scheduler is not told of. They do not wait, whatever the
// descriptor is set to: that would stop the process at its next garbage collection.
func direct() calls { return calls{read: receive, write: send} }

func receive(fd uintptr, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), syscall.MSG_DONTWAIT, 0, 0) //nolint:gosec // as syscall.Read has it
	return result(n, errno)
}

func send(fd uintptr, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0) //nolint:gosec // as syscall.Write has it
	return result(n, errno)
}

func result(n uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil //nolint:gosec // at most the length of a slice
}

// ordinary are those that the race detector knows: it takes what one end had written to
// memory before for known to the other.
func ordinary() calls {
	return calls{
		read:  func(fd uintptr, p []byte) (int, error) { return atLeast0(syscall.Read(int(fd), p)) },  //nolint:gosec // a descriptor
		write: func(fd uintptr, p []byte) (int, error) { return atLeast0(syscall.Write(int(fd), p)) }, //nolint:gosec // a descriptor
	}
}

func atLeast0(n int, err error) (int, error) { return max(n, 0), err }
