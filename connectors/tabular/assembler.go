package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

// maxPending bounds the lines of totals that wait for the end of the export to prove that they are trailing.
const maxPending = 64

// maxTotals bounds such a line in bytes; a longer one is none.
const maxTotals = 64 << 10

// Row is one row as a format found it. Its slices are read during [Assembler.Add] only.
type Row struct {
	Line    int64    // the row's first line, or in formats without lines its number
	Cells   [][]byte // valid UTF-8; empty means no value
	Kinds   []byte   // the kind of each cell, nil in a format that has only text
	Wide    bool     // some byte may be above 0x7F
	Control bool     // some cell holds a control character that no text has
	Raw     []byte   // the row as it was; nil takes the cells joined by tabs
}

// Assembler turns rows into batches under the rules of [Options]. It is not safe for concurrent use.
type Assembler struct {
	o        Options
	names    names
	anchor   int
	sparse   bool
	m        *mapping // nil until the first row told where the columns are
	skip     []int    // fields of SkipWhenEmpty
	others   []int    // fields of SkipWhenFilled
	need     []int    // fields of required columns
	b        *canon.Builder
	sum      Summary
	seen     bool // some row was not blank
	titles   int
	upper    upper
	pending  []canon.Rejection
	closed   bool  // a trailer that tells no count was met
	before   int64 // rows up to there
	scratch  []byte
	decoded  []byte
	kinds    []byte
	bytes    int    // of the cells that wait
	met      []bool // by own column, in formats whose records name their values: some record had it
	unlisted []bool // by column: no record has the list of rows that it is in
	strange  map[string]bool
}

// NewAssembler checks the options. sparse says that the format leaves empty cells out, so that the number of cells in a
// row means nothing.
func NewAssembler(o Options, sparse bool) (*Assembler, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	table := canon.RawTable(o.Feed, o.Names())
	return &Assembler{o: o, names: newNames(o.Columns), anchor: anchorOf(o.Columns), sparse: sparse, b: canon.NewBuilder(table, o.Feed),
		sum: Summary{Skipped: map[string]int64{}}}, nil
}

// Summary gives what is known so far; it is complete after [Assembler.End]. Of options that were wrong there is no
// assembler, and nothing is known.
func (a *Assembler) Summary() Summary {
	if a == nil {
		return Summary{}
	}
	return a.sum.clone()
}

// SetEncoding notes what the bytes are read as.
func (a *Assembler) SetEncoding(name string) { a.sum.Encoding = name }

// SetOpenEnd notes that the last line has no line end, before its row is added.
func (a *Assembler) SetOpenEnd() { a.sum.OpenEnd = true }

// Skip counts a row that the format knows to be no data.
func (a *Assembler) Skip(reason string) { a.sum.Skipped[reason]++ }

// Ready tells whether the header has been found or the absence of one settled.
func (a *Assembler) Ready() bool { return a.m != nil }

// Len gives the rows that wait for [Assembler.Flush].
func (a *Assembler) Len() int { return a.b.Len() }

// Flush gives the rows so far as a batch.
func (a *Assembler) Flush() *canon.Batch {
	a.bytes = 0
	return a.b.Flush()
}

// Add takes a row. An error is of scope Source and ends the export.
func (a *Assembler) Add(row *Row) error {
	filled := 0
	for _, c := range row.Cells {
		if len(c) > 0 {
			filled++
		}
	}
	if allBlank(row.Cells) {
		a.Skip(SkipBlank)
		return nil
	}
	a.seen = true
	if a.m == nil {
		data, err := a.first(row)
		if err != nil || !data {
			return err
		}
	}
	return a.data(row, filled)
}

func allBlank(cells [][]byte) bool {
	for _, c := range cells {
		if !blank(c) {
			return false
		}
	}
	return true
}

// first settles where the columns are; data tells whether the row itself is one of data.
func (a *Assembler) first(row *Row) (data bool, err error) {
	required := a.o.Header == HeaderRequired || a.o.Header == ""
	if !required {
		if done, err := a.trailer(row); done || err != nil {
			return false, err
		}
	}
	if a.o.HeaderRows == 2 {
		return a.twoRows(row)
	}
	if required && a.o.Titles > 0 && !slices.ContainsFunc(row.Cells, a.isAnchor) {
		return false, a.title(row)
	}
	header := required || a.o.Header == HeaderAuto && a.looksLikeHeader(row)
	find := a.fromPositions
	if header {
		find = a.fromHeader
	}
	m, err := find(row)
	if err != nil {
		return false, err
	}
	a.settle(m)
	return !header, nil
}

