package tabular

import (
	"errors"
	"fmt"
	"time"

	"uoma/connectors/charset"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// maxUnknown bounds the names that a drift report lists: an export whose names are data would fill it without end.
const maxUnknown = 100

// NewRecordAssembler is [NewAssembler] for formats whose records name their values themselves. Cells stand in the order
// of Options.Columns, and there is no header, no line of totals and no trailing delimiter to look for.
func NewRecordAssembler(o Options) (*Assembler, error) {
	o.Header = HeaderRequired
	a, err := NewAssembler(o, true)
	if err != nil {
		return nil, err
	}
	m := &mapping{at: make([]int, len(o.Columns)), fields: len(o.Columns)}
	for i := range m.at {
		m.at[i] = i
	}
	a.settle(m)
	a.met, a.unlisted, a.strange = make([]bool, len(o.Columns)), make([]bool, len(o.Columns)), map[string]bool{}
	return a, nil
}

// Columns takes the names of the columns, of a source that tells them before its records, whose cells then stand in their
// order. Each name is known as that of a header is.
func (a *Assembler) Columns(names ...string) error {
	row := Row{Cells: make([][]byte, len(names))}
	for i, n := range names {
		row.Cells[i] = []byte(n)
	}
	m, err := a.fromHeader(&row)
	if err != nil {
		return err
	}
	a.skip, a.others, a.need = nil, nil, nil
	a.settle(m)
	a.sum.Missing = nil // those are told of at the end
	for i, at := range m.at {
		a.met[i] = at >= 0
	}
	return nil
}

// SetTaken notes when what the rows tell was so.
func (a *Assembler) SetTaken(at time.Time) { a.sum.Taken = at }

// SetAgain notes how often the source was read again from its beginning.
func (a *Assembler) SetAgain(times int) { a.sum.Again = times }

// Inspect looks at the cells, sets Wide and Control, and tells whether they are UTF-8.
func (r *Row) Inspect() bool {
	r.Wide, r.Control = false, false
	for _, c := range r.Cells {
		wide, control := charset.Inspect(c)
		r.Control = r.Control || control && charset.HasControl(c)
		if !wide {
			continue
		}
		decodable, control := charset.InspectWide(c, nil)
		if !decodable {
			return false
		}
		r.Wide, r.Control = true, r.Control || control
	}
	return true
}

// AddRecord takes a record's row.
func (a *Assembler) AddRecord(row *Row) {
	a.seen = true
	switch {
	case row.Control:
		a.RejectRow(row, CodeControl, "the row holds a control character, so it was damaged on its way")
	case allBlank(row.Cells):
		a.Skip(SkipBlank)
	case a.subtotal(row):
		a.Skip(SkipSubtotal)
	case a.ofOthers(row):
		a.Skip(SkipOther)
	default:
		a.accept(row)
	}
}

// RequireControl refuses an export that does not say how many records it has.
func (a *Assembler) RequireControl() { a.o.TrailerRequired = true }

// Opened notes that the export has content, so that one without a record is not taken for an empty file.
func (a *Assembler) Opened() { a.seen = true }

// Met notes that some record has the column, with or without a value.
func (a *Assembler) Met(column int) { a.met[column] = true }

// Unlisted notes that no record has the list of rows that a column is in, so that it is missing though there is no row.
func (a *Assembler) Unlisted(column int) { a.unlisted[column] = true }

// Strange notes a name that the layout does not know.
func (a *Assembler) Strange(name []byte) {
	if a.strange[string(name)] || len(a.strange) == maxUnknown {
		return
	}
	a.strange[string(name)] = true
	a.sum.Unknown = append(a.sum.Unknown, shown(name))
}

// Trailer takes a control line, joined from its cells as [Options.Trailer] says; done tells whether it was one.
func (a *Assembler) Trailer(row *Row) (done bool, err error) { return a.trailer(row) }

// Announced notes how many records the export says that it has.
func (a *Assembler) Announced(count int64, line int64) error {
	if c := a.sum.Control; c != nil && *c != count {
		return errControl.At(a.place(line)).Because(fmt.Errorf("%d and %d rows announced", *c, count))
	}
	a.sum.Control = &count
	return nil
}

// EndRecords is [Assembler.End] for records: a column that no record had is missing. records is how many there were, of
// which one may hold several rows or none; that many must have been announced.
func (a *Assembler) EndRecords(line, records int64) error {
	if !a.seen {
		return errEmpty.At(a.place(0))
	}
	if a.sum.Control == nil && !a.closed && a.o.TrailerRequired {
		return errTruncated.At(a.place(line)).Because(errors.New("the number of its records is missing"))
	}
	if c := a.sum.Control; c != nil && *c != records {
		return errControl.At(a.place(line)).Because(fmt.Errorf("%d records announced, %d read", *c, records))
	}
	if err := a.wasLast(line); err != nil {
		return err
	}
	for i, c := range a.o.Columns {
		if a.met[i] || a.sum.Rows == 0 && !a.unlisted[i] && !a.renamed() {
			continue
		}
		if c.Required {
			err := errMissing.At(fault.Place{File: a.o.File, Field: c.Name})
			if a.unlisted[i] {
				err = err.Because(errors.New("no record has the list of rows that it is in"))
			}
			return err
		}
		a.sum.Missing = append(a.sum.Missing, c.Name)
	}
	return nil
}

// renamed tells, of an export without rows, that some record had no value that is wanted, and there are names that the layout does
// not know: the names of its columns may be others now.
func (a *Assembler) renamed() bool {
	return a.sum.Skipped[SkipBlank] > 0 && len(a.strange) > 0
}

// FlushBytes is how much text a batch may hold before it is given on, whatever the number of its rows.
const FlushBytes = 16 << 20

// Full tells whether a batch should be given on.
func (a *Assembler) Full() bool { return a.b.Len() >= canon.BatchRows || a.bytes >= FlushBytes }

// MissingColumn is the fault of an export that says itself which columns it has.
func MissingColumn(file, column string) error {
	return errMissing.At(fault.Place{File: file, Field: column})
}
