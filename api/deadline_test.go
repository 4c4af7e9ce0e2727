package api_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/api"
)

const asMember = " HTTP/1.1\r\nHost: x\r\nX-Auth-Token: t\r\nX-Project-Id: alpha\r\nX-Roles: member,reader\r\n"

// dial connects a client that the kernel keeps little for, and sends the text.
func dial(t *testing.T, k *kit, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(k.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	return conn
}

func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.ClientTimeout = 100 * time.Millisecond })
	for _, start := range []string{"POST /v2/apps" + asMember, "POST /v2/apps HTTP/1.1\r\nHost: x\r\n"} {
		conn := dial(t, k, start+"Content-Length: 100\r\n\r\n{\"name\":")
		reader := bufio.NewReader(conn)
		response, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Contains(t, []int{400, 401}, response.StatusCode, "%s", text)
		_, err = reader.ReadByte()
		assert.Equal(t, io.EOF, err, "the connection is closed")
	}
}

func TestAnAnswerThatIsNotTakenIsGivenUp(t *testing.T) {
	log, hook := test.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	k := setup(t, swell, func(c *api.Config) { c.ClientTimeout, c.Log = 100*time.Millisecond, log })
	k.fill(8)
	dial(t, k, "GET /v2/functions"+asMember+"\r\n") // and reads nothing
	require.Eventually(t, func() bool { return len(hook.AllEntries()) > 0 }, 30*time.Second, 10*time.Millisecond, "still at it")
}

func TestDeadlinesAreLifted(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.ClientTimeout = 200 * time.Millisecond })
	resolving := make(chan struct{})
	k.engine.OnResolve = func(string) (string, error) { <-resolving; return "i@sha256:0", nil }
	timer := time.AfterFunc(time.Second, func() { close(resolving) }) // a slow registry is not a slow client
	defer timer.Stop()
	k.function(`{"name":"f","image":"i"}`)
	assert.Equal(t, "x", k.member(200, "POST", "/v2/functions/f/invoke", "x").Text, "on the same connection")
	k.member(200, "GET", "/v2/functions/f", "")
}
