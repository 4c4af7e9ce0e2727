package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
)

// hogs take as much as they can get, and tell how much it was.
func hogs() map[string]mode {
	return map[string]mode{
		"memory": func(w http.ResponseWriter, _ *http.Request, arg string) { // touches ARG MiB
			var held [][]byte
			for range number(arg, 1<<20) {
				block := make([]byte, 1<<20)
				for i := 0; i < len(block); i += 4096 {
					block[i] = 1
				}
				held = append(held, block)
			}
			fmt.Fprintf(w, "held %d MiB", len(held))
		},
		"fork": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG processes that stay
			hog(w, number(arg, 100000), func(int) error {
				return exec.Command("/proc/self/exe", "never-ready").Start()
			})
		},
		"open": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG open files
			var held []*os.File
			hog(w, number(arg, 1<<20), func(int) error {
				f, err := os.Open("/proc/self/status")
				held = append(held, f)
				return err
			})
			for _, f := range held {
				_ = f.Close()
			}
		},
		"disk": fillDisk("/tmp"),      // ARG MiB in /tmp
		"iofs": fillDisk("/tmp/iofs"), // ARG MiB beside the socket
		"root": fillDisk("/"),         // ARG MiB where nothing may be written
		"shm":  fillDisk("/dev/shm"),
		"inodes": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG empty files beside the socket
			hog(w, number(arg, 100000), func(i int) error {
				return os.WriteFile(fmt.Sprintf("/tmp/iofs/%d", i), nil, 0o666)
			})
		},
		"connect": func(w http.ResponseWriter, _ *http.Request, arg string) { // ARG listening sockets
			hog(w, number(arg, 100), func(int) error {
				_, err := net.Listen("tcp", "127.0.0.1:0")
				return err
			})
		},
	}
}

// hog takes until it gets no more: "N: why not N+1".
func hog(w http.ResponseWriter, most int, take func(i int) error) {
	for i := range most {
		if err := take(i); err != nil {
			fmt.Fprintf(w, "%d: %v", i, err)
			return
		}
	}
	fmt.Fprintf(w, "%d: enough", most)
}

func fillDisk(dir string) mode {
	return func(w http.ResponseWriter, _ *http.Request, arg string) {
		f, err := os.Create(dir + "/testfn-fill")
		if err != nil {
			fmt.Fprintf(w, "0: %v", err)
			return
		}
		defer func() { _ = f.Close() }()
		block := make([]byte, 1<<20)
		hog(w, number(arg, 1<<20), func(int) error {
			_, err := f.Write(block)
			return err
		})
	}
}
