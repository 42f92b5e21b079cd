package odata_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/odata"
	"uoma/connectors/rest"
	"uoma/connectors/resttest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// tracked asks for contacts and later for their changes.
func tracked(t *testing.T, size int) (rest.Query, tabular.Options) {
	t.Helper()
	q, err := odata.Set{Name: "contacts", Columns: []string{"contactid", "firstname"}, Size: size, Track: true}.Query()
	if err != nil {
		t.Fatal(err)
	}
	return q, tabular.Options{Feed: "test/contacts", Columns: []tabular.Column{{Name: "contactid", Required: true}, {Name: "firstname", Required: true}}}
}

// inFull reads the set and gives from where on changes can be asked for.
func inFull(t *testing.T, api *rest.API, size int) (rows int, since string) {
	t.Helper()
	q, o := tracked(t, size)
	r, err := api.Rows(q, o)
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range r.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rows += b.Len()
	}
	return rows, r.Since()
}

func named(n int, name string) []resttest.Row {
	rows := contacts(n)
	for _, r := range rows {
		r["firstname"] = name
	}
	return rows
}

func service(rows []resttest.Row) *resttest.Dataverse {
	return &resttest.Dataverse{Sets: map[string][]resttest.Row{"contacts": rows}, Keys: map[string]string{"contacts": "contactid"}}
}

// turning is a service that becomes another between requests.
type turning struct{ now *resttest.Dataverse }

func (s *turning) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.now.ServeHTTP(w, r) }

// TestChanges reads a set, and then what became of it: over pages, twice, with rows that are gone in both ways of saying so.
func TestChanges(t *testing.T) {
	s := &turning{service(contacts(40))}
	api := open(t, s)
	q, o := tracked(t, 10)
	n, since := inFull(t, api, 10)
	if n != 40 || !strings.Contains(since, "deltatoken") {
		t.Fatalf("%d rows, then %q", n, since)
	}
	quiet, err := odata.Changed(t.Context(), api, q, o, 0, since)
	if err != nil || len(quiet.Last) != 0 || quiet.Since == "" {
		t.Fatalf("%+v, %v", quiet, err)
	}
	now := slices.Concat(named(12, "Salla"), contacts(60)[12:30], contacts(60)[40:]) // 12 changed, 10 gone, 20 new
	s.now = s.now.After(map[string][]resttest.Row{"contacts": now})
	for range 2 { // whoever did not keep what came asks again
		c, err := odata.Changed(t.Context(), api, q, o, 0, since)
		if err != nil {
			t.Fatal(err)
		}
		gone, changed, added := 0, 0, 0
		for key, at := range c.Last {
			switch i := id(t, key); {
			case at == odata.Removed && i >= 30 && i < 40:
				gone++
			case at >= 0 && i < 12 && c.Rows.Named("firstname").Text(at) == "Salla":
				changed++
			case at >= 0 && i >= 40:
				added++
			default:
				t.Errorf("row %d at %d", i, at)
			}
			if at >= 0 && c.Keys[at] != key {
				t.Errorf("row %d is that of another", at)
			}
		}
		if gone != 10 || changed != 12 || added != 20 || c.Rows.Len() != 32 {
			t.Errorf("%d gone, %d changed, %d new", gone, changed, added)
		}
		if again, err := odata.Changed(t.Context(), api, q, o, 0, c.Since); err != nil || len(again.Last) != 0 {
			t.Errorf("later: %d changes, %v", len(again.Last), err)
		}
	}
	s.now = s.now.After(map[string][]resttest.Row{"contacts": {}})
	if c, err := odata.Changed(t.Context(), api, q, o, 0, since); err != nil || c.Rows.Len() != 0 || len(c.Last) != 40 {
		t.Errorf("all are gone: %v", err)
	}
}

// TestTheKindOfALookup is asked for beside it, and comes in full and as a change: the parent of a contact is an account, another
// contact, or nobody, of whom no kind is said.
func TestTheKindOfALookup(t *testing.T) {
	const parent, kind = "_parentcustomerid_value", "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"
	rows := func(kinds ...string) (out []resttest.Row) {
		for i, k := range kinds {
			row := resttest.Row{"contactid": fmt.Sprintf("00000000-0000-0000-0000-%012d", i), "firstname": "Eino", parent: nil, parent + label: "not asked for"}
			if k != "" {
				row[parent], row[kind] = "00000000-0000-0000-0000-00000000000a", k
			}
			out = append(out, row)
		}
		return out
	}
	s := &turning{service(rows("account", "contact", ""))}
	api := open(t, s)
	columns := []string{"contactid", "firstname", parent, kind}
	q, err := odata.Set{Name: "contacts", Columns: columns, Track: true}.Query()
	if err != nil {
		t.Fatal(err)
	}
	o := tabular.Options{Feed: "test/contacts", Columns: []tabular.Column{{Name: columns[0], Required: true}, {Name: columns[1]}, {Name: parent}, {Name: kind}}}
	kinds := func(b *canon.Batch) (out []string) {
		for i := range b.Len() {
			c := b.Named(kind)
			if c.Null(i) != b.Named(parent).Null(i) {
				t.Errorf("row %d has a parent without a kind, or a kind without a parent", i)
			}
			if c.Null(i) {
				out = append(out, "")
			} else {
				out = append(out, c.Text(i))
			}
		}
		return out
	}
	r, err := api.Rows(q, o)
	if err != nil {
		t.Fatal(err)
	}
	var full []string
	for b, err := range r.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		full = append(full, kinds(b)...)
	}
	if want := []string{"account", "contact", ""}; !slices.Equal(full, want) || len(r.Summary().Unknown) > 1 {
		t.Errorf("%q, want %q; not asked for %q", full, want, r.Summary().Unknown)
	}
	s.now = s.now.After(map[string][]resttest.Row{"contacts": rows("contact", "", "account")})
	c, err := odata.Changed(t.Context(), api, q, o, 0, r.Since())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(c.Rows), []string{"contact", "", "account"}; !slices.Equal(got, want) {
		t.Errorf("as changes %q, want %q", got, want)
	}
}

