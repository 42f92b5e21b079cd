package outgoing

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

const (
	oldKey  = "20260801_090000_A000_ACCC8E000001" // its last day is 30 October
	caseKey = "20260802_090000_A001_ACCC8E000001"
	edgeKey = "20260823_090000_A002_ACCC8E000001" // its last day is 21 November
	newKey  = "20261110_090000_A003_ACCC8E000001"
)

// recorder is a rig whose inbox has the list of a recorder, under the notice of the exam service.
type recorder struct{ *rig }

// newRecorder loads a night of recordings.
func newRecorder(t *testing.T, on databasetest.Kind) recorder {
	t.Helper()
	inbox := t.TempDir()
	if err := os.Mkdir(filepath.Join(inbox, "axis"), 0o700); err != nil {
		t.Fatal(err)
	}
	day, _ := canon.NewDate(2026, 11, 21)
	list(t, inbox, day, recorded()...)
	r := recorder{newRigAt(t, on, "metropolia", site{"10065", "metropolia_exam", inbox, "systems: [axis]\n"})}
	r.apply()
	return r
}

// recorded gives the lines of the recorder's list.
func recorded(without ...string) (out []string) {
	for _, line := range []string{
		oldKey + ";MYL-AQ-01;MYL-AQ;2026-08-01T09:00:00+03:00;2026-08-01T10:00:00+03:00;1;1;;0;;;",
		caseKey + ";MYL-AQ-01;MYL-AQ;2026-08-02T09:00:00+03:00;2026-08-02T10:00:00+03:00;1;1;;1;CASE-2026-0001;2026-08-03;",
		edgeKey + ";MYL-AQ-01;MYL-AQ;2026-08-23T09:00:00+03:00;2026-08-23T10:00:00+03:00;1;1;;0;;;",
		newKey + ";MYL-AQ-01;MYL-AQ;2026-11-10T09:00:00+02:00;2026-11-10T10:00:00+02:00;1;1;;0;;;",
	} {
		if !slices.ContainsFunc(without, func(key string) bool { return strings.HasPrefix(line, key) }) {
			out = append(out, line)
		}
	}
	return out
}

func compact(d canon.Date) string { return strings.ReplaceAll(d.String(), "-", "") }

