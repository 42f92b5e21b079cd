package nightly

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"uoma/connectors/folder"
	"uoma/connectors/sidecar"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/conform"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
)

// beside is the side-car of a feed's file.
type beside struct {
	*folder.Stable
	name string
	says map[int]string // to each row, by position of the column

	notice *NoticeFacts
}

// openBeside reads the side-car of a feed's file, by the same transport; nil where the feed has none. Nothing of the file is
// read before.
func openBeside(files fs.FS, f *layout.Feed, name string) (*beside, error) {
	if f.Sidecar == nil {
		return nil, nil
	}
	name = path.Join(path.Dir(name), f.SidecarName(path.Base(name)))
	raw, err := files.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, sidecar.ErrNone.At(fault.Place{File: name})
	case err != nil:
		return nil, err
	}
	stable, err := folder.NewStable(raw, path.Base(name))
	if err != nil {
		raw.Close()
		return nil, err
	}
	b := &beside{Stable: stable, name: name, says: map[int]string{}}
	if err := b.read(f); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *beside) read(f *layout.Feed) error {
	says, err := sidecar.Read(b, b.name)
	if err != nil {
		return err
	}
	if key, why := f.Sidecar.Wrong(says); why != "" {
		return sidecar.ErrForm.At(fault.Place{File: b.name, Field: key}).Because(errors.New(why))
	}
	if notice := strings.TrimSpace(says[layout.NoticeKey]); notice != "" {
		b.notice = &NoticeFacts{Says: notice, Obtained: strings.TrimSpace(says[layout.ObtainedKey])}
	}
	for i := range f.Columns {
		if value := strings.TrimSpace(says[f.Columns[i].Sidecar]); value != "" {
			b.says[i] = value
		}
	}
	return nil
}

// verify tells whether a file and its side-car are still those that lie there: one that was put in the place of either while
// they were read belongs to another delivery.
func (b *beside) verify(files fs.FS, file *folder.Stable, name string) error {
	if err := b.Verify(); err != nil {
		return err
	}
	if err := b.VerifyName(files, b.name); err != nil {
		return err
	}
	return file.VerifyName(files, name)
}

// filled is an export whose rows say what its side-car says where they do not say it themselves.
type filled struct {
	tabular.Reader
	feed *layout.Feed
	says map[int]string
	date identifier.Rule // of the ends of licences
}

// Batches implements [tabular.Reader].
func (r filled) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		for b, err := range r.Reader.Batches(ctx) {
			if err == nil {
				b = r.fill(b)
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

func (r filled) fill(b *canon.Batch) *canon.Batch {
	out := canon.NewBuilder(b.Table, b.Feed)
	for i := range b.Len() {
		kinds := b.Col(canon.RawKinds).Bytes(i)
		for c := range b.Table.Columns {
			at := c - canon.RawFirst
			kind := byte(canon.KindText)
			if at >= 0 && at < len(kinds) {
				kind = kinds[at]
			}
			value, theirs := r.says[at]
			if !theirs || at < 0 || !r.counts(&r.feed.Columns[at], b.Col(c), kind, i, value) {
				if c != canon.RawKinds {
					out.Copy(c, b.Col(c), i)
				}
				continue
			}
			out.Text(c, value)
			if len(kinds) > at { // a text stands there, whatever the format has of kinds
				kinds = slices.Clone(kinds)
				kinds[at] = canon.KindText
			}
		}
		if b.Col(canon.RawKinds).Null(i) {
			out.Null(canon.RawKinds)
		} else {
			out.Bytes(canon.RawKinds, kinds)
		}
		out.EndRow()
	}
	return out.Flush()
}

// counts tells whether what the side-car says counts in a row: where the row says nothing; and of the end of a licence, where
// the row's own is later, or is none that would be kept.
func (r filled) counts(c *layout.Column, cell canon.Col, kind byte, i int, value string) bool {
	own := strings.TrimSpace(cell.Text(i))
	switch {
	case own == "", isEmptyMarker(own, c.Empty):
		return true
	case !c.EndsEarlier():
		return false
	}
	theirs, err := canon.ParseDate(value)
	if err != nil {
		return false
	}
	read := r.end(c, own, kind)
	mine, err := canon.ParseDate(read.Value)
	switch {
	case read.Null(), c.Open && layout.NoEnd(own), err == nil && theirs < mine:
		return true
	case err == nil && identifier.LicenceRange(mine, theirs) == "":
		return false
	}
	return c.Invalid == layout.Null // else the whole row is refused
}

// end reads a row's own end of a licence as it is read when the row is conformed.
func (r filled) end(c *layout.Column, own string, kind byte) identifier.Checked {
	p := identifier.Params{Formats: c.Formats, EmptyMarkers: slices.Concat(identifier.DefaultEmptyMarkers(), c.Empty)}
	switch kind {
	case canon.KindDate:
		p.Formats, own = []string{"yyyy-MM-dd"}, own[:min(len(own), len(time.DateOnly))]
	case canon.KindNumber, canon.KindNumber1904:
		var untold bool
		own = conform.ShownNumber(own)
		if p.Formats, untold = conform.NumberFormats(c.Formats, kind); untold && conform.IsYear(own) {
			return identifier.Checked{Reason: "partial"}
		}
	}
	return r.date(own, &p)
}

func isEmptyMarker(text string, more []string) bool {
	return slices.ContainsFunc(slices.Concat(identifier.DefaultEmptyMarkers(), more), func(m string) bool { return strings.EqualFold(m, text) })
}
