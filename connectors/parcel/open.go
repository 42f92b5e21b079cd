package parcel

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"slices"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"uoma/internal/fault"
	"uoma/internal/late"
)

// zstdWindow is the largest window that is written and read: what RFC 8878 asks every reader to support, and what the
// zstd program uses up to level 19.
const zstdWindow = 8 << 20

// CheckPayload reads a payload to its end and compares its size and digest with the manifest: [ErrCiphertext], or
// [ErrRead] when r itself fails.
func CheckPayload(r io.Reader, m *Manifest) error {
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(r, m.Payload.Bytes+1))
	if err != nil {
		return ErrRead.Wrap(err)
	}
	if n != m.Payload.Bytes || hex.EncodeToString(h.Sum(nil)) != m.Payload.SHA256 {
		return ErrCiphertext
	}
	return nil
}

// Open decrypts a payload and checks everything in it against its manifest: the digest and sizes of the plaintext, the
// order and form of the archive, inner.json, the schemas and SHA256SUMS. visit gets every file in the archive's order and
// need not read it to its end; it may be nil. Its error stops the reading and comes back as it is, unless it is an
// [ErrViolation], which counts like one of the archive. Nothing is written to a disk.
//
// The digest is known only at the end: what visit has seen counts for nothing until Open returns nil.
// The error is [ErrDecrypt], [ErrPlaintext] or [ErrViolation], for which [ReasonOf] has a word and [LevelOf] a level; or
// [ErrRead] when r itself fails, which says nothing about the delivery.
func Open(r io.Reader, identity age.Identity, m *Manifest, visit func(name string, r io.Reader) error) error {
	from := &source{r: r}
	err := openFrom(from, identity, m, visit)
	if from.failed != nil {
		return ErrRead.Wrap(from.failed)
	}
	return err
}

func openFrom(r io.Reader, identity age.Identity, m *Manifest, visit func(name string, r io.Reader) error) error {
	opened, err := age.Decrypt(r, identity)
	if err != nil {
		return ErrDecrypt.Wrap(err)
	}
	plain := &bounded{r: opened, left: m.Plaintext.Bytes, h: sha256.New()}
	err = readArchive(plain, m, visit)
	var stopped *visitError
	if errors.As(err, &stopped) {
		if err = stopped.cause; !errors.Is(err, ErrViolation) {
			return err
		}
	}
	// Whatever the archive says, wrong bytes are the first reason: read on to the end to know.
	_, _ = io.Copy(io.Discard, plain)
	switch {
	case plain.failed != nil:
		return ErrDecrypt.Wrap(plain.failed)
	case plain.over, plain.left != 0, hex.EncodeToString(plain.h.Sum(nil)) != m.Plaintext.SHA256:
		return ErrPlaintext
	}
	return err
}

// LevelOf gives how far a delivery got whose [Open] ended with err.
func LevelOf(err error) Level {
	switch {
	case err == nil:
		return Validated
	case errors.Is(err, ErrViolation):
		return Opened
	}
	return Stored
}

