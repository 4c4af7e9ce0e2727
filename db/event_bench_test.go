package db_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// BenchmarkEventTriggers looks at 10,000 triggers when nothing has changed, and
// when something has.
func BenchmarkEventTriggers(b *testing.B) {
	for name, open := range stores() {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			for _, fn := range makeFunctions(b, s, 1000) {
				for i := range 10 {
					t := &picasso.Trigger{ID: uuid.NewString(), ProjectID: fn.ProjectID, CreatedAt: fn.CreatedAt, UpdatedAt: fn.CreatedAt, TriggerSpec: picasso.TriggerSpec{
						Name: fmt.Sprint(fn.Name, "-", i), Function: fn.ID, Type: picasso.TriggerSwift, Enabled: true, Swift: &picasso.Swift{Container: "photos"},
					}}
					require.NoError(b, s.CreateTrigger(b.Context(), t))
				}
			}
			_, version, err := s.EventTriggers(b.Context(), 0)
			require.NoError(b, err)
			for _, since := range []int64{version, 0} {
				b.Run(fmt.Sprint("changed=", since == 0), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						_, _, err := s.EventTriggers(b.Context(), since)
						require.NoError(b, err)
					}
				})
			}
		})
	}
}

// BenchmarkRemoveProject removes 1,000 functions.
func BenchmarkRemoveProject(b *testing.B) {
	for name, open := range stores() {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			for b.Loop() {
				b.StopTimer()
				makeFunctions(b, s, 1000)
				b.StartTimer()
				n, err := s.RemoveProject(b.Context(), "p")
				require.NoError(b, err)
				require.Equal(b, 1000, n)
			}
		})
	}
}
