package docker

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// fence makes networks unreachable from the network namespace of the calling
// thread: connecting to them fails at once with EACCES. A route does it
// instead of a packet filter, so it holds whatever filter the host uses, and
// the function, which has no CAP_NET_ADMIN, cannot take it away.
//
// The bridge's own network is fenced as well. Other sandboxes and the host's
// address on the bridge are then out of reach, while the default route still
// leads through that address, as it is resolved on the link.
func fence(networks []netip.Prefix) error {
	if err := trustGateway(); err != nil {
		return err
	}
	for _, network := range networks {
		if err := prohibit(network); err != nil {
			return fmt.Errorf("route to %s: %w", network, err)
		}
	}
	return nil
}

// trustGateway turns reverse path filtering off in the namespace of the
// calling thread (proc shows each thread its own). With it, the kernel would
// not answer the gateway's ARP requests once the bridge's network is fenced.
func trustGateway() error {
	files, err := filepath.Glob("/proc/sys/net/ipv4/conf/*/rp_filter")
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := os.WriteFile(file, []byte("0"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// prohibit adds a route of type prohibit, in place of another one to the same
// network (rtnetlink(7)).
func prohibit(network netip.Prefix) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(fd, prohibitRequest(network), 0, kernel); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return err
	}
	return ackError(answer[:n])
}

// prohibitRequest is RTM_NEWROUTE: nlmsghdr, rtmsg, and the destination as its
// only attribute.
func prohibitRequest(network netip.Prefix) []byte {
	const size = unix.SizeofNlMsghdr + unix.SizeofRtMsg + unix.SizeofRtAttr + 4
	const flags = unix.NLM_F_REQUEST | unix.NLM_F_ACK | unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	order := binary.NativeEndian
	b := order.AppendUint32(make([]byte, 0, size), size)
	b = order.AppendUint16(b, unix.RTM_NEWROUTE)
	b = order.AppendUint16(b, flags)
	b = order.AppendUint32(b, 1) // sequence
	b = order.AppendUint32(b, 0) // sender: the kernel fills it in
	b = append(b, unix.AF_INET, byte(network.Bits()), 0, 0,
		unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, unix.RTN_PROHIBIT)
	b = order.AppendUint32(b, 0) // route flags
	b = order.AppendUint16(b, unix.SizeofRtAttr+4)
	b = order.AppendUint16(b, unix.RTA_DST)
	address := network.Masked().Addr().As4()
	return append(b, address[:]...)
}

// ackError reads NLMSG_ERROR: nlmsghdr and a negative errno, 0 for success.
func ackError(answer []byte) error {
	if len(answer) < unix.SizeofNlMsghdr+4 {
		return unix.EBADMSG
	}
	code := int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:]))
	if code == 0 {
		return nil
	}
	return unix.Errno(-code)
}
