package conform

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/layout"
)

// Outcome numbers what became of one row as counts see it: for every column whether it had a value, none, or one that
// was refused and why; the warnings; and how many rows of each canonical table it filled. It holds no value. Many rows
// of a feed have the same outcome.
type Outcome uint32

// Tally counts the rows of a feed by their outcome, from which the counts of every column follow.
//
// An outcome depends on the row's cells, the layout, the settings and the program, and on the run's date in two ways
// alone: an identity code or a birth date after the run date, and a study date or year too far ahead of it. Both refuse
// the cell, as "future" or "out-of-range", and both let it pass from some day on for ever, as the last day that they
// allow never goes back while the run date goes forward. So an outcome with no cell refused for one of the two reasons
// stays the row's outcome on every later date, and one with such a cell is to be made anew ([Tally.Waits]). That is what
// lets a night count a row that it did not conform ([Tally.Count]): the sum is still over the rows of tonight's export,
// each with the outcome that it would have.
type Tally struct {
	feed  *layout.Feed
	codes []string
	code  map[string]int
	ids   map[string]Outcome
	all   []tallied
}

// tallied is one outcome and how many rows have it.
type tallied struct {
	text  string // see [Tally.visit]
	rows  int64
	waits bool
}

// Outcomes is what a night keeps of a tally for the next one. Both lists are numbered from 0.
type Outcomes struct {
	Codes    []string // of reasons and warnings
	Outcomes []string // each as the tally's own text
}

// Cells of an outcome's text: a column is missing, present, or refused for the reason with the number behind these.
const (
	cellMissing = iota
	cellPresent
	cellRefused
)

// NewTally makes an empty tally of the conformer's feed.
func (c *Conformer) NewTally() *Tally {
	return &Tally{feed: c.feed, code: map[string]int{}, ids: map[string]Outcome{}}
}

// Restore numbers the outcomes of an earlier night as it did, and counts nothing. The tally must be new. It gives false,
// and the tally is of no use, when they are not outcomes of this feed.
func (t *Tally) Restore(from Outcomes) bool {
	for i, code := range from.Codes {
		t.codes = append(t.codes, code)
		t.code[code] = i
	}
	tables := len(canon.Tables())
	for _, text := range from.Outcomes {
		if !t.valid(text, tables) {
			return false
		}
		t.number([]byte(text))
	}
	return len(t.all) == len(from.Outcomes)
}

// Count counts rows of which the outcome is known.
func (t *Tally) Count(o Outcome, rows int64) { t.all[o].rows += rows }

// Len gives how many different outcomes there are; each is less than it.
func (t *Tally) Len() int { return len(t.all) }

// Waits tells whether the outcome may be another one on a later date though the row is the same.
func (t *Tally) Waits(o Outcome) bool { return t.all[o].waits }

// Keep gives the outcomes that some row has, and the number that each outcome of the tally has among them.
func (t *Tally) Keep() (Outcomes, []Outcome) {
	out, numbers := Outcomes{Codes: slices.Clone(t.codes)}, make([]Outcome, len(t.all))
	for i := range t.all {
		if t.all[i].rows > 0 {
			numbers[i] = Outcome(len(out.Outcomes))
			out.Outcomes = append(out.Outcomes, t.all[i].text)
		}
	}
	return out, numbers
}

// Fields gives the counts of every column, in the layout's order, with codes in alphabetical order.
func (t *Tally) Fields() []Field {
	out := make([]Field, len(t.feed.Columns))
	for i := range out {
		col := &t.feed.Columns[i]
		out[i] = Field{Name: col.Name, Targets: slices.Clone([]string(col.To)), Required: col.Required}
	}
	for i := range t.all {
		rows := t.all[i].rows
		if rows == 0 {
			continue
		}
		t.visit(t.all[i].text, func(column, cell int) {
			switch f := &out[column]; cell {
			case cellMissing:
				f.Missing += rows
			case cellPresent:
				f.Present += rows
			default:
				f.Invalid = increase(f.Invalid, t.codes[cell-cellRefused], rows)
			}
		}, func(column, code int) {
			out[column].Warnings = increase(out[column].Warnings, t.codes[code], rows)
		}, func(int, int) {})
	}
	byCode := func(a, b Count) int { return cmp.Compare(a.Code, b.Code) }
	for i := range out {
		slices.SortFunc(out[i].Invalid, byCode)
		slices.SortFunc(out[i].Warnings, byCode)
	}
	return out
}

