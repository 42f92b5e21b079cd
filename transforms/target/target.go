package target

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"uoma/internal/canon"
)

// Target is one file that goes to one recipient, or the rows of one table that the recipient keeps. It is made by [Parse] and not changed afterwards.
type Target struct {
	Name      string `yaml:"target"`
	Title     string `yaml:"title"`
	Policy    string `yaml:"policy"` // pack whose notice lets the data go
	System    string `yaml:"system"` // that reads the file
	Purpose   string `yaml:"purpose"`
	Recipient string `yaml:"recipient"` // of the pack; "" where the system is the controller's own
	// Channel is how the recipient will reach people; a word against it counts.
	Channel string `yaml:"channel"`
	// Protected is "exclude" (the default) or "include": people under an address protection order, where the pack leaves it
	// to the file.
	Protected string `yaml:"protected"`
	// Event is the event that the file is for, where the purpose is one for each event: what was given for another stays out.
	Event *Event `yaml:"event"`
	// From lists the systems whose data may be used, the preferred first; none: all that the policy lets go.
	From []string `yaml:"from"`
	// Having says who the people are: those with a row of a table; nil: of the table that rows are made of.
	Having *Having `yaml:"having"`
	// Asked tells that the recipient names whom it asks for, in a list of the same form.
	Asked *Asked `yaml:"asked"`
	// Orders tells that each row orders the system to let go of what retention ended here; nil: rows are of people.
	Orders *Orders `yaml:"orders"`
	File   string  `yaml:"file"` // name with {yyyyMMdd} or {yyyy-MM-dd} where the date stands
	Seal   string  `yaml:"seal"` // "age", or "none"
	// Pinned names the file below recipients/ with the keys to seal to; the recipient's name when absent.
	Pinned string `yaml:"pinned"`
	// ReturnDays is for how many days the recipient may keep the file; 0 without end.
	ReturnDays int `yaml:"return_after_days"`
	// Latest names, by canonical table, the date by which one row of it stands beside somebody: the latest of those that have not
	// ended, if there is any. Of two of one date it is that with the lower text in the columns behind the date. Of rows of person alone.
	Latest map[string]texts `yaml:"latest"`
	Form   Form             `yaml:"form"`
	Block  `yaml:",inline"`
	Inside []Block `yaml:"inside"` // of XML: rows that stand inside the person's

	digest string
}

// Form is how the file is written.
type Form struct {
	Type      string `yaml:"type"`      // csv, xlsx, xml, jsonl or dataverse
	Delimiter string `yaml:"delimiter"` // csv
	Encoding  string `yaml:"encoding"`  // csv: utf-8 (the default), utf-8-bom or windows-1252
	Quote     string `yaml:"quote"`     // csv: needed (the default) or all
	LineEnd   string `yaml:"line_end"`  // csv: crlf (the default) or lf
	Formulas  string `yaml:"formulas"`  // csv: keep (the default), or text: an apostrophe before what a spreadsheet would compute
	Sheet     string `yaml:"sheet"`     // xlsx
	Root      string `yaml:"root"`      // xml
	Namespace string `yaml:"namespace"` // xml

	// Of rows that are written to a table which the recipient keeps (dataverse).
	Set   string   `yaml:"set"`   // entity set
	ID    string   `yaml:"id"`    // column of the table's own key
	Key   []string `yaml:"key"`   // columns of the alternate key
	Write string   `yaml:"write"` // upsert (the default), update or create
	Gone  string   `yaml:"gone"`  // what becomes of a row that may no longer go: clear (the default) or deactivate
}

// Dataverse is the form of rows that are written to a table.
const Dataverse = "dataverse"

// Block is one kind of row.
type Block struct {
	Each    string   `yaml:"each"` // canonical table of which each row is a row of the file; person merges all rows of a person
	Path    string   `yaml:"path"` // xml: the row's element, below the root or below the person's
	Columns []Column `yaml:"columns"`
	// Needs names columns or elements of which one column at least has something in every row: a row without is left out.
	Needs []string `yaml:"needs"`
}

// Event names an event as a system knows it.
type Event struct {
	System string `yaml:"system"`
	Key    string `yaml:"key"`
}

// Having is a row that somebody has.
type Having struct {
	Table string   `yaml:"table"`
	Of    []string `yaml:"of"` // systems; none: those of From
}

