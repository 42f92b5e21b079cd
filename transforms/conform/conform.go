// Package conform gives an export's rows a meaning: raw batches in a system's own columns become batches of the
// canonical tables, as the system's layout says.
//
// [New] compiles a layout's feed into a [Conformer]: the rule and settings of every column, the canonical rows it fills,
// the parts of its keys. [Conformer.Batch] then takes raw batches and puts what comes of them into a [Sink]: canonical
// batches, rejections, and counts per field. Every raw row ends there exactly once, as one or more canonical rows or as
// one rejection. [Conformer.Key] and [Conformer.PersonKey] give the same keys to whoever must compare snapshots before
// their rows are conformed.
//
// Each cell is checked by one rule of package identifier. What needs more than one cell stands in person.go: a birth
// date and an identity code that disagree, a call name marked among the given names, the address of a protected person.
// The original text of a value is not carried beside it: the encrypted snapshot of the export keeps it, and a canonical
// row finds it by its line.
//
// The package is pure: the run's date and settings are passed in, nothing is read or stored. It knows no system but by
// its layout, and no policy: it drops only what a layout does not name.
package conform

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
)

var errRule = fault.New("UOMA-CNF-RULE", "the layout names a rule that this version does not have", "use a layout of the same version")

// Settings are those of the run.
type Settings struct {
	RunDate        canon.Date // the run's logical date
	AllowTemporary bool       // accept temporary identity codes (individual numbers 900 to 999)
	AllowSynthetic bool       // accept Norwegian test numbers
}

// Conformer conforms the rows of one feed. It keeps scratch space and is not safe for concurrent use; what it gives
// depends on the row alone.
type Conformer struct {
	feed      *layout.Feed
	zone      *time.Location
	columns   []column
	order     []int // of evaluating columns: one that another depends on comes first
	key       [][]int
	personKey [][]int
	point     int   // column of the contact point that is the person key, or -1
	nobody    bool  // the person key is the row's own, and nobody has it
	pointKind int   // column that says which kind it is, or -1
	keyOrder  []int // of evaluating what the row key needs
	latest    []int // column that says when a row is from, none where the layout names none
	whoOrder  []int // the same for the person key
	endOrder  []int // the same for what ends what was loaded of a row
	fillings  []filling
	periods   []period
	person    personRules

	bound   binding
	values  []value // of the current row, by column of the layout
	keyVals []value // the same for keys alone
	rowKey  []byte
	whose   []byte
}

// New compiles a feed of a layout.
func New(l *layout.Layout, f *layout.Feed, s Settings) (*Conformer, error) {
	zone, err := time.LoadLocation(l.Zone)
	if err != nil {
		return nil, errRule.At(fault.Place{File: f.FullName(), Field: "zone"}).Wrap(err)
	}
	c := &Conformer{feed: f, zone: zone, point: -1, pointKind: -1}
	rules := identifier.Rules()
	for i := range f.Columns {
		col, err := newColumn(l, f, i, s, zone, rules)
		if err != nil {
			return nil, err
		}
		c.columns = append(c.columns, col)
	}
	c.values = make([]value, len(c.columns))
	c.keyVals = make([]value, len(c.columns))
	c.order = c.evaluation(func(int) bool { return true })
	c.compileKeys(f)
	c.person = newPersonRules(l, f)
	c.periods = periods(f.Fillings(), c.columns)
	for _, fill := range f.Fillings() {
		c.fillings = append(c.fillings, c.newFilling(fill))
	}
	return c, nil
}

// evaluation gives the wanted columns in an order in which a column is known before those that depend on it.
func (c *Conformer) evaluation(wanted func(int) bool) []int {
	var plain, others, dependent []int
	for i := range c.columns {
		switch {
		case !wanted(i):
		case len(c.columns[i].or) > 0:
			others = append(others, i)
		case c.columns[i].by >= 0:
			dependent = append(dependent, i)
		default:
			plain = append(plain, i)
		}
	}
	return slices.Concat(plain, others, dependent)
}

// Batch conforms the rows of a raw batch into sink. The error is the sink's own; a bad row is not an error.
func (c *Conformer) Batch(raw *canon.Batch, sink *Sink) error {
	c.bind(raw)
	for i := range raw.Len() {
		if err := c.row(i, sink); err != nil {
			return err
		}
	}
	return nil
}

