package target

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/internal/late"
)

//go:embed target.schema.json
var schemaSource []byte

//go:embed shipped/*.yaml
var shipped embed.FS

// Schema gives the published JSON Schema of target files.
func Schema() []byte { return slices.Clone(schemaSource) }

// Shipped gives the targets that come with the program, by name.
func Shipped() ([]*Target, error) {
	files, err := shipped.ReadDir("shipped")
	if err != nil {
		return nil, err
	}
	var out []*Target
	for _, f := range files {
		src, err := ShippedSource(f.Name())
		if err != nil {
			return nil, err
		}
		t, err := Parse(f.Name(), src)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// ShippedSource gives the text of a shipped target's file, for copying into a workspace.
func ShippedSource(file string) ([]byte, error) { return shipped.ReadFile(path.Join("shipped", file)) }

var (
	errField  = fault.New("UOMA-TGT-FIELD", "a column takes a field that there is not", "write table.column, email.KIND, phone.KIND or address.KIND.column; docs/reference.md lists the canonical tables")
	errTable  = fault.New("UOMA-TGT-TABLE", "rows of another table than the row's own stand in a column", "take fields of person, email, phone, address, of the table that each: names, or in rows of person of one that latest: names with a date")
	errFill   = fault.New("UOMA-TGT-FILL", "a column has nothing to hold, or two things", "give exactly one of from:, value: and copy:")
	errForm   = fault.New("UOMA-TGT-FORM", "the form takes no such key, or lacks one", "csv takes delimiter, encoding, quote, line_end and formulas; xlsx takes sheet; jsonl takes none; xml needs root and path, and alone takes inside; dataverse needs set, id and key, and takes write and gone")
	errPath   = fault.New("UOMA-TGT-PATH", "a column's name is no path of elements", "write Element/Element, with @attribute as the last part; of elements of one parent, stand together")
	errDate   = fault.New("UOMA-TGT-DATE", "the format is none of a date", "write d, dd, M, MM and yyyy with signs between them, for a column that takes a date")
	errBeside = fault.New("UOMA-TGT-BESIDE", "a column stands beside one that it cannot", "name in beside: another column of the row, which takes a field, for a column with value:")
	errNeeds  = fault.New("UOMA-TGT-NEEDS", "every row needs something that no column can hold", "name in needs: columns, or elements in which columns stand")
	errNames  = fault.New("UOMA-TGT-NAME", "two columns have one name", "name each column once")
	errCount  = fault.New("UOMA-TGT-COUNT", "a row of a file of counts would be of one person, or of none", "write {people} alone in the value: of one column, beside another; no {pseudonym}, asked:, inside:, return_after_days: or table, and no field that names somebody or is a key, but postcode, city, region and country of an address")
	errOrders = fault.New("UOMA-TGT-ORDERS", "the rows are orders to let go of data, and no order can be read from them, or more than an order", "let each: name a table of no person whose rows say whether they are held, give one column ended.order and fields of that table or of ended that identify nobody; no channel, protected, event, from, having, asked, latest, return_after_days, inside, counts or pseudonyms; csv, xlsx or jsonl as form")
	errAsked  = fault.New("UOMA-TGT-ASKED", "the list of people asked does not fit the columns", "copy the key's column, let asked.is be a field of person, and write the list as csv")
)

var schema = sync.OnceValue(func() *document.Schema { return document.CompileSchema("target.schema.json", schemaSource) })

// Parse reads a target. The error is a [fault.List] with places.
func Parse(file string, src []byte) (*Target, error) {
	t := &Target{}
	if err := document.Decode(file, src, schema(), t); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(src)
	t.digest = hex.EncodeToString(sum[:])
	t.fillDefaults()
	c := checker{t: t, file: file, src: src}
	c.form()
	c.latest()
	c.block(&t.Block)
	for i := range t.Inside {
		c.block(&t.Inside[i], "inside", strconv.Itoa(i))
	}
	if t.InTable() {
		c.table()
	}
	c.asked()
	if t.Counted() {
		c.counted()
	}
	if t.Orders != nil {
		c.orders()
	}
	if h := t.Having; h != nil && !rows(h.Table) {
		c.find(errTable, h.Table, "having", "table")
	}
	if err := c.found.Err(); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Target) fillDefaults() {
	t.Protected = cmp.Or(t.Protected, "exclude")
	t.Seal = cmp.Or(t.Seal, "none")
	t.Pinned = cmp.Or(t.Pinned, t.Recipient)
	t.Each = cmp.Or(t.Each, Person)
	f := &t.Form
	if t.InTable() {
		f.Write = cmp.Or(f.Write, "upsert")
		f.Gone = cmp.Or(f.Gone, "clear")
	}
	if f.Type == "csv" {
		f.Delimiter = cmp.Or(f.Delimiter, ",")
		f.Encoding = cmp.Or(f.Encoding, "utf-8")
		f.Quote = cmp.Or(f.Quote, "needed")
		f.LineEnd = cmp.Or(f.LineEnd, "crlf")
		f.Formulas = cmp.Or(f.Formulas, "keep")
	}
}

type checker struct {
	t     *Target
	file  string
	src   []byte
	found fault.List
}

func (c *checker) find(e *fault.Error, what string, path ...string) {
	e = e.At(document.Locate(c.file, c.src, path...))
	if what != "" {
		e = e.Because(errors.New(what))
	}
	c.found = append(c.found, e)
}

// form finds keys that the form does not have, and those that it needs.
func (c *checker) form() {
	f := &c.t.Form
	given := map[string]bool{"delimiter": f.Delimiter != "", "encoding": f.Encoding != "", "quote": f.Quote != "", "line_end": f.LineEnd != "",
		"formulas": f.Formulas != "", "sheet": f.Sheet != "", "root": f.Root != "", "namespace": f.Namespace != "",
		"set": f.Set != "", "id": f.ID != "", "key": f.Key != nil, "write": f.Write != "", "gone": f.Gone != ""}
	takes := map[string][]string{"csv": {"delimiter", "encoding", "quote", "line_end", "formulas"}, "xlsx": {"sheet"}, "jsonl": {}, "xml": {"root", "namespace"},
		Dataverse: {"set", "id", "key", "write", "gone"}}[f.Type]
	for key, set := range given {
		if set && !slices.Contains(takes, key) {
			c.find(errForm, key, "form", key)
		}
	}
	xml := f.Type == "xml"
	if xml && (f.Root == "" || c.t.Path == "") {
		c.find(errForm, "root and path", "form")
	}
	if !xml && (len(c.t.Inside) > 0 || c.t.Path != "") {
		c.find(errForm, "path and inside", "form")
	}
	if xml && len(c.t.Inside) > 0 && c.t.Each != Person {
		c.find(errForm, "inside", "each")
	}
}

func (c *checker) block(b *Block, at ...string) {
	under := func(i int, key string) []string { return append(slices.Clone(at), "columns", strconv.Itoa(i), key) }
	if !rows(b.Each) && c.t.Orders == nil {
		c.find(errTable, b.Each, append(slices.Clone(at), "each")...)
		return
	}
	seen := map[string]bool{}
	for i := range b.Columns {
		col := &b.Columns[i]
		col.beside = slices.IndexFunc(b.Columns, func(x Column) bool { return x.Name == col.Beside })
		if col.Beside != "" && (col.beside < 0 || col.Value == "" || b.Columns[col.beside].Value != "") {
			c.find(errBeside, col.Beside, under(i, "beside")...)
		}
		if seen[col.Name] && len(col.If) == 0 {
			c.find(errNames, col.Name, under(i, "name")...)
		}
		seen[col.Name] = true
		if fills := bit(len(col.From) > 0) + bit(col.Value != "") + bit(col.Copy); fills != 1 || col.Copy && c.t.Asked == nil {
			c.find(errFill, col.Name, under(i, "name")...)
		}
		if c.t.Form.Type == "xml" && !pathForm.MatchString(col.Name) {
			c.find(errPath, col.Name, under(i, "name")...)
		}
		for _, from := range col.From {
			col.from = append(col.from, c.field(b, from, under(i, "from")...))
		}
		for _, of := range slices.Sorted(maps.Keys(col.If)) {
			f, ok := ParseField(of)
			if !ok || f.Table != b.Each || f.Table == Person {
				c.find(errTable, of, under(i, "if")...)
			}
			col.when = append(col.when, condition{f, col.If[of]})
		}
		dates := len(col.from) > 0 && !slices.ContainsFunc(col.from, func(f Field) bool { return f.Type != canon.Day })
		if col.Format != "" && !(dates && dateForm.MatchString(col.Format)) {
			c.find(errDate, col.Format, under(i, "format")...)
		}
		if !col.fits(c.t.InTable()) {
			c.find(errKind, col.Name, under(i, "name")...)
		}
	}
	for i, need := range b.Needs {
		if !slices.ContainsFunc(b.Columns, func(col Column) bool { return col.in(need) }) {
			c.find(errNeeds, need, append(slices.Clone(at), "needs", strconv.Itoa(i))...)
		}
	}
}

// field checks where a value comes from: contact points and who somebody is go into any row, other tables into their own.
func (c *checker) field(b *Block, from string, at ...string) Field {
	f, ok := ParseField(from)
	switch _, kinded := kinds[f.Table]; {
	case !ok:
		c.find(errField, from, at...)
	case f.Table == Ended && c.t.Orders != nil:
	case f.Table != Person && !kinded && f.Table != b.Each && (b.Each != Person || len(c.t.Latest[f.Table]) == 0):
		c.find(errTable, fmt.Sprintf("%s in a row of %s", from, b.Each), at...)
	}
	return f
}

// latest checks the tables of which one row stands beside somebody.
func (c *checker) latest() {
	for _, table := range slices.Sorted(maps.Keys(c.t.Latest)) {
		for i, by := range c.t.Latest[table] {
			f, ok := ParseField(table + "." + by)
			if table == Person || c.t.Each != Person || !rows(table) || !ok || (f.Type == canon.Day) != (i == 0) {
				c.find(errTable, table+" by "+by, "latest", table)
			}
		}
	}
}

// without are tables of which no file has rows: words about a use, and what no notice lets go.
var without = []string{"consent", "objection", "interaction", "exam", "recording", "access", canon.Attribution}

// rows tells whether a file can have rows of a table.
func rows(table string) bool {
	t := canon.Named(table)
	return t != nil && !t.Identity() && !slices.Contains(without, table)
}

func (c *checker) asked() {
	a := c.t.Asked
	if a == nil {
		return
	}
	f, ok := ParseField(a.Is)
	copied := slices.ContainsFunc(c.t.Columns, func(col Column) bool { return col.Copy && col.Name == a.Key })
	if !ok || f.Table != Person || !copied || c.t.Form.Type != "csv" || c.t.Each != Person {
		c.find(errAsked, "", "asked")
	}
}

// orders checks a file whose rows order a system to let go of what retention ended.
func (c *checker) orders() {
	t, numbers := c.t, 0
	table := canon.Named(t.Each)
	more := t.Asked != nil || t.Having != nil || t.Event != nil || t.Latest != nil || len(t.From) > 0 || t.ReturnDays > 0 || t.Channel != "" ||
		t.Protected != "exclude" || t.Counted() || t.Pseudonymous() || t.Form.Type == "xml"
	if table == nil || table.Index("hold") < 0 || table.Identity() || t.Each == Person || more { // what is held is never ordered
		c.find(errOrders, "", "orders")
		return
	}
	for i := range t.Columns {
		for _, f := range t.Columns[i].from {
			numbers += bit(f.Table == Ended && f.Column == "order")
			at := table.Index(f.Column) // of what is no column another check tells
			if f.Table != Ended && (f.Table != t.Each || at >= 0 && table.Columns[at].Class.Identifying()) {
				c.find(errOrders, f.Name, "columns", strconv.Itoa(i), "from")
			}
		}
	}
	if numbers != 1 {
		c.find(errOrders, "ended.order", "columns")
	}
}

// areas are what can be counted of an address.
var areas = []string{"postcode", "city", "region", "country"}

// counted checks a file whose rows are counts of people.
func (c *checker) counted() {
	t, counts := c.t, 0
	if t.Pseudonymous() || t.Asked != nil || len(t.Inside) > 0 || t.ReturnDays > 0 || t.InTable() || len(t.Columns) == 1 {
		c.find(errCount, "", "columns")
	}
	for i := range t.Columns {
		col := &t.Columns[i]
		counts += bit(col.Value == People)
		named := slices.ContainsFunc(col.from, func(f Field) bool {
			return Names(f.Table, f.Column) && !(f.Table == "address" && slices.Contains(areas, f.Column))
		})
		if named || strings.Contains(col.Value, People) && (col.Value != People || counts > 1 || col.Beside != "" || len(col.If) > 0) {
			c.find(errCount, col.Name, "columns", strconv.Itoa(i), "name")
		}
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

var (
	pathForm = late.Compile(`^(@?[\pL_][\pL\pN._-]*|[\pL_][\pL\pN._-]*(/[\pL_][\pL\pN._-]*)*(/@[\pL_][\pL\pN._-]*)?)$`)
	dateForm = late.Compile(`^(yyyy|MM?|dd?|[ ./-])+$`)
)
