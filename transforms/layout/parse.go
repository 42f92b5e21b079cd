package layout

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
)

// Codes of findings in layout files, one per kind of mistake.
var (
	errZone     = fault.New("UOMA-LAY-ZONE", "the time zone is unknown", "use a name of the IANA database, such as Europe/Helsinki")
	errTwice    = fault.New("UOMA-LAY-TWICE", "the name stands twice", "keep one of the two")
	errFile     = fault.New("UOMA-LAY-FILE", "the file name needs "+dateMark+" exactly once and no folder", "write it as in peppi_alumnit_"+dateMark+".csv")
	errPattern  = fault.New("UOMA-LAY-PATTERN", "the pattern is not a regular expression", "see the RE2 syntax")
	errTrailer  = fault.New("UOMA-LAY-TRAILER", "the trailer has several groups, or is required and not there", `write it as in '^Rows: (\d+)$', or without a group where it tells no number`)
	errRule     = fault.New("UOMA-LAY-RULE", "there is no such rule", "the rules are listed in the schema's description of \"as\"")
	errFormat   = fault.New("UOMA-LAY-FORMAT", "a date needs a format", "name formats on the column, or dates at the top")
	errTarget   = fault.New("UOMA-LAY-TARGET", "there is no such target", "write table.column, or table.kind.column where the table has kinds")
	errType     = fault.New("UOMA-LAY-TYPE", "the rule's values do not fit the target", "choose a rule of the target's type")
	errFilled   = fault.New("UOMA-LAY-FILLED", "another column fills the same target", "keep one, or number the rows: email.1.address, email.2.address")
	errUnknown  = fault.New("UOMA-LAY-COLUMN", "the feed has no such column", "name a column of this feed")
	errPerson   = fault.New("UOMA-LAY-PERSON", "the feed does not say whose its rows are", "add person: with the columns of the person's key")
	errNobody   = fault.New("UOMA-LAY-NOBODY", "the feed says that its rows are nobody's, and fills who somebody is", "say whose the rows are, or take the columns of people out")
	errPoint    = fault.New("UOMA-LAY-POINT", "a contact point needs as: point, and by: the column of its kind; beside it only a postcode has by: the column of its country", "correct the column")
	errBlock    = fault.New("UOMA-LAY-BLOCK", "what is blocked are domains of e-mail addresses", "list domains as in bots.example, without @ and in their ASCII form (xn--), in a column with as: email or point")
	errSplit    = fault.New("UOMA-LAY-SPLIT", "a split name fills exactly two targets", "name the family name's target first")
	errList     = fault.New("UOMA-LAY-LIST", "several values would fill what is one: an address, a number or a key", "read them as rows of a feed of their own (each: and path: .), or take one by a path with a condition")
	errRow      = fault.New("UOMA-LAY-ROW", "the constant does not fit the column", "compare with the canonical table")
	errKey      = fault.New("UOMA-LAY-KEY", "the key does not belong to the format", "the keys of each format are listed in docs/layout-author.md")
	errRows     = fault.New("UOMA-LAY-ROWS", "XML needs the path of the elements that are records", "write it as in rows: Root/Person")
	errPath     = fault.New("UOMA-LAY-PATH", "the path leads out of the record", "there is one step upwards for each step of the format's each")
	errAt       = fault.New("UOMA-LAY-AT", "a column of fixed width needs its characters, within the line's length", "write it as in at: 1-10")
	errLines    = fault.New("UOMA-LAY-LINES", "a sheet has one row of names, or two with their groups", "leave header-lines away, or say 2; rows of titles above the names are found without it")
	errLatest   = fault.New("UOMA-LAY-LATEST", "the column does not say which of two rows is the later one", "name a column that is as: date, instant, year or integer")
	errOr       = fault.New("UOMA-LAY-OR", "the column cannot count in place of the other", "name columns by the same rule (by any for a text; date and year go together), none of which has by: or or: itself, and leave default:, codes:, pattern:, block: and forbid: of the column away")
	errMerged   = fault.New("UOMA-LAY-MERGED", "the column says whom somebody was merged into, and the key of the rows is not a person's", "let the key be the one column with the key of the person who was merged")
	errPosition = fault.New("UOMA-LAY-POSITION", "columns without a header need positions that differ", "give every column its own position")
)

