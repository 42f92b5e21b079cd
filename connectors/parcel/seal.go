package parcel

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"uoma/internal/durable"
)

// MaxRecipients is how many keys a payload may be encrypted to.
const MaxRecipients = 8

// Sealed describes a sealed payload: everything that its manifest needs to know.
type Sealed struct {
	PlainSHA256   string // of exactly what age -d prints
	PlainBytes    int64
	ExpandedBytes int64 // of the archive before compression
	CipherSHA256  string
	CipherBytes   int64
	SchemaSHA256  string
	Compression   string
	Inner         Inner
}

// Seal streams the contents through tar, compression and age to dst: contents -> tar -> compress -> SHA-256 -> age ->
// SHA-256 -> dst. One part and some buffers stand in memory; nothing is written anywhere else. An error of a part's
// producer comes back as it is; one of dst is [ErrDiskFull] or [ErrWrite].
func Seal(dst io.Writer, c *Contents, recipients []age.Recipient, compression string) (sealed Sealed, err error) {
	if err := checkRecipients(recipients); err != nil {
		return Sealed{}, err
	}
	out := &sink{w: dst}
	defer func() {
		if out.err != nil {
			sealed, err = Sealed{}, writeFault(out.err)
		}
	}()
	buffered := bufio.NewWriterSize(out, writeBuffer)
	cipher := newDigest(buffered)
	container, err := age.Encrypt(cipher, recipients...)
	if err != nil {
		return Sealed{}, err
	}
	plain := newDigest(container)
	squeezed, err := compressor(plain, compression)
	if err != nil {
		return Sealed{}, err
	}
	packed, err := WriteInner(squeezed, c)
	if err != nil {
		_ = squeezed.Close() // ends its goroutines; the error that matters is at hand
		return Sealed{}, err
	}
	for _, finish := range []func() error{squeezed.Close, container.Close, buffered.Flush} {
		if err := finish(); err != nil {
			return Sealed{}, err
		}
	}
	return Sealed{
		PlainSHA256: plain.sum(), PlainBytes: plain.n, ExpandedBytes: packed.Bytes, CipherSHA256: cipher.sum(), CipherBytes: cipher.n,
		SchemaSHA256: packed.SchemaSHA256, Compression: compression, Inner: packed.Inner,
	}, nil
}

// sink remembers the destination's error, so that it is told from one of the contents' producer.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// writeBuffer is how many bytes go to the file at once: age writes chunks of 64 KiB and a tag.
const writeBuffer = 1 << 20

// checkRecipients takes native keys only, all classic or all post-quantum: a passphrase, an SSH key or a plugin in the
// same container would weaken what the others promise.
func checkRecipients(recipients []age.Recipient) error {
	if len(recipients) < 1 || len(recipients) > MaxRecipients {
		return ErrContainer.Because(errors.New("there are not 1 to 8"))
	}
	classic, seen := 0, map[string]bool{}
	for _, r := range recipients {
		var text string
		switch r := r.(type) {
		case *age.X25519Recipient:
			text = r.String()
			classic++
		case *age.HybridRecipient:
			text = r.String()
		default:
			return ErrContainer.Because(errors.New("a passphrase, an SSH key or a plugin is not allowed"))
		}
		if seen[text] {
			return ErrContainer.Because(errors.New("one stands twice"))
		}
		seen[text] = true
	}
	if classic != 0 && classic != len(recipients) {
		return ErrContainer.Because(errors.New("post-quantum keys are used only if every recipient has one"))
	}
	return nil
}

// ParseAgeRecipient reads "age1…" or "age1pq1…".
func ParseAgeRecipient(s string) (age.Recipient, error) {
	if r, err := age.ParseX25519Recipient(s); err == nil {
		return r, nil
	}
	if r, err := age.ParseHybridRecipient(s); err == nil {
		return r, nil
	}
	return nil, ErrContainer.Because(errors.New("it is not a native age recipient"))
}

func compressor(w io.Writer, compression string) (io.WriteCloser, error) {
	switch compression {
	case Zstd:
		return zstd.NewWriter(w, zstd.WithWindowSize(zstdWindow))
	case Gzip:
		return gzip.NewWriter(w), nil
	case None:
		return unclosed{w}, nil
	}
	return nil, ErrContents.Because(errors.New("the compression is not zstd, gzip or none"))
}

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// SealFile seals into <id>.age below root: it writes <id>.age.partial, brings it to the disk, gives it its name and
// brings the folder to the disk. After an error no partial file is left, and an older <id>.age is as it was.
func SealFile(root *os.Root, id string, c *Contents, recipients []age.Recipient, compression string) (Sealed, error) {
	if !uuidPattern.MatchString(id) || id != c.DeliveryID {
		return Sealed{}, ErrContents.Because(errors.New("the delivery id is not that of the contents"))
	}
	var sealed Sealed
	err := replaceFile(root, PayloadName(id), func(w io.Writer) (err error) {
		sealed, err = Seal(w, c, recipients, compression)
		return err
	})
	return sealed, err
}

// WriteFile writes a small file, such as a manifest or a signature, as safely as [SealFile] writes a payload.
func WriteFile(root *os.Root, name string, b []byte) error {
	return replaceFile(root, name, func(w io.Writer) error {
		_, err := w.Write(b)
		return writeFault(err)
	})
}

// PayloadName gives the file name of a delivery's payload.
func PayloadName(id string) string { return id + ".age" }

// ManifestName gives the file name of a delivery's manifest.
func ManifestName(id string) string { return id + ".manifest.json" }

// ManifestSigName gives the file name of the manifest's signature.
func ManifestSigName(id string) string { return ManifestName(id) + ".sig" }

// ReceiptName gives the file name of a delivery's receipt.
func ReceiptName(id string) string { return id + ".receipt.json" }

// ReceiptSigName gives the file name of the receipt's signature.
func ReceiptSigName(id string) string { return ReceiptName(id) + ".sig" }

// PartialSuffix ends the name of a file that is not complete.
const PartialSuffix = ".partial"

func replaceFile(root *os.Root, name string, write func(io.Writer) error) (err error) {
	partial := name + PartialSuffix
	if err := root.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return writeFault(err)
	}
	f, err := root.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return writeFault(err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = root.Remove(partial)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	for _, step := range []func() error{
		f.Sync,
		f.Close,
		func() error { return root.Rename(partial, name) },
		func() error { return durable.Root(root, ".") },
	} {
		if err := step(); err != nil {
			return writeFault(err)
		}
	}
	return nil
}

// digest hashes and counts what passes to w.
type digest struct {
	w io.Writer
	h hash.Hash
	n int64
}

func newDigest(w io.Writer) *digest { return &digest{w: w, h: sha256.New()} }

func (d *digest) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	_, _ = d.h.Write(p[:n])
	d.n += int64(n)
	return n, err
}

func (d *digest) sum() string { return hex.EncodeToString(d.h.Sum(nil)) }
