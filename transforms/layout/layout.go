// Package layout reads the YAML files that say what a system's export looks like and what its columns mean.
//
// A [Layout] belongs to one system and has a [Feed] for each kind of file, or for each kind of row where a system has no
// files. A feed names its file and format, or the query that gives its rows, the keys of its rows and people, and one line per column: the rule that checks the column (as) and the canonical columns it
// fills (to). Everything else has a default. The connectors read the format half, the conform transform the meaning
// half; the notation of both is described by the published JSON Schema, see [Schema].
//
// Targets name a canonical table and column, "study.start". Where a table holds one row per kind, the middle part is the
// kind: "email.personal", "phone.mobile", "address.home.line1", "role.student.from". A number in the middle makes
// another row of any table: "email.2.address". A boolean column raises a row by being true: "objection.marketing",
// "objection.marketing.email".
//
// [Parse] reports every finding of a file at once with line and column. A statement for a database stands in a file beside
// the layout, which whoever calls hands over; it is a part of the layout and of its digest. The package reads no export, checks no value
// and imports neither connectors nor the rules themselves. A layout says what a value is, never what may be done with it:
// data categories, purposes and periods are the policy pack's.
package layout

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"uoma/internal/canon"
)

// Layout is one system's description. Fields are those of the YAML file.
type Layout struct {
	System     string   `yaml:"system"`
	Title      string   `yaml:"title"`
	Controller string   `yaml:"controller"` // institution code of the controller that the system belongs to
	GivenBy    string   `yaml:"given-by"`   // "person" when people write into the system what it says of them; else others do
	Occasional bool     `yaml:"occasional"` // an export comes now and then: a night without one is no fault
	Zone       string   `yaml:"zone"`       // zone of local time stamps, Europe/Helsinki when absent
	Region     string   `yaml:"region"`     // country of local phone numbers and postcodes, FI when absent
	Dates      []string `yaml:"dates"`      // accepted date formats in order, for columns that name none
	Instants   []string `yaml:"instants"`   // the same for time stamps; RFC 3339 when absent
	Decimal    string   `yaml:"decimal"`    // decimal mark, "." when absent
	Scopes     []string `yaml:"scopes"`     // domains of valid federation names
	Feeds      []Feed   `yaml:"feeds"`
	Holders    []Feed   `yaml:"holders"` // lists of who held a card when, read for a case alone

	name   string
	digest string
}

// Given tells whether what the system says of people they wrote themselves (GDPR 13 and 20).
func (l *Layout) Given() bool { return l.GivenBy == "person" }

// Name gives what the layout is called among the shipped ones: the system, or the system and whose variant it is.
func (l *Layout) Name() string { return cmp.Or(l.name, l.System) }

// Digest gives the SHA-256 of the file in hexadecimal.
func (l *Layout) Digest() string { return l.digest }

func digest(src []byte) string {
	sum := sha256.Sum256(src)
	return hex.EncodeToString(sum[:])
}

// Feed gives the feed of that name, or nil.
func (l *Layout) Feed(name string) *Feed {
	for i := range l.Feeds {
		if l.Feeds[i].Name == name {
			return &l.Feeds[i]
		}
	}
	return nil
}

// Feed is one kind of file, or of a row where a system has no files: exactly one of File, Query, Search, Rest and OData is
// set. An export holds every row: one that is absent is gone.
type Feed struct {
	Name    string             `yaml:"name"`
	File    string             `yaml:"file"`  // name with {yyyyMMdd} where the date stands
	Query   string             `yaml:"query"` // name of the file with the statement, beside the layout
	Order   []string           `yaml:"order"` // with Query: columns that are unique together and never null; those of the key when absent
	Search  *Search            `yaml:"search"`
	Rest    *Rest              `yaml:"rest"`
	OData   *OData             `yaml:"odata"`
	Member  string             `yaml:"member"` // name inside the archive when File is one, see [Feed.MemberOf]
	Format  Format             `yaml:"format"`
	Sidecar *Sidecar           `yaml:"sidecar"` // what lies beside each file; nil: nothing has to
	Guard   Guard              `yaml:"guard"`
	Drift   string             `yaml:"drift"` // what a change of the export's columns leads to; Quarantine when absent
	Key     Key                `yaml:"key"`
	Latest  string             `yaml:"latest"` // column by which the latest of the rows with one key counts; "": none of those that differ does
	Person  Person             `yaml:"person"`
	Drop    []string           `yaml:"drop"` // columns known and never read
	Rows    map[string]RowRule `yaml:"rows"` // extra rules of canonical rows, by label
	Columns []Column           `yaml:"columns"`

	// Occasional is a file that comes now and then, of a system whose others come every night; see [Layout].
	Occasional bool `yaml:"occasional"`

	system    string
	others    []*Feed // whose rows lie in the same file
	sparse    bool    // columns that nobody has are not there at all
	fillings  []Filling
	pattern   filePattern
	statement string
}

