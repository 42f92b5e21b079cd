package nightly

import (
	"bytes"
	"slices"

	"uoma/transforms/layout"
)

// settled tells whether the rows of a list in pages may be of one moment. Where something was added, changed or taken away between
// two pages, rows move: one comes twice, and in its place another is never seen, while their number stays what was announced. A key
// that comes again is how it shows; it is also what a list may hold that knows somebody twice. The second reading tells: what comes
// twice in both is of the list, and what is to be done with it is not for here. Of a list that has several versions of a row, as the
// layout says, it is the same version that comes again.
func (ff *FeedFacts) settled(f *layout.Feed, rows []rowPrint) error {
	whole := ff.Changes == nil || !ff.Changes.Alone // else the rows are the last snapshot's
	if inPages := f.OData != nil && whole || f.Rest != nil && f.Rest.Paging.Kind != "none"; !inPages {
		return nil
	}
	before := ff.twice
	if f.Latest != "" {
		rows = byVersion(rows)
	}
	ff.twice = again(rows)
	if n := int64(len(ff.twice)); n > 0 {
		ff.Twice = n
	}
	if len(ff.twice) == 0 || slices.Equal(ff.twice, before) {
		return nil
	}
	return errShifted
}

// byVersion gives rows of which two have one key where all else of them is the same as well.
func byVersion(rows []rowPrint) []rowPrint {
	out := make([]rowPrint, 0, len(rows))
	for _, r := range rows {
		if r.id != (rowID{}) {
			out = append(out, rowPrint{id: r.hash, hash: r.hash})
		}
	}
	return out
}

// again gives the keys of rows that came before, in their own order.
func again(rows []rowPrint) (out []rowID) {
	ids := make([]rowID, 0, len(rows))
	for _, r := range rows {
		if r.id != (rowID{}) {
			ids = append(ids, r.id)
		}
	}
	slices.SortFunc(ids, func(a, b rowID) int { return bytes.Compare(a[:], b[:]) })
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] {
			out = append(out, ids[i])
		}
	}
	return out
}
