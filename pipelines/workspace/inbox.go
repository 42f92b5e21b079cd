package workspace

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"

	"uoma/connectors/folder"
	"uoma/connectors/odata"
	"uoma/connectors/remote"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/layout"
)

// Inbox is the open inbox: a folder of this machine with one folder a system, in which the transports of systems that the
// settings name elsewhere stand under their system's name. Nothing is dialled before a system's first file is asked for.
// A system that cannot be reached fails at once from then on: the others must not wait for it again and again.
// One that refuses a file is asked for the next.
type Inbox struct {
	folder *folder.Folder
	own    map[string]*source
}

var _ fs.StatFS = (*Inbox)(nil)

var (
	errNoFiles = fault.New("UOMA-SRC-NO-FILES", "the layout expects files of a system whose inbox is none of files",
		"correct the system's entry under inboxes: in uoma.yaml, or write a layout that says how its rows are asked for").For(fault.Source)
	errNoRows = fault.New("UOMA-SRC-NO-ROWS", "the layout asks for rows of a system whose inbox does not give them",
		"name the database under inboxes: in uoma.yaml, or write a layout of its files").For(fault.Source)
)

// transport is what every transport can do.
type transport interface {
	fs.StatFS
	List(name string) ([]fs.DirEntry, fault.List, error)
	Close() error
}

// rows is what every source without files can do.
type rows interface {
	// Rows makes a reader of a feed's rows.
	Rows(f *layout.Feed, o tabular.Options) (tabular.Reader, error)
	// Ask asks the source whether it would give the feed's rows.
	Ask(ctx context.Context, f *layout.Feed) error
	Close() error
}

// source is where one system's exports are: its transport, or what gives its rows.
type source struct {
	transport
	rows rows

	mu   sync.Mutex
	down error // why it is asked no more
}

// OpenInbox opens the inbox for as long as ctx lives. A system whose settings cannot be used fails when it is read.
func (w *Workspace) OpenInbox(ctx context.Context) (*Inbox, error) {
	f, err := folder.Open(ctx, w.InboxPath())
	if err != nil {
		return nil, err
	}
	in := &Inbox{folder: f, own: map[string]*source{}}
	for system := range w.Settings.Inboxes {
		s, err := w.source(ctx, system, w.Patience)
		in.own[system] = &source{transport: s.transport, rows: s.rows, down: err}
	}
	return in, nil
}

// Open opens the file SYSTEM/NAME.
func (in *Inbox) Open(name string) (fs.File, error) {
	s, rest := in.of(name)
	if s == nil {
		return in.folder.Open(name)
	}
	if err := s.failed(nil); err != nil {
		return nil, err
	}
	if s.transport == nil {
		return nil, errNoFiles.At(fault.Place{Field: name})
	}
	file, err := s.Open(rest)
	return file, s.failed(err)
}

// Stat describes the file SYSTEM/NAME.
func (in *Inbox) Stat(name string) (fs.FileInfo, error) {
	s, rest := in.of(name)
	if s == nil {
		return in.folder.Stat(name)
	}
	if err := s.failed(nil); err != nil {
		return nil, err
	}
	if s.transport == nil {
		return nil, errNoFiles.At(fault.Place{Field: name})
	}
	info, err := s.Stat(rest)
	return info, s.failed(err)
}

// Rows makes a reader of a feed that lies in no file.
func (in *Inbox) Rows(f *layout.Feed, o tabular.Options) (tabular.Reader, error) {
	s := in.own[canon.SystemOf(f.FullName())]
	if s == nil {
		return nil, errNoRows.At(fault.Place{Field: f.FullName()})
	}
	if err := s.failed(nil); err != nil {
		return nil, err
	}
	if s.rows == nil {
		return nil, errNoRows.At(fault.Place{Field: f.FullName()})
	}
	return s.rows.Rows(f, o)
}

// Changed asks what became of a feed's rows since a position that the reader of its rows, or an earlier list of changes,
// gave. Only a feed whose layout asks for changes has one.
func (in *Inbox) Changed(ctx context.Context, f *layout.Feed, o tabular.Options, since string) (*odata.Changes, error) {
	s := in.own[canon.SystemOf(f.FullName())]
	if s == nil {
		return nil, errNoRows.At(fault.Place{Field: f.FullName()})
	}
	if err := s.failed(nil); err != nil {
		return nil, err
	}
	r, ok := s.rows.(services)
	if !ok {
		return nil, errNoRows.At(fault.Place{Field: f.FullName()})
	}
	return r.Changed(ctx, f, o, since)
}

// Close closes every transport.
func (in *Inbox) Close() error {
	errs := []error{in.folder.Close()}
	for _, s := range in.own {
		if s.transport != nil {
			errs = append(errs, s.transport.Close())
		}
		if s.rows != nil {
			errs = append(errs, s.rows.Close())
		}
	}
	return errors.Join(errs...)
}

// of finds who serves a path, and the path there; nil means the folder.
func (in *Inbox) of(name string) (*source, string) {
	system, rest, below := strings.Cut(name, "/")
	if !below {
		rest = "."
	}
	return in.own[system], rest
}

// failed remembers an error that speaks of the whole source, and gives what is wrong with the source or the request.
func (s *source) failed(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		return s.down
	}
	if strings.HasPrefix(fault.Code(err), "UOMA-SRC-") && !remote.OfOne(err) {
		s.down = err
	}
	return err
}

// source makes what reads a system that has an inbox of its own. Faults of the settings carry their place.
func (w *Workspace) source(ctx context.Context, system string, patience remote.Retry) (opened, error) {
	in := w.Settings.Inboxes[system]
	o, err := in.open(ctx, w.home, patience)
	var own *fault.Error
	if errors.As(err, &own) && own.Place.File == "" {
		path := append([]string{"inboxes", system}, strings.Split(own.Place.Field, ".")...)
		return opened{}, own.At(document.Locate(FileName, w.Source, path...))
	}
	return o, err
}
