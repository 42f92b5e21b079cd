package protect_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
	"uoma/transforms/pseudonym"
)

var update = flag.Bool("update", false, "write the golden file anew")

// rules is a policy by table: what is refused, what is for members only, which rows and columns are kept out.
type rules struct {
	refused, membersOnly map[string]bool
	clauses              map[string]string // "table|kind" of rows that are kept out, to clause
	unstored             map[string]bool   // "table.column"
	listing              map[string]uint32 // groups that list a table's category; nil without lists
	needs                []string          // of the attribution of every row
}

func (r rules) Table(_, table string) policy.LoadDecision {
	if r.refused[table] {
		return policy.LoadDecision{Clause: "C-table"}
	}
	return policy.LoadDecision{Allow: true, Category: "cat-" + table, LegalBasis: "6(1)(e)", MembersOnly: r.membersOnly[table],
		Closed: r.listing != nil, Listing: r.listing[table], Needs: r.needs}
}

func (r rules) Row(b *canon.Batch, i int) (string, bool) {
	at := b.Table.Index("kind")
	if at < 0 {
		return "", false
	}
	clause, held := r.clauses[b.Table.Name+"|"+b.Col(at).Text(i)]
	return clause, held
}

func (r rules) Column(table, column string) (string, bool, bool) {
	return "C-column", !r.unstored[table+"."+column], true
}

func (r rules) Unlisted(uint32) string { return "C-group" }

// member is the standing of an ordinary person.
var member = protect.Standing{Subject: "s1", Known: true, Member: true, Ended: "C-ended"}

func newProtector(r rules, standing func(system, key string) protect.Standing) *protect.Protector {
	return protect.New(protect.Settings{Run: "nightly-2026-11-22", Policy: r, Target: shape,
		Standing: func(system, key string, _ int64) protect.Standing { return standing(system, key) },
		Tokens:   pseudonym.NewDomain([]byte(strings.Repeat("k", 32)))})
}

func always(s protect.Standing) func(string, string) protect.Standing {
	return func(string, string) protect.Standing { return s }
}

