package db_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
)

func TestSmoke(t *testing.T) {
	for _, s := range []*db.Store{dbtest.SQLite(t), dbtest.MariaDB(t), dbtest.Open(t, "sqlite://")} {
		require.NoError(t, s.CheckVersion(t.Context()))
		require.NoError(t, s.Migrate(t.Context()))
		_, err := s.App(t.Context(), "p", "x")
		require.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
	}
}