func list(t *testing.T, inbox string, day canon.Date, lines ...string) {
	t.Helper()
	const header = "recording_id;camera_id;room_code;start;end;has_audio;size_bytes;sha256;locked;hold_case;hold_opened;hold_closed\n"
	if err := os.WriteFile(filepath.Join(inbox, "axis", "recordings_"+compact(day)+".csv"), []byte(header+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// next is the next night, whose list has some lines.
func (r recorder) next(lines ...string) {
	r.t.Helper()
	r.date++
	r.now = r.now.Add(24 * time.Hour)
	list(r.t.(*testing.T), r.ws.Settings.Inbox, r.date, lines...)
	r.night()
}

// apply lets go of what is due.
func (r recorder) apply() {
	r.t.Helper()
	run := r.runOf("nightly", false)
	layouts, err := r.ws.Layouts()
	r.must(err)
	j := r.ws.NewJournal("test", "", r.pack.Digest())
	held, err := j.Hold(ctx, run)
	r.must(err)
	n := nightly.New(r.ws, layouts, r.pack, nil, j.Check)
	defer n.Close()
	of := *run
	of.Pipeline, of.Actor = "retention", "tester"
	_, err = n.ApplyRetention(held, &of, "nightly", nightly.Order{By: "one"})
	r.must(errors.Join(err, j.Free(ctx)))
}

// answer writes the recorder's answers of a night, by what it was asked.
func (r recorder) answer(day canon.Date, lines ...string) {
	r.t.Helper()
	r.must(os.WriteFile(filepath.Join(r.ws.Settings.Inbox, "axis", "deleted_"+compact(day)+".jsonl"), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

// said is an answer to an order as it was given.
func said(o order, result string) string {
	return fmt.Sprintf(`{"recording_id":%q,"reason":%q,"anchor":%q,"due":%q,"order_id":%q,"deleted_at":"2026-11-22T03:00:00+02:00","result":%q}`, o.Recording, o.Reason, o.Anchor, o.Due, o.ID, result)
}

// order is a line of a file of orders.
type order struct {
	Recording string `json:"recording_id"`
	Reason    string `json:"reason"`
	Anchor    string `json:"anchor"`
	Due       string `json:"due"`
	ID        string `json:"order_id"`
}

// ordered runs the target, and gives what it ordered and what the run says.
func (r recorder) ordered() (out []order, facts OrderFacts) {
	r.t.Helper()
	done, err := r.run("axis-deletions")
	r.must(err)
	var sel SelectFacts
	var end Facts
	r.must(json.Unmarshal(done.Facts["select"], &sel))
	r.must(json.Unmarshal(done.Facts["receipt"], &end))
	if sel.Orders == nil {
		r.t.Fatal("the run says nothing of orders")
	}
	if end.State == nothing {
		if sel.Rows != 0 || end.File != "" {
			r.t.Errorf("nothing went out of %+v", sel)
		}
		return nil, *sel.Orders
	}
	return r.lines(end.File), *sel.Orders
}

func (r recorder) lines(file string) (out []order) {
	r.t.Helper()
	for line := range strings.Lines(r.read("axis-deletions", file)) {
		var o order
		r.must(json.Unmarshal([]byte(line), &o))
		out = append(out, o)
	}
	return out
}

func (r recorder) book() (out []string) {
	r.t.Helper()
	all, err := ledger.DeletionOrders(ctx, r.ws.RegisterDB, "axis-deletions")
	r.must(err)
	for _, o := range all {
		out = append(out, strings.TrimSpace(o.OrderedOn+" "+o.LastOn+" "+o.Result))
	}
	return out
}

func keysOf(orders []order) (out []string) {
	for _, o := range orders {
		out = append(out, o.Recording)
	}
	return out
}

func expect[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s:\n%s, want\n%s", what, g, w)
	}
}

// TestThreat_T26_TheSourceLetsGoAsWell orders each recording from the recorder whose period is over, once and under one number, until
// the recorder answers. It holds METRO-34, METRO-39 and METRO-40 beyond the register.
func TestThreat_T26_TheSourceLetsGoAsWell(t *testing.T) {
	for name, on := range map[string]databasetest.Kind{"sqlite": databasetest.OnSQLite, "mariadb": databasetest.OnMariaDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder(t, on)
			first, facts := r.ordered()
			if len(first) != 1 || first[0].ID == "" {
				t.Fatalf("%+v", first)
			}
			expect(t, "the order", first[0], order{oldKey, "retention_90d", "2026-08-01", "2026-10-30", first[0].ID})
			expect(t, "facts", facts, OrderFacts{New: 1})
			expect(t, "the book", r.book(), []string{"2026-11-21 2026-11-21"})
			if strings.Contains(first[0].ID, "2026") || len(first[0].ID) != 26 {
				t.Errorf("the number says something: %s", first[0].ID)
			}
			file := "delete_20261121.jsonl"
			before := r.read("axis-deletions", file)
			again, err := r.run("axis-deletions")
			r.must(err)
			if !again.Already || r.read("axis-deletions", file) != before {
				t.Errorf("the same date again: %s", again.State)
			}

			// No answer: the same order again, and not as a new one; with what is due by now.
			r.next(recorded()...)
			r.apply()
			second, facts := r.ordered()
			expect(t, "the second night", keysOf(second), []string{oldKey, edgeKey})
			expect(t, "facts", facts, OrderFacts{New: 1, Again: 1, Open: 1, Oldest: "2026-11-21"})
			if second[0].ID != first[0].ID || second[1].ID == first[0].ID {
				t.Error("an order has another number, or two have one")
			}

			// The recorder did one, and does not have the other; its list is of before.
			r.answer(r.date, said(second[0], "deleted"), said(second[1], "not_found"), `{"order_id":"strange","result":"deleted"}`,
				`{"order_id":"`+second[0].ID+`","result":"what"}`, `{"order_id":"a","order_id":"b","result":"deleted"}`)
			r.next(recorded(oldKey, edgeKey)...)
			third, facts := r.ordered()
			expect(t, "the third night", keysOf(third), nil)
			expect(t, "facts", facts, OrderFacts{Answered: map[string]int{"gone": 1, "missing": 1}, Strange: 1, Garbled: 2})
			expect(t, "the book", r.book()[:1], []string{"2026-11-21 2026-11-22 gone"})
			if files := r.listed("axis-deletions"); len(files) != 2 {
				t.Errorf("a file of no order: %v", files)
			}
			if _, err := r.run("axis-deletions"); err != nil {
				t.Error(err)
			}
			var some int
			r.must(r.ws.RegisterDB.Get(&some, "SELECT COUNT(*) FROM `audit` WHERE `verb` = ?", ledger.DeliveryFile))
			expect(t, "lines of the log", some, 2)
		})
	}
}

// TestOrdersThatTheSourceDoesNotCarryOut tells what somebody has to look into, and goes on ordering.
func TestOrdersThatTheSourceDoesNotCarryOut(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	first, _ := r.ordered()
	held := strings.Replace(recorded()[0], ";0;;;", ";1;CASE-2026-0009;2026-11-22;", 1)
	for _, night := range []struct {
		name, result string
		list         []string
		want         []string
		facts        OrderFacts
	}{
		{"a case is open before it is answered", "", append(recorded(oldKey, edgeKey), held), nil, OrderFacts{Held: 1, Open: 1, Oldest: "2026-11-21"}},
		{"locked without a case", "locked", recorded(edgeKey), []string{oldKey}, OrderFacts{Again: 1, Answered: map[string]int{"locked": 1}, Findings: map[string]int{"locked": 1}}},
		{"held for a case that it does not list", "held", recorded(edgeKey), []string{oldKey}, OrderFacts{Again: 1, Answered: map[string]int{"held": 1}, Findings: map[string]int{"held": 1}}},
		{"a case is open by now", "locked", append(recorded(oldKey, edgeKey), held), nil, OrderFacts{Held: 1, Answered: map[string]int{"locked": 1}}},
		{"the case is closed", "", recorded(edgeKey), []string{oldKey}, OrderFacts{Again: 1, Findings: map[string]int{"locked": 1}}},
		{"gone, and listed", "deleted", recorded(edgeKey), []string{oldKey}, OrderFacts{Again: 1, Open: 1, Oldest: "2026-11-26", Answered: map[string]int{"gone": 1}, Findings: map[string]int{"back": 1}}},
		{"no answer, and listed no more", "", recorded(oldKey, edgeKey), nil, OrderFacts{Unlisted: 1}},
		{"listed no more", "", recorded(oldKey, edgeKey), nil, OrderFacts{}},
	} {
		if night.result != "" { // of the night before
			r.answer(r.date, said(first[0], night.result))
		}
		r.next(night.list...)
		got, facts := r.ordered()
		expect(t, night.name, keysOf(got), night.want)
		expect(t, night.name, facts, night.facts)
		for _, o := range got {
			if o.ID != first[0].ID {
				t.Errorf("%s: another number", night.name)
			}
		}
	}
}

// TestAnOrderWhoseGroundIsGone: the recorder corrects the day of a recording that it was ordered to let go of.
func TestAnOrderWhoseGroundIsGone(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	r.ordered()
	later := strings.ReplaceAll(recorded()[0], "2026-08-01T", "2026-11-01T")
	for range 2 {
		r.next(append(recorded(oldKey, edgeKey), later)...)
		got, facts := r.ordered()
		expect(t, "orders", keysOf(got), nil)
		expect(t, "facts", facts, OrderFacts{Findings: map[string]int{"recalled": 1}})
	}
}

// TestARowThatCannotBeReadTonight keeps its order open, and its answer is heard.
func TestARowThatCannotBeReadTonight(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	first, _ := r.ordered()
	unreadable := append(recorded(oldKey, edgeKey), strings.ReplaceAll(recorded()[0], "2026-08-01T09:00:00+03:00", "rubbish"))
	for _, night := range []struct {
		name, result string // of the night before
		list         []string
		want         []string
		facts        OrderFacts
	}{
		{"unreadable", "", unreadable, nil, OrderFacts{Open: 1, Oldest: "2026-11-21"}},
		{"readable", "", recorded(edgeKey), []string{oldKey}, OrderFacts{Again: 1, Open: 1, Oldest: "2026-11-21"}},
		{"unreadable, and done", "deleted", unreadable, nil, OrderFacts{Answered: map[string]int{"gone": 1}}},
	} {
		if night.result != "" {
			r.answer(r.date, said(first[0], night.result))
		}
		r.next(night.list...)
		got, facts := r.ordered()
		expect(t, night.name, keysOf(got), night.want)
		expect(t, night.name, facts, night.facts)
	}
	expect(t, "the book", r.book(), []string{"2026-11-21 2026-11-23 gone"})
}

// TestALineThatIsNoRow may be that of an order: nothing ends as unlisted until the list is whole again.
func TestALineThatIsNoRow(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	r.ordered()
	r.next(recorded(edgeKey)...)
	r.ordered()
	r.next(append(recorded(oldKey, edgeKey), oldKey+";cut")...)
	_, facts := r.ordered()
	expect(t, "a list with a line that is cut", facts, OrderFacts{Open: 1, Oldest: "2026-11-21"})
	r.next(recorded(oldKey, edgeKey)...)
	_, facts = r.ordered()
	expect(t, "a whole list", facts, OrderFacts{Unlisted: 1})
}

// TestARecalledOrderIsAnswered: its file is out, so that the recorder may do it all the same, or have the recording no more.
func TestARecalledOrderIsAnswered(t *testing.T) {
	t.Parallel()
	for result, want := range map[string]string{"deleted": "gone", "": "unlisted"} {
		r := newRecorder(t, databasetest.OnSQLite)
		first, _ := r.ordered()
		r.next(append(recorded(oldKey, edgeKey), strings.ReplaceAll(recorded()[0], "2026-08-01T", "2026-11-01T"))...)
		_, facts := r.ordered()
		expect(t, "recalled", facts, OrderFacts{Findings: map[string]int{"recalled": 1}})
		if result != "" {
			r.answer(r.date, said(first[0], result))
		}
		r.next(recorded(oldKey, edgeKey)...)
		r.ordered()
		expect(t, "the book", r.book(), []string{"2026-11-21 2026-11-21 " + want})
	}
}

// TestAnotherPeriodGivesNoOrder: what is not due by the pack in force is not ordered, though it was let go of by another.
func TestAnotherPeriodGivesNoOrder(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	file := r.ws.Path(workspace.PolicyDir, "metropolia_exam.yaml")
	src, err := os.ReadFile(file)
	r.must(err)
	r.must(os.WriteFile(file, []byte(strings.ReplaceAll(string(src), "anchor: exam_date, period: P90D", "anchor: exam_date, period: P900D")), 0o600))
	r.pack, err = r.ws.Policy(r.date)
	r.must(err)
	got, facts := r.ordered()
	expect(t, "orders", keysOf(got), nil)
	expect(t, "facts", facts, OrderFacts{})
}

// rereads puts another layout in the place of the shipped one.
func (r recorder) rereads(old, new string) {
	r.t.Helper()
	src, err := layout.ShippedSource("axis.yaml")
	r.must(err)
	if !strings.Contains(string(src), old) {
		r.t.Fatalf("no %s", old)
	}
	r.must(os.WriteFile(r.ws.Path("layouts", "axis.yaml"), []byte(strings.Replace(string(src), old, new, 1)), 0o600))
}

// TestOneOfSeveralRowsOfARecordingIsHeld: a layout may make several rows of one, of which a case holds one.
func TestOneOfSeveralRowsOfARecordingIsHeld(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	r.rereads(`recording: {when: "!hold_case", set: {hold: false}}`, "recording: {set: {hold: false}}")
	r.next(append(recorded(oldKey), strings.Replace(recorded()[0], ";0;;;", ";1;CASE-2026-0009;2026-11-22;", 1))...)
	got, facts := r.ordered()
	if slices.Contains(keysOf(got), oldKey) || facts.Held != 1 {
		t.Errorf("%v %+v", keysOf(got), facts)
	}
}

// TestALayoutOfNowIsNotThatOfTheExport: what the last export was not read for cannot be ordered by.
func TestALayoutOfNowIsNotThatOfTheExport(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	r.rereads("drop: [room_code, has_audio", "drop: [has_audio")
	src, err := os.ReadFile(r.ws.Path("layouts", "axis.yaml"))
	r.must(err)
	r.must(os.WriteFile(r.ws.Path("layouts", "axis.yaml"), append(src, "  - {name: room_code}\n"...), 0o600))
	if _, err := r.dry("axis-deletions"); fault.Code(err) != "UOMA-OUT-LAYOUT" {
		t.Error(err)
	}
	r.next(recorded()...)
	if got, _ := r.ordered(); !slices.Contains(keysOf(got), oldKey) {
		t.Errorf("%v", keysOf(got))
	}
}

// TestAnswersThatCannotBeRead leave orders open, and are told of.
func TestAnswersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	first, _ := r.ordered()
	// A link is no file of the inbox, and what stands behind it is nobody's answer.
	elsewhere := filepath.Join(t.TempDir(), "answers")
	r.must(os.WriteFile(elsewhere, []byte(said(first[0], "deleted")+"\n"), 0o600))
	r.must(os.Symlink(elsewhere, filepath.Join(r.ws.Settings.Inbox, "axis", "deleted_"+compact(r.date)+".jsonl")))
	r.next(recorded(edgeKey)...)
	got, facts := r.ordered()
	expect(t, "orders", keysOf(got), []string{oldKey})
	if len(facts.Unread) != 1 || facts.Open != 1 || facts.Answered != nil {
		t.Errorf("%+v", facts)
	}
}

// TestASecondAnswerOfADate is heard: the recorder refuses, is ordered again on the same date, and does it.
func TestASecondAnswerOfADate(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	first, _ := r.ordered()
	r.next(recorded(edgeKey)...)
	locked, gone := said(first[0], "locked"), said(first[0], "deleted")
	r.answer(r.date, locked)
	_, facts := r.ordered()
	expect(t, "refused", facts, OrderFacts{Again: 1, Answered: map[string]int{"locked": 1}, Findings: map[string]int{"locked": 1}})
	file := r.date
	r.answer(file, gone, locked)
	r.next(recorded(edgeKey)...)
	_, facts = r.ordered()
	expect(t, "refused at last", facts, OrderFacts{Again: 1, Findings: map[string]int{"locked": 1}})
	r.answer(file, locked, gone)
	for _, want := range []OrderFacts{{Answered: map[string]int{"gone": 1}}, {}} {
		r.next(recorded(oldKey, edgeKey)...)
		_, facts = r.ordered()
		expect(t, "done", facts, want)
		expect(t, "the book", r.book(), []string{"2026-11-21 2026-11-23 gone"})
	}
}

// TestWhatWasSaidBeforeARecallIsKnown: said to be gone, listed later, and then corrected, it stays for somebody to look into.
func TestWhatWasSaidBeforeARecallIsKnown(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	first, _ := r.ordered()
	r.answer(r.date, said(first[0], "deleted"))
	r.next(recorded(edgeKey)...)
	r.ordered()
	for range 2 {
		r.next(append(recorded(oldKey, edgeKey), strings.ReplaceAll(recorded()[0], "2026-08-01T", "2026-11-01T"))...)
		_, facts := r.ordered()
		expect(t, "facts", facts, OrderFacts{Findings: map[string]int{"recalled": 1}})
	}
}

// TestWhatIsHeardBefore tells a line that is read again from one that came since.
func TestWhatIsHeardBefore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		known, on, result string
		before            bool
	}{
		{"", "", "gone", false},
		{"locked", "2026-11-21", "gone", false},
		{"gone", "2026-11-23", "locked", true},
		{"locked", "2026-11-22", "locked", true},
		{"locked", "2026-11-22", "gone", false},
		{"gone", "2026-11-22", "gone", true},
		{"back", "2026-11-22", "gone", true},
		{"", "2026-11-22", "gone", true},
		{"unlisted", "2026-11-22", "locked", true},
		{"unlisted", "2026-11-22", "gone", false},
		{"recalled", "2026-11-22", "held", true},
		{"recalled", "2026-11-22", "missing", false},
	} {
		if heardBefore(&ledger.DeletionOrder{Result: tt.known, AnsweredOn: tt.on}, "2026-11-22", tt.result) != tt.before {
			t.Errorf("%+v", tt)
		}
	}
}

