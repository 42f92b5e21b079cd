package nightly_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// tiny is a site over a handful of rows written by hand, under a notice of its own.
type tiny struct {
	site
	feeds map[string]string // header by feed's file pattern
}

const examLayouts = `system: exam
title: Exams
controller: "10065"
dates: [yyyy-MM-dd]
feeds:
- name: results
  file: "results_{yyyyMMdd}.csv"
  format: {type: csv, delimiter: ";"}
  guard: {removed: 100, shrink: 100}
  key: [attempt]
  person: [user]
  columns:
  - {name: attempt, required: true, to: exam.key}
  - {name: user, required: true, to: person.source_key}
  - {name: family, as: name, required: true, to: person.family_name}
  - {name: given, as: name, required: true, to: person.given_names}
  - {name: mail, as: email, to: email.institution}
  - {name: taken, as: date, to: exam.date}
  - {name: published, as: instant, to: exam.published_at}
  - {name: grade, to: exam.grade}
`

const axisLayout = `system: axis
title: Cameras
controller: "10065"
dates: [yyyy-MM-dd]
feeds:
- name: recordings
  file: "recordings_{yyyyMMdd}.csv"
  format: {type: csv, delimiter: ";"}
  guard: {removed: 100, shrink: 100}
  key: [recording]
  person: [user]
  columns:
  - {name: recording, required: true, to: recording.key}
  - {name: user, required: true, to: person.source_key}
  - {name: family, as: name, required: true, to: person.family_name}
  - {name: given, as: name, required: true, to: person.given_names}
  - {name: camera, to: recording.camera}
  - {name: start, as: instant, to: recording.start}
  - {name: case, as: bool, to: recording.hold}
`

const miraLayout = `system: mira
title: Mira
controller: "10065"
dates: [yyyy-MM-dd]
feeds:
- name: alumni
  file: "alumni_{yyyyMMdd}.csv"
  format: {type: csv, delimiter: ";"}
  guard: {removed: 100, shrink: 100}
  key: [member]
  person: [member]
  columns:
  - {name: member, required: true, to: person.source_key}
  - {name: family, as: name, required: true, to: person.family_name}
  - {name: given, as: name, required: true, to: person.given_names}
  - {name: mail, as: email, to: email.personal}
  - {name: joined, as: instant, to: role.alumnus.from}
  - {name: left, as: instant, to: role.alumnus.to}
  - {name: employer, to: employment.employer}
- name: events
  file: "events_{yyyyMMdd}.csv"
  format: {type: csv, delimiter: ";"}
  guard: {removed: 100, shrink: 100}
  key: [registration]
  person: [guest]
  columns:
  - {name: registration, required: true, to: event.key}
  - {name: guest, required: true, to: person.source_key}
  - {name: family, as: name, required: true, to: person.family_name}
  - {name: given, as: name, required: true, to: person.given_names}
  - {name: mail, as: email, to: email.personal}
  - {name: event, to: event.name}
  - {name: day, as: date, to: event.date}
  - {name: came, as: bool, to: event.attended}
  - {name: employer, to: employment.employer}
  - {name: paid, as: date, to: payment.date}
- name: words
  file: "words_{yyyyMMdd}.csv"
  format: {type: csv, delimiter: ";"}
  guard: {removed: 100, shrink: 100}
  key: [member, purpose]
  person: [member]
  columns:
  - {name: member, required: true}
  - {name: purpose, required: true, to: consent.purpose}
  - {name: channel, required: true, codes: {email: email}, to: consent.channel}
  - {name: state, required: true, codes: {granted: granted, withdrawn: withdrawn}, to: consent.state}
  - {name: time, as: instant, to: consent.time}
`

