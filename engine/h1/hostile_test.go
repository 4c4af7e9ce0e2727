package h1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// TestAnswers feeds whole answers, good and bad, and looks whether the
// connection is used again.
func TestAnswers(t *testing.T) {
	big := strings.Repeat("x", MaxHeaderBytes)
	tests := []struct {
		name, method, answer string
		status               int
		body                 string
		err                  error // of head or body
		kept                 bool
	}{
		{"plain", "GET", ok, 200, "ok", nil, true},
		{"bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok", nil, true},
		{"no reason", "GET", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok", nil, true},
		{"interim", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok, 200, "ok", nil, true},
		{"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n", 200, "ok", nil, true},
		{"chunk extension", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n", 200, "ok", nil, true},
		{"until close", "GET", "HTTP/1.1 200 OK\r\n\r\nok", 200, "ok", nil, false},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", nil, false},
		{"told to close", "GET", "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", nil, false},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 200, "", nil, true},
		{"HEAD with body", "HEAD", ok, 200, "", nil, false},
		{"204 with body", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", 204, "", nil, false},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", 304, "", nil, true},
		{"same length twice", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok", nil, true},
		{"something behind", "GET", ok + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200, "ok", nil, false},

		{"nothing", "GET", "", 0, "", io.ErrUnexpectedEOF, false},
		{"half a status line", "GET", "HTTP/1.1 20", 0, "", io.ErrUnexpectedEOF, false},
		{"half a header", "GET", "HTTP/1.1 200 OK\r\nContent-", 0, "", io.ErrUnexpectedEOF, false},
		{"half a body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", 200, "ok", io.ErrUnexpectedEOF, false},
		{"half a chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok", 200, "ok", io.ErrUnexpectedEOF, false},
		{"no last chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 200, "ok", io.ErrUnexpectedEOF, false},
		{"no end of trailer", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", 200, "ok", io.ErrUnexpectedEOF, false},
		{"garbage", "GET", "\x00\x01garbage\n\n", 0, "", ErrMalformed, false},
		{"other protocol", "GET", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, "", ErrMalformed, false},
		{"HTTP/2", "GET", "HTTP/2.0 200 OK\r\n\r\n", 0, "", ErrMalformed, false},
		{"status of four digits", "GET", "HTTP/1.1 2000 OK\r\n\r\n", 0, "", ErrMalformed, false},
		{"status with sign", "GET", "HTTP/1.1 +20 OK\r\n\r\n", 0, "", ErrMalformed, false},
		{"status 99", "GET", "HTTP/1.1 099 OK\r\n\r\n", 0, "", ErrMalformed, false},
		{"status 600", "GET", "HTTP/1.1 600 OK\r\n\r\n", 0, "", ErrMalformed, false},
		{"unasked upgrade", "GET", "HTTP/1.1 101 Switching Protocols\r\n\r\n" + ok, 0, "", ErrMalformed, false},
		{"endless interim", "GET", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100) + ok, 0, "", ErrMalformed, false},
		{"no colon", "GET", "HTTP/1.1 200 OK\r\nfoo\r\n\r\n", 0, "", ErrMalformed, false},
		{"space before colon", "GET", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", 0, "", ErrMalformed, false},
		{"folded line", "GET", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", 0, "", ErrMalformed, false},
		{"CR in value", "GET", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", 0, "", ErrMalformed, false},
		{"lengths that differ", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", 0, "", ErrMalformed, false},
		{"length in a list", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 0, "", ErrMalformed, false},
		{"negative length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", 0, "", ErrMalformed, false},
		{"length with sign", "GET", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", 0, "", ErrMalformed, false},
		{"huge length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok", 0, "", ErrMalformed, false},
		{"length and chunks", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, "", ErrMalformed, false},
		{"chunks in HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, "", ErrMalformed, false},
		{"unknown coding", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, "", ErrMalformed, false},
		{"bad chunk size", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nok\r\n0\r\n\r\n", 200, "", ErrMalformed, false},
		{"bad trailer", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nfoo\r\n\r\n", 200, "", ErrMalformed, false},
		{"one huge line", "GET", "HTTP/1.1 200 OK\r\nA: " + big + "\r\n\r\n", 0, "", ErrHeaderTooLarge, false},
		{"many lines", "GET", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", MaxHeaderBytes/6) + "\r\n", 0, "", ErrHeaderTooLarge, false},
		{"huge status line", "GET", "HTTP/1.1 200 " + big + "\r\n\r\n", 0, "", ErrHeaderTooLarge, false},
		{"huge trailer", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: " + big + "\r\n\r\n", 200, "", ErrHeaderTooLarge, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := serve(t, func(c net.Conn) {
				_, _ = http.ReadRequest(bufio.NewReader(c))
				_, _ = io.WriteString(c, tt.answer)
				if tt.kept {
					_, _ = io.Copy(io.Discard, c)
				}
			})
			resp, err := p.Do(context.Background(), newRequest(t, tt.method, "/"), time.Now().Add(time.Minute))
			if tt.status == 0 {
				require.ErrorIs(t, err, tt.err)
				assert.Empty(t, p.open)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.status, resp.Status)
			body, err := io.ReadAll(resp)
			assert.Equal(t, tt.body, string(body))
			if tt.err == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tt.err)
			}
			resp.Close()
			assert.Equal(t, tt.kept, len(p.idle) == 1)
		})
	}
}

// TestLostInTheMiddle: a server that dies is no server that does not speak HTTP.
func TestLostInTheMiddle(t *testing.T) {
	for _, framing := range []string{"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf", "Content-Length: 9\r\n\r\nhalf"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		read := make(chan struct{})
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+framing)
			<-read
			_ = c.(*net.TCPConn).SetLinger(0) // resets, as a killed process with unread input does
			c.Close()
		}()
		p := &Pool{Dial: func(context.Context) (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }}
		resp, err := p.Do(t.Context(), newRequest(t, "GET", "/"), time.Time{})
		require.NoError(t, err)
		_, err = io.ReadFull(resp, make([]byte, 4))
		require.NoError(t, err)
		close(read)
		_, err = resp.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET, framing)
		assert.NotErrorIs(t, err, ErrMalformed, framing)
		resp.Close()
		l.Close()
	}
}

func TestDeadline(t *testing.T) {
	for name, begin := range map[string]string{
		"silence":        "",
		"slow header":    "HTTP/1.1 200 OK\r\nA: ",
		"slow body":      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no",
		"slow chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\no",
		"no end of body": "HTTP/1.1 200 OK\r\n\r\no",
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, func(c net.Conn) {
				_, _ = io.WriteString(c, begin)
				_, _ = io.Copy(io.Discard, c)
			})
			resp, err := p.Do(context.Background(), newRequest(t, "GET", "/"), time.Now().Add(50*time.Millisecond))
			if err == nil {
				_, err = io.ReadAll(resp)
				resp.Close()
			}
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.Empty(t, p.open)
		})
	}
}

// TestServerThatDoesNotRead fills the connection and must not wait longer than told.
func TestServerThatDoesNotRead(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	p := serve(t, func(net.Conn) { <-release })
	for name, set := range map[string]func(*Request){
		"payload": func(r *Request) { r.Payload = make([]byte, 4<<20) },
		"stream":  func(r *Request) { r.Body, r.ContentLength = bytes.NewReader(make([]byte, 4<<20)), 4<<20 },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRequest(t, "POST", "/")
			set(r)
			_, err := p.Do(context.Background(), r, time.Now().Add(50*time.Millisecond))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.NotErrorIs(t, err, ErrNotSent, "part of it was")
		})
	}
}

