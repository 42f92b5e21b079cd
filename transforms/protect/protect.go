// Package protect parts identity from content: canonical rows go in, and out come pseudonymous register rows and, for
// the vault, the identifying facts of the same source rows.
//
// A [Protector] takes the canonical batches that were made from one run of source rows together ([Protector.Group]), so
// that what belongs to one source row is decided once: a row whose person is suppressed, or of which the policy lets
// nothing in, is withheld; a row whose person no person row of its system names is an orphan; every other row is kept. A
// column whose class identifies goes to the vault alone, a source system's key is replaced by a keyed token, and the
// rest goes to the register under the token of the row and of its record. The record's link to a subject is not part of
// the row: a merge of two people changes links and no row.
//
// The package is pure. It knows neither the stores nor how subjects were resolved.
package protect

import (
	"uoma/internal/canon"
	"uoma/transforms/policy"
	"uoma/transforms/pseudonym"
)

// Policy says what may be loaded; *policy.Loader is one.
type Policy interface {
	// Table decides for all rows of a canonical table from a feed.
	Table(feed, table string) policy.LoadDecision
	// Row decides for one row of an allowed table; withheld with the clause when it may not be loaded.
	Row(b *canon.Batch, i int) (clause string, withheld bool)
	// Column tells whether a column's values may be stored at all.
	Column(table, column string) (clause string, store, matching bool)
	// Unlisted gives the clause of what the closed lists of a person's groups leave out.
	Unlisted(groups uint32) (clause string)
}

// Standing is what the resolver and the suppression list say of a record.
type Standing struct {
	Subject string // "" when the record has none
	Clause  string // not "": the person is suppressed under this clause
	Known   bool   // some person row names the record
	Member  bool   // the person is a member of the register that members-only data belongs to
	Left    bool   // the person was a member, and is no more
	Ended   string // clause under which somebody is no member
	Groups  uint32 // of the policy, which the person belongs to
}

// Settings of a [Protector].
type Settings struct {
	Run      string
	Tokens   *pseudonym.Domain // domain of source rows, records and keys
	Policy   Policy
	Standing func(system, personKey string, line int64) Standing // called once a source row; of a contact point, only Clause is read
	Target   func(t *canon.Table) *canon.Table                   // the register's shape of a canonical table
	// Lapsed tells whether what a source row gives of a category has outlived its period, by which clause; of the category
	// "", whether that is so of who the row is about. It is nil where nothing has.
	Lapsed func(b *canon.Batch, i int, sourceKey, category string) (clause string, lapsed bool)
}

// Entry is a loaded source row's part for the vault.
type Entry struct {
	SourceKey, Record, Subject, Source string
	Names, Identifiers, Contacts       []canon.Fact
}

// Withheld is a source row of which nothing may be loaded.
type Withheld struct {
	SourceKey string
	Record    string
	Clause    string
	Line      int64
	PersonKey string // "" of a contact point
}

// Part is a source row that is kept, and of which more may be kept, or less, once the standing of its person is another.
type Part struct {
	SourceKey string
	Line      int64
	PersonKey string
	Standing  Standing // under which it was decided
}

// Orphan is a source row whose record no person row names.
type Orphan struct {
	SourceKey string
	Line      int64
	Key       string // the row's own key, for the quarantine
}

// Result is what one group of batches became. It is valid until the next group.
type Result struct {
	Register []*canon.Batch
	Entries  []Entry
	Withheld []Withheld
	Orphans  []Orphan
	Parts    []Part
	Records  []string // records of the rows that were kept
	Rows     int      // source rows in the group: entries, rows kept without one, withheld, orphans
	Kept     int      // source rows loaded
}

// Protector does the work for one goroutine.
type Protector struct {
	s     Settings
	plans map[string]*plan
	rows  map[string]int
	says  map[string]uint32 // columns of its attribution that a row of the group has, by its key
	state []sourceRow
	buf   []byte
}

// sourceRow is what is known of one source row of the group.
type sourceRow struct {
	entry    Entry
	line     int64
	key      string
	person   string
	standing Standing
	point    bool
	kept     bool
	open     bool // the person's standing left something out, or may do so
	nobody   bool // the row's identity has lapsed
	clause   string
}

// New makes a protector.
func New(s Settings) *Protector {
	return &Protector{s: s, plans: map[string]*plan{}, rows: map[string]int{}, says: map[string]uint32{}}
}

