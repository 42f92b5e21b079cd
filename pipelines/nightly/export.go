package nightly

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"uoma/connectors/archive"
	"uoma/connectors/blob"
	"uoma/connectors/compressed"
	"uoma/connectors/folder"
	"uoma/connectors/odata"
	"uoma/connectors/spool"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
)

// Inbox is where exports lie.
type Inbox interface {
	// Open opens the inbox for as long as ctx lives.
	Open(ctx context.Context) (Files, error)
}

// Files is an open inbox: files, and the rows of feeds that lie in none.
type Files interface {
	fs.FS
	io.Closer
	// Rows makes a reader of a feed that lies in no file. It holds to the contract of package tabular: a stream that ends
	// without a fault has given every row.
	Rows(f *layout.Feed, o tabular.Options) (tabular.Reader, error)
	// Changed gives what became of a feed's rows since a position, for a layout that asks for changes. [odata.ErrExpired]
	// and [odata.ErrUnclear] leave the feed to be read in full.
	Changed(ctx context.Context, f *layout.Feed, o tabular.Options, since string) (*odata.Changes, error)
}

// InboxOf is the inbox of a workspace.
type InboxOf struct{ Workspace *workspace.Workspace }

// Open opens the folder, and the transports that the settings name.
func (i InboxOf) Open(ctx context.Context) (Files, error) {
	in, err := i.Workspace.OpenInbox(ctx)
	if err != nil {
		return nil, err
	}
	return in, nil
}

var (
	errManifest = fault.New("UOMA-LND-MANIFEST", "the archive's manifest does not describe its files", "ask the owner of the system for the export again").For(fault.Source)
	errDigest   = fault.New("UOMA-LND-DIGEST", "a file of the archive is not the one that the manifest describes", "ask the owner of the system for the export again").For(fault.Source)
)

// maxManifest bounds a manifest: it names a handful of files.
const maxManifest = 1 << 20

// export is one feed's open export: rows, and what must hold after the last one.
type export interface {
	tabular.Reader
	// Extracted gives the export's own time stamp, when the last row came.
	Extracted() time.Time
	// Verify tells whether the export stayed as it was and is what it says of itself.
	Verify() error
	// Sum gives the SHA-256 of the bytes that were parsed, "" when there are none.
	Sum() string
	Close() error
}

// openExport opens a feed's export wherever it lies; copied is what a copy of it is called in work.
func openExport(ctx context.Context, files Files, work *blob.Store, copied string, f *layout.Feed, name string, reject func(canon.Rejection)) (export, error) {
	options, err := tabularOptions(f, name, reject)
	if err != nil {
		return nil, err
	}
	if f.InFile() {
		return openFile(ctx, files, work, copied, f, name, options)
	}
	r, err := files.Rows(f, options)
	if err != nil {
		return nil, err
	}
	return fileless{r}, nil
}

// fileless is the export of a feed that lies in no file. What its reader promises is all that can be verified.
type fileless struct{ tabular.Reader }

func (e fileless) Extracted() time.Time { return e.Summary().Taken }

// Since gives from where on changes can be asked for, of a source that tells.
func (e fileless) Since() string {
	if t, ok := e.Reader.(interface{ Since() string }); ok {
		return t.Since()
	}
	return ""
}

func (fileless) Verify() error { return nil }
func (fileless) Sum() string   { return "" }
func (fileless) Close() error  { return nil }

// file is the export of a feed that lies in a file.
type file struct {
	tabular.Reader
	modTime time.Time

	file    *folder.Stable
	copied  *spool.Spool // of a file that cannot be read here and there, when its format needs that
	closers []io.Closer  // of what stands between the file and the reader
	hash    hash.Hash    // of the bytes of the file or member
	inPlace bool         // the reader reads the file here and there, so that its hash is made at the end
	listed  *listed      // what the manifest says of the file
	beside  *beside      // nil: the feed has no side-car
	files   fs.FS        // where both lie, and under which name the file does
	name    string
}

type listed struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// openFile opens a feed's file, or its member of an archive, and makes the reader that the layout asks for. What is read here
// and there gets a copy in work, under the name copied, when it comes over a network or stands inside of something.
func openFile(ctx context.Context, files fs.FS, work *blob.Store, copied string, f *layout.Feed, name string, options tabular.Options) (*file, error) {
	raw, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	stable, err := folder.NewStable(raw, path.Base(name))
	if err != nil {
		raw.Close()
		return nil, err
	}
	e := &file{file: stable, modTime: stable.ModTime(), hash: sha256.New(), files: files, name: name}
	if e.beside, err = openBeside(files, f, name); err != nil {
		e.Close()
		return nil, err
	}
	_, near := raw.(io.ReaderAt)
	if (asItLies(f) || f.Member != "") && !near {
		e.copied, err = spool.New(ctx, work, copied, stable)
	}
	if err == nil {
		err = e.open(ctx, work, copied, f, options)
	}
	if err != nil {
		e.Close()
		return nil, err
	}
	if e.beside != nil && len(e.beside.says) > 0 {
		e.Reader = filled{e.Reader, f, e.beside.says, identifier.Rules()["date"]}
	}
	return e, nil
}

