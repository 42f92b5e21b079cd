package subject

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/likeness"
)

var errWords = fault.New("UOMA-SUB-WORDS", "what the requester says cannot be used to find a person",
	"give lines of the form identifier: …, email: …, or name: … together with born: 1990-01-31, on standard input")

// Words is what a requester says of themselves. All that is given has to be true of a person.
type Words struct {
	Identifier string // any: identity code, learner number, student or staff number, user name, key of a system
	Email      string
	Name       string // as spoken; every part of it has to be among the person's names
	Born       canon.Date
	HasBorn    bool
}

// maxWords bounds what is read: four short lines.
const maxWords = 4096

// ParseWords reads lines of the form "word: value". An error names the line and no value.
func ParseWords(in io.Reader) (w Words, err error) {
	lines := bufio.NewScanner(io.LimitReader(in, maxWords))
	for n := 1; lines.Scan(); n++ {
		name, value, _ := strings.Cut(lines.Text(), ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if value == "" {
			if name == "" {
				continue
			}
			return w, errWords.At(fault.Place{Line: n}).Because(errors.New("a line has no value"))
		}
		switch name {
		case "identifier":
			w.Identifier = plain(value)
		case "email":
			w.Email = strings.ToLower(value)
		case "name":
			w.Name = value
		case "born":
			if w.Born, err = canon.ParseDate(value); err != nil {
				return w, errWords.At(fault.Place{Line: n}).Because(errors.New("the day is not written as 1990-01-31"))
			}
			w.HasBorn = true
		default:
			return w, errWords.At(fault.Place{Line: n}).Because(errors.New("the line does not begin with identifier, email, name or born"))
		}
	}
	if err := lines.Err(); err != nil {
		return w, errWords.Because(errors.New("a line is too long"))
	}
	return w, w.sound()
}

// sound refuses words that would lead to many people: a name alone, a birth date alone.
func (w *Words) sound() error {
	switch {
	case (w.Name != "") != w.HasBorn:
		return errWords.Because(errors.New("a name needs a birth date beside it, and a birth date a name"))
	case w.Identifier == "" && w.Email == "" && w.Name == "":
		return errWords.Because(errors.New("nothing was said"))
	}
	return nil
}

// plain is an identifier without what people put between its characters.
func plain(s string) string {
	return strings.ToUpper(strings.Join(strings.Fields(s), ""))
}

// Found is a person of whom everything is true that was said. Values is empty unless it was asked for.
type Found struct {
	Ref     string   `json:"ref"` // the register's token
	Records int      `json:"records"`
	Systems []string `json:"systems"`
	By      []string `json:"found_by"`         // columns that said so
	Values  []Value  `json:"values,omitempty"` // who the person is
}

// Value is one thing that a record says of who somebody is.
type Value struct {
	System string `json:"system"`
	Column string `json:"column"` // "person.family_name"
	Value  string `json:"value"`
}

// String hides the value from every print verb.
func (Value) String() string { return "[value]" }

// GoString hides the value from %#v.
func (Value) GoString() string { return "[value]" }

// String hides what was said.
func (Words) String() string { return "[words]" }

// GoString hides what was said from %#v.
func (Words) GoString() string { return "[words]" }

// Find looks through the vault for people of whom all words are true, in the order of their references. It decrypts only
// what it has to compare, and, of those that it found, what is to be shown.
func Find(ctx context.Context, ws *workspace.Workspace, w Words, showValues bool) ([]Found, error) {
	if err := w.sound(); err != nil {
		return nil, err
	}
	s := search{words: w, name: nameParts(w.Name), seen: map[string]*candidate{}}
	for e, err := range ws.Vault.Open(ctx, nil, s.groups()) {
		if err != nil {
			return nil, err
		}
		s.look(&e)
	}
	persons := ws.Persons()
	out := []Found{}
	var subjects []string
	for _, subject := range s.found() {
		subjects = append(subjects, subject)
		slices.Sort(s.seen[subject].by)
		out = append(out, Found{Ref: workspace.PersonOf(persons, subject), By: s.seen[subject].by})
	}
	if len(subjects) == 0 {
		return out, nil
	}
	if err := describe(ctx, ws, subjects, out, showValues); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b Found) int { return cmp.Compare(a.Ref, b.Ref) })
	return out, nil
}

