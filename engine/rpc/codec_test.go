package rpc

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestHeadThereAndBack(t *testing.T) {
	for _, h := range []head{
		{Status: 200, Header: http.Header{}},
		{Status: 404, Header: http.Header{"Content-Type": {"text/plain"}, "Set-Cookie": {"a=1", "b=2", ""}, "X-Bytes": {"\xff\x00ä"}}},
	} {
		got := http.Header{}
		status, err := readHead(h.append(nil), got)
		require.NoError(t, err)
		require.Equal(t, h, head{status, got})
	}
}

func TestOutcomeThereAndBack(t *testing.T) {
	code := 137
	for _, out := range []picasso.Outcome{
		{},
		{HTTPStatus: 200, Host: "compute-1", Started: time.Unix(1700000000, 123), Wait: 1, ColdStart: time.Hour, Run: 1 << 40, InputBytes: 1 << 50, OutputBytes: 7},
		{HTTPStatus: 500, OwnAccount: true, Err: &picasso.Error{Code: picasso.CodeFunctionFailed, Title: "t"}},
		{Wait: -1, ExitCode: &code, Err: &picasso.Error{Code: picasso.CodeBusy, Title: "t", Detail: "d", RetryAfter: time.Second}},
	} {
		wire, err := appendOutcome(nil, out)
		require.NoError(t, err)
		got, err := readOutcome(wire)
		require.NoError(t, err)
		require.Equal(t, out, got)
	}
}

func TestCutShort(t *testing.T) {
	wire := head{Status: 200, Header: http.Header{"A": {"b"}}}.append(nil)
	for n := range len(wire) {
		if n == 2 { // the status alone is a head
			continue
		}
		_, err := readHead(wire[:n], http.Header{})
		require.Error(t, err, n)
	}
	wire, err := appendOutcome(nil, picasso.Outcome{Host: "h", Err: picasso.Errorf(picasso.CodeBusy, "x")})
	require.NoError(t, err)
	for n := range len(wire) {
		if n == 9 { // seven numbers and the host are an outcome
			continue
		}
		_, err := readOutcome(wire[:n])
		require.Error(t, err, n)
	}
}
