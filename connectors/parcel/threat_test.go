package parcel

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"filippo.io/age"

	"uoma/internal/fault"
)

// Every byte of the payload altered: it never opens, and both checks say so.
func TestThreat_T42_AlteredPayloadIsRefused(t *testing.T) {
	for _, compression := range []string{Zstd, None} {
		d := deliver(t, compression)
		step := max(1, len(d.payload)/1500)
		for i := 0; i < len(d.payload); i += step {
			altered := bytes.Clone(d.payload)
			altered[i] ^= 1 << (i % 8)
			if err := CheckPayload(bytes.NewReader(altered), d.manifest); !errors.Is(err, ErrCiphertext) {
				t.Fatalf("byte %d: %v", i, err)
			}
			if err := Open(bytes.NewReader(altered), d.identity, d.manifest, readAll(map[string]string{})); !errors.Is(err, ErrDecrypt) || ReasonOf(err) != "decrypt-failed" || LevelOf(err) != Stored {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
		for _, wrong := range [][]byte{d.payload[:len(d.payload)-1], append(bytes.Clone(d.payload), 0), nil} {
			if err := CheckPayload(bytes.NewReader(wrong), d.manifest); !errors.Is(err, ErrCiphertext) {
				t.Errorf("length: %v", err)
			}
			if err := Open(bytes.NewReader(wrong), d.identity, d.manifest, nil); !errors.Is(err, ErrDecrypt) {
				t.Errorf("length: %v", err)
			}
		}
	}
}

// Every bit of the manifest and every byte of the signature altered: the signature is refused.
func TestThreat_T42_AlteredManifestOrSignatureIsRefused(t *testing.T) {
	d := deliver(t, Zstd)
	verify := func(sig, raw []byte) error {
		_, err := Verify(sig, raw, ManifestNamespace, SenderPrincipal(sender), d.from.allowed, now)
		return err
	}
	check(t, verify(d.sig, d.raw))
	for i := range d.raw {
		altered := bytes.Clone(d.raw)
		altered[i] ^= 1 << (i % 8)
		if err := verify(d.sig, altered); !errors.Is(err, ErrSignature) {
			t.Fatalf("manifest byte %d: %v", i, err)
		}
	}
	for i := range d.sig {
		for bit := range 8 {
			altered := bytes.Clone(d.sig)
			altered[i] ^= 1 << bit
			if err := verify(altered, d.raw); ReasonOf(err) != "signature-invalid" {
				t.Fatalf("signature byte %d bit %d: %v", i, bit, err)
			}
		}
	}
}

// A manifest that says something else than the payload, correctly signed: the right error for each field.
func TestThreat_T42_ManifestMustDescribeThePayload(t *testing.T) {
	cases := []struct {
		name  string
		alter func(*Manifest)
		want  error
	}{
		{"plaintext.sha256", func(m *Manifest) { m.Plaintext.SHA256 = SHA256Hex(nil) }, ErrPlaintext},
		{"plaintext.bytes less", func(m *Manifest) { m.Plaintext.Bytes-- }, ErrPlaintext},
		{"plaintext.bytes more", func(m *Manifest) { m.Plaintext.Bytes++ }, ErrPlaintext},
		{"expanded_bytes less", func(m *Manifest) { m.Plaintext.ExpandedBytes-- }, ErrViolation},
		{"expanded_bytes more", func(m *Manifest) { m.Plaintext.ExpandedBytes++ }, ErrViolation},
		{"compression", func(m *Manifest) { m.Container.Compression = Gzip }, ErrViolation},
		{"delivery_id", func(m *Manifest) { m.DeliveryID = otherID }, ErrViolation},
		{"dataset.id", func(m *Manifest) { m.Dataset.ID = "another" }, ErrViolation},
		{"schema_version", func(m *Manifest) { m.Dataset.SchemaVersion = "2.0" }, ErrViolation},
		{"schema_sha256", func(m *Manifest) { m.Dataset.SchemaSHA256 = SHA256Hex(nil) }, ErrViolation},
		{"consent_cut_at", func(m *Manifest) { m.ConsentCutAt = now.Add(time.Hour) }, ErrViolation},
	}
	d := deliver(t, Zstd)
	check(t, Open(bytes.NewReader(d.payload), d.identity, d.manifest, nil))
	for _, c := range cases {
		m := *d.manifest
		c.alter(&m)
		if err := Open(bytes.NewReader(d.payload), d.identity, &m, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	stranger, _, _ := newIdentity(t)
	if err := Open(bytes.NewReader(d.payload), stranger, d.manifest, nil); !errors.Is(err, ErrDecrypt) {
		t.Errorf("another identity: %v", err)
	}
	cut := io.MultiReader(bytes.NewReader(d.payload[:len(d.payload)/2]), iotest.ErrReader(io.ErrClosedPipe))
	if err := Open(cut, d.identity, d.manifest, readAll(map[string]string{})); !errors.Is(err, ErrRead) || ReasonOf(err) != "" {
		t.Errorf("a line that breaks: %v", err)
	}
	found := func(string, io.Reader) error { return ErrViolation }
	if err := Open(bytes.NewReader(d.payload), d.identity, d.manifest, found); !errors.Is(err, ErrViolation) {
		t.Errorf("the visitor's violation came back as %v", err)
	}
	m := *d.manifest
	m.Plaintext.SHA256 = SHA256Hex(nil)
	if err := Open(bytes.NewReader(d.payload), d.identity, &m, found); !errors.Is(err, ErrPlaintext) {
		t.Errorf("a wrong digest goes before the visitor's violation: %v", err)
	}
	mine := errors.New("disk of the visitor is full")
	if err := Open(bytes.NewReader(d.payload), d.identity, d.manifest, func(string, io.Reader) error { return mine }); err != mine {
		t.Errorf("the visitor's error came back as %v", err)
	}
}

type entry struct {
	name string
	data []byte
	edit func(*tar.Header)
}

func archiveEntries(t testing.TB) []entry {
	t.Helper()
	var inner bytes.Buffer
	_, err := WriteInner(&inner, contents())
	check(t, err)
	return untar(t, inner.Bytes())
}

func untar(t testing.TB, archive []byte) (out []entry) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		check(t, err)
		b, err := io.ReadAll(r)
		check(t, err)
		out = append(out, entry{name: h.Name, data: b})
	}
}

func resum(entries []entry) []entry {
	var sums strings.Builder
	for _, e := range entries[:len(entries)-1] {
		sums.WriteString(sumLine(SHA256Hex(e.data), e.name))
	}
	entries[len(entries)-1].data = []byte(sums.String())
	return entries
}

func writeTar(t testing.TB, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Size: int64(len(e.data)), Mode: 0o600, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if e.edit != nil {
			e.edit(h)
		}
		check(t, w.WriteHeader(h))
		_, err := w.Write(e.data)
		check(t, err)
	}
	check(t, w.Close())
	return out.Bytes()
}

// sealRaw encrypts any bytes and describes them rightly, as a sender with a broken program would.
func sealRaw(t testing.TB, plain []byte, to age.Recipient) ([]byte, *Manifest) {
	t.Helper()
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	check(t, err)
	_, err = w.Write(plain)
	check(t, err)
	check(t, w.Close())
	m := manifestFor(Sealed{PlainSHA256: SHA256Hex(plain), PlainBytes: int64(len(plain)), ExpandedBytes: int64(len(plain)), CipherSHA256: SHA256Hex(out.Bytes()),
		CipherBytes: int64(out.Len()), SchemaSHA256: SchemaDigest(contents().Tables), Compression: None}, "")
	return out.Bytes(), m
}

func TestThreat_T42_ArchivesOutsideTheProtocolAreRefused(t *testing.T) {
	id, to, _ := newIdentity(t)
	extra := func(name string) func([]entry) []entry {
		return func(e []entry) []entry {
			return append(e[:1:1], append([]entry{{name: name, data: []byte("x")}}, e[1:]...)...)
		}
	}
	edit := func(f func(*tar.Header)) func([]entry) []entry {
		return func(e []entry) []entry { e[1].edit = f; return e }
	}
	cases := map[string]func([]entry) []entry{
		"order":            func(e []entry) []entry { e[1], e[3] = e[3], e[1]; return e },
		"parts swapped":    func(e []entry) []entry { e[1], e[2] = e[2], e[1]; return e },
		"file twice":       func(e []entry) []entry { return append(e[:2:2], e[1:]...) },
		"file missing":     func(e []entry) []entry { return append(e[:1:1], e[2:]...) },
		"schema missing":   func(e []entry) []entry { return append(e[:3:3], e[4:]...) },
		"quality missing":  func(e []entry) []entry { return append(e[:5:5], e[6:]...) },
		"nonce short":      func(e []entry) []entry { e[0].data = e[0].data[:31]; return e },
		"part altered":     func(e []entry) []entry { e[1].data = []byte("other"); return e },
		"schema altered":   func(e []entry) []entry { e[3].data = []byte("{}"); return e },
		"schema not JSON":  func(e []entry) []entry { e[3].data = []byte("{"); return e },
		"quality not JSON": func(e []entry) []entry { e[5].data = []byte("\"\xff\""); return e },
		"inner altered": func(e []entry) []entry {
			e[6].data = bytes.Replace(e[6].data, []byte(testID), []byte(otherID), 1)
			return e
		},
		"inner not JSON": func(e []entry) []entry { e[6].data = []byte("{"); return e },
		"two formats": func(e []entry) []entry {
			e[2].name = strings.Replace(e[2].name, "csv", "parquet", 1)
			e[6].data = bytes.Replace(e[6].data, []byte("part-00001.csv"), []byte("part-00001.parquet"), 1)
			return e
		},
		"stranger":        extra("README"),
		"path upwards":    extra("data/../../etc/passwd"),
		"path absolute":   extra("/etc/passwd"),
		"table name":      extra("data/A B/part-00000.csv"),
		"unlisted part":   extra("data/secret/part-00000.csv"),
		"mode":            edit(func(h *tar.Header) { h.Mode = 0o644 }),
		"time":            edit(func(h *tar.Header) { h.ModTime = now }),
		"owner":           edit(func(h *tar.Header) { h.Uid = 1000 }),
		"owner's name":    edit(func(h *tar.Header) { h.Uname = "root" }),
		"extended header": edit(func(h *tar.Header) { h.Format = tar.FormatPAX; h.PAXRecords = map[string]string{"UOMA.x": "y"} }),
		"symbolic link": func(e []entry) []entry {
			e[1].data, e[1].edit = nil, func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc/passwd" }
			return e
		},
	}
	for name, alter := range cases {
		t.Run(name, func(t *testing.T) {
			payload, m := sealRaw(t, writeTar(t, resum(alter(archiveEntries(t)))), to)
			err := Open(bytes.NewReader(payload), id, m, nil)
			if !errors.Is(err, ErrViolation) || LevelOf(err) != Opened || ReasonOf(err) != "schema-violation" {
				t.Errorf("got %v", err)
			}
		})
	}
	right := writeTar(t, archiveEntries(t))
	for name, plain := range map[string][]byte{"cut": right[:len(right)/2], "something behind": append(bytes.Clone(right), "hidden"...), "empty": {}} {
		payload, m := sealRaw(t, plain, to)
		if err := Open(bytes.NewReader(payload), id, m, nil); !errors.Is(err, ErrViolation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	badSums := archiveEntries(t)
	badSums[len(badSums)-1].data[0] ^= 1
	payload, m := sealRaw(t, writeTar(t, badSums), to)
	if err := Open(bytes.NewReader(payload), id, m, nil); !errors.Is(err, ErrViolation) {
		t.Errorf("SHA256SUMS: %v", err)
	}
	payload, m = sealRaw(t, append(right, make([]byte, 8192)...), to)
	check(t, Open(bytes.NewReader(payload), id, m, nil)) // padding of a record, as GNU tar writes it
}

// A small payload that grows without end stops at the size that the manifest names.
func TestThreat_T42_ExpansionStopsAtTheNamedSize(t *testing.T) {
	id, to, _ := newIdentity(t)
	c := contents()
	c.Tables[0].Parts = parts(strings.Repeat("a,b\r\n", 10<<20/5))
	var out bytes.Buffer
	sealed, err := Seal(&out, c, []age.Recipient{to}, Zstd)
	check(t, err)
	if out.Len() > 100_000 {
		t.Fatalf("the bomb has %d bytes", out.Len())
	}
	m := manifestFor(sealed, "")
	m.Plaintext.ExpandedBytes = 1 << 20
	var seen int64
	err = Open(&out, id, m, func(_ string, r io.Reader) error {
		n, _ := io.Copy(io.Discard, r)
		seen += n
		return nil
	})
	if !errors.Is(err, ErrViolation) || seen > 1<<20 {
		t.Errorf("%d bytes came out, %v", seen, err)
	}
}

// Every field of a receipt altered and signed again by the right key, and every byte altered after signing.
func TestThreat_T42_ReceiptMustMatchEverything(t *testing.T) {
	d := deliver(t, Zstd)
	endpoint := newParty(t, EndpointPrincipal(recipient), ReceiptNamespace)
	sign := func(r *Receipt) (sig, raw []byte) {
		raw, err := r.Encode()
		check(t, err)
		sig, err = endpoint.signer.Sign(rand.Reader, ReceiptNamespace, raw)
		check(t, err)
		return sig, raw
	}
	first := d.receipt(endpoint.signer.KeyID())
	sig, raw := sign(first)
	manifestSHA := SHA256Hex(d.raw)
	holds := func(r *Receipt, sig, raw []byte, previous *Receipt, at time.Time) error {
		return CheckReceipt(r, sig, raw, d.manifest, manifestSHA, d.manifest.Payload, endpoint.allowed, previous, at)
	}
	check(t, holds(first, sig, raw, nil, now))
	check(t, holds(first, sig, raw, first, now)) // fetched again

	wrong := map[string]func(*Receipt){
		"delivery_id":     func(r *Receipt) { r.DeliveryID = otherID },
		"sender_id":       func(r *Receipt) { r.SenderID = "another" },
		"recipient_id":    func(r *Receipt) { r.RecipientID = "another" },
		"dataset":         func(r *Receipt) { r.Dataset = "another" },
		"sequence":        func(r *Receipt) { r.Sequence = 2 },
		"manifest_sha256": func(r *Receipt) { r.ManifestSHA256 = SHA256Hex(nil) },
		"payload.sha256":  func(r *Receipt) { r.Payload.SHA256 = SHA256Hex(nil) },
		"payload.bytes":   func(r *Receipt) { r.Payload.Bytes++ },
		"signing_key_id":  func(r *Receipt) { r.SigningKeyID = d.from.signer.KeyID() },
		"chain begins late": func(r *Receipt) {
			r.ReceiptSequence, r.PreviousReceiptSHA256 = 2, Link(SHA256Hex(nil))
		},
	}
	for name, alter := range wrong {
		r := d.receipt(endpoint.signer.KeyID())
		alter(r)
		sig, raw := sign(r)
		if err := holds(r, sig, raw, nil, now); !errors.Is(err, ErrMismatch) || errors.Is(err, ErrReceiptSig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	chain := map[string]struct {
		alter func(*Receipt)
		want  error
	}{
		"next level": {func(r *Receipt) {}, nil},
		"gap":        {func(r *Receipt) { r.ReceiptSequence = 3 }, ErrMismatch},
		"fork":       {func(r *Receipt) { r.PreviousReceiptSHA256 = Link(SHA256Hex(nil)) }, ErrMismatch},
		"lower":      {func(r *Receipt) { r.Level = Stored }, ErrMismatch},
	}
	opened := d.receipt(endpoint.signer.KeyID())
	opened.Level = Opened
	sign(opened)
	for name, c := range chain {
		r := d.receipt(endpoint.signer.KeyID())
		r.ReceiptSequence, r.PreviousReceiptSHA256 = 2, Link(opened.SHA256())
		c.alter(r)
		sig, raw := sign(r)
		if err := holds(r, sig, raw, opened, now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range raw {
		altered := bytes.Clone(raw)
		altered[i] ^= 1 << (i % 8)
		if err := holds(first, sig, altered, nil, now); !errors.Is(err, ErrReceiptSig) || fault.Code(err) != "UOMA-DLV-RECEIPT-SIGNATURE" {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	other := d.receipt(endpoint.signer.KeyID())
	other.Level = Stored
	otherSig, otherRaw := sign(other)
	manifestSig, err := endpoint.signer.Sign(rand.Reader, ManifestNamespace, raw)
	check(t, err)
	strangerSig, err := d.from.signer.Sign(rand.Reader, ReceiptNamespace, raw)
	check(t, err)
	for name, c := range map[string]struct {
		r        *Receipt
		sig, raw []byte
		at       time.Time
		want     error
	}{
		"no signature":        {first, nil, raw, now, ErrReceiptSig},
		"another's":           {first, otherSig, raw, now, ErrReceiptSig},
		"another purpose":     {first, manifestSig, raw, now, ErrReceiptSig},
		"unpinned key":        {first, strangerSig, raw, now, ErrReceiptSig},
		"key expired":         {first, sig, raw, now.AddDate(2, 0, 0), ErrReceiptSig},
		"another value given": {first, otherSig, otherRaw, now, ErrMismatch},
	} {
		if err := holds(c.r, c.sig, c.raw, nil, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
