package destination

import (
	"errors"
	"net/netip"
	"syscall"
)

// errNotPublic is that of a connection to an address that is not for everybody.
var errNotPublic = errors.New("the address is not a public one")

// onlyPublic is a net.Dialer.Control: it sees the address that a name was
// resolved to, so that no name and no later answer of a name server leads
// inside.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	place, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(place.Addr()) {
		return errNotPublic
	}
	return nil
}

// isPublic reports whether an address is one of the global internet, by IANA's
// special-purpose address registries (RFC 6890) and what clouds use for
// metadata services.
func isPublic(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	if addr.Is6() && !prefix("2000::/3").Contains(addr) {
		return false
	}
	for _, special := range []string{
		"0.0.0.0/8",        // this network
		"100.64.0.0/10",    // shared by carriers, RFC 6598
		"168.63.129.16/32", // metadata of Azure
		"192.0.0.0/24",     // protocol assignments, and metadata of Oracle
		"192.0.2.0/24",     // documentation
		"192.88.99.0/24",   // relays to IPv6, deprecated
		"198.18.0.0/15",    // benchmarks
		"198.51.100.0/24",  // documentation
		"203.0.113.0/24",   // documentation
		"240.0.0.0/4",      // reserved, broadcast
		"2001::/23",        // protocol assignments, Teredo among them
		"2001:db8::/32",    // documentation
		"2002::/16",        // 6to4: holds any IPv4 address
		"3fff::/20",        // documentation
	} {
		if prefix(special).Contains(addr) {
			return false
		}
	}
	return true
}

// prefix parses one of ours.
func prefix(text string) netip.Prefix {
	p, _ := netip.ParsePrefix(text)
	return p
}
