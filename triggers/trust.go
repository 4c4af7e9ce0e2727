package triggers

import (
	"context"
	"errors"
	"time"
)

const (
	revokeEvery  = 10 * time.Second
	revokeAtOnce = 100
	// revokeFailures in a row mean that it is Keystone and not the trust.
	revokeFailures = 3
)

// revokeTrusts ends trusts that nothing uses any more. Two processes that do it
// at once do no harm. One that cannot be revoked is tried again behind all others,
// which it does not keep waiting.
func (s *Service) revokeTrusts(ctx context.Context) error {
	for {
		ids, err := s.cfg.Trusts.DroppedTrusts(ctx, revokeAtOnce)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.revokeAll(ctx, ids); err != nil || len(ids) < revokeAtOnce {
			return err
		}
	}
}

// revokeAll returns the last error there was.
func (s *Service) revokeAll(ctx context.Context, ids []string) (failed error) {
	failures := 0
	for _, id := range ids {
		if failures == revokeFailures || ctx.Err() != nil {
			break
		}
		err := s.cfg.Delegator.Revoke(ctx, id)
		if err == nil {
			err = s.cfg.Trusts.ForgetTrust(ctx, id)
		}
		if err == nil {
			failures = 0
			continue
		}
		failed = errors.Join(err, s.cfg.Trusts.DropTrust(ctx, id))
		failures++
	}
	return failed
}
