package subject_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/outbox"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/pipelines/rights"
	"uoma/pipelines/subject"
	"uoma/pipelines/workspace"
	"uoma/transforms/dossier"
	"uoma/transforms/policy"
)

// canary is a value that stands nowhere else.
func canary(person int, table, column string) string {
	switch column {
	case "birth_date":
		return canon.Date(7000 + person).String()
	case "channel":
		return "email"
	case "state":
		return "granted"
	case "kind":
		return "alumnus"
	}
	return fmt.Sprintf("Canary%d_%s_%s", person, table, column)
}

func refOf(ws *workspace.Workspace, person int) string {
	return workspace.PersonOf(ws.Persons(), subjectOf(person))
}

// place is a column of a table.
type place struct{ table, column string }

// columnsOf lists every column of every table in a database.
func columnsOf(t *testing.T, db *database.DB) (out []place) {
	t.Helper()
	query := "SELECT m.name AS t, p.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
	if db.Dialect == database.MySQL {
		query = "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = DATABASE()"
	}
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var p place
		if err := rows.Scan(&p.table, &p.column); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// TestThreat_T36_EveryStoreIsOnTheCoverageMap holds the map of what an export holds to the stores of a workspace, both ways: a
// table, column, file or folder that is added has to be held by exports, or left out for a reason. It holds the rules LJMU-03,
// METRO-43 and NMBU-26 of the notices.
func TestThreat_T36_EveryStoreIsOnTheCoverageMap(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		ws := newWorkspace(t, on)
		there := map[string]map[place]bool{"register": {}, "vault": {}, "state": {}, "folder": {}}
		for _, p := range columnsOf(t, ws.RegisterDB) {
			there["register"][p] = true
		}
		for _, p := range columnsOf(t, ws.VaultDB) {
			there["vault"][p] = true
		}
		for _, f := range workspace.StateFiles("nightly") {
			there["state"][place{f, ""}] = true
		}
		entries, err := os.ReadDir(ws.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.IsDir() {
				there["folder"][place{e.Name(), ""}] = true
			}
		}
		onMap := map[string]map[place]int{"register": {}, "vault": {}, "state": {}, "folder": {}}
		for _, s := range subject.Stores() {
			if s.How == 0 || s.How != subject.Held && s.Why == "" || s.How == subject.LeftOut && s.What == "" {
				t.Errorf("%s %s: no reason, or nothing to tell the person", s.Name, s.Table)
			}
			columns := s.Columns
			if len(columns) == 0 {
				columns = []string{""}
			}
			for _, c := range columns {
				onMap[s.Name][place{s.Table, c}]++
			}
		}
		for name, all := range there {
			for p := range all {
				if n := onMap[name][p] + onMap[name][place{p.table, ""}]*min(len(p.column), 1); n != 1 {
					t.Errorf("%s %s %s is %d times on the coverage map: say whether an export holds it", name, p.table, p.column, n)
				}
			}
		}
		for _, name := range []string{"register", "vault"} {
			for p := range onMap[name] {
				if !there[name][p] && (p.column != "" || !slices.ContainsFunc(columnsOf(t, dbOf(ws, name)), func(x place) bool { return x.table == p.table })) {
					t.Errorf("%s %s %s is on the coverage map and nowhere else", name, p.table, p.column)
				}
			}
		}
	})
}

func dbOf(ws *workspace.Workspace, name string) *database.DB {
	if name == "vault" {
		return ws.VaultDB
	}
	return ws.RegisterDB
}

// TestWhatTheMapHoldsIsInTheExport fills every column of a person, and finds each value in the export, and no value of
// anybody else. It holds the rules LJMU-03, METRO-43 and NMBU-26 of the notices.
func TestWhatTheMapHoldsIsInTheExport(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		ws := newWorkspace(t, on)
		fill(t, ws, 3, canary)
		d, err := subject.Gather(t.Context(), ws, refOf(ws, 1), today)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := dossier.JSON(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []int{0, 2} {
			if bytes.Contains(raw, fmt.Appendf(nil, "Canary%d_", other)) || bytes.Contains(raw, []byte(refOf(ws, other))) {
				t.Errorf("the export holds somebody else")
			}
		}
		got := map[place]string{}
		for _, x := range d.Data {
			if x.Clause == "" || x.Says == "" || len(x.Ends) == 0 || x.Basis == "" || x.Since == "" && x.Category != "contact" {
				t.Errorf("%s %s is not explained: %+v", x.Source, x.Category, x)
			}
			for _, v := range x.Values {
				got[place{v.Table, v.Column}] = v.Value
			}
		}
		for _, s := range subject.Stores() {
			if s.How != subject.Held || s.Name != "register" || s.Table == "link" {
				continue
			}
			for _, c := range s.Columns[register.First-1:] { // behind the leading columns but the record
				if got[place{s.Table, c}] == "" {
					t.Errorf("%s.%s is on the map as held and not in the export", s.Table, c)
				}
			}
		}
		for _, table := range canon.Tables() {
			for _, c := range table.Columns[len(canon.Provenance()):] {
				if want := canary(1, table.Name, c.Name); c.Class.Identifying() && got[place{table.Name, c.Name}] != want {
					t.Errorf("%s.%s of the vault is not in the export", table.Name, c.Name)
				}
			}
		}
		if err := document.Decode("export", raw, document.CompileSchema("dossier.schema.json", dossier.Schema()), &map[string]any{}); err != nil {
			t.Errorf("the export is not what its schema says: %v", err)
		}
	})
}

