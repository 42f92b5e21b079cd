// Package blob keeps files at rest: encrypted with age for the workspace's storage identity, and either named by a keyed
// digest of their plaintext (snapshots, resolver state) or by a name of the program's own (work files, quarantine).
//
// A [Store] is one folder, or with [OpenVolatile] one whose new files have no name on disk and are gone with the program:
// what a dry run writes. [Store.Create] gives a [Writer]; nothing is visible under the final name before
// [Writer.Commit] has synced the bytes and renamed the file ([Writer.Spool] leaves the syncing out), and a killed program leaves only "*.partial" files, which
// [Store.Sweep] removes. [Store.Open] gives random access to the plaintext in place, so that one column of a large file
// can be read alone.
//
// The digest is an HMAC and not a plain hash: the name of a small file must not let anyone test guesses of its content.
// The package knows nothing of what the bytes mean.
package blob

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"filippo.io/age"

	"uoma/internal/durable"
	"uoma/internal/fault"
)

const partial = ".partial"

var (
	errWrite   = fault.New("UOMA-BLB-WRITE", "a file of the workspace cannot be written", "check free space and the folder's owner")
	errMissing = fault.New("UOMA-BLB-MISSING", "a file of the workspace is missing", "restore it from the backup; uoma check lists every missing file")
	errOpen    = fault.New("UOMA-BLB-OPEN", "a file of the workspace does not open: it is damaged or was written under another key", "restore it from the backup")
	errDigest  = fault.New("UOMA-BLB-DIGEST", "a file of the workspace does not hold what its name says", "restore it from the backup")
)

// Store is a folder of encrypted files. It may be used concurrently.
type Store struct {
	root     *os.Root
	identity *age.X25519Identity
	nameKey  []byte
	serial   atomic.Uint64

	volatile bool
	mu       sync.Mutex
	unnamed  map[string]*os.File // what a volatile store holds, by the name it would have
}

// Open opens a folder, making it where it is missing. nameKey keys the digests.
func Open(dir string, identity *age.X25519Identity, nameKey []byte) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, errWrite.At(fault.Place{File: dir}).Because(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errWrite.At(fault.Place{File: dir}).Because(err)
	}
	return &Store{root: root, identity: identity, nameKey: nameKey}, nil
}

// OpenVolatile opens an existing folder for reading. What is written can be read again from this Store and from nowhere
// else: a file loses its name as soon as it is made.
func OpenVolatile(dir string, identity *age.X25519Identity, nameKey []byte) (*Store, error) {
	s, err := Open(dir, identity, nameKey)
	if err == nil {
		s.volatile, s.unnamed = true, map[string]*os.File{}
	}
	return s, err
}

// Close releases the folder.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := []error{s.root.Close()}
	for _, f := range s.unnamed {
		errs = append(errs, f.Close())
	}
	s.unnamed = nil
	return errors.Join(errs...)
}

// Writer encrypts what is written to it. One of Commit and Discard must end it; Discard after Commit does nothing.
type Writer struct {
	s    *Store
	f    *os.File
	name string
	age  io.WriteCloser
	mac  hash.Hash
	n    int64
}

// Create begins a file.
func (s *Store) Create() (*Writer, error) {
	f, name, err := s.begin()
	if err != nil {
		return nil, errWrite.Because(err)
	}
	if s.volatile {
		if err := s.root.Remove(name); err != nil { // the open file lives on without a name
			return nil, errors.Join(errWrite.Because(err), f.Close())
		}
	}
	w, err := age.Encrypt(f, s.identity.Recipient())
	if err != nil {
		return nil, errors.Join(err, f.Close(), s.root.Remove(name))
	}
	return &Writer{s: s, f: f, name: name, age: w, mac: hmac.New(sha256.New, s.nameKey)}, nil
}

// begin makes a file under a name that nobody has: another Store of this program, and a program in another container,
// may have the same process number and folder.
func (s *Store) begin() (f *os.File, name string, err error) {
	for {
		name = strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(s.serial.Add(1), 10) + partial
		f, err = s.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, name, err
		}
	}
}

// Write encrypts p.
func (w *Writer) Write(p []byte) (int, error) {
	w.mac.Write(p)
	w.n += int64(len(p))
	n, err := w.age.Write(p)
	if err != nil {
		err = errWrite.Because(err)
	}
	return n, err
}

// Size gives the plaintext bytes written so far.
func (w *Writer) Size() int64 { return w.n }

// Commit makes the file durable. With an empty name the file is named by its digest and ext; otherwise by name. An
// existing file of the same name is replaced, as it holds the same or an older version of the same thing.
func (w *Writer) Commit(name, ext string) (digest string, err error) { return w.end(name, ext, true) }

// Spool is [Writer.Commit] by name of what a program makes for itself and makes anew when it is killed: nothing waits until
// the file would outlast a loss of power.
func (w *Writer) Spool(name string) error {
	_, err := w.end(name, "", false)
	return err
}

func (w *Writer) end(name, ext string, lasting bool) (digest string, err error) {
	defer w.Discard()
	digest = hex.EncodeToString(w.mac.Sum(nil))
	if name == "" {
		name = digestPath(digest, ext)
	}
	if w.s.volatile {
		return digest, w.keep(name)
	}
	if dir := path.Dir(name); dir != "." {
		if err := w.s.root.MkdirAll(dir, 0o700); err != nil {
			return "", errWrite.Because(err)
		}
	}
	err = w.age.Close()
	if lasting {
		err = errors.Join(err, w.f.Sync())
	}
	if err != nil {
		return "", errWrite.Because(err)
	}
	if err := w.s.root.Rename(w.name, name); err != nil {
		return "", errWrite.Because(err)
	}
	if !lasting {
		return digest, nil
	}
	if err := durable.Root(w.s.root, path.Dir(name)); err != nil {
		return digest, errWrite.Because(err)
	}
	return digest, nil
}