func (c *Conformer) row(i int, sink *Sink) error {
	c.evaluate(c.order, c.values, i)
	sink.begin(c.values)
	defer sink.end()
	if j, ends := c.unfit(); j >= 0 {
		x := c.rejection(i, c.values, c.columns[j].name, cmp.Or(c.values[j].reason, "missing"))
		x.Ends = ends
		return sink.refuse(x)
	}
	if field, code := c.identify(); code != "" {
		return sink.refuse(c.rejection(i, c.values, field, code))
	}
	c.derive(i, sink)
	c.checkOrder(sink)
	rows, err := c.fill(i, sink)
	if err != nil {
		return err
	}
	if rows == 0 {
		return sink.refuse(c.rejection(i, c.values, "", "no-content"))
	}
	sink.rows.Conformed++
	return nil
}

// unfit gives the column for which the whole row is refused, or -1: the first whose value ends what was loaded of the row,
// whatever else the row lacks, or the first of all. A cell without a value ends nothing: an export may have lost the column.
func (c *Conformer) unfit() (first int, ends bool) {
	first = -1
	for j := range c.columns {
		col, v := &c.columns[j], &c.values[j]
		switch {
		case col.ended(v):
			return j, true
		case first < 0 && (v.reason != "" && col.quarantine || v.text == "" && v.reason == "" && col.required):
			first = j
		}
	}
	return first, false
}

// identify leaves the row's keys behind, or tells which column lacks for one and why.
func (c *Conformer) identify() (field, code string) {
	var ok bool
	if c.rowKey, ok = appendKey(c.rowKey[:0], c.values, c.key); !ok {
		return c.absentPart(c.values, c.key)
	}
	if c.whose, ok = c.appendPerson(c.whose[:0], c.values); !ok {
		if c.point >= 0 {
			return c.columns[c.point].name, "key-missing"
		}
		return c.absentPart(c.values, c.personKey)
	}
	return "", ""
}

// binding is where the layout's columns stand in a raw table.
type binding struct {
	batch *canon.Batch
	table *canon.Table
	cols  []canon.Col // by column of the layout
	at    []int       // place among the table's own columns, -1 when it has none
	line  canon.Col
	kinds canon.Col
}

// bind finds the columns of a raw batch by name: a snapshot of an older layout may have fewer, or others between.
func (c *Conformer) bind(raw *canon.Batch) {
	b := &c.bound
	if b.batch == raw {
		return
	}
	b.batch = raw
	if b.table != raw.Table {
		b.table = raw.Table
		b.at = make([]int, len(c.columns))
		b.cols = make([]canon.Col, len(c.columns))
		for j := range c.columns {
			b.at[j] = raw.Table.Index(c.columns[j].name) - canon.RawFirst
			b.at[j] = max(b.at[j], -1)
		}
	}
	b.line, b.kinds = raw.Col(canon.RawLine), raw.Col(canon.RawKinds)
	for j, at := range b.at {
		if at >= 0 {
			b.cols[j] = raw.Col(canon.RawFirst + at)
		}
	}
}

// joined gives a cell's text behind those of the columns that belong before it, or what their codes make of these.
func (c *Conformer) joined(col *column, text string, i int) string {
	before := ""
	for _, j := range col.join {
		if c.bound.at[j] < 0 {
			continue
		}
		part := strings.TrimSpace(c.bound.cols[j].Text(i))
		if width := c.feed.Columns[j].Width; part != "" && len(part) < width {
			part = strings.Repeat("0", width-len(part)) + part
		}
		if codes := c.columns[j].codes; codes != nil {
			if to, known := codes[foldCode(part)]; known {
				part = to
			}
		}
		before += part
	}
	if before != "" {
		before = col.prefix + before
	}
	return before + strings.TrimSpace(text)
}

// evaluate checks the cells of row i that order lists, into out.
func (c *Conformer) evaluate(order []int, out []value, i int) {
	kinds := c.bound.kinds.Text(i)
	for _, j := range order {
		at := c.bound.at[j]
		text, kind := "", byte(canon.KindText)
		if at >= 0 {
			text = c.bound.cols[j].Text(i)
			if at < len(kinds) {
				kind = kinds[at]
			}
		}
		col := &c.columns[j]
		if len(col.join) > 0 && text != "" {
			text = c.joined(col, text, i)
		}
		switch {
		case col.point:
			col.checkPoint(text, out[col.by].text, &out[j])
		case col.by >= 0:
			col.checkPostcode(text, kind, out[col.by].text, &out[j])
		default:
			col.check(text, kind, &out[j])
		}
		for _, o := range col.or {
			if out[j].text == "" && out[j].reason == "" {
				out[j] = value{text: out[o].text, num: out[o].num}
			}
		}
	}
}
