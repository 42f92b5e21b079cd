package parcel

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"
)

// The archive of the same contents is the same for ever: this digest changes only with the protocol's version.
func TestInnerBytesAreFixed(t *testing.T) {
	var one, two bytes.Buffer
	packed, err := WriteInner(&one, contents())
	check(t, err)
	_, err = WriteInner(&two, contents())
	check(t, err)
	if !bytes.Equal(one.Bytes(), two.Bytes()) || packed.Bytes != int64(one.Len()) {
		t.Error("the same contents gave other bytes")
	}
	const want = "1f183b89320a489aaf4ce12a7450c246864d4927e80e1286313e8ad3e5b83f76"
	if got := SHA256Hex(one.Bytes()); got != want {
		t.Errorf("digest %s", got)
	}
}

// Another nonce changes nonce.bin and SHA256SUMS and nothing else.
func TestNonceChangesNoOtherFile(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data := rapid.SliceOfN(rapid.String(), 0, 5).Draw(rt, "parts")
		pack := func(nonce byte) []entry {
			c := contents()
			c.Tables[0].Parts, c.Nonce[0] = rows(data), nonce
			var out bytes.Buffer
			_, err := WriteInner(&out, c)
			check(t, err)
			return untar(t, out.Bytes())
		}
		one, two := pack(1), pack(2)
		for i := range one {
			same := one[i].name == two[i].name && bytes.Equal(one[i].data, two[i].data)
			if same == (one[i].name == NonceName || one[i].name == SumsName) {
				rt.Fatalf("%s", one[i].name)
			}
		}
	})
}

func rows(data []string) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		for _, d := range data {
			if !yield(Part{Data: []byte(d), Rows: 1}, nil) {
				return
			}
		}
	}
}

func TestPackingRefusesWhatTheProtocolDoesNotKnow(t *testing.T) {
	boom := errors.New("the database is gone")
	for name, c := range map[string]struct {
		alter func(*Contents)
		want  error
	}{
		"no nonce":         {func(c *Contents) { c.Nonce = [32]byte{} }, ErrContents},
		"format":           {func(c *Contents) { c.Format = "xlsx" }, ErrContents},
		"no tables":        {func(c *Contents) { c.Tables = nil }, ErrContents},
		"table twice":      {func(c *Contents) { c.Tables[1].Name = c.Tables[0].Name }, ErrContents},
		"table name":       {func(c *Contents) { c.Tables[0].Name = "../x" }, ErrContents},
		"no schema":        {func(c *Contents) { c.Tables[0].Schema = nil }, ErrContents},
		"quality not JSON": {func(c *Contents) { c.Quality = []byte("x") }, ErrContents},
		"delivery id":      {func(c *Contents) { c.DeliveryID = "x" }, ErrContents},
		"part too large":   {func(c *Contents) { c.Tables[0].Parts = rows([]string{strings.Repeat("x", MaxPart+1)}) }, ErrContents},
		"producer fails": {func(c *Contents) {
			c.Tables[0].Parts = func(yield func(Part, error) bool) { yield(Part{}, boom) }
		}, boom},
	} {
		contents := contents()
		c.alter(contents)
		if _, err := WriteInner(io.Discard, contents); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecipientsAreNativeAndOfOneKind(t *testing.T) {
	_, classic, _ := newIdentity(t)
	_, second, _ := newIdentity(t)
	hybrid, err := age.GenerateHybridIdentity()
	check(t, err)
	passphrase, err := age.NewScryptRecipient("a passphrase")
	check(t, err)
	p := newParty(t, SenderPrincipal(sender), ManifestNamespace)
	overSSH, err := agessh.ParseRecipient(string(ssh.MarshalAuthorizedKey(p.signer.PublicKey())))
	check(t, err)
	many := []age.Recipient{}
	for range 9 {
		id, err := age.GenerateX25519Identity()
		check(t, err)
		many = append(many, id.Recipient())
	}
	for name, c := range map[string]struct {
		to []age.Recipient
		ok bool
	}{
		"one": {[]age.Recipient{classic}, true}, "two": {[]age.Recipient{classic, second}, true}, "eight": {many[:8], true},
		"post-quantum": {[]age.Recipient{hybrid.Recipient()}, true},
		"none":         {nil, false}, "nine": {many, false}, "twice": {[]age.Recipient{classic, classic}, false},
		"mixed":      {[]age.Recipient{classic, hybrid.Recipient()}, false},
		"passphrase": {[]age.Recipient{passphrase}, false}, "SSH": {[]age.Recipient{overSSH}, false},
	} {
		var out bytes.Buffer
		_, err := Seal(&out, contents(), c.to, None)
		if (err == nil) != c.ok || !c.ok && (!errors.Is(err, ErrContainer) || out.Len() > 0) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSealFileLeavesAllOrNothing(t *testing.T) {
	folder := t.TempDir()
	root, err := os.OpenRoot(folder)
	check(t, err)
	defer root.Close()
	id, to, _ := newIdentity(t)
	check(t, os.WriteFile(filepath.Join(folder, testID+".age.partial"), []byte("of a run that was killed"), 0o600))
	sealed, err := SealFile(root, testID, contents(), []age.Recipient{to}, Zstd)
	check(t, err)
	payload, err := os.ReadFile(filepath.Join(folder, PayloadName(testID)))
	check(t, err)
	if SHA256Hex(payload) != sealed.CipherSHA256 || int64(len(payload)) != sealed.CipherBytes {
		t.Error("the file is not the one described")
	}
	check(t, Open(bytes.NewReader(payload), id, manifestFor(sealed, ""), nil))

	failing := contents()
	boom := errors.New("the database is gone")
	failing.Tables[0].Parts = func(yield func(Part, error) bool) {
		if yield(Part{Data: []byte("canary-canary-canary"), Rows: 1}, nil) {
			yield(Part{}, boom)
		}
	}
	if _, err := SealFile(root, testID, failing, []age.Recipient{to}, Zstd); err != boom {
		t.Errorf("got %v", err)
	}
	if _, err := SealFile(root, otherID, contents(), []age.Recipient{to}, Zstd); !errors.Is(err, ErrContents) {
		t.Errorf("another id: %v", err)
	}
	check(t, WriteFile(root, ManifestName(testID), []byte("{}")))
	names := []string{}
	check(t, fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			info, _ := d.Info()
			names = append(names, fmt.Sprint(path, info.Mode()))
		}
		return err
	}))
	if got, want := fmt.Sprint(names), fmt.Sprintf("[%s.age-rw------- %s.manifest.json-rw-------]", testID, testID); got != want {
		t.Errorf("the folder holds %s", got)
	}
	again, err := os.ReadFile(filepath.Join(folder, PayloadName(testID)))
	check(t, err)
	if !bytes.Equal(again, payload) {
		t.Error("a failed sealing touched the older payload")
	}
}

func TestFullDiskHasItsOwnError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatalf("/dev/full is part of every Linux: %v", err)
	}
	defer full.Close()
	_, to, _ := newIdentity(t)
	for _, compression := range []string{None, Gzip, Zstd} {
		if _, err := Seal(full, contents(), []age.Recipient{to}, compression); !errors.Is(err, ErrDiskFull) {
			t.Errorf("%s: %v", compression, err)
		}
	}
}

