package dataverse_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uoma/connectors/dataverse"
	"uoma/connectors/remote"
	"uoma/connectors/resttest"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
	"uoma/internal/tlstest"
)

func contacts() dataverse.Table {
	return dataverse.Table{Set: "contacts", ID: "contactid", Key: []string{"seamk_studentnumber"}, Way: dataverse.Upsert, Gone: dataverse.Deactivate, Columns: []dataverse.Column{
		{Name: "firstname", Kind: dataverse.Text}, {Name: "gendercode", Kind: dataverse.Choice}, {Name: "birthdate", Kind: dataverse.Date},
		{Name: "donotemail", Kind: dataverse.Bool}, {Name: "seamk_ects", Kind: dataverse.Number}, {Name: "parentcustomerid_account", Kind: dataverse.Lookup, Set: "accounts", By: "accountnumber"},
	}}
}

func tables() *resttest.DataverseTables {
	return &resttest.DataverseTables{Tables: map[string]*resttest.DataverseTable{
		"contacts": {Key: "contactid", Alternate: []string{"seamk_studentnumber"}, Columns: map[string]string{"firstname": "text:50", "gendercode": "choice:1,2", "birthdate": "date",
			"donotemail": "bool", "seamk_ects": "int", "parentcustomerid_account": "lookup:accounts", "seamk_studentnumber": "text:20", "statecode": "choice:0,1", "statuscode": "choice:1,2", "jobtitle": "text:100"}},
		"accounts": {Key: "accountid", Alternate: []string{"accountnumber"}, Columns: map[string]string{"name": "text:100"},
			Rows: []resttest.Row{{"accountid": "00000000-0000-4000-a000-000000000001", "accountnumber": "0000000-0", "name": "Yritys"}}},
	}}
}

// journal keeps what a journal must, in memory; fail has it fail, or rather the program be killed, before a call.
type journal struct {
	entries map[string]dataverse.Entry
	pending map[string][]string
	fail    func(call string) error
}

func newJournal() *journal {
	return &journal{map[string]dataverse.Entry{}, map[string][]string{}, func(string) error { return nil }}
}

func (j *journal) Entries(context.Context) (map[string]dataverse.Entry, error) {
	return maps.Clone(j.entries), j.fail("entries")
}

func (j *journal) Pending(context.Context) (out []dataverse.Intent, err error) {
	for token, key := range j.pending {
		out = append(out, dataverse.Intent{Token: token, Key: key})
	}
	return out, j.fail("pending")
}

func (j *journal) Intend(_ context.Context, rows []dataverse.Intent) error {
	if err := j.fail("intend"); err != nil {
		return err
	}
	for _, r := range rows {
		e := j.entries[r.Token]
		if e.Digest = ""; e.Token == "" {
			j.pending[r.Token] = r.Key
			continue
		}
		j.entries[r.Token] = e
	}
	return j.fail("intended")
}

func (j *journal) Settle(_ context.Context, rows []dataverse.Entry) error {
	if err := j.fail("settle"); err != nil {
		return err
	}
	for _, e := range rows {
		delete(j.pending, e.Token)
		if e.State == "" {
			delete(j.entries, e.Token)
			continue
		}
		j.entries[e.Token] = e
	}
	return j.fail("settled")
}

func open(t *testing.T, h http.Handler) *dataverse.Service {
	t.Helper()
	s, _ := openOver(t, h)
	return s
}

// idle is how long a connection may move no byte.
const idle = 2 * time.Second

