// Package record is what formats share whose records name their values: JSON, XML, LDIF, and Parquet's paths.
//
// A layout says by paths where the records are, where a record holds its rows if it is not one itself, and where each
// column's value stands:
//
//	address/city              a value inside a value
//	phones[kind=mobile]/no    of the phones those whose kind is mobile
//	@id                       an attribute of XML
//	../id                     of the record, where the rows are lists inside it
//	.                         the row itself, in a list of plain values
//
// Lists need no sign: a path goes on in each element. "/" and "~" within a name are written ~1 and ~0, and * is any name.
//
// [NewPlan] compiles the paths into a tree of [Step]. A format that has found a record tells a [Matcher] what it meets on
// the way through it, and the matcher makes rows of it, which [Rows] hands to package tabular's assembler one at a time.
// A record that says more or something else than the layout knows of is rejected as a whole, never cut to fit.
//
// The package knows no format's bytes and no meaning of any column.
package record

import (
	"uoma/connectors/charset"
	"uoma/connectors/tabular"
)

// Bounds of one record beside [tabular.Limits].
const (
	MaxDepth  = 64      // values inside each other
	maxRows   = 1 << 16 // in one record
	maxValues = 1 << 18 // that are read of one record
	maxCopied = 1 << 32 // bytes of values that stand in each row of a record, times its rows
)

// Matcher follows a format through one record after the other.
type Matcher struct {
	p      *Plan
	a      *tabular.Assembler
	limits tabular.Limits

	stack   []frame
	rows    []instance // of all levels; the first is the record
	deepest []int32    // of those the rows
	values  []value
	text    []byte
	held    []bool // by condition
	code    string // why the record is rejected
	reason  string
	wide    bool
	control bool

	inside []lists // by level, of the export

	row    tabular.Row
	heads  []int32 // by column: its first value in the row that is being filled
	tails  []int32
	joined []byte
}

type frame struct {
	step *Step
	mark int // values that there were
	row  int32
	hint int // where the last child was found, behind which the next one usually is
}

// lists is what an export had of what holds the rows of a level.
type lists struct{ able, there bool } // something that could hold them; the name of their list, also of an empty one

// instance is a row, or a record or part of one that holds rows.
type instance struct{ above, first, last int32 }

type value struct {
	column, from, to int32
	test             int32
	next, peer       int32 // the instance's next value, and the column's
}

// NewMatcher makes a matcher that tells a what names it met.
func NewMatcher(p *Plan, a *tabular.Assembler) *Matcher {
	if len(p.Count) > 0 {
		a.RequireControl()
	}
	n := len(p.o.Columns)
	return &Matcher{p: p, a: a, limits: p.o.Limits.OrDefault(), held: make([]bool, len(p.owners)), inside: make([]lists, p.levels+1),
		heads: make([]int32, n), tails: make([]int32, n), row: tabular.Row{Cells: make([][]byte, n)}}
}

// Begin starts a record and gives its step.
func (m *Matcher) Begin() *Step {
	m.stack, m.rows, m.deepest = m.stack[:0], m.rows[:0], m.deepest[:0]
	m.values, m.text, m.joined, m.code = m.values[:0], m.text[:0], m.joined[:0], ""
	return m.p.root
}

// Find gives the step of a name below the one that is open, or nil, which it notes as drift.
func (m *Matcher) Find(local []byte, space string) *Step {
	f := &m.stack[len(m.stack)-1]
	all := f.step.children
	var wild *Step
	for i := range all {
		at := f.hint + i
		if at >= len(all) {
			at -= len(all)
		}
		s := all[at]
		if s.local == string(local) && (s.space == "" || s.space == space) {
			f.hint = at + 1
			m.there(s)
			return s
		}
		if s.local == any && s.matches(local, space) {
			wild = s
		}
	}
	if wild == nil {
		m.strange(f.step, local)
		return nil
	}
	m.there(wild)
	return wild
}

// there notes that a record has the list of the rows that begin at a step.
func (m *Matcher) there(s *Step) {
	if s.level > 0 {
		m.inside[s.level].there = true
	}
}

// without gives the columns of rows whose list no record has, though some could: nothing tells it from a list of another name.
func (m *Matcher) without() (columns []int) {
	for level := 1; level <= m.p.levels; level++ {
		if !m.inside[level-1].able || m.inside[level].there {
			continue
		}
		for c, at := range m.p.within {
			if at >= level {
				columns = append(columns, c)
			}
		}
		break
	}
	return columns
}

func (m *Matcher) strange(below *Step, local []byte) {
	if below.path == "" {
		m.a.Strange(local)
		return
	}
	var space [256]byte
	path := append(append(space[:0], below.path...), '/')
	m.a.Strange(append(path, local...))
}

// Open begins an occurrence of a step.
func (m *Matcher) Open(s *Step) {
	f := frame{step: s, mark: len(m.values)}
	if n := len(m.stack); n > 0 {
		f.row = m.stack[n-1].row
	}
	if s.level > 0 || len(m.stack) == 0 {
		f.row = m.begin(s, f.row)
		m.inside[s.level].able = true
	}
	for _, id := range s.owns {
		m.held[id] = false
	}
	for _, t := range s.columns {
		m.a.Met(t.column)
	}
	m.stack = append(m.stack, f)
}

// Named notes that the record has a step without a value.
func (m *Matcher) Named(s *Step) {
	for _, t := range s.columns {
		m.a.Met(t.column)
	}
}