// TestClosedWhileIdle: a server may close an idle connection, or write to it,
// at any time; the next request does not suffer from it.
func TestClosedWhileIdle(t *testing.T) {
	for name, parting := range map[string]string{"closed": "", "said something": "HTTP/1.1 408 Request Timeout\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, func(c net.Conn) {
				_, _ = http.ReadRequest(bufio.NewReader(c))
				_, _ = io.WriteString(c, ok)
				_, _ = io.WriteString(c, parting)
			})
			for range 5 {
				resp, err := p.Do(context.Background(), newRequest(t, "POST", "/"), time.Now().Add(time.Minute))
				require.NoError(t, err)
				body, err := io.ReadAll(resp)
				require.NoError(t, err)
				assert.Equal(t, "ok", string(body))
				resp.Close()
				if len(p.idle) > 0 {
					require.Eventually(t, func() bool { return !p.idle[0].alive() }, time.Second, time.Millisecond)
				}
			}
		})
	}
}

// TestNotSent: what the other side did not take is told apart from what it may have.
func TestNotSent(t *testing.T) {
	refused := errors.New("refused")
	p := &Pool{Dial: func(context.Context) (net.Conn, error) { return nil, refused }}
	_, err := p.Do(context.Background(), newRequest(t, "GET", "/"), time.Time{})
	assert.ErrorIs(t, err, ErrNotSent)
	assert.ErrorIs(t, err, refused)

	p = serve(t, func(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) })
	_, err = p.Do(context.Background(), newRequest(t, "GET", "/"), time.Time{})
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NotErrorIs(t, err, ErrNotSent)
}

// FuzzResponse compares with net/http: what we accept, it reads the same way.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		ok, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.0 404 Nope\r\na: b\r\nA:c\r\n\r\nrest", "HTTP/1.1 100 C\r\n\r\n" + ok,
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		c := NewConn(fixed{r: bytes.NewReader(wire)})
		resp, err := c.readResponse("GET")
		if err != nil {
			return
		}
		body, err := io.ReadAll(resp)
		ref := bufio.NewReader(bytes.NewReader(wire))
		theirs, refErr := http.ReadResponse(ref, nil)
		for refErr == nil && theirs.StatusCode < 200 {
			theirs, refErr = http.ReadResponse(ref, nil)
		}
		if refErr != nil {
			t.Fatalf("accepted what net/http refuses: %v", refErr)
		}
		theirBody, theirErr := io.ReadAll(theirs.Body)
		if err == nil && theirErr != nil {
			t.Fatalf("body accepted that net/http refuses: %v", theirErr)
		}
		if resp.Status != theirs.StatusCode || err == nil && !bytes.Equal(body, theirBody) {
			t.Fatalf("read differently: %d %q, %d %q", resp.Status, body, theirs.StatusCode, theirBody)
		}
		for name := range theirs.Header {
			if name == "Content-Length" { // net/http folds repeated ones
				continue
			}
			assert.Equal(t, theirs.Header[name], resp.Header[name], name)
		}
	})
}

// fixed is a connection on which everything has come already.
type fixed struct {
	net.Conn
	r io.Reader
}

func (f fixed) Read(p []byte) (int, error) { return f.r.Read(p) }