// TestThreat_T36_WhoChangedARowIsNotInTheExport has rows that members of staff changed: the export says when, and that it leaves
// out by whom. It holds the rule SEAMK-33 of the notices.
func TestThreat_T36_WhoChangedARowIsNotInTheExport(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		ws := newWorkspace(t, on)
		fill(t, ws, 2, canary, "person", canon.Attribution)
		d, err := subject.Gather(t.Context(), ws, refOf(ws, 1), today)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := dossier.JSON(d)
		if err != nil {
			t.Fatal(err)
		}
		authors := 0
		for b, err := range ws.Register.Read(t.Context(), canon.Attribution, []string{"author"}, register.All) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Len() {
				authors++
				if bytes.Contains(raw, b.Col(0).AppendTo(nil, i)) {
					t.Error("the export holds the token of who changed the row")
				}
			}
		}
		if authors != 2 || !slices.ContainsFunc(d.Data, func(x dossier.Datum) bool { return x.Provider != "" && x.ChangedAt != "" }) {
			t.Errorf("%d authors, %+v", authors, d.Data)
		}
		if !slices.ContainsFunc(d.LeftOut, func(x dossier.LeftOut) bool { return strings.HasPrefix(x.What, "who last changed a row") }) {
			t.Errorf("the person is not told: %+v", d.LeftOut)
		}
	})
}

// TestPortabilityIsWhatThePersonGaveUnderConsentOrContract narrows a dossier. It holds the rules LJMU-07, METRO-54, METRO-55
// and XAMK-54 of the notices.
func TestPortabilityIsWhatThePersonGaveUnderConsentOrContract(t *testing.T) {
	d := &dossier.Dossier{Kind: dossier.Access, Data: []dossier.Datum{
		{Category: "mine", Source: "alumni-portal/profiles", Basis: "6(1)(a)", Given: true},
		{Category: "contract", Source: "alumni-portal/profiles", Basis: "6(1)(b)", Given: true},
		{Category: "duty", Source: "alumni-portal/profiles", Basis: "6(1)(e)", Given: true},
		{Category: "theirs", Source: "peppi/alumnit", Basis: "6(1)(a)"},
	}, Sources: []dossier.Source{{System: "alumni-portal"}, {System: "peppi"}}, Words: []dossier.Word{{Purpose: "news"}}}
	p := d.Portable()
	var got []string
	for _, x := range p.Data {
		got = append(got, x.Category)
	}
	if !slices.Equal(got, []string{"mine", "contract"}) || len(p.Sources) != 1 || len(p.Words) != 0 || p.Kind != dossier.Portability {
		t.Errorf("portable: %v, %d sources", got, len(p.Sources))
	}
	if len(d.Data) != 4 || d.Kind != dossier.Access {
		t.Error("the dossier itself was changed")
	}
}

// TestPortabilityByEachNotice asks of every category of each pack whether what the person gave of it can be taken
// along. It holds the rules LJMU-07, METRO-54, METRO-55 and XAMK-54 of the notices.
func TestPortabilityByEachNotice(t *testing.T) {
	portable := map[string][]string{}
	for _, id := range policy.ShippedIDs() {
		src, _ := policy.Shipped(id)
		p, err := policy.Parse(id, src)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Categories {
			b, ok := p.Basis(c.Basis)
			if !ok {
				t.Fatalf("%s: %s rests on nothing", id, c.ID)
			}
			d := dossier.Dossier{Data: []dossier.Datum{{Category: c.ID, Basis: b.GDPR, Given: true}}}
			if got := len(d.Portable().Data) == 1; got != (b.GDPR == "6(1)(a)" || b.GDPR == "6(1)(b)") {
				t.Errorf("%s: %s on %s is portable: %v", id, c.ID, b.GDPR, got)
			} else if got {
				portable[id] = append(portable[id], c.ID)
			}
		}
	}
	if has := func(id, category string) bool { return slices.Contains(portable[id], category) }; has("metropolia_exam", "exam") || !has("metropolia_exam", "recording") ||
		has("xamk", "alumni_basics") || !has("xamk", "event") {
		t.Errorf("portable: %v", portable)
	}
}

