package odata_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uoma/connectors/odata"
	"uoma/connectors/remote"
	"uoma/connectors/rest"
	"uoma/connectors/resttest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
)

const label = "@OData.Community.Display.V1.FormattedValue"

// contacts makes rows of which every tenth is inactive and every second has no owner.
func contacts(n int) (rows []resttest.Row) {
	for i := range n {
		row := resttest.Row{"contactid": fmt.Sprintf("00000000-0000-0000-0000-%012d", i), "statecode": 0, "statecode" + label: "Active",
			"_ownerid_value": nil, "firstname": "Eino", "description": "not asked for"}
		if i%10 == 0 {
			row["statecode"], row["statecode"+label] = 1, "Inactive"
		}
		if i%2 == 0 {
			row["_ownerid_value"], row["_ownerid_value"+label] = "00000000-0000-0000-0000-00000000000a", "Unit A"
		}
		rows = append(rows, row)
	}
	return rows
}

func open(t *testing.T, h http.Handler) *rest.API {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	addr := authority.Serve(t, h)
	api, err := rest.Open(t.Context(), remote.Server{URL: "https://" + addr + "/api/data/v9.2", CA: authority.PEM,
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Retry: remote.Retry{Base: time.Millisecond},
		Credentials: remote.Credentials{OAuth: &remote.OAuth{TokenURL: "https://" + addr + "/token", ID: resttest.ID, Secret: resttest.Secret}}}, rest.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() }) // idle connections only
	return api
}

// read gives the rows of a set.
func read(t *testing.T, api *rest.API, s odata.Set) (rows []resttest.Row, err error) {
	t.Helper()
	q, err := s.Query()
	if err != nil {
		return nil, err
	}
	pages, err := api.Pages(t.Context(), q)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(pages)
	for dec := json.NewDecoder(strings.NewReader(string(all))); dec.More(); {
		var page struct{ Value []resttest.Row }
		if err := dec.Decode(&page); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, page.Value...)
	}
	return rows, err
}

// TestSets asks for what is read and no more, page by page, through pauses.
func TestSets(t *testing.T) {
	for name, tt := range map[string]struct {
		rows int
		set  odata.Set
		want int
	}{
		"none":             {0, odata.Set{Count: true}, 0},
		"a page":           {50, odata.Set{Count: true}, 50},
		"pages":            {250, odata.Set{Count: true, Size: 100}, 250},
		"a filter":         {250, odata.Set{Count: true, Size: 100, Filter: "statecode eq 1"}, 25},
		"beyond the count": {5020, odata.Set{Count: true}, 5020},
		"without a count":  {5020, odata.Set{Size: 3000}, 5020},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.set.Name = "contacts"
			tt.set.Columns = []string{"contactid", "statecode", "statecode" + label, "_ownerid_value", "_ownerid_value" + label}
			server := &resttest.Dataverse{Sets: map[string][]resttest.Row{"contacts": contacts(tt.rows)}}
			server.Left = 2
			rows, err := read(t, open(t, server), tt.set)
			if err != nil || len(rows) != tt.want {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			for i, row := range rows {
				delete(row, "@odata.etag")
				want := resttest.Row{"contactid": row["contactid"], "statecode": float64(0), "statecode" + label: "Active", "_ownerid_value": nil}
				if tt.set.Filter != "" || i%10 == 0 {
					want["statecode"], want["statecode"+label] = float64(1), "Inactive"
				}
				if tt.set.Filter != "" || i%2 == 0 {
					want["_ownerid_value"], want["_ownerid_value"+label] = "00000000-0000-0000-0000-00000000000a", "Unit A"
				}
				if !reflect.DeepEqual(row, want) {
					t.Fatalf("row %d is %v, want %v", i, row, want)
				}
			}
		})
	}
}

// lossy is a service that loses a row of its second page.
type lossy struct{ resttest.Dataverse }

func (l *lossy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("$skiptoken") {
		l.Sets = map[string][]resttest.Row{"contacts": slices.Delete(contacts(20), 15, 16)}
	}
	l.Dataverse.ServeHTTP(w, r)
}

