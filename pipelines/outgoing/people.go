package outgoing

import (
	"context"
	"maps"
	"slices"
	"strings"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
	"uoma/transforms/pseudonym"
	"uoma/transforms/target"
)

// who is somebody whom the file is about.
type who struct {
	person string // the register's pseudonym
	number int    // in the crowd
	facts  *policy.Facts
	rows   map[string][]*row // of the tables that the file has rows of, but person
}

// row is what the register keeps of one row.
type row struct {
	feed, key string
	modified  int64
	cells     map[string]string // by column
}

// compare orders rows of a table by what they say; tokens, which are others in another workspace, come last.
func (x *row) compare(y *row) int {
	if c := strings.Compare(x.feed, y.feed); c != 0 {
		return c
	}
	columns := slices.AppendSeq(slices.Collect(maps.Keys(x.cells)), maps.Keys(y.cells)) // an empty cell has no key
	slices.Sort(columns)
	for _, column := range columns {
		if c := strings.Compare(x.cells[column], y.cells[column]); c != 0 {
			return c
		}
	}
	return strings.Compare(x.key, y.key)
}

// frame is what the register says of the people whom the file is about, in one state.
type frame struct {
	people map[string]*who
	of     map[string][]*who // by record
	person map[string]*row   // person rows that are still exported, by source key
	given  map[string]string // of source rows that were given for the target's event, that event
	record map[string]string // by source key
}

// see reads the frame: the people with a row that the file starts from, what decides about them, and the rows of theirs that
// the file is made of.
func (f *File) see(ctx context.Context, v *register.View, at canon.Date) (*frame, error) {
	persons, err := f.having(ctx, v)
	if err != nil {
		return nil, err
	}
	facts, records, err := survey.Facts(ctx, v, f.pack, maps.Keys(persons), at)
	if err != nil {
		return nil, err
	}
	out := &frame{people: map[string]*who{}, of: map[string][]*who{}, person: map[string]*row{}, record: map[string]string{}}
	for person := range persons {
		out.people[person] = &who{person: person, facts: facts[person], rows: map[string][]*row{}}
	}
	for record, of := range records {
		for _, person := range of {
			out.of[record] = append(out.of[record], out.people[person])
		}
	}
	if f.t.Event != nil {
		if out.given, err = f.given(ctx, v); err != nil {
			return nil, err
		}
	}
	return out, f.rows(ctx, v, out)
}

// given names the target's event for the source rows that were given for it.
func (f *File) given(ctx context.Context, v *register.View) (map[string]string, error) {
	key := f.ws.SourceTokens().Token("key", f.t.Event.System, "event", f.t.Event.Key)
	out := map[string]string{}
	for b, err := range v.Read(ctx, "event", []string{"source", "source_key", "key"}, register.Current) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			if canon.SystemOf(b.Col(0).Text(i)) == f.t.Event.System && b.Col(2).Text(i) == key {
				out[strings.Clone(b.Col(1).Text(i))] = f.event()
			}
		}
	}
	return out, nil
}

// having gives the persons of whom some system that may be used has a row of the table that the file starts from.
func (f *File) having(ctx context.Context, v *register.View) (map[string]bool, error) {
	table, uses := f.t.Each, f.uses
	if x := f.t.Having; x != nil {
		table = x.Table
		if len(x.Of) > 0 {
			uses = func(feed string) bool { return slices.Contains(x.Of, canon.SystemOf(feed)) }
		}
	}
	with := map[string]bool{} // by record
	for b, err := range v.Read(ctx, table, []string{"source", "record"}, register.Current) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			if record := b.Col(1).Text(i); uses(b.Col(0).Text(i)) && !with[record] {
				with[strings.Clone(record)] = true
			}
		}
	}
	persons := map[string]bool{}
	for l, err := range v.Links(ctx) {
		if err != nil {
			return nil, err
		}
		if with[l.Record] {
			persons[l.Person] = true
		}
	}
	return persons, nil
}

// uses tells whether rows of a feed may be used.
func (f *File) uses(feed string) bool {
	return len(f.t.From) == 0 || slices.Contains(f.t.From, canon.SystemOf(feed))
}

// rows reads the rows of the frame's people.
func (f *File) rows(ctx context.Context, v *register.View, into *frame) error {
	tables := map[string][]string{target.Person: {"modified_at", "institution_code"}}
	for _, b := range f.t.Blocks() {
		tables[b.Each] = append(tables[b.Each], b.ColumnsOf(b.Each)...)
		tables[target.Person] = append(tables[target.Person], b.ColumnsOf(target.Person)...)
		for table, by := range f.t.Latest {
			tables[table] = append(append(append(tables[table], by...), ending), b.ColumnsOf(table)...)
		}
	}
	keys, err := f.ws.Domain(f.domain(), f.ws.Keys.DomainEpoch(f.domain()))
	if err != nil {
		return err
	}
	for _, t := range register.Tables() {
		columns, wanted := tables[t.Name]
		if !wanted {
			continue
		}
		if err := f.read(ctx, v, into, t.Name, kept(&t, columns), keys); err != nil {
			return err
		}
	}
	return nil
}

// kept gives those of some columns that the register has; the others are in the vault.
func kept(t *canon.Table, columns []string) []canon.Column {
	var out []canon.Column
	for i := register.First; i < len(t.Columns); i++ {
		if c := t.Columns[i]; slices.Contains(columns, c.Name) {
			out = append(out, c)
		}
	}
	return out
}

// read reads one table. Keys of rows leave as tokens of the recipient's own domain, so that no two recipients can join their
// files by them, nor anybody a file with the register; they stay what they are when the register's own are replaced.
func (f *File) read(ctx context.Context, v *register.View, into *frame, table string, columns []canon.Column, keys *pseudonym.Domain) error {
	names := []string{"source", "source_key", "record"}
	for _, c := range columns {
		names = append(names, c.Name)
	}
	for b, err := range v.Read(ctx, table, names, register.Current) {
		if err != nil {
			return err
		}
		for i := range b.Len() {
			of := into.of[b.Col(2).Text(i)]
			if len(of) == 0 || !f.uses(b.Col(0).Text(i)) {
				continue
			}
			into.record[strings.Clone(b.Col(1).Text(i))] = strings.Clone(b.Col(2).Text(i))
			x := &row{feed: strings.Clone(b.Col(0).Text(i)), key: strings.Clone(b.Col(1).Text(i)), cells: map[string]string{}}
			for n, c := range columns {
				text := string(b.Col(n+3).AppendTo(nil, i))
				if text == "" {
					continue
				}
				if c.Class == canon.Key {
					text = keys.Token("key", f.ws.Inner(workspace.IndexTokens, text))
				}
				x.cells[c.Name] = text
			}
			if table == target.Person {
				x.modified, _ = b.Named("modified_at").Instant(i)
				into.person[x.key] = x
				continue
			}
			for _, w := range of {
				w.rows[table] = append(w.rows[table], x)
			}
		}
	}
	return nil
}
