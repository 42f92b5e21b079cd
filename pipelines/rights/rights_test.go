package rights

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/mariadbtest"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/policy"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

var ctx = context.Background()

// desk is a workspace with one person, who has a record in the student register.
type desk struct {
	dir    string
	ws     *workspace.Workspace
	pack   *policy.Pack
	person string
	now    time.Time
}

func atDesk(t *testing.T, pack string, f func(t *testing.T, d *desk)) {
	t.Parallel()
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		dir := filepath.Join(t.TempDir(), "ws")
		workspacetest.Init(t, on, dir, "institution: \"10118\"\nsender: {id: campus}\n")
		ws, err := workspace.Open(ctx, dir)
		must(t, err)
		src, _ := policy.Shipped(pack)
		p, err := policy.Parse(pack, src)
		must(t, err)
		d := &desk{dir, ws, p, workspace.PersonOf(ws.Persons(), "S1"), time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)}
		t.Cleanup(func() { must(t, d.ws.Close()) })
		d.named(t, "Esimerkki")
		f(t, d)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// named has the student register give the person a family name.
func (d *desk) named(t *testing.T, name string) {
	t.Helper()
	record, key := strings.Repeat("r", 26), strings.Repeat("k", 26)
	night, err := d.ws.Register.Begin(ctx)
	must(t, err)
	defer night.Rollback()
	must(t, night.Link(ctx, []register.Link{{Record: record, Person: d.person, Since: "nightly-2026-01-30"}}))
	must(t, night.Commit())
	must(t, d.ws.Vault.Put(ctx, "nightly-2026-01-30", []vault.Entry{{SourceKey: key, Record: record, Subject: "S1", Source: "student-register/opiskelijat",
		Names: []vault.Fact{{Table: "person", Column: "family_name", Value: name}}}}))
}

func (d *desk) author(who string) Author { return Author{By: who, At: d.now, Rand: rand.Reader} }

// verbs gives what stands in the audit log, oldest first.
func (d *desk) verbs(t *testing.T) (out []string) {
	t.Helper()
	lines, err := ledger.AuditLines(ctx, d.ws.RegisterDB, ledger.AuditFilter{Limit: 100})
	must(t, err)
	for _, l := range lines {
		out = append(out, string(l.Verb)+" "+strings.SplitN(l.Reason, ":", 2)[0])
	}
	slices.Reverse(out)
	return out
}

func day(t testing.TB, s string) canon.Date {
	t.Helper()
	d, err := canon.ParseDate(s)
	must(t, err)
	return d
}

func TestARequestFromReceiptToOutcome(t *testing.T) {
	atDesk(t, "xamk", func(t *testing.T, d *desk) {
		asked := Asked{Kind: "access", Person: d.person, Scope: "alumni", Office: "dpo", Received: day(t, "2026-01-31"), Proof: "id_card", ProvedBy: "virtanen"}
		r, err := Open(ctx, d.ws, d.pack, asked, d.author("dpo"))
		must(t, err)
		if r.Due != "2026-02-28" || r.Clause != "XAMK-45" || r.Authority == "" || Late(&r, day(t, "2026-02-28")) || !Late(&r, day(t, "2026-03-01")) {
			t.Errorf("%+v", r)
		}
		if r, err = Extend(ctx, d.ws, d.pack, r.ID, "complexity", d.author("dpo")); err != nil || r.Due != "2026-04-30" {
			t.Errorf("%+v %v", r, err)
		}
		if _, err := Extend(ctx, d.ws, d.pack, r.ID, "number", d.author("dpo")); fault.Code(err) != "UOMA-REQ-CLOSED" {
			t.Errorf("put off twice: %v", err)
		}
		if _, err := CloseRequest(ctx, d.ws, r.ID, "refused", "", d.author("dpo")); fault.Code(err) != "UOMA-REQ-OUTCOME" {
			t.Errorf("refused without a ground: %v", err)
		}
		r, err = CloseRequest(ctx, d.ws, r.ID, "partly", "XAMK-49", d.author("dpo"))
		must(t, err)
		if _, err := CloseRequest(ctx, d.ws, r.ID, "done", "", d.author("dpo")); fault.Code(err) != "UOMA-REQ-CLOSED" {
			t.Errorf("closed twice: %v", err)
		}
		all, err := ledger.Requests(ctx, d.ws.RegisterDB)
		if err != nil || len(all) != 1 || all[0] != r || Late(&r, day(t, "2027-01-01")) {
			t.Errorf("%+v, not %+v, %v", all, r, err)
		}
		if got := d.verbs(t); !slices.Equal(got, []string{"subject.request open", "subject.request extend", "subject.request close"}) {
			t.Errorf("the audit log has %q", got)
		}
	})
}

