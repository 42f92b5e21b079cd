package workspace

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"

	"uoma/connectors/folder"
	"uoma/connectors/remote"
	"uoma/internal/document"
	"uoma/internal/fault"
)

// Inbox is the open inbox: a folder of this machine with one folder a system, in which the transports of systems that the
// settings name elsewhere stand under their system's name. Nothing is dialled before a system's first file is asked for.
// A system that cannot be reached fails at once from then on: the others must not wait for it again and again.
type Inbox struct {
	folder *folder.Folder
	own    map[string]*source
}

var _ fs.StatFS = (*Inbox)(nil)

// transport is what every transport can do.
type transport interface {
	fs.StatFS
	List(name string) ([]fs.DirEntry, fault.List, error)
	Close() error
}

// source is the transport of one system.
type source struct {
	transport

	mu   sync.Mutex
	down error // why it is asked no more
}

// OpenInbox opens the inbox for as long as ctx lives. A system whose settings cannot be used fails when it is read.
func (w *Workspace) OpenInbox(ctx context.Context) (*Inbox, error) {
	f, err := folder.Open(w.InboxPath())
	if err != nil {
		return nil, err
	}
	in := &Inbox{folder: f, own: map[string]*source{}}
	for system := range w.Settings.Inboxes {
		t, err := w.transport(ctx, system, w.Patience)
		in.own[system] = &source{transport: t, down: err}
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
	info, err := s.Stat(rest)
	return info, s.failed(err)
}

// Close closes every transport.
func (in *Inbox) Close() error {
	errs := []error{in.folder.Close()}
	for _, s := range in.own {
		if s.transport != nil {
			errs = append(errs, s.Close())
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
	if strings.HasPrefix(fault.Code(err), "UOMA-SRC-") {
		s.down = err
	}
	return err
}

// transport makes the transport of a system that has an inbox of its own. Faults of the settings carry their place.
func (w *Workspace) transport(ctx context.Context, system string, patience remote.Retry) (transport, error) {
	in := w.Settings.Inboxes[system]
	t, err := in.open(ctx, w.home, patience)
	var own *fault.Error
	if errors.As(err, &own) && own.Place.File == "" {
		path := append([]string{"inboxes", system}, strings.Split(own.Place.Field, ".")...)
		return nil, own.At(document.Locate(FileName, w.Source, path...))
	}
	return t, err
}