// TestAnswersToNothingAreToldOnce, though their file is read again while an order is open.
func TestAnswersToNothingAreToldOnce(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	r.ordered()
	r.answer(r.date, `{"order_id":"strange","result":"deleted"}`, `{"order_id":"","result":"deleted"}`, `{"order_id":"a","order_id":"b"}`)
	for _, want := range []OrderFacts{{Again: 1, Open: 1, Oldest: "2026-11-21", Strange: 1, Garbled: 2}, {Again: 1, Open: 1, Oldest: "2026-11-21"}} {
		r.next(recorded(edgeKey)...)
		_, facts := r.ordered()
		expect(t, "facts", facts, want)
	}
}

// TestAnswersOfASourceWithoutFiles: the source is asked once, and not for each date since the order.
func TestAnswersOfASourceWithoutFiles(t *testing.T) {
	r := newRecorder(t, databasetest.OnSQLite)
	r.ordered()
	r.next(recorded(edgeKey)...)
	r.next(recorded(edgeKey)...)
	t.Setenv("UOMA_TEST_CAMERA", "secret")
	settings, err := os.ReadFile(r.ws.Path(workspace.FileName))
	r.must(err)
	r.must(os.WriteFile(r.ws.Path(workspace.FileName), append(settings, "inboxes: {axis: {url: 'rest://uoma@127.0.0.1:1', password: env:UOMA_TEST_CAMERA, digest: true, networks: [127.0.0.0/8]}}\n"...), 0o600))
	ws, err := workspace.Open(ctx, r.ws.Dir)
	r.must(err)
	defer ws.Close()
	r.ws = ws
	got, facts := r.ordered()
	expect(t, "orders", keysOf(got), []string{oldKey})
	expect(t, "facts", facts, OrderFacts{Again: 1, Open: 1, Oldest: "2026-11-21", Unread: []string{"UOMA-SRC-NO-FILES"}})
}

