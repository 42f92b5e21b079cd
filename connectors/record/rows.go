package record

import (
	"errors"
	"strings"

	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

var errEach = fault.New("UOMA-LND-ROWS", "the export has nothing at the path where the layout has its rows",
	"compare the names with the layout's each path").For(fault.Source)

// keptRaw is how much of a bad record goes to quarantine.
const keptRaw = 64 << 10

// Rows hands the rows of a matcher's records to an assembler, one at a time, so that a record of many rows does not make
// a batch too large.
type Rows struct {
	m       *Matcher
	a       *tabular.Assembler
	numbers bool // lines are numbers of rows

	records int64
	count   int64 // rows, also bad and skipped ones
	line    int64 // of the record
	raw     []byte
	at, n   int
}

// NewRows makes Rows for a matcher. numbered says that a row's line is its number in the export, for formats that need no
// line ends, and for records that hold several rows: each row has a line of its own.
func NewRows(m *Matcher, numbered bool) *Rows {
	return &Rows{m: m, a: m.a, numbers: numbered || m.p.levels > 0}
}

// Records gives how many records there were.
func (r *Rows) Records() int64 { return r.records }

// End closes the export behind its last record. Records that have nothing at the path of their rows, and names that the
// layout does not know, have most likely another path, and are no records without rows.
func (r *Rows) End(line int64) error {
	if unknown := r.a.Summary().Unknown; r.records > 0 && r.count == 0 && r.m.p.levels > 0 && !r.m.led && len(unknown) > 0 {
		return errEach.At(fault.Place{File: r.m.p.o.File, Field: r.m.p.o.Each}).Because(errors.New("no record has it; they have " + strings.Join(unknown, ", ")))
	}
	return r.a.EndRecords(line, r.records)
}

// Record takes the record that the matcher has followed to its end. raw is what it was, if that is at hand.
func (r *Rows) Record(line int64, raw []byte) {
	r.records++
	r.line, r.raw, r.at, r.n = line, raw, 0, r.m.end()
	if r.n == 0 {
		r.a.Opened()
		r.a.Skip(tabular.SkipNoRows)
	}
}

// Reject takes a record that could not be followed.
func (r *Rows) Reject(line int64, raw []byte, code, reason string) {
	r.m.Begin()
	r.m.Fail(code, reason)
	r.Record(line, raw)
}

// Next adds the next row of the record, and tells whether there was one.
func (r *Rows) Next() bool {
	if r.at == r.n {
		return false
	}
	m, row := r.m, &r.m.row
	code, reason := m.code, m.reason
	if code != "" {
		for c := range row.Cells {
			row.Cells[c] = nil
		}
	} else {
		code, reason = m.fill(r.at)
	}
	r.at++
	r.count++
	row.Line, row.Raw = r.line, r.raw[:min(len(r.raw), keptRaw)]
	if r.numbers {
		row.Line = r.count
	}
	if code != "" {
		r.a.RejectRow(row, code, reason)
	} else {
		r.a.AddRecord(row)
	}
	return true
}
