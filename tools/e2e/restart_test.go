package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// inFlight starts a long call and returns when a sandbox has it.
func (s *stack) inFlight(c *caller, function, body string) chan *answer {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.callsRunning() == 0 }, waitLong, waitStep, "an earlier call has not ended")
	done := make(chan *answer, 1)
	go func() {
		a, err := c.try(http.MethodPost, "/v2/functions/"+function+"/invoke", strings.NewReader(body))
		if err != nil {
			a = nil
		}
		done <- a
	}()
	require.Eventually(s.t, func() bool { return s.callsRunning() == 1 }, waitLong, waitStep)
	return done
}

func TestEngineKilledDuringACall(t *testing.T) {
	t.Parallel()
	s := newStack(t, options{split: true})
	c := s.project("alpha")
	c.create(testfn(t, "long", nil))
	done := s.inFlight(c, "long", "sleep 20000\n")
	kill(s.engine)
	wantProblem(t, <-done, http.StatusBadGateway, "host_lost", "Host lost")
	a := c.invoke("long", "count\n")
	wantProblem(t, a, http.StatusServiceUnavailable, "unavailable")
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	require.NotEmpty(t, s.containers(), "a killed engine leaves them to the next one")

	s.startEngine()
	require.Eventually(t, func() bool { return c.invoke("long", "count\n").Status == http.StatusOK }, waitLong, 100*time.Millisecond)
}

func TestAPIKilledDuringACall(t *testing.T) {
	t.Parallel()
	s := newStack(t, options{split: true})
	c := s.project("alpha")
	c.create(testfn(t, "long", nil))
	done := s.inFlight(c, "long", "sleep 3000\n")
	kill(s.api)
	require.Nil(t, <-done, "the connection is cut")
	s.startAPI("picasso-api")
	require.Equal(t, http.StatusOK, c.invoke("long", "count\n").Status)
}

func TestGracefulStopFinishesCalls(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := newStack(t, options{})
		c := s.project("alpha")
		c.create(testfn(t, "long", nil))
		done := s.inFlight(c, "long", "sleep 2000\n")
		s.api.stop(sig)
		a := <-done
		require.NotNil(t, a)
		require.Equal(t, "slept 2000", string(a.Body))
		require.Empty(t, s.containers())
		require.Zero(t, s.api.cmd.ProcessState.ExitCode())
	}
}

func TestAllInOneKilledLeavesNothingAfterTheNextStart(t *testing.T) {
	t.Parallel()
	s := newStack(t, options{})
	c := s.project("alpha")
	c.create(testfn(t, "hot", nil))
	require.Equal(t, http.StatusOK, c.invoke("hot", "count\n").Status)
	before := s.containers()
	kill(s.api)
	s.start(false)
	after := s.containers()
	for _, id := range before {
		require.NotContains(t, after, id)
	}
	require.Equal(t, http.StatusOK, c.invoke("hot", "count\n").Status)
}

func TestDockerKilledDuringACall(t *testing.T) {
	t.Parallel()
	docker := cloudtest.PrivateDocker(t)
	s := newStack(t, options{docker: map[string]string{"docker_host": docker.Env.DockerHost}})
	loadImage(t, docker.Env.DockerHost, testfn(t, "x", nil)["image"].(string))
	c := s.project("alpha")
	c.create(testfn(t, "long", nil))
	done := s.inFlight(c, "long", "sleep 60000\n")
	docker.Kill(t)
	a := <-done
	require.Contains(t, []int{http.StatusBadGateway, http.StatusServiceUnavailable}, a.Status, "%s", a.Body)
	wantUnavailable := c.invoke("long", "count\n")
	require.Equal(t, http.StatusServiceUnavailable, wantUnavailable.Status, "%s", wantUnavailable.Body)
	docker.Start(t)
	require.Eventually(t, func() bool { return c.invoke("long", "count\n").Status == http.StatusOK }, waitLong, 200*time.Millisecond)
}

// loadImage copies an image of the shared engine into another one.
func loadImage(t *testing.T, dockerHost, image string) {
	t.Helper()
	save := exec.Command("docker", "save", image)
	load := exec.Command("docker", "-H", dockerHost, "load")
	pipe, err := save.StdoutPipe()
	require.NoError(t, err)
	load.Stdin = pipe
	require.NoError(t, save.Start())
	out, err := load.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, save.Wait())
}