// Search is how a feed's rows are found in a directory. Its columns are attributes, and dn for an entry's name.
type Search struct {
	Filter string   `yaml:"filter"` // RFC 4515
	Below  string   `yaml:"below"`  // all (the default) or one: how far below the base
	Binary []string `yaml:"binary"` // columns whose values are no text
}

// InFile tells whether the feed's rows lie in files.
func (f *Feed) InFile() bool { return f.File != "" }

// each is the path of the rows inside a record of a file or service, "" where a record is one.
func (f *Feed) each() string {
	if f.Rest != nil {
		return f.Rest.Each
	}
	return f.Format.Each
}

// Others gives the feeds whose rows lie in the same file.
func (f *Feed) Others() []*Feed { return f.others }

// records tells whether the feed's rows are records, each with the properties that it has, and no table, whose columns stand
// there even when they are empty.
func (f *Feed) records() bool {
	switch f.Format.Type {
	case "json", "ndjson", "xml", "ldif":
		return true
	}
	return f.Search != nil || f.Rest != nil || f.OData != nil
}

// Misses tells whether an export without a column is drift. A column that is forbidden may come and go; so may an optional
// property of records, of which no record may have it tonight, unless the layout says what drift leads to, and a column that the
// side-car fills.
func (f *Feed) Misses(column string) bool {
	c := &f.Columns[f.Index(column)]
	return !c.Forbid && c.Sidecar == "" && (c.Required || !f.sparse)
}

// Spares tells whether an export without a column is no drift because each record may lack it.
func (f *Feed) Spares(column string) bool {
	c := &f.Columns[f.Index(column)]
	return f.sparse && !c.Required && !c.Forbid && c.Sidecar == ""
}

// Kind says how the rows come: the format of a file, query, search, rest or odata.
func (f *Feed) Kind() string {
	switch {
	case f.Query != "":
		return "query"
	case f.Search != nil:
		return "search"
	case f.Rest != nil:
		return "rest"
	case f.OData != nil:
		return "odata"
	}
	return f.Format.Type
}

// Statement gives the text of the file that Query names.
func (f *Feed) Statement() string { return f.statement }

// FullName gives "system/feed".
func (f *Feed) FullName() string { return f.system + "/" + f.Name }

// RawTable gives the table of the feed's rows as exported: the layout's columns in their order, under the layout's names.
func (f *Feed) RawTable() *canon.Table {
	names := make([]string, len(f.Columns))
	for i := range f.Columns {
		names[i] = f.Columns[i].Name
	}
	return canon.RawTable(f.FullName(), names)
}

// Index gives the position of a column in Columns, or -1.
func (f *Feed) Index(column string) int {
	for i := range f.Columns {
		if f.Columns[i].Name == column {
			return i
		}
	}
	return -1
}

// Attributions gives what each attribution that one source row can fill says, by column: a constant, or "" where each row says it.
func (f *Feed) Attributions() (out []map[string]string) {
	for _, fill := range f.fillings {
		if fill.Table.Name != canon.Attribution {
			continue
		}
		says := map[string]string{}
		for _, v := range fill.Values {
			says[fill.Table.Columns[v.Column].Name] = v.Const
		}
		out = append(out, says)
	}
	return out
}

// Fillings gives the canonical rows that one source row can fill, in the order of the canonical tables.
func (f *Feed) Fillings() []Filling { return f.fillings }

// Format is how a feed's bytes become rows.
type Format struct {
	Type            string   `yaml:"type"`        // csv, xlsx, json, ndjson, xml, parquet, fixed or ldif
	Compression     string   `yaml:"compression"` // gzip, zstd or base64 around the file, or around the member of an archive
	Delimiter       string   `yaml:"delimiter"`   // one character
	Encoding        string   `yaml:"encoding"`    // unless the file begins with a byte order mark
	Header          string   `yaml:"header"`      // required, none or auto (the first row is one when it names the required columns)
	FieldCounts     []int    `yaml:"field-counts"`
	Sheet           string   `yaml:"sheet"`
	Trailer         string   `yaml:"trailer"` // pattern of the last line, or of a sheet row's values joined by spaces; its group, if any, is the row count
	TrailerRequired bool     `yaml:"trailer-required"`
	Manifest        string   `yaml:"manifest"`         // archive member with rows and SHA-256 of every file
	SkipWhenEmpty   []string `yaml:"skip-when-empty"`  // a row that is empty in all of these columns is no record
	SkipWhenFilled  []string `yaml:"skip-when-filled"` // a row with something in one of these columns is another feed's

	Rows        string            `yaml:"rows"`         // path of the records in a document; empty: the document is one, or a list of them
	Each        string            `yaml:"each"`         // path of the rows inside a record; empty: it is one
	Count       string            `yaml:"count"`        // path of the number of records, which the document must have
	Namespaces  map[string]string `yaml:"namespaces"`   // of XML, by the prefix that paths use
	Length      int               `yaml:"length"`       // characters of every line of fixed width; 0 takes any
	HeaderLines int               `yaml:"header-lines"` // lines above the first one of fixed width; 2 for a sheet with groups above its names
}