func (a *Assembler) settle(m *mapping) {
	a.m = m
	a.sum.Header, a.sum.Unknown, a.sum.Missing, a.sum.Reordered = m.line, m.unknown, m.missing, m.reordered()
	for i, c := range a.o.Columns {
		a.sum.Places = append(a.sum.Places, m.at[i]+1)
		if c.Required && m.at[i] >= 0 {
			a.need = append(a.need, m.at[i])
		}
		if m.at[i] < 0 {
			continue
		}
		if slices.Contains(a.o.SkipWhenEmpty, c.Name) {
			a.skip = append(a.skip, m.at[i])
		}
		if slices.Contains(a.o.SkipWhenFilled, c.Name) {
			a.others = append(a.others, m.at[i])
		}
	}
}

// Fits tells whether a row has as many cells as the header, or one more that is empty, or is blank. Before the header every row fits.
func (a *Assembler) Fits(cells [][]byte) bool {
	n := len(cells)
	return a.m == nil || a.sparse || n == a.m.fields || n == a.m.fields+1 && blank(cells[n-1]) || allBlank(cells)
}

func (a *Assembler) data(row *Row, filled int) error {
	n, fits := len(row.Cells), a.Fits(row.Cells)
	if !fits || filled <= 2 {
		if done, err := a.trailer(row); done || err != nil {
			return err
		}
	}
	if a.m.repeats(row.Cells) || a.m.repeatsGroups(row.Cells) {
		a.Skip(SkipHeader)
		a.settlePending(true)
		return nil
	}
	if a.totals(row, filled, fits) {
		a.hold(row)
		return nil
	}
	if fits && !row.Control && a.subtotal(row) {
		a.Skip(SkipSubtotal)
		return nil
	}
	a.settlePending(false)
	switch {
	case row.Control:
		a.RejectRow(row, CodeControl, "the row holds a control character, so it was damaged on its way")
	case !fits && a.sum.OpenEnd && n < a.m.fields:
		return errTruncated.At(a.place(row.Line)).Because(fmt.Errorf("its last line has no end, and %d of %d fields", n, a.m.fields))
	case !fits:
		a.RejectRow(row, CodeFieldCount, "the row has "+strconv.Itoa(n)+" fields, the export has "+strconv.Itoa(a.m.fields))
	case a.secondHeader(row):
		return errHeader.At(a.place(row.Line)).Because(errors.New("two rows could be the header"))
	case a.ofOthers(row):
		a.Skip(SkipOther)
	default:
		a.accept(row)
	}
	return nil
}

// trailer takes the control line.
func (a *Assembler) trailer(row *Row) (done bool, err error) {
	if a.o.Trailer == nil {
		return false, nil
	}
	match := a.o.Trailer.FindSubmatch(joined(row.Cells))
	if match == nil {
		return false, nil
	}
	if a.sum.Control != nil || a.closed {
		return true, errControl.At(a.place(row.Line)).Because(errors.New("there are two control lines"))
	}
	a.Skip(SkipTrailer)
	if len(match) == 1 {
		a.closed, a.before = true, a.sum.Read()
		return true, nil
	}
	digits := strings.Map(func(r rune) rune {
		if blankRune(r) {
			return -1
		}
		return r
	}, string(match[1]))
	count, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || count < 0 {
		return true, errControl.At(a.place(row.Line)).Because(errors.New("its count is not a number"))
	}
	a.sum.Control = &count
	return true, nil
}

// joined gives the cells that are not empty, joined by a space, in NFC.
func joined(cells [][]byte) []byte {
	var out []byte
	for _, c := range cells {
		if c = bytes.TrimFunc(c, blankRune); len(c) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, ' ')
		}
		out = append(out, c...)
	}
	return norm.NFC.Bytes(out)
}

// totals tells whether a row is a line of totals: it begins with one of the words, and it has not the shape of data.
// The word alone is not enough, since Sum is a family name.
func (a *Assembler) totals(row *Row, filled int, fits bool) bool {
	for _, c := range row.Cells {
		if len(c) == 0 {
			continue
		}
		if !summaryWord(c) {
			return false
		}
		break
	}
	if !fits || filled <= 2 && a.m.fields > 2 {
		return true
	}
	for _, i := range a.need {
		if blankAt(row.Cells, i) {
			return true
		}
	}
	return false
}

func (a *Assembler) subtotal(row *Row) bool {
	for _, i := range a.skip {
		if !blankAt(row.Cells, i) {
			return false
		}
	}
	return len(a.skip) > 0
}