func noise(size int) []byte {
	buffer := make([]byte, size)
	_, _ = rand.Read(buffer)
	return buffer
}

// repeated gives n parts of the same size, which share one buffer as those of a real producer do.
func repeated(buffer []byte, n int, before func()) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		for i := range n {
			before()
			buffer[0] = byte(i)
			if !yield(Part{Data: buffer, Rows: 1}, nil) {
				return
			}
		}
	}
}

func TestSealingKeepsMemoryBounded(t *testing.T) {
	_, to, _ := newIdentity(t)
	part := noise(MaxPart)
	for _, compression := range []string{None, Zstd} {
		runtime.GC() // what other tests have left
		var peak uint64
		c := contents()
		c.Tables[0].Parts = repeated(part, 8, func() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		})
		_, err := Seal(io.Discard, c, []age.Recipient{to}, compression)
		check(t, err)
		if peak > 160<<20 { // one part, the compressor's windows, and what the collector has not yet seen
			t.Errorf("%s: %d MiB in use", compression, peak>>20)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	_, to, _ := newIdentity(b)
	part := noise(MaxPart)
	for _, compression := range []string{None, Zstd} {
		b.Run(compression, func(b *testing.B) {
			b.SetBytes(4 * MaxPart)
			for b.Loop() {
				c := contents()
				c.Tables[0].Parts = repeated(part, 4, func() {})
				if _, err := Seal(io.Discard, c, []age.Recipient{to}, compression); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	id, to, _ := newIdentity(b)
	part := noise(MaxPart)
	c := contents()
	c.Tables[0].Parts = repeated(part, 4, func() {})
	var out bytes.Buffer
	sealed, err := Seal(&out, c, []age.Recipient{to}, None)
	check(b, err)
	m := manifestFor(sealed, "")
	b.SetBytes(sealed.PlainBytes)
	for b.Loop() {
		check(b, Open(bytes.NewReader(out.Bytes()), id, m, nil))
	}
}