func TestWhatIsNoRequest(t *testing.T) {
	atDesk(t, "metropolia_exam", func(t *testing.T, d *desk) {
		good := Asked{Kind: "access", Office: "student_services", Received: day(t, "2026-01-31"), Proof: "in_person", ProvedBy: "virtanen"}
		for want, change := range map[string]func(*Asked, *Author){
			"":                  func(*Asked, *Author) {},
			"UOMA-REQ-KIND":     func(r *Asked, _ *Author) { r.Kind = "money" },
			"UOMA-REQ-OFFICE":   func(r *Asked, _ *Author) { r.Office = "canteen" },
			"UOMA-REQ-NEEDS":    func(r *Asked, _ *Author) { r.Proof = "" },
			"UOMA-REQ-PROOF":    func(r *Asked, _ *Author) { r.ProvedBy = "" },
			"UOMA-REQ-RECEIVED": func(r *Asked, _ *Author) { r.Received++ },
			"UOMA-SUB-LABEL":    func(r *Asked, _ *Author) { r.Scope = "all that you have of me" },
			"UOMA-SUB-BY":       func(_ *Asked, a *Author) { a.By = "Ville Virtanen" },
		} {
			asked, author := good, d.author("dpo")
			change(&asked, &author)
			if _, err := Open(ctx, d.ws, d.pack, asked, author); fault.Code(err) != want {
				t.Errorf("%v, not %q", err, want)
			}
		}
	})
}

// TestACorrectionIsPendingUntilItsSourceShowsIt holds XAMK-47: what is learnt from the person or a public source updates the
// data, through the source that is its master. A rotation of its key changes nothing of that.
func TestACorrectionIsPendingUntilItsSourceShowsIt(t *testing.T) {
	atDesk(t, "xamk", func(t *testing.T, d *desk) {
		c := Correction{Person: d.person, Field: "person.family_name", Source: "student-register", Value: " Näyte\n", LearntFrom: "public"}
		for want, change := range map[string]func(*Correction){
			"UOMA-SUB-FIELD": func(c *Correction) { c.Field = "person.shoe_size" }, "UOMA-SUB-VALUE": func(c *Correction) { c.Value = " " },
			"UOMA-SUB-SYSTEM": func(c *Correction) { c.Source = "peppi" }, "UOMA-SUB-NOBODY": func(c *Correction) { c.Person = "nobody" },
			"UOMA-SUB-LEARNT": func(c *Correction) { c.LearntFrom = "hearsay" },
		} {
			bad := c
			change(&bad)
			if _, err := Rectify(ctx, d.ws, bad, d.author("dpo")); fault.Code(err) != want {
				t.Errorf("%v, not %s", err, want)
			}
		}
		r, err := Rectify(ctx, d.ws, c, d.author("dpo"))
		must(t, err)
		state := func(want string) {
			t.Helper()
			all, err := Corrections(ctx, d.ws)
			if err != nil || len(all) != 1 || all[0].ID != r.ID || all[0].State != want {
				t.Errorf("%+v, not %s, %v", all, want, err)
			}
		}
		state(Pending)
		d.named(t, "NÄYTE")
		state(Shown)
		before, err := ledger.Rectifications(ctx, d.ws.RegisterDB)
		must(t, err)
		must(t, d.ws.Close())
		d.ws = workspacetest.Rotate(t, d.dir, d.now, workspace.WantedTokens)
		state(Shown)
		after, err := ledger.Rectifications(ctx, d.ws.RegisterDB)
		must(t, err)
		if after[0].Wanted == before[0].Wanted || strings.Contains(workspacetest.Dump(t, d.ws.RegisterDB)["rectification"], before[0].Wanted) {
			t.Error("the value's token of before the rotation is still there")
		}
		before[0].Wanted = after[0].Wanted
		if after[0] != before[0] {
			t.Errorf("%+v, not %+v", after[0], before[0])
		}
		d.named(t, "Muu")
		state(Pending)
		night, err := d.ws.Register.Begin(ctx)
		must(t, err)
		defer night.Rollback()
		_, err = night.Erase(ctx, []string{strings.Repeat("r", 26)})
		must(t, err)
		must(t, night.Commit())
		state(Gone)
		for table, rows := range workspacetest.Dump(t, d.ws.RegisterDB) {
			if strings.Contains(strings.ToLower(rows), "näyte") {
				t.Errorf("%s holds the value", table)
			}
		}
	})
}

