package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"uoma/connectors/remote"
	"uoma/connectors/rest"
	"uoma/connectors/resttest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
)

// portal is the question for what profiles hold in a list.
func portal() rest.Query {
	return rest.Query{Path: "export/profiles", Parameters: map[string]string{"updatedSince": "1970-01-01T00:00:00Z"}, Rows: "items", Each: "consents",
		Paging: rest.Paging{Kind: rest.Page, Parameter: "page", First: 1, Total: "total", Size: 7, SizeAs: "size"}}
}

// inside reads rows that lie in records: each as "id|purpose", with the summary and what was rejected.
func inside(t *testing.T, h http.Handler, q rest.Query, f faultproxy.Faults) (rows []string, sum tabular.Summary, rejected []canon.Rejection, err error) {
	t.Helper()
	api, line := open(t, h, func(s *remote.Server, _ *rest.Limits) {
		s.URL = strings.TrimSuffix(s.URL, "/v1")
		s.Credentials = remote.Credentials{Bearer: resttest.Key}
	})
	line.Set(f)
	o := tabular.Options{Feed: "portal/consents", File: "portal/consents", Reject: func(r canon.Rejection) { rejected = append(rejected, r) },
		Columns: []tabular.Column{{Name: "id", Path: "../profileId", Required: true}, {Name: "purpose", Required: true}}}
	r, err := api.Rows(q, o)
	if err != nil {
		t.Fatal(err)
	}
	for b, err2 := range r.Batches(t.Context()) {
		if err = err2; err != nil {
			break
		}
		for i := range b.Len() {
			rows = append(rows, b.Col(canon.RawFirst).Text(i)+"|"+b.Col(canon.RawFirst+1).Text(i))
		}
	}
	return rows, r.Summary(), rejected, err
}

// profiles gives people of whom the i-th has consented to i%4 things.
func profiles(n int) (all []resttest.Row, want []string) {
	for i := range n {
		consents := []any{}
		for k := range i % 4 {
			consents = append(consents, resttest.Row{"purpose": fmt.Sprintf("p%d", k), "state": "given"})
			want = append(want, fmt.Sprintf("%d|p%d", i, k))
		}
		all = append(all, resttest.Row{"profileId": i, "updatedAt": "2026-10-30T18:20:11+02:00", "consents": consents})
	}
	return all, want
}

// TestRowsInsideRecords gives the elements of a list inside each record, with what the record says at hand. Pages and totals are of
// records.
func TestRowsInsideRecords(t *testing.T) {
	const records = 40
	all, want := profiles(records)
	for name, f := range map[string]faultproxy.Faults{"a good line": {}, "cut": {Cut: 4000, How: faultproxy.Reset}, "half closed": {Cut: 4000, How: faultproxy.HalfClose}} {
		service := &resttest.Portal{Profiles: all, Throttle: resttest.Throttle{Left: 1}}
		rows, sum, rejected, err := inside(t, service, portal(), f)
		if err != nil || strings.Join(rows, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %d rows of %d, %v", name, len(rows), len(want), err)
		}
		if sum.Rows != int64(len(want)) || sum.Skipped[tabular.SkipNoRows] != records/4 || len(rejected) > 0 {
			t.Errorf("%s: %+v, %d rejected", name, sum, len(rejected))
		}
		if unknown := strings.Join(sum.Unknown, " "); unknown != "consents/state updatedAt" && unknown != "updatedAt consents/state" {
			t.Errorf("%s: unknown %s", name, unknown)
		}
	}
}

// TestRecordsWithoutRightRows rejects a record whose list holds what is no object, and accounts for all others.
func TestRecordsWithoutRightRows(t *testing.T) {
	all, want := profiles(12)
	for name, bad := range map[string]any{"a text": []any{resttest.Row{"purpose": "p0"}, "newsletter"}, "a number": 7, "two purposes": []any{resttest.Row{"purpose": []any{"a", "b"}}}} {
		all := append([]resttest.Row{}, all...)
		all[4] = resttest.Row{"profileId": 4, "updatedAt": all[4]["updatedAt"], "consents": bad}
		rows, sum, rejected, err := inside(t, &resttest.Portal{Profiles: all}, portal(), faultproxy.Faults{})
		if err != nil || strings.Join(rows, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %d rows of %d, %v", name, len(rows), len(want), err)
		}
		if sum.Read() != int64(len(want))+1 || sum.Rejected != 1 || len(rejected) != 1 || sum.Skipped[tabular.SkipNoRows] != 2 {
			t.Errorf("%s: %+v, %v", name, sum, rejected)
		}
	}
}