func id(t *testing.T, key string) (i int) {
	t.Helper()
	if _, err := fmt.Sscanf(key, "00000000-0000-0000-0000-%d", &i); err != nil {
		t.Fatal(err)
	}
	return i
}

// TestChangesThatCannotBeHad leave the set to be read in full, or fail the source.
func TestChangesThatCannotBeHad(t *testing.T) {
	says := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				service(nil).ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, body, "https://"+r.Host+"/api/data/v9.2/contacts?$deltatoken=9")
		})
	}
	expired, gone, busy := service(contacts(3)), service(contacts(3)), service(contacts(3))
	expired.Kept, gone.Kept, gone.GoneToken, busy.Left = 1, 1, true, 1000
	const end = `"@odata.deltaLink":"%s"}`
	for name, tt := range map[string]struct {
		h     http.Handler
		since string // below the service's address
		code  string
	}{
		"expired":             {expired, "/api/data/v9.2/contacts?$deltatoken=0%21x", odata.ErrExpired.Code},
		"expired with 410":    {gone, "/api/data/v9.2/contacts?$deltatoken=0%21x", odata.ErrExpired.Code},
		"unknown":             {service(contacts(3)), "/api/data/v9.2/contacts?$deltatoken=nothing", odata.ErrExpired.Code},
		"of another set":      {service(contacts(3)), "/api/data/v9.2/leads?$deltatoken=0%21x", odata.ErrExpired.Code},
		"at another host":     {service(contacts(3)), "https://other.example/api/data/v9.2/contacts?$deltatoken=0", odata.ErrExpired.Code},
		"no end":              {says(`{"value":[],"x":"%s"}`), "/api/data/v9.2/contacts", odata.ErrUnclear.Code},
		"no key":              {says(`{"value":[{"firstname":"x"}],` + end), "/api/data/v9.2/contacts", odata.ErrUnclear.Code},
		"gone without a name": {says(`{"value":[{"@removed":{"reason":"deleted"}}],` + end), "/api/data/v9.2/contacts", odata.ErrUnclear.Code},
		"gone in a third way": {says(`{"value":[{"@removed":{},"contactid":"a"}],` + end), "/api/data/v9.2/contacts", odata.ErrUnclear.Code},
		"not understood":      {says(`{"value":[{"contactid":["a","b"],"firstname":"x"}],` + end), "/api/data/v9.2/contacts", odata.ErrUnclear.Code},
		"a line that is cut":  {says(`{"value":[{"contactid":"a",`), "/api/data/v9.2/contacts", "UOMA-SRC-PAGE"},
		"busy for ever":       {busy, "/api/data/v9.2/contacts?$deltatoken=0%21x", "UOMA-SRC-UNREACHABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			q, o := tracked(t, 0)
			if _, err := odata.Changed(t.Context(), open(t, tt.h), q, o, 0, tt.since); fault.Code(err) != tt.code || fault.ScopeOf(err) != fault.Source {
				t.Errorf("%v, want %s", err, tt.code)
			}
		})
	}
	for name, s := range map[string]odata.Set{"a filter": {Filter: "statecode eq 1"}, "a count": {Count: true}} {
		s.Name, s.Columns, s.Track = "contacts", []string{"contactid"}, true
		if _, err := s.Query(); fault.Code(err) != "UOMA-SRC-QUERY" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTheLastWordCounts of an entity that comes twice.
func TestTheLastWordCounts(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			service(nil).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"value":[{"contactid":"a","firstname":"1"},{"@removed":{"reason":"changed"},"contactid":"b"},{"contactid":"b","firstname":"2"},
			{"contactid":"a","firstname":"3"},{"contactid":"c","firstname":"4"},{"@odata.context":"#contacts/$deletedEntity","id":"c","reason":"deleted"}],
			"@odata.deltaLink":"https://%s/api/data/v9.2/contacts?x"}`, r.Host)
	})
	q, o := tracked(t, 0)
	c, err := odata.Changed(t.Context(), open(t, h), q, o, 0, "/api/data/v9.2/contacts")
	if err != nil || len(c.Last) != 3 || c.Last["a"] != 2 || c.Last["b"] != 1 || c.Last["c"] != odata.Removed || !slices.Equal(c.Keys, []string{"a", "b", "a", "c"}) {
		t.Errorf("%+v, %v", c, err)
	}
	if c.Rows.Col(canon.RawFirst+1).Text(2) != "3" {
		t.Error("the row is another")
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"a", "contacts(a)", "contacts(contactid=a)", "https://x.example/contacts('a''b')", "contacts(a=1,b=2)", "(", "()", "('", "3F2504E0-4F89-41D3-9A0C-0305E82C3301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k := odata.Key(s); !strings.ContainsAny(k, "(") && odata.Key(k) != k {
			t.Errorf("%q is %q", s, k)
		}
	})
}

func TestKey(t *testing.T) {
	for text, want := range map[string]string{
		"3F2504E0-4F89-41D3-9A0C-0305E82C3301": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "A1": "A1", "contacts(A1)": "A1", "contacts(contactid=A1)": "A1",
		"https://x.example/v9.2/contacts('it''s')": "it's", "contacts(a=1,b=2)": "", "": "", "contacts()": "",
		"contacts(3F2504E0-4F89-41D3-9A0C-0305E82C3301)": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
	} {
		if got := odata.Key(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