// TestAnswersBehindOneThatIsRefused are heard: a server may refuse a file, or say so of one that it does not have.
func TestAnswersBehindOneThatIsRefused(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	first, _ := r.ordered()
	refused := "/axis/deleted_" + compact(r.date) + ".jsonl"
	r.next(recorded(edgeKey)...)
	r.answer(r.date, said(first[0], "deleted"))
	served, authority := http.FileServer(http.Dir(r.ws.Settings.Inbox)), tlstest.NewAuthority(t)
	addr := authority.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == refused {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		served.ServeHTTP(w, q)
	}))
	r.must(os.WriteFile(r.ws.Path(workspace.KeysDir, "web.crt"), authority.PEM, 0o600))
	settings, err := os.ReadFile(r.ws.Path(workspace.FileName))
	r.must(err)
	r.must(os.WriteFile(r.ws.Path(workspace.FileName), fmt.Appendf(settings, "inboxes: {axis: {url: 'https://%s/axis', ca: keys/web.crt, networks: [127.0.0.0/8]}}\n", addr), 0o600))
	ws, err := workspace.Open(ctx, r.ws.Dir)
	r.must(err)
	defer ws.Close()
	r.ws = ws
	_, facts := r.ordered()
	expect(t, "facts", facts, OrderFacts{Answered: map[string]int{"gone": 1}, Unread: []string{"UOMA-SRC-LOGIN"}})
}