// openOver opens a service over a line that can go bad.
func openOver(t *testing.T, h http.Handler) (*dataverse.Service, *faultproxy.Proxy) {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	line := faultproxy.New(t, authority.Serve(t, h))
	addr := line.Addr()
	s, err := dataverse.Open(t.Context(), dataverse.Settings{Rate: 1e6, Server: remote.Server{URL: "https://" + addr + "/api/data/v9.2", CA: authority.PEM,
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Idle: idle, Retry: remote.Retry{Base: time.Millisecond},
		Credentials: remote.Credentials{OAuth: &remote.OAuth{TokenURL: "https://" + addr + "/token", ID: resttest.ID, Secret: resttest.Secret}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // idle connections only
	return s, line
}

// person makes a row. Its digest is that of what it holds.
func person(n int, name string, cells ...string) dataverse.Row {
	r := dataverse.Row{Token: "t" + strconv.Itoa(n), Key: []string{fmt.Sprintf("%07d", n)}, Cells: []string{name, "1", "1990-01-01", "false", "240", "0000000-0"}}
	for i, c := range cells {
		r.Cells[i+1] = c
	}
	r.Digest = strings.Join(r.Cells, "|")
	return r
}

func people(from, to int, name string) (rows []dataverse.Row) {
	for n := from; n < to; n++ {
		rows = append(rows, person(n, name))
	}
	return rows
}

func stream(rows []dataverse.Row) iter.Seq2[dataverse.Row, error] {
	return func(yield func(dataverse.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func write(t *testing.T, s *dataverse.Service, table dataverse.Table, j dataverse.Journal, rows []dataverse.Row) (dataverse.Outcome, error) {
	t.Helper()
	w, err := dataverse.NewWriter(s, table, j, 20)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.Write(t.Context(), stream(rows))
	if err == nil && out.Difference() != 0 {
		t.Errorf("rows do not add up: %+v", out)
	}
	return out, err
}

// TestTableFollowsTheStream makes rows, leaves them, changes them, has them go and come back, over pauses.
func TestTableFollowsTheStream(t *testing.T) {
	server := tables()
	server.Left = 2
	s, j := open(t, server), newJournal()
	rows := append(people(0, 250, "Eino"), person(250, "Åsa 'Näyte'; \r\n--", "2", "", "true", "", ""))
	rows[250].Key[0] = "O'Specimen/1,a='x'%"
	step := func(name string, rows []dataverse.Row, want dataverse.Outcome, writes int) {
		t.Helper()
		_, before := server.Count("contacts")
		out, err := write(t, s, contacts(), j, rows)
		if _, now := server.Count("contacts"); err != nil || now-before != writes || fmt.Sprint(out) != fmt.Sprint(want) {
			t.Errorf("%s: %+v with %d writes, %v", name, out, now-before, err)
		}
	}
	none := map[string]int64{}
	step("made", rows, dataverse.Outcome{Rows: 251, Written: 251, Refused: none}, 251)
	step("again", rows, dataverse.Outcome{Rows: 251, Unchanged: 251, Refused: none}, 0)
	rows[3], rows[4] = person(3, "Salla"), person(4, "Salla", "1", "", "false", "0", "")
	step("changed", rows, dataverse.Outcome{Rows: 251, Unchanged: 249, Written: 2, Refused: none}, 2)
	step("gone", rows[1:], dataverse.Outcome{Rows: 250, Unchanged: 250, Gone: 1, Refused: none}, 1)
	step("still gone", rows[1:], dataverse.Outcome{Rows: 250, Unchanged: 250, Refused: none}, 0)
	first := server.Row("contacts", "seamk_studentnumber", "0000000")
	if first["firstname"] != nil || first["parentcustomerid_account"] != nil || first["statecode"] != 1.0 {
		t.Errorf("a row that is gone: %v", first)
	}
	step("back", rows, dataverse.Outcome{Rows: 251, Unchanged: 250, Written: 1, Refused: none}, 1)
	if r := server.Row("contacts", "seamk_studentnumber", "0000000"); r["firstname"] != "Eino" || r["statecode"] != 0.0 || r["contactid"] != first["contactid"] {
		t.Errorf("a row that came back: %v", r)
	}
	want := resttest.Row{"firstname": "Salla", "gendercode": 1.0, "birthdate": nil, "donotemail": false, "seamk_ects": 0.0, "parentcustomerid_account": nil, "jobtitle": nil}
	for column, v := range want {
		if got := server.Row("contacts", "seamk_studentnumber", "0000004"); got[column] != v {
			t.Errorf("%s is %v, want %v", column, got[column], v)
		}
	}
	if r := server.Row("contacts", "seamk_studentnumber", "O'Specimen/1,a='x'%"); r["firstname"] != "Åsa 'Näyte'; \r\n--" || r["donotemail"] != true {
		t.Errorf("odd values: %v", r)
	}
	if r := server.Row("contacts", "seamk_studentnumber", "0000007"); r["parentcustomerid_account"] != "00000000-0000-4000-a000-000000000001" {
		t.Errorf("a lookup: %v", r)
	}
}

// TestWhatWasDeletedThereStaysDeleted does not make a row again that somebody deleted.
func TestWhatWasDeletedThereStaysDeleted(t *testing.T) {
	server := tables()
	s, j := open(t, server), newJournal()
	if _, err := write(t, s, contacts(), j, people(0, 30, "Eino")); err != nil {
		t.Fatal(err)
	}
	server.Remove("contacts", "seamk_studentnumber", "0000003")
	for _, name := range []string{"Salla", "Salla", "Kari"} {
		out, err := write(t, s, contacts(), j, people(0, 30, name))
		if err != nil || out.Missing != 1 || out.Refused["deleted"] != 1 {
			t.Errorf("%+v, %v", out, err)
		}
	}
	server.Remove("contacts", "seamk_studentnumber", "0000004")
	rest := slices.DeleteFunc(people(0, 30, "Kari"), func(r dataverse.Row) bool { return r.Token == "t4" })
	if out, err := write(t, s, contacts(), j, rest); err != nil || out.Missing != 2 || out.Gone != 0 {
		t.Errorf("a row that is gone on both sides: %+v, %v", out, err)
	}
	if n, _ := server.Count("contacts"); n != 28 {
		t.Errorf("%d rows", n)
	}
}

// TestRefusedRowsStandAlone has the others of their change set written, and tries again the next time.
func TestRefusedRowsStandAlone(t *testing.T) {
	server := tables()
	s, j := open(t, server), newJournal()
	rows := people(0, 25, "Eino")
	rows[2], rows[13] = person(2, strings.Repeat("x", 60)), person(13, "Eino", "3")
	rows[14] = person(14, "Eino", "1", "1990-01-01", "false", "240", "9999999-9")
	for range 2 {
		out, err := write(t, s, contacts(), j, rows)
		if err != nil || out.Refused["0x80044331"] != 2 || out.Refused["0x80060891"] != 1 || out.Written+out.Unchanged != 22 {
			t.Errorf("%+v, %v", out, err)
		}
	}
	rows[2] = person(2, "x")
	if out, err := write(t, s, contacts(), j, rows); err != nil || out.Written != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestUpdateMakesNone changes rows that are there and makes none.
func TestUpdateMakesNone(t *testing.T) {
	server := tables()
	s := open(t, server)
	if _, err := write(t, s, contacts(), newJournal(), people(0, 1, "Eino")); err != nil {
		t.Fatal(err)
	}
	table := contacts()
	table.Way = dataverse.Update
	out, err := write(t, s, table, newJournal(), people(0, 12, "Salla"))
	n, _ := server.Count("contacts")
	if name := server.Row("contacts", "seamk_studentnumber", "0000000")["firstname"]; err != nil || n != 1 || name != "Salla" || out.Absent != 11 {
		t.Errorf("%d rows, the first of %v: %+v, %v", n, name, out, err)
	}
}

var errKilled = errors.New("killed")

// TestThreat_T42_KilledAnywhereARowIsSentOnce ends a run before and after each call of the journal and in the middle of each
// request; the next run, with other rows, leaves the table as one that was never killed, and no row is there twice.
func TestThreat_T42_KilledAnywhereARowIsSentOnce(t *testing.T) {
	for at := 1; at < 40; at++ {
		server, j := tables(), newJournal()
		var steps atomic.Int64
		var on atomic.Bool
		server.Every = func(string, string) bool { return on.Load() && steps.Add(1) == int64(at) }
		ctx, stop := context.WithCancelCause(t.Context())
		j.fail = func(string) error {
			if on.Load() && steps.Add(1) == int64(at) {
				return errKilled
			}
			return nil
		}
		s := open(t, server)
		if _, err := write(t, s, contacts(), j, people(0, 15, "Eino")); err != nil {
			t.Fatal(err)
		}
		on.Store(true)
		w, err := dataverse.NewWriter(s, contacts(), j, 100)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(ctx, stream(append(people(0, 10, "Salla"), people(15, 22, "Uusi")...))) // a connection that was cut is tried again
		stop(nil)
		on.Store(false)
		if steps.Load() < int64(at) {
			break
		}
		final := append(people(0, 12, "Kari"), people(20, 22, "Kari")...) // of those on their way, some are not to be sent any more
		if out, err := write(t, s, contacts(), j, final); err != nil && fault.Code(err) != "UOMA-CRM-FEW" {
			t.Fatalf("killed at %d: %+v, %v", at, out, err)
		}
		w, _ = dataverse.NewWriter(s, contacts(), j, 100)
		if _, err := w.Write(t.Context(), stream(final)); err != nil {
			t.Fatalf("killed at %d: %v", at, err)
		}
		_, before := server.Count("contacts")
		if _, err := w.Write(t.Context(), stream(final)); err != nil {
			t.Fatal(err)
		}
		if _, now := server.Count("contacts"); now != before {
			t.Errorf("killed at %d: %d rows are sent again", at, now-before)
		}
		there := map[any]int{}
		for _, r := range server.All("contacts") {
			there[r["seamk_studentnumber"]]++
			n, _ := strconv.Atoi(r["seamk_studentnumber"].(string))
			stays := n < 12 || n >= 20 && n < 22
			if stays && (r["firstname"] != "Kari" || r["statecode"] != 0.0) || !stays && (r["firstname"] != nil || r["statecode"] != 1.0) {
				t.Errorf("killed at %d (%v): row %d is %v", at, err, n, r)
			}
			if there[r["seamk_studentnumber"]] > 1 {
				t.Errorf("killed at %d: row %d is there twice", at, n)
			}
		}
	}
}

// TestThreat_T42_BadLines writes a table over lines that are bad in the one way or the other. A run has written every row, or
// failed by name; behind a run over a good line each row is there once, as it must be.
func TestThreat_T42_BadLines(t *testing.T) {
	lines := map[string]faultproxy.Faults{
		"latency": {Latency: 20 * time.Millisecond}, "bandwidth": {Bandwidth: 1 << 20}, "sliced": {Slice: 200}, "refused": {Refuse: true},
		"gone": {Up: true, Cut: 16 << 10, How: faultproxy.Close}, "stalled for good": {Up: true, Cut: 16 << 10, How: faultproxy.Stall},
		"stalled once": {Up: true, Cut: 96 << 10, How: faultproxy.Stall, Cuts: 1}, "no answer": {Cut: 8 << 10, How: faultproxy.Stall, Cuts: 1},
		"what we say late": {Up: true, Latency: 20 * time.Millisecond}, "what we say slow": {Up: true, Bandwidth: 1 << 20}, "what we say sliced": {Up: true, Slice: 1000},
	}
	for how, end := range faultproxy.Ends() {
		for at := int64(16 << 10); at <= 128<<10; at *= 2 {
			lines[fmt.Sprintf("%s once, %d bytes said", how, at)] = faultproxy.Faults{Up: true, Cut: at, How: end, Cuts: 1}
		}
		for at := int64(4 << 10); at <= 64<<10; at *= 4 {
			lines[fmt.Sprintf("%s once, %d bytes answered", how, at)] = faultproxy.Faults{Cut: at, How: end, Cuts: 1}
		}
	}
	for name, f := range lines {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of these tests wait
			server, j := tables(), newJournal()
			s, line := openOver(t, server)
			line.Set(f)
			out, err := write(t, s, contacts(), j, people(0, 400, "Eino"))
			endless, torn := f.Refuse || f.Cut > 0 && f.Cuts == 0, f.Up && f.How == faultproxy.HalfClose // where the server may say what it thinks of a half
			switch code := fault.Code(err); {
			case endless && code != "UOMA-SRC-UNREACHABLE", torn && err != nil && code != "UOMA-CRM-REFUSED", !endless && !torn && err != nil:
				t.Errorf("%+v, %v", out, err)
			case err == nil && out.Written != 400:
				t.Errorf("%+v", out)
			}
			line.Set(faultproxy.Faults{})
			if _, err := write(t, s, contacts(), j, people(0, 400, "Eino")); err != nil {
				t.Error(err)
			}
			there := map[any]bool{}
			for _, r := range server.All("contacts") {
				there[r["seamk_studentnumber"]] = r["firstname"] == "Eino"
			}
			if n := len(server.All("contacts")); n != 400 || len(there) != 400 {
				t.Errorf("%d rows of %d people", n, len(there))
			}
		})
	}
}

// TestMistakesChangeNothing refuses tables that cannot be, rows that do not fit, and streams that end early.
func TestMistakesChangeNothing(t *testing.T) {
	server := tables()
	s, j := open(t, server), newJournal()
	for name, change := range map[string]func(*dataverse.Table){
		"no key":          func(t *dataverse.Table) { t.Key = nil },
		"no way":          func(t *dataverse.Table) { t.Way = "merge" },
		"a name":          func(t *dataverse.Table) { t.Columns[0].Name = "a,b" },
		"a name twice":    func(t *dataverse.Table) { t.Columns[0].Name = "seamk_studentnumber" },
		"a kind":          func(t *dataverse.Table) { t.Columns[0].Kind = "money" },
		"a lookup":        func(t *dataverse.Table) { t.Columns[5].Set = "" },
		"a national code": func(t *dataverse.Table) { t.Columns[0].Name = "GovernmentId" },
	} {
		table := contacts()
		change(&table)
		if _, err := dataverse.NewWriter(s, table, j, 20); fault.Code(err) != "UOMA-CRM-TABLE" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, row := range map[string]dataverse.Row{
		"no key": {Token: "t", Digest: "d", Key: []string{""}, Cells: person(1, "x").Cells}, "a cell too few": {Token: "t", Digest: "d", Key: []string{"1"}},
		"a choice": person(1, "x", "male"), "a date": person(1, "x", "1", "1.1.1990"), "a yes": person(1, "x", "1", "", "yes"),
	} {
		if _, err := write(t, s, contacts(), j, []dataverse.Row{row}); fault.Code(err) != "UOMA-CRM-CELL" || strings.Contains(err.Error(), "male") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := write(t, s, contacts(), j, []dataverse.Row{person(1, "x"), person(1, "x")}); fault.Code(err) != "UOMA-CRM-TWICE" {
		t.Error(err)
	}
	if _, writes := server.Count("contacts"); writes != 0 {
		t.Errorf("%d writes", writes)
	}
	if _, err := write(t, s, contacts(), j, people(0, 50, "Eino")); err != nil {
		t.Fatal(err)
	}
	_, before := server.Count("contacts")
	if _, err := write(t, s, contacts(), j, people(0, 30, "Eino")); fault.Code(err) != "UOMA-CRM-FEW" {
		t.Error(err)
	}
	w, _ := dataverse.NewWriter(s, contacts(), j, 100)
	if _, err := w.Write(t.Context(), func(yield func(dataverse.Row, error) bool) { yield(dataverse.Row{}, errKilled) }); !errors.Is(err, errKilled) {
		t.Error(err)
	}
	if _, now := server.Count("contacts"); now != before {
		t.Errorf("%d rows changed", now-before)
	}
}

// TestThreat_T36_RefusalsSayNothing of what stands in a row, and redirects are not followed.
func TestThreat_T36_RefusalsSayNothing(t *testing.T) {
	const canary = "Kanarialintu"
	for name, tt := range map[string]struct {
		h    http.HandlerFunc
		code string
	}{
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example/", http.StatusTemporaryRedirect)
		}, "UOMA-SRC-REDIRECT"},
		"not let in": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusForbidden) }, "UOMA-SRC-LOGIN"},
		"refused": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"code":"`+canary+`"}}`, http.StatusBadRequest)
		}, "UOMA-CRM-REFUSED"},
		"busy for ever": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusServiceUnavailable) }, "UOMA-SRC-UNREACHABLE"},
		"another pause": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "UOMA-SRC-UNREACHABLE"},
		"no batch at all": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, canary) }, "UOMA-CRM-ANSWER"},
	} {
		s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				tables().ServeHTTP(w, r)
				return
			}
			tt.h(w, r)
		}))
		if _, err := write(t, s, contacts(), newJournal(), []dataverse.Row{person(1, canary)}); fault.Code(err) != tt.code || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
		}
	}
}

// TestAskNamesWhatIsNotThere asks before anything is written, and finds every column, key and table that is not there.
func TestAskNamesWhatIsNotThere(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*resttest.DataverseTables)
		want   []string
	}{
		"all is there": {func(*resttest.DataverseTables) {}, nil},
		"two columns": {func(d *resttest.DataverseTables) {
			delete(d.Tables["contacts"].Columns, "birthdate")
			delete(d.Tables["contacts"].Columns, "donotemail")
		}, []string{"contacts.birthdate", "contacts.donotemail"}},
		"a lookup": {func(d *resttest.DataverseTables) { delete(d.Tables["contacts"].Columns, "parentcustomerid_account") }, []string{"contacts.parentcustomerid_account"}},
		"the key of a lookup": {func(d *resttest.DataverseTables) {
			d.Tables["accounts"].Alternate = []string{"name"}
			d.Tables["accounts"].Columns["accountnumber"] = "text:20"
		}, []string{"accounts"}},
		"the table":           {func(d *resttest.DataverseTables) { delete(d.Tables, "contacts") }, []string{"contacts"}},
		"the alternate key":   {func(d *resttest.DataverseTables) { d.Tables["contacts"].Alternate = []string{"jobtitle"} }, []string{"contacts"}},
		"the table's own key": {func(d *resttest.DataverseTables) { d.Tables["contacts"].Key = "personid" }, []string{"contacts"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := tables()
			tt.change(server)
			var got []string
			err := open(t, server).Ask(t.Context(), contacts())
			var list fault.List
			var one *fault.Error
			if errors.As(err, &list) || errors.As(err, &one) {
				for _, e := range append(list, one) {
					if e != nil {
						got = append(got, e.Place.Field)
					}
				}
			}
			if !slices.Equal(got, tt.want) || err != nil && fault.Code(err) != "UOMA-CRM-TABLE" {
				t.Errorf("%v: %v", got, err)
			}
			if _, known := server.Tables["contacts"]; known {
				if rows, writes := server.Count("contacts"); rows != 0 || writes != 0 {
					t.Errorf("%d rows, %d writes", rows, writes)
				}
			}
		})
	}
}
