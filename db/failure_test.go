package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func my(number uint16) error {
	return fmt.Errorf("wrapped: %w", &mysql.MySQLError{Number: number, Message: "secret"})
}

func TestDomainError(t *testing.T) {
	tests := []struct {
		err  error
		code picasso.Code
	}{
		{my(1062), picasso.CodeConflict},
		{my(1451), picasso.CodeConflict},
		{my(1452), picasso.CodeNotFound},
		{my(1406), picasso.CodeInvalid},
		{my(1213), picasso.CodeUnavailable},
		{my(1205), picasso.CodeUnavailable},
		{my(1047), picasso.CodeUnavailable},
		{my(1040), picasso.CodeUnavailable},
		{my(1290), picasso.CodeUnavailable},
		{my(1064), picasso.CodeInternal},
		{driver.ErrBadConn, picasso.CodeUnavailable},
		{mysql.ErrInvalidConn, picasso.CodeUnavailable},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, picasso.CodeUnavailable},
		{io.ErrUnexpectedEOF, picasso.CodeUnavailable},
		{context.DeadlineExceeded, picasso.CodeUnavailable},
		{context.Canceled, picasso.CodeUnavailable},
		{sql.ErrTxDone, picasso.CodeUnavailable},
		{errors.New("what is this"), picasso.CodeInternal},
		{notFound("it"), picasso.CodeNotFound},
	}
	for _, test := range tests {
		e := picasso.AsError(domainError(test.err, `app "x"`))
		assert.Equal(t, test.code, e.Code, "%v", test.err)
		assert.NotContains(t, e.Title+e.Detail, "secret", "users never see the cause")
		if e.Code == picasso.CodeUnavailable {
			assert.Equal(t, retryAfter, e.RetryAfter)
		}
		if _, own := errors.AsType[*picasso.Error](test.err); !own {
			assert.ErrorIs(t, e, test.err, "the log does")
		}
	}
}

func TestTryRetries(t *testing.T) {
	tests := []struct {
		name  string
		fails int
		err   error
		calls int
		code  picasso.Code
	}{
		{"no error", 0, nil, 1, ""},
		{"two deadlocks", 2, my(1213), 3, ""},
		{"lock waits without end", 100, my(1205), maxAttempts, picasso.CodeUnavailable},
		{"snapshot", 1, my(1020), 2, ""},
		{"duplicate", 100, my(1062), 1, picasso.CodeConflict},
		{"gone", 100, mysql.ErrInvalidConn, 1, picasso.CodeUnavailable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls := 0
			s := &Store{jitter: func() float64 { return 0 }, timeout: callTimeout}
			err := s.try(t.Context(), "it", func(ctx context.Context) error {
				_, bounded := ctx.Deadline()
				assert.True(t, bounded)
				if calls++; calls <= test.fails {
					return test.err
				}
				return nil
			})
			assert.Equal(t, test.calls, calls)
			assert.Equal(t, test.code, picasso.CodeOf(err))
		})
	}
}

func TestTryStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &Store{jitter: func() float64 { return 1e9 }, timeout: callTimeout}
	err := s.try(ctx, "it", func(context.Context) error {
		cancel()
		return my(1213)
	})
	require.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
}

func TestClip(t *testing.T) {
	tests := []struct {
		in   string
		max  int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"aü", 2, "a"}, {"aü", 3, "aü"}, {"🦆", 3, ""}, {"", 0, ""},
		{"a\xffb", 3, "a?b"}, {"\xff\xff\xff", 2, "?"}, {"\x80\x80\x80\x80", 2, ""},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, clip(test.in, test.max), "%q", test.in)
	}
}