// describe fills in what else is said of the people that were found.
func describe(ctx context.Context, ws *workspace.Workspace, subjects []string, out []Found, showValues bool) error {
	var which vault.Groups
	if showValues {
		which = vault.Everything
	}
	records := map[string]bool{}
	for e, err := range ws.Vault.Open(ctx, subjects, which) {
		if err != nil {
			return err
		}
		f := &out[slices.Index(subjects, e.Subject)]
		system := canon.SystemOf(e.Source)
		if !slices.Contains(f.Systems, system) {
			f.Systems = append(f.Systems, system)
			slices.Sort(f.Systems)
		}
		if !records[e.Record] {
			records[e.Record] = true
			f.Records++
		}
		for _, facts := range [][]vault.Fact{e.Names, e.Identifiers, e.Contacts} {
			for _, x := range facts {
				if v := (Value{system, column(x), x.Value}); x.Table != "" && !slices.Contains(f.Values, v) {
					f.Values = append(f.Values, v)
				}
			}
		}
	}
	return nil
}

func column(x vault.Fact) string { return x.Table + "." + x.Column }

// candidate is a subject of whom something is true.
type candidate struct {
	identifier, email, name, born bool
	by                            []string
}

// search goes over the vault once.
type search struct {
	words Words
	name  []string
	seen  map[string]*candidate
}

// groups says what has to be decrypted.
func (s *search) groups() (g vault.Groups) {
	if s.words.Identifier != "" {
		g |= vault.Identifiers
	}
	if s.words.Email != "" {
		g |= vault.Contacts
	}
	if s.words.Name != "" {
		g |= vault.Names | vault.Identifiers // a birth date is an identifier
	}
	return g
}

func (s *search) look(e *vault.Entry) {
	var c candidate
	for _, x := range e.Identifiers {
		switch {
		case x.Column == "birth_date":
			d, err := canon.ParseDate(x.Value)
			c.note(&c.born, x, s.words.HasBorn && err == nil && d == s.words.Born)
		case s.words.Identifier != "":
			c.note(&c.identifier, x, plain(x.Value) == s.words.Identifier)
		}
	}
	for _, x := range e.Contacts {
		c.note(&c.email, x, s.words.Email != "" && x.Table == "email" && x.Column == "address" && strings.ToLower(x.Value) == s.words.Email)
	}
	if s.named(e.Names) {
		c.name, c.by = true, append(c.by, "person.name")
	}
	if len(c.by) == 0 {
		return
	}
	have := s.seen[e.Subject]
	if have == nil {
		have = &candidate{}
		s.seen[e.Subject] = have
	}
	have.identifier, have.email = have.identifier || c.identifier, have.email || c.email
	if c.name && c.born { // of one record: the name of one and the birth date of another prove little
		have.name, have.born = true, true
	}
	for _, by := range c.by {
		if !slices.Contains(have.by, by) {
			have.by = append(have.by, by)
		}
	}
}

func (c *candidate) note(what *bool, x vault.Fact, is bool) {
	if is {
		*what, c.by = true, append(c.by, strings.TrimPrefix(column(x), "."))
	}
}

// named tells whether every part of the name that was said is among a record's names, however they are written.
func (s *search) named(names []vault.Fact) bool {
	if len(s.name) == 0 || len(names) == 0 {
		return false
	}
	var have []string
	for _, x := range names {
		if x.Table == "person" {
			have = append(have, nameParts(x.Value)...)
		}
	}
	return !slices.ContainsFunc(s.name, func(part string) bool { return !slices.Contains(have, part) })
}

// found gives the subjects of whom all that was said is true.
func (s *search) found() []string {
	var out []string
	for subject, c := range s.seen {
		if (s.words.Identifier == "" || c.identifier) && (s.words.Email == "" || c.email) && (s.words.Name == "" || c.name && c.born) {
			out = append(out, subject)
		}
	}
	slices.Sort(out)
	return out
}

// nameParts gives a name's parts in the spelling in which names are compared. A family name may stand first, behind it a
// comma.
func nameParts(name string) []string {
	return strings.Fields(likeness.Fold(strings.ReplaceAll(name, ",", " ")))
}
