// Package cloudtest gives tests the real services of the development cloud.
//
// [Need] brings services up (installing them when the machine lacks them) and
// says where they are. They are shared by all tests of the machine and stay up:
// a test leaves them as it found them, in databases, projects and containers of
// its own. A test that has to break a service takes one of its own with
// [PrivateMariaDB] or [PrivateDocker], or a whole cloud with [PrivateCloud].
//
// Everything is done by the scripts of tools/cloud and needs root.
package cloudtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const defaultDir = "/var/lib/picasso-cloud"

// Env says where the services of one cloud are. It names all of them, also those
// that were not asked for and may not run.
type Env struct {
	Dir          string // state of the cloud: logs, configurations, openrc files
	AuthURL      string // Keystone, with /v3
	PublicHost   string // where the sandboxes of functions reach Keystone, Swift and Aodh; see README.md
	DBDSN        string // MariaDB as go-sql-driver/mysql writes it, up to the database's name; may create databases
	AMQPURL      string // RabbitMQ as amqp091-go writes it
	TransportURL string // RabbitMQ as oslo.messaging writes it
	CloudsFile   string // clouds.yaml with admin, alpha, alpha-reader, beta, service-functions and more
	DockerHost   string // the Docker engine, unix://
}

// Need brings up the services named (docker, mariadb, memcached, rabbitmq, keystone,
// swift, aodh, ceilometer, swift_first, picasso, gcc, shellcheck) and what they need. It ends the test,
// showing what the script printed, when one of them cannot be had. It takes a tenth
// of a second when all of them run, and may be called by many processes at once.
func Need(t testing.TB, services ...string) Env {
	t.Helper()
	(&script{}).run(t, "up", services...)
	return readEnv(t, sharedDir())
}

func sharedDir() string {
	if dir := os.Getenv("CLOUD_DIR"); dir != "" {
		return dir
	}
	return defaultDir
}

// script runs the scripts of tools/cloud.
type script struct {
	environ []string // added to the process's own
	prefix  []string // of the command
}

// run runs a script, and ends the test when it fails.
func (s *script) run(t testing.TB, name string, args ...string) {
	t.Helper()
	words := slices.Concat(s.prefix, []string{filepath.Join(scripts(), name)}, args)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), s.environ...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tools/cloud/%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// scripts is the folder of up and down, found from this file's own place.
func scripts() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(file))
}

func readEnv(t testing.TB, dir string) Env {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "cloud.env"))
	if err != nil {
		t.Fatal(err)
	}
	env, err := parseEnv(string(text))
	if err != nil {
		t.Fatalf("%s/cloud.env: %v", dir, err)
	}
	return env
}

// parseEnv reads KEY=VALUE lines and leaves keys it does not know alone.
func parseEnv(text string) (Env, error) {
	var env Env
	fields := map[string]*string{
		"CLOUD_DIR":             &env.Dir,
		"CLOUD_AUTH_URL":        &env.AuthURL,
		"CLOUD_PUBLIC_HOST":     &env.PublicHost,
		"CLOUD_DB_DSN":          &env.DBDSN,
		"CLOUD_AMQP_URL":        &env.AMQPURL,
		"CLOUD_TRANSPORT_URL":   &env.TransportURL,
		"OS_CLIENT_CONFIG_FILE": &env.CloudsFile,
		"CLOUD_DOCKER_HOST":     &env.DockerHost,
	}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if field := fields[key]; field != nil {
			*field = value
		}
	}
	for key, field := range fields {
		if *field == "" {
			return Env{}, fmt.Errorf("%s is missing", key)
		}
	}
	return env, nil
}
