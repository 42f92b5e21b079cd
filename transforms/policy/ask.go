package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
)

// Ask puts every example to the pack whose document src is; the error is a [fault.List] of the answers that differ. file
// and list are the examples' own, for the places.
func (x *Examples) Ask(src []byte, file string, list []byte) error {
	filled, err := amend(src, x.Given)
	if err != nil {
		return fault.List{errExample.At(document.Locate(file, list, "given")).Because(err)}
	}
	p, err := Parse("given", filled)
	if err != nil {
		return err
	}
	asked := x.asker(p, filled)
	var findings fault.List
	for i := range x.List {
		if why := asked.ask(&x.List[i]); why != nil {
			findings = append(findings, errAnswer.At(document.Locate(file, list, "examples", index(i))).Because(why))
		}
	}
	return findings.Err()
}

// asker puts the examples to one pack.
type asker struct {
	*Examples
	pack *Pack
	src  []byte // the pack's document
	// leads gives, for each rule, the leading clauses of the entries that cite it: those that an answer under it can name.
	leads map[string]map[string]bool
}

func (x *Examples) asker(p *Pack, src []byte) *asker {
	a := &asker{x, p, src, map[string]map[string]bool{}}
	p.walk(func(_, _, _ string, clause []string) {
		for _, rule := range clause {
			if a.leads[rule] == nil {
				a.leads[rule] = map[string]bool{}
			}
			a.leads[rule][clause[0]] = true
		}
	})
	return a
}

// ask puts one example; the error says how the answer differs.
func (a *asker) ask(e *Example) error {
	if !e.Asks() {
		return nil
	}
	if len(e.Given) > 0 {
		changed, err := amend(a.src, e.Given)
		if err != nil {
			return err
		}
		p, err := Parse("given", changed)
		if e.refusal() {
			return refusedWith(err, e.Answer)
		}
		if err != nil {
			return err
		}
		a = a.asker(p, changed)
	}
	switch {
	case len(e.Use) > 0:
		return a.askUse(e)
	case len(e.Load) > 0:
		return a.askLoad(e)
	case len(e.Column) > 0:
		return a.askColumn(e)
	case len(e.End) > 0:
		return a.askEnd(e)
	case e.Member:
		return a.askMember(e)
	case e.Mark != "":
		return a.askMark(e)
	case len(e.Request) > 0:
		return a.askRequest(e)
	case len(e.Order) > 0:
		return a.askOrder(e)
	case len(e.Told) > 0:
		return a.askTold(e)
	}
	got, ok := fieldOf(a.src, e.Field)
	if !ok || got != e.Answer {
		return fmt.Errorf("%s is %q, not %q", e.Field, got, e.Answer)
	}
	return nil
}

// askOrder asks whether the words of somebody stand in the order of a sequence.
func (a *asker) askOrder(e *Example) error {
	for _, id := range e.Order {
		i := slices.IndexFunc(a.pack.Sequences, func(s Sequence) bool { return s.ID == id })
		if i < 0 {
			return fmt.Errorf("there is no sequence %s", id)
		}
		s := &a.pack.Sequences[i]
		for _, who := range e.people() {
			if err := a.answered(e, who+", "+id, word(s.Broken(a.facts[who], e.on.End()), "broken", "kept"), s.lead()); err != nil {
				return err
			}
		}
	}
	return nil
}

// askTold asks by which channels people are told that the notice changed.
func (a *asker) askTold(e *Example) error {
	for _, audience := range e.Told {
		got, clause := "nobody is told", ""
		for _, c := range a.pack.Changes {
			if c.Audience == audience {
				got, clause = list(c.Channels), c.lead()
			}
		}
		if err := a.answered(e, audience, got, clause); err != nil {
			return err
		}
	}
	return nil
}

func refusedWith(err error, code string) error {
	var list fault.List
	if errors.As(err, &list) && slices.ContainsFunc(list, func(e *fault.Error) bool { return e.Code == code }) {
		return nil
	}
	return fmt.Errorf("the changed pack is not refused with %s: %w", code, err)
}

// answered compares an answer and its clause with what the example wants.
func (a *asker) answered(e *Example, about, got, clause string) error {
	if got != e.Answer {
		return fmt.Errorf("%s: %s (%s), not %s", about, got, clause, e.Answer)
	}
	if e.Clause != "" && clause != e.Clause {
		return fmt.Errorf("%s: by %s, not by %s", about, clause, e.Clause)
	}
	for _, rule := range e.Rules {
		if e.Clause == "" && !a.leads[rule][clause] {
			return fmt.Errorf("%s: by %s, which no entry of %s answers", about, clause, rule)
		}
	}
	return nil
}

