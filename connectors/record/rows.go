package record

import "uoma/connectors/tabular"

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

// End closes the export behind its last record.
func (r *Rows) End(line int64) error {
	for _, column := range r.m.without() {
		r.a.Unlisted(column)
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