// maxFindings is how many findings of one file are reported: nobody reads more at once, and each is looked up anew.
const maxFindings = 200

// Defaults of what a file may leave out.
const (
	defaultZone   = "Europe/Helsinki"
	defaultRegion = "FI"
)

var schema = sync.OnceValue(func() *document.Schema { return document.CompileSchema("layout.schema.json", schemaJSON) })

// Beside gives the content of a file that lies beside a layout.
type Beside func(name string) ([]byte, error)

// Parse reads a layout that names no file beside it. The error is a [fault.List] of all findings, with the places in file.
func Parse(file string, src []byte) (*Layout, error) {
	return ParseWith(file, src, func(string) ([]byte, error) { return nil, errors.New("nothing lies beside the layout") })
}

// ParseWith reads a layout and the statements that it names.
func ParseWith(file string, src []byte, beside Beside) (*Layout, error) {
	l := &Layout{digest: digest(src)}
	if err := document.Decode(file, src, schema(), l); err != nil {
		return nil, err
	}
	l.complete()
	c := &checker{file: file, src: src}
	c.statements(l, beside)
	c.layout(l)
	if err := c.findings.Err(); err != nil {
		return nil, err
	}
	return l, nil
}

// complete puts defaults where the file is silent.
func (l *Layout) complete() {
	l.Zone = cmp.Or(l.Zone, defaultZone)
	l.Region = cmp.Or(l.Region, defaultRegion)
	l.Decimal = cmp.Or(l.Decimal, ".")
	for i := range l.Feeds {
		l.Feeds[i].complete(l)
	}
	for i := range l.Holders {
		l.Holders[i].complete(l)
	}
}

func (f *Feed) complete(l *Layout) {
	f.system = l.System
	if f.Rest != nil {
		f.Format.SkipWhenEmpty, f.Format.SkipWhenFilled = f.Rest.SkipWhenEmpty, f.Rest.SkipWhenFilled
	}
	for i := range l.Feeds {
		if o := &l.Feeds[i]; o != f && f.InFile() && o.File == f.File && o.Member == f.Member {
			f.others = append(f.others, o)
		}
	}
	f.sparse = f.Drift == "" && f.records()
	f.Drift = cmp.Or(f.Drift, Quarantine)
	if f.Sidecar != nil {
		f.Sidecar.File = cmp.Or(f.Sidecar.File, fileMark+".meta.json")
	}
	f.Format.Encoding = cmp.Or(f.Format.Encoding, "utf-8")
	f.Format.Header = cmp.Or(f.Format.Header, "required")
	if f.Guard == (Guard{}) {
		f.Guard = defaultGuard
	}
	for i := range f.Columns {
		c := &f.Columns[i]
		c.As = cmp.Or(c.As, "text")
		c.Position = cmp.Or(c.Position, i+1)
		if c.Invalid == "" {
			c.Invalid = Null
			if c.Required || f.inKey(c.Name) {
				c.Invalid = Quarantine
			}
		}
		if len(c.Formats) == 0 && c.As == "date" {
			c.Formats = l.Dates
		}
		if len(c.Formats) == 0 && c.As == "instant" {
			c.Formats = l.Instants
		}
	}
}

// inKey tells whether a key cannot be made without the column: it is a part of its own, not one of several alternatives.
func (f *Feed) inKey(column string) bool {
	for _, part := range slices.Concat(f.Key, f.Person.Key) {
		if len(part) == 1 && part[0] == column {
			return true
		}
	}
	return f.Person.Point == column
}

