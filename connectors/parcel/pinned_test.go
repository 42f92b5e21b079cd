package parcel

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"uoma/internal/fault"
)

// pin writes recipients/national-service.yaml with two keys, of which the second follows the first with 30 days overlap.
func pin(t testing.TB, endpoint party, alter func(string) string) (folder string, keys [2]string) {
	t.Helper()
	for i := range keys {
		_, r, _ := newIdentity(t)
		keys[i] = fmt.Sprint(r)
	}
	text := fmt.Sprintf(`id: national-service
name: National career survey service
country: FI
url: https://service.example/uoma
ca: service-ca.pem
spki_pins: ["%s="]
keys:
  - {key_id: key-2026, recipient: %s, not_before: 2026-01-01, not_after: 2026-12-31}
  - {key_id: key-2027, recipient: %s, not_before: 2026-12-01, not_after: 2027-12-31}
receipt_keys:
  - '%s'
approved_by: [Registrar A, Officer B]
fingerprint_source: read out by telephone on 2025-12-15
`, strings.Repeat("A", 43), keys[0], keys[1], strings.TrimSpace(endpoint.allowed[0].Line()))
	if alter != nil {
		text = alter(text)
	}
	folder = t.TempDir()
	check(t, os.WriteFile(filepath.Join(folder, recipient+".yaml"), []byte(text), 0o600))
	return folder, keys
}

func endpointParty(t testing.TB) party {
	return newParty(t, EndpointPrincipal(recipient), ReceiptNamespace+","+KeysNamespace)
}

func TestRotationEncryptsToEveryValidKey(t *testing.T) {
	folder, keys := pin(t, endpointParty(t), nil)
	for _, c := range []struct {
		at   string
		want []string
		warn bool
		err  error
	}{
		{"2025-12-31T23:59:59Z", nil, false, ErrExpired},
		{"2026-01-01T00:00:00Z", keys[:1], false, nil},
		{"2026-12-01T00:00:00Z", keys[:], false, nil},
		{"2026-12-31T23:59:59Z", keys[:], false, nil},
		{"2027-01-01T00:00:00Z", keys[1:], false, nil},
		{"2027-12-01T23:59:59Z", keys[1:], false, nil},
		{"2027-12-02T00:00:00Z", keys[1:], true, nil},
		{"2027-12-31T23:59:59Z", keys[1:], true, nil},
		{"2028-01-01T00:00:00Z", nil, false, ErrExpired},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		check(t, err)
		r, warnings, err := LoadRecipient(folder, recipient, at)
		if !errors.Is(err, c.err) || (len(warnings) > 0) != c.warn || c.warn && fault.Code(warnings[0]) != "UOMA-DLV-RECIPIENT-EXPIRES" {
			t.Errorf("%s: %v, %v", c.at, warnings, err)
		}
		if c.err != nil {
			continue
		}
		to, named, err := r.EncryptTo(at)
		check(t, err)
		if len(to) != len(c.want) || len(named) != len(c.want) {
			t.Fatalf("%s: %d keys", c.at, len(to))
		}
		for i := range to {
			if fmt.Sprint(to[i]) != c.want[i] || named[i].RecipientSHA256 != SHA256Hex([]byte(c.want[i])) {
				t.Errorf("%s: another key", c.at)
			}
		}
	}
}