// TestTheNextReportTellsOfOrders, also where the target's last run came to nothing, and of each target.
func TestTheNextReportTellsOfOrders(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	first, _ := r.ordered()
	told := func() (out []string) {
		b, err := os.ReadFile(r.ws.Path("reports", "nightly-"+r.date.String(), "quality.json"))
		r.must(err)
		var report struct {
			Checks []struct{ Kind, Dataset, Status string }
		}
		r.must(json.Unmarshal(b, &report))
		for _, c := range report.Checks {
			if target, ok := strings.CutPrefix(c.Dataset, "orders/"); ok {
				out = append(out, target+" "+c.Kind+" "+c.Status)
			}
		}
		slices.Sort(out)
		return out
	}
	r.answer(r.date, said(first[0], "locked"))
	r.next(recorded()...)
	expect(t, "behind the first run", told(), []string{"axis-deletions ordersOpen pass", "axis-deletions ordersRefused pass"})
	r.apply()
	r.ordered()
	r.next(recorded()...)
	r.rereads("drop: [room_code, has_audio", "drop: [has_audio")
	src, err := os.ReadFile(r.ws.Path("layouts", "axis.yaml"))
	r.must(err)
	r.must(os.WriteFile(r.ws.Path("layouts", "axis.yaml"), append(src, "  - {name: room_code}\n"...), 0o600))
	if _, err := r.run("axis-deletions"); fault.Code(err) != "UOMA-OUT-LAYOUT" {
		t.Fatal(err)
	}
	r.must(r.file("axis-deletions").book(ctx, []ledger.DeletionOrder{{ID: "other", Target: "another", OrderedOn: "2026-11-01", LastOn: "2026-11-01", Result: ledger.OrderBack},
		{ID: "ended", Target: "ended", OrderedOn: "2026-11-01", LastOn: "2026-11-01", Result: ledger.OrderUnlisted}}))
	for i, date := range []string{"2026-11-20", "2026-10-01"} { // the run of the earlier date is the later one
		_, err := ledger.Start(ctx, r.ws.RegisterDB, ledger.Run{ID: "another-" + date, Pipeline: "another", LogicalDate: date}, time.Date(2026, 11, 24, i, 0, 0, 0, time.UTC))
		r.must(err)
	}
	r.next(recorded()...)
	expect(t, "behind a run that failed", told(), []string{"another ordersOpen warn", "another ordersRefused pass", "axis-deletions ordersOpen warn", "axis-deletions ordersRefused warn",
		"ended ordersOpen pass", "ended ordersRefused pass"})
}

