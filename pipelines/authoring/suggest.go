package authoring

import (
	"cmp"
	"context"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"uoma/connectors/record"
	"uoma/connectors/rowfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
	"uoma/transforms/meaning"
)

var errDraft = fault.New("UOMA-AUT-DRAFT", "the export's columns make no layout", "give each column of the export a name of its own, and export at least one that is known")

// defaultRegion is the region of a layout that names none.
const defaultRegion = "FI"

// sampleRows is how many rows a suggestion looks at.
const sampleRows = 4000

// Suggestion is a first layout of an export: its tables, and the file's text.
type Suggestion struct {
	System string  `json:"system"`
	Feeds  []Draft `json:"feeds"`
	Layout string  `json:"layout"` // YAML
}

// Draft is a first feed: each column of a table with what it seems to be.
type Draft struct {
	Feed    string  `json:"feed"`
	Columns []Guess `json:"columns"`

	form rowfile.Form
	key  rowKey
	drop []string // what else the table has
	odd  bool     // lines of it are no rows like the others
}

// Guess is what a column seems to be. One without targets is dropped in the draft: what nobody claimed is not read.
type Guess struct {
	Name       string   `json:"name"`
	Rule       string   `json:"rule,omitempty"`
	To         []string `json:"to,omitempty"`
	Confidence float64  `json:"confidence"`
	Why        string   `json:"why"`

	column layout.Column // what the draft says of it
}

// SuggestOptions say what the export itself does not.
type SuggestOptions struct {
	System     string // "" takes it from the file's name
	Controller string
	Region     string // country of local phone numbers and postcodes, that of a layout without one when ""
	RunDate    canon.Date
}

// Suggest looks at an export and drafts its layout, with a feed for each table in it of which something is known. Known are
// the columns of the layouts given, by their names; of the others the header and the values tell what they are.
func Suggest(ctx context.Context, file string, known []*layout.Layout, o SuggestOptions) (*Suggestion, error) {
	forms, err := rowfile.Inspect(file)
	if err != nil {
		return nil, err
	}
	names := synonyms(known)
	s := &Suggestion{}
	var feed string
	s.System, feed = slug(o.System, file)
	for _, form := range forms {
		sample, numbers, odd, err := sampleOf(ctx, file, &form)
		if err != nil {
			return nil, err
		}
		d := &drafting{form: form, sample: sample, numbers: numbers, synonyms: names, rules: identifier.Rules(), taken: map[string]bool{}, found: map[int]Guess{},
			params: identifier.Params{RunDate: o.RunDate, Region: cmp.Or(o.Region, defaultRegion), AllowTemporary: true, AllowSynthetic: true, EmptyMarkers: identifier.DefaultEmptyMarkers()}}
		draft := d.draft()
		draft.odd = odd
		if draft.Feed = feed; len(forms) > 1 {
			draft.Feed = feedName(&form)
		}
		for n := 2; slices.ContainsFunc(s.Feeds, func(x Draft) bool { return x.Feed == draft.Feed }); n++ {
			draft.Feed = cut(feedName(&form)) + "-" + strconv.Itoa(n)
		}
		if len(draft.key.row) > 0 {
			s.Feeds = append(s.Feeds, draft)
		}
	}
	if len(s.Feeds) == 0 {
		return nil, errDraft.At(fault.Place{File: file})
	}
	return s, s.settle(ctx, file, o)
}

// settle writes the layout, with what the tables have and the layout does not read.
func (s *Suggestion) settle(ctx context.Context, file string, o SuggestOptions) error {
	l, err := s.write(file, o)
	if err != nil {
		return err
	}
	for i := range s.Feeds {
		c, err := Compare(ctx, file, l, s.Feeds[i].Feed)
		if err != nil {
			return err
		}
		s.Feeds[i].drop = slices.DeleteFunc(c.New, record.Somebodys)
	}
	_, err = s.write(file, o)
	return err
}

