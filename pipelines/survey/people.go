package survey

import (
	"context"
	"maps"
	"slices"
	"strings"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/transforms/extract"
	"uoma/transforms/policy"
)

// graduate is a person of the frame as the register knows one.
type graduate struct {
	person  string // the register's pseudonym
	facts   policy.Facts
	degrees []extract.Degree
}

// frame is everything that the register says of the graduates of a year.
type frame struct {
	year      int
	date      canon.Date // words said later are not heard
	instant   int64      // its end, in microseconds since 1970 UTC
	pack      *policy.Pack
	graduates map[string]*graduate   // by person
	records   map[string][]*graduate // by record; a contact point may be of several
	rows      map[string]*rowFacts   // person rows that are still exported, by source key
	rights    map[string]*right      // study rights, by record and right, and by record and degree code
	recordOf  map[string]string      // by source key of a row that an extract is made of
}

// rowFacts is what the register keeps of a person row; the rest is in the vault.
type rowFacts struct {
	institution, language string
	modified              int64
}

// right is what a degree's study right adds to it.
type right struct{ key, kind, field, version, municipality, institution string }

func (r *right) said() []string {
	return []string{r.kind, r.field, r.version, r.municipality, r.institution}
}

// see reads the frame in one state of the register, with the words said up to the end of a day. Its streams follow each other, as
// one transaction reads them all.
func (s *Survey) see(ctx context.Context, v *register.View, year int, at canon.Date) (*frame, error) {
	f := newFrame(s.pack, year, at)
	graduated, err := f.graduated(ctx, v)
	if err != nil {
		return nil, err
	}
	if err := f.link(ctx, v, graduated); err != nil {
		return nil, err
	}
	return f, f.fill(ctx, v)
}

func newFrame(pack *policy.Pack, year int, at canon.Date) *frame {
	return &frame{pack: pack, year: year, date: at, instant: at.End(), graduates: map[string]*graduate{}, records: map[string][]*graduate{}, rows: map[string]*rowFacts{}, rights: map[string]*right{}, recordOf: map[string]string{}}
}

// fill reads what rows and words say of everybody in the frame.
func (f *frame) fill(ctx context.Context, v *register.View) error {
	for _, t := range []struct {
		table   string
		columns []string
		take    func(c columns, i int, of []*graduate)
	}{
		{"study", []string{"source_key", "right_key", "degree_code", "type", "field", "field_version", "municipality", "institution_code"}, f.study},
		{"degree", []string{"source_key", "right_key", "date", "code", "title", "ects", "grade", "scale", "institution_code"}, f.degree},
		{"person", []string{"source_key", "institution_code", "contact_language", "modified_at", "deceased", "deceased_date", "protected", "category", "first_seen_run"}, f.person},
		{"role", []string{"kind", "from", "to"}, f.role},
		{"consent", []string{"purpose", "topic", "channel", "state", "time"}, f.consent},
		{"objection", []string{"scope", "channel", "time"}, f.objection},
	} {
		if err := f.read(ctx, v, t.table, t.columns, t.take); err != nil {
			return err
		}
	}
	if err := f.keptWords(ctx, v); err != nil {
		return err
	}
	words, err := rights.ReadWords(ctx, v)
	if err != nil {
		return err
	}
	f.hear(words)
	return nil
}

// hear adds what was said by hand.
func (f *frame) hear(words *rights.Words) {
	spoken := map[*graduate][]string{}
	for _, record := range words.Records() {
		for _, g := range f.records[record] {
			spoken[g] = append(spoken[g], record)
		}
	}
	for g, records := range spoken {
		words.Tell(&g.facts, records, f.date, f.instant)
	}
}

// keptWords adds what people said before their data was removed for a while.
func (f *frame) keptWords(ctx context.Context, v *register.View) error {
	for w, err := range v.KeptWords(ctx) {
		if err != nil {
			return err
		}
		if g := f.graduates[w.Person]; g != nil {
			g.facts.AddKept(w.Kind, w.About, w.Topic, w.Channel, w.State, w.Time)
		}
	}
	return nil
}

// graduated gives the records that have a degree of the year in a register of degrees.
func (f *frame) graduated(ctx context.Context, v *register.View) (map[string]bool, error) {
	out := map[string]bool{}
	for b, err := range v.Read(ctx, "degree", []string{"source", "record", "date"}, register.Current) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			if d, ok := b.Col(2).Day(i); ok && d.Year() == f.year && slices.Contains(registers, canon.SystemOf(b.Col(0).Text(i))) {
				out[strings.Clone(b.Col(1).Text(i))] = true
			}
		}
	}
	return out, nil
}

// link finds the persons of the graduated records, and then every record of these persons: what they said in any system
// counts.
func (f *frame) link(ctx context.Context, v *register.View, graduated map[string]bool) error {
	for l, err := range v.Links(ctx) {
		if err != nil {
			return err
		}
		if graduated[l.Record] && f.graduates[l.Person] == nil {
			f.graduates[l.Person] = &graduate{person: l.Person}
		}
	}
	return f.recordsOf(ctx, v)
}

// recordsOf finds the records of everybody in the frame.
func (f *frame) recordsOf(ctx context.Context, v *register.View) error {
	for l, err := range v.Links(ctx) {
		if err != nil {
			return err
		}
		if g := f.graduates[l.Person]; g != nil {
			f.records[l.Record] = append(f.records[l.Record], g)
		}
	}
	return nil
}

// columns are a batch's columns by name, and the row's own.
type columns struct {
	*canon.Batch
	system, record string
	current        bool // the row is still exported
}

func (c columns) text(name string, i int) string { return strings.Clone(c.Named(name).Text(i)) }