// Group protects the canonical batches of one run of source rows of one feed.
func (p *Protector) Group(batches []*canon.Batch) *Result {
	clear(p.rows)
	p.state = p.state[:0]
	p.attribute(batches)
	res := &Result{}
	for _, b := range batches {
		pl := p.plan(b)
		for i := range b.Len() {
			p.row(pl, b, i)
		}
		if pl.out != nil && pl.out.Len() > 0 {
			res.Register = append(res.Register, pl.out.Flush())
		}
	}
	res.Rows = len(p.state)
	for i := range p.state {
		p.settle(&p.state[i], res)
	}
	return res
}

// attribute notes what the attributions of a group say, where it is needed: they decide about the other rows of their source row.
// One that is not stored says nothing.
func (p *Protector) attribute(batches []*canon.Batch) {
	clear(p.says)
	for _, b := range batches {
		if b.Table.Name != canon.Attribution || p.plan(b).needs == 0 {
			continue
		}
		keys := b.Col(canon.RowKey)
		for c := len(canon.Provenance()); c < len(b.Table.Columns); c++ {
			col := b.Col(c)
			for i := range b.Len() {
				if !col.Null(i) {
					p.says[string(keys.Bytes(i))] |= 1 << c
				}
			}
		}
	}
}

func (p *Protector) settle(r *sourceRow, res *Result) {
	switch {
	case r.kept:
		res.Kept++
		res.Records = append(res.Records, r.entry.Record)
		if !r.point && !r.nobody {
			res.Entries = append(res.Entries, r.entry)
		}
		if r.open {
			res.Parts = append(res.Parts, Part{r.entry.SourceKey, r.line, r.person, r.standing})
		}
	case r.standing.Clause == "" && !r.standing.Known:
		res.Orphans = append(res.Orphans, Orphan{r.entry.SourceKey, r.line, r.key})
	default:
		res.Withheld = append(res.Withheld, Withheld{r.entry.SourceKey, r.entry.Record, r.clause, r.line, r.person})
	}
}

func (p *Protector) row(pl *plan, b *canon.Batch, i int) {
	at := p.source(pl, b, i)
	r := &p.state[at]
	if !r.standing.Known || r.standing.Clause != "" {
		return
	}
	if clause, withheld := p.refused(pl, b, i, r); withheld {
		r.leave(clause)
		return
	}
	if !r.point && pl.decision.Closed {
		r.open = r.open || r.standing.Groups == 0
		if pl.decision.Beyond(r.standing.Groups) {
			r.open = true
			r.leave(p.s.Policy.Unlisted(r.standing.Groups))
			p.caution(pl, b, i, r)
			return
		}
	}
	r.kept = true
	if !r.point && !r.nobody {
		p.facts(pl, b, i, &r.entry)
	}
	if pl.out != nil {
		p.registerRow(pl, b, i, r, pl.columns)
	}
}

// leave notes the clause under which a canonical row is left out: the first one stands for the source row.
func (r *sourceRow) leave(clause string) {
	if r.clause == "" {
		r.clause = clause
	}
}

// cautions are the columns of a person that forbid a use of their data.
var cautions = [...]string{"deceased", "deceased_date", "protected"}

// caution keeps, of a person's row that is left out, what forbids a use of the rest.
func (p *Protector) caution(pl *plan, b *canon.Batch, i int, r *sourceRow) {
	if pl.table.Name != "person" {
		return
	}
	if _, dated := b.Named("deceased_date").Day(i); !dated && !b.Named("deceased").Bool(i) && !b.Named("protected").Bool(i) {
		return
	}
	r.kept = true
	p.registerRow(pl, b, i, r, pl.bare)
}

// refused tells whether the policy keeps a canonical row out, and by which clause.
func (p *Protector) refused(pl *plan, b *canon.Batch, i int, r *sourceRow) (clause string, withheld bool) {
	switch {
	case !pl.decision.Allow:
		return pl.decision.Clause, true
	case p.says[r.key]&pl.needs != pl.needs:
		return pl.decision.Clause, true
	case pl.decision.MembersOnly && !r.standing.Member && !r.point && !leaves(pl, b, i, r):
		r.open = true
		return r.standing.Ended, true
	}
	if p.s.Lapsed != nil {
		if clause, lapsed := p.s.Lapsed(b, i, r.entry.SourceKey, pl.decision.Category); lapsed {
			r.open = true // a membership that ended may begin again
			return clause, true
		}
	}
	return p.s.Policy.Row(b, i)
}