// TestOrdersNeedAnAgreement: a processor without one is ordered nothing.
func TestOrdersNeedAnAgreement(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	for i := range r.pack.Disclosures {
		if d := &r.pack.Disclosures[i]; d.Recipient == "caverion" {
			d.Agreement = ""
		}
	}
	got, facts := r.ordered()
	expect(t, "orders", keysOf(got), nil)
	expect(t, "facts", facts, OrderFacts{})
	r.ws.Settings.Targets["axis-deletions"] = r.ws.Settings.Targets["none"]
	r.date++
	if _, err := r.dry("axis-deletions"); fault.Code(err) != "UOMA-OUT-TRANSPORT" {
		t.Error(err)
	}
}

// TestThreat_T29_OrdersOutliveAKill kills a run of orders at each of its steps: its successor gives each order once, under the number
// that it had, in one file; and two workspaces of the same keys give the same file.
func TestThreat_T29_OrdersOutliveAKill(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	var want string
	for _, at := range append([]string{"", "noted"}, steps...) {
		t.Run("at "+at, func(t *testing.T) {
			r := newRecorder(t, databasetest.OnSQLite)
			if at != "" {
				r.step = func(name string) error {
					if name == at {
						return killed
					}
					return nil
				}
				if _, err := r.run("axis-deletions"); !errors.Is(err, killed) {
					t.Fatalf("not killed: %v", err)
				}
				if n := len(r.book()); n != 1 {
					t.Errorf("%d orders are written down", n)
				}
				r.step = nil
				r.now = r.now.Add(outbox.LeaseFor * 2) // who was killed keeps the lease for a while
			}
			got, _ := r.ordered()
			expect(t, "orders", keysOf(got), []string{oldKey})
			files := r.listed("axis-deletions")
			expect(t, "files", files, []string{"delete_20261121.jsonl"})
			text := r.read("axis-deletions", files[0])
			if want == "" {
				want = text
			}
			expect(t, "the file", text, want)
			expect(t, "the book", r.book(), []string{"2026-11-21 2026-11-21"})
		})
	}
}