// ofOthers tells whether a row is data that others read.
func (a *Assembler) ofOthers(row *Row) bool {
	return slices.ContainsFunc(a.others, func(i int) bool { return !blankAt(row.Cells, i) })
}

func blankAt(cells [][]byte, i int) bool { return i >= len(cells) || blank(cells[i]) }

// hold keeps a line of totals until the export's end, or a repeated header, proves that it was trailing.
func (a *Assembler) hold(row *Row) {
	if len(a.pending) == maxPending {
		a.settlePending(false)
	}
	r := a.rejection(row, CodeSummaryRow, "the row looks like a line of totals, but more data follows it or it is too long for one")
	if len(r.Raw) > maxTotals {
		a.reject(r)
		return
	}
	a.pending = append(a.pending, r)
}

func (a *Assembler) settlePending(trailing bool) {
	if len(a.pending) == 0 {
		return
	}
	for _, r := range a.pending {
		if trailing {
			a.Skip(SkipSummary)
		} else {
			a.reject(r)
		}
	}
	a.pending = a.pending[:0]
}

// RejectRow gives a bad row to Options.Reject.
func (a *Assembler) RejectRow(row *Row, code, reason string) {
	a.reject(a.rejection(row, code, reason))
}

func (a *Assembler) rejection(row *Row, code, reason string) canon.Rejection {
	raw := bytes.Clone(row.Raw)
	if row.Raw == nil {
		raw = bytes.Join(row.Cells, []byte("\t"))
	}
	return canon.Rejection{Feed: a.o.Feed, Line: row.Line, Code: code, Reason: reason, Raw: raw}
}

func (a *Assembler) reject(r canon.Rejection) {
	a.seen = true
	a.sum.Rejected++
	if a.o.Reject != nil {
		a.o.Reject(r)
	}
}

func (a *Assembler) accept(row *Row) {
	a.b.Int(canon.RawLine, row.Line)
	if row.Kinds == nil {
		a.b.Null(canon.RawKinds)
	} else {
		a.kinds = a.kinds[:0]
		for _, at := range a.m.at {
			kind := byte(canon.KindEmpty)
			if 0 <= at && at < len(row.Kinds) {
				kind = row.Kinds[at]
			}
			a.kinds = append(a.kinds, kind)
		}
		a.b.Bytes(canon.RawKinds, a.kinds)
	}
	for i, at := range a.m.at {
		if at < 0 || at >= len(row.Cells) || len(row.Cells[at]) == 0 {
			a.b.Null(canon.RawFirst + i)
			continue
		}
		cell := row.Cells[at]
		if row.Wide {
			cell = a.text(cell)
		}
		a.b.Bytes(canon.RawFirst+i, cell)
		a.bytes += len(cell)
	}
	a.b.EndRow()
	a.sum.Rows++
}

// text brings a cell into NFC, which nearly all text is in, and counts double decoding.
func (a *Assembler) text(cell []byte) []byte {
	if ASCII(cell) {
		return cell
	}
	if mojibake(cell) {
		a.sum.Mojibake++
	}
	if belowMarks(cell) || norm.NFC.IsNormal(cell) {
		return cell
	}
	a.scratch = norm.NFC.Append(a.scratch[:0], cell...)
	return a.scratch
}

// End closes the export: it settles the lines of totals and compares the control line. line is the last one.
func (a *Assembler) End(line int64) error {
	a.settlePending(true)
	if a.upper.named != nil {
		if err := a.settleNamed(); err != nil {
			return err
		}
	}
	if !a.seen {
		return errEmpty.At(a.place(0))
	}
	if a.m == nil && a.sum.Control == nil && !a.closed {
		return errHeader.At(a.place(line)).Because(errors.New("the export ends before it"))
	}
	if a.sum.Control == nil && !a.closed && a.o.TrailerRequired {
		return errTruncated.At(a.place(line)).Because(errors.New("its control line is missing"))
	}
	if c := a.sum.Control; c != nil && *c != a.sum.Read() {
		return errControl.At(a.place(line)).Because(fmt.Errorf("%d rows announced, %d read", *c, a.sum.Read()))
	}
	return a.wasLast(line)
}

// wasLast tells whether a trailer that tells no count stood behind the rows, as the last line does.
func (a *Assembler) wasLast(line int64) error {
	if behind := a.sum.Read() - a.before; a.closed && behind > 0 {
		return errControl.At(a.place(line)).Because(fmt.Errorf("%d rows stand behind it", behind))
	}
	return nil
}

func (a *Assembler) place(line int64) fault.Place {
	return fault.Place{File: a.o.File, Line: int(line)}
}
