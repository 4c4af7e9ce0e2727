package launch

import (
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/keystone/policy"
)

// Store is the database, for the tools of operators.
type Store = db.Store

// OpenStore opens the database for a tool; it does not migrate. Errors:
// invalid, naming section and option.
func OpenStore(cfg db.Config) (*Store, error) {
	store, err := db.Open(cfg)
	return store, inSection("database", err)
}

// PolicySample is policy.yaml with every rule, commented out and explained.
func PolicySample() []byte { return policy.Sample() }
