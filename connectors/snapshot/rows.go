package snapshot

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"uoma/connectors/blob"
)

// WriteRows stores rows of a flat struct with parquet tags, in their order, and gives the digest under which [ReadRows]
// finds them. It is for the small states that a night leaves to the next one.
func WriteRows[T any](s *blob.Store, rows []T) (digest string, err error) {
	out, err := s.Create()
	if err != nil {
		return "", err
	}
	defer out.Discard()
	w := parquet.NewGenericWriter[T](out, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
		parquet.CreatedBy("uoma", "1", ""), parquet.DataPageStatistics(false))
	for len(rows) > 0 {
		n := min(len(rows), groupRows)
		if _, err := w.Write(rows[:n]); err != nil {
			return "", err
		}
		if err := w.Flush(); err != nil {
			return "", err
		}
		rows = rows[n:]
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return out.Commit("", Ext)
}

// ReadRows gives what [WriteRows] stored.
func ReadRows[T any](s *blob.Store, digest string) ([]T, error) {
	f, err := s.OpenDigest(digest, Ext)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pf, err := parquet.OpenFile(f, f.Size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, errRead.Wrap(err)
	}
	r := parquet.NewGenericReader[T](pf)
	defer r.Close()
	rows := make([]T, r.NumRows())
	for got := 0; got < len(rows); {
		n, err := r.Read(rows[got:])
		got += n
		if err != nil && !(errors.Is(err, io.EOF) && got == len(rows)) {
			return nil, errRead.Wrap(err)
		}
	}
	return rows, nil
}