func TestFind(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		ws := newWorkspace(t, on)
		fill(t, ws, 3, func(p int, table, column string) string {
			switch {
			case column == "family_name":
				return []string{"Mäki-Ääri", "Mäki-Ääri", "Oja"}[p]
			case column == "given_names":
				return "Aino Maria"
			case table == "email" && column == "address":
				return fmt.Sprintf("aino%d@mail.example", p)
			}
			return canary(p, table, column)
		})
		born := func(p int) string { return canary(p, "person", "birth_date") }
		for said, want := range map[string][]int{
			"identifier: canary1_person_student_number":                            {1},
			"identifier: canary1_person_student_NUMBER\nemail: AINO1@mail.example": {1},
			"email: aino2@mail.example":                                            {2},
			"email: aino2@mail.example\nidentifier: Canary1_person_eppn":           nil,
			"name: aino maki-aari\nborn: " + born(0):                               {0},
			"name: Mäki Ääri, Aino\nborn: " + born(1):                              {1},
			"name: Mäki Ääri, Aino\nborn: " + born(2):                              nil,
			"name: Oja\nborn: " + born(2) + "\nemail: aino2@mail.example":          {2},
			"identifier: " + born(1):                                               nil,
		} {
			words, err := subject.ParseWords(strings.NewReader(said))
			if err != nil {
				t.Fatal(err)
			}
			found, err := subject.Find(t.Context(), ws, words, false)
			if err != nil {
				t.Fatal(err)
			}
			var got, refs []string
			for _, f := range found {
				got = append(got, f.Ref)
				if len(f.Values) > 0 || f.Records != 1 || len(f.By) == 0 || len(f.Systems) != 3 {
					t.Errorf("%q: %+v", said, f)
				}
			}
			for _, p := range want {
				refs = append(refs, refOf(ws, p))
			}
			if !slices.Equal(got, refs) {
				t.Errorf("%q found %d people, want %d", said, len(got), len(refs))
			}
		}
		words, err := subject.ParseWords(strings.NewReader("email: aino1@mail.example"))
		if err != nil {
			t.Fatal(err)
		}
		found, err := subject.Find(t.Context(), ws, words, true)
		if err != nil || len(found) != 1 || !slices.Contains(found[0].Values, subject.Value{System: "alumni-portal", Column: "person.family_name", Value: "Mäki-Ääri"}) {
			t.Errorf("values that were asked for are not shown: %v", err)
		}
	})
}

// TestThreat_T36_WordsAreNotRepeated asks wrongly: no error says what was said.
func TestThreat_T36_WordsAreNotRepeated(t *testing.T) {
	for _, said := range []string{"", "name: Canary", "born: 1990-01-01", "born: Canary\nname: x", "hetu: Canary", "Canary", "email:",
		"identifier: " + strings.Repeat("Canary", 20_000)} {
		_, err := subject.ParseWords(strings.NewReader(said))
		if said[:min(len(said), 11)] == "identifier:" {
			continue // cut, and so not found
		}
		if fault.Code(err) != "UOMA-SUB-WORDS" || strings.Contains(err.Error(), "Canary") {
			t.Errorf("%.20q: %v", said, err)
		}
	}
	words := subject.Words{Name: "Canary", Identifier: "Canary"}
	if s := fmt.Sprintf("%v %+v %#v %v %#v", words, words, words, subject.Value{Value: "Canary"}, dossier.Value{Value: "Canary"}); strings.Contains(s, "Canary") {
		t.Errorf("printed: %s", s)
	}
}

func FuzzParseWords(f *testing.F) {
	for _, s := range []string{"identifier: x", "name: a\nborn: 1990-01-31", "email: a@b\n\n", ":", "born: 9999-99-99"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := subject.ParseWords(strings.NewReader(s))
		if err == nil && w.Identifier == "" && w.Email == "" && (w.Name == "" || !w.HasBorn) {
			t.Errorf("%q leads to nobody and was accepted", s)
		}
	})
}

// TestThreat_T20_AnExportIsForOnePairOfEyes writes exports into folders of all kinds.
func TestThreat_T20_AnExportIsForOnePairOfEyes(t *testing.T) {
	d := &dossier.Dossier{Format: dossier.Format, Version: dossier.Version, Kind: dossier.Access}
	dir := t.TempDir()
	files, err := subject.Write(d, filepath.Join(dir, "new"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, f := range append(files, filepath.Join(dir, "new")) {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others", f)
		}
	}
	open := filepath.Join(dir, "open")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o750)); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "new", "link.json")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{open: "UOMA-SUB-OPEN", filepath.Join(open, "x.json"): "UOMA-SUB-OPEN",
		filepath.Join(dir, "new"): "UOMA-SUB-THERE", link: "UOMA-SUB-THERE", filepath.Join(dir, "no", "deeper"): "UOMA-SUB-WRITE"} {
		if _, err := subject.Write(d, path); fault.Code(err) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if list, _ := os.ReadDir(open); len(list) != 0 {
		t.Error("something was written where others may read")
	}
}

