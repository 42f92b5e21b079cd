package xlsx

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"uoma/connectors/archive"
	"uoma/connectors/tabular"
	"uoma/connectors/xmltoken"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

var _ tabular.Reader = (*Reader)(nil)

// Options says how one feed's sheet is read. Options.Header is always "required"; Titles is 20 when 0.
type Options struct {
	tabular.Options
	Sheet   string         // its name, compared without case; empty takes the first one
	Strings int64          // bytes of shared strings that may be held; 128 MiB when 0
	Archive archive.Limits // of the file as a ZIP
}

const (
	defaultTitles  = 20
	defaultStrings = 128 << 20
)

// Reader reads one export. It is not safe for concurrent use.
type Reader struct {
	src   io.ReaderAt
	size  int64
	o     Options
	a     *tabular.Assembler
	once  tabular.Once
	sheet sheet
	row   tabular.Row
}

// New makes a reader. Nothing is read, and no mistake in the options reported, before Batches is ranged over.
func New(r io.ReaderAt, size int64, o Options) *Reader {
	if o.Titles == 0 {
		o.Titles = defaultTitles
	}
	if o.Strings <= 0 {
		o.Strings = defaultStrings
	}
	o.Header = tabular.HeaderRequired
	a, err := tabular.NewAssembler(o.Options, true)
	return &Reader{src: r, size: size, o: o, a: a, once: tabular.Once{Err: err}}
}

// Summary implements [tabular.Reader]. Its Encoding is "xlsx".
func (r *Reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *Reader) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		var part fs.File
		begin := func() (err error) {
			if part, err = r.open(); err != nil {
				return r.fault(err)
			}
			return nil
		}
		defer func() {
			if part != nil {
				part.Close()
			}
		}()
		r.once.Stream(ctx, r.a, begin, r.next)(yield)
	}
}

func (r *Reader) open() (fs.File, error) {
	r.a.SetEncoding("xlsx")
	files, err := openArchive(r.src, r.size, r.o.Archive)
	if err != nil {
		return nil, err
	}
	w, err := openWorkbook(files, r.o.Sheet, r.o.Strings)
	if err != nil {
		return nil, err
	}
	part, err := w.open(w.sheet)
	if err != nil {
		return nil, err
	}
	r.sheet = sheet{x: xmltoken.New(part), w: w, limits: r.o.Limits.OrDefault()}
	return part, nil
}

// next reads one row into the assembler.
func (r *Reader) next() error {
	s := &r.sheet
	err := s.next()
	if err == io.EOF {
		if err := r.a.End(int64(s.line)); err != nil {
			return err
		}
		return io.EOF
	}
	if err != nil {
		return r.fault(err)
	}
	r.row = tabular.Row{Line: int64(s.line), Cells: s.cells, Kinds: s.kinds, Wide: s.wide, Control: s.control}
	if !s.tooLarge && !s.tooWide {
		return r.a.Add(&r.row)
	}
	if !r.a.Ready() {
		return r.fault(errLimit)
	}
	if s.tooLarge {
		r.a.RejectRow(&r.row, tabular.CodeTooLong, "the row is longer than any row may be; only its beginning was kept")
		return nil
	}
	r.a.RejectRow(&r.row, tabular.CodeTooWide, "the row has more columns than any row may have")
	return nil
}

// fault places an error at the file and row it was met; the part of the workbook stays in the message.
func (r *Reader) fault(err error) error {
	var own *fault.Error
	if !errors.As(err, &own) {
		return errRead.At(fault.Place{File: r.o.File, Line: r.sheet.line}).Wrap(err)
	}
	place := fault.Place{File: r.o.File, Line: r.sheet.line, Field: own.Place.File}
	if own.Place.Line > 0 || own.Code == "UOMA-LND-CHANGED" {
		return err
	}
	return own.At(place)
}