// Faults tells what an outcome found at the cells of its row: the column's place in the layout, the code, and whether the
// value was refused or only doubted.
func (t *Tally) Faults(o Outcome, tell func(column int, code string, refused bool)) {
	t.visit(t.all[o].text, func(column, cell int) {
		if cell >= cellRefused {
			tell(column, t.codes[cell-cellRefused], true)
		}
	}, func(column, code int) { tell(column, t.codes[code], false) }, func(int, int) {})
}

// Tables gives how many rows of each canonical table the counted rows fill, by its name.
func (t *Tally) Tables() map[string]int64 {
	out, tables := map[string]int64{}, canon.Tables()
	for i := range t.all {
		if rows := t.all[i].rows; rows > 0 {
			nothing := func(int, int) {}
			t.visit(t.all[i].text, nothing, nothing, func(table, n int) { out[tables[table].Name] += rows * int64(n) })
		}
	}
	return out
}

// number gives the number of an outcome.
func (t *Tally) number(text []byte) Outcome {
	if o, ok := t.ids[string(text)]; ok {
		return o
	}
	o, kept := Outcome(len(t.all)), string(text)
	waits := false
	t.visit(kept, func(_, cell int) { waits = waits || cell >= cellRefused && datedReason(t.codes[cell-cellRefused]) },
		func(int, int) {}, func(int, int) {})
	t.ids[kept] = o
	t.all = append(t.all, tallied{text: kept, waits: waits})
	return o
}

// datedReason tells whether a cell that was refused for this reason may pass on a later date.
func datedReason(code string) bool { return code == "future" || code == "out-of-range" }

// codeNumber gives the number of a code.
func (t *Tally) codeNumber(code string) int {
	n, ok := t.code[code]
	if !ok {
		n = len(t.codes)
		t.codes = append(t.codes, strings.Clone(code))
		t.code[t.codes[n]] = n
	}
	return n
}

// visit reads an outcome's text, all numbers as varints: a cell a column; the number of warnings, each a column and a
// code; then pairs of a canonical table and how many rows of it.
func (t *Tally) visit(text string, cell, warning, table func(int, int)) (whole bool) {
	at, good := 0, true
	next := func() int {
		n, shift := 0, 0
		for ; at < len(text) && shift < 28; shift += 7 {
			b := text[at]
			at++
			n |= int(b&0x7f) << shift
			if b < 0x80 {
				return n
			}
		}
		good = false
		return 0
	}
	for j := range t.feed.Columns {
		if v := next(); good {
			cell(j, v)
		}
	}
	for n := next(); n > 0 && good; n-- {
		if column, code := next(), next(); good {
			warning(column, code)
		}
	}
	for good && at < len(text) {
		if index, n := next(), next(); good {
			table(index, n)
		}
	}
	return good
}

// valid tells whether a text is an outcome of the feed, where there are so many canonical tables.
func (t *Tally) valid(text string, tables int) bool {
	known := true
	whole := t.visit(text,
		func(_, cell int) { known = known && cell < cellRefused+len(t.codes) },
		func(column, code int) { known = known && column < len(t.feed.Columns) && code < len(t.codes) },
		func(table, _ int) { known = known && table < tables })
	return whole && known
}

// rowOutcome gathers the outcome of the row that is being conformed.
type rowOutcome struct {
	cells    []byte
	warnings []byte
	warned   int
	tables   []byte
	text     []byte
}

func (r *rowOutcome) begin() {
	r.cells, r.warnings, r.tables, r.warned = r.cells[:0], r.warnings[:0], r.tables[:0], 0
}

func (r *rowOutcome) cell(t *Tally, column int, v *value) {
	switch {
	case v.reason != "":
		r.cells = binary.AppendUvarint(r.cells, uint64(cellRefused+t.codeNumber(v.reason)))
	case v.text != "":
		r.cells = append(r.cells, cellPresent)
	default:
		r.cells = append(r.cells, cellMissing)
	}
	if v.warning != "" {
		r.warn(t, column, v.warning)
	}
}

func (r *rowOutcome) warn(t *Tally, column int, code string) {
	r.warnings = binary.AppendUvarint(r.warnings, uint64(column))
	r.warnings = binary.AppendUvarint(r.warnings, uint64(t.codeNumber(code)))
	r.warned++
}

func (r *rowOutcome) filled(table, rows int) {
	if rows > 0 {
		r.tables = binary.AppendUvarint(r.tables, uint64(table))
		r.tables = binary.AppendUvarint(r.tables, uint64(rows))
	}
}

// end numbers the outcome.
func (r *rowOutcome) end(t *Tally) Outcome {
	r.text = append(r.text[:0], r.cells...)
	r.text = binary.AppendUvarint(r.text, uint64(r.warned))
	r.text = append(r.text, r.warnings...)
	r.text = append(r.text, r.tables...)
	return t.number(r.text)
}
