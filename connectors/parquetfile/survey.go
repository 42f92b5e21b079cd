package parquetfile

import (
	"io"

	"github.com/parquet-go/parquet-go"

	"uoma/connectors/record"
)

// Survey gives the outline of a file: its columns, by the paths that [New] takes.
func Survey(r io.ReaderAt, size int64) (*record.Outline, error) {
	o := &record.Outline{}
	err := guarded(func() error {
		if size == 0 {
			return errEmpty
		}
		if err := CheckFooter(r, size); err != nil {
			return err
		}
		file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err != nil {
			return damaged(err)
		}
		o.Enter(nil, "", true)
		outline(o, file.Schema())
		o.Leave()
		return nil
	})
	return o, err
}

func outline(o *record.Outline, of parquet.Node) {
	for _, f := range of.Fields() {
		at, listed := place{node: f}, f.Repeated()
		for !at.node.Leaf() {
			next, ok := inner(at)
			if !ok {
				break
			}
			at, listed = next, listed || next.node.Repeated()
		}
		o.Enter([]byte(f.Name()), "", listed)
		if at.node.Leaf() {
			o.Value()
		} else {
			outline(o, at.node)
		}
		o.Leave()
	}
}