// sampleOf reads the first rows of a table, with the cells of every column. It tells of which columns a workbook has numbers, and
// whether there are lines that are no rows like the others, as one of totals is.
func sampleOf(ctx context.Context, file string, form *rowfile.Form) (rows [][]string, numbers []bool, odd bool, err error) {
	f := layout.Feed{Name: form.Type, File: file, Member: form.Member, Format: formatOf(form)}
	for i, c := range form.Columns {
		f.Columns = append(f.Columns, columnOf(form, i, &c))
	}
	src, err := open(file, &f, func(canon.Rejection) {})
	if err != nil {
		return nil, nil, false, err
	}
	defer src.Close()
	numbers = make([]bool, len(f.Columns))
	for b, err := range src.Batches(ctx) {
		if err != nil {
			return nil, nil, false, err
		}
		for i := range min(b.Len(), sampleRows-len(rows)) {
			row := make([]string, len(f.Columns))
			kinds := b.Col(canon.RawKinds)
			for c := range row {
				numbers[c] = numbers[c] || !kinds.Null(i) && kinds.Bytes(i)[c] == canon.KindNumber
				if col := b.Col(canon.RawFirst + c); !col.Null(i) {
					row[c] = strings.Clone(col.Text(i))
				}
				if form.Columns[c].Several {
					row[c], _, _ = strings.Cut(row[c], severalSign)
				}
			}
			rows = append(rows, row)
		}
		if len(rows) == sampleRows {
			break
		}
	}
	sum := src.Summary()
	return rows, numbers, sum.Rejected+sum.Skipped[tabular.SkipSummary] > 0, nil
}

// severalSign joins several values of a record.
const severalSign = ";"

// formatOf puts a form into the terms of a layout.
func formatOf(form *rowfile.Form) layout.Format {
	f := layout.Format{Type: form.Type, Compression: form.Compression, Encoding: form.Encoding, Sheet: form.Sheet, HeaderLines: form.HeaderLines,
		Rows: form.Rows, Manifest: form.Manifest}
	if form.Delimiter != 0 {
		f.Delimiter = string(form.Delimiter)
	}
	if form.Headless {
		f.Header = tabular.HeaderNone
	}
	return f
}

// columnOf is a column of a form as a layout names it.
func columnOf(form *rowfile.Form, i int, c *rowfile.Column) layout.Column {
	out := layout.Column{Name: c.Name, Path: c.Path}
	if form.Headless {
		out.Position = i + 1
	}
	if c.Several {
		out.List = severalSign
	}
	return out
}

// feedName is what a table of several is called: by its member, its sheet, or the records' path.
func feedName(form *rowfile.Form) string {
	name := strings.TrimSuffix(path.Base(form.Member), path.Ext(form.Member))
	for _, more := range []string{form.Sheet, path.Base(form.Rows)} {
		if more != "" && more != "." {
			name = more
		}
	}
	return cut(cmp.Or(slugged(dayAndTime.ReplaceAllString(name, "")), "rows"))
}

// general are names that say nothing without their system: what one of them is there it need not be elsewhere.
var general = []string{"id", "key", "code", "koodi", "type", "tyyppi", "status", "state", "tila", "role", "rooli", "date", "number", "numero"}

// synonyms gives, by folded name, the columns that all layouts which have them read in the same way.
func synonyms(known []*layout.Layout) map[string]*layout.Column {
	out := map[string]*layout.Column{}
	for _, l := range known {
		for i := range l.Feeds {
			for j := range l.Feeds[i].Columns {
				c := &l.Feeds[i].Columns[j]
				if len(c.To) == 0 || c.By != "" && c.As == "point" {
					continue
				}
				for _, name := range append([]string{c.Name}, c.Aliases...) {
					if slices.Contains(general, letters(name)) {
						continue
					}
					switch old, twice := out[letters(name)]; {
					case !twice:
						out[letters(name)] = c
					case old != nil && (old.As != c.As || old.To[0] != c.To[0]):
						out[letters(name)] = nil // the name means several things
					}
				}
			}
		}
	}
	return out
}

// drafting is a suggestion at work.
type drafting struct {
	form     rowfile.Form
	sample   [][]string
	numbers  []bool // by column: a workbook has numbers in it
	synonyms map[string]*layout.Column
	rules    map[string]identifier.Rule
	params   identifier.Params
	taken    map[string]bool // targets
	found    map[int]Guess
}

