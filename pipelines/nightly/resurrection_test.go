package nightly_test

import (
	"bytes"
	"context"
	"maps"
	"os"
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
	"uoma/transforms/protect"
)

const erasureClause = "XAMK-39"

// victim is a person with records in several systems, before the person is erased.
type victim struct {
	subject, person   string
	system, key       string          // one of the records, as the erasure names it
	records           map[string]bool // tokens
	values            map[string]bool // facts that nobody else has
	point             string          // an e-mail address with consents in the CRM that nobody else has
	feeds, sourceRows map[string]bool
}

// TestThreat_T25_ErasedPersonStaysGone holds invariant 6: a person is erased whose systems go on exporting. Rows stay as
// they are, change, are decided anew with all others, go and come back; nothing of the person is stored again.
func TestThreat_T25_ErasedPersonStaysGone(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.finish(t, firstNight+1, pipelines.Finished)
		v := s.victim(t)
		s.erase(t, firstNight+1, v)
		s.gone(t, v, "the erasure")
		for n := canon.Date(2); n < 7; n++ {
			switch n {
			case 3: // the person's rows change
				s.rewrite(t, firstNight+n, v.point, "Changed", true)
			case 4: // every row is decided anew
				s.settings(t, "# another text, another configuration\n")
			case 5: // the person's system exports the person no more
				s.rewrite(t, firstNight+n, v.point, "", false)
			}
			s.night(t, firstNight+n)
			s.gone(t, v, (firstNight + n).String())
			s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+n).String()) })
		}
	})
}

// TestErasureCutShortIsRepeated stops an erasure before its commit and does it again.
func TestErasureCutShortIsRepeated(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		v := s.victim(t)
		s.at(t, func(ws *workspace.Workspace) { // what an erasure does first
			if _, err := ws.Vault.Erase(context.Background(), []string{v.subject}, "erase-2026-11-21"); err != nil {
				t.Fatal(err)
			}
		})
		s.erase(t, firstNight, v)
		s.gone(t, v, "the erasure")
		s.finish(t, firstNight+1, pipelines.Finished)
		s.gone(t, v, "the night")
	})
}

func (s site) erase(t *testing.T, date canon.Date, v victim) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		out, err := s.eraseKey(ws, newRun(date), v.system, v.key)
		if err != nil || out.Records < 3 || out.Rows == 0 || out.Marks == 0 {
			t.Fatalf("%+v %v", out, err)
		}
	})
}

// eraseKey erases the person of a record, as the command does.
func (s site) eraseKey(ws *workspace.Workspace, r *pipelines.Run, system, key string) (nightly.Erased, error) {
	return s.eraseBy(ws, r, func(n *nightly.Night, ctx context.Context, r *pipelines.Run) (nightly.Erased, error) {
		return n.Erase(ctx, r, "nightly", system, key, erasureClause)
	})
}

func (s site) eraseBy(ws *workspace.Workspace, r *pipelines.Run, erase func(*nightly.Night, context.Context, *pipelines.Run) (nightly.Erased, error)) (out nightly.Erased, err error) {
	pack, err := ws.Policy(r.Date)
	if err != nil {
		return out, err
	}
	layouts, err := ws.Layouts()
	if err != nil {
		return out, err
	}
	j := ws.NewJournal("test", "", pack.Digest())
	ctx, err := j.Hold(context.Background(), r)
	if err != nil {
		return out, err
	}
	defer j.Free(context.Background())
	n := nightly.New(ws, layouts, pack, nil, j.Check)
	defer n.Close()
	erasure := *r
	erasure.Pipeline = "erase"
	return erase(n, ctx, &erasure)
}

// victim finds somebody who is in the CRM with consents, and in two more systems.
func (s site) victim(t *testing.T) (v victim) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		people, holders := map[string][]vault.Entry{}, map[string]map[string]bool{}
		for e, err := range ws.Vault.Open(context.Background(), nil, vault.Everything) {
			if err != nil {
				t.Fatal(err)
			}
			people[e.Subject] = append(people[e.Subject], e)
			for value := range valuesOf(e) {
				if holders[value] == nil {
					holders[value] = map[string]bool{}
				}
				holders[value][e.Subject] = true
			}
		}
		linked := map[string]string{}
		for l, err := range ws.Register.Links(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			linked[l.Record] = l.Person
		}
		for _, subject := range slices.Sorted(maps.Keys(people)) {
			if v = chosen(ws, subject, people[subject], holders, linked); v.point != "" {
				return
			}
		}
		t.Fatal("nobody of the campus fits")
	})
	return v
}

