package nightly

import (
	"iter"

	"uoma/connectors/blob"
	"uoma/internal/canon"
)

// A conform spool holds the canonical batches of a feed in groups: what was made from one batch of source rows stands
// together, so that protect sees a source row whole. An empty batch of groupEnd closes a group.
var groupEnd = canon.Table{Name: "group-end"}

// endGroup closes the group on a spool.
func endGroup(w *blob.Writer) error {
	return canon.WriteBatch(w, canon.NewBuilder(&groupEnd, "").Flush())
}

// spoolBatches gives the canonical batches of a spool.
func spoolBatches(spool *blob.File) canon.Batches {
	tables := append(canon.Tables(), groupEnd)
	return func(yield func(*canon.Batch, error) bool) {
		for b, err := range canon.ReadBatches(spool.Reader(), tables) {
			if err == nil && b.Table.Name == groupEnd.Name {
				continue
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// groups gives the groups of a spool.
func groups(spool *blob.File) iter.Seq2[[]*canon.Batch, error] {
	tables := append(canon.Tables(), groupEnd)
	return func(yield func([]*canon.Batch, error) bool) {
		var group []*canon.Batch
		for b, err := range canon.ReadBatches(spool.Reader(), tables) {
			if err != nil {
				yield(nil, err)
				return
			}
			if b.Table.Name != groupEnd.Name {
				group = append(group, b)
				continue
			}
			if !yield(group, nil) {
				return
			}
			group = nil
		}
	}
}