func (e *Example) people() []string {
	if len(e.Who) == 0 {
		return []string{"nobody"}
	}
	return e.Who
}

func (a *asker) askUse(e *Example) error {
	channel, _ := ParseChannel(e.By)
	to := e.To
	if len(to) == 0 {
		to = []string{""}
	}
	for _, who := range e.people() {
		for _, purpose := range e.For {
			for _, category := range e.Use {
				for _, recipient := range to {
					d := a.pack.Decide(Query{Facts: a.facts[who], Category: category, Purpose: purpose, Recipient: recipient, Channel: channel, Topic: e.About, Event: e.Event, GivenFor: e.GivenFor, At: e.on})
					about := strings.TrimSpace(who + ", " + category + " for " + purpose + lead(" to ", recipient))
					if err := a.answered(e, about, word(d.Allow, "allow", "deny"), d.Clause); err != nil {
						return err
					}
					if e.Reason != "" && e.Reason != d.Reason {
						return fmt.Errorf("%s: because %s", about, d.Reason)
					}
				}
			}
		}
	}
	return nil
}

// askRequest asks by when a request is answered, or what it is refused for.
func (a *asker) askRequest(e *Example) error {
	for _, kind := range e.Request {
		r, ok := a.pack.Request(kind)
		if !ok {
			return fmt.Errorf("there is no request of the kind %s", kind)
		}
		got := r.DueOn(e.on).String()
		switch {
		case e.Extended:
			got = r.ExtendedTo(e.on).String()
		case e.Through != "" && !slices.Contains(r.Offices, e.Through):
			got = "another office"
		case e.Lacking != "" && slices.Contains(r.Needs, e.Lacking):
			got = "not without " + e.Lacking
		}
		if err := a.answered(e, kind, got, r.lead()); err != nil {
			return err
		}
	}
	return nil
}