// TestAKilledRunOfOrdersTellsTheSame: what it wrote down before it was killed is no other finding for its successor.
func TestAKilledRunOfOrdersTellsTheSame(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	for name, tt := range map[string]struct {
		result string // of the night before
		nights [][]string
		want   OrderFacts
	}{
		"gone, and listed":        {"deleted", [][]string{recorded(edgeKey)}, OrderFacts{Again: 1, Open: 1, Oldest: "2026-11-21", Findings: map[string]int{"back": 1}}},
		"listed no more":          {"", [][]string{recorded(edgeKey), recorded(oldKey, edgeKey)}, OrderFacts{Unlisted: 1}},
		"listed again":            {"", [][]string{recorded(edgeKey), recorded(oldKey, edgeKey), recorded(edgeKey)}, OrderFacts{Again: 1, Open: 1, Oldest: "2026-11-21"}},
		"gone, and listed, twice": {"deleted", [][]string{recorded(edgeKey), recorded(edgeKey)}, OrderFacts{Again: 1, Open: 1, Oldest: "2026-11-21", Findings: map[string]int{"back": 1}}},
	} {
		for _, kill := range []bool{false, true} {
			r := newRecorder(t, databasetest.OnSQLite)
			first, _ := r.ordered()
			if tt.result != "" {
				r.answer(r.date, said(first[0], tt.result))
			}
			for _, list := range tt.nights[:len(tt.nights)-1] {
				r.next(list...)
				r.ordered()
			}
			r.next(tt.nights[len(tt.nights)-1]...)
			if kill {
				r.step = func(name string) error {
					if name == "noted" {
						return killed
					}
					return nil
				}
				if _, err := r.run("axis-deletions"); !errors.Is(err, killed) {
					t.Fatalf("%s: not killed: %v", name, err)
				}
				r.step = nil
				r.now = r.now.Add(outbox.LeaseFor * 2)
			}
			_, facts := r.ordered()
			facts.Answered = nil // told when they are read
			expect(t, fmt.Sprintf("%s, killed %v", name, kill), facts, tt.want)
		}
	}
}

