package engine

import (
	"bufio"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// Config is the [engine] section of picasso.conf.
type Config struct {
	// Host names this host in executions and to operators.
	Host string `ini:"-"`
	// Version of the program, for operators.
	Version string `ini:"-"`
	// Runtime is what the driver isolates sandboxes by, for operators; empty: its default.
	Runtime string `ini:"-"`

	MemoryMB         int           `ini:"memory_mb" help:"Memory for sandboxes in MiB; the sum of the memory_mb of all of them stays below it. 0: 80 % of the host's memory."`
	MaxResponseBytes int64         `ini:"max_response_bytes" help:"Largest answer of a function in bytes. A longer one is refused with 502, or cut when part of it was sent already."`
	MaxLogBytes      int           `ini:"max_log_bytes" help:"Most that is kept of the log of one execution in bytes, 1024 to 16777216. The end is kept."`
	ReadyTimeout     time.Duration `ini:"ready_timeout" help:"How long a started sandbox may take until it is ready for calls."`
	Tags             []string      `ini:"tags" help:"Comma-separated words of a-z, 0-9, '_', '.' and '-' for what this host has, such as gpu. A function with host_tags runs only on hosts that have all of them."`
	Projects         []string      `ini:"projects" help:"Comma-separated ids of the projects that this host is dedicated to: it runs their functions only, and they run only on hosts that name them. Empty: all projects without such hosts share it."`
	FreezeAfter      time.Duration `ini:"freeze_after" help:"Idle time after which a sandbox is frozen, where that is instantaneous. It then uses no processor time until the next call. 0: never."`
}

// DefaultConfig returns the configuration of an engine that has its host for itself.
func DefaultConfig() Config {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return Config{
		Host: host, MaxResponseBytes: 6 << 20, MaxLogBytes: 1 << 20,
		ReadyTimeout: 10 * time.Second, FreezeAfter: 10 * time.Second,
	}
}

// Validate checks the values; errors name the option.
func (c *Config) Validate() error {
	return errors.Join(
		check(c.MemoryMB >= 0, "memory_mb: must not be negative"),
		check(c.MaxResponseBytes >= 1, "max_response_bytes: must be at least 1"),
		check(c.MaxLogBytes >= 1<<10 && c.MaxLogBytes <= 16<<20, "max_log_bytes: must be from 1024 to 16777216"),
		check(c.ReadyTimeout > 0, "ready_timeout: must be more than 0"),
		check(c.FreezeAfter >= 0, "freeze_after: must not be negative"),
		each("tags", c.Tags, tag, "a tag: they begin with a-z or 0-9, have these, '_', '.' and '-', and at most 64 of them"),
		each("projects", c.Projects, projectID, "the id of a project"),
	)
}

var (
	tag       = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)
	projectID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`) // a UUID in most clouds, domains of LDAP have others
)

// each checks all values of a list.
func each(option string, values []string, form *regexp.Regexp, what string) error {
	for _, value := range values {
		if !form.MatchString(value) {
			return picasso.Errorf(picasso.CodeInvalid, "%s: %q is not %s", option, value, what)
		}
	}
	return nil
}

func check(ok bool, complaint string) error {
	if ok {
		return nil
	}
	return picasso.Errorf(picasso.CodeInvalid, "%s", complaint)
}

// fallbackMemoryMB is taken for the host's memory where /proc does not tell.
const fallbackMemoryMB = 1024

// memoryMB is the memory for sandboxes: as configured, or 80 % of the host's.
func (c *Config) memoryMB() int {
	if c.MemoryMB > 0 {
		return c.MemoryMB
	}
	return hostMemoryMB() * 8 / 10
}

// hostMemoryMB reads MemTotal of /proc/meminfo, see proc(5).
func hostMemoryMB() int {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return fallbackMemoryMB
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			if kb, err := strconv.Atoi(fields[1]); err == nil {
				return kb / 1024
			}
		}
	}
	return fallbackMemoryMB
}
