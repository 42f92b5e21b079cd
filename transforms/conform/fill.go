package conform

import (
	"slices"
	"strings"
	"time"

	"uoma/internal/canon"
	"uoma/transforms/layout"
)

// filling is a compiled layout.Filling.
type filling struct {
	table     *canon.Table
	index     int // of the table in canon.Tables
	when      []layout.Condition
	flags     []int
	essential []int // columns of the feed of which one must have a value; none: no condition
	home      bool  // tells where a person lives
	kind      int   // column of the feed that holds the kind, or -1
	ops       []op  // one per canonical column behind the provenance
}

// op says where the value of a canonical column comes from.
type op struct {
	do     what
	typ    canon.Type
	source int
	text   string
	num    int64
}

type what uint8

const (
	opNull what = iota
	opConst
	opSource
	opLocalDay // calendar day of an instant
	opFamily
	opGiven
	opBirthDate
	opBirthYear
	opCallName
	opDeceased
	opSheltered // a source that a protected person's row leaves out
)

func (c *Conformer) newFilling(l layout.Filling) filling {
	tables := canon.Tables()
	f := filling{table: l.Table, when: l.When, flags: l.Flags, kind: -1,
		index: slices.IndexFunc(tables, func(t canon.Table) bool { return t.Name == l.Table.Name })}
	skip := len(canon.Provenance())
	f.ops = make([]op, len(l.Table.Columns)-skip)
	for i := range f.ops {
		f.ops[i].typ = l.Table.Columns[i+skip].Type
	}
	kind := l.Table.Index("kind")
	f.home = l.Table.Name == "address"
	for _, v := range l.Values {
		f.ops[v.Column-skip] = c.newOp(v, l.Table.Columns[v.Column].Type)
		if v.Source >= 0 && slices.Contains(l.Essential, v.Column) {
			f.essential = append(f.essential, v.Source)
		}
		if v.Column == kind && l.Table.Name == "phone" {
			f.home, f.kind = v.Const == "home", v.Source
		}
	}
	if l.Table.Name == "person" {
		c.personOps(func(column string) *op { return &f.ops[l.Table.Index(column)-skip] })
	}
	return f
}

// period is a pair of the feed's columns that begin and end something.
type period struct{ start, end int }

