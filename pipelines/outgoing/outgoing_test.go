package outgoing

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/register"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/custody"
	"uoma/pipelines/rights"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

// sentPeople gives who is in the first delivery, in the order of its rows.
func (r *rig) sentPeople() []string {
	r.t.Helper()
	all, err := survey.Disclosures(ctx, r.ws, nil)
	r.must(err)
	var out []string
	for _, d := range all {
		out = append(out, d.Person)
	}
	return out
}

// onBoth runs a test over both stores with the register of LJMU.
func onBoth(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Parallel()
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) { f(t, newRig(t, on, "ljmu")) })
}

func TestADateIsSentOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		if out, err := r.dry("mailing-house"); err != nil || len(r.listed("mailing-house")) != 0 || len(r.deliveries()) != 0 || !strings.Contains(string(out.Facts["receipt"]), "dry-run") {
			t.Fatalf("a dry run: %v %v", out, err)
		}
		content, sel, facts := r.sent("mailing-house")
		if sel.People != 6 || !strings.Contains(content, "2026-12-21") || facts.Sequence != 1 {
			t.Errorf("%+v %+v", sel, facts)
		}
		if out, err := r.run("mailing-house"); err != nil || !out.Already {
			t.Errorf("again: %+v %v", out, err)
		}
		// A run that its own ledger has forgotten finds the delivery.
		if _, err := pipelines.Execute(ctx, r.runOf("mailing-house", false), r.file("mailing-house").Stages(), workspace.DryJournal{}); err != nil {
			t.Error(err)
		}
		if got := r.listed("mailing-house"); len(r.deliveries()) != 1 || !slices.Equal(got, []string{"mailing_20261121.csv.age"}) {
			t.Errorf("%d deliveries, %q", len(r.deliveries()), got)
		}
		lines, err := ledger.AuditLines(ctx, r.ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.DeliveryFile), Limit: 10})
		if err != nil || len(lines) != 1 || lines[0].Reason != facts.Delivery || lines[0].Run != "mailing-house-2026-11-21" {
			t.Errorf("%+v %v", lines, err)
		}
		all, err := survey.Disclosures(ctx, r.ws, nil)
		if err != nil || len(all) != 6 || all[0].Recipient != "mailing_house" || all[0].Purpose != "mailing" || all[0].Clause != "LJMU-55" ||
			!slices.Contains(all[0].Columns, "address.home.line1") || slices.Contains(all[0].Columns, "email.personal") {
			t.Errorf("%+v %v", all, err)
		}
		way, err := survey.ExplainRow(ctx, r.ws, facts.Delivery, 1)
		if err != nil || way.Clause != "LJMU-55" || len(way.Sources) == 0 || way.Sources[0].Line == 0 || way.Columns[0].Table == "" || len(way.Columns[0].From) == 0 {
			t.Errorf("%+v %v", way, err)
		}
		r.date++
		if _, _, facts := r.sent("mailing-house"); facts.Sequence != 2 || len(r.listed("mailing-house")) != 2 {
			t.Errorf("the next date: %+v", facts)
		}
	})
}