// Asked is a list in which the recipient names whom it asks for.
type Asked struct {
	File string `yaml:"file"` // below asked/TARGET/, with {yyyyMMdd}
	Key  string `yaml:"key"`  // column by which somebody is known
	Is   string `yaml:"is"`   // the canonical field that it holds: person.student_number
}

// Orders says how the system answers the orders of a file: line by line, in JSON, each by the order's own number.
type Orders struct {
	Answers string            `yaml:"answers"` // file in the system's inbox, with {yyyyMMdd} or {yyyy-MM-dd}
	Order   string            `yaml:"order"`   // field with the order's number
	Result  string            `yaml:"result"`  // field with what became of it
	At      string            `yaml:"at"`      // field with when; "" when it does not say
	Results map[string]string `yaml:"results"` // their word for a result to one of ours
}

// Results of an order.
const (
	Gone    = "gone"    // it was let go of
	Missing = "missing" // it was not there, as a store may be full sooner than a period ends
	Locked  = "locked"  // the system keeps it
	Held    = "held"    // the system keeps it for a case
)

// AnswersName gives the name of the answers of a date.
func (o *Orders) AnswersName(d canon.Date) string { return named(o.Answers, d) }

// Match tells whether a file is one of answers, of whatever date.
func (o *Orders) Match(name string) bool {
	before, rest, _ := strings.Cut(o.Answers, "{")
	layout, after, _ := strings.Cut(rest, "}")
	day, head := strings.CutPrefix(name, before)
	day, tail := strings.CutSuffix(day, after)
	if !head || !tail || len(day) != len(layout) {
		return false
	}
	if layout == "yyyyMMdd" {
		day = day[:4] + "-" + day[4:6] + "-" + day[6:]
	}
	_, err := canon.ParseDate(day)
	return err == nil
}

// Ended names the fields that tell of an order why it is given: the event that the period counted from, its day, the last day
// of the period, the clause, and the order's own number.
const Ended = "ended"

var endedFields = map[string]canon.Type{"anchor": canon.Text, "since": canon.Day, "due": canon.Day, "clause": canon.Text, "order": canon.Text}

// Column is one column, element or attribute.
type Column struct {
	Name     string            `yaml:"name"`     // in XML a path below the row: "Tila/Koodi", "@avain", "Nimi/@kieli"
	From     texts             `yaml:"from"`     // canonical fields, of which the first with a value counts
	Of       []string          `yaml:"of"`       // systems that alone give it, the preferred first
	Copy     bool              `yaml:"copy"`     // as it stands in the recipient's list
	Value    string            `yaml:"value"`    // the same in every row; {return_by} is the day until which the recipient may keep it, {pseudonym} the person's name in the recipient's own domain, {people} how many have what else stands in the row
	Codes    map[string]string `yaml:"codes"`    // canonical value to the recipient's; another value is none
	Format   string            `yaml:"format"`   // of a date: yyyy-MM-dd (the default), d.M.yyyy …
	Decimal  string            `yaml:"decimal"`  // sign before decimals; a point when absent
	Default  string            `yaml:"default"`  // where there is no value
	Beside   string            `yaml:"beside"`   // with Value: only where that column has something
	Max      int               `yaml:"max"`      // characters; what is longer is cut
	Required bool              `yaml:"required"` // a row without it is left out
	Kind     string            `yaml:"kind"`     // dataverse: text (the default), number, choice, bool or date
	Lookup   *Reference        `yaml:"lookup"`   // dataverse: the column names a row of another table
	If       map[string]string `yaml:"if"`       // fields of the row's table and the values that they must have; "" for none

	from   []Field
	when   []condition
	beside int // position of the column beside which it stands, or -1
}

// Phone tells whether the column holds phone numbers alone.
func (c *Column) Phone() bool {
	return len(c.From) > 0 && !slices.ContainsFunc(c.From, func(f string) bool { return !strings.HasPrefix(f, "phone.") })
}

// Reference is how a column names a row of another table.
type Reference struct {
	Set string `yaml:"set"` // entity set of the other table
	By  string `yaml:"by"`  // column of its alternate key
}

// condition is what a field must hold.
type condition struct {
	Field
	want string
}

// texts is one text or a list of them.
type texts []string

// UnmarshalYAML reads a text or a list.
func (t *texts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = texts{n.Value}
		return nil
	}
	return n.Decode((*[]string)(t))
}

// Person is the table whose rows are merged into one.
const Person = "person"