// askLoad asks what may be stored of a table: of anybody, or of each of those who are named.
func (a *asker) askLoad(e *Example) error {
	who := e.Who
	if len(who) == 0 {
		who = []string{""}
	}
	for _, feed := range e.Load {
		for _, name := range e.Tables {
			for _, w := range who {
				if err := a.askLoadOf(e, feed, name, a.facts[w]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (a *asker) askLoadOf(e *Example, feed, name string, who *Facts) error {
	l := a.pack.Loader(e.on)
	d := l.Table(feed, name)
	allow, clause := d.Allow, d.Clause
	if d.Lacks(func(column string) bool { return slices.Contains(e.Attributed, column) }) != "" {
		allow = false
	}
	if d.Allow && e.Row != nil {
		b, err := rowOf(feed, name, e.Row)
		if err != nil {
			return err
		}
		if c, withheld := l.Row(b, 0); withheld {
			allow, clause = false, c
		}
	}
	if allow && who != nil {
		groups := uint32(0)
		for _, role := range who.Roles {
			groups |= a.pack.GroupsOf(role)
		}
		if d.Beyond(groups) {
			allow, clause = false, l.Unlisted(groups)
		}
	}
	got := word(allow, d.Category, "withhold")
	if allow && d.MembersOnly {
		got += " of members"
	}
	return a.answered(e, feed+" "+name, got, clause)
}

// rowOf makes a batch of one row whose named text columns are set.
func rowOf(feed, name string, row map[string]string) (*canon.Batch, error) {
	t := canon.Named(name)
	if t == nil {
		return nil, fmt.Errorf("there is no table %s", name)
	}
	b := canon.NewBuilder(t, feed)
	for i, c := range t.Columns {
		switch v, ok := row[c.Name]; {
		case !ok:
			b.Null(i)
		case c.Type != canon.Text:
			return nil, fmt.Errorf("column %s is no text", c.Name)
		default:
			b.TextOrNull(i, v)
		}
	}
	b.EndRow()
	return b.Flush(), nil
}

func (a *asker) askColumn(e *Example) error {
	l := a.pack.Loader(e.on)
	for _, name := range e.Column {
		table, column, _ := strings.Cut(name, ".")
		clause, store, matching := l.Column(table, column)
		got := word(matching, "match", "drop")
		if store {
			got = "store"
		}
		if err := a.answered(e, name, got, clause); err != nil {
			return err
		}
	}
	return nil
}

func (a *asker) askEnd(e *Example) error {
	from := e.From
	if len(from) == 0 {
		from = []string{""}
	}
	for _, category := range e.End {
		for _, feed := range from {
			if err := a.askOneEnd(e, Item{Category: category, Feed: feed, Holds: e.Holds, Consented: e.Consented}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *asker) askOneEnd(e *Example, item Item) error {
	for name, date := range e.Anchors {
		anchor, _ := ParseAnchor(name) // sound saw to both
		day, _ := canon.ParseDate(date)
		item.Anchors.Set(anchor, day)
	}
	d, due := a.pack.DueAt(&item, e.on)
	got := string(d.Action)
	switch {
	case !due && e.Answer == "later":
		return nil
	case !due:
		return fmt.Errorf("%s: nothing is due", item.Category)
	case d.Hold != "":
		got = "held"
	}
	if e.Due != "" && d.DueDate.String() != e.Due {
		return fmt.Errorf("%s: due on %s, not on %s", item.Category, d.DueDate, e.Due)
	}
	return a.answered(e, item.Category, got, d.Clause)
}

func (a *asker) askMember(e *Example) error {
	for _, who := range e.people() {
		s := a.pack.Member(a.facts[who], e.on)
		got := word(s.Member, "member", "stranger")
		if s.Ended {
			got = "left"
		}
		if err := a.answered(e, who, got, s.Clause); err != nil {
			return err
		}
	}
	return nil
}

// askMark asks whether an erased person is known again by a kind of mark.
func (a *asker) askMark(e *Example) error {
	marks := a.pack.Suppression.Kept(Identity{Hetu: "x", FNR: "x", Oppijanumero: "x", ORCID: "x", Institution: "x", StudentNumber: "x", EmployeeNumber: "x",
		EPPN: "x", System: "x", SourceKey: "x", FamilyName: "x", GivenNames: "x", HasBirthDate: true})
	known := slices.ContainsFunc(marks, func(m string) bool { return strings.HasPrefix(m, e.Mark+"|") })
	if got := word(known, "known", "unknown"); got != e.Answer {
		return fmt.Errorf("%s: %s, not %s", e.Mark, got, e.Answer)
	}
	return nil
}

func word(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// amend sets fields of a pack's document. A path leads through keys; a list's entry is named by its id, scope, purpose,
// category or position.
func amend(src []byte, fields map[string]string) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		var value yaml.Node
		if err := yaml.Unmarshal([]byte(fields[path]), &value); err != nil {
			return nil, err
		}
		steps := strings.Split(path, ".")
		at := root.Content[0]
		for _, s := range steps[:len(steps)-1] {
			if at = child(at, s); at == nil {
				return nil, fmt.Errorf("there is no %s in %s", s, path)
			}
		}
		last := steps[len(steps)-1]
		if fields[path] == "" {
			remove(at, last)
			continue
		}
		if len(value.Content) == 0 {
			return nil, fmt.Errorf("there is no value for %s", path)
		}
		to := value.Content[0]
		switch old := child(at, last); {
		case old != nil:
			*old = *to
		case at.Kind == yaml.MappingNode:
			at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: last}, to)
		case at.Kind == yaml.SequenceNode:
			at.Content = append(at.Content, to)
		}
	}
	return yaml.Marshal(&root)
}

// remove takes a key, or an entry by its name, out.
func remove(at *yaml.Node, name string) {
	found := child(at, name)
	for i, c := range at.Content {
		if c != found {
			continue
		}
		if at.Kind == yaml.MappingNode {
			at.Content = slices.Delete(at.Content, i-1, i+1)
		} else {
			at.Content = slices.Delete(at.Content, i, i+1)
		}
		return
	}
}

// child gives what a key or an entry's name leads to.
func child(at *yaml.Node, name string) *yaml.Node {
	if at.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(at.Content); i += 2 {
			if at.Content[i].Value == name {
				return at.Content[i+1]
			}
		}
		return nil
	}
	for _, entry := range at.Content {
		if entryName(entry) == name {
			return entry
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(at.Content) {
		return at.Content[n]
	}
	return nil
}

// entryName gives the name of a list's entry: its id, or what it is about.
func entryName(entry *yaml.Node) string {
	if entry.Kind != yaml.MappingNode {
		return entry.Value
	}
	for _, key := range []string{"id", "scope", "purpose", "category"} {
		if v := child(entry, key); v != nil {
			return v.Value
		}
	}
	return ""
}

func fieldOf(src []byte, path string) (string, bool) {
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil || len(root.Content) == 0 {
		return "", false
	}
	at := root.Content[0]
	for _, s := range strings.Split(path, ".") {
		if at = child(at, s); at == nil {
			return "", false
		}
	}
	return at.Value, at.Kind == yaml.ScalarNode
}