// mailDomain is what a blocked domain may look like: labels of letters, digits and hyphens.
var mailDomain = regexp.MustCompile(`^(?i)[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

type checker struct {
	file     string
	src      []byte
	findings fault.List
}

// find notes a finding at a path of the document; detail names what the file says there, never data.
func (c *checker) find(e *fault.Error, detail string, path ...string) {
	if len(c.findings) == maxFindings {
		return
	}
	e = e.At(document.Locate(c.file, c.src, path...))
	if detail != "" {
		e = e.Because(fmt.Errorf("%q", detail))
	}
	c.findings = append(c.findings, e)
}

func (c *checker) layout(l *Layout) {
	if _, err := time.LoadLocation(l.Zone); err != nil {
		c.find(errZone, l.Zone, "zone")
	}
	seen := map[string]bool{}
	each := func(key string, feeds []Feed, check func(f *Feed, under func(...string) []string)) {
		for i := range feeds {
			f := &feeds[i]
			under := func(path ...string) []string { return slices.Concat([]string{key, strconv.Itoa(i)}, path) }
			if seen[f.Name] {
				c.find(errTwice, f.Name, under("name")...)
			}
			seen[f.Name] = true
			check(f, under)
		}
	}
	each("feeds", l.Feeds, c.feed)
	each("holders", l.Holders, c.holders)
}

func (c *checker) feed(f *Feed, under func(...string) []string) {
	c.export(f, under)
	c.keys(f, under)
	c.fill(f, under)
	if f.Person.Nobody && slices.ContainsFunc(f.Fillings(), func(x Filling) bool { return x.Table.Identity() }) {
		c.find(errNobody, "", under("person")...)
	}
}

// export checks how rows are read, whatever they mean.
func (c *checker) export(f *Feed, under func(...string) []string) {
	c.origin(f, under)
	trailer, err := regexp.Compile(f.Format.Trailer)
	switch {
	case err != nil:
		c.find(errPattern, "", under("format", "trailer")...)
	case f.Format.Trailer != "" && trailer.NumSubexp() > 1, f.Format.Trailer == "" && f.Format.TrailerRequired:
		c.find(errTrailer, "", under("format", "trailer")...)
	}
	c.names(f, under)
	c.format(f, under)
	c.sidecar(f, under)
	for i := range f.Columns {
		c.column(f, &f.Columns[i], under("columns", strconv.Itoa(i)))
	}
	for i, name := range f.Format.SkipWhenEmpty {
		c.reference(f, name, under("format", "skip-when-empty", strconv.Itoa(i))...)
	}
	for i, name := range f.Format.SkipWhenFilled {
		c.reference(f, name, under("format", "skip-when-filled", strconv.Itoa(i))...)
	}
}

// names finds header names and positions that would catch two columns.
func (c *checker) names(f *Feed, under func(...string) []string) {
	seen := map[string]bool{}
	places := map[int]bool{}
	for i := range f.Columns {
		col := &f.Columns[i]
		for _, name := range foldAll(append([]string{col.Name}, col.Aliases...)) {
			if seen[name] {
				c.find(errTwice, name, under("columns", strconv.Itoa(i), "name")...)
			}
			seen[name] = true
		}
		if places[col.Position] && f.Format.Header != "required" && f.Format.Type == "csv" {
			c.find(errPosition, col.Name, under("columns", strconv.Itoa(i))...)
		}
		places[col.Position] = true
	}
	for i, name := range foldAll(f.Drop) {
		if seen[name] {
			c.find(errTwice, name, under("drop", strconv.Itoa(i))...)
		}
		seen[name] = true
	}
}

func (c *checker) column(f *Feed, col *Column, at []string) {
	under := func(path ...string) []string { return slices.Concat(at, path) }
	if _, known := RuleType(col.As); !known {
		c.find(errRule, col.As, under("as")...)
	}
	if col.As == "date" && len(col.Formats) == 0 { // an instant without a format is RFC 3339
		c.find(errFormat, col.Name, at...)
	}
	if _, err := regexp.Compile(col.Pattern); err != nil {
		c.find(errPattern, "", under("pattern")...)
	}
	if col.Split != "" && len(col.To) != 2 {
		c.find(errSplit, col.Name, at...)
	}
	if col.List != "" && len(col.To) > 0 && OneValue(col.As) {
		c.find(errList, col.Name, under("list")...)
	}
	switch {
	case col.As == "point" && col.By == "", col.By != "" && col.As != "point" && col.As != "postcode":
		c.find(errPoint, col.Name, at...)
	case col.By != "":
		c.reference(f, col.By, under("by")...)
		if i := f.Index(col.By); i >= 0 && f.Columns[i].By != "" {
			c.find(errPoint, col.By, under("by")...)
		}
	}
	for i, name := range col.Block {
		if col.As != "email" && col.As != "point" || !mailDomain.MatchString(name) {
			c.find(errBlock, name, under("block", strconv.Itoa(i))...)
		}
	}
	for i, name := range col.Join {
		c.reference(f, name, under("join", strconv.Itoa(i))...)
	}
	c.otherwise(f, col, under)
	codes := map[string]bool{}
	for code := range col.Codes {
		if codes[fold(code)] {
			c.find(errTwice, code, under("codes")...)
		}
		codes[fold(code)] = true
	}
}

// OneValue tells of a rule whose value is a contact point or names somebody: two of them, joined, would be neither.
func OneValue(rule string) bool {
	switch rule {
	case "email", "phone", "point", "hetu", "hetu-virta", "fnr", "oppijanumero", "orcid", "ytunnus", "eppn", "guid", "schac_hetu", "schac_number",
		"student_number", "employee_number", "virta_avain":
		return true
	}
	return false
}

// otherwise checks the columns that count where a column has no value. Each of them is known without the others. Its values have
// gone by its own checks alone, so that those of the column itself must not ask for more.
func (c *checker) otherwise(f *Feed, col *Column, under func(...string) []string) {
	for i, name := range col.Or {
		at := under("or", strconv.Itoa(i))
		other := f.Index(name)
		if other < 0 {
			c.reference(f, name, at...)
			continue
		}
		if o := &f.Columns[other]; !stands(o.As, col.As) || col.By+o.By+col.Default+col.Pattern != "" || len(o.Or)+len(col.Codes)+len(col.Block) > 0 || col.Forbid {
			c.find(errOr, name, at...)
		}
	}
}

// stands tells whether a value by one rule may be taken for one by another.
func stands(rule, other string) bool {
	typ, _ := RuleType(rule)
	of, known := RuleType(other)
	return known && typ == of && (rule == other || other == "text" || typ == canon.Day)
}

// reference finds a name that is no column of the feed.
func (c *checker) reference(f *Feed, name string, at ...string) {
	if f.Index(name) < 0 {
		c.find(errUnknown, name, at...)
	}
}

func (c *checker) keys(f *Feed, under func(...string) []string) {
	parts := func(key Key, field ...string) {
		for i, part := range key {
			for _, name := range part {
				c.reference(f, name, under(append(field, strconv.Itoa(i))...)...)
			}
		}
	}
	parts(f.Key, "key")
	c.latest(f, under)
	for i := range f.Columns {
		if slices.Contains(f.Columns[i].To, "person.merged_into") && len(f.Key) != 1 {
			c.find(errMerged, f.Columns[i].Name, under("columns", strconv.Itoa(i), "to")...)
		}
	}
	if f.Person.Of == "" {
		parts(f.Person.Key, "person")
	} else {
		parts(f.Person.Key, "person", "key")
	}
	switch i := f.Index(f.Person.Point); {
	case f.Person.Nobody:
	case f.Person.Point == "" && len(f.Person.Key) == 0:
		c.find(errPerson, "", under("person")...)
	case f.Person.Point == "":
	case i < 0:
		c.reference(f, f.Person.Point, under("person", "point")...)
	case f.Columns[i].As != "point":
		c.find(errPoint, f.Person.Point, under("person", "point")...)
	}
}

// latest checks the column by which the latest of the rows with one key counts.
func (c *checker) latest(f *Feed, under func(...string) []string) {
	if f.Latest == "" {
		return
	}
	i := f.Index(f.Latest)
	if i < 0 {
		c.reference(f, f.Latest, under("latest")...)
		return
	}
	switch typ, _ := RuleType(f.Columns[i].As); {
	case f.inKey(f.Latest), typ != canon.Day && typ != canon.Instant && typ != canon.Int:
		c.find(errLatest, f.Latest, under("latest")...)
	}
}

func foldAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fold(n)
	}
	return out
}

// fold makes header names comparable, as the readers of exports do: NFC, trimmed, in any case.
func fold(name string) string { return strings.ToLower(norm.NFC.String(strings.TrimSpace(name))) }