// TestRecordsWithoutTheirList is told as a missing column is, when no record of any page has it: it is called otherwise, or is
// not given any more. One record may leave it out, an empty list is one, and a page without records says nothing.
func TestRecordsWithoutTheirList(t *testing.T) {
	page := func(records ...string) string {
		return fmt.Sprintf(`{"items":[%s],"total":%d}`, strings.Join(records, ","), len(records))
	}
	const with, none, null, without, other = `{"profileId":1,"consents":[{"purpose":"a"}]}`, `{"profileId":2,"consents":[]}`, `{"profileId":3,"consents":null}`, `{"profileId":4}`,
		`{"profileId":5,"consent":[{"purpose":"a"}]}`
	for name, tt := range map[string]struct {
		answer, code string
		rows         int
	}{
		"one of several":            {page(without, with, other), "", 1},
		"beside an empty one":       {page(without, none), "", 0},
		"beside null":               {page(null, without), "", 0},
		"no records":                {page(), "", 0},
		"none of them":              {page(without, without), "UOMA-LND-HEADER-MISSING", 0},
		"another name":              {page(other, without), "UOMA-LND-HEADER-MISSING", 0},
		"the only record is one":    {page(other), "UOMA-LND-HEADER-MISSING", 0},
		"a record that is no right": {page(`7`, without), "UOMA-LND-HEADER-MISSING", 0},
	} {
		q := portal()
		q.Paging = rest.Paging{Kind: rest.None, Total: "total"}
		rows, _, _, err := inside(t, http.HandlerFunc(says(tt.answer)), q, faultproxy.Faults{})
		if fault.Code(err) != tt.code || len(rows) != tt.rows || tt.code != "" && !strings.Contains(err.Error(), "(purpose)") {
			t.Errorf("%s: %v, %v", name, rows, err)
		}
	}
	const pages = 40
	all, _ := profiles(pages)
	for _, r := range all[7:] {
		delete(r, "consents")
	}
	if rows, sum, _, err := inside(t, &resttest.Portal{Profiles: all}, portal(), faultproxy.Faults{}); err != nil || len(rows) != 9 || len(sum.Missing) > 0 {
		t.Errorf("a list on the first page alone: %d rows, %v, %v", len(rows), sum.Missing, err)
	}
	for _, r := range all[:7] {
		delete(r, "consents")
	}
	if rows, _, _, err := inside(t, &resttest.Portal{Profiles: all}, portal(), faultproxy.Faults{}); fault.Code(err) != "UOMA-LND-HEADER-MISSING" {
		t.Errorf("a list on no page: %d rows, %v", len(rows), err)
	}
}

// TestTotalsOfRowsInsideRecords holds the total against records: one that counts their rows is another number.
func TestTotalsOfRowsInsideRecords(t *testing.T) {
	for total, code := range map[int]string{2: "", 3: "UOMA-SRC-TOTAL"} {
		page := fmt.Sprintf(`{"items":[{"profileId":1,"consents":[{"purpose":"a"},{"purpose":"b"}]},{"profileId":2,"consents":[{"purpose":"a"}]}],"total":%d}`, total)
		q := portal()
		q.Paging = rest.Paging{Kind: rest.None, Total: "total"}
		if rows, _, _, err := inside(t, http.HandlerFunc(says(page)), q, faultproxy.Faults{}); fault.Code(err) != code || code == "" && len(rows) != 3 {
			t.Errorf("%d announced: %v, %v", total, rows, err)
		}
	}
}

// TestRowsInsideElements reads the same out of one document of XML.
func TestRowsInsideElements(t *testing.T) {
	q := portal()
	q.XML, q.Rows, q.Paging = true, "root/profile", rest.Paging{Kind: rest.None, Total: "root/@total"}
	answer := `<root total="2"><profile><profileId>1</profileId><consents><purpose>a</purpose></consents><consents><purpose>b</purpose></consents></profile><profile><profileId>2</profileId></profile></root>`
	rows, sum, _, err := inside(t, http.HandlerFunc(typed("text/xml", answer)), q, faultproxy.Faults{})
	if err != nil || strings.Join(rows, " ") != "1|a 1|b" || sum.Skipped[tabular.SkipNoRows] != 1 {
		t.Errorf("%v, %+v, %v", rows, sum, err)
	}
}