// TestABreachIsToldInTime holds METRO-56 and METRO-57: breaches are logged, the authority is told within 72 hours, and people
// where their risk is high.
func TestABreachIsToldInTime(t *testing.T) {
	atDesk(t, "metropolia_exam", func(t *testing.T, d *desk) {
		b, err := NoteBreach(ctx, d.ws, ledger.Breach{Kind: "access", Place: "exam", Risk: "high", People: 12, KnownAt: d.now.Add(-time.Hour).UnixMicro()}, d.author("dpo"))
		must(t, err)
		_, err = NoteBreach(ctx, d.ws, ledger.Breach{Kind: "loss", Place: "exam", Risk: "none", KnownAt: d.now.UnixMicro()}, d.author("dpo"))
		must(t, err)
		look := func(after time.Duration) BreachState {
			t.Helper()
			all, err := Breaches(ctx, d.ws, d.now.Add(after))
			if err != nil || len(all) != 2 || all[1].Late || len(all[1].Owed) > 0 {
				t.Fatalf("%+v %v", all, err)
			}
			return all[0]
		}
		if s := look(70 * time.Hour); s.Late || !slices.Equal(s.Owed, []string{"authority", "people"}) {
			t.Errorf("%+v", s)
		}
		if s := look(72 * time.Hour); !s.Late {
			t.Errorf("%+v", s)
		}
		d.now = d.now.Add(24 * time.Hour)
		must(t, NoteTold(ctx, d.ws, b.ID, "authority", d.now, d.author("dpo")))
		if s := look(99 * time.Hour); s.Late || !slices.Equal(s.Owed, []string{"people"}) {
			t.Errorf("%+v", s)
		}
		if err := NoteTold(ctx, d.ws, "2026-00000000", "authority", d.now, d.author("dpo")); fault.Code(err) != "UOMA-BRC-NONE" {
			t.Error(err)
		}
		if err := NoteTold(ctx, d.ws, b.ID, "press", d.now, d.author("dpo")); fault.Code(err) != "UOMA-BRC-TOLD" {
			t.Error(err)
		}
	})
}

// TestADisclosureByLawNamesItsGround holds LJMU-56 where it is not the pack's: two people stand behind each, and its ground and
// case are kept.
func TestADisclosureByLawNamesItsGround(t *testing.T) {
	atDesk(t, "ljmu", func(t *testing.T, d *desk) {
		good := ledger.LegalDisclosure{Person: d.person, Recipient: "police", Ground: "DPA 2018 sch 2 (2)", Case: "C-17", ApprovedBy: "secretary", DisclosedAt: d.now.UnixMicro()}
		for want, change := range map[string]func(*ledger.LegalDisclosure){
			"UOMA-SUB-APPROVE": func(x *ledger.LegalDisclosure) { x.ApprovedBy = "dpo" }, "UOMA-SUB-GROUND": func(x *ledger.LegalDisclosure) { x.Ground = "" },
			"UOMA-SUB-NOBODY": func(x *ledger.LegalDisclosure) { x.Person = "nobody" },
		} {
			bad := good
			change(&bad)
			if _, err := Disclose(ctx, d.ws, d.pack, bad, []string{"contact"}, d.author("dpo")); fault.Code(err) != want {
				t.Errorf("%v, not %s", err, want)
			}
		}
		if _, err := Disclose(ctx, d.ws, d.pack, good, []string{"everything"}, d.author("dpo")); fault.Code(err) != "UOMA-SUB-CATEGORY" {
			t.Error(err)
		}
		x, err := Disclose(ctx, d.ws, d.pack, good, []string{"contact", "education"}, d.author("dpo"))
		must(t, err)
		all, err := ledger.LegalDisclosures(ctx, d.ws.RegisterDB)
		if err != nil || len(all) != 1 || all[0] != x || x.Categories != "contact,education" {
			t.Errorf("%+v %v", all, err)
		}
		if got := d.verbs(t); !slices.Equal(got, []string{"disclosure.law " + x.ID}) {
			t.Errorf("the audit log has %q", got)
		}
	})
}

