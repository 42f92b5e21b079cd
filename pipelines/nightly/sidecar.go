package nightly

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"uoma/connectors/folder"
	"uoma/connectors/sidecar"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
)

// besides reads the side-car of a feed's file, by the same transport, and gives what it says to each row, by position of the
// column. Nothing of the file is read before.
func besides(files fs.FS, f *layout.Feed, name string) (map[int]string, error) {
	if f.Sidecar == nil {
		return nil, nil
	}
	beside := path.Join(path.Dir(name), f.SidecarName(path.Base(name)))
	place := fault.Place{File: beside}
	raw, err := files.Open(beside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, sidecar.ErrNone.At(place)
	case err != nil:
		return nil, err
	}
	stable, err := folder.NewStable(raw, path.Base(beside))
	if err != nil {
		raw.Close()
		return nil, err
	}
	defer stable.Close()
	says, err := sidecar.Read(stable, beside)
	if err != nil {
		return nil, err
	}
	if key, why := f.Sidecar.Wrong(says); why != "" {
		place.Field = key
		return nil, sidecar.ErrForm.At(place).Because(errors.New(why))
	}
	out := map[int]string{}
	for i := range f.Columns {
		if value := strings.TrimSpace(says[f.Columns[i].Sidecar]); value != "" {
			out[i] = value
		}
	}
	return out, nil
}

// filled is an export whose rows say what its side-car says where they do not say it themselves.
type filled struct {
	tabular.Reader
	feed *layout.Feed
	says map[int]string
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
			value, theirs := r.says[c-canon.RawFirst]
			if !theirs || c < canon.RawFirst || !r.counts(&r.feed.Columns[c-canon.RawFirst], b.Col(c), i, value) {
				if c != canon.RawKinds {
					out.Copy(c, b.Col(c), i)
				}
				continue
			}
			out.Text(c, value)
			if len(kinds) > c-canon.RawFirst { // a text stands there, whatever the format has of kinds
				kinds = slices.Clone(kinds)
				kinds[c-canon.RawFirst] = canon.KindText
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
// the row's own is later.
func (r filled) counts(c *layout.Column, cell canon.Col, i int, value string) bool {
	own := strings.TrimSpace(cell.Text(i))
	switch {
	case own == "", isEmptyMarker(own, c.Empty):
		return true
	case !c.EndsEarlier():
		return false
	}
	theirs, err := canon.ParseDate(value)
	day, wrong := identifier.ParsePartial(own, c.Formats, &identifier.Params{})
	mine, ok := day.Date()
	return err == nil && wrong == "" && ok && theirs < mine
}

func isEmptyMarker(text string, more []string) bool {
	return slices.ContainsFunc(slices.Concat(identifier.DefaultEmptyMarkers(), more), func(m string) bool { return strings.EqualFold(m, text) })
}