func newTiny(t *testing.T, on databasetest.Kind, policy string, layouts map[string]string) tiny {
	t.Helper()
	s := tiny{siteIn(t.TempDir(), on), map[string]string{
		"exam/results_%s.csv":    "attempt;user;family;given;mail;taken;published;grade",
		"axis/recordings_%s.csv": "recording;user;family;given;camera;start;case",
		"mira/alumni_%s.csv":     "member;family;given;mail;joined;left;employer",
		"mira/events_%s.csv":     "registration;guest;family;given;mail;event;day;came;employer;paid",
		"mira/words_%s.csv":      "member;purpose;channel;state;time",
	}}
	systems := slices.Sorted(maps.Keys(layouts))
	text := "institution: \"10065\"\npolicy: " + policy + "\nsender: {id: tiny}\ninbox: ../campus/inbox\nsystems: [" + strings.Join(systems, ", ") + "]\n"
	workspacetest.Init(t, on, s.dir, text)
	for system, l := range layouts {
		write(t, filepath.Join(s.dir, workspace.LayoutDir, system+".yaml"), []byte(l))
		if err := os.MkdirAll(filepath.Join(s.campus, "inbox", system), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// set adds a line to the workspace's settings.
func (s tiny) set(t *testing.T, line string) {
	t.Helper()
	path := filepath.Join(s.dir, workspace.FileName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, append(text, line+"\n"...))
}

// put writes an export of a night.
func (s tiny) put(t *testing.T, pattern string, d canon.Date, rows ...string) {
	t.Helper()
	write(t, s.export(pattern, d), []byte(s.feeds[pattern]+"\n"+strings.Join(rows, "\n")+"\n"))
}

// evening is the clock of a command on a date.
func evening(d canon.Date) func() time.Time {
	return func() time.Time { return d.Time().Add(20 * time.Hour) }
}

// underLease runs f on a night that holds the nightly's lease.
func (s site) underLease(t testing.TB, date canon.Date, p pipelines.Progress, f func(ctx context.Context, n *nightly.Night, r *pipelines.Run) error) (err error) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		r := newRun(date)
		r.Now, r.Progress = evening(date), p
		pack, layouts := documents(t, ws, date)
		j := ws.NewJournal("test", "", pack.Digest())
		ctx, herr := j.Hold(context.Background(), r)
		if herr != nil {
			t.Fatal(herr)
		}
		defer j.Free(context.Background())
		n := nightly.New(ws, layouts, pack, nil, j.Check)
		defer n.Close()
		of := *r
		of.Pipeline = "retention"
		err = f(ctx, n, &of)
	})
	return err
}

var approved = nightly.Order{By: "one", ApprovedBy: "two"}

// apply carries out what is due.
func (s site) apply(t testing.TB, date canon.Date, o nightly.Order) (out nightly.Applied, err error) {
	t.Helper()
	return s.applyWatched(t, date, o, quiet{})
}

func (s site) applyWatched(t testing.TB, date canon.Date, o nightly.Order, p pipelines.Progress) (out nightly.Applied, err error) {
	t.Helper()
	err = s.underLease(t, date, p, func(ctx context.Context, n *nightly.Night, r *pipelines.Run) (err error) {
		if o.ApprovedBy != "" && o.Plan == "" {
			o.Plan = s.plan(t, date)
		}
		out, err = n.ApplyRetention(ctx, r, "nightly", o)
		return err
	})
	return out, err
}

// plan gives the digest of what is due, as the second person sees it.
func (s site) plan(t testing.TB, date canon.Date) (digest string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		plan, err := nightly.RetentionPlan(context.Background(), ws, date)
		if err != nil {
			t.Fatal(err)
		}
		digest = plan.Digest()
	})
	return digest
}

func (s site) mustApply(t testing.TB, date canon.Date) nightly.Applied {
	t.Helper()
	out, err := s.apply(t, date, approved)
	if err != nil {
		t.Fatal(err)
	}
	s.rowsAreFound(t)
	return out
}

// cells gives the values of a column of a register's table, sorted.
func (s site) cells(t testing.TB, table, column string) (out []string) {
	t.Helper()
	return s.cellsOf(t, table, column, register.All)
}

// current gives those of rows that have not ended.
func (s site) current(t testing.TB, table, column string) []string {
	t.Helper()
	return s.cellsOf(t, table, column, register.Current)
}

