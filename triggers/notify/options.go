package notify

import (
	"crypto/x509"

	"github.com/picasso-faas/picasso"
)

// What becomes of a project's functions when Keystone says that it was deleted.
const (
	OnProjectDeletedDelete = "delete"
	OnProjectDeletedIgnore = "ignore"
)

// Options are those of section [notifications] of picasso.conf that say what
// becomes of notifications; package amqp has those that say where they come from.
type Options struct {
	OnProjectDeleted string `ini:"on_project_deleted" help:"What becomes of the apps, functions and triggers of a project that was deleted in Keystone: delete (also cancels what is queued, and revokes the project's trusts) or ignore. Keystone must send notifications."`
	KeystoneExchange string `ini:"keystone_exchange" help:"Exchange that Keystone publishes to (its control_exchange). Projects are believed to be deleted only when it comes from there."`
	CAFile           string `ini:"cafile" help:"Certificates (PEM) that Swift and Aodh are checked against. Empty: those of the system."`
	// CA is what CAFile holds; nil means the system's.
	CA []byte `ini:"-"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options {
	return Options{OnProjectDeleted: OnProjectDeletedDelete, KeystoneExchange: "keystone"}
}

// Validate checks the values. Errors: invalid, naming the option.
func (o Options) Validate() error {
	switch {
	case o.OnProjectDeleted != OnProjectDeletedDelete && o.OnProjectDeleted != OnProjectDeletedIgnore:
		return picasso.Errorf(picasso.CodeInvalid, "on_project_deleted: must be delete or ignore")
	case o.KeystoneExchange == "":
		return picasso.Errorf(picasso.CodeInvalid, "keystone_exchange: is required")
	case o.CA != nil && !x509.NewCertPool().AppendCertsFromPEM(o.CA):
		return picasso.Errorf(picasso.CodeInvalid, "cafile: holds no certificate in PEM")
	}
	return nil
}
