package authoring

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"uoma/connectors/rowfile"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
	"uoma/transforms/meaning"
)

var errDraft = fault.New("UOMA-AUT-DRAFT", "the export's columns make no layout", "give each column of the export a name of its own, and export at least one that is known")

// sampleRows is how many rows a suggestion looks at.
const sampleRows = 4000

// Suggestion is a first layout of an export: each column with what it seems to be, and the file's text.
type Suggestion struct {
	System  string   `json:"system"`
	Feed    string   `json:"feed"`
	Columns []Guess  `json:"columns"`
	Layout  string   `json:"layout"` // YAML
	key     []string // columns
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
	RunDate    canon.Date
}

// Suggest looks at an export and drafts its layout. Known are the columns of the layouts given, by their names; of the
// others the header and the values tell what they are.
func Suggest(file string, known []*layout.Layout, o SuggestOptions) (*Suggestion, error) {
	in, err := rowfile.Open(file)
	if err != nil {
		return nil, err
	}
	d := &drafting{in: in, sample: in.Sample(sampleRows), synonyms: synonyms(known), rules: identifier.Rules(), taken: map[string]bool{},
		params: identifier.Params{RunDate: o.RunDate, AllowTemporary: true, AllowSynthetic: true, EmptyMarkers: identifier.DefaultEmptyMarkers()}}
	s := &Suggestion{}
	guesses := meaning.Guess(in.Columns, d.sample)
	for _, sure := range []bool{true, false} { // a column that other layouts know has its target before one that is guessed
		for i := range guesses {
			d.guess(i, &guesses[i], sure)
		}
	}
	s.Columns = d.out(guesses)
	s.System, s.Feed = slug(o.System, file)
	s.key = d.key(s.Columns)
	if s.Layout, err = d.write(s, file, o.Controller); err != nil {
		return nil, err
	}
	return s, nil
}

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
	in       *rowfile.File
	sample   [][]string
	synonyms map[string]*layout.Column
	rules    map[string]identifier.Rule
	params   identifier.Params
	taken    map[string]bool // targets
	found    map[int]Guess
}

func (d *drafting) out(guesses []meaning.Column) []Guess {
	out := make([]Guess, len(guesses))
	for i := range guesses {
		g, ok := d.found[i]
		if !ok {
			g = Guess{Confidence: guesses[i].Confidence, Why: "not claimed: " + guesses[i].Why}
		}
		g.Name = d.in.Columns[i]
		g.column.Name = g.Name
		if d.in.Headless {
			g.column.Position = i + 1
		}
		g.Rule, g.To = g.column.As, g.column.To
		out[i] = g
	}
	return out
}

// enoughFit is the share of values that must pass a rule before the column may be suggested to be of it.
const enoughFit = 0.6

// guess settles a column by its synonyms, or by what its name and values mean.
func (d *drafting) guess(i int, m *meaning.Column, sure bool) {
	if _, done := d.found[i]; done || d.in.Columns[i] == "" {
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
	if d.found == nil {
		d.found = map[int]Guess{}
	}
	for _, to := range g.column.To {
		d.taken[to] = true
	}
	d.found[i] = g
}

// bySynonym takes what the known layouts say of a column of this name, as far as the values bear it out.
func (d *drafting) bySynonym(i int) (Guess, bool) {
	c := d.synonyms[letters(d.in.Columns[i])]
	if c == nil || slices.ContainsFunc(c.To, func(to string) bool { return d.taken[to] }) {
		return Guess{}, false
	}
	col := layout.Column{As: c.As, To: c.To, Codes: c.Codes, Open: c.Open, Negate: c.Negate, List: c.List, Split: c.Split, Append: c.Append, Required: c.Required}
	share := d.fit(i, &col)
	if share < enoughFit {
		return Guess{}, false
	}
	return Guess{Confidence: 0.95 * share, Why: "another layout has a column of this name, and " + percent(share) + " of values are as there", column: col}, true
}

// byMeaning takes what the column says of a person.
func (d *drafting) byMeaning(i int, m *meaning.Column) (Guess, bool) {
	best, share := layout.Column{}, 0.0
	for _, c := range d.candidates(m.Field.Kind, d.in.Columns[i]) {
		if slices.ContainsFunc(c.To, func(to string) bool { return d.taken[to] }) {
			continue
		}
		if fit := d.fit(i, &c); fit > share {
			best, share = c, fit
		}
	}
	if share < enoughFit {
		return Guess{}, false
	}
	return Guess{Confidence: m.Confidence * share, Why: m.Why, column: best}, true
}

// candidates gives what a column of a kind may be in a layout, the likeliest first.
func (d *drafting) candidates(k linkage.Kind, name string) []layout.Column {
	as := func(rule string, targets ...string) (out []layout.Column) {
		for _, to := range targets {
			out = append(out, layout.Column{As: rule, To: []string{to}})
		}
		return out
	}
	switch k {
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
		if codes[letters(row[i])] || len(codes) == 0 && checked.OK() && !checked.Null() {
			good++
		}
	}
	if filled == 0 {
		return 0
	}
	return float64(good) / float64(filled)
}

// key gives the column that names the row: the record's own key, or the first identifier whose values differ.
func (d *drafting) key(columns []Guess) []string {
	for _, c := range columns {
		if slices.Contains(c.To, "person.source_key") {
			return []string{c.Name}
		}
	}
	for i, c := range columns {
		if len(c.To) > 0 && d.distinct(i) {
			return []string{c.Name}
		}
	}
	for _, c := range columns {
		if len(c.To) > 0 {
			return []string{c.Name}
		}
	}
	return nil
}

func (d *drafting) distinct(i int) bool {
	seen := map[string]bool{}
	for _, row := range d.sample {
		if i >= len(row) || row[i] == "" || seen[row[i]] {
			return false
		}
		seen[row[i]] = true
	}
	return len(seen) > 0
}

var (
	eightDigits = regexp.MustCompile(`\d{8}`)
	notSlug     = regexp.MustCompile(`[^a-z0-9]+`)
)

// slug gives names of the system and the feed that a file's name suggests: all before its date, in two parts.
func slug(system, file string) (string, string) {
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	name := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(eightDigits.ReplaceAllString(base, "")), "-"), "-")
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

func cut(s string) string {
	const longest = 40 // of the schema
	return strings.Trim(s[:min(len(s), longest)], "-")
}
