package contract

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/engine/h1"
)

// TestPipe talks over a pipe as over any connection.
func TestPipe(t *testing.T) {
	p := newPipe(1 << 20)
	ended := make(chan error, 1)
	go func() {
		in := bufio.NewReader(p.stdin)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				ended <- err
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(&p.stdout, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		}
	}()
	c := h1.NewConn(p)
	for range 2 {
		req, err := h1.NewRequest("GET", "/", "host")
		require.NoError(t, err)
		req.Payload = []byte("body")
		resp, err := c.Do(req, time.Now().Add(time.Minute))
		require.NoError(t, err)
		body, err := io.ReadAll(resp)
		require.NoError(t, err)
		assert.Equal(t, "hi", string(body))
		assert.False(t, p.stdout.pending())
	}
	closed := 0
	p.closed = func() { closed++ }
	p.Close()
	p.Close()
	assert.Equal(t, 1, closed)
	assert.Equal(t, io.EOF, <-ended, "standard input ends")
}

func TestPipeDeadline(t *testing.T) {
	p := newPipe(8)
	require.NoError(t, p.SetDeadline(time.Now().Add(time.Millisecond)))
	_, err := p.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	_, err = p.Write([]byte("nobody reads this"))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestPipeHoldsNoMoreThanItMay(t *testing.T) {
	p := newPipe(8)
	for _, text := range []string{"12345", "678", "9", "10"} {
		n, err := p.stdout.Write([]byte(text))
		require.NoError(t, err, "it never fails")
		assert.Equal(t, len(text), n)
	}
	got, err := io.ReadAll(p)
	assert.Equal(t, "12345678", string(got))
	assert.ErrorIs(t, err, errOverflow)

	p = newPipe(8)
	_, _ = p.stdout.Write([]byte("rest"))
	p.Close()
	got, err = io.ReadAll(p)
	assert.Equal(t, "rest", string(got), "what came before the end is there")
	assert.ErrorIs(t, err, net.ErrClosed)
}