// TestFailures fail the source, by name.
func TestFailures(t *testing.T) {
	twenty := func() resttest.Dataverse {
		return resttest.Dataverse{Sets: map[string][]resttest.Row{"contacts": contacts(20)}}
	}
	gone, whole, busy := twenty(), twenty(), twenty()
	gone.Gone = true
	busy.Left = 1000
	frozen := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // every page says that there are 20, one is lost
		if r.URL.Path == "/token" {
			whole.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"@odata.count":20,"value":[{"contactid":"a"}]}`)
	})
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // the second page is said to be at the same port of another host
		if r.URL.Path == "/token" {
			whole.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"value":[{"contactid":"a"}],"@odata.nextLink":"https://other.example%s/api/data/v9.2/contacts?$skiptoken=2"}`, r.Host[strings.LastIndexByte(r.Host, ':'):])
	})
	for name, tt := range map[string]struct {
		h    http.Handler
		set  odata.Set
		code string
	}{
		"an unknown column":  {&whole, odata.Set{Columns: []string{"contactid", "seamk_nothing"}}, "UOMA-SRC-REFUSED"},
		"an unknown set":     {&whole, odata.Set{Name: "leads", Columns: []string{"leadid"}}, "UOMA-SRC-RESOURCE"},
		"gone in the middle": {&gone, odata.Set{Columns: []string{"contactid"}, Size: 10}, "UOMA-SRC-GONE"},
		"busy for ever":      {&busy, odata.Set{Columns: []string{"contactid"}}, "UOMA-SRC-UNREACHABLE"},
		"fewer than counted": {frozen, odata.Set{Columns: []string{"contactid"}, Count: true}, "UOMA-SRC-TOTAL"},
		"at another host":    {elsewhere, odata.Set{Columns: []string{"contactid"}}, "UOMA-SRC-LINK"},
		"no set":             {&whole, odata.Set{Name: "contacts(1)", Columns: []string{"contactid"}}, "UOMA-SRC-QUERY"},
		"another entity's":   {&whole, odata.Set{Columns: []string{"parentcustomerid/name"}}, "UOMA-SRC-QUERY"},
		"annotations alone":  {&whole, odata.Set{Columns: []string{"@odata.etag"}}, "UOMA-SRC-QUERY"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.set.Name == "" {
				tt.set.Name = "contacts"
			}
			if _, err := read(t, open(t, tt.h), tt.set); fault.Code(err) != tt.code || fault.ScopeOf(err) != fault.Source {
				t.Errorf("%v, want %s", err, tt.code)
			}
		})
	}
	t.Run("a row less while it is read", func(t *testing.T) {
		_, err := read(t, open(t, &lossy{twenty()}), odata.Set{Name: "contacts", Columns: []string{"contactid"}, Size: 10, Count: true})
		if fault.Code(err) != "UOMA-SRC-SHIFTED" || fault.ScopeOf(err) != fault.Source {
			t.Errorf("%v", err)
		}
	})
}

// TestAPageIsAskedForWhenTheOneBeforeIsUsed reads no faster than whoever uses the rows: while page n is being used, page n+2 is
// not asked for, however long that takes.
func TestAPageIsAskedForWhenTheOneBeforeIsUsed(t *testing.T) {
	const rows, size = 3*canon.BatchRows + 1, 500
	server := &resttest.Dataverse{Sets: map[string][]resttest.Row{"contacts": contacts(rows)}}
	var asked atomic.Int64
	api := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			asked.Add(1)
		}
		server.ServeHTTP(w, r)
	}))
	q, err := odata.Set{Name: "contacts", Columns: []string{"contactid"}, Size: size}.Query()
	if err != nil {
		t.Fatal(err)
	}
	r, err := api.Rows(q, tabular.Options{Feed: "test/contacts", Columns: []tabular.Column{{Name: "contactid", Required: true}}})
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for b, err := range r.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		used += b.Len()
		time.Sleep(50 * time.Millisecond) // in which a reader that ran ahead would
		if n, last := int(asked.Load()), (used+size-1)/size; n > last+1 {
			t.Errorf("%d pages were asked for, and %d were used", n, last)
		}
	}
	if n := int(asked.Load()); used != rows || n != (rows+size-1)/size {
		t.Errorf("%d rows of %d pages", used, n)
	}
}