// A word that comes between any two stages, and between any two steps of the last, is heard; nobody protected, restricted or
// against post is ever in the file.
func TestThreat_T24_AWordBeforeAFileIsHeard(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "ljmu")
	c, err := r.file("mailing-house").choose(ctx, r.runOf("mailing-house", true))
	r.must(err)
	var people []string
	for _, x := range c.records {
		people = append(people, x.included.Person)
	}
	if len(people) != 6 {
		t.Fatalf("%d people", len(people))
	}
	r.says(people[0], restriction) // before
	said := map[string]bool{}
	words := map[string]rights.Statement{
		"insert": {Kind: register.ObjectionWord, About: "marketing", Channel: "post", State: register.Stands},
		"stage":  {Kind: register.ObjectionWord, About: "marketing", State: register.Stands},
	}
	r.step = func(step string) error {
		if w, ok := words[step]; ok && !said[step] {
			said[step] = true
			r.says(people[len(said)], w)
		}
		return nil
	}
	if _, err := r.ws.RegisterDB.Exec("UPDATE `person` SET `protected` = 1 WHERE `record` IN (SELECT `record` FROM `link` WHERE `person` = ?)", people[3]); err != nil {
		t.Fatal(err)
	}
	content, sel, _ := r.sent("mailing-house")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(content, "\uFEFF"))).ReadAll()
	r.must(err)
	// What is said after the last look is a withdrawal: the word of the step "stage" comes behind it.
	if got := r.sentPeople(); len(rows) != 4 || !slices.Equal(got, []string{people[2], people[4], people[5]}) {
		t.Errorf("%d rows, %d people, withheld %v", len(rows)-1, len(got), sel.Withheld)
	}
	f, err := r.file("mailing-house").Withdraw(ctx, r.runOf("withdrawals", false))
	if err != nil || f.Rows != 1 {
		t.Errorf("%+v %v", f, err)
	}
}

// A night that begins between what is read of the register and of the vault, ended or not, is no state to choose people from:
// nobody's data goes, and the next run takes the new state.
func TestThreat_T24_ANightBetweenRegisterAndVault(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		night := func(id, state string) {
			run, err := ledger.Start(ctx, r.ws.RegisterDB, ledger.Run{ID: id, Pipeline: "nightly", LogicalDate: r.date.String(), Mode: "nightly"}, r.now)
			r.must(err)
			r.must(ledger.StartStage(ctx, r.ws.RegisterDB, id, "report", r.now))
			r.must(ledger.FinishStage(ctx, r.ws.RegisterDB, id, "report", ledger.Finished, `{"verdict":"pass"}`, r.now))
			if state != ledger.Running {
				r.must(ledger.Finish(ctx, r.ws.RegisterDB, run, state, "{}", r.now))
			}
		}
		for _, state := range []string{ledger.Finished, ledger.Running} {
			met := false
			r.step = func(step string) error {
				if step == "vault" && !met {
					met, r.now = true, r.now.Add(time.Hour)
					night("nightly-between-"+state, state)
				}
				return nil
			}
			if _, err := r.run("mailing-house"); fault.Code(err) != "UOMA-OUT-MOVED" || !met {
				t.Errorf("%s: %v", state, err)
			}
			if len(r.listed("mailing-house")) != 0 || len(r.deliveries()) != 0 {
				t.Errorf("%s: %q, %d deliveries", state, r.listed("mailing-house"), len(r.deliveries()))
			}
		}
		night("nightly-between-"+ledger.Running, ledger.Finished)
		if _, sel, _ := r.sent("mailing-house"); sel.Register != "nightly-between-"+ledger.Running || sel.People != 6 {
			t.Errorf("the next run: %+v", sel)
		}
	})
}