// draft settles the columns of a table.
func (d *drafting) draft() Draft {
	var names []string
	for _, c := range d.form.Columns {
		names = append(names, c.Name)
	}
	guesses := meaning.Guess(names, d.sample)
	kinds := make([]linkage.Kind, len(guesses))
	for _, sure := range []bool{true, false} { // a column that other layouts know has its target before one that is guessed
		for i := range guesses {
			d.guess(i, &guesses[i], sure)
		}
	}
	out := Draft{form: d.form, Columns: make([]Guess, len(guesses))}
	for i := range guesses {
		g, ok := d.found[i]
		if !ok {
			g = Guess{Confidence: guesses[i].Confidence, Why: "not claimed: " + guesses[i].Why}
		}
		kinds[i] = guesses[i].Field.Kind
		own := columnOf(&d.form, i, &d.form.Columns[i])
		g.column.Name, g.column.Path, g.column.Position = own.Name, own.Path, own.Position
		d.numbered(i, &g.column)
		g.Name, g.Rule, g.To = own.Name, g.column.As, g.column.To
		if g.column.List == "" {
			g.column.List = own.List
		}
		out.Columns[i] = g
	}
	d.household(out.Columns)
	out.key = d.key(out.Columns, kinds)
	return out
}

// household makes one address of parts that came from different layouts: of a table that has each part once.
func (d *drafting) household(columns []Guess) {
	kinds, parts := map[string]int{}, map[string]int{}
	for _, g := range columns {
		for _, to := range g.To {
			if kind, part, ok := addressOf(to); ok {
				kinds[kind]++
				parts[part]++
			}
		}
	}
	best := "home"
	for kind, n := range kinds {
		if n > kinds[best] {
			best = kind
		}
	}
	for _, n := range parts {
		if n > 1 {
			return
		}
	}
	for i := range columns {
		targets := slices.Clone(columns[i].To)
		for n, to := range targets {
			if _, part, ok := addressOf(to); ok {
				targets[n] = "address." + best + "." + part
			}
		}
		columns[i].To, columns[i].column.To = targets, targets
	}
}

func addressOf(target string) (kind, part string, ok bool) {
	rest, ok := strings.CutPrefix(target, "address.")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ".")
}

// enoughFit is the share of values that must pass a rule before the column may be suggested to be of it.
const enoughFit = 0.6

// guess settles a column by its synonyms, or by what its name and values mean.
func (d *drafting) guess(i int, m *meaning.Column, sure bool) {
	if _, done := d.found[i]; done || d.form.Columns[i].Name == "" {
		return
	}
	g, ok := Guess{}, false
	if sure {
		g, ok = d.bySynonym(i)
	} else {
		g, ok = d.byMeaning(i, m)
	}
	if !ok {
		return
	}
	for _, to := range g.column.To {
		d.taken[to] = true
	}
	d.found[i] = g
}

// bySynonym takes what the known layouts say of a column of this name, as far as the values bear it out.
func (d *drafting) bySynonym(i int) (Guess, bool) {
	c := d.synonyms[letters(d.form.Columns[i].Name)]
	if c == nil || slices.ContainsFunc(c.To, d.gone) {
		return Guess{}, false
	}
	col := layout.Column{As: c.As, To: c.To, Codes: c.Codes, Open: c.Open, Negate: c.Negate, List: c.List, Split: c.Split, Append: c.Append}
	share := d.fit(i, &col)
	if share < enoughFit && !(ban(col.To[0]) && d.filledRows(i) == 0) { // a ban that nobody has yet is one all the same
		return Guess{}, false
	}
	d.numbered(i, &col)
	col.Required = c.Required && share == 1 && d.filled(part{i})
	if ban(col.To[0]) { // one that cannot be read must not pass for none
		col.Invalid = layout.Quarantine
		col.Required = 2*d.filledRows(i) >= len(d.sample)
	}
	return Guess{Confidence: 0.95 * share, Why: "another layout has a column of this name, and " + percent(share) + " of values are as there", column: col}, true
}

// ban tells of a target that forbids a use.
func ban(to string) bool { return strings.HasPrefix(to, "objection.") }

