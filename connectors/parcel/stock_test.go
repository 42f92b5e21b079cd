package parcel

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The programs that anyone may use to check a delivery, and the Debian packages that bring them.
var packages = map[string]string{
	"age": "age", "age-keygen": "age", "ssh-keygen": "openssh-client", "sha256sum": "coreutils", "tar": "tar", "zstd": "zstd", "gzip": "gzip",
}

// shell runs a script of stock programs in a folder.
func shell(t testing.TB, folder, script string) (string, error) {
	t.Helper()
	for program, pkg := range packages {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: install the package %s", program, pkg)
		}
	}
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir = folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=Europe/Helsinki", "HOME=" + folder}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustShell(t testing.TB, folder, script string) string {
	t.Helper()
	out, err := shell(t, folder, script)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func write(t testing.TB, folder string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		check(t, os.WriteFile(filepath.Join(folder, name), b, 0o600))
	}
}

var expandWith = map[string]string{Zstd: "zstd -q -d --stdout", Gzip: "gzip -d --stdout", None: "cat"}

func TestStockProgramsCheckOurDelivery(t *testing.T) {
	for _, compression := range []string{Zstd, Gzip, None} {
		t.Run(compression, func(t *testing.T) {
			d := deliver(t, compression)
			folder := d.from.folder
			key, err := os.ReadFile(d.keyFile)
			check(t, err)
			write(t, folder, map[string][]byte{"d.age": d.payload, "d.manifest.json": d.raw, "d.manifest.json.sig": d.sig, "endpoint.key": key})
			mustShell(t, folder, `ssh-keygen -Y verify -f allowed_signers -I sender@example-university -n manifest@uoma -s d.manifest.json.sig < d.manifest.json`)
			sums := mustShell(t, folder, `sha256sum d.age | cut -d' ' -f1
				age -d -i endpoint.key -o plain.part d.age
				sha256sum plain.part | cut -d' ' -f1
				`+expandWith[compression]+` < plain.part > inner.tar
				stat -c %s inner.tar
				mkdir -p out; tar -xf inner.tar -C out; cd out; sha256sum --quiet -c SHA256SUMS
				grep '  schema/' SHA256SUMS | sha256sum | cut -d' ' -f1`)
			m := d.manifest
			want := []string{m.Payload.SHA256, m.Plaintext.SHA256, fmt.Sprint(m.Plaintext.ExpandedBytes), m.Dataset.SchemaSHA256}
			if got := strings.Fields(sums); strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("got %v\nwant %v", got, want)
			}
			list := mustShell(t, folder, `tar --numeric-owner -tvf inner.tar`)
			for _, line := range strings.Split(strings.TrimSpace(list), "\n") {
				if !strings.HasPrefix(line, "-rw------- 0/0 ") || !strings.Contains(line, "1970-01-01 02:00") {
					t.Errorf("attributes: %s", line)
				}
			}
		})
	}
}

// A sender without this program: stock programs make the keys, the archive, the container and the signature.
func TestWeCheckADeliveryMadeByStockPrograms(t *testing.T) {
	for _, compression := range []string{Zstd, Gzip, None} {
		t.Run(compression, func(t *testing.T) {
			folder := t.TempDir()
			var inner bytes.Buffer
			_, err := WriteInner(&inner, contents())
			check(t, err)
			write(t, folder, map[string][]byte{"ours.tar": inner.Bytes()})
			squeeze := map[string]string{Zstd: "zstd -q -19 --stdout", Gzip: "gzip -9 --stdout", None: "cat"}[compression]
			mustShell(t, folder, `age-keygen -o endpoint.key 2>/dev/null; age-keygen -y endpoint.key > endpoint.recipient
				ssh-keygen -q -t ed25519 -N '' -C 'uoma sender' -f sender
				printf 'sender@example-university namespaces="manifest@uoma",valid-after="20260101Z",valid-before="20280101Z" %s\n' "$(cut -d' ' -f1,2 sender.pub)" > allowed_signers
				mkdir out; tar -xf ours.tar -C out; cd out
				tar --format=ustar --owner=0 --group=0 --numeric-owner --mode=0600 --mtime=@0 -cf ../inner.tar $(tar -tf ../ours.tar); cd ..
				`+squeeze+` < inner.tar > plain
				age -R endpoint.recipient -o d.age plain`)
			signer, err := LoadSigner(filepath.Join(folder, "sender"))
			check(t, err)
			read := func(name string) []byte {
				b, err := os.ReadFile(filepath.Join(folder, name))
				check(t, err)
				return b
			}
			sealed := Sealed{PlainSHA256: SHA256Hex(read("plain")), PlainBytes: int64(len(read("plain"))), ExpandedBytes: int64(len(read("inner.tar"))),
				CipherSHA256: SHA256Hex(read("d.age")), CipherBytes: int64(len(read("d.age"))), SchemaSHA256: SchemaDigest(contents().Tables), Compression: compression}
			raw, err := manifestFor(sealed, signer.KeyID()).Encode()
			check(t, err)
			write(t, folder, map[string][]byte{"d.manifest.json": raw})
			mustShell(t, folder, `ssh-keygen -q -Y sign -f sender -n manifest@uoma d.manifest.json 2>/dev/null`)

			allowed, err := ParseAllowedSigners(read("allowed_signers"))
			check(t, err)
			keyID, err := Verify(read("d.manifest.json.sig"), raw, ManifestNamespace, SenderPrincipal(sender), allowed, now)
			check(t, err)
			if keyID != signer.KeyID() {
				t.Error("another key")
			}
			ours, err := signer.Sign(rand.Reader, ManifestNamespace, raw)
			check(t, err)
			if !bytes.Equal(ours, read("d.manifest.json.sig")) {
				t.Error("ssh-keygen and we write different signatures over the same bytes")
			}
			m, err := DecodeManifest(raw)
			check(t, err)
			id, err := LoadIdentity(filepath.Join(folder, "endpoint.key"))
			check(t, err)
			check(t, CheckPayload(bytes.NewReader(read("d.age")), m))
			seen := map[string]string{}
			check(t, Open(bytes.NewReader(read("d.age")), id, m, readAll(seen)))
			if len(seen) != 8 || !strings.Contains(seen["data/graduates/part-00001.csv"], "cccc,061") {
				t.Errorf("saw %d files", len(seen))
			}
		})
	}
}