func (s site) cellsOf(t testing.TB, table, column string, which register.Which) (out []string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for b, err := range ws.Register.Read(context.Background(), table, []string{column}, which) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Len() {
				out = append(out, string(b.Col(0).AppendTo(nil, i)))
			}
		}
	})
	slices.Sort(out)
	return out
}

// names gives the family names in the vault, sorted.
func (s site) names(t testing.TB) (out []string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for e, err := range ws.Vault.Open(context.Background(), nil, vault.Names) {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range e.Names {
				if f.Column == "family_name" {
					out = append(out, f.Value)
				}
			}
		}
	})
	slices.Sort(out)
	return out
}

func same(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// examSite has recordings and results on both sides of their last day on the first night.
func examSite(t *testing.T, on databasetest.Kind) tiny {
	s := newTiny(t, on, "metropolia_exam", map[string]string{"exam": examLayouts, "axis": axisLayout})
	for n := range canon.Date(5) {
		s.put(t, "axis/recordings_%s.csv", firstNight+n,
			"r1;u1;Alpha;Anna;old;2026-08-20T09:00:00Z;false", // the last day is 18 November
			"r2;u2;Beta;Bo;case;2026-08-20T09:00:00Z;true",
			"r3;u3;Gamma;Gun;last day;2026-08-23T09:00:00Z;false",
			"r4;u4;Delta;Dan;new;2026-11-10T09:00:00Z;false")
		s.put(t, "exam/results_%s.csv", firstNight+n,
			"e1;u1;Alpha;Anna;anna@exam.example;2025-11-01;2025-11-20T09:00:00Z;over",
			"e2;u2;Beta;Bo;bo@exam.example;2025-11-01;2025-11-21T09:00:00Z;last day",
			"e3;u3;Gamma;Gun;gun@exam.example;2026-11-01;2026-11-10T09:00:00Z;new")
	}
	return s
}

// TestThreat_T26_WhatIsDueGoesAndStaysAway carries out the periods of an exam service and goes on exporting the rows. It
// holds METRO-39, METRO-40 and METRO-41.
func TestThreat_T26_WhatIsDueGoesAndStaysAway(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := examSite(t, on)
		s.finish(t, firstNight, pipelines.Finished)
		same(t, "recordings", s.cells(t, "recording", "camera"), "old", "case", "last day", "new")
		out := s.mustApply(t, firstNight)
		if out.Held != 1 || out.Actions["delete"] != 2 || out.Touched == 0 {
			t.Errorf("%+v", out)
		}
		same(t, "recordings", s.cells(t, "recording", "camera"), "case", "last day", "new")
		same(t, "results", s.cells(t, "exam", "grade"), "last day", "new")
		if out := s.mustApply(t, firstNight); len(out.Actions) != 0 || out.Rows != 0 {
			t.Errorf("applied twice: %+v", out)
		}
		// The same rows the next night, and every row decided anew on the one after it.
		s.finish(t, firstNight+1, pipelines.Finished)
		same(t, "recordings of the next night", s.cells(t, "recording", "camera"), "case", "last day", "new")
		s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+1).String()) })
		s.mustApply(t, firstNight+1)
		same(t, "recordings", s.cells(t, "recording", "camera"), "case", "new")
		same(t, "results", s.cells(t, "exam", "grade"), "new")
		s.touchLayouts(t)
		s.finish(t, firstNight+2, pipelines.Finished)
		same(t, "recordings, decided anew", s.cells(t, "recording", "camera"), "case", "new")
		same(t, "results, decided anew", s.cells(t, "exam", "grade"), "new")
		// The case is closed; a row that lapsed changes otherwise; of another the date was wrong.
		s.put(t, "axis/recordings_%s.csv", firstNight+3,
			"r1;u1;Alpha;Anna;other camera;2026-08-20T09:00:00Z;false",
			"r2;u2;Beta;Bo;case;2026-08-20T09:00:00Z;false",
			"r3;u3;Gamma;Gun;corrected;2026-11-20T09:00:00Z;false",
			"r4;u4;Delta;Dan;new;2026-11-10T09:00:00Z;false")
		s.finish(t, firstNight+3, pipelines.Finished)
		same(t, "recordings", s.cells(t, "recording", "camera"), "case", "corrected", "new")
		s.mustApply(t, firstNight+3)
		same(t, "recordings", s.cells(t, "recording", "camera"), "corrected", "new")
		s.finish(t, firstNight+4, pipelines.Finished)
		s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+4).String()) })
	})
}