// gone tells of a target that another column fills already. A ban may stand in several.
func (d *drafting) gone(to string) bool { return d.taken[to] && !ban(to) }

// byMeaning takes what the column says of a person.
func (d *drafting) byMeaning(i int, m *meaning.Column) (Guess, bool) {
	best, share := layout.Column{}, 0.0
	for _, c := range d.candidates(m.Field.Kind, d.form.Columns[i].Name) {
		if slices.ContainsFunc(c.To, d.gone) {
			continue
		}
		if fit := d.fit(i, &c); fit > share {
			best, share = c, fit
		}
	}
	if share < enoughFit || m.Confidence*share < enoughFit && !proving[best.As] {
		return Guess{}, false
	}
	d.numbered(i, &best)
	return Guess{Confidence: m.Confidence * share, Why: m.Why, column: best}, true
}

// numbered makes a text of which a workbook has numbers a whole number: as a text it would pass for a code that a spreadsheet
// has damaged.
func (d *drafting) numbered(i int, c *layout.Column) {
	if d.numbers[i] && (c.As == "" || c.As == "text") && len(c.Codes) == 0 {
		c.As = "integer"
	}
}

// proving are rules that a value passes by nothing but being what they say, however few values there are.
var proving = map[string]bool{"email": true, "phone": true, "hetu": true, "fnr": true, "oppijanumero": true, "orcid": true}

// candidates gives what a column of a kind may be in a layout, the likeliest first.
func (d *drafting) candidates(k linkage.Kind, name string) []layout.Column {
	as := func(rule string, targets ...string) (out []layout.Column) {
		for _, to := range targets {
			out = append(out, layout.Column{As: rule, To: []string{to}})
		}
		return out
	}
	switch k {
	case linkage.Ignored:
		if changed[letters(name)] {
			return append(as("instant", "person.modified_at"), as("date", "person.modified_at")...)
		}
	case linkage.RecordID:
		return as("text", "person.source_key")
	case linkage.GivenNames:
		return as("name", "person.given_names")
	case linkage.CallName:
		return as("name", "person.call_name")
	case linkage.FamilyName:
		return as("name", "person.family_name")
	case linkage.FormerName:
		return as("name", "person.former_family_name")
	case linkage.FullName:
		return []layout.Column{{As: "name", Split: "family-first", To: []string{"person.family_name", "person.call_name"}}}
	case linkage.BirthDate:
		return as("date", "person.birth_date")
	case linkage.Sex:
		return as("sex", "person.sex")
	case linkage.Street:
		return as("text", "address.home.line1", "address.work.line1")
	case linkage.AddressLine:
		return as("text", "address.home.line2", "address.home.line3")
	case linkage.Postcode:
		return as("postcode", "address.home.postcode", "address.work.postcode")
	case linkage.City:
		return as("text", "address.home.city", "address.work.city")
	case linkage.Region:
		return as("text", "address.home.region")
	case linkage.Country:
		return as("country", "address.home.country", "address.work.country")
	case linkage.Phone:
		return as("phone", preferred(name, "phone.", "mobile", "home", "work", "other")...)
	case linkage.Email:
		return as("email", preferred(name, "email.", "personal", "institution", "work", "other")...)
	case linkage.Identifier:
		var out []layout.Column
		for _, rule := range []string{"hetu", "fnr", "oppijanumero", "orcid", "eppn"} {
			out = append(out, as(rule, "person."+rule)...)
		}
		if folded := letters(name); strings.Contains(folded, "student") || strings.Contains(folded, "opiskelija") {
			out = append(out, as("student_number", "person.student_number")...)
		}
		return append(out, as("text", "person.source_key")...)
	}
	return nil
}

// changed are names of the time at which a row was last changed.
var changed = map[string]bool{"updated": true, "updatedon": true, "updatedat": true, "modified": true, "modifiedon": true, "modifiedat": true,
	"lastmodified": true, "changed": true, "changedat": true, "muutettu": true, "muokattu": true, "päivitetty": true, "endret": true, "oppdatert": true,
	"ändrad": true, "uppdaterad": true}