// TestRestrictionAndHoldsAreInTheExport has the controller note what keeps a person's data: the person is told, with the clause.
// It holds the rules XAMK-50 to XAMK-53 of the notices where they are not the pack's.
func TestRestrictionAndHoldsAreInTheExport(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		ws := newWorkspace(t, on)
		fill(t, ws, 2, canary)
		pack, err := ws.Policy(today)
		if err != nil {
			t.Fatal(err)
		}
		said := []rights.Statement{{Kind: register.RestrictionWord, State: register.Stands}, {Kind: register.HoldWord, About: "legal_claim", State: register.Stands}}
		author := rights.Author{By: "dpo", At: today.Time(), Rand: rand.Reader}
		if _, err := rights.Say(t.Context(), ws, pack, refOf(ws, 1), said, author); err != nil {
			t.Fatal(err)
		}
		for person, want := range map[int]string{0: "", 1: "restriction  XAMK-50, XAMK-51, XAMK-52, XAMK-53; hold legal_claim XAMK-52"} {
			d, err := subject.Gather(t.Context(), ws, refOf(ws, person), today)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range d.Stops {
				got = append(got, s.Kind+" "+s.About+" "+s.Clause)
				if s.Says == "" {
					t.Errorf("%s is not explained", s.Kind)
				}
			}
			if text := strings.Join(got, "; "); text != want {
				t.Errorf("person %d: %q, not %q", person, text, want)
			}
		}
	})
}

// TestRecipientsOfFormerReferencesAreInTheExport lists deliveries of a person, of somebody who turned out to be the person, of
// somebody who had turned out to be that one, of a person of whom a source row was found to be this one's, and of others.
func TestRecipientsOfFormerReferencesAreInTheExport(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		ws := newWorkspace(t, on)
		fill(t, ws, 3, canary)
		ref, former, earlier := refOf(ws, 1), refOf(ws, 11), refOf(ws, 12)
		night, err := ws.Register.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer night.Rollback()
		events := []register.Event{{Run: "n1", Seq: 0, Kind: register.Merged, Person: former, Other: earlier},
			{Run: "n2", Seq: 0, Kind: register.Merged, Person: ref, Other: former}, {Run: "n2", Seq: 1, Kind: register.Merged, Person: refOf(ws, 2), Other: refOf(ws, 13)}}
		if err := errors.Join(night.Events(t.Context(), events), night.Commit()); err != nil {
			t.Fatal(err)
		}
		for n, of := range []struct{ person, row string }{
			{ref, ""}, {former, ""}, {earlier, ""}, {refOf(ws, 14), token('s', 1, 0)}, {refOf(ws, 13), token('s', 2, 0)}, {refOf(ws, 0), ""},
		} {
			deliver(t, ws, fmt.Sprintf("d%d", n), of.person, of.row)
		}
		d, err := subject.Gather(t.Context(), ws, ref, today)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range d.Recipients {
			got = append(got, fmt.Sprintf("%s %v", r.Delivery, r.Former))
		}
		slices.Sort(got)
		if want := []string{"d0 false", "d1 true", "d2 true", "d3 true"}; !slices.Equal(got, want) {
			t.Errorf("recipients: %q, not %q", got, want)
		}
	})
}

// deliver writes down that a delivery of one row was sent.
func deliver(t *testing.T, ws *workspace.Workspace, id, person, row string) {
	t.Helper()
	now := time.UnixMicro(1_800_000_000_000_000).UTC()
	lease, err := ws.Outbox.Take(t.Context(), outbox.Chain{Sender: "campus", Recipient: "csc", Dataset: "survey-" + id}, "test", now)
	if err != nil {
		t.Fatal(err)
	}
	d := outbox.Delivery{ID: id, Chain: outbox.Chain{Sender: "campus", Recipient: "csc", Dataset: "survey-" + id}, State: outbox.Closed, Attempts: 1, CreatedAt: now, UpdatedAt: now}
	if err := lease.Insert(t.Context(), &d); err != nil {
		t.Fatal(err)
	}
	list := fmt.Sprintf(`{"purpose":"career_monitoring","people":[{"person":%q,"clause":"XAMK-31","columns":["sukunimi"],"rows":[%q]}]}`, person, row)
	w, err := ws.State.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(list)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit("deliveries/"+id, ""); err != nil {
		t.Fatal(err)
	}
}
