package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const stopLimit = 60 * time.Second

// process is a program that runs while the bench does.
type process struct {
	cmd     *exec.Cmd
	logFile string
	ended   chan struct{}
}

func startProcess(logFile, program string, args ...string) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(program, args...), logFile: logFile, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us alone
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		_ = log.Close()
		close(p.ended)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// errEnded is a process that does not run any more: nothing to wait for.
var errEnded = errors.New("has ended")

// check tells whether it still runs; the error, an errEnded, has the end of its log.
func (p *process) check() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s %w: %s", p.cmd.Path, errEnded, tail(p.logFile))
	default:
		return nil
	}
}

// tail is the end of a log file, "" when there is none.
func tail(logFile string) string {
	log, _ := os.ReadFile(logFile)
	return string(log[max(0, len(log)-2000):])
}

// stop asks it to end, and insists when it does not.
func (p *process) stop() error {
	if p.check() != nil {
		return nil //nolint:nilerr // it has ended by itself
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopLimit):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end within %s", p.cmd.Path, stopLimit)
	}
}

// residentBytes is the memory of a process, VmRSS of proc(5).
func residentBytes(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "VmRSS:" {
			kb, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// processorTime is what processes have spent so far, utime and stime of
// proc(5) in ticks of 10 ms. One that is gone counts for nothing.
func processorTime(pids []int) time.Duration {
	const tick = 10 * time.Millisecond
	var sum time.Duration
	for _, pid := range pids {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // the name may have spaces
		if len(fields) < 13 {
			continue
		}
		for _, field := range fields[11:13] {
			ticks, _ := strconv.Atoi(string(field))
			sum += time.Duration(ticks) * tick
		}
	}
	return sum
}

// watchMemory follows the memory of the subject's process through a round;
// the function returned ends that and keeps the highest value.
func (b *bench) watchMemory(s subject, c hotCase) (stop func()) {
	if len(s.pids) == 0 {
		return func() {}
	}
	done := make(chan struct{})
	var peak int64
	var watching sync.WaitGroup
	watching.Go(func() {
		for tick := time.NewTicker(200 * time.Millisecond); ; {
			if now, err := residentBytes(s.pids[0]); err == nil {
				peak = max(peak, now)
			}
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		close(done)
		watching.Wait()
		b.report.addMemory(fmt.Sprintf("%s, %s", s.name, c.name), peak)
	}
}

// freeAddress is a loopback address nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
