package jsonfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"uoma/connectors/charset"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/window"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

var _ tabular.Reader = (*Reader)(nil)

// Options says how one feed's JSON is read.
type Options struct {
	record.Options
	Lines bool // NDJSON: one record a line
}

// Reader reads one export. It is not safe for concurrent use.
type Reader struct {
	o      Options
	a      *tabular.Assembler
	plan   *record.Plan
	once   tabular.Once
	w      *window.Window
	m      *record.Matcher
	rows   *record.Rows
	p      parser
	walk   walker
	limits tabular.Limits
	begun  bool
}

// New makes a reader. Nothing is read, and no mistake in the options reported, before Batches is ranged over.
func New(r io.Reader, o Options) *Reader {
	j := &Reader{o: o, w: window.New(r), limits: o.Limits.OrDefault()}
	if j.a, j.once.Err = tabular.NewRecordAssembler(o.Options.Options); j.once.Err == nil {
		j.plan, j.once.Err = record.NewPlan(o.Options)
	}
	if j.once.Err != nil {
		return j
	}
	j.m = record.NewMatcher(j.plan, j.a)
	j.rows = record.NewRows(j.m, !o.Lines)
	j.p.m = j.m
	j.walk = walker{r: j, rows: j.plan.Rows, count: j.plan.Count}
	return j
}

// Summary implements [tabular.Reader].
func (r *Reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *Reader) Batches(ctx context.Context) canon.Batches {
	begin := func() error {
		r.a.SetEncoding(charset.UTF8)
		return nil
	}
	return r.once.Stream(ctx, r.a, begin, r.next)
}

// next adds one row.
func (r *Reader) next() error {
	if r.rows.Next() {
		return nil
	}
	if !r.begun {
		r.begun = true
		if err := r.mark(); err != nil {
			return r.fault(err)
		}
	}
	read := r.walk.next
	if r.o.Lines {
		read = r.readLine
	}
	err := read()
	if err == nil {
		r.rows.Next()
		return nil
	}
	if err != io.EOF {
		return r.fault(err)
	}
	line, column := r.w.Place(0)
	if column == 1 && line > 1 {
		line--
	}
	if err := r.rows.End(line); err != nil {
		return err
	}
	return io.EOF
}

// mark passes over a byte order mark.
func (r *Reader) mark() error {
	for len(r.w.Bytes()) < len(byteOrderMark) {
		if err := r.w.More(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	if bytes.HasPrefix(r.w.Bytes(), []byte(byteOrderMark)) {
		r.w.Take(len(byteOrderMark))
	}
	return nil
}

const (
	byteOrderMark = "\ufeff"
	keptOfLong    = 64 << 10 // bytes of an over-long line that go to quarantine
)

// readLine reads the record of the next line.
func (r *Reader) readLine() error {
	line, err := r.w.Line(r.limits.RowBytes, keptOfLong)
	if err != nil {
		return err
	}
	if line.OpenEnd {
		r.a.SetOpenEnd()
	}
	if line.TooLong {
		r.rows.Reject(line.Number, line.Bytes, tabular.CodeTooLong, "the line is longer than any may be; only its beginning was kept")
		return nil
	}
	if !utf8.Valid(line.Bytes) {
		return errEncoding.At(r.place(line.Number, 0))
	}
	if len(bytes.TrimSpace(line.Bytes)) == 0 {
		r.a.Skip(tabular.SkipBlank)
		return nil
	}
	if done, err := r.trailer(line); done || err != nil {
		return err
	}
	raw, step := bytes.TrimSpace(line.Bytes), r.m.Begin()
	wanted := isRecord(raw, step)
	if !wanted {
		step = nil
	}
	err = r.p.parse(raw, step)
	switch {
	case err != nil && line.OpenEnd:
		return errTruncated.At(r.place(line.Number, 0))
	case err != nil || !wanted:
		r.rows.Reject(line.Number, line.Bytes, tabular.CodeMalformed, "the line is no JSON object")
	default:
		r.rows.Record(line.Number, line.Bytes)
	}
	return nil
}

// trailer takes the control line of a file whose layout knows one.
func (r *Reader) trailer(line window.Line) (bool, error) {
	return r.a.Trailer(&tabular.Row{Line: line.Number, Cells: [][]byte{line.Bytes}})
}

func (r *Reader) place(line, column int64) fault.Place {
	return fault.Place{File: r.o.File, Line: int(line), Column: int(column)}
}

// fault places an error where the window stands. One that is ours already, a file that changed, passes as it is.
func (r *Reader) fault(err error) error {
	var own *fault.Error
	if !errors.As(err, &own) {
		return errRead.At(r.place(r.w.Place(0))).Wrap(err)
	}
	if own.Place == (fault.Place{}) {
		return own.At(r.place(r.w.Place(0)))
	}
	return err
}
