package h1

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deadlines is an answer that notes the read deadline of its connection.
type deadlines struct {
	*httptest.ResponseRecorder
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

func TestUpload(t *testing.T) {
	for _, tt := range []struct {
		name    string
		length  int64
		read    int64 // of the 4 bytes there are
		err     error
		touched bool // the caller's connection
	}{
		{"whole", 4, 4, nil, false},
		{"whole, of unknown length", -1, 5, io.EOF, false},
		{"a part", 4, 3, nil, true},
		{"a part, of unknown length", -1, 4, nil, true},
		{"too short", 6, 6, io.ErrUnexpectedEOF, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := NewUpload(strings.NewReader("body"), tt.length)
			n, err := io.CopyN(io.Discard, u, tt.read)
			assert.ErrorIs(t, err, tt.err)
			assert.Equal(t, n, u.Bytes())
			w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
			u.Close(w)
			assert.Equal(t, tt.touched, len(w.read) > 0, "the deadline is for readers that wait")
			_, err = u.Read(make([]byte, 1))
			assert.ErrorIs(t, err, io.ErrClosedPipe)
		})
	}
}

// TestUploadCloseWakesItsReader: net/http could not end the request before.
func TestUploadCloseWakesItsReader(t *testing.T) {
	woken := make(chan error, 1)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := NewUpload(r.Body, r.ContentLength)
		begun := make(chan struct{})
		go func() {
			_, err := io.ReadFull(u, make([]byte, 5))
			close(begun)
			if err == nil {
				_, err = u.Read(make([]byte, 1))
			}
			woken <- err
		}()
		<-begun
		u.Close(w)
	}))
	defer front.Close()
	unsent, sender := io.Pipe()
	defer sender.Close()
	r, err := http.NewRequest(http.MethodPost, front.URL, io.MultiReader(strings.NewReader("begin"), unsent))
	require.NoError(t, err)
	r.ContentLength = 1000
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Error(t, <-woken)
}