// Nobody's data goes without the notice: no contract, no assessment, no entry, no category, another notice.
func TestThreat_T23_NoFileWithoutABasis(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "ljmu")
	shipped, _ := policy.Shipped("ljmu")
	whole := filled.Replace(string(shipped))
	for name, change := range map[string]struct{ old, new string }{
		"no contract":         {"  agreement: DPA-1\n  clause: [LJMU-55]", "  clause: [LJMU-55]"},
		"no assessment":       {"assessment: {reference: LIA-1, made: 2023-01-15, review: 2027-12-31}, ", ""},
		"one that lapsed":     {"review: 2027-12-31", "review: 2026-01-01"},
		"another recipient":   {"  recipient: mailing_house\n", "  recipient: other_house\n"},
		"no names":            {"purpose: mailing\n  categories: [basics, contact]", "purpose: mailing\n  categories: [contact]"},
		"no contact data":     {"purpose: mailing\n  categories: [basics, contact]", "purpose: mailing\n  categories: [basics]"},
		"a line that is kept": {"without: [person.birth_date, person.sex]", "without: [person.birth_date, person.sex, address.line1]"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(whole, change.old) != 1 {
				t.Fatalf("the pack says %q %d times", change.old, strings.Count(whole, change.old))
			}
			p, err := policy.Parse("ljmu.yaml", []byte(strings.Replace(whole, change.old, change.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			x, err := r.ws.Target("mailing-house")
			r.must(err)
			f, err := New(r.ws, x, p, Options{})
			r.must(err)
			c, err := f.choose(ctx, r.runOf("mailing-house", true))
			if err != nil || len(c.records) != 0 || c.eligible == 0 || sum(c.account()) != c.eligible {
				t.Errorf("%d rows of %d, %v, %v", len(c.records), c.eligible, c.account(), err)
			}
		})
	}
	for change, code := range map[string]string{"form: anonymous": "UOMA-OUT-ANONYMOUS", "form: pseudonymous": ""} {
		from := strings.Index(whole, "- id: mailing_house")
		p, err := policy.Parse("ljmu.yaml", []byte(whole[:from]+strings.Replace(whole[from:], "form: personal", change, 1)))
		r.must(err)
		x, err := r.ws.Target("mailing-house")
		r.must(err)
		f, err := New(r.ws, x, p, Options{})
		r.must(err)
		if c, err := f.choose(ctx, r.runOf("mailing-house", true)); fault.Code(err) != code || err == nil && len(c.records) != 0 {
			t.Errorf("%s: %v", change, err)
		}
	}
	src, err := target.ShippedSource("mailing-house.yaml")
	r.must(err)
	plain, err := target.Parse("x.yaml", []byte(strings.Replace(string(src), "seal: age", "seal: none", 1)))
	r.must(err)
	if _, err := r.fileOf(plain).choose(ctx, r.runOf("mailing-house", true)); fault.Code(err) != "UOMA-OUT-TRANSPORT" {
		t.Errorf("a plain file over an open line: %v", err)
	}
	x, err := r.ws.Target("virta")
	r.must(err)
	if _, err := New(r.ws, x, r.pack, Options{}); !errors.Is(err, ErrPack) {
		t.Errorf("another notice: %v", err)
	}
	// Nobody to be sent is no file.
	for _, p := range r.peopleOf("mailing-house") {
		r.says(p, restriction)
	}
	if _, err := r.run("mailing-house"); fault.Code(err) != "UOMA-OUT-EMPTY" || len(r.listed("mailing-house")) != 0 {
		t.Errorf("%v, %q", err, r.listed("mailing-house"))
	}
}

// peopleOf gives who would be in a target's file.
func (r *rig) peopleOf(name string) (out []string) {
	r.t.Helper()
	c, err := r.file(name).choose(ctx, r.runOf(name, true))
	r.must(err)
	for _, x := range c.records {
		out = append(out, x.included.Person)
	}
	return out
}

// A later word reaches the recipient as a file that names the row, once; so does an erasure, and the end of the time for
// which the file may be kept.
func TestThreat_T24_ALaterWordReachesAFilesRecipient(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		withdraw := func() survey.WithdrawFacts {
			t.Helper()
			f, err := r.file("mailing-house").Withdraw(ctx, r.runOf("withdrawals", false))
			r.must(err)
			return f
		}
		if f := withdraw(); f.Rows != 0 || len(r.deliveries()) != 0 {
			t.Fatalf("nobody was sent: %+v", f)
		}
		r.sent("mailing-house")
		people := r.sentPeople()
		r.now = r.now.Add(time.Second)
		if f := withdraw(); f.Rows != 0 {
			t.Fatalf("nobody said anything: %+v", f)
		}
		r.says(people[1], rights.Statement{Kind: register.ObjectionWord, About: "marketing", Channel: "email", State: register.Stands})
		r.says(people[2], restriction)
		r.erases(people[3])
		f := withdraw()
		if f.Rows != 2 || f.Reasons[survey.ReasonErased] != 1 || f.State != "closed" || f.Sequence != 2 {
			t.Errorf("%+v", f)
		}
		got := r.read("mailing-house", "mailing-house_withdrawn_000002.csv.age")
		at := ",2026-11-21T05:00:01Z\r\n"
		want := "file,row,action,reason,effective_at\r\nmailing_20261121.csv.age,3,stop,processing is restricted" + at + "mailing_20261121.csv.age,4,erase,erased" + at
		if got != want {
			t.Errorf("%q\nnot %q", got, want)
		}
		if f := withdraw(); f.Rows != 0 || len(r.deliveries()) != 2 {
			t.Errorf("told twice: %+v", f)
		}
		mine, err := survey.Disclosures(ctx, r.ws, []string{people[2]})
		if err != nil || len(mine) != 1 || mine[0].Withdrawn != "stop" {
			t.Errorf("%+v %v", mine, err)
		}
		r.date, r.now = r.date+31, r.now.AddDate(0, 0, 31) // a day after the last day
		if f := withdraw(); f.Rows != 5 || f.Reasons[returned] != 5 {
			t.Errorf("%+v", f)
		}
		if f := withdraw(); f.Rows != 0 {
			t.Errorf("told twice: %+v", f)
		}
		lines, err := ledger.AuditLines(ctx, r.ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.DeliveryWithdraw), Limit: 10})
		if err != nil || len(lines) != 2 {
			t.Errorf("%+v %v", lines, err)
		}
	})
}

