package db

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
)

func (s *Store) CreateTrigger(context.Context, *picasso.Trigger) error { return errNotYet }
func (s *Store) Trigger(context.Context, string, string) (*picasso.Trigger, error) {
	return nil, errNotYet
}
func (s *Store) Triggers(context.Context, picasso.TriggerFilter, picasso.Page) ([]picasso.Trigger, bool, error) {
	return nil, false, errNotYet
}
func (s *Store) UpdateTrigger(context.Context, *picasso.Trigger, time.Time) error { return errNotYet }
func (s *Store) DeleteTrigger(context.Context, string, string) error              { return errNotYet }
func (s *Store) DueSchedules(context.Context, time.Time, int) ([]picasso.Trigger, time.Time, error) {
	return nil, time.Time{}, errNotYet
}
func (s *Store) Fire(context.Context, *picasso.Firing) error { return errNotYet }