// Values of [Feed.Drift]: what follows when an export's columns are not the layout's any more. A column that the layout does
// not name is never read, whichever of them holds. The default is [Quarantine].
const (
	Evolve = "evolve" // load the rows without the missing columns, and report both missing and new ones
	Ignore = "ignore" // the same without a report
	Fail   = "fail"   // a missing or new column stops the run before anything is loaded
)

// Guard is how much a snapshot may lose against the last good one before the source stops, in percent.
type Guard struct {
	Removed float64 `yaml:"removed"` // keys that are gone
	Shrink  float64 `yaml:"shrink"`  // fewer rows
}

// defaultGuard is the mass-change guard of a feed that names none.
var defaultGuard = Guard{Removed: 2, Shrink: 20}

// Key is a composite key. A part is a list of columns of which the first with a value counts.
type Key []Part

// Part is one part of a key.
type Part []string

// Person is how a row names its person: by a key, or by the contact point in a column. Some rows are nobody's: those of
// organisations, and those of which nobody may say whose they are.
type Person struct {
	Key    Key
	Of     string // the system whose key it is, "" for the layout's own
	Point  string
	Nobody bool
}

// RowRule is an extra rule of one canonical row.
type RowRule struct {
	When conditions        `yaml:"when"`
	Set  map[string]string `yaml:"set"`
}

// Values of [Column.Invalid].
const (
	Quarantine = "quarantine" // an invalid value rejects the row; of [Feed.Drift]: a missing column stops the source, new ones are reported
	Refuse     = "refuse"     // it rejects the row, and what was loaded of the row on an earlier night ends
	Null       = "null"       // an invalid value is left out and counted
)

// Column is one line of a feed.
type Column struct {
	Name     string            `yaml:"name"`
	Aliases  []string          `yaml:"aliases"`  // other names in the header
	Position int               `yaml:"position"` // 1-based; its place in the list when absent
	Path     string            `yaml:"path"`     // where a record holds it; its name when absent
	At       string            `yaml:"at"`       // "1-10": its characters in a line of fixed width
	Sidecar  string            `yaml:"sidecar"`  // key of the side-car that says it where the row does not; the header need not name it
	Required bool              `yaml:"required"` // the header must name it and every row must fill it
	As       string            `yaml:"as"`       // rule; "text" when absent
	To       list              `yaml:"to"`
	Formats  []string          `yaml:"formats"` // of dates and instants, in order
	Codes    map[string]string `yaml:"codes"`   // value in the export, in any case, to canonical value; closed unless as or pattern says what else is valid
	Default  string            `yaml:"default"` // canonical value of an empty cell, and of an invalid text
	Pattern  string            `yaml:"pattern"`
	List     string            `yaml:"list"`    // separator of several values in a cell
	Split    string            `yaml:"split"`   // family-first: "Family Given" fills two targets
	Append   string            `yaml:"append"`  // added to a value without it: "@xamk.example"
	Join     list              `yaml:"join"`    // columns whose texts go before this one's, each filled with zeros to its width
	Or       list              `yaml:"or"`      // columns of which the first with a value counts where this one has none
	Prepend  string            `yaml:"prepend"` // goes before joined columns that have a text: "+"
	Width    int               `yaml:"width"`   // a number cell is padded with zeros to this width
	Empty    []string          `yaml:"empty"`   // further texts that mean no value
	Open     bool              `yaml:"open"`    // 31.12.9999 and 31.12.2099 mean no end
	Negate   bool              `yaml:"negate"`  // false is true
	Forbid   bool              `yaml:"forbid"`  // a value here is a finding and goes nowhere
	Block    []string          `yaml:"block"`   // mail domains of which no address is taken, with all below them
	By       string            `yaml:"by"`      // with as: point, the column that says email, sms or phone; with as: postcode, the country
	Invalid  string            `yaml:"invalid"`
}

// NoEnd tells whether a text stands for an end that never comes, where a column says that it is open.
func NoEnd(text string) bool { return strings.Contains(text, "9999") || strings.Contains(text, "2099") }