// Digest names the text that the target was made of.
func (t *Target) Digest() string { return t.digest }

// Sealed tells whether the file is encrypted to the recipient.
func (t *Target) Sealed() bool { return t.Seal == "age" }

// Blocks gives the kinds of rows, the outer first.
func (t *Target) Blocks() []Block { return append([]Block{t.Block}, t.Inside...) }

// InTable tells whether rows go into a table of the recipient's, and no file does.
func (t *Target) InTable() bool { return t.Form.Type == Dataverse }

// FileName gives the name of the file of a date, without what sealing adds.
func (t *Target) FileName(d canon.Date) string { return named(t.File, d) }

// AskedName gives the name of the recipient's list of a date.
func (t *Target) AskedName(d canon.Date) string { return named(t.Asked.File, d) }

func named(pattern string, d canon.Date) string {
	return strings.NewReplacer("{yyyyMMdd}", strings.ReplaceAll(d.String(), "-", ""), "{yyyy-MM-dd}", d.String()).Replace(pattern)
}

// ReturnBy gives the last day on which the recipient may have the file of a date; ok is false without an end.
func (t *Target) ReturnBy(d canon.Date) (day canon.Date, ok bool) {
	return d + canon.Date(t.ReturnDays), t.ReturnDays > 0
}

// Field is a place in the canonical tables: "person.family_name", "email.personal", "address.home.line1", "study.start".
type Field struct {
	Name                string // as it is written
	Table, Kind, Column string
	Type                canon.Type
}

// kinds are the tables whose rows are told apart by their kind, with the column that a field without one means.
var kinds = map[string]string{"email": "address", "phone": "number", "address": ""}

// ParseField reads a field; ok is false where the canonical tables have no such place.
func ParseField(s string) (f Field, ok bool) {
	parts := strings.Split(s, ".")
	value, kinded := kinds[parts[0]]
	f = Field{Name: s, Table: parts[0], Column: parts[len(parts)-1]}
	switch {
	case len(parts) == 2 && !kinded:
	case len(parts) == 2 && value != "":
		f.Kind, f.Column = parts[1], value
	case len(parts) == 3 && kinded && value == "":
		f.Kind = parts[1]
	default:
		return f, false
	}
	if as, known := endedFields[f.Column]; f.Table == Ended {
		f.Type = as
		return f, known && len(parts) == 2
	}
	t := canon.Named(f.Table)
	if t == nil {
		return f, false
	}
	at := t.Index(f.Column)
	if at < len(canon.Provenance()) {
		return f, false
	}
	f.Type = t.Columns[at].Type
	return f, true
}

// Names tells whether a canonical column says who somebody is, or is a key by which a source knows them.
func Names(table, column string) bool {
	t := canon.Named(table)
	if t == nil || t.Index(column) < 0 {
		return true
	}
	class := t.Columns[t.Index(column)].Class
	return class.Identifying() || class == canon.Key
}

// To names who gets the file: the recipient, or the system of the controller's own.
func (t *Target) To() string { return cmp.Or(t.Recipient, t.System) }

// Pseudonymous tells whether the file calls people by a pseudonym.
func (t *Target) Pseudonymous() bool { return t.says("{pseudonym}") }

// Counted tells whether rows are of no person, but each of all people of whom the same is said, with their number.
func (t *Target) Counted() bool { return t.says(People) }

// People stands for the number of people in the row of a file of counts.
const People = "{people}"

func (t *Target) says(word string) bool {
	return slices.ContainsFunc(t.Blocks(), func(b Block) bool {
		return slices.ContainsFunc(b.Columns, func(c Column) bool { return strings.Contains(c.Value, word) })
	})
}

// Tables gives the canonical tables that the target reads, in order.
func (t *Target) Tables() []string {
	var out []string
	for _, b := range t.Blocks() {
		out = append(out, b.Each)
		for i := range b.Columns {
			for _, f := range b.Columns[i].from {
				out = append(out, f.Table)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ColumnsOf gives the canonical columns of a table that rows of the block read.
func (b *Block) ColumnsOf(table string) []string {
	var out []string
	for i := range b.Columns {
		c := &b.Columns[i]
		for _, f := range c.from {
			if f.Table == table {
				out = append(out, f.Column)
			}
		}
		for _, k := range c.when {
			if k.Table == table {
				out = append(out, k.Column)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