// TestThreat_T24_AFilesRecipientHearsOfAnErasedRecord: a row was made of a record that was another person's when it was erased. Its
// recipient is told, though who was sent is still there with another record.
func TestThreat_T24_AFilesRecipientHearsOfAnErasedRecord(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.sent("mailing-house")
		person := r.sentPeople()[1]
		night, err := r.ws.Register.Begin(ctx)
		r.must(err)
		defer night.Rollback()
		own, _, err := night.OwnAndShared(ctx, person)
		r.must(err)
		_, err = night.Erase(ctx, own)
		r.must(errors.Join(err, night.Link(ctx, []register.Link{{Record: strings.Repeat("z", 26), Person: person, Since: "nightly-2026-11-21"}}), night.Commit()))
		r.now = r.now.Add(time.Second)
		f, err := r.file("mailing-house").Withdraw(ctx, r.runOf("withdrawals", false))
		r.must(err)
		if f.Rows != 1 || f.Reasons[survey.ReasonErased] != 1 {
			t.Errorf("%+v", f)
		}
		if got := r.read("mailing-house", "mailing-house_withdrawn_000002.csv.age"); !strings.Contains(got, "mailing_20261121.csv.age,2,erase,erased,") {
			t.Errorf("the recipient is told %q", got)
		}
	})
}

var errKilled = errors.New("killed")

// steps of a delivery at which a process may end.
var steps = []string{"insert", "list", "stage", "attempt", "publish", "publishing", "given", "sent"}