// touchLayouts makes the next night decide every row anew.
func (s site) touchLayouts(t testing.TB) {
	t.Helper()
	path := filepath.Join(s.dir, workspace.FileName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, append(b, "# another text, another configuration\n"...))
}

// TestThreat_T26_TwoPeopleAndTheRightDay holds what one person may not do alone, and dates on which nothing may go.
func TestThreat_T26_TwoPeopleAndTheRightDay(t *testing.T) {
	s := examSite(t, databasetest.OnSQLite)
	s.finish(t, firstNight, pipelines.Finished)
	s.finish(t, firstNight+1, pipelines.Finished)
	for name, tt := range map[string]struct {
		date canon.Date
		o    nightly.Order
		code string
	}{
		"alone":            {firstNight + 1, nightly.Order{By: "one"}, "UOMA-RET-SHARE"},
		"as somebody else": {firstNight + 1, nightly.Order{By: "one", Login: "two", ApprovedBy: "two"}, "UOMA-RET-PERSON"},
		"of another plan":  {firstNight + 1, nightly.Order{By: "one", ApprovedBy: "two", Plan: "0f2c"}, "UOMA-RET-PLAN"},
		"with oneself":     {firstNight + 1, nightly.Order{By: "one", ApprovedBy: " One"}, "UOMA-RET-PERSON"},
		"before the night": {firstNight, approved, "UOMA-RET-DATE"},
	} {
		if _, err := s.apply(t, tt.date, tt.o); fault.Code(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := s.underLease(t, firstNight+1, quiet{}, func(ctx context.Context, n *nightly.Night, r *pipelines.Run) error {
		r.Date++ // a day to come
		_, err := n.ApplyRetention(ctx, r, "nightly", approved)
		return err
	})
	if fault.Code(err) != "UOMA-RET-DATE" {
		t.Errorf("a day to come: %v", err)
	}
	same(t, "recordings", s.cells(t, "recording", "camera"), "old", "case", "last day", "new")
	s.mustApply(t, firstNight+1)
	s.at(t, func(ws *workspace.Workspace) {
		run, ok, err := ledger.FindRun(context.Background(), ws.RegisterDB, "retention-"+(firstNight+1).String())
		if err != nil || !ok || run.State != ledger.Finished || !strings.Contains(run.Facts, `"approved_by":"two"`) {
			t.Errorf("the ledger says %+v %v", run, err)
		}
		lines, err := ledger.AuditLines(context.Background(), ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.RetentionAction), Limit: 100})
		if err != nil || len(lines) != 4 || !strings.HasPrefix(lines[0].Reason, "METRO-") || lines[0].Actor != "tester" {
			t.Errorf("the audit log says %+v %v", lines, err)
		}
	})
}

