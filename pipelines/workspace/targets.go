package workspace

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"uoma/connectors/dataverse"
	"uoma/connectors/drop"
	"uoma/connectors/remote"
	"uoma/connectors/s3"
	"uoma/connectors/sftp"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

var errService = fault.New("UOMA-WSP-SERVICE", "the settings do not say where the table is that the target's rows go into", "name url: and oauth: under targets: in uoma.yaml, as the operator's guide shows")

var errEvent = fault.New("UOMA-OUT-EVENT", "the purpose is of one event and the target names none, or the other way round", "name under event: the system and its key of the event, where the pack's purpose is per event, and nowhere else")

// EventOf holds a target to its purpose in the pack: one of single events needs an event, and no other has one.
func EventOf(pack *policy.Pack, t *target.Target) error {
	if u, known := pack.Purpose(t.Purpose); known && (u.Per == "event") != (t.Event != nil) {
		return errEvent.At(fault.Place{Field: t.Name})
	}
	return nil
}

// OverEncrypted tells whether a target's files go over a line that is encrypted: by their place, or as the settings say.
func (t TargetSettings) OverEncrypted() bool { return t.URL != "" || t.Transport == "encrypted" }

// TargetPlace opens the place that a target's files are laid into, for as long as ctx lives. Faults of the settings carry their
// place.
func (w *Workspace) TargetPlace(ctx context.Context, name string, patience remote.Retry) (drop.Place, error) {
	t := w.Settings.Targets[name]
	var p drop.Place
	var err error
	switch {
	case t.URL != "":
		p, err = w.distant(ctx, t, patience)
		err = w.ofTarget(name, err)
	case t.Folder != "":
		p, err = drop.Open(within(w.home, t.Folder), false)
	default:
		p, err = drop.Open(w.Path(OutgoingDir, name), true)
	}
	if err != nil {
		return nil, err // and no typed nil
	}
	return p, nil
}

// distant opens a place at a server.
func (w *Workspace) distant(ctx context.Context, t TargetSettings, patience remote.Retry) (drop.Place, error) {
	s := t.reached()
	u, err := s.where()
	if err != nil {
		return nil, err
	}
	switch {
	case u.Scheme == "sftp" && t.KMSKey == "":
		at, err := s.sftp(u, w.home, patience)
		if err != nil {
			return nil, err
		}
		return sftp.OpenDrop(ctx, at)
	case u.Scheme == "s3":
		at, err := s.s3(u, w.home, patience)
		if err != nil {
			return nil, err
		}
		at.KMSKey = t.KMSKey
		if w.Keys != nil { // else a check asks, and lays nothing
			at.Owner = w.Keys.Derive("staged")
		}
		return s3.OpenDrop(ctx, at)
	case t.KMSKey != "":
		return nil, inboxFault("kms_key", errors.New("it says something of s3 alone"))
	}
	return nil, inboxFault("url", errors.New("no file is laid under this scheme: sftp or s3"))
}

// TargetService opens the service that a target's rows are written to, for as long as ctx lives.
func (w *Workspace) TargetService(ctx context.Context, name string, patience remote.Retry) (*dataverse.Service, error) {
	t := w.Settings.Targets[name]
	if t.URL == "" || t.OAuth == nil {
		return nil, w.ofTarget(name, errService.At(fault.Place{Field: "url"}))
	}
	s := t.reached()
	u, err := s.where()
	if err != nil {
		return nil, w.ofTarget(name, err)
	}
	server, err := s.server(u, w.home, patience)
	if err != nil {
		return nil, w.ofTarget(name, err)
	}
	service, err := dataverse.Open(ctx, dataverse.Settings{Server: server, Rate: t.Rate})
	return service, w.ofTarget(name, err)
}

// Table gives what is written of the table of a target.
func Table(t *target.Target) dataverse.Table {
	x := t.Form
	out := dataverse.Table{Set: x.Set, ID: x.ID, Key: x.Key, Way: x.Write, Gone: x.Gone}
	for _, c := range t.Columns {
		if slices.Contains(x.Key, c.Name) {
			continue
		}
		col := dataverse.Column{Name: c.Name, Kind: cmp.Or(c.Kind, dataverse.Text)}
		if c.Lookup != nil {
			col.Kind, col.Set, col.By = dataverse.Lookup, c.Lookup.Set, c.Lookup.By
		}
		out.Columns = append(out.Columns, col)
	}
	return out
}

// ofTarget gives a fault of a target's settings its place in them.
func (w *Workspace) ofTarget(name string, err error) error {
	var own *fault.Error
	if errors.As(err, &own) && own.Place.File == "" {
		return own.At(document.Locate(FileName, w.Source, append([]string{"targets", name}, strings.Split(own.Place.Field, ".")...)...))
	}
	return err
}