// Killed at any step, the folder has nothing or the whole file, and the next run ends with one delivery and one file, told
// once. What the recipient fetched meanwhile is not written again.
func TestThreat_T29_KilledFileIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "ljmu")
	// A holder that was killed keeps the lease for a while.
	later := func() { r.now = r.now.Add(outbox.LeaseFor * 2) }
	for _, fetched := range []bool{false, true} {
		for _, at := range steps {
			r.date++
			name := fmt.Sprintf("mailing_%s.csv.age", strings.ReplaceAll(r.date.String(), "-", ""))
			path := filepath.Join(r.ws.Path(workspace.OutgoingDir, "mailing-house"), name)
			r.step = func(step string) error {
				if step == at {
					return errKilled
				}
				return nil
			}
			before := len(r.deliveries())
			if _, err := r.run("mailing-house"); !errors.Is(err, errKilled) {
				t.Fatalf("%s: %v", at, err)
			}
			r.step = nil
			_, err := os.Stat(path)
			published := err == nil
			if published != slices.Contains([]string{"given", "sent"}, at) {
				t.Errorf("killed at %s, the file is there: %t", at, published)
			}
			if published {
				r.read("mailing-house", name) // age proves that it is whole
				if fetched {
					r.must(os.Remove(path))
				}
			}
			later()
			out, err := r.run("mailing-house")
			r.must(err)
			var receipt Facts
			r.must(json.Unmarshal(out.Facts["receipt"], &receipt))
			want := "accepted"
			if published && fetched {
				want = Fetched
			}
			if receipt.State != "closed" || receipt.Status != want || len(r.deliveries()) != before+1 {
				t.Errorf("killed at %s: %+v, %d deliveries", at, receipt, len(r.deliveries())-before)
			}
			if _, err := os.Stat(path); (err == nil) == (published && fetched) {
				t.Errorf("killed at %s, fetched %t: %v", at, fetched, err)
			}
			if i := slices.IndexFunc(r.listed("mailing-house"), func(s string) bool { return strings.HasPrefix(s, ".") }); i >= 0 {
				t.Errorf("killed at %s: a part stays", at)
			}
			later()
		}
	}
}

// Killed at a step and killed again at another, or while the file is taken back because a person may not be in it any more, a
// file that nobody could see is never taken for one that was fetched.
func TestThreat_T29_KilledTwiceIsNotTakenForFetched(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "ljmu")
	killed := func(at string) {
		t.Helper()
		r.step = func(step string) error {
			if step == at {
				return errKilled
			}
			return nil
		}
		if _, err := r.run("mailing-house"); !errors.Is(err, errKilled) {
			t.Fatalf("%s: %v", at, err)
		}
		r.step, r.now = nil, r.now.Add(outbox.LeaseFor*2)
	}
	accepted := func(kills ...string) {
		t.Helper()
		out, err := r.run("mailing-house")
		r.must(err)
		var receipt Facts
		r.must(json.Unmarshal(out.Facts["receipt"], &receipt))
		name := fmt.Sprintf("mailing_%s.csv.age", strings.ReplaceAll(r.date.String(), "-", ""))
		if receipt.Status != "accepted" || !slices.Contains(r.listed("mailing-house"), name) {
			t.Errorf("killed at %q: %+v, %q", kills, receipt, r.listed("mailing-house"))
		}
		r.now = r.now.Add(outbox.LeaseFor * 2)
	}
	for _, first := range []string{"attempt", "publish", "publishing"} {
		for _, second := range []string{"stage", "attempt", "publish", "publishing"} {
			if first == "publishing" && (second == "stage" || second == "attempt") {
				continue // it is staged, and is not staged again
			}
			r.date++
			killed(first)
			killed(second)
			accepted(first, second)
		}
	}
	for i, first := range []string{"publish", "publishing"} {
		r.date++
		killed(first)
		r.says(r.sentPeople()[i], restriction)
		killed("unstage")
		killed("stage")
		accepted(first, "unstage", "stage")
	}
}

// Killed in a withdrawal, the next one tells the same, once.
func TestThreat_T29_KilledWithdrawalToAFolder(t *testing.T) {
	t.Parallel()
	for _, at := range steps {
		t.Run(at, func(t *testing.T) {
			if at == "list" || at == "given" {
				t.Parallel()
			}
			r := newRig(t, databasetest.OnSQLite, "ljmu")
			r.sent("mailing-house")
			r.says(r.sentPeople()[2], restriction)
			r.step = func(step string) error {
				if step == at {
					return errKilled
				}
				return nil
			}
			if _, err := r.file("mailing-house").Withdraw(ctx, r.runOf("withdrawals", false)); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			r.step, r.now = nil, r.now.Add(outbox.LeaseFor*2)
			if _, err := r.file("mailing-house").Withdraw(ctx, r.runOf("withdrawals", false)); err != nil {
				t.Fatal(err)
			}
			if f, err := r.file("mailing-house").Withdraw(ctx, r.runOf("withdrawals", false)); err != nil || f.Rows != 0 {
				t.Errorf("%+v %v", f, err)
			}
			if got := r.read("mailing-house", "mailing-house_withdrawn_000002.csv.age"); strings.Count(got, "\r\n") != 2 || len(r.listed("mailing-house")) != 2 {
				t.Errorf("%q, %q", got, r.listed("mailing-house"))
			}
		})
	}
}

