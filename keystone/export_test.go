package keystone

import "time"

// SetClock makes the authenticator live at another time.
func (a *Authenticator) SetClock(now func() time.Time) { a.now = now }

// Cached is how many tokens are remembered as valid and as wrong.
func (a *Authenticator) Cached() (grants, refusals int) {
	return a.cache.grants.Len(), a.cache.refusals.Len()
}

// Bounds that tests go to.
const (
	MaxValidations      = maxValidations
	CachedRefusals      = cachedRefusals
	RefusalTime         = refusalTime
	MaxTokenHeaderBytes = maxTokenHeaderBytes
)

// OwnToken is the token of the service user.
func (a *Authenticator) OwnToken() string { return a.client.provider.Token() }

// SetClock makes the delegator live at another time.
func (d *Delegator) SetClock(now func() time.Time) { d.now = now }

// Times that tests go to.
const (
	CredentialsTime = credentialsTime
	BrokenTime      = brokenTime
	ClockMargin     = clockMargin
)