// TestThreat_T26_AWordForAPlanIsUsedOnce: where operators are named the second person's word is for the plan that they looked
// at, and for one run of it.
func TestThreat_T26_AWordForAPlanIsUsedOnce(t *testing.T) {
	t.Parallel()
	s, date := examSite(t, databasetest.OnSQLite), firstNight+1
	s.finish(t, firstNight, pipelines.Finished)
	s.finish(t, date, pipelines.Finished)
	write(t, filepath.Join(s.dir, workspace.OperatorsFile), []byte("operators:\n- account: two\n  roles: [{role: registrar, from: 2026-01-01}]\n"))
	note := func(verb ledger.Verb, actor, reason, run string) {
		s.at(t, func(ws *workspace.Workspace) {
			if err := ws.Note(context.Background(), ledger.Entry{At: evening(date)().UnixMicro(), Actor: actor, Verb: verb, Reason: reason, Run: run}); err != nil {
				t.Fatal(err)
			}
		})
	}
	refused := func(why string) {
		t.Helper()
		if _, err := s.apply(t, date, approved); fault.Code(err) != "UOMA-RET-PLAN" {
			t.Errorf("%s: %v", why, err)
		}
	}
	refused("nobody said a word")
	var word string
	s.at(t, func(ws *workspace.Workspace) {
		if _, err := nightly.ApproveRetention(context.Background(), ws, date, "0f2c"); fault.Code(err) != "UOMA-RET-PLAN" {
			t.Errorf("a word for a plan that nobody saw: %v", err)
		}
		reference, err := nightly.ApproveRetention(context.Background(), ws, date, s.plan(t, date))
		if err != nil {
			t.Fatal(err)
		}
		word = nightly.RetentionAct + ":" + reference
	})
	note(ledger.ActApproved, "two", nightly.RetentionAct+":"+date.String()+":0f2c", "")
	refused("another plan")
	note(ledger.ActApproved, "three", word, "")
	refused("somebody else")
	note(ledger.ActApproved, "two", word, "")
	note(ledger.ActUsed, "one", word, "retention-of-before")
	refused("a word that was used")
	note(ledger.ActApproved, "two", word, "")
	before := filepath.Join(t.TempDir(), "before")
	workspacetest.Copy(t, s.dir, before)
	out := s.mustApply(t, date)
	s.at(t, func(ws *workspace.Workspace) {
		used, err := ws.Audit.Lines(context.Background(), ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.ActUsed), Run: out.Run, Limit: 10})
		if err != nil || len(used) != 1 || used[0].Reason != word {
			t.Errorf("%+v %v", used, err)
		}
	})
	for _, table := range []string{"recording", "exam", "link"} { // rows that come back behind the program's back are due again
		workspacetest.Exec(t, s.dir, workspacetest.Register, "ATTACH DATABASE '"+filepath.Join(before, "register.db")+"' AS `before`",
			"INSERT OR IGNORE INTO `"+table+"` SELECT * FROM `before`.`"+table+"`")
	}
	if plan := s.plan(t, date); plan != out.Plan {
		t.Fatalf("the plan is %s, not %s again", plan, out.Plan)
	}
	refused("a word of which this program made use")
	note(ledger.ActApproved, "two", word, "")
	if again := s.mustApply(t, date); again.Plan != out.Plan || again.Run == out.Run {
		t.Errorf("said anew: %+v", again)
	}
}

// killer kills the program at a step.
type killer struct {
	quiet
	step string
	end  bool
}