func TestThreat_T41_NothingIsTrustedUnpinned(t *testing.T) {
	endpoint := endpointParty(t)
	replace := func(old, new string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, new, 1) }
	}
	for name, c := range map[string]struct {
		alter func(string) string
		code  string
	}{
		"one approver":        {replace("[Registrar A, Officer B]", "[Registrar A]"), "UOMA-CFG-SCHEMA"},
		"same person twice":   {replace("[Registrar A, Officer B]", "[Registrar A, registrar  a]"), "UOMA-DLV-RECIPIENT-UNPINNED"},
		"another id":          {replace("id: national-service", "id: another"), "UOMA-DLV-RECIPIENT-UNPINNED"},
		"no source":           {replace("fingerprint_source: read", "# read"), "UOMA-CFG-SCHEMA"},
		"unknown key":         {replace("country: FI", "country: FI\ncontry: FI"), "UOMA-CFG-SCHEMA"},
		"plain HTTP":          {replace("https://", "http://"), "UOMA-CFG-SCHEMA"},
		"not an age key":      {replace("recipient: age1", "recipient: age1q"), "UOMA-DLV-RECIPIENT-UNPINNED"},
		"key id twice":        {replace("key-2027", "key-2026"), "UOMA-DLV-RECIPIENT-UNPINNED"},
		"ends before it is":   {replace("not_after: 2026-12-31", "not_after: 2025-12-31"), "UOMA-DLV-RECIPIENT-UNPINNED"},
		"day that is none":    {replace("not_after: 2026-12-31", "not_after: 2026-12-32"), "UOMA-CFG-SYNTAX"},
		"another's principal": {replace("endpoint@national-service", "endpoint@another"), "UOMA-DLV-RECIPIENT-UNPINNED"},
		"no namespaces":       {replace(`namespaces="receipt@uoma,keys@uoma",`, ""), "UOMA-DLV-RECIPIENT-UNPINNED"},
		"all revoked":         {func(s string) string { return s + revokeLine(s) }, "UOMA-DLV-RECIPIENT-EXPIRED"},
	} {
		folder, _ := pin(t, endpoint, c.alter)
		if _, _, err := LoadRecipient(folder, recipient, now); fault.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{"nobody", "", "../recipients/x", "ÄÖ"} {
		if _, _, err := LoadRecipient(t.TempDir(), id, now); !errors.Is(err, ErrUnpinned) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func revokeLine(text string) string {
	_, rest, _ := strings.Cut(text, "recipient: ")
	key, _, _ := strings.Cut(rest, ",")
	return "revoked_keys: [" + key + "]\n"
}

func TestThreat_T41_PublishedKeysNeedATrustedSignature(t *testing.T) {
	endpoint := endpointParty(t)
	folder, keys := pin(t, endpoint, nil)
	pinned, _, err := LoadRecipient(folder, recipient, now)
	check(t, err)
	_, fresh, _ := newIdentity(t)
	list := &KeyList{
		Version: 2, Expires: now.AddDate(0, 1, 0), ReceiptKeys: pinned.ReceiptKeyLines, Revoked: []string{keys[0]},
		Recipients: []PublishedKey{{"key-2028", fmt.Sprint(fresh), day(2027, 12, 1), day(2028, 12, 31)}},
	}
	raw, err := list.Encode()
	check(t, err)
	sign := func(p party, namespace string) []byte {
		sig, err := p.signer.Sign(rand.Reader, namespace, raw)
		check(t, err)
		return sig
	}
	right := sign(endpoint, KeysNamespace)
	_, changes, err := CheckKeyList(raw, right, pinned, 1, now)
	check(t, err)
	counts := map[string]int{}
	for _, c := range changes {
		counts[c.What]++
	}
	if counts["add"] != 1 || counts["remove"] != 2 || counts["revoke"] != 1 {
		t.Errorf("changes %v", counts)
	}
	for i := range raw {
		altered := append([]byte(nil), raw...)
		altered[i] ^= 1 << (i % 8)
		if _, _, err := CheckKeyList(altered, right, pinned, 1, now); !errors.Is(err, ErrSignature) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	for name, c := range map[string]struct {
		sig  []byte
		seen int64
		at   time.Time
		want error
	}{
		"same version":    {right, 2, now, ErrKeys},
		"lower version":   {right, 3, now, ErrKeys},
		"expired":         {right, 1, now.AddDate(0, 1, 0), ErrKeys},
		"another purpose": {sign(endpoint, ReceiptNamespace), 1, now, ErrNamespace},
		"a stranger":      {sign(endpointParty(t), KeysNamespace), 1, now, ErrPrincipal},
	} {
		if _, _, err := CheckKeyList(raw, c.sig, pinned, c.seen, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	pinned.receiptKeys = Revoke(pinned.receiptKeys, []ssh.PublicKey{endpoint.signer.PublicKey()})
	if _, _, err := CheckKeyList(raw, right, pinned, 1, now); !errors.Is(err, ErrRevoked) {
		t.Errorf("revoked: %v", err)
	}
}

func TestKeyFilesMustBelongToTheirOwnerAlone(t *testing.T) {
	p := newParty(t, SenderPrincipal(sender), ManifestNamespace)
	_, _, identity := newIdentity(t)
	signing := filepath.Join(p.folder, "signing")
	loads := map[string]func() error{
		signing:  func() error { _, err := LoadSigner(signing); return err },
		identity: func() error { _, err := LoadIdentity(identity); return err },
	}
	for path, load := range loads {
		check(t, load())
		for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o601, 0o644} {
			check(t, os.Chmod(path, mode))
			if err := load(); !errors.Is(err, ErrKeyPerms) {
				t.Errorf("%v: %v", mode, err)
			}
		}
		check(t, os.Chmod(path, 0o400))
		check(t, load())
		check(t, os.Chmod(path, 0o600))
		check(t, os.WriteFile(path, []byte("AGE-SECRET-KEY-1BROKEN"), 0o600))
		if err := load(); !errors.Is(err, ErrKeyFile) || strings.Contains(err.Error(), "BROKEN") {
			t.Errorf("broken: %v", err)
		}
		check(t, os.Remove(path))
		if err := load(); !errors.Is(err, ErrKeyFile) {
			t.Errorf("missing: %v", err)
		}
	}
}

func TestNewKeysOverwriteNothing(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	check(t, err)
	defer root.Close()
	_, err = CreateIdentity(root, "key", now)
	check(t, err)
	if _, err := CreateIdentity(root, "key", now); !errors.Is(err, ErrKeyFile) {
		t.Errorf("got %v", err)
	}
	if _, err := CreateSigner(root, "key", rand.Reader, ""); !errors.Is(err, ErrKeyFile) {
		t.Errorf("got %v", err)
	}
	one, err := CreateSigner(root, "one", strings.NewReader(strings.Repeat("x", 32)), "")
	check(t, err)
	two, err := CreateSigner(root, "two", strings.NewReader(strings.Repeat("x", 32)), "")
	check(t, err)
	if one.KeyID() != two.KeyID() {
		t.Error("the same randomness gave another key")
	}
	if _, err := CreateSigner(root, "three", strings.NewReader("x"), ""); !errors.Is(err, ErrKeyFile) {
		t.Errorf("too little randomness: %v", err)
	}
}

func TestKeysPrintAsSecret(t *testing.T) {
	p := newParty(t, SenderPrincipal(sender), ManifestNamespace)
	id, _, _ := newIdentity(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		if got := fmt.Sprintf(verb+verb, p.signer, id); got != "[secret][secret]" {
			t.Errorf("%s prints %d characters", verb, len(got))
		}
	}
}

func TestAllowedSignersAreNarrow(t *testing.T) {
	key := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(endpointParty(t).signer.PublicKey())))
	for name, line := range map[string]string{
		"wildcard":             `*@x namespaces="a" ` + key,
		"negation":             `!a,b namespaces="a" ` + key,
		"wildcard namespace":   `a namespaces="*" ` + key,
		"no namespaces":        `a ` + key,
		"empty namespaces":     `a namespaces="" ` + key,
		"certificate":          `a cert-authority,namespaces="a" ` + key,
		"unknown option":       `a namespaces="a",no-touch-required ` + key,
		"local time":           `a namespaces="a",valid-after="20260101" ` + key,
		"wrong day":            `a namespaces="a",valid-after="20260231Z" ` + key,
		"twice":                `a namespaces="a",namespaces="b" ` + key,
		"no key":               `a`,
		"broken key":           `a namespaces="a" ssh-ed25519 AAAA`,
		"RSA":                  `a namespaces="a" ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC=`,
		"larger than a pinned": strings.Repeat("#", maxAllowed+1),
	} {
		if _, err := ParseAllowedSigners([]byte(line)); !errors.Is(err, ErrAllowed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	two, err := ParseAllowedSigners([]byte("# list\n\na,b namespaces=\"x,y\",valid-before=\"202701011200Z\" " + key + " comment\r\n"))
	check(t, err)
	if len(two) != 2 || two[1].Principal != "b" || len(two[1].Namespaces) != 2 || two[0].ValidBefore.Hour() != 12 {
		t.Errorf("got %+v", two)
	}
}
