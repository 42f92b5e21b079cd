package sourcetest

import (
	"context"
	"strings"
	"testing"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
)

// TestWhoDoesNotStreamFails holds the case of a huge set to finding a source that keeps what it gave.
func TestWhoDoesNotStreamFails(t *testing.T) {
	const rows = 5 * canon.BatchRows
	for name, c := range map[string]struct {
		keep bool
		want string
	}{"streams": {}, "keeps what it gave": {true, "are held"}} {
		t.Run(name, func(t *testing.T) {
			err := streams(t.Context(), &made{keep: c.keep}, rows)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

// made makes five batches of rows, each as large as those of the contract.
type made struct {
	tabular.Reader
	keep bool
	kept []*canon.Batch
}

func (m *made) Batches(context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		text := strings.Repeat("x", hugeBytes/5/canon.BatchRows)
		for range 5 {
			b := canon.NewBuilder(canon.RawTable("test/rows", []string{"note"}), "test/rows")
			for range canon.BatchRows {
				b.Int(canon.RawLine, 1)
				b.Null(canon.RawKinds)
				b.Text(canon.RawFirst, text)
				b.EndRow()
			}
			batch := b.Flush()
			if m.keep {
				m.kept = append(m.kept, batch)
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}