// OpenFile opens a file as a night would open it for a feed, for whoever tries a layout. Nothing is copied: what of a format
// that jumps about stands in an archive or is compressed is held in memory. The reader is complete when its batches were
// ranged over and Verify found nothing.
func OpenFile(ctx context.Context, name string, f *layout.Feed, reject func(canon.Rejection)) (Export, error) {
	return OpenIn(ctx, os.DirFS(filepath.Dir(name)), filepath.Base(name), f, reject)
}

// OpenIn does the same with a file of an inbox, by whatever transport, for whoever must keep nothing of it.
func OpenIn(ctx context.Context, files fs.FS, name string, f *layout.Feed, reject func(canon.Rejection)) (Export, error) {
	options, err := tabularOptions(f, name, reject)
	if err != nil {
		return nil, err
	}
	e, err := openFile(ctx, files, nil, "", f, name, options)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Export is an open export; see [OpenFile].
type Export = export

// content is the file for whoever reads here and there.
func (e *file) content() io.ReaderAt {
	if e.copied != nil {
		return e.copied
	}
	return e.file
}

// asItLies tells whether a feed's file is itself read here and there.
func asItLies(f *layout.Feed) bool {
	return f.Format.Jumps() && f.Member == "" && f.Format.Compression == ""
}

func (e *file) open(ctx context.Context, work *blob.Store, copied string, f *layout.Feed, options tabular.Options) (err error) {
	if e.inPlace = asItLies(f); e.inPlace {
		e.Reader = jumping(e.content(), e.file.Size(), f, options)
		return nil
	}
	var r io.Reader = e.file
	if f.Member != "" {
		if r, err = e.member(f, f.MemberOf(path.Base(options.File))); err != nil {
			return err
		}
	}
	r = io.TeeReader(r, e.hash)
	if f.Format.Compression != "" {
		inflated, err := compressed.NewReader(r, f.Format.Compression, compressed.Limits{})
		if err != nil {
			return err
		}
		e.closers = append(e.closers, inflated)
		r = inflated
	}
	if !f.Format.Jumps() {
		e.Reader = streaming(&text{Reader: r}, f, options)
		return nil
	}
	inside, err := spool.New(ctx, work, copied+".inside", r)
	if err != nil {
		return err
	}
	e.release() // what was read to its end takes no more memory
	e.closers = append(e.closers, inside)
	e.Reader = jumping(inside, inside.Size, f, options)
	return nil
}

// release closes what stands between the file and the reader.
func (e *file) release() {
	for _, c := range slices.Backward(e.closers) {
		c.Close() // of a reading that is over; what matters is that a copy goes
	}
	e.closers = nil
}

// member opens the feed's file inside an archive, after its manifest.
func (e *file) member(f *layout.Feed, name string) (io.Reader, error) {
	zip, err := archive.Open(e.content(), e.file.Size(), archive.Limits{})
	if err != nil {
		return nil, err
	}
	if f.Format.Manifest != "" {
		if e.listed, err = readManifest(zip, f.Format.Manifest, name); err != nil {
			return nil, err
		}
	}
	m, err := zip.Open(name)
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, m)
	return m, nil
}

func readManifest(zip fs.FS, manifest, member string) (*listed, error) {
	src, err := zip.Open(manifest)
	if err != nil {
		return nil, errManifest.Wrap(err)
	}
	defer src.Close()
	var m struct {
		Files []listed `json:"files"`
	}
	if err := json.NewDecoder(io.LimitReader(src, maxManifest)).Decode(&m); err != nil {
		return nil, errManifest.Wrap(err)
	}
	for i := range m.Files {
		if m.Files[i].Name == member {
			return &m.Files[i], nil
		}
	}
	return nil, errManifest.At(fault.Place{Field: member})
}

// Extracted gives when the file was written.
func (e *file) Extracted() time.Time { return e.modTime }

// Verify tells whether the file stayed as it was, is of one delivery with its side-car and is what its manifest says.
func (e *file) Verify() error {
	if err := e.file.Verify(); err != nil {
		return err
	}
	if e.beside != nil {
		if err := e.beside.verify(e.files, e.file, e.name); err != nil {
			return err
		}
	}
	if e.listed == nil {
		return e.digestInPlace()
	}
	if hex.EncodeToString(e.hash.Sum(nil)) != e.listed.SHA256 {
		return errDigest.At(fault.Place{Field: e.listed.Name})
	}
	if n := e.Summary().Read(); n != e.listed.Rows {
		return errDigest.At(fault.Place{Field: e.listed.Name}).Because(fmt.Errorf("%d rows instead of %d", n, e.listed.Rows))
	}
	return nil
}

// digestInPlace hashes a file that its format reads here and there.
func (e *file) digestInPlace() error {
	if !e.inPlace {
		return nil
	}
	if e.copied != nil {
		_, err := io.Copy(e.hash, e.copied.Reader())
		return err
	}
	_, err := io.Copy(e.hash, e.file)
	return err
}

// Sum gives the SHA-256 of the bytes that were parsed.
func (e *file) Sum() string {
	sum := e.hash.Sum(nil)
	return hex.EncodeToString(sum)
}

// Close closes the file.
func (e *file) Close() error {
	e.release()
	err := e.file.Close()
	if e.copied != nil {
		err = errors.Join(e.copied.Close(), err)
	}
	if e.beside != nil {
		err = errors.Join(err, e.beside.Close())
	}
	return err
}