// Each case must be refused, or taken, by ssh-keygen and by us alike.
func TestVerifyAgreesWithSSHKeygen(t *testing.T) {
	p, other := newParty(t, SenderPrincipal(sender), ManifestNamespace), newParty(t, SenderPrincipal(sender), ManifestNamespace)
	msg := []byte("the manifest")
	sig, err := p.signer.Sign(rand.Reader, ManifestNamespace, msg)
	check(t, err)
	public, err := os.ReadFile(filepath.Join(p.folder, "signing.pub"))
	check(t, err)
	altered := bytes.Clone(sig)
	altered[200] = map[bool]byte{true: 'B', false: 'A'}[altered[200] == 'A'] // within the signature, not a line's end
	cases := []struct {
		name, namespace, principal string
		sig, msg, revoked          []byte
		allowed                    party
		at                         time.Time
		want                       error
	}{
		{"right", ManifestNamespace, SenderPrincipal(sender), sig, msg, nil, p, now, nil},
		{"message", ManifestNamespace, SenderPrincipal(sender), sig, []byte("the manifesu"), nil, p, now, ErrSignature},
		{"signature", ManifestNamespace, SenderPrincipal(sender), altered, msg, nil, p, now, ErrSignature},
		{"namespace", ReceiptNamespace, SenderPrincipal(sender), sig, msg, nil, p, now, ErrNamespace},
		{"principal", ManifestNamespace, SenderPrincipal("another"), sig, msg, nil, p, now, ErrPrincipal},
		{"unknown key", ManifestNamespace, SenderPrincipal(sender), sig, msg, nil, other, now, ErrPrincipal},
		{"too early", ManifestNamespace, SenderPrincipal(sender), sig, msg, nil, p, now.AddDate(-1, 0, 0), ErrWindow},
		{"first second", ManifestNamespace, SenderPrincipal(sender), sig, msg, nil, p, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), nil},
		{"second before", ManifestNamespace, SenderPrincipal(sender), sig, msg, nil, p, time.Date(2025, 12, 31, 23, 59, 59, 0, time.UTC), ErrWindow},
		{"last second", ManifestNamespace, SenderPrincipal(sender), sig, msg, nil, p, time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC), nil},
		{"second after", ManifestNamespace, SenderPrincipal(sender), sig, msg, nil, p, time.Date(2028, 1, 1, 0, 0, 1, 0, time.UTC), ErrWindow},
		{"revoked", ManifestNamespace, SenderPrincipal(sender), sig, msg, public, p, now, ErrRevoked},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			revoked, err := ParseRevoked(c.revoked)
			check(t, err)
			_, got := Verify(c.sig, c.msg, c.namespace, c.principal, Revoke(c.allowed.allowed, revoked), c.at)
			if !errors.Is(got, c.want) {
				t.Errorf("we say %v, want %v", got, c.want)
			}
			folder := c.allowed.folder
			write(t, folder, map[string][]byte{"m": c.msg, "m.sig": c.sig, "revoked": c.revoked})
			out, theirs := shell(t, folder, `ssh-keygen -Y verify -f allowed_signers -r revoked -I `+c.principal+` -n `+c.namespace+
				` -Overify-time=`+c.at.Format("20060102150405Z")+` -s m.sig < m`)
			if (theirs == nil) != (c.want == nil) {
				t.Errorf("ssh-keygen says %v: %s", theirs, out)
			}
		})
	}
}

func TestStockProgramsReadOurKeys(t *testing.T) {
	p := newParty(t, SenderPrincipal(sender), ManifestNamespace)
	_, r, path := newIdentity(t)
	if got := strings.TrimSpace(mustShell(t, filepath.Dir(path), `age-keygen -y endpoint.key`)); got != r.(interface{ String() string }).String() {
		t.Error("age-keygen gives another recipient")
	}
	if got := mustShell(t, p.folder, `ssh-keygen -l -f signing; ssh-keygen -y -f signing | cmp - signing.pub`); !strings.Contains(got, p.signer.KeyID()) {
		t.Errorf("ssh-keygen says %s", got)
	}
	// A line that we write means the same to ssh-keygen.
	write(t, p.folder, map[string][]byte{"allowed_signers": []byte(p.allowed[0].Line()), "m": []byte("x")})
	mustShell(t, p.folder, `ssh-keygen -q -Y sign -f signing -n manifest@uoma m 2>/dev/null
		ssh-keygen -Y verify -f allowed_signers -I sender@example-university -n manifest@uoma -Overify-time=20270101000000Z -s m.sig < m`)
}
