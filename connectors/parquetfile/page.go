package parquetfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"uoma/connectors/compressed"
	"uoma/internal/fault"
)

// Limits of a file, beyond what any writer does by default.
const (
	maxValues = 16 << 20 // in a page
	maxPage   = 32 << 20 // bytes of a page, compressed and not; writers make them of 1 MiB
	maxPages  = 1 << 20  // of one column in one row group
	maxFooter = 16 << 20
	maxRatio  = 2000 // of a page's bytes to its compressed ones, applied from 1 MiB on: a column of one value is honest
	ratioFrom = 1 << 20
)

// checkChunk looks at every page of a column chunk before the library does, and gives how many values they say to have.
func checkChunk(r io.ReaderAt, m *format.ColumnMetaData) (values int64, err error) {
	at := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		at = m.DictionaryPageOffset
	}
	end := at + m.TotalCompressedSize
	if at < 0 || m.TotalCompressedSize < 0 || end < at {
		return 0, errFormat
	}
	buffered := bufio.NewReaderSize(nil, 512)
	for pages := 0; at < end; pages++ {
		if pages == maxPages {
			return 0, errLimit.Because(errors.New("a column has too many pages"))
		}
		if err := checkHeader(r, at, end-at); err != nil {
			return 0, err
		}
		section := io.NewSectionReader(r, at, end-at)
		buffered.Reset(section)
		var header format.PageHeader
		protocol := thrift.CompactProtocol{}
		if err := thrift.NewDecoder(protocol.NewReader(buffered)).Decode(&header); err != nil {
			return 0, damaged(err)
		}
		position, _ := section.Seek(0, io.SeekCurrent)
		at += position - int64(buffered.Buffered())
		size, packed := int64(header.UncompressedPageSize), int64(header.CompressedPageSize)
		if size < 0 || packed < 0 || at+packed > end {
			return 0, errFormat
		}
		if size > maxPage || packed > maxPage || size >= ratioFrom && size/maxRatio > packed {
			return 0, errLimit.Because(errors.New("a page is too large"))
		}
		if max(header.DataPageHeader.V.NumValues, header.DataPageHeaderV2.V.NumValues, header.DictionaryPageHeader.V.NumValues) > maxValues {
			return 0, errLimit.Because(errors.New("a page has too many values"))
		}
		levels, codec := int64(0), m.Codec
		if v2 := &header.DataPageHeaderV2; header.Type == format.DataPageV2 && v2.Valid {
			levels = int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
			if compressed := v2.V.IsCompressed; compressed.Valid && !compressed.V {
				codec = format.Uncompressed
			}
		}
		if levels < 0 || levels > packed || levels > size {
			return 0, errFormat
		}
		if err := checkPacked(io.NewSectionReader(r, at+levels, packed-levels), size-levels, codec); err != nil {
			return 0, err
		}
		if header.Type == format.DataPage || header.Type == format.DataPageV2 {
			values += int64(max(header.DataPageHeader.V.NumValues, header.DataPageHeaderV2.V.NumValues))
		}
		at += packed
	}
	return values, nil
}

// checkPacked holds compressed bytes, which inflate to a size by their page, to the limit of one.
func checkPacked(r *io.SectionReader, size int64, codec format.CompressionCodec) error {
	var head [32]byte
	n, err := r.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return err
	}
	if n == 0 { // a page of nulls alone
		return nil
	}
	switch codec {
	case format.Uncompressed:
		return nil
	case format.Snappy:
		if says, _ := binary.Uvarint(head[:n]); says > maxPage {
			return errLimit.Because(errors.New("a page inflates to more than it says"))
		}
		return nil
	case format.Zstd:
		var h zstd.Header
		if h.Decode(head[:n]) == nil && h.HasFCS && !h.Skippable && h.FrameContentSize <= maxPage && h.WindowSize <= maxPage {
			return nil
		}
		return inflates(r, compressed.Zstd)
	case format.Gzip:
		return inflates(r, compressed.Gzip)
	case format.Brotli:
		n, err := io.CopyN(io.Discard, brotli.NewReader(r), maxPage+1)
		return fits(n, err)
	case format.Lz4Raw:
		return inflatesBlock(r, size)
	}
	return errFormat.Because(errors.New("its pages are compressed in another way"))
}

// fits holds what a page inflates to, io.EOF being its end, to the limit of one.
func fits(size int64, err error) error {
	var read *readError
	switch {
	case size > maxPage:
		return errLimit.Because(errors.New("a page inflates to more than it says"))
	case err == io.EOF, errors.As(err, &read):
		return nil // an error of the file comes again when the page is read
	}
	return errFormat
}

// inflatesBlock inflates a block of LZ4 into what its page says to be. The library takes twice the memory again and again for one
// that is damaged, and only its own decoder tells what it takes for damaged.
func inflatesBlock(r *io.SectionReader, size int64) error {
	packed := make([]byte, r.Size())
	if _, err := r.ReadAt(packed, 0); err != nil && err != io.EOF {
		return err
	}
	if _, err := lz4.UncompressBlock(packed, make([]byte, size)); err != nil {
		return errFormat
	}
	return nil
}

// inflates inflates a page whose compressed bytes do not say their size, to see it.
func inflates(r io.Reader, kind string) error {
	c, err := compressed.NewReader(r, kind, compressed.Limits{Size: maxPage, Ratio: maxRatio})
	if err == nil {
		_, err = io.Copy(io.Discard, c)
		c.Close()
	}
	var own *fault.Error
	if errors.As(err, &own) && own.Code != errLimit.Code {
		return errFormat
	}
	return err
}

// damaged makes a fault of an error of the library that is not one of the file's reader.
func damaged(err error) error {
	var read *readError
	var own *fault.Error
	if err == nil || errors.As(err, &read) || errors.As(err, &own) {
		return err
	}
	return errFormat.Wrap(err)
}

// readError is an error of the file itself, to be told apart from what the library makes of its bytes.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// source marks the errors of a file.
type source struct{ r io.ReaderAt }

func (s source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = &readError{err}
	}
	return n, err
}

// maxHeader is the longest header of a page: one holds the column's least and greatest value.
const maxHeader = 1 << 20

// checkHeader walks through the header of a page as through a footer: the library skips what it does not know element by
// element, though there is none.
func checkHeader(r io.ReaderAt, at, most int64) error {
	for length := int64(512); ; length *= 8 {
		b := make([]byte, min(length, most, maxHeader))
		n, err := r.ReadAt(b, at)
		if n < len(b) {
			return damaged(errors.Join(err, io.ErrUnexpectedEOF))
		}
		w := footer{b: b}
		if err := w.structure(0); err == nil || int64(n) < length || int64(n) >= min(most, maxHeader) {
			return err
		}
	}
}
