package nightly_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// decidedSeamk writes the pack of a controller who set the periods that the notice leaves open.
func decidedSeamk(t *testing.T, s tiny) {
	t.Helper()
	src, _ := policy.Shipped("seamk")
	decided := strings.NewReplacer("undecided: true", "anchor: source_removed, period: P2Y, action: delete", `version: "`, `version: "decided `).Replace(string(src))
	write(t, filepath.Join(s.dir, workspace.PolicyDir, "seamk.yaml"), []byte(decided))
}

// TestBoughtDataNamesItsLicence loads a bought list: each value stands with its provider and licence, a row without a licence
// does not come in, and what was bought goes when its licence ends, and stays away. It holds SEAMK-34.
func TestBoughtDataNamesItsLicence(t *testing.T) {
	t.Parallel()
	s := newTiny(t, databasetest.OnSQLite, "seamk", map[string]string{"external-lists": feedLayout("external-lists",
		"purchased: mail mail | mail as: email; required: true; to: email.work, number as: phone; to: phone.work, who to: attribution.provider, under to: attribution.licence, until as: date; to: attribution.licence_until")})
	decidedSeamk(t, s)
	const lists = "external-lists/purchased_%s.csv"
	s.feeds[lists] = "mail;number;who;under;until"
	for d := range canon.Date(3) {
		s.put(t, lists, firstNight+d, "licensed@a.example;+358400000001;Mallitieto;MT-1;2027-09-30", "unlicensed@a.example;+358400000002;Mallitieto;;", "unknown@a.example;+358400000003;;MT-2;",
			"ending@a.example;+358400000004;Mallitieto;MT-3;"+(firstNight+1).String())
	}
	s.finish(t, firstNight, pipelines.Finished)
	same(t, "licences", s.cells(t, "attribution", "licence"), "MT-1", "MT-3")
	same(t, "addresses", s.addresses(t), "ending@a.example", "licensed@a.example")
	s.at(t, func(ws *workspace.Workspace) {
		balanced(t, ws, "nightly-"+firstNight.String())
		e := s.explained(t, ws, "licence", "MT-1", firstNight)
		want := nightly.Attribution{Provider: "Mallitieto", Licence: "MT-1", Until: "2027-09-30"}
		if len(e.Data) != 1 || e.Data[0].Attributed == nil || *e.Data[0].Attributed != want || e.Data[0].Due != "2027-09-30" || e.Data[0].DueClause != "SEAMK-34" ||
			!slices.Contains(e.Data[0].Tables, "email") {
			t.Errorf("%+v", e.Data)
		}
	})
	s.finish(t, firstNight+1, pipelines.Finished)
	s.mustApply(t, firstNight+1)
	same(t, "licences behind an end", s.cells(t, "attribution", "licence"), "MT-1")
	same(t, "addresses behind an end", s.addresses(t), "licensed@a.example")
	s.touchLayouts(t)
	s.finish(t, firstNight+2, pipelines.Finished)
	same(t, "licences, decided anew", s.cells(t, "attribution", "licence"), "MT-1")
	same(t, "addresses, decided anew", s.addresses(t), "licensed@a.example")
}

// TestAnEmptyEndIsNoNewLicence leaves the end out of the next list of what went with its licence: it stays away until a list
// names a later end. It holds SEAMK-34.
func TestAnEmptyEndIsNoNewLicence(t *testing.T) {
	t.Parallel()
	s := newTiny(t, databasetest.OnSQLite, "seamk", map[string]string{"external-lists": feedLayout("external-lists",
		"purchased: mail mail | mail as: email; required: true; to: email.work, who to: attribution.provider, under to: attribution.licence, until as: date; to: attribution.licence_until")})
	decidedSeamk(t, s)
	const lists = "external-lists/purchased_%s.csv"
	s.feeds[lists] = "mail;who;under;until"
	for d, ending := range []string{"MT-3;" + firstNight.String(), "MT-3;", "MT-4;2027-09-30"} {
		s.put(t, lists, firstNight+canon.Date(d), "licensed@a.example;Mallitieto;MT-1;", "ending@a.example;Mallitieto;"+ending)
	}
	s.finish(t, firstNight, pipelines.Finished)
	s.mustApply(t, firstNight)
	same(t, "behind the end", s.cells(t, "attribution", "licence"), "MT-1")
	s.finish(t, firstNight+1, pipelines.Finished)
	same(t, "without an end", s.cells(t, "attribution", "licence"), "MT-1")
	same(t, "addresses without an end", s.addresses(t), "licensed@a.example")
	s.finish(t, firstNight+2, pipelines.Finished)
	same(t, "under a new licence", s.cells(t, "attribution", "licence"), "MT-1", "MT-4")
	same(t, "addresses under a new licence", s.addresses(t), "ending@a.example", "licensed@a.example")
}