func (m *Matcher) begin(s *Step, above int32) int32 {
	if len(m.rows) == maxRows {
		m.Fail(tabular.CodeTooMany, "the record holds more rows than any record may")
		return above
	}
	if len(m.rows) == 0 {
		above = -1
	}
	m.rows = append(m.rows, instance{above, -1, -1})
	id := int32(len(m.rows) - 1)
	if s.level == m.p.levels {
		m.deepest = append(m.deepest, id)
	}
	return id
}

// Text gives the value of the step that is open. One without text is none.
func (m *Matcher) Text(b []byte) {
	f := &m.stack[len(m.stack)-1]
	for _, t := range f.step.tests {
		if string(b) == t.value {
			m.held[t.id] = true
		}
	}
	if len(b) == 0 || len(f.step.columns) == 0 || m.code != "" {
		return
	}
	if len(m.text)+len(b) > m.limits.RowBytes {
		m.Fail(tabular.CodeTooLong, "the record is longer than any may be")
		return
	}
	if len(m.values)+len(f.step.columns) > maxValues {
		m.Fail(tabular.CodeTooWide, "the record has more values than any may have")
		return
	}
	from := len(m.text)
	m.text = append(m.text, b...)
	for _, t := range f.step.columns {
		m.put(f.row, value{column: int32(t.column), from: int32(from), to: int32(len(m.text)), test: int32(t.test), next: -1})
	}
}

// put appends a value to those of its row.
func (m *Matcher) put(row int32, v value) {
	id := int32(len(m.values))
	m.values = append(m.values, v)
	r := &m.rows[row]
	if r.first < 0 {
		r.first = id
	} else {
		m.values[r.last].next = id
	}
	r.last = id
}

// Close ends the occurrence that was opened last, and drops what was read under a condition that does not hold.
func (m *Matcher) Close() {
	f := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	if len(f.step.owns) == 0 {
		return
	}
	for i := f.mark; i < len(m.values); i++ {
		if v := &m.values[i]; v.test >= 0 && !m.held[v.test] && m.p.owners[v.test] == f.step {
			v.column = -1
		}
	}
}

// Fail rejects the record; the first reason counts.
func (m *Matcher) Fail(code, reason string) {
	if m.code == "" {
		m.code, m.reason = code, reason
	}
}

// end gives how many rows the record has, of which a bad record has one.
func (m *Matcher) end() int {
	if m.code != "" {
		return 1
	}
	wide, low := charset.Inspect(m.text)
	m.wide, m.control = wide, (wide || low) && charset.Control(m.text)
	if n := len(m.deepest); n > 1 && m.shared()*n > maxCopied {
		m.Fail(tabular.CodeTooLong, "the record repeats too much in each of its rows")
		return 1
	}
	return len(m.deepest)
}

// shared gives the bytes that stand in more than one row.
func (m *Matcher) shared() int {
	n := 0
	deepest := 0
	for id, r := range m.rows {
		if deepest < len(m.deepest) && m.deepest[deepest] == int32(id) {
			deepest++
			continue
		}
		for v := r.first; v >= 0; v = m.values[v].next {
			n += int(m.values[v].to - m.values[v].from)
		}
	}
	return n
}

// fill makes the i-th row, or says why it is rejected.
func (m *Matcher) fill(i int) (code, reason string) {
	for c := range m.heads {
		m.heads[c], m.row.Cells[c] = -1, nil
	}
	m.joined = m.joined[:0]
	for row := m.deepest[i]; row >= 0; row = m.rows[row].above {
		for v := m.rows[row].first; v >= 0; v = m.values[v].next {
			m.link(v)
		}
	}
	m.row.Wide, m.row.Control = m.wide, false
	for c, head := range m.heads {
		if head < 0 {
			continue
		}
		if m.values[head].peer >= 0 && code == "" {
			code, reason = m.join(c, head)
		} else {
			m.row.Cells[c] = m.bytes(head)
		}
		m.row.Control = m.row.Control || m.control && charset.Control(m.row.Cells[c])
	}
	return code, reason
}

func (m *Matcher) link(v int32) {
	x := &m.values[v]
	if x.column < 0 {
		return
	}
	x.peer = -1
	if m.heads[x.column] < 0 {
		m.heads[x.column] = v
	} else {
		m.values[m.tails[x.column]].peer = v
	}
	m.tails[x.column] = v
}

func (m *Matcher) bytes(v int32) []byte { return m.text[m.values[v].from:m.values[v].to] }

// join puts several values of a column into one cell.
func (m *Matcher) join(c int, head int32) (code, reason string) {
	list := m.p.o.Columns[c].List
	if list == "" {
		m.row.Cells[c] = m.bytes(head)
		return tabular.CodeSeveral, "the record has several values of " + m.p.o.Columns[c].Name + ", the layout knows of one"
	}
	from, n := len(m.joined), 0
	for v := head; v >= 0; v = m.values[v].peer {
		var plain bool
		if m.joined, plain = tabular.Join(m.joined, from, n, m.bytes(v), list); !plain {
			code, reason = tabular.CodeSeveral, "a value of "+m.p.o.Columns[c].Name+" holds the sign that parts several values"
		}
		n++
	}
	m.row.Cells[c] = m.joined[from:len(m.joined):len(m.joined)]
	return code, reason
}

// Known is [Matcher.Find] for names that are no drift where the layout does not read them: those that every record has, and what
// OData says of a value.
func (m *Matcher) Known(local []byte) *Step {
	for _, s := range m.stack[len(m.stack)-1].step.children {
		if s.matches(local, "") {
			m.there(s)
			return s
		}
	}
	return nil
}
