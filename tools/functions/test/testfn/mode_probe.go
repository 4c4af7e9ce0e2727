package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// probes look at the sandbox from within and try its walls.
func probes() map[string]mode {
	return map[string]mode{
		"cat": func(w http.ResponseWriter, _ *http.Request, arg string) { // the file ARG, e.g. /proc/self/status or /proc/mounts
			content, err := os.ReadFile(arg)
			report(w, string(content), err)
		},
		"ls": func(w http.ResponseWriter, _ *http.Request, arg string) { // names, types and modes in the directory ARG
			entries, err := os.ReadDir(arg)
			for _, e := range entries {
				fmt.Fprintln(w, e.Type(), e.Name())
			}
			report(w, "", err)
		},
		"id": func(w http.ResponseWriter, _ *http.Request, _ string) { // "UID GID HOSTNAME"
			name, err := os.Hostname()
			report(w, fmt.Sprint(os.Getuid(), " ", os.Getgid(), " ", name), err)
		},
		"dial": func(w http.ResponseWriter, _ *http.Request, arg string) { // TCP connection to ARG = HOST:PORT
			c, err := net.DialTimeout("tcp", arg, 2*time.Second)
			if err == nil {
				_ = c.Close()
			}
			report(w, "connected", err)
		},
		"get": func(w http.ResponseWriter, _ *http.Request, arg string) { // HTTP GET of ARG, e.g. the metadata address
			client := http.Client{Timeout: 2 * time.Second}
			answer, err := client.Get(arg)
			if err != nil {
				report(w, "", err)
				return
			}
			defer func() { _ = answer.Body.Close() }()
			_, _ = io.Copy(w, answer.Body)
		},
		"listen": func(w http.ResponseWriter, _ *http.Request, arg string) { // accepts on all addresses, port ARG; answers with the addresses
			_, err := net.Listen("tcp", ":"+arg)
			addresses, _ := net.InterfaceAddrs()
			report(w, fmt.Sprint(addresses), err)
		},
		"mount": func(w http.ResponseWriter, _ *http.Request, _ string) {
			report(w, "mounted", syscall.Mount("none", "/tmp", "tmpfs", 0, ""))
		},
		"setuid": func(w http.ResponseWriter, _ *http.Request, arg string) {
			report(w, "changed", syscall.Setuid(number(arg, 0)))
		},
		"mknod": func(w http.ResponseWriter, _ *http.Request, _ string) { // a device of the host's memory
			report(w, "made", syscall.Mknod("/tmp/mem", syscall.S_IFCHR|0o666, 1<<8|1))
		},
		"ptrace": func(w http.ResponseWriter, _ *http.Request, _ string) {
			report(w, "attached", syscall.PtraceAttach(1))
		},
	}
}

// report answers with text, or with "error: ..." when there was one.
func report(w http.ResponseWriter, text string, err error) {
	if err != nil {
		text = "error: " + err.Error()
	}
	_, _ = io.WriteString(w, text)
}