func (k killer) Begin(step string) {
	if step == k.step && !k.end {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}

func (k killer) End(step string, _ time.Duration) {
	if step == k.step && k.end {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}

// killedAt gives the steps at whose beginning, or with ! at whose end, the run is killed. The end of a step is the beginning of
// the next but where another store has committed; a server looks after its files itself.
func killedAt(on databasetest.Kind) []string {
	if on == databasetest.OnMariaDB {
		return []string{"vault!", "scrub"}
	}
	return []string{"audit", "words", "register", "vault", "vault!", "commit", "scrub", "files", "files!"}
}

// kill applies retention on the first night, or the second ("@2"), and kills the run in a step, or at its end ("!").
func (s site) kill(t *testing.T, step string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestApplyAsAChild$", "-test.count=1")
	child.Env = append(os.Environ(), "UOMA_TEST_APPLY="+filepath.Dir(s.dir)+"|"+step)
	out, err := child.CombinedOutput()
	if err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("%s: the child was not killed: %v\n%s", step, err, out)
	}
	s.freeLease(t)
}

// TestApplyAsAChild is the child of [site.kill], and nothing without it.
func TestApplyAsAChild(t *testing.T) {
	dir, step, ok := strings.Cut(os.Getenv("UOMA_TEST_APPLY"), "|")
	if !ok {
		return
	}
	step, second := strings.CutSuffix(step, "@2")
	step, end := strings.CutSuffix(step, "!")
	date := firstNight
	if second {
		date++
	}
	s := siteIn(dir, databasetest.OnSQLite) // whichever: the stores exist
	if _, err := s.applyWatched(t, date, approved, killer{step: step, end: end}); err != nil {
		t.Fatal(err)
	}
}

// TestThreat_T29_KilledRetention kills a run that applies retention (SIGKILL) at each step, and holds the one that follows to
// the same end as one that was left alone.
func TestThreat_T29_KilledRetention(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		base := miraSite(t, on)
		base.finish(t, firstNight, pipelines.Finished)
		alone := base.copy(t)
		alone.mustApply(t, firstNight)
		want := alone.after(t)
		for _, step := range killedAt(on) {
			s := base.copy(t)
			s.kill(t, step)
			s.mustApply(t, firstNight)
			if got := s.after(t); got != want {
				t.Errorf("killed in %s, the next run ends otherwise:\n%s\nnot\n%s", step, got, want)
			}
		}
	})
}

// after is what an application of retention must leave the same however it came about.
func (s site) after(t testing.TB) string {
	t.Helper()
	o := s.outcome(t, "nightly-"+firstNight.String())
	words, keys := "", 0
	s.at(t, func(ws *workspace.Workspace) {
		words = workspacetest.Dump(t, ws.VaultDB)["kept_word"]
		if err := ws.VaultDB.Get(&keys, "SELECT COUNT(*) FROM `subject`"); err != nil {
			t.Fatal(err)
		}
	})
	kept := files(t, s.dir, func(path string) bool {
		return strings.HasPrefix(path, "state/") || strings.HasPrefix(path, "snapshots/") || strings.HasPrefix(path, "quarantine/")
	})
	return fmt.Sprint(o, words, keys, len(kept))
}

// miraSite has events of some and of few guests, an alumnus who left, and their words.
func miraSite(t *testing.T, on databasetest.Kind) tiny {
	s := newTiny(t, on, "nmbu", map[string]string{"mira": miraLayout})
	var guests []string
	for g := range 25 {
		guests = append(guests, guest("Spring", "2025-03-01", g, g < 14))
	}
	for g := range 4 {
		guests = append(guests, guest("Tiny", "2025-04-01", 30+g, true))
	}
	guests = append(guests, guest("Autumn", "2026-11-01", 40, true))
	for n := range canon.Date(4) {
		s.put(t, "mira/events_%s.csv", firstNight+n, guests...)
		s.put(t, "mira/alumni_%s.csv", firstNight+n,
			"m1;Stayer;Siri;siri@mail.example;2020-01-01T09:00:00Z;;Farm",
			"m2;Leaver;Lars;lars@mail.example;2020-01-01T09:00:00Z;2026-11-20T09:00:00Z;Mill")
		s.put(t, "mira/words_%s.csv", firstNight+n,
			"m1;member_info;email;granted;2020-01-01T09:00:00Z",
			"m2;member_info;email;withdrawn;2026-11-01T09:00:00Z")
	}
	return s
}

func guest(event, day string, n int, came bool) string {
	return fmt.Sprintf("g%d;p%d;Guest%c%c;Given%c;g%d@guest.example;%s;%s;%t;Works %d;%s", n, n, 'a'+n%26, 'a'+n/26, 'a'+n%26, n, event, day, came, n, day)
}