// read gives every row of a table that is about somebody in the frame to take: also rows that are exported no more, as
// a word against a use, a death or a protection order outlives them.
func (f *frame) read(ctx context.Context, v *register.View, table string, names []string, take func(c columns, i int, of []*graduate)) error {
	for b, err := range v.Read(ctx, table, append([]string{"source", "record", "last_seen_run"}, names...), register.All) {
		if err != nil {
			return err
		}
		for i := range b.Len() {
			if of := f.records[b.Col(1).Text(i)]; of != nil {
				take(columns{b, canon.SystemOf(strings.Clone(b.Col(0).Text(i))), strings.Clone(b.Col(1).Text(i)), b.Col(2).Null(i)}, i, of)
			}
		}
	}
	return nil
}

func (f *frame) study(c columns, i int, _ []*graduate) {
	if !c.current {
		return
	}
	f.recordOf[c.text("source_key", i)] = c.record
	r := &right{key: c.text("source_key", i), kind: c.text("type", i), field: c.text("field", i), version: c.text("field_version", i),
		municipality: c.text("municipality", i), institution: c.text("institution_code", i)}
	for _, key := range []string{"right\x00" + c.text("right_key", i), "code\x00" + c.text("degree_code", i)} {
		at := c.record + "\x00" + key
		if was := f.rights[at]; was == nil || slices.Compare(r.said(), was.said()) < 0 { // and not that whose token comes first
			f.rights[at] = r
		}
	}
}

// degree joins a degree with its study right: by the right's key, or, when the degree names none, by its code.
func (f *frame) degree(c columns, i int, of []*graduate) {
	date, ok := c.Named("date").Day(i)
	if !c.current || !ok {
		return
	}
	d := extract.Degree{
		System: c.system, Record: c.record, Key: c.text("source_key", i), Date: date, Institution: c.text("institution_code", i),
		Code: c.text("code", i), Title: c.text("title", i), Credits: c.text("ects", i), Grade: c.text("grade", i), Scale: c.text("scale", i),
	}
	f.recordOf[d.Key] = c.record
	at := "right\x00" + c.text("right_key", i)
	if c.Named("right_key").Null(i) {
		at = "code\x00" + d.Code
	}
	if r := f.rights[c.record+"\x00"+at]; r != nil {
		d.RightType, d.Field, d.FieldVersion, d.Municipality, d.RightKey = r.kind, r.field, r.version, r.municipality, r.key
		if d.Institution == "" {
			d.Institution = r.institution
		}
	}
	for _, g := range of {
		g.degrees = append(g.degrees, d)
		if d.Institution != "" {
			g.facts.Degrees = append(g.facts.Degrees, policy.Degree{Institution: d.Institution, Date: d.Date})
		}
	}
}

func (f *frame) person(c columns, i int, of []*graduate) {
	if c.current {
		modified, _ := c.Named("modified_at").Instant(i)
		f.recordOf[c.text("source_key", i)] = c.record
		f.rows[c.text("source_key", i)] = &rowFacts{c.text("institution_code", i), c.text("contact_language", i), modified}
	}
	on, dated := c.Named("deceased_date").Day(i)
	dead, protected := dated || c.Named("deceased").Bool(i), c.Named("protected").Bool(i)
	var silence []policy.Consent
	if since, known := pipelines.DateIn(c.text("first_seen_run", i)); known {
		silence = f.pack.Silence(c.text("category", i), since)
	}
	for _, g := range of {
		g.facts.Consents = append(g.facts.Consents, silence...)
		g.facts.Protected = g.facts.Protected || protected
		if !dead {
			continue
		}
		g.facts.Deceased = true
		if dated {
			g.facts.DeceasedOn = max(g.facts.DeceasedOn, on)
		}
	}
}

// member is the role that says that a person joined the register, or left it.
const member = "alumnus"

// role takes the roles that somebody has; joining from rows that are still exported alone; leaving outlives its row.
func (f *frame) role(c columns, i int, of []*graduate) {
	kind := c.text("kind", i)
	from, joined := c.Named("from").Day(i)
	to, left := c.Named("to").Day(i)
	for _, g := range of {
		if c.current && !left {
			g.facts.Roles = append(g.facts.Roles, kind)
		}
		if kind != member {
			continue
		}
		if joined && c.current {
			g.facts.Joined = append(g.facts.Joined, from)
		}
		if left {
			g.facts.Left = append(g.facts.Left, to)
		}
	}
}

// consent takes every word of rows that are still exported, and of others what outlives them.
func (f *frame) consent(c columns, i int, of []*graduate) {
	at, _ := c.Named("time").Instant(i)
	missed, _ := pipelines.DateIn(c.text("last_seen_run", i))
	row := policy.ConsentRow{Purpose: c.text("purpose", i), Topic: c.text("topic", i), Channel: c.text("channel", i), State: c.text("state", i),
		Source: c.text("source", i), Time: at, Missed: missed}
	for _, g := range of {
		g.facts.Hear(row, f.instant)
	}
}

// objection takes a channel that it does not know for all of them, and a word without a time as said from the beginning.
func (f *frame) objection(c columns, i int, of []*graduate) {
	channel, _ := policy.ParseChannel(c.Named("channel").Text(i))
	at, _ := c.Named("time").Instant(i)
	word := policy.Objection{Scope: c.text("scope", i), Channel: channel, Time: at}
	for _, g := range of {
		g.facts.Objections = append(g.facts.Objections, word)
	}
}

// persons gives the frame in a fixed order.
func (f *frame) persons() []*graduate {
	out := make([]*graduate, 0, len(f.graduates))
	for _, p := range slices.Sorted(maps.Keys(f.graduates)) {
		out = append(out, f.graduates[p])
	}
	return out
}