// periods gives the pairs that the fillings put into columns that belong together, each pair once.
func periods(fillings []layout.Filling, columns []column) []period {
	var out []period
	source := func(l *layout.Filling, name string) int {
		at := l.Table.Index(name)
		i := slices.IndexFunc(l.Values, func(v layout.Value) bool { return at >= 0 && v.Column == at && v.Source >= 0 })
		if i < 0 {
			return -1
		}
		return l.Values[i].Source
	}
	for i := range fillings {
		for _, names := range [][2]string{{"start", "end"}, {"from", "to"}, {"term_start", "term_end"}} {
			p := period{source(&fillings[i], names[0]), source(&fillings[i], names[1])}
			if p.start >= 0 && p.end >= 0 && columns[p.start].typ == columns[p.end].typ && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// checkOrder counts what ends before it starts. Which of the two is wrong nobody knows, so both stay.
func (c *Conformer) checkOrder(sink *Sink) {
	for _, p := range c.periods {
		start, end := &c.values[p.start], &c.values[p.end]
		if start.text != "" && end.text != "" && end.num < start.num {
			sink.warn(p.end, "order")
		}
	}
}

func (c *Conformer) newOp(v layout.Value, typ canon.Type) op {
	o := op{do: opSource, typ: typ, source: v.Source, text: v.Const}
	switch {
	case v.Source < 0:
		o.do = opConst
		if d, err := canon.ParseDate(v.Const); err == nil && typ == canon.Day {
			o.num = int64(d)
		}
		if v.Const == "true" {
			o.num = 1
		}
	case v.Part == layout.Family:
		o.do = opFamily
	case v.Part == layout.Given:
		o.do = opGiven
	case typ == canon.Day && c.columns[v.Source].typ == canon.Instant:
		o.do = opLocalDay
	}
	return o
}

// personOps puts the derived values of a person in place.
func (c *Conformer) personOps(at func(column string) *op) {
	if c.person.hetu >= 0 || c.person.birthDate >= 0 {
		at("birth_date").do = opBirthDate
		if y := at("birth_year"); y.do == opNull {
			y.do = opBirthYear
		}
	}
	if o := at("call_name"); o.do == opSource || o.do == opNull {
		o.do = opCallName
	}
	if d := at("deceased_date"); d.do == opSource && at("deceased").do == opNull {
		at("deceased").do, at("deceased").source = opDeceased, d.source
	}
	if o := at("institution_code"); o.do == opNull {
		o.do, o.text = opConst, c.person.controller
	}
	if o := at("home_municipality"); o.do == opSource {
		o.do = opSheltered
	}
}

// fill writes the canonical rows of the current row and gives their number.
func (c *Conformer) fill(i int, sink *Sink) (rows int, err error) {
	line := c.bound.line.Int(i)
	seq, table := int64(0), -1
	for k := range c.fillings {
		f := &c.fillings[k]
		if f.index != table {
			sink.row.filled(table, int(seq))
			table, seq = f.index, 0
		}
		if !c.applies(f) || rows == 0 && f.table.Name == canon.Attribution { // an attribution of nothing says nothing
			continue
		}
		b := sink.builder(f)
		b.Bytes(canon.RowKey, c.rowKey)
		b.Bytes(canon.PersonKey, c.whose)
		b.Int(canon.Seq, seq)
		b.Int(canon.Line, line)
		for at := range f.ops {
			c.write(b, at+provenance, &f.ops[at])
		}
		b.EndRow()
		seq++
		rows++
		if b.Len() >= canon.BatchRows {
			if err := sink.emit(b.Flush()); err != nil {
				return rows, err
			}
		}
	}
	sink.row.filled(table, int(seq))
	return rows, nil
}

// provenance is the number of columns before a canonical table's own.
const provenance = canon.Line + 1

func (c *Conformer) applies(f *filling) bool {
	for i := range f.when {
		if !c.holds(&f.when[i]) {
			return false
		}
	}
	if c.person.sheltered && (f.home || f.kind >= 0 && c.values[f.kind].text == "home") {
		return false
	}
	some := func(columns []int, has func(*value) bool) bool {
		for _, j := range columns {
			if has(&c.values[j]) {
				return true
			}
		}
		return len(columns) == 0
	}
	return some(f.flags, func(v *value) bool { return v.num == 1 }) &&
		some(f.essential, func(v *value) bool { return v.text != "" })
}

func (c *Conformer) holds(w *layout.Condition) bool {
	text := c.values[w.Source].text
	if len(w.Values) == 0 {
		return (text != "") != w.Not
	}
	if c.columns[w.Source].list == "" {
		return slices.Contains(w.Values, text) != w.Not
	}
	for part := range strings.SplitSeq(text, ",") { // any of the list's
		if slices.Contains(w.Values, part) {
			return !w.Not
		}
	}
	return w.Not
}

// write gives one canonical column its value.
func (c *Conformer) write(b *canon.Builder, at int, o *op) {
	p := &c.person
	switch o.do {
	case opConst:
		writeTyped(b, at, o.typ, o.text, o.num)
	case opSource:
		v := &c.values[o.source]
		writeTyped(b, at, o.typ, v.text, v.num)
	case opLocalDay:
		v := &c.values[o.source]
		if v.text == "" {
			b.Null(at)
			return
		}
		b.Day(at, canon.DateOf(time.UnixMicro(v.num).In(c.zone)))
	case opFamily:
		b.TextOrNull(at, familyFirst(c.values[o.source].text, layout.Family))
	case opGiven:
		b.TextOrNull(at, familyFirst(c.values[o.source].text, layout.Given))
	case opCallName:
		b.TextOrNull(at, p.call)
	case opBirthDate:
		if !p.born {
			b.Null(at)
			return
		}
		b.Day(at, p.birth)
	case opBirthYear:
		if !p.born {
			b.Null(at)
			return
		}
		b.Int(at, int64(p.birth.Year()))
	case opDeceased:
		if c.values[o.source].text == "" {
			b.Null(at)
			return
		}
		b.Bool(at, true)
	case opSheltered:
		if p.sheltered {
			b.Null(at)
			return
		}
		b.TextOrNull(at, c.values[o.source].text)
	default:
		b.Null(at)
	}
}

// writeTyped writes a value whose text is "" when it is missing.
func writeTyped(b *canon.Builder, at int, typ canon.Type, text string, num int64) {
	switch {
	case text == "":
		b.Null(at)
	case typ == canon.Day:
		b.Day(at, canon.Date(num))
	case typ == canon.Instant:
		b.Instant(at, num)
	case typ == canon.Int:
		b.Int(at, num)
	case typ == canon.Bool:
		b.Bool(at, num == 1)
	default:
		b.Text(at, text)
	}
}
