package load

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReader(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, c := range []struct{ name, answer, wrong string }{
		{"length", ok + "Content-Length: 2\r\n\r\nok", ""},
		{"header case and spaces", ok + "content-length:   2  \r\n\r\nok", ""},
		{"bare newlines", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", ""},
		{"chunks", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n", ""},
		{"other body", ok + "Content-Length: 2\r\n\r\nno", `wrong answer: status 200, 2 bytes: "no"`},
		{"other status", "HTTP/1.1 500 Bad\r\nContent-Length: 2\r\n\r\nok", "wrong answer: status 500"},
		{"no length", ok + "\r\nok", "without length"},
		{"no HTTP", "nonsense from somewhere\r\n\r\n", "not HTTP/1.1"},
		{"no status", "HTTP/1.1 abc\r\n\r\n", "no status"},
		{"bad length", ok + "Content-Length: x\r\n\r\n", "no length in"},
		{"negative length", ok + "Content-Length: -1\r\n\r\n", "no length in"},
		{"huge length", ok + "Content-Length: 99999999999\r\n\r\n", "too long"},
		{"bad chunk", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "no chunk size"},
		{"chunk without end", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nokno\r\n", "no end of a chunk"},
		{"cut body", ok + "Content-Length: 2\r\n\r\no", "EOF"},
		{"cut header", ok + "Content-Le", "EOF"},
		{"nothing", "", "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := newReader(strings.NewReader(c.answer)).read(200, []byte("ok"))
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wrong)
		})
	}
}

func TestReaderKeepsItsPlace(t *testing.T) {
	r := newReader(strings.NewReader(strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 3)))
	for range 3 {
		require.NoError(t, r.read(200, []byte("ok")))
	}
	require.ErrorIs(t, r.read(200, nil), io.EOF)
}

// FuzzReader holds the reader against net/http: what both accept they
// understand alike.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n0\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		r := newReader(bytes.NewReader(answer))
		status, length, err := r.head()
		if err != nil || length < 0 || length > len(answer) || status < 200 || status == 204 || status == 304 {
			return
		}
		if r.take(length) != nil {
			return
		}
		want, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
		if err != nil || want.ContentLength < 0 {
			return
		}
		defer func() { _ = want.Body.Close() }()
		body, err := io.ReadAll(want.Body)
		require.NoError(t, err)
		require.Equal(t, want.StatusCode, status)
		require.Equal(t, string(body), string(r.body))
	})
}