// TestWhoChangedARowIsKept loads rows that two users of the CRM changed: when stands with each, and who as a token, the same for
// what one of them changed; their own id stands nowhere. An explanation tells no table twice, and none that
// a row does not have. It holds SEAMK-33.
func TestWhoChangedARowIsKept(t *testing.T) {
	t.Parallel()
	const one, two = "00000000-0000-0000-0000-0000000000b1", "00000000-0000-0000-0000-0000000000b2"
	s := newTiny(t, databasetest.OnSQLite, "seamk", map[string]string{"dynamics365": feedLayout("dynamics365",
		"contacts: user user | "+whoIs+", mail as: email; to: email.work, role to: role.kind, changed as: instant; to: attribution.changed_at, by as: guid; to: attribution.author",
		"accounts: account user | account required: true; to: org.key, user required: true, label to: org.name, changed as: instant; to: attribution.changed_at, by as: guid; to: attribution.author")})
	decidedSeamk(t, s)
	s.feeds[contactsFile] = "user;family;given;mail;role;changed;by"
	s.put(t, contactsFile, firstNight, "c1;Alpha;Anna;anna@a.example;contact;2026-11-02T08:15:30Z;"+one, "c2;Beta;Bo;bo@a.example;stakeholder;2026-11-03T08:15:30Z;"+two,
		"c3;Gamma;Gil;gil@a.example;applicant;2026-11-04T08:15:30Z;"+one, "c4;Delta;Dan;dan@a.example;contact;;")
	const accounts = "dynamics365/accounts_%s.csv"
	s.feeds[accounts] = "account;user;label;changed;by"
	s.put(t, accounts, firstNight, "a1;c1;Alpha Oy;2026-11-05T08:15:30Z;"+two)
	s.finish(t, firstNight, pipelines.Finished)
	same(t, "when", s.cells(t, "attribution", "changed_at"), "2026-11-02T08:15:30Z", "2026-11-03T08:15:30Z", "2026-11-04T08:15:30Z", "2026-11-05T08:15:30Z")
	authors := s.cells(t, "attribution", "author")
	if len(authors) != 4 || len(slices.Compact(slices.Clone(authors))) != 2 || slices.Contains(authors, one) || slices.Contains(authors, two) {
		t.Errorf("authors %q", authors)
	}
	s.at(t, func(ws *workspace.Workspace) {
		e := s.explained(t, ws, "changed_at", "2026-11-03T08:15:30Z", firstNight)
		for _, d := range e.Data {
			if d.Attributed == nil || d.Attributed.ChangedAt != "2026-11-03T08:15:30Z" || !slices.Contains(authors, d.Attributed.Author) {
				t.Errorf("%+v", d)
			}
		}
		var tables []string
		for _, d := range s.explained(t, ws, "changed_at", "2026-11-05T08:15:30Z", firstNight).Data {
			tables = append(tables, fmt.Sprint(d.Source, " ", d.Category, " ", d.Tables))
		}
		slices.Sort(tables)
		same(t, "tables", tables, "dynamics365/accounts contact [attribution]", "dynamics365/accounts organisation [org]", "dynamics365/contacts basics [person]",
			"dynamics365/contacts classification [role]", "dynamics365/contacts contact [email phone address attribution]")
		for e, err := range ws.Vault.Open(t.Context(), nil, vault.Everything) {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range slices.Concat(e.Names, e.Identifiers, e.Contacts) {
				if f.Value == one || f.Value == two {
					t.Errorf("the author stands in the vault as %s.%s of somebody else", f.Table, f.Column)
				}
			}
		}
	})
}

// addresses gives the e-mail addresses in the vault, sorted.
func (s site) addresses(t testing.TB) (out []string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for e, err := range ws.Vault.Open(context.Background(), nil, vault.Contacts) {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range e.Contacts {
				if f.Column == "address" {
					out = append(out, f.Value)
				}
			}
		}
	})
	slices.Sort(out)
	return out
}

// explained explains the person of the row of attribution that has a value.
func (s site) explained(t testing.TB, ws *workspace.Workspace, column, value string, date canon.Date) nightly.Explained {
	t.Helper()
	var person string
	for b, err := range ws.Register.Read(t.Context(), canon.Attribution, []string{column, "record"}, register.All) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			if string(b.Col(0).AppendTo(nil, i)) == value {
				record := b.Col(1).Text(i)
				if err := ws.RegisterDB.Get(&person, "SELECT `person` FROM `link` WHERE `record` = ?", record); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	e, err := nightly.Explain(t.Context(), ws, person, "", date)
	if err != nil || len(e.Data) == 0 {
		t.Fatalf("%q: %v", person, err)
	}
	return e
}
