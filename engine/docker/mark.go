package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// outlets are the pipes that a sandbox writes its output to: what its first
// process had as stdout and stderr when they were first asked for. They are
// held with O_PATH, which makes nobody a writer: the output ends with the sandbox.
type outlets struct {
	mu     sync.Mutex
	opened bool
	pipes  []int // descriptors; one when stdout and stderr are the same
	all    bool  // neither was something else
}

// markTime bounds the question for the process of a sandbox.
const markTime = time.Second

// Mark implements sandbox.Sandbox.
func (b *box) Mark(mark []byte) (count int, all bool) {
	b.outlets.mu.Lock()
	defer b.outlets.mu.Unlock()
	if !b.outlets.opened {
		if err := b.openOutlets(); err != nil {
			return 0, false
		}
	}
	for _, pipe := range b.outlets.pipes {
		if writeAtOnce(pipe, mark) == nil {
			count++
		}
	}
	return count, b.outlets.all && count == len(b.outlets.pipes)
}

// openOutlets looks for the pipes.
func (b *box) openOutlets() error {
	ctx, cancel := context.WithTimeout(context.Background(), markTime)
	defer cancel()
	state, err := b.driver.docker.ContainerInspect(ctx, b.id)
	if err != nil {
		return err
	}
	process, err := unix.Open("/proc/"+strconv.Itoa(state.State.Pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(process)
	// The id may have gone to another process meanwhile; what is open stays with this one.
	groups, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d/cgroup", process))
	if err != nil {
		return err
	}
	if !bytes.Contains(groups, []byte(b.id)) {
		return errors.New("docker: the process is not the sandbox's")
	}
	b.outlets.open(process)
	return nil
}

// open opens the pipes of a process, given by its directory in /proc.
func (o *outlets) open(process int) {
	o.opened, o.all = true, true
	var first unix.Stat_t
	for _, name := range []string{"fd/1", "fd/2"} {
		// A function can put anything there: nothing but a pipe is ever opened in earnest.
		fd, err := unix.Openat(process, name, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			o.all = false
			continue
		}
		var stat unix.Stat_t
		err = unix.Fstat(fd, &stat)
		pipe := err == nil && stat.Mode&unix.S_IFMT == unix.S_IFIFO
		switch {
		case pipe && len(o.pipes) == 0:
			o.pipes, first = append(o.pipes, fd), stat
			continue
		case pipe && (stat.Ino != first.Ino || stat.Dev != first.Dev):
			o.pipes = append(o.pipes, fd)
			continue
		case !pipe:
			o.all = false
		}
		_ = unix.Close(fd)
	}
}

// close lets go of the pipes for good.
func (o *outlets) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, pipe := range o.pipes {
		_ = unix.Close(pipe)
	}
	o.opened, o.pipes, o.all = true, nil, false
}

// writeAtOnce writes all of a few bytes into a pipe, or nothing when they would
// have to wait, or nobody reads. It is a writer no longer than that: the
// output of a sandbox ends when it has none.
func writeAtOnce(pipe int, p []byte) error {
	fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", pipe), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, p) // atomic up to PIPE_BUF, see pipe(7)
	return err
}
