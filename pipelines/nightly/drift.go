package nightly

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"uoma/connectors/snapshot"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/layout"
)

// An export whose columns are not those of its layout: what is reported, and what stops.

// lost reports optional properties that no record of tonight has, and some of the last good snapshot had. Where each record may
// lack a property, nothing else would tell that it was renamed. Of a list of changes alone nothing can be said.
func (s land) lost(ctx context.Context, r *pipelines.Run, ff *FeedFacts, spared []string) error {
	if len(spared) == 0 || ff.Previous == "" || ff.Changes != nil && ff.Changes.Alone {
		return nil
	}
	had, err := snapshot.Columns(s.n.ws.Snapshots, ff.Previous)
	if err != nil {
		return err
	}
	var gone []string
	for _, name := range spared {
		if !slices.Contains(had, name) { // the layout is a newer one
			continue
		}
		filled, err := anyFilled(snapshot.Read(ctx, s.n.ws.Snapshots, ff.Previous, ff.Feed, []string{name}), name)
		if err != nil {
			return err
		}
		if filled {
			gone = append(gone, name)
		}
	}
	if len(gone) > 0 {
		ff.Missing = append(ff.Missing, gone...)
		r.Log.Warn("no record has a property that some had before; uoma layout diff shows what became of it", "feed", ff.Feed, "columns", gone)
	}
	return nil
}

// anyFilled tells whether a column of rows as they came has any value.
func anyFilled(rows canon.Batches, column string) (bool, error) {
	for b, err := range rows {
		if err != nil {
			return false, err
		}
		col := b.Named(column)
		for i := range b.Len() {
			if !col.Null(i) && len(col.AppendTo(nil, i)) > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}

// unread tells whether the export has columns that the layout does not read. A row that could not be split into its
// columns would carry them into the quarantine; of such an export only the row's place is kept.
func unread(f *layout.Feed, unknown []string) bool {
	return len(f.Drop) > 0 || len(unknown) > 0 || slices.ContainsFunc(f.Format.FieldCounts, func(n int) bool { return n > len(f.Columns) })
}

// undeclared leaves out the columns that the layout knows and drops on purpose.
func undeclared(f *layout.Feed, unknown []string) []string {
	dropped := map[string]bool{}
	for _, d := range f.Drop {
		dropped[tabular.Fold([]byte(d))] = true
	}
	return slices.DeleteFunc(unknown, func(u string) bool { return dropped[tabular.Fold([]byte(u))] })
}

// absent leaves out the columns that need not be there.
func absent(f *layout.Feed, missing []string) []string {
	return slices.DeleteFunc(missing, func(name string) bool { return !f.Misses(name) })
}

// drifted answers an export whose columns are not the layout's as its feed's policy says.
func drifted(f *layout.Feed, ff *FeedFacts) error {
	place := fault.Place{File: ff.File, Field: strings.Join(ff.Missing, ", ")}
	switch {
	case f.Drift == layout.Ignore:
		ff.Unknown, ff.Missing, ff.Reordered = nil, nil, false
	case f.Drift == layout.Fail && len(ff.Missing)+len(ff.Unknown) > 0:
		return errContract.At(place).Because(fmt.Errorf("%d columns are missing and %d are new", len(ff.Missing), len(ff.Unknown)))
	case f.Drift == layout.Quarantine && len(ff.Missing) > 0:
		return errGone.At(place)
	}
	return nil
}

// strictly lets a missing required column, which stops a source under every policy, stop the run where the feed asks for it.
func strictly(f *layout.Feed, err error) error {
	var e *fault.Error
	if f.Drift == layout.Fail && errors.As(err, &e) && e.Code == "UOMA-LND-HEADER-MISSING" {
		return errContract.At(e.Place)
	}
	return err
}