// source remembers that a reader failed, which readers above may hide or replace.
type source struct {
	r      io.Reader
	failed error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// bounded counts and hashes what is read and stops once there is more of it than there should be.
type bounded struct {
	r      io.Reader
	h      hash.Hash // may be nil
	left   int64
	over   bool
	failed error // the decryption's error, which readers above may hide
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.over || b.failed != nil {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.r.Read(p)
	if b.h != nil {
		_, _ = b.h.Write(p[:n])
	}
	b.left -= int64(n)
	if err != nil && err != io.EOF {
		b.failed = err
	}
	if b.left < 0 {
		b.over = true
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

type visitError struct{ cause error }

func (e *visitError) Error() string { return e.cause.Error() }

func violation(place string, why error) error {
	return ErrViolation.At(fault.Place{Field: place}).Because(why)
}

func readArchive(plain io.Reader, m *Manifest, visit func(string, io.Reader) error) error {
	expanded, closeIt, err := expand(plain, m.Container.Compression)
	if err != nil {
		return violation("", errors.New("the compression is not the one in the manifest"))
	}
	defer closeIt()
	capped := &bounded{r: expanded, left: m.Plaintext.ExpandedBytes}
	reader := archive{tar: tar.NewReader(capped), m: m, visit: visit, stage: -1, files: map[string]file{}}
	if err := reader.read(); err != nil {
		return err
	}
	if _, err := io.Copy(zeros{}, capped); err != nil || capped.left != 0 {
		return violation("", errors.New("the archive's size is not the one in the manifest, or something stands behind it"))
	}
	return nil
}

// zeros takes the padding with which tar programs fill their last record, and nothing else.
type zeros struct{}

func (zeros) Write(p []byte) (int, error) {
	for _, b := range p {
		if b != 0 {
			return 0, errors.New("not padding")
		}
	}
	return len(p), nil
}

func expand(r io.Reader, compression string) (io.Reader, func(), error) {
	switch compression {
	case Zstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case Gzip:
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	case None:
		return r, func() {}, nil
	}
	return nil, nil, errors.New("unknown compression")
}

// file is what is remembered of a file that has passed.
type file struct {
	sum   string
	bytes int64
}

// archive reads one archive from front to back.
type archive struct {
	tar   *tar.Reader
	m     *Manifest
	visit func(string, io.Reader) error

	stage   int      // of the last file
	names   []string // in the archive's order
	files   map[string]file
	schemas bytes.Buffer // lines of SHA256SUMS for schemas
	inner   *Inner
	sums    []byte
}

// order lists the archive's files in the order in which they must stand. It also keeps every name that visit sees free of
// anything but our own words.
var order = []struct {
	name late.Pattern
	many bool // none or several; otherwise exactly one
}{
	atNonce:   {late.Compile(`^nonce\.bin$`), false},
	atData:    {late.Compile(`^data/[a-z0-9_-]{1,64}/part-[0-9]{5}\.(csv|parquet)$`), true},
	atSchema:  {late.Compile(`^schema/[a-z0-9_-]{1,64}\.json$`), true},
	atQuality: {late.Compile(`^quality\.json$`), false},
	atInner:   {late.Compile(`^inner\.json$`), false},
	atSums:    {late.Compile(`^SHA256SUMS$`), false},
}

// Stages of an archive.
const (
	atNonce = iota
	atData
	atSchema
	atQuality
	atInner
	atSums
	atEnd
)

// advance gives the stage of a file that stands after files of the stage before, or false when it may not stand there.
func advance(before int, name string) (stage int, ok bool) {
	for stage = before; stage < atEnd; stage++ {
		if stage >= 0 && order[stage].name.MatchString(name) {
			return stage, stage > before || order[stage].many
		}
		if stage > before && !order[stage].many {
			return stage, false
		}
	}
	return stage, false
}

func (a *archive) read() error {
	for {
		h, err := a.tar.Next()
		if err == io.EOF {
			return a.finish()
		}
		if err != nil {
			return violation("", errors.New("the archive cannot be read"))
		}
		if err := a.admit(h); err != nil {
			return err
		}
		if err := a.take(h.Name, h.Size); err != nil {
			return err
		}
	}
}

// admit checks an entry's header. Its name is repeated in no error before it is known to be one of ours.
func (a *archive) admit(h *tar.Header) error {
	stage, ok := advance(a.stage, h.Name)
	if !ok {
		return violation("", errors.New("the files are not those of the protocol, in its order"))
	}
	plain := h.Typeflag == tar.TypeReg && h.Format == tar.FormatUSTAR && h.Mode == 0o600 && h.ModTime.Unix() == 0 &&
		h.Uid == 0 && h.Gid == 0 && h.Uname == "" && h.Gname == "" && h.Linkname == ""
	if !plain {
		return violation("", errors.New("an entry is not a plain ustar file of mode 0600 without time and owner"))
	}
	if _, twice := a.files[h.Name]; twice || len(a.names) == maxEntries {
		return violation("", errors.New("a file stands twice, or there are too many"))
	}
	a.stage = stage
	return nil
}

func (a *archive) take(name string, size int64) error {
	limit := int64(maxDocument)
	if a.stage == atData {
		limit = MaxPart
	}
	if size > limit {
		return violation("", errors.New("a file is larger than the protocol allows"))
	}
	h := sha256.New()
	var kept bytes.Buffer
	sinks := io.Writer(h)
	if a.stage >= atSchema {
		sinks = io.MultiWriter(h, &kept)
	}
	from := &source{r: a.tar}
	body := io.TeeReader(from, sinks)
	if a.visit != nil {
		// A visitor that only hands back what its reader said has not failed by itself.
		if err := a.visit(name, body); err != nil && from.failed == nil {
			return &visitError{err}
		}
	}
	if _, err := io.Copy(io.Discard, body); err != nil || from.failed != nil {
		return violation("", errors.New("the archive cannot be read"))
	}
	a.names = append(a.names, name)
	a.files[name] = file{sum: hex.EncodeToString(h.Sum(nil)), bytes: size}
	return a.keep(name, kept.Bytes())
}

func (a *archive) keep(name string, content []byte) (err error) {
	switch a.stage {
	case atSchema:
		a.schemas.WriteString(sumLine(a.files[name].sum, name))
		err = validJSON(name, content)
	case atQuality:
		err = validJSON(name, content)
	case atInner:
		a.inner, err = DecodeInner(content)
	case atSums:
		a.sums = content
	}
	return err
}

// validJSON is less than the strict reader asks: a schema may hold any number.
func validJSON(name string, content []byte) error {
	if !json.Valid(content) || !utf8.Valid(content) {
		return violation(name, errors.New("it is not JSON"))
	}
	return nil
}

// finish compares what has passed with what the archive and the manifest say of it.
func (a *archive) finish() error {
	if a.stage != atSums {
		return violation("", errors.New("the archive ends too early"))
	}
	if a.files[NonceName].bytes != 32 {
		return violation(NonceName, errors.New("it has not 32 bytes"))
	}
	var sums bytes.Buffer
	for _, name := range a.names[:len(a.names)-1] {
		sums.WriteString(sumLine(a.files[name].sum, name))
	}
	if !bytes.Equal(sums.Bytes(), a.sums) {
		return violation(SumsName, errors.New("it does not match the files"))
	}
	if err := a.matchInner(); err != nil {
		return err
	}
	if SHA256Hex(a.schemas.Bytes()) != a.m.Dataset.SchemaSHA256 {
		return violation(SchemaPref, errors.New("the schemas are not those that the manifest names"))
	}
	return nil
}

// matchInner asks that inner.json lists exactly the parts and schemas of the archive, in its order, and is the inner side
// of this manifest.
func (a *archive) matchInner() error {
	in, m := a.inner, a.m
	if in.DeliveryID != m.DeliveryID || in.Dataset != m.Dataset.ID || in.SchemaVersion != m.Dataset.SchemaVersion || !in.ConsentCutAt.Equal(m.ConsentCutAt) {
		return violation(InnerName, errors.New("it belongs to another manifest"))
	}
	want, formats := []string{NonceName}, map[string]bool{}
	for _, t := range in.Tables {
		for _, p := range t.Parts {
			_, format, _ := cutFormat(p.Path)
			formats[format] = true
			if f := a.files[p.Path]; f.sum != p.SHA256 || f.bytes != p.Bytes {
				return violation(t.Name, errors.New("a part is not the one that inner.json describes"))
			}
			want = append(want, p.Path)
		}
	}
	for _, t := range in.Tables {
		want = append(want, schemaPath(t.Name))
	}
	want = append(want, QualityName, InnerName, SumsName)
	if len(formats) > 1 || !slices.Equal(want, a.names) {
		return violation(InnerName, errors.New("it does not list the archive's files, or they are of two formats"))
	}
	return nil
}