// TestADryRunOfOrdersWritesNothing, also of answers.
func TestADryRunOfOrdersWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	out, err := r.dry("axis-deletions")
	r.must(err)
	if !strings.Contains(string(out.Facts["select"]), `"new":1`) || len(r.book()) != 0 || len(r.listed("axis-deletions")) != 0 {
		t.Errorf("%s %v", out.Facts["select"], r.book())
	}
	first, _ := r.ordered()
	r.answer(r.date, said(first[0], "deleted"))
	r.next(recorded(oldKey, edgeKey)...)
	if out, err = r.dry("axis-deletions"); err != nil || !strings.Contains(string(out.Facts["select"]), `"answered":{"gone":1}`) {
		t.Errorf("%s %v", out.Facts["select"], err)
	}
	expect(t, "the book", r.book(), []string{"2026-11-21 2026-11-21"})
}

// TestThreat_T36_WhatTheSourceCallsItStandsInTheOrderAlone: the recorder's own key of a recording is in the file that goes to the
// recorder, and in no other byte of the workspace.
func TestThreat_T36_WhatTheSourceCallsItStandsInTheOrderAlone(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, databasetest.OnSQLite)
	first, _ := r.ordered()
	r.answer(r.date, said(first[0], "locked"))
	r.next(recorded(edgeKey)...)
	r.ordered()
	files, holds := 0, []string{}
	r.must(filepath.WalkDir(r.ws.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), oldKey) || strings.Contains(path, oldKey) {
			name, _ := filepath.Rel(r.ws.Dir, path)
			holds = append(holds, name)
		}
		return err
	}))
	expect(t, "files with the key", holds, []string{"outgoing/axis-deletions/delete_20261121.jsonl", "outgoing/axis-deletions/delete_20261122.jsonl"})
	if files < 20 {
		t.Errorf("only %d files", files)
	}
}
