package workspace

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"uoma/internal/document"
	"uoma/internal/fault"
)

// Network says which networks the machine must be in and may reach. The zero value says nothing.
type Network struct {
	Inside   []string `yaml:"inside"`
	Outbound []string `yaml:"outbound"`
}

var (
	errNetworkForm = fault.New("UOMA-WSP-NETWORK", "the network is not of the form 10.20.0.0/16", "correct the line in uoma.yaml")
	errOutside     = fault.New("UOMA-WSP-OUTSIDE", "the machine has no address in the networks that the workspace may be used in",
		"use it on a machine of network.inside in uoma.yaml, by a remote session if need be")
)

// prefixes reads a list of networks; wrong is the fault of the one at a place.
func prefixes(list []string, wrong func(i int) error) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, len(list))
	for i, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, wrong(i)
		}
		out[i] = p
	}
	return out, nil
}

// networks reads one of the two lists.
func (n *Network) networks(key string, list []string, src []byte) ([]netip.Prefix, error) {
	return prefixes(list, func(i int) error {
		return errNetworkForm.At(document.Locate(FileName, src, "network", key, fmt.Sprint(i)))
	})
}

// reach gives the networks that may be dialled.
func (n *Network) reach(src []byte) ([]netip.Prefix, error) {
	if n.Outbound != nil {
		return n.networks("outbound", n.Outbound, src)
	}
	return n.networks("inside", n.Inside, src)
}

// check refuses networks that cannot be read, and a machine that has no address in those that it must be in.
func (n *Network) check(src []byte) error {
	if len(n.Inside) == 0 {
		return nil
	}
	within, err := n.networks("inside", n.Inside, src)
	if err != nil {
		return err
	}
	if _, err := n.reach(src); err != nil {
		return err
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return errOutside.At(document.Locate(FileName, src, "network", "inside")).Because(errors.New("its addresses cannot be read"))
	}
	if !anyWithin(own, within) {
		return errOutside.At(document.Locate(FileName, src, "network", "inside"))
	}
	return nil
}

// anyWithin tells whether an address of the machine, which is not one that every machine has, is in one of the networks.
func anyWithin(own []net.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(own, func(a net.Addr) bool {
		has, err := netip.ParsePrefix(a.String())
		ip := has.Addr().Unmap()
		return err == nil && !ip.IsLoopback() && slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
	})
}