// leaves tells of a row that says when somebody left. It is kept until what it ends is gone: who reads the register would take
// them for a member else, by what other systems say.
func leaves(pl *plan, b *canon.Batch, i int, r *sourceRow) bool {
	if pl.table.Name != "role" || !r.standing.Left {
		return false
	}
	_, left := b.Named("to").Day(i)
	return left && b.Named("kind").Text(i) == MemberRole
}

// MemberRole is the kind of the role that says that a person joined the register, or left it.
const MemberRole = "alumnus"

// source finds the source row of a canonical row, or begins it.
func (p *Protector) source(pl *plan, b *canon.Batch, i int) int {
	rowKey := pl.rowKey.Text(i)
	if at, ok := p.rows[rowKey]; ok {
		return at
	}
	rowKey = string([]byte(rowKey))
	personKey := string([]byte(pl.personKey.Text(i)))
	system := b.System()
	r := sourceRow{
		line:  pl.line.Int(i),
		key:   rowKey,
		point: len(personKey) > 0 && personKey[:1] == canon.PointPrefix,
	}
	r.entry.SourceKey = SourceKey(p.s.Tokens, b.Feed, rowKey)
	r.entry.Record = Record(p.s.Tokens, system, personKey)
	r.entry.Source = b.Feed
	r.standing = p.s.Standing(system, personKey, r.line)
	if r.point {
		r.standing.Known = true // a contact point need not belong to anybody yet
	} else {
		r.entry.Subject, r.person = r.standing.Subject, personKey
		r.entry.Identifiers = append(r.entry.Identifiers, canon.Fact{Column: "row_key", Value: rowKey}, canon.Fact{Column: "person_key", Value: personKey})
	}
	r.clause = r.standing.Clause
	if p.s.Lapsed != nil {
		_, r.nobody = p.s.Lapsed(b, i, r.entry.SourceKey, "")
	}
	p.state = append(p.state, r)
	p.rows[rowKey] = len(p.state) - 1
	return len(p.state) - 1
}

// SourceKey gives the token that stands for a source row in register, vault and ledger.
func SourceKey(d *pseudonym.Domain, feed, rowKey string) string { return d.Token("row", feed, rowKey) }

// Record gives the token that stands for a person record (system and person key).
func Record(d *pseudonym.Domain, system, personKey string) string {
	return d.Token("record", system, personKey)
}

// facts appends the identifying values of a canonical row to its source row's entry.
func (p *Protector) facts(pl *plan, b *canon.Batch, i int, e *Entry) {
	seq := int(pl.seq.Int(i))
	for _, c := range pl.identity {
		col := b.Col(c.at)
		if col.Null(i) {
			continue
		}
		p.buf = col.AppendTo(p.buf[:0], i)
		f := canon.Fact{Table: pl.table.Name, Seq: seq, Column: c.name, Value: string(p.buf)}
		switch c.class {
		case canon.Name:
			e.Names = append(e.Names, f)
		case canon.Identifier:
			e.Identifiers = append(e.Identifiers, f)
		default:
			e.Contacts = append(e.Contacts, f)
		}
	}
}

func (p *Protector) registerRow(pl *plan, b *canon.Batch, i int, r *sourceRow, columns []outColumn) {
	for o, c := range columns {
		switch c.from {
		case fromSource:
			pl.out.Text(o, b.Feed)
		case fromSourceKey:
			pl.out.Text(o, r.entry.SourceKey)
		case fromRecord:
			pl.out.Text(o, r.entry.Record)
		case fromCategory:
			pl.out.Text(o, pl.decision.Category)
		case fromBasis:
			pl.out.Text(o, pl.decision.LegalBasis)
		case fromRun:
			pl.out.Text(o, p.s.Run)
		case fromNothing:
			pl.out.Null(o)
		case fromToken:
			p.token(pl, o, b.Col(c.at), i, b.System())
		default:
			pl.out.Copy(o, b.Col(c.at), i)
		}
	}
	pl.out.EndRow()
}

// token writes the keyed token of a source system's key. Keys of one kind (right_key of a study and of a degree) give
// the same token within a system, so that they still join.
func (p *Protector) token(pl *plan, o int, col canon.Col, i int, system string) {
	if col.Null(i) {
		pl.out.Null(o)
		return
	}
	p.buf = p.s.Tokens.Append(p.buf[:0], "key", system, pl.columns[o].kind, col.Text(i))
	pl.out.Bytes(o, p.buf)
}