// keep hands the file to a volatile store.
func (w *Writer) keep(name string) error {
	if err := w.age.Close(); err != nil {
		return errWrite.Because(err)
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if old := w.s.unnamed[name]; old != nil {
		old.Close()
	}
	w.s.unnamed[name], w.f = w.f, nil
	return nil
}

// Discard drops an uncommitted file.
func (w *Writer) Discard() {
	if w.f == nil {
		return
	}
	w.f.Close()
	w.f = nil
	_ = w.s.root.Remove(w.name) // already renamed after Commit
}

func digestPath(digest, ext string) string { return digest[:2] + "/" + digest + ext + ".age" }

// File is an open plaintext.
type File struct {
	io.ReaderAt
	Size int64
	f    *os.File
}

// Close releases the file.
func (f *File) Close() error {
	if f.f == nil {
		return nil
	}
	return f.f.Close()
}

// Reader reads the plaintext from its start.
func (f *File) Reader() io.Reader { return io.NewSectionReader(f, 0, f.Size) }

// Open opens a file by name.
func (s *Store) Open(name string) (*File, error) {
	s.mu.Lock()
	held := s.unnamed[name]
	s.mu.Unlock()
	if held != nil {
		f, err := s.decrypt(name, held)
		if err == nil {
			f.f = nil // the store closes it
		}
		return f, err
	}
	f, err := s.root.Open(name)
	if err != nil {
		return nil, errMissing.At(fault.Place{File: name}).Wrap(err)
	}
	file, err := s.decrypt(name, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return file, nil
}

func (s *Store) decrypt(name string, f *os.File) (*File, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, errMissing.At(fault.Place{File: name}).Wrap(err)
	}
	r, size, err := age.DecryptReaderAt(f, st.Size(), s.identity)
	if err != nil {
		return nil, errOpen.At(fault.Place{File: name}).Wrap(err)
	}
	return &File{ReaderAt: r, Size: size, f: f}, nil
}

// OpenDigest opens a file by digest and extension.
func (s *Store) OpenDigest(digest, ext string) (*File, error) {
	if len(digest) != 2*sha256.Size {
		return nil, errMissing.At(fault.Place{File: digest})
	}
	return s.Open(digestPath(digest, ext))
}

// Has tells whether a digest-named file is there.
func (s *Store) Has(digest, ext string) bool {
	if len(digest) != 2*sha256.Size {
		return false
	}
	_, err := s.root.Stat(digestPath(digest, ext))
	return err == nil
}

// Verify reads a digest-named file whole and compares it with its name.
func (s *Store) Verify(digest, ext string) error {
	f, err := s.OpenDigest(digest, ext)
	if err != nil {
		return err
	}
	defer f.Close()
	mac := hmac.New(sha256.New, s.nameKey)
	if _, err := io.Copy(mac, f.Reader()); err != nil {
		return errOpen.At(fault.Place{File: digestPath(digest, ext)}).Wrap(err)
	}
	if hex.EncodeToString(mac.Sum(nil)) != digest {
		return errDigest.At(fault.Place{File: digestPath(digest, ext)})
	}
	return nil
}

// Remove removes a file by name; a missing one is no error. A volatile store lets go of what it holds, and leaves what is
// on disk.
func (s *Store) Remove(name string) error {
	if s.volatile {
		return s.forget(name)
	}
	if err := s.root.RemoveAll(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errWrite.Because(err)
	}
	return nil
}

// forget gives back the room of what a volatile store holds.
func (s *Store) forget(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.unnamed[name]
	if f == nil {
		return nil
	}
	delete(s.unnamed, name)
	if err := f.Close(); err != nil {
		return errWrite.Because(err)
	}
	return nil
}

// RemoveRuns removes everything that was named by a run of a pipeline: its id begins with the pipeline's name.
func (s *Store) RemoveRuns(pipeline string) error {
	names, err := fs.Glob(s.root.FS(), pipeline+"-*")
	if err != nil {
		return errWrite.Because(err)
	}
	for _, name := range names {
		if err := s.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// RemoveDigest removes a digest-named file; a missing one is no error.
func (s *Store) RemoveDigest(digest, ext string) error { return s.Remove(digestPath(digest, ext)) }

// alive tells whether the program that began a file still runs.
func alive(name string) bool {
	before, _, _ := strings.Cut(name, "-")
	pid, err := strconv.Atoi(before)
	return err == nil && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// Sweep removes what killed programs of this machine left half-written. Files of a program that still runs stay.
func (s *Store) Sweep() error {
	if s.volatile {
		return nil
	}
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return errWrite.Because(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), partial) && !alive(e.Name()) {
			if err := s.Remove(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// SweepDigests removes the digest-named files with an extension that are not to be kept. A volatile store leaves what is
// on disk.
func (s *Store) SweepDigests(ext string, keep map[string]bool) error {
	if s.volatile {
		return nil
	}
	names, err := fs.Glob(s.root.FS(), "??/*"+ext+".age")
	if err != nil {
		return errWrite.Because(err)
	}
	for _, name := range names {
		if keep[strings.TrimSuffix(path.Base(name), ext+".age")] {
			continue
		}
		if err := s.Remove(name); err != nil {
			return err
		}
	}
	return nil
}
