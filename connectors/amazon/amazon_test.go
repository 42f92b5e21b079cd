package amazon_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"uoma/connectors/amazon"
	"uoma/connectors/remote"
	"uoma/internal/fault"
)

const startPage = "https://portal.example/start"

// TestThreat_T11_CredentialsAreAskedInOurNetworksAlone has the SDK look for credentials at a listener of this machine, under the
// address that stands for any: it is no loopback, and is dialled where a network that may be reached has it.
func TestThreat_T11_CredentialsAreAskedInOurNetworksAlone(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var asked atomic.Int32
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	at := "0.0.0.0:" + port
	home := t.TempDir()
	for name, value := range map[string]string{"HOME": home, "AWS_MAX_ATTEMPTS": "1", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "none"), "HTTP_PROXY": "http://" + listener.Addr().String(),
		"AWS_ENDPOINT_URL_STS": "http://" + at, "AWS_ENDPOINT_URL_SSO": "http://" + at, "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://" + at} {
		t.Setenv(name, value)
	}
	write(t, filepath.Join(home, "config"), "[profile portal]\nsso_start_url = "+startPage+"\nsso_region = eu-north-1\nsso_account_id = 111122223333\nsso_role_name = uoma\n"+
		"[profile container]\ncredential_source = EcsContainer\nrole_arn = arn:aws:iam::111122223333:role/uoma\n"+
		"[profile web]\nrole_arn = arn:aws:iam::111122223333:role/uoma\nweb_identity_token_file = "+filepath.Join(home, "token")+"\n")
	write(t, filepath.Join(home, "token"), "token")
	page := sha1.Sum([]byte(startPage))
	write(t, filepath.Join(home, ".aws/sso/cache", hex.EncodeToString(page[:])+".json"), `{"accessToken": "token", "expiresAt": "2999-01-01T00:00:00Z", "startUrl": "`+startPage+`", "region": "eu-north-1"}`)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://"+at+"/credentials")

	retrieve := func(ctx context.Context, profile string) (int32, error) {
		asked.Store(0)
		c, err := amazon.Load(ctx, "eu-north-1", profile)
		if err == nil {
			_, err = c.Credentials.Retrieve(ctx)
		}
		return asked.Load(), err
	}
	elsewhere := remote.Within(t.Context(), []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	here := remote.Within(t.Context(), []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")})
	for _, from := range []string{"portal", "container", "web", "metadata"} {
		profile := from
		if from == "metadata" {
			profile = ""
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
		}
		n, err := retrieve(elsewhere, profile)
		if n != 0 || fault.Code(amazon.Refused(err)) != "UOMA-SRC-NETWORK" {
			t.Errorf("%s was asked %d times outside of the networks: %v", from, n, err)
		}
		if n, err := retrieve(here, profile); n == 0 || amazon.Refused(err) != nil {
			t.Errorf("%s was not asked in the networks: %v", from, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
