package destination

// Options is section [destinations] of picasso.conf.
type Options struct {
	AllowPrivate bool   `ini:"allow_private" help:"Let functions name destinations inside: loopback, private, link-local and shared addresses. Whoever can create a function can then send requests to them."`
	CAFile       string `ini:"cafile" help:"Certificates (PEM) that destinations are checked against. Empty: those of the system."`
	// CA is what CAFile holds; nil means the system's.
	CA []byte `ini:"-"`
}