// preferred puts the kind that the name speaks of before the others.
func preferred(name, table string, kinds ...string) []string {
	words := map[string][]string{"institution": {"school", "koulu", "inst", "univ"}, "work": {"work", "työ", "tyo", "job", "arbeid", "jobb"},
		"home": {"home", "koti", "privat", "hjem"}, "personal": {"private", "oma", "priv"}, "mobile": {"mob", "matka", "cell"}}
	folded := letters(name)
	slices.SortStableFunc(kinds, func(a, b string) int {
		says := func(kind string) int {
			if slices.ContainsFunc(words[kind], func(w string) bool { return strings.Contains(folded, w) }) {
				return 0
			}
			return 1
		}
		return says(a) - says(b)
	})
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = table + k
	}
	return out
}

// Forms in which exports write dates and instants. Where a day could be a month, the day goes first, as in Europe.
var (
	dateForms    = []string{"yyyy-MM-dd", "d.M.yyyy", "d/M/yyyy", "M/d/yyyy", "d-M-yyyy", "yyyyMMdd", "yyyy/M/d"}
	instantForms = []string{"rfc3339", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.S", "yyyy-MM-dd HH:mm", "d.M.yyyy H:mm", "d.M.yyyy HH:mm:ss", "d/M/yyyy H:mm"}
)

// fit gives the share of values that pass the column's rule, and settles the forms of its dates.
func (d *drafting) fit(i int, c *layout.Column) float64 {
	forms := [][]string{nil}
	switch c.As {
	case "date":
		forms = singles(dateForms)
	case "instant":
		forms = singles(instantForms)
	}
	best := 0.0
	for _, form := range forms {
		if share := d.passing(i, c, form); share > best {
			best, c.Formats = share, form
		}
	}
	return best
}

// worded tells of targets that hold words: a number alone is none.
func worded(target string) bool {
	return strings.HasSuffix(target, ".line1") || strings.HasSuffix(target, ".city") || strings.HasSuffix(target, ".region")
}

func singles(list []string) (out [][]string) {
	for _, x := range list {
		out = append(out, []string{x})
	}
	return out
}

func (d *drafting) passing(i int, c *layout.Column, forms []string) float64 {
	rule := d.rules[c.As]
	if c.As == "year" || rule == nil {
		rule = d.rules["integer"]
	}
	p := d.params
	p.Formats = forms
	codes := map[string]bool{}
	for code := range c.Codes {
		codes[letters(code)] = true
	}
	filled, good := 0, 0
	for _, row := range d.sample {
		if i >= len(row) || strings.TrimSpace(row[i]) == "" {
			continue
		}
		filled++
		checked := rule(row[i], &p)
		if c.As == "text" && slices.ContainsFunc(c.To, worded) && !strings.ContainsFunc(row[i], unicode.IsLetter) {
			continue
		}
		if codes[letters(row[i])] || len(codes) == 0 && checked.OK() && !checked.Null() {
			good++
		}
	}
	if filled == 0 {
		return 0
	}
	return float64(good) / float64(filled)
}

var (
	eightDigits = regexp.MustCompile(`\d{8}`)
	dayAndTime  = regexp.MustCompile(`\d{8}([_T-]?\d{4}(\d{2})?)?`)
	notSlug     = regexp.MustCompile(`[^a-z0-9]+`)
)

// slug gives names of the system and the feed that a file's name suggests: all before its date, in two parts.
func slug(system, file string) (string, string) {
	base, _, _ := strings.Cut(filepath.Base(file), ".")
	name := slugged(dayAndTime.ReplaceAllString(base, ""))
	first, rest, two := strings.Cut(name, "-")
	if first == "" {
		first = "system"
	}
	if !two {
		rest = "rows"
	}
	if system != "" {
		first = system
	}
	return cut(first), cut(rest)
}

// slugged writes a text with the signs that names have.
func slugged(s string) string {
	s = strings.NewReplacer("ä", "a", "ö", "o", "å", "a", "ø", "o", "æ", "ae").Replace(strings.ToLower(s))
	return strings.Trim(notSlug.ReplaceAllString(s, "-"), "-")
}

func cut(s string) string {
	const longest = 40 // of the schema
	return strings.Trim(s[:min(len(s), longest)], "-")
}