// TestAnonymousIsAnonymous lets an event's data go and tries to link what stays back to its guests. It holds NMBU-41 and
// NMBU-56.
func TestAnonymousIsAnonymous(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		counts := func(change func(s tiny)) (string, tiny) {
			s := miraSite(t, on)
			if change != nil {
				change(s)
			}
			s.finish(t, firstNight, pipelines.Finished)
			s.mustApply(t, firstNight)
			text := ""
			s.at(t, func(ws *workspace.Workspace) { text = workspacetest.Dump(t, ws.RegisterDB)["anonymous_count"] })
			return text, s
		}
		text, s := counts(nil)
		lines := strings.Split(strings.TrimSpace(text), "\n")
		same(t, "counts", lines,
			"mira/events event event Spring 2025 people 25", "mira/events event event Spring 2025 attended 14",
			"mira/events event_payment payment  2025 people 29")
		same(t, "events", s.cells(t, "event", "name"), "Autumn")
		same(t, "payments", s.cells(t, "payment", "date"), "2026-11-01")
		same(t, "employers", s.cells(t, "employment", "employer"), "Works 40", "Farm")
		same(t, "names", s.names(t), "Guesto"+"b", "Stayer")
		s.at(t, func(ws *workspace.Workspace) { // nothing that stays names a row, a record or a person
			tokens := map[string]bool{}
			for l, err := range ws.Register.Lapses(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				tokens[l.SourceKey], tokens[l.Person] = true, true
			}
			for token := range tokens {
				if token != "" && strings.Contains(text, token) {
					t.Error("a count has a token of a person or row")
				}
			}
		})
		// A later night does not bring it back, and the counts do not grow.
		s.finish(t, firstNight+1, pipelines.Finished)
		s.mustApply(t, firstNight+1)
		same(t, "events", s.cells(t, "event", "name"), "Autumn")
		s.at(t, func(ws *workspace.Workspace) {
			if again := workspacetest.Dump(t, ws.RegisterDB)["anonymous_count"]; again != text {
				t.Errorf("counts of the next night:\n%s", again)
			}
		})
		// Who came of those who are known to have been invited, and whether somebody was at the small event: whoever has the
		// counts cannot tell, as other truths give the same.
		if on != databasetest.OnSQLite {
			return
		}
		swapped, _ := counts(func(s tiny) {
			var guests []string
			for g := range 25 {
				guests = append(guests, guest("Spring", "2025-03-01", g, g >= 11))
			}
			for g := range 4 {
				guests = append(guests, guest("Tiny", "2025-04-01", 50+g, false))
			}
			s.put(t, "mira/events_%s.csv", firstNight, guests...)
		})
		if swapped != text {
			t.Errorf("the counts tell who came:\n%s\n%s", text, swapped)
		}
	})
}

// TestThreat_T26_ALeaverIsGoneAndMayComeBack lets everything go that is due on a campus, and goes on exporting it: nothing is due
// twice, nothing comes back though every row is decided anew, and a replay of the past leaves it out. It holds XAMK-34,
// XAMK-35 and XAMK-36.
func TestThreat_T26_ALeaverIsGoneAndMayComeBack(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.night(t, firstNight+1)
		var before []register.Due
		s.at(t, func(ws *workspace.Workspace) { before = planFor(t, ws, firstNight+1) })
		out := s.mustApply(t, firstNight+1)
		if out.Actions["delete"]+out.Actions["suppress"] != len(before) || out.Rows == 0 || out.Entries == 0 {
			t.Fatalf("%d were due: %+v", len(before), out)
		}
		absent := func(when string) {
			t.Helper()
			s.at(t, func(ws *workspace.Workspace) {
				if now := planFor(t, ws, firstNight+1); len(now) > 0 {
					t.Errorf("%s: %d are due again, as %+v", when, len(now), now[0])
				}
				gone := map[string]map[string]bool{}
				for _, d := range before {
					if gone[d.SourceKey] == nil {
						gone[d.SourceKey] = map[string]bool{}
					}
					gone[d.SourceKey][d.Category] = true
				}
				for _, table := range register.Tables() {
					for b, err := range ws.Register.Read(context.Background(), table.Name, []string{"source_key", "category"}, register.All) {
						if err != nil {
							t.Fatal(err)
						}
						for i := range b.Len() {
							if gone[b.Col(0).Text(i)][b.Col(1).Text(i)] {
								t.Errorf("%s: a row of %s is here that had lapsed", when, table.Name)
							}
						}
					}
				}
			})
		}
		absent("applied")
		s.night(t, firstNight+2)
		s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+2).String()) })
		absent("the next night")
		s.touchLayouts(t)
		s.night(t, firstNight+3)
		absent("decided anew")
	})
}