// Somebody else's file is not replaced, and one that was changed is not taken for ours.
func TestWhatLiesThereStays(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "ljmu")
	dir := r.ws.Path(workspace.OutgoingDir, "raisers-edge")
	r.must(os.MkdirAll(dir, 0o700))
	path := filepath.Join(dir, "re_import_20261121.CSV")
	r.must(os.WriteFile(path, []byte("theirs"), 0o600))
	if _, err := r.run("raisers-edge"); fault.Code(err) != "UOMA-DRP-EXISTS" {
		t.Errorf("%v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "theirs" {
		t.Errorf("%q %v", b, err)
	}
	r.must(os.Remove(path))
	r.step = func(step string) error {
		if step == "given" {
			return os.WriteFile(path, []byte("changed"), 0o600)
		}
		return nil
	}
	if _, err := r.run("raisers-edge"); fault.Code(err) != "UOMA-OUT-ALTERED" {
		t.Errorf("%v", err)
	}
}

// The recipient's list decides whom it is about: nobody else is in the file, and no column that it did not ask for.
func TestTheListOfWhomIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "xamk")
	n := numbers(t, r)
	asked(t, r, askedHeader+"1;"+n[0]+";;;\r\n2;nobody;;;\r\n3;"+n[2]+";;;\r\n4;;;;\r\n")
	r.says(r.peopleOf("arvo-contacts")[1], rights.Statement{Kind: register.ObjectionWord, About: "survey", State: register.Stands})
	content, sel, _ := r.sent("arvo-contacts")
	lines := strings.Split(strings.TrimSuffix(content, "\r\n"), "\r\n")
	if len(lines) != 2 || lines[0]+"\r\n" != askedHeader || !strings.HasPrefix(lines[1], "1;"+n[0]+";") {
		t.Errorf("%d lines", len(lines))
	}
	if sel.Eligible != 2 || sel.People != 1 || sel.Unknown != 2 || !slices.Equal(sel.Lines, []int64{3, 5}) || len(sel.Withheld) != 1 || sel.Withheld[0].Clause != "XAMK-53" {
		t.Errorf("%+v", sel)
	}
	r.date++
	for name, list := range map[string]struct{ content, code string }{
		"another column": {strings.Replace(askedHeader, "\r", ";hetu\r", 1) + "1;" + n[0] + ";;;;\r\n", "UOMA-OUT-COLUMNS"},
		"a column less":  {"id;opiskelijatunnus;puhelinnumero;asiointikieli\r\n1;" + n[0] + ";;\r\n", "UOMA-SRC-COLUMNS"},
		"a torn row":     {askedHeader + "1;" + n[0] + "\r\n", "UOMA-OUT-ROW"},
		"none":           {"", "UOMA-OUT-LIST"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(r.ws.AskedPath("arvo-contacts"), "kohteet_20261122.csv")
			os.Remove(path)
			if list.content != "" {
				r.must(os.WriteFile(path, []byte(list.content), 0o600))
			}
			_, err := r.dry("arvo-contacts")
			if got := fault.Code(err); got != list.code && !(name == "a column less" && err != nil) {
				t.Errorf("%v", err)
			}
		})
	}
}