func TestWhatIsNoWord(t *testing.T) {
	atDesk(t, "xamk", func(t *testing.T, d *desk) {
		good := Statement{Kind: register.ConsentWord, About: "newsletter", State: "granted", TextVersion: "2026-01", Via: "form", Channel: "email"}
		for want, change := range map[string]func(*Statement){
			"": func(*Statement) {}, "UOMA-SUB-TEXT": func(s *Statement) { s.TextVersion = "" }, "UOMA-SUB-STATE": func(s *Statement) { s.State = "unknown" },
			"UOMA-SUB-PURPOSE": func(s *Statement) { s.About = "career_monitoring" }, "UOMA-SUB-CHANNEL": func(s *Statement) { s.Channel = "pigeon" },
			"UOMA-SUB-VIA": func(s *Statement) { s.Via = "dream" }, "UOMA-SUB-WHEN": func(s *Statement) { s.At = d.now.Add(time.Hour) },
			"UOMA-SUB-LABEL": func(s *Statement) { s.TextVersion = "the one she liked" }, "UOMA-SUB-HOLD": func(s *Statement) { s.Kind, s.State = register.HoldWord, register.Stands },
			"UOMA-SUB-SCOPE":  func(s *Statement) { s.Kind, s.State = register.ObjectionWord, register.Stands },
			"UOMA-SUB-UNTIL":  func(s *Statement) { s.Kind, s.State, s.Until = register.RestrictionWord, register.Stands, "2026-01-30" },
			"UOMA-SUB-STANDS": func(s *Statement) { s.Kind, s.About, s.State = register.HoldWord, "legal_claim", register.Lifted },
		} {
			said := good
			change(&said)
			if _, err := Say(ctx, d.ws, d.pack, d.person, []Statement{said}, d.author("dpo")); fault.Code(err) != want {
				t.Errorf("%v, not %q", err, want)
			}
		}
		book, err := Book(ctx, d.ws, d.person)
		if err != nil || len(book) != 1 || book[0].State != "granted" || book[0].NotedBy != "dpo" || book[0].TextVersion != "2026-01" {
			t.Errorf("%+v %v", book, err)
		}
		if got := d.verbs(t); !slices.Equal(got, []string{"subject.word consent"}) {
			t.Errorf("the audit log has %q", got)
		}
		for purpose, want := range map[string]int{"": 3, "marketing": 1, "career_monitoring": 2} {
			if scopes, err := ObjectedBy(d.pack, purpose); err != nil || len(scopes) != want {
				t.Errorf("%q: %q %v", purpose, scopes, err)
			}
		}
		if _, err := ObjectedBy(d.pack, "profiling"); fault.Code(err) != "UOMA-SUB-SCOPE" {
			t.Error(err)
		}
	})
}

// A source says which version of a text somebody agreed to, and the pack which text that was: of the purpose. What was written
// down with the word stays.
func TestATextIsNamedByItsVersion(t *testing.T) {
	src, _ := policy.Shipped("xamk")
	one, other := strings.Repeat("1a", 32), strings.Repeat("2b", 32)
	line := "- {purpose: newsletter, "
	if strings.Count(string(src), line) != 1 {
		t.Fatal("the pack asks otherwise for the newsletter")
	}
	texts := "texts: [{version: \"3\", sha256: " + one + "}, {version: \"4\", sha256: " + other + "}], "
	p, err := policy.Parse("xamk.yaml", []byte(strings.Replace(string(src), line, line+texts, 1)))
	if err != nil {
		t.Fatal(err)
	}
	consent := func(about, version, digest string) Entry {
		return Entry{Kind: register.ConsentWord, About: about, TextVersion: version, TextDigest: digest, Source: "webforms/consents"}
	}
	for _, tt := range []struct {
		e    Entry
		want string
	}{
		{consent("newsletter", "3", ""), one},
		{consent("newsletter", "3", other), other},
		{consent("newsletter", "4", ""), other},
		{consent("newsletter", "5", ""), ""},
		{consent("newsletter", "", ""), ""},
		{consent("events", "3", ""), ""},
		{Entry{Kind: register.ObjectionWord, About: "newsletter", TextVersion: "3"}, ""},
	} {
		book := []Entry{tt.e}
		if NameTexts(book, p); book[0].TextDigest != tt.want {
			t.Errorf("%+v: %q", tt.e, book[0].TextDigest)
		}
	}
	if _, err := policy.Parse("xamk.yaml", []byte(strings.Replace(string(src), line, line+"texts: [{version: \"3\", sha256: abc}], ", 1))); fault.Code(err) != "UOMA-CFG-SCHEMA" {
		t.Errorf("a digest that is none: %v", err)
	}
}
