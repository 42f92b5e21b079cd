package remote_test

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

// TestOnlyNetworksThatMayBeReachedAre looks at the address right before it is dialled (SEAMK-47), whichever name led there, and
// finds every dialer of the connectors asking.
func TestOnlyNetworksThatMayBeReachedAre(t *testing.T) {
	bound := remote.Within(t.Context(), []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("2001:db8::/32")})
	for address, ok := range map[string]bool{
		"10.20.3.4:443": true, "10.21.3.4:443": false, "[2001:db8::1]:22": true, "[2001:db9::1]:22": false, "[::ffff:10.20.0.1]:22": true,
		"127.0.0.1:3306": true, "[::1]:3306": true, "/run/mysqld/mysqld.sock": true, "169.254.169.254:80": false,
	} {
		if err := remote.Reachable(bound, "tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if err := remote.Reachable(t.Context(), "tcp", address, nil); err != nil {
			t.Errorf("%s, where nothing is bound: %v", address, err)
		}
	}
	nothing := remote.Within(t.Context(), nil)
	if err := remote.Reachable(nothing, "tcp", "10.20.3.4:443", nil); fault.Code(err) != "UOMA-SRC-NETWORK" {
		t.Errorf("a list without a network lets something be dialled: %v", err)
	}
	client, err := remote.HTTP{}.Client()
	if err != nil {
		t.Fatal(err)
	}
	for name, dial := range map[string]func(context.Context) error{
		"a dialer": func(ctx context.Context) error {
			d := net.Dialer{ControlContext: remote.Reachable}
			_, err := d.DialContext(ctx, "tcp", "192.0.2.1:443")
			return err
		},
		"a client": func(ctx context.Context) error {
			q, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://192.0.2.1/", nil)
			if err != nil {
				return err
			}
			_, err = client.Do(q) //nolint:bodyclose // there is no answer
			return err
		},
	} {
		if err := dial(bound); fault.Code(err) != "UOMA-SRC-NETWORK" {
			t.Errorf("%s: %v", name, err)
		}
	}
	everyDialerAsks(t)
}

var dialer = regexp.MustCompile(`net\.Dialer\{[^\n]*`)

func everyDialerAsks(t *testing.T) {
	t.Helper()
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		for _, m := range dialer.FindAllString(string(src), -1) {
			if found++; !strings.Contains(m, "ControlContext:") {
				t.Errorf("%s dials without asking: %s", path, m)
			}
		}
		if strings.Contains(string(src), "net.Dial(") || strings.Contains(string(src), "net.DialTimeout(") {
			t.Errorf("%s dials without asking", path)
		}
		if strings.Contains(string(src), "config.LoadDefaultConfig(") && !strings.HasSuffix(path, "amazon.go") {
			t.Errorf("%s lets the SDK of AWS dial without asking", path)
		}
		return err
	})
	if err != nil || found < 3 {
		t.Errorf("%d dialers: %v", found, err)
	}
}