// What is in a cell comes from a row whose category goes; the same value from another system does not.
func TestColumnByColumn(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "ljmu")
	src, err := target.ShippedSource("mailing-house.yaml")
	r.must(err)
	// The student register's contact data is of a category that the mailing house does not get; e-mail of Raiser's Edge is of one
	// that it does.
	more := strings.Replace(string(src), "- {name: ReturnBy", "- {name: Born, from: person.birth_date, format: d/M/yyyy}\n- {name: Mail, from: email.personal}\n- {name: ReturnBy", 1)
	x, err := target.Parse("x.yaml", []byte(more))
	r.must(err)
	c, err := r.fileOf(x).choose(ctx, r.runOf("mailing-house", true))
	r.must(err)
	mail := false
	for _, rec := range c.records {
		if rec.cells[9] != "" {
			t.Error("a day of birth is in the file")
		}
		mail = mail || rec.cells[10] != ""
	}
	if !mail || !slices.ContainsFunc(c.closed, func(x Closed) bool { return x.Column == "person.birth_date" && x.Clause == "LJMU-55" }) {
		t.Errorf("mail %t, closed %v", mail, c.closed)
	}
}

// What a killed run left beside a recipient's folder is taken away by the next run of any date, and nobody was told that it
// was sent.
func TestThreat_T29_AStagedFileOfAnotherDateIsTakenAway(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.step = func(step string) error {
			if step == "publishing" {
				return errKilled
			}
			return nil
		}
		if _, err := r.run("mailing-house"); err == nil {
			t.Fatal("the run was not killed")
		}
		r.step = nil
		if all, err := survey.Disclosures(ctx, r.ws, nil); err != nil || len(all) == 0 {
			t.Fatalf("nothing was staged: %v", err)
		}
		r.now = r.now.Add(time.Minute)
		if f, err := r.file("mailing-house").Withdraw(ctx, r.runOf("withdrawals", false)); err != nil || f.Rows != 0 {
			t.Errorf("%+v %v", f, err)
		}
		if all, err := survey.Disclosures(ctx, r.ws, nil); err != nil || len(all) != 0 || len(r.listed("mailing-house")) != 0 {
			t.Errorf("%d disclosures, %q: %v", len(all), r.listed("mailing-house"), err)
		}
		if _, sel, facts := r.sent("mailing-house"); sel.People != 6 || facts.State != "closed" {
			t.Errorf("the date itself: %+v %+v", sel, facts)
		}
	})
}

// TestARotatedDomainNamesEverybodyAnew replaces the key of a target's pseudonyms: the next file calls everybody by another one,
// and the rows are the same.
func TestARotatedDomainNamesEverybodyAnew(t *testing.T) {
	t.Parallel()
	const name, domain = "research-graduates", "research/research-graduates"
	r := newRig(t, databasetest.OnSQLite, "small")
	text, _, _ := r.sent(name)
	first := called(t, text)
	by := custody.Author{Actor: "keeper", At: r.now}
	if out, err := custody.RotateDomain(ctx, r.ws, domain, 2, false, by, custody.Options{}); err != nil || out.Epoch != 2 {
		t.Fatal(out, err)
	}
	r.next()
	text, _, _ = r.sent(name)
	second := called(t, text)
	if len(first) == 0 || len(first) != len(second) {
		t.Fatalf("%d people and %d", len(first), len(second))
	}
	var rows [2][]string
	for n, people := range []map[string]string{first, second} {
		for _, of := range people {
			rows[n] = append(rows[n], of)
		}
		slices.Sort(rows[n])
	}
	if !slices.Equal(rows[0], rows[1]) {
		t.Errorf("the rows are others: %q and %q", rows[0], rows[1])
	}
	for token := range first {
		if second[token] != "" {
			t.Errorf("somebody is called the same")
		}
	}
}

// called gives the rows of a file by the pseudonym in its first column.
func called(t *testing.T, text string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(text) {
		person, rest, _ := strings.Cut(strings.TrimSpace(line), ";")
		if token.MatchString(person) {
			out[person] += rest + "\n"
		}
	}
	return out
}
