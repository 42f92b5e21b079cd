package parcel

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func FuzzDecodeManifest(f *testing.F) {
	f.Add(deliver(f, Zstd).raw)
	f.Add([]byte(`{"format":"uoma-manifest","format":"\ud800"}`))
	f.Fuzz(func(t *testing.T, b []byte) { agree(t, b) })
}

func FuzzDecodeReceipt(f *testing.F) {
	d := deliver(f, Zstd)
	raw, err := d.receipt(d.from.signer.KeyID()).Encode()
	check(f, err)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeReceipt(b)
		if err != nil {
			return
		}
		again, err := r.Encode()
		check(t, err)
		back, err := DecodeReceipt(again)
		check(t, err)
		if !reflect.DeepEqual(r, back) {
			t.Error("round trip")
		}
	})
}

func FuzzParseAllowedSigners(f *testing.F) {
	p := newParty(f, SenderPrincipal(sender), ManifestNamespace)
	line, err := os.ReadFile(filepath.Join(p.folder, "allowed_signers"))
	check(f, err)
	f.Add(line)
	f.Add([]byte("# comment\n\na,b namespaces=\"x,y\",valid-before=\"20270101Z\" ssh-ed25519 AAAA"))
	f.Fuzz(func(t *testing.T, b []byte) {
		signers, err := ParseAllowedSigners(b)
		if err != nil {
			return
		}
		for _, s := range signers {
			again, err := ParseAllowedSigners([]byte(s.Line()))
			check(t, err)
			if len(again) != 1 || !reflect.DeepEqual(again[0], s) {
				t.Errorf("round trip of %q", s.Line())
			}
		}
	})
}

func FuzzVerify(f *testing.F) {
	p := newParty(f, SenderPrincipal(sender), ManifestNamespace)
	msg := []byte("the manifest")
	right, err := p.signer.Sign(rand.Reader, ManifestNamespace, msg)
	check(f, err)
	f.Add(right, msg)
	f.Add([]byte("-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"), msg)
	f.Fuzz(func(t *testing.T, sig, m []byte) {
		_, err := Verify(sig, m, ManifestNamespace, SenderPrincipal(sender), p.allowed, now)
		if err == nil && (unbroken(sig) != unbroken(right) || !bytes.Equal(m, msg)) {
			t.Error("a forgery was taken")
		}
	})
}

// The bytes go in as they are, as an archive in a right container, and as a compressed one.
func FuzzOpen(f *testing.F) {
	d := deliver(f, None)
	id, to, _ := newIdentity(f)
	var inner bytes.Buffer
	_, err := WriteInner(&inner, contents())
	check(f, err)
	f.Add(inner.Bytes(), uint8(0))
	f.Add(d.payload, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, how uint8) {
		payload, m := sealRaw(t, b, to)
		m.Container.Compression = []string{None, Zstd, Gzip, None}[how%4]
		if how%4 == 3 {
			payload = b
		}
		seen := map[string]string{}
		if err := Open(bytes.NewReader(payload), id, m, readAll(seen)); err == nil && !bytes.HasPrefix(b, inner.Bytes()[:257]) && how%4 == 0 {
			t.Error("an archive without nonce was taken")
		}
	})
}
