package workspace

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/internal/fault"
)

// TestTheMachineIsInsideTheNetwork opens a workspace only where the settings want it used (SEAMK-47): everything that opens it
// is refused elsewhere, and the check says so.
func TestTheMachineIsInsideTheNetwork(t *testing.T) {
	for _, q := range []struct {
		own, networks string
		inside        bool
	}{
		{"10.20.3.4/16", "10.20.0.0/16", true},
		{"10.21.3.4/16", "10.20.0.0/16", false},
		{"127.0.0.1/8 192.0.2.7/24", "127.0.0.0/8 10.0.0.0/8", false}, // every machine has a loopback
		{"127.0.0.1/8 192.0.2.7/24", "10.0.0.0/8 192.0.2.0/25", true},
		{"2001:db8::7/64", "2001:db8::/32", true},
		{"fe80::1/64", "2001:db8::/32", false},
		{"", "0.0.0.0/0", false},
	} {
		var own []net.Addr
		for _, s := range strings.Fields(q.own) {
			ip, n, err := net.ParseCIDR(s)
			if err != nil {
				t.Fatal(err)
			}
			own = append(own, &net.IPNet{IP: ip, Mask: n.Mask})
		}
		var networks []netip.Prefix
		for _, s := range strings.Fields(q.networks) {
			networks = append(networks, netip.MustParsePrefix(s))
		}
		if got := anyWithin(own, networks); got != q.inside {
			t.Errorf("%s within %s: %v", q.own, q.networks, got)
		}
	}
	dir := filepath.Join(t.TempDir(), "ws")
	for network, code := range map[string]string{
		"{inside: [240.0.0.0/4]}":                              "UOMA-WSP-OUTSIDE", // reserved: no machine has it
		"{inside: [192.0.2.0]}":                                "UOMA-WSP-NETWORK",
		"{inside: [0.0.0.0/0, \"::/0\"], outbound: [nowhere]}": "UOMA-WSP-NETWORK",
		"{outbound: [192.0.2.0/24]}":                           "UOMA-CFG-SCHEMA",
	} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := Init(dir, append(Template(), "network: "+network+"\n"...)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), dir); fault.Code(err) != code {
			t.Errorf("%s: %v", network, err)
		}
		found, err := Check(t.Context(), dir, CheckOptions{Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, f := range found {
			if f.Severity == Error {
				codes = append(codes, f.Code)
			}
		}
		if got := strings.Join(codes, " "); got != code {
			t.Errorf("%s: the check finds %s", network, got)
		}
	}
}