func chosen(ws *workspace.Workspace, subject string, entries []vault.Entry, holders map[string]map[string]bool, linked map[string]string) victim {
	tokens := ws.SourceTokens()
	v := victim{subject: subject, person: workspace.PersonOf(ws.Persons(), subject),
		records: map[string]bool{}, values: map[string]bool{}, feeds: map[string]bool{}, sourceRows: map[string]bool{}}
	for _, e := range entries {
		v.records[e.Record], v.feeds[canon.SystemOf(e.Source)], v.sourceRows[e.SourceKey] = true, true, true
		for value := range valuesOf(e) {
			if len(holders[value]) == 1 && len(value) > 6 {
				v.values[value] = true
			}
		}
		if e.Source != "dynamics365/contacts" {
			continue
		}
		for _, f := range e.Identifiers {
			if f.Column == "person_key" {
				v.system, v.key = canon.SystemOf(e.Source), f.Value
			}
		}
		for _, f := range e.Contacts {
			point := protect.Record(tokens, "dynamics365", canon.PointPrefix+"email:"+f.Value)
			if f.Table == "email" && f.Column == "address" && len(holders[f.Value]) == 1 && linked[point] == v.person {
				v.point = f.Value
				v.records[point] = true
			}
		}
	}
	if len(v.feeds) < 3 {
		v.point = ""
	}
	return v
}

func valuesOf(e vault.Entry) map[string]bool {
	out := map[string]bool{}
	for _, facts := range [][]vault.Fact{e.Identifiers, e.Contacts} {
		for _, f := range facts {
			out[string(f.Value)] = true
		}
	}
	return out
}

// rewrite changes the rows of the delimited exports that name an e-mail address, or leaves them out.
func (s site) rewrite(t *testing.T, date canon.Date, address, into string, keep bool) {
	t.Helper()
	n := 0
	for _, pattern := range []string{crmFile, crmConsents, profileFile, peppiFile} {
		path := s.export(pattern, date)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var out [][]byte
		for _, line := range bytes.SplitAfter(text, []byte("\n")) {
			switch {
			case !bytes.Contains(line, []byte(address)):
			case !keep && filepath.Dir(pattern) == "dynamics365":
				n++
				continue
			case keep:
				n++
				line = bytes.ReplaceAll(line, []byte("534120001"), []byte("534120002")) // consents: from granted to withdrawn
				line = bytes.ReplaceAll(line, []byte(",Suomi,"), []byte(",FI,"))
				line = bytes.ReplaceAll(line, []byte("T0"), []byte("T1")) // the time of the last change
			}
			out = append(out, line)
		}
		write(t, path, bytes.Join(out, nil))
	}
	if n == 0 {
		t.Fatal("no export names the person")
	}
}

// gone checks that no store holds anything of the person.
func (s site) gone(t *testing.T, v victim, when string) {
	t.Helper()
	ctx := context.Background()
	s.at(t, func(ws *workspace.Workspace) {
		for e, err := range ws.Vault.Open(ctx, nil, vault.Everything) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Subject == v.subject || v.records[e.Record] || v.sourceRows[e.SourceKey] {
				t.Errorf("after %s the vault has an entry of the person from %s", when, e.Source)
			}
			for value := range valuesOf(e) {
				if v.values[value] {
					t.Errorf("after %s the vault has a fact that only the person had, from %s", when, e.Source)
				}
			}
		}
		for _, table := range register.Tables() {
			for b, err := range ws.Register.Read(ctx, table.Name, []string{"record", "source_key"}, register.All) {
				if err != nil {
					t.Fatal(err)
				}
				for i := range b.Len() {
					if v.records[b.Col(0).Text(i)] || v.sourceRows[b.Col(1).Text(i)] {
						t.Errorf("after %s the register has a row of the person in %s", when, table.Name)
					}
				}
			}
		}
		for l, err := range ws.Register.Links(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if v.records[l.Record] || l.Person == v.person {
				t.Errorf("after %s the register has a link of the person", when)
			}
		}
		for c, err := range ws.Register.Consents(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if c.Person == v.person {
				t.Errorf("after %s the register has an effective consent of the person", when)
			}
		}
		for d, err := range ws.Register.Retention(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if d.Person == v.person || v.sourceRows[d.SourceKey] {
				t.Errorf("after %s the register has a due action of the person", when)
			}
		}
		events, err := ws.Register.EventsOf(ctx, v.person)
		if err != nil || len(events) > 0 {
			t.Errorf("after %s the register has %d events of the person (%v)", when, len(events), err)
		}
	})
}

// TestConsentOfAnAddressReachesWhoGetsItLater exports a consent of an e-mail address before any contact has it.
func TestConsentOfAnAddressReachesWhoGetsItLater(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s, always := newSite(t, on), loadedSite(t, on)
		v := always.victim(t)
		path := s.export(crmFile, firstNight)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, []byte(strings.ReplaceAll(string(text), v.point, "")))
		s.finish(t, firstNight, pipelines.Finished)
		s.finish(t, firstNight+1, pipelines.Finished)
		point := ""
		s.at(t, func(ws *workspace.Workspace) {
			point = protect.Record(ws.SourceTokens(), "dynamics365", canon.PointPrefix+"email:"+v.point)
			// The workspaces have the same keys, so the same tokens.
			for l, err := range ws.Register.Links(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				if l.Record == point {
					return
				}
			}
			t.Error("the consent belongs to nobody")
		})
	})
}
