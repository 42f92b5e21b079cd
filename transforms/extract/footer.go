package extract

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// trailer is the end of a Parquet file: the footer's length and the magic bytes.
const trailer = 8

var errFooter = errors.New("a part's footer cannot be read")

// withoutPageIndex takes the page index out of a Parquet file. Its writer, told to keep the bounds of columns to itself,
// leaves an index in which every bound is zero; a reader that trusts it would skip every row.
func withoutPageIndex(file []byte) ([]byte, error) {
	if len(file) < trailer {
		return nil, errFooter
	}
	end := len(file) - trailer
	begin := end - int(binary.LittleEndian.Uint32(file[end:]))
	if begin < 0 || begin > end {
		return nil, errFooter
	}
	var protocol thrift.CompactProtocol
	var meta format.FileMetaData
	if err := thrift.Unmarshal(&protocol, file[begin:end], &meta); err != nil {
		return nil, err
	}
	keep := begin
	for g := range meta.RowGroups {
		for c := range meta.RowGroups[g].Columns {
			chunk := &meta.RowGroups[g].Columns[c]
			for _, at := range []int64{chunk.ColumnIndexOffset, chunk.OffsetIndexOffset} {
				if at > 0 {
					keep = min(keep, int(at))
				}
			}
			chunk.ColumnIndexOffset, chunk.ColumnIndexLength, chunk.OffsetIndexOffset, chunk.OffsetIndexLength = 0, 0, 0, 0
		}
	}
	footer, err := thrift.Marshal(&protocol, &meta)
	if err != nil {
		return nil, err
	}
	out := append(file[:keep:keep], footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, "PAR1"...), nil
}