// shape is the register's shape of a table: where a row comes from, then what does not identify.
func shape(t *canon.Table) *canon.Table {
	out := &canon.Table{Name: t.Name}
	for _, name := range []string{"source", "source_key", "seq", "record", "category", "legal_basis", "first_seen_run", "last_seen_run"} {
		typ := canon.Text
		if name == "seq" {
			typ = canon.Int
		}
		out.Columns = append(out.Columns, canon.Column{Name: name, Type: typ})
	}
	for _, c := range t.Columns[len(canon.Provenance()):] {
		if c.Class.Identifying() {
			continue
		}
		if out.Index(c.Name) >= 0 {
			c.Name = t.Name + "_" + c.Name
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}

// row is a canonical row: its keys and the text cells that are not missing.
type row struct {
	key, person string
	cells       map[string]string
}

func person(key string, cells ...string) row {
	r := row{key: key, person: "p" + key, cells: map[string]string{}}
	for i := 0; i < len(cells); i += 2 {
		r.cells[cells[i]] = cells[i+1]
	}
	return r
}

func batch(feed, table string, rows ...row) *canon.Batch {
	tables := canon.Tables()
	shape := &tables[slices.IndexFunc(tables, func(x canon.Table) bool { return x.Name == table })]
	b := canon.NewBuilder(shape, feed)
	for n, r := range rows {
		for i, c := range shape.Columns {
			v, given := r.cells[c.Name]
			switch {
			case i == canon.RowKey:
				b.Text(i, r.key)
			case i == canon.PersonKey:
				b.Text(i, r.person)
			case i == canon.Seq:
				b.Int(i, 0)
			case i == canon.Line:
				b.Int(i, int64(n+2))
			case given:
				b.Text(i, v)
			default:
				b.Null(i)
			}
		}
		b.EndRow()
	}
	return b.Flush()
}

// shown gives what a group became, as text: the rows of the register, and the rest.
func shown(res *protect.Result) (register, rest string) {
	var reg, b strings.Builder
	for _, r := range res.Register {
		for i := range r.Len() {
			fmt.Fprintf(&reg, "register %s", r.Table.Name)
			for c, col := range r.Table.Columns {
				if !r.Col(c).Null(i) {
					fmt.Fprintf(&reg, " %s=%s", col.Name, r.Col(c).AppendTo(nil, i))
				}
			}
			reg.WriteByte('\n')
		}
	}
	for _, e := range res.Entries {
		fmt.Fprintf(&b, "vault %s record=%s subject=%s source=%s\n", e.SourceKey, e.Record, e.Subject, e.Source)
		for i, facts := range [][]canon.Fact{e.Names, e.Identifiers, e.Contacts} {
			for _, f := range facts {
				fmt.Fprintf(&b, "  %s %s.%d.%s = %s\n", [...]string{"name", "identifier", "contact"}[i], f.Table, f.Seq, f.Column, f.Value)
			}
		}
	}
	for _, w := range res.Withheld {
		fmt.Fprintf(&b, "withheld %s %s\n", w.SourceKey, w.Clause)
	}
	for _, o := range res.Orphans {
		fmt.Fprintf(&b, "orphan %s line %d key %s\n", o.SourceKey, o.Line, o.Key)
	}
	return reg.String(), b.String()
}

// TestGolden shows source rows of several kinds on their way to register and vault.
func TestGolden(t *testing.T) {
	known := newProtector(rules{unstored: map[string]bool{"person.hetu": true, "person.sex": true}}, always(member))
	unknown := newProtector(rules{}, always(protect.Standing{}))
	got := ""
	for _, res := range []*protect.Result{
		known.Group([]*canon.Batch{
			batch("peppi/alumnit", "person", person("1", "family_name", "Esimerkki", "given_names", "Aino Maria", "hetu", "010190-900P",
				"student_number", "2100001", "sex", "2", "mother_tongue", "fi")),
			batch("peppi/alumnit", "email", person("1", "kind", "personal", "address", "aino@posti.example")),
			batch("peppi/alumnit", "study", person("1", "right_key", "100000", "type", "1")),
			batch("peppi/alumnit", "degree", person("1", "key", "100000", "right_key", "100000", "code", "621101")),
		}),
		unknown.Group([]*canon.Batch{
			batch("dynamics365/consents", "consent", row{key: "c1", person: "@email:aino@posti.example",
				cells: map[string]string{"purpose": "surveys", "state": "granted", "source": "form", "contact_point": "aino@posti.example"}}),
			batch("dynamics365/contacts", "role", person("nobody", "kind", "alumnus")),
		}),
	} {
		register, rest := shown(res)
		got += register + rest
	}
	golden := filepath.Join("testdata", "protected.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("%v: got\n%s", err, got)
	}
}

// TestIdentityAndContentNeverMeet puts a value of its own into every text column of every table and looks where it goes.
func TestIdentityAndContentNeverMeet(t *testing.T) {
	for _, table := range canon.Tables() {
		r := person("row-key-value")
		columns := table.Columns[len(canon.Provenance()):]
		for _, c := range columns {
			if c.Type == canon.Text {
				r.cells[c.Name] = "<" + c.Name + ">"
			}
		}
		res := newProtector(rules{}, always(member)).Group([]*canon.Batch{batch("peppi/alumnit", table.Name, r)})
		register, vault := shown(res)
		if (register == "") != table.Identity() {
			t.Errorf("%s: in the register stands %q", table.Name, register)
		}
		for _, c := range columns {
			inRegister, inVault := strings.Contains(register, "<"+c.Name+">"), strings.Contains(vault, "<"+c.Name+">")
			if c.Type == canon.Text && (inRegister != (c.Class < canon.Key) || inVault != c.Class.Identifying()) {
				t.Errorf("%s.%s of class %d: in the register %t, in the vault %t", table.Name, c.Name, c.Class, inRegister, inVault)
			}
		}
		if strings.Contains(register, "row-key-value") {
			t.Errorf("%s: a source's own key is in the register", table.Name)
		}
	}
}

func TestStandingAndPolicyDecide(t *testing.T) {
	erased := protect.Standing{Subject: "s1", Known: true, Clause: "C-erased", Member: true}
	outsider := protect.Standing{Subject: "s1", Known: true, Ended: "C-ended"}
	members := rules{membersOnly: map[string]bool{"person": true, "consent": true}}
	refused := rules{refused: map[string]bool{"person": true}}
	staff := protect.Standing{Subject: "s1", Known: true, Member: true, Groups: 1}
	listed := rules{listing: map[string]uint32{"person": 3, "email": 1, "study": 2}}
	point := row{key: "1", person: "@email:a@a.example", cells: map[string]string{"purpose": "surveys"}}
	for _, c := range []struct {
		name     string
		rules    rules
		standing protect.Standing
		table    string
		row      row
		want     string
	}{
		{"kept", rules{}, member, "person", person("1"), "kept"},
		{"nobody's row", rules{}, protect.Standing{}, "study", person("1"), "orphan"},
		{"erased", rules{}, erased, "person", person("1"), "C-erased"},
		{"table refused", refused, member, "person", person("1"), "C-table"},
		{"row refused", rules{clauses: map[string]string{"email|home": "C-row"}}, member, "email", person("1", "kind", "home"), "C-row"},
		{"member", members, member, "person", person("1"), "kept"},
		{"no member", members, outsider, "person", person("1"), "C-ended"},
		{"no member, other data", members, outsider, "study", person("1"), "kept"},
		{"contact point of nobody", members, protect.Standing{}, "consent", point, "kept"},
		{"contact point of the erased", members, protect.Standing{Clause: "C-erased"}, "consent", point, "C-erased"},
		{"on the list of a group", listed, staff, "email", person("1"), "kept"},
		{"on the list of another group", listed, staff, "study", person("1"), "C-group"},
		{"of no group that is known", listed, member, "study", person("1"), "kept"},
		{"contact point, whatever the lists", listed, staff, "study", point, "kept"},
		{"erased, and table refused", refused, erased, "person", person("1"), "C-erased"},
	} {
		res := newProtector(c.rules, always(c.standing)).Group([]*canon.Batch{batch("peppi/alumnit", c.table, c.row)})
		got := "nothing"
		switch {
		case res.Kept == 1:
			got = "kept"
		case len(res.Withheld) == 1:
			got = res.Withheld[0].Clause
		case len(res.Orphans) == 1:
			got = "orphan"
		}
		if got != c.want || res.Rows != 1 {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
		if stored := len(res.Register)+len(res.Entries) > 0; stored != (c.want == "kept") {
			t.Errorf("%s: stored %t", c.name, stored)
		}
	}
}

// TestASourceRowIsDecidedOnce checks that what the policy lets in of a row keeps the row, and that the rest goes nowhere.
func TestASourceRowIsDecidedOnce(t *testing.T) {
	r := rules{refused: map[string]bool{"person": true}, clauses: map[string]string{"email|home": "C-row"}}
	asked := 0
	p := newProtector(r, func(string, string) protect.Standing { asked++; return member })
	res := p.Group([]*canon.Batch{
		batch("peppi/alumnit", "person", person("1", "family_name", "Esimerkki")),
		batch("peppi/alumnit", "email", person("1", "kind", "home", "address", "a@a.example")),
		batch("peppi/alumnit", "study", person("1", "type", "1")),
	})
	if res.Kept != 1 || res.Rows != 1 || len(res.Withheld) != 0 || asked != 1 {
		t.Errorf("%+v, asked %d times", res, asked)
	}
	register, vault := shown(res)
	if strings.Contains(vault, "Esimerkki") || strings.Contains(vault, "a@a.example") || !strings.HasPrefix(register, "register study") {
		t.Error(register, vault)
	}
}

// TestWhatStandingLeavesOutIsNoted asks which rows are kept and still wait for their person: those of which the standing
// left something out, or may do so once a group is known.
func TestWhatStandingLeavesOutIsNoted(t *testing.T) {
	none := protect.Standing{Subject: "s1", Known: true, Ended: "C-ended"}
	staff := protect.Standing{Subject: "s1", Known: true, Member: true, Groups: 1}
	for _, c := range []struct {
		name     string
		rules    rules
		standing protect.Standing
		waits    bool
	}{
		{"all kept", rules{}, member, false},
		{"a table refused for everybody", rules{refused: map[string]bool{"study": true}}, member, false},
		{"a table of members", rules{membersOnly: map[string]bool{"study": true}}, none, true},
		{"a table of members, of a member", rules{membersOnly: map[string]bool{"study": true}}, member, false},
		{"a table of another group", rules{listing: map[string]uint32{"person": 1, "study": 2}}, staff, true},
		{"tables of the group", rules{listing: map[string]uint32{"person": 1, "study": 3}}, staff, false},
		{"no group is known", rules{listing: map[string]uint32{"person": 1, "study": 3}}, member, true},
	} {
		res := newProtector(c.rules, always(c.standing)).Group([]*canon.Batch{
			batch("peppi/alumnit", "person", person("1", "family_name", "Esimerkki")), batch("peppi/alumnit", "study", person("1", "type", "1")),
		})
		if len(res.Withheld) != 0 || res.Kept != 1 || len(res.Parts) == 1 != c.waits {
			t.Errorf("%s: %+v", c.name, res)
		}
		if c.waits && (res.Parts[0].PersonKey != "p1" || res.Parts[0].Standing != c.standing || res.Parts[0].Line != 2) {
			t.Errorf("%s: %+v", c.name, res.Parts[0])
		}
	}
}

// TestWhatForbidsAUseIsKept leaves a person's row out for their group: a protection order in it is kept, and nothing else.
func TestWhatForbidsAUseIsKept(t *testing.T) {
	p := newProtector(rules{listing: map[string]uint32{}}, always(protect.Standing{Subject: "s1", Known: true, Groups: 1}))
	shape := canon.Named("person")
	b := canon.NewBuilder(shape, "peppi/alumnit")
	for key, shielded := range map[string]bool{"1": true, "2": false} {
		for i, c := range shape.Columns {
			switch {
			case i == canon.RowKey:
				b.Text(i, key)
			case i == canon.PersonKey:
				b.Text(i, "p"+key)
			case i == canon.Seq || i == canon.Line:
				b.Int(i, 0)
			case c.Name == "protected":
				b.Bool(i, shielded)
			case c.Type == canon.Text:
				b.Text(i, "<"+c.Name+">")
			default:
				b.Null(i)
			}
		}
		b.EndRow()
	}
	res := p.Group([]*canon.Batch{b.Flush()})
	register, rest := shown(res)
	if res.Kept != 1 || len(res.Withheld) != 1 || !strings.Contains(register, "protected=true") || strings.Contains(register+rest, "<") {
		t.Errorf("%s%s", register, rest)
	}
}

// TestAnAttributionThatIsNeededDecidesForItsRow: a row whose attribution does not say all that is needed is withheld whole, whether
// it has none or one that says less; another row's does not help it, nor one that is not stored.
func TestAnAttributionThatIsNeededDecidesForItsRow(t *testing.T) {
	needs := rules{needs: []string{"provider", "licence"}}
	p := newProtector(needs, always(member))
	bought := []*canon.Batch{
		batch("lists/bought", "email", person("1", "address", "a@a.example"), person("2", "address", "b@a.example"), person("3", "address", "c@a.example")),
		batch("lists/bought", "role", person("1", "kind", "contact"), person("2", "kind", "contact"), person("3", "kind", "contact")),
		batch("lists/bought", canon.Attribution, person("1", "provider", "Mallitieto", "licence", "MT-1"), person("2", "provider", "Mallitieto")),
	}
	res := p.Group(bought)
	if res.Rows != 3 || res.Kept != 1 || len(res.Withheld) != 2 || len(res.Entries) != 1 || res.Entries[0].Contacts[0].Value != "a@a.example" || len(res.Register) != 2 {
		t.Fatalf("%+v", res)
	}
	for _, b := range res.Register {
		if b.Len() != 1 {
			t.Errorf("%s: %d rows", b.Table.Name, b.Len())
		}
	}
	if again := p.Group([]*canon.Batch{batch("lists/bought", "email", person("1", "address", "a@a.example"))}); again.Kept != 0 {
		t.Error("the attribution of a group before counts")
	}
	needs.refused = map[string]bool{canon.Attribution: true}
	if none := newProtector(needs, always(member)).Group(bought); none.Kept != 0 {
		t.Errorf("%d rows are kept whose attribution is not stored", none.Kept)
	}
}

func TestTokensJoinWithinASystemAlone(t *testing.T) {
	keys := func(feed string) (study, degree, row string) {
		res := newProtector(rules{}, always(member)).Group([]*canon.Batch{
			batch(feed, "study", person("1", "right_key", "100000")), batch(feed, "degree", person("1", "right_key", "100000", "key", "100000")),
		})
		s, d := res.Register[0], res.Register[1]
		if d.Named("right_key").Text(0) == d.Named("key").Text(0) {
			t.Error("keys of two kinds have one token")
		}
		return s.Named("right_key").Text(0), d.Named("right_key").Text(0), s.Named("source_key").Text(0)
	}
	study, degree, row := keys("student-register/opiskeluoikeudet")
	if study != degree || len(study) != pseudonym.Length {
		t.Errorf("the same right has the tokens %q and %q", study, degree)
	}
	if sibling, _, other := keys("student-register/tutkinnot"); sibling != study || other == row {
		t.Error("feeds of a system share keys, and not rows")
	}
	if elsewhere, _, _ := keys("peppi/alumnit"); elsewhere == study {
		t.Error("two systems have one token")
	}
}

// TestEveryRowHasOneFate is conservation of a group, whatever the policy and the people: rows = kept + withheld + orphans.
func TestEveryRowHasOneFate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		people := map[string]protect.Standing{}
		for i := range 4 {
			people[fmt.Sprint("p", i)] = protect.Standing{Subject: fmt.Sprint("p", i), Known: rapid.Bool().Draw(rt, "known"),
				Member: rapid.Bool().Draw(rt, "member"), Ended: "C-ended", Clause: rapid.SampledFrom([]string{"", "C-erased"}).Draw(rt, "clause")}
		}
		tables := []string{"person", "email", "study", "role", "consent"}
		r := rules{refused: map[string]bool{}, membersOnly: map[string]bool{}, clauses: map[string]string{"email|home": "C-row", "role|student": "C-row"}}
		for _, table := range tables {
			r.refused[table], r.membersOnly[table] = rapid.Bool().Draw(rt, "refused"), rapid.Bool().Draw(rt, "members only")
		}
		owners := map[string]string{} // row key to person key
		var batches []*canon.Batch
		for range rapid.IntRange(1, 12).Draw(rt, "canonical rows") {
			key := fmt.Sprint("r", rapid.IntRange(0, 5).Draw(rt, "row"))
			if owners[key] == "" {
				owners[key] = rapid.SampledFrom([]string{"p0", "p1", "p2", "p3", "@email:a@a.example"}).Draw(rt, "person")
			}
			kind := rapid.SampledFrom([]string{"home", "student", "work"}).Draw(rt, "kind")
			batches = append(batches, batch("peppi/alumnit", rapid.SampledFrom(tables).Draw(rt, "table"),
				row{key: key, person: owners[key], cells: map[string]string{"kind": kind}}))
		}
		p := newProtector(r, func(_, key string) protect.Standing { return people[key] })
		for range 2 { // a protector is used for one group after another
			checkFates(rt, p.Group(batches), len(owners), people)
		}
	})
}

func checkFates(t *rapid.T, res *protect.Result, rows int, people map[string]protect.Standing) {
	if res.Rows != rows || res.Kept+len(res.Withheld)+len(res.Orphans) != rows {
		t.Fatalf("%d source rows, %d counted: %d kept, %d withheld, %d orphans", rows, res.Rows, res.Kept, len(res.Withheld), len(res.Orphans))
	}
	for _, w := range res.Withheld {
		if w.Clause == "" {
			t.Fatal("a row is withheld under no clause")
		}
	}
	for _, e := range res.Entries {
		if who := people[e.Subject]; who.Clause != "" || !who.Known {
			t.Fatal("the vault gets somebody who is erased or unknown")
		}
	}
}
