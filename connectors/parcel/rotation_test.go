package parcel

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"uoma/internal/fault"
)

// A recipient that keeps its older key opens what was sealed to either.
func TestIdentityFileOpensEveryKeyItHolds(t *testing.T) {
	_, old, oldPath := newIdentity(t)
	_, fresh, freshPath := newIdentity(t)
	_, stranger, _ := newIdentity(t)
	hybrid, err := age.GenerateHybridIdentity()
	check(t, err)
	one, err := os.ReadFile(oldPath)
	check(t, err)
	two, err := os.ReadFile(freshPath)
	check(t, err)
	both := filepath.Join(t.TempDir(), "keys")
	check(t, os.WriteFile(both, append(append(one, two...), hybrid.String()...), 0o600))
	id, err := LoadIdentity(both)
	check(t, err)
	if len(id.Recipients()) != 3 || id.Recipients()[2] != hybrid.Recipient().String() {
		t.Error("the recipients are not those of the file")
	}
	for name, c := range map[string]struct {
		to []age.Recipient
		ok bool
	}{
		"old":          {[]age.Recipient{old}, true},
		"fresh":        {[]age.Recipient{fresh}, true},
		"rotating":     {[]age.Recipient{stranger, old, fresh}, true},
		"post-quantum": {[]age.Recipient{hybrid.Recipient()}, true},
		"stranger":     {[]age.Recipient{stranger}, false},
	} {
		var out bytes.Buffer
		sealed, err := Seal(&out, contents(), c.to, Zstd)
		check(t, err)
		if err := Open(&out, id, manifestFor(sealed, ""), nil); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One line of several is enough, unless the key is revoked.
func TestRenewedLineCounts(t *testing.T) {
	p := newParty(t, SenderPrincipal(sender), ManifestNamespace)
	msg := []byte("the manifest")
	sig, err := p.signer.Sign(rand.Reader, ManifestNamespace, msg)
	check(t, err)
	expired, elsewhere := p.allowed[0], p.allowed[0]
	expired.ValidBefore = now.AddDate(0, -1, 0)
	elsewhere.Namespaces = []string{KeysNamespace}
	verify := func(lines ...AllowedSigner) error {
		_, err := Verify(sig, msg, ManifestNamespace, SenderPrincipal(sender), lines, now)
		return err
	}
	check(t, verify(expired, elsewhere, p.allowed[0]))
	revoked := expired
	revoked.Revoked = true
	for _, c := range []struct {
		lines []AllowedSigner
		want  string
	}{
		{nil, "UOMA-DLV-SIGNATURE-PRINCIPAL"},
		{[]AllowedSigner{elsewhere}, "UOMA-DLV-SIGNATURE-NAMESPACE"},
		{[]AllowedSigner{elsewhere, expired}, "UOMA-DLV-SIGNATURE-WINDOW"},
		{[]AllowedSigner{expired, elsewhere}, "UOMA-DLV-SIGNATURE-WINDOW"},
		{[]AllowedSigner{p.allowed[0], revoked}, "UOMA-DLV-SIGNATURE-REVOKED"},
	} {
		if err := verify(c.lines...); fault.Code(err) != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
