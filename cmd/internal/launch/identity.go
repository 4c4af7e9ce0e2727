package launch

import (
	"context"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/policy"
)

func (p *parts) authenticator(cfg Config, log *logrus.Logger) (who picasso.Authenticator, challenge string, err error) {
	if cfg.General.AuthStrategy == AuthNone {
		log.Warn("auth_strategy is noauth: everybody on this host can do everything")
		return keystone.NoAuth{}, "", nil
	}
	a, err := keystone.New(cfg.Keystone)
	if err != nil {
		return nil, "", err
	}
	p.tasks = append(p.tasks, func(ctx context.Context) {
		if err := a.Check(ctx); err != nil && ctx.Err() == nil {
			log.WithError(err).Error("Keystone does not take the service user; requests with tokens get 503 until it does")
		}
	})
	return a, a.WWWAuthenticate(), nil
}

// delegator is nil where there is no Keystone.
func delegator(role Role, cfg Config, log *logrus.Logger) (picasso.Delegator, error) {
	if !cfg.usesKeystone(role) {
		if cfg.General.AuthStrategy == AuthKeystone {
			log.Warn("[keystone_authtoken] says nothing of Keystone: what has delegated roles fails, and so does what must be looked at in Swift or Aodh")
		}
		return nil, nil
	}
	return keystone.NewDelegator(cfg.Keystone, cfg.Delegation)
}

func openPolicy(cfg Policy, log *logrus.Logger) (*policy.Policy, error) {
	dir, name := filepath.Split(cfg.File)
	if dir == "" {
		dir = "."
	}
	return policy.New(policy.Source{Dir: os.DirFS(dir), Name: name, Required: !cfg.optional}, log)
}