// TestWordsOutliveTheData lets somebody's data go who left, and brings them back. It holds NMBU-19 and XAMK-48.
func TestWordsOutliveTheData(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := miraSite(t, on)
		s.finish(t, firstNight, pipelines.Finished)
		s.mustApply(t, firstNight)
		s.finish(t, firstNight+1, pipelines.Finished)
		same(t, "states", s.cells(t, "consent", "state"), "granted")
		s.put(t, "mira/alumni_%s.csv", firstNight+2, "m1;Stayer;Siri;siri@mail.example;2020-01-01T09:00:00Z;;Farm",
			"m2;Leaver;Lars;lars@mail.example;2026-11-22T09:00:00Z;;Mill") // joined again
		s.put(t, "mira/words_%s.csv", firstNight+2, "m1;member_info;email;granted;2020-01-01T09:00:00Z")
		s.finish(t, firstNight+2, pipelines.Finished)
		if names := s.names(t); !slices.Contains(names, "Leaver") {
			t.Fatalf("who joined again is not here: %q", names)
		}
		s.at(t, func(ws *workspace.Workspace) {
			withdrawn := 0
			for c, err := range ws.Register.Consents(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				if c.State == "withdrawn" && c.Purpose == "member_info" {
					withdrawn++
				}
			}
			if withdrawn == 0 {
				t.Error("the word that was kept does not count")
			}
		})
	})
}

// TestThreat_T26_WhatWaitsTooLongIsRed leaves a due action alone for longer than it may wait: the report of the night stops
// what is sent, until it is carried out.
func TestThreat_T26_WhatWaitsTooLongIsRed(t *testing.T) {
	s := examSite(t, databasetest.OnSQLite)
	s.finish(t, firstNight, pipelines.Finished)
	overdue := func(date canon.Date) (n int, red bool) {
		for _, f := range []string{"axis/recordings_%s.csv", "exam/results_%s.csv"} {
			b, err := os.ReadFile(s.export(f, firstNight))
			if err != nil {
				t.Fatal(err)
			}
			write(t, s.export(f, date), b)
		}
		s.finish(t, date, pipelines.Finished)
		s.at(t, func(ws *workspace.Workspace) {
			st, _, err := ledger.FindStage(context.Background(), ws.RegisterDB, "nightly-"+date.String(), "govern")
			var facts nightly.GovernFacts
			if err != nil || json.Unmarshal([]byte(st.Facts), &facts) != nil {
				t.Fatal(err, st.Facts)
			}
			for _, k := range facts.Overdue {
				n += k
			}
			text, err := os.ReadFile(ws.Path("reports", "nightly-"+date.String(), "quality.json"))
			if err != nil {
				t.Fatal(err)
			}
			var report struct {
				Checks []struct{ ID, Status string }
			}
			if err := json.Unmarshal(text, &report); err != nil || len(report.Checks) == 0 {
				t.Fatalf("%v, %d checks", err, len(report.Checks))
			}
			for _, e := range report.Checks {
				red = red || strings.HasSuffix(e.ID, ".retentionOverdue") && e.Status == "fail"
			}
		})
		return n, red
	}
	if n, red := overdue(firstNight + 10); n != 0 || red {
		t.Errorf("after ten days %d are overdue, red: %t", n, red)
	}
	if n, red := overdue(firstNight + 40); n == 0 || !red {
		t.Errorf("after forty days %d are overdue, red: %t", n, red)
	}
	s.mustApply(t, firstNight+40)
	if n, red := overdue(firstNight + 41); n != 0 || red {
		t.Errorf("applied, and %d are overdue, red: %t", n, red)
	}
}
