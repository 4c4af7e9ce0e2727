package engine_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/enginetest"
)

// TestSlowCallers: one that does not send its body, or does not read its
// answer, holds neither a sandbox nor the server for longer than it may.
func TestSlowCallers(t *testing.T) { onBoth(t, testSlowCallers) }

func testSlowCallers(t *testing.T, start starter) {
	e := start(t, map[string]enginetest.Program{"f": fnProgram(echo), "big": fnProgram(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(w, zeros{}, 5<<20)
		_, _ = io.CopyN(w, zeros{}, 900<<10)
	})})
	for _, tt := range []struct{ name, program, request string }{
		{"no body", "f", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbegin"},
		{"does not read", "big", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fn := localFunction(picasso.ContractFn, tt.program)
			fn.TimeoutS = 1
			outs := make(chan picasso.Outcome, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				call := callOf(fn, "")
				call.Body, call.ContentLength = r.Body, r.ContentLength
				outs <- e.Invoke(r.Context(), call, w)
			}))
			c, err := net.Dial("tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			require.NoError(t, c.(*net.TCPConn).SetReadBuffer(4<<10))
			_, _ = io.WriteString(c, tt.request)
			select {
			case out := <-outs:
				if out.Err != nil { // an answer may fit into the buffers on its way
					assert.Equal(t, picasso.CodeTimedOut, out.Err.Code, "%v", out.Err)
				} else {
					assert.Equal(t, "does not read", tt.name)
				}
			case <-time.After(patience):
				require.Fail(t, "the call does not end")
			}
			ended := make(chan struct{})
			go func() {
				c.Close()
				server.Close() // waits for the handler
				close(ended)
			}()
			<-ended
		})
	}
}
