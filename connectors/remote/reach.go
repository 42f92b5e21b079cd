package remote

import (
	"context"
	"net/netip"
	"slices"
	"syscall"

	"uoma/internal/fault"
)

var errReach = fault.New("UOMA-SRC-NETWORK", "the host's address is in none of the networks that the workspace may reach",
	"add its network to network.outbound in uoma.yaml, when the host is meant").For(fault.Source)

// reach is the key under which a context carries the networks that may be dialled.
type reach struct{}

// Within binds the connections that are made under a context to networks, and to the machine itself.
func Within(ctx context.Context, networks []netip.Prefix) context.Context {
	return context.WithValue(ctx, reach{}, networks)
}

// Reachable is the ControlContext of every dialer: it looks at the address that a name led to, right before it is dialled,
// and refuses one that the context does not allow.
func Reachable(ctx context.Context, _, address string, _ syscall.RawConn) error {
	networks, bound := ctx.Value(reach{}).([]netip.Prefix)
	if !bound {
		return nil
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil // a socket of this machine
	}
	ip := to.Addr().Unmap()
	if ip.IsLoopback() || slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) }) {
		return nil
	}
	return errReach
}
