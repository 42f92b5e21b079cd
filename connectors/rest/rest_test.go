package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"uoma/connectors/remote"
	"uoma/connectors/rest"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
	"uoma/internal/tlstest"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func patience() remote.Retry { return remote.Retry{Base: 10 * time.Millisecond} }

// service gives rows in one of the ways in which services page.
type service struct {
	kind  string
	rows  int
	size  int
	short bool // pages have fewer rows than they may, each another number
	asked atomic.Int64
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	from, body := 0, map[string]any{}
	if r.Method == http.MethodPost {
		_ = json.NewDecoder(r.Body).Decode(&body) // the test wrote it
	}
	number := func(name string) int { n, _ := strconv.Atoi(r.URL.Query().Get(name)); return n }
	switch s.kind {
	case rest.Next, rest.Link, rest.Offset:
		from = number("offset")
	case rest.Cursor:
		after := r.URL.Query().Get("after")
		if v, ok := body["variables"].(map[string]any); ok {
			after, _ = v["after"].(string)
		}
		from, _ = strconv.Atoi(strings.TrimPrefix(after, "c"))
	case rest.Page:
		from = (number("page") - 1) * s.size
	}
	from = min(from, s.rows)
	to := min(from+s.size, s.rows)
	if s.short {
		to = min(from+1+from%s.size, to)
	}
	var items []map[string]any
	for i := from; i < to; i++ {
		items = append(items, map[string]any{"id": i})
	}
	more := to < s.rows
	answer := map[string]any{"total": s.rows, "data": map[string]any{"items": append([]map[string]any{}, items...)}, "more": more}
	next := "https://" + r.Host + r.URL.Path + "?offset=" + strconv.Itoa(to)
	switch {
	case s.kind == rest.Next && more:
		answer["next"] = next
	case s.kind == rest.Link && more:
		w.Header().Add("Link", `<https://other.example/>; rel="self"; title="a, b; c", <`+next+`>; rel="prev next"`)
	case s.kind == rest.Cursor && more:
		answer["cursor"] = "c" + strconv.Itoa(to)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(answer) // the line may be cut on purpose
}

// open serves h and gives a client of it.
func open(t *testing.T, h http.Handler, change func(*remote.Server, *rest.Limits)) (*rest.API, *faultproxy.Proxy) {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	line := faultproxy.New(t, authority.Serve(t, h))
	var limits rest.Limits
	s := remote.Server{URL: "https://" + line.Addr() + "/v1", CA: authority.PEM, Networks: loopback, Idle: faultproxy.Patience, Retry: patience()}
	if change != nil {
		change(&s, &limits)
	}
	api, err := rest.Open(t.Context(), s, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() }) // idle connections only
	return api, line
}

// ids reads the rows of all pages.
func ids(t *testing.T, api *rest.API, q rest.Query) ([]int, error) {
	t.Helper()
	pages, err := api.Pages(t.Context(), q)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(pages)
	var out []int
	for dec := json.NewDecoder(strings.NewReader(string(all))); dec.More(); {
		var page struct {
			Data struct {
				Items []struct{ ID int }
			}
		}
		if err := dec.Decode(&page); err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Data.Items {
			out = append(out, row.ID)
		}
	}
	if int64(len(out)) != pages.Rows() && err == nil {
		t.Errorf("%d rows counted, %d given", pages.Rows(), len(out))
	}
	return out, err
}

// kinds are the ways to page, as a layout describes them.
func kinds() map[string]rest.Query {
	q := func(p rest.Paging) rest.Query { return rest.Query{Path: "people", Rows: "data/items", Paging: p} }
	graph := q(rest.Paging{Kind: rest.Cursor, Next: "cursor", More: "more", Total: "total", Parameter: "variables/after"})
	graph.Body = map[string]any{"query": "{ people }", "variables": map[string]any{"first": 10}}
	graph.Errors = "errors"
	return map[string]rest.Query{
		"next":            q(rest.Paging{Kind: rest.Next, Next: "next"}),
		"next, total":     q(rest.Paging{Kind: rest.Next, Next: "next", Total: "total"}),
		"link":            q(rest.Paging{Kind: rest.Link}),
		"cursor":          q(rest.Paging{Kind: rest.Cursor, Next: "cursor", Parameter: "after"}),
		"cursor, more":    q(rest.Paging{Kind: rest.Cursor, Next: "cursor", More: "more", Parameter: "after", Size: 10, SizeAs: "first"}),
		"cursor, GraphQL": graph,
		"page":            q(rest.Paging{Kind: rest.Page, Parameter: "page", First: 1}),
		"page, total":     q(rest.Paging{Kind: rest.Page, Parameter: "page", First: 1, Total: "total"}),
		"offset":          q(rest.Paging{Kind: rest.Offset, Parameter: "offset"}),
		"offset, total":   q(rest.Paging{Kind: rest.Offset, Parameter: "offset", Total: "total"}),
	}
}

func numbers(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// TestEveryRowOnce reads lists that end before, at and behind a page's end, in each way to page.
func TestEveryRowOnce(t *testing.T) {
	for name, q := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, rows := range []int{0, 1, 9, 10, 11, 30} {
				api, _ := open(t, &service{kind: q.Paging.Kind, rows: rows, size: 10}, nil)
				if got, err := ids(t, api, q); err != nil || !slices.Equal(got, numbers(rows)) {
					t.Errorf("%d rows: %v, %v", rows, got, err)
				}
			}
		})
	}
	for name, q := range kinds() { // of numbered pages only full ones can be told apart
		if q.Paging.Kind == rest.Page {
			continue
		}
		if q.Body == nil {
			q.Paging.Size, q.Paging.SizeAs = 10, "first"
		}
		api, _ := open(t, &service{kind: q.Paging.Kind, rows: 97, size: 10, short: true}, nil)
		if got, err := ids(t, api, q); err != nil || !slices.Equal(got, numbers(97)) {
			t.Errorf("%s, of short pages: %v, %v", name, got, err)
		}
	}
	one := rest.Query{Path: "people", Rows: "data/items", Paging: rest.Paging{Kind: rest.None, Total: "total"}}
	api, _ := open(t, &service{kind: rest.None, rows: 7, size: 10}, nil)
	if got, err := ids(t, api, one); err != nil || len(got) != 7 {
		t.Errorf("one page: %v, %v", got, err)
	}
	api, _ = open(t, &service{kind: rest.None, rows: 17, size: 10}, nil)
	if _, err := ids(t, api, one); fault.Code(err) != "UOMA-SRC-TOTAL" {
		t.Errorf("one page of two: %v", err)
	}
}

// TestBadLines reads every list over lines that are bad: all rows once, or the source named as failed.
func TestBadLines(t *testing.T) {
	for name, f := range map[string]faultproxy.Faults{
		"latency":      {Latency: 5 * time.Millisecond},
		"bandwidth":    {Bandwidth: 256 << 10},
		"sliced":       {Slice: 16},
		"reset":        {Cut: 6000, How: faultproxy.Reset},
		"closed":       {Cut: 6000, How: faultproxy.Close},
		"half closed":  {Cut: 6000, How: faultproxy.HalfClose},
		"stalled once": {Cut: 6000, How: faultproxy.Stall, Cuts: 1},
	} {
		for kind, q := range kinds() {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				api, line := open(t, &service{kind: q.Paging.Kind, rows: 230, size: 20}, idle(f, 800*time.Millisecond))
				line.Set(f)
				if got, err := ids(t, api, q); err != nil || !slices.Equal(got, numbers(230)) {
					t.Errorf("%d rows, %v", len(got), err)
				}
			})
		}
	}
	for name, f := range map[string]faultproxy.Faults{"stalled for good": {Cut: 3000, How: faultproxy.Stall}, "refused": {Refuse: true}, "cut in each page": {Cut: 1500, How: faultproxy.Close}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, line := open(t, &service{kind: rest.Next, rows: 2000, size: 1000}, idle(f, 400*time.Millisecond))
			line.Set(f)
			if _, err := ids(t, api, kinds()["next"]); fault.Code(err) != "UOMA-SRC-UNREACHABLE" || fault.ScopeOf(err) != fault.Source {
				t.Error(err)
			}
		})
	}
}

// idle sets how long a line may move no byte that stalls.
func idle(f faultproxy.Faults, stalled time.Duration) func(*remote.Server, *rest.Limits) {
	return func(s *remote.Server, _ *rest.Limits) { s.Idle = f.Idle(stalled) }
}

// script answers the n-th request as it is told.
type script struct {
	mu      sync.Mutex
	answers []func(http.ResponseWriter, *http.Request)
	asked   []*http.Request
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	n := len(s.asked)
	s.asked = append(s.asked, r)
	s.mu.Unlock()
	s.answers[min(n, len(s.answers)-1)](w, r)
}

func says(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}
}

func status(code int, headers ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}

func typed(kind, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		fmt.Fprint(w, body)
	}
}

// TestAnswersThatAreNoPage fails with a code, and never takes the beginning of a list for the list.
func TestAnswersThatAreNoPage(t *testing.T) {
	const row = `{"data":{"items":[{"id":0}]}`
	total := rest.Paging{Kind: rest.Offset, Parameter: "offset", Total: "total"}
	cursor := rest.Paging{Kind: rest.Cursor, Next: "cursor", More: "more", Parameter: "after"}
	circle := func(w http.ResponseWriter, r *http.Request) { // a leads to b, and b to a
		if r.URL.Query().Get("after") == "a" {
			says(`{"data":{"items":[{"id":1}]},"cursor":"b","more":true}`)(w, r)
			return
		}
		says(`{"data":{"items":[{"id":2}]},"cursor":"a","more":true}`)(w, r)
	}
	squeezed := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		says(row+"}")(w, r)
	}
	for name, tt := range map[string]struct {
		paging  rest.Paging
		answers []func(http.ResponseWriter, *http.Request)
		code    string
	}{
		"a page for people":      {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){typed("text/html", "<p>log in")}, "UOMA-SRC-CONTENT-TYPE"},
		"no type":                {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){typed("", row+"}")}, "UOMA-SRC-CONTENT-TYPE"},
		"another encoding":       {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){typed("application/json; charset=iso-8859-1", row+"}")}, "UOMA-SRC-CONTENT-TYPE"},
		"a type of its own":      {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){typed("application/hal+json", row+"}")}, ""},
		"nothing":                {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){says("")}, "UOMA-SRC-PAGE"},
		"another document":       {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){says(`{"error":"x"}`)}, "UOMA-SRC-PAGE"},
		"rows that are no list":  {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){says(`{"data":{"items":{"id":0}}}`)}, "UOMA-SRC-PAGE"},
		"cut":                    {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){says(row)}, "UOMA-SRC-PAGE"},
		"two documents":          {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){says(row + "} " + row + "}")}, "UOMA-SRC-PAGE"},
		"no total":               {total, []func(http.ResponseWriter, *http.Request){says(row + "}")}, "UOMA-SRC-TOTAL"},
		"a total that is text":   {total, []func(http.ResponseWriter, *http.Request){says(row + `,"total":"many"}`)}, "UOMA-SRC-TOTAL"},
		"a total that moves":     {total, []func(http.ResponseWriter, *http.Request){says(row + `,"total":3}`), says(`{"data":{"items":[{"id":1}]},"total":2}`)}, "UOMA-SRC-SHIFTED"},
		"empty before the total": {total, []func(http.ResponseWriter, *http.Request){says(row + `,"total":3}`), says(`{"data":{"items":[]},"total":3}`)}, "UOMA-SRC-TOTAL"},
		"more than the total":    {total, []func(http.ResponseWriter, *http.Request){says(`{"data":{"items":[{"id":0},{"id":1}]},"total":1}`)}, "UOMA-SRC-TOTAL"},
		"the same page again":    {total, []func(http.ResponseWriter, *http.Request){says(row + `,"total":9}`)}, "UOMA-SRC-ENDLESS"},
		"more without a cursor":  {cursor, []func(http.ResponseWriter, *http.Request){says(row + `,"more":true}`)}, "UOMA-SRC-PAGE"},
		"neither more nor end":   {cursor, []func(http.ResponseWriter, *http.Request){says(row + `,"cursor":"a"}`)}, "UOMA-SRC-PAGE"},
		"a cursor in a circle":   {cursor, []func(http.ResponseWriter, *http.Request){says(row + `,"cursor":"a","more":true}`), says(`{"data":{"items":[{"id":1}]},"cursor":"b","more":true}`), says(row + `,"cursor":"a","more":true}`)}, "UOMA-SRC-ENDLESS"},
		"a circle of two":        {cursor, []func(http.ResponseWriter, *http.Request){says(row + `,"cursor":"a","more":true}`), circle, circle, circle, circle, status(410)}, "UOMA-SRC-ENDLESS"},
		"compressed":             {rest.Paging{Kind: rest.None}, []func(http.ResponseWriter, *http.Request){squeezed}, "UOMA-SRC-CONTENT-TYPE"},
		"gone in the middle":     {cursor, []func(http.ResponseWriter, *http.Request){says(row + `,"cursor":"a","more":true}`), status(410)}, "UOMA-SRC-GONE"},
		"never there":            {cursor, []func(http.ResponseWriter, *http.Request){status(404)}, "UOMA-SRC-RESOURCE"},
		"not allowed":            {cursor, []func(http.ResponseWriter, *http.Request){status(403)}, "UOMA-SRC-LOGIN"},
		"no content":             {cursor, []func(http.ResponseWriter, *http.Request){status(204)}, "UOMA-SRC-ANSWER"},
		"busy for ever":          {cursor, []func(http.ResponseWriter, *http.Request){status(503)}, "UOMA-SRC-UNREACHABLE"},
		"busy for an hour":       {cursor, []func(http.ResponseWriter, *http.Request){status(429, "Retry-After", "3600")}, "UOMA-SRC-UNREACHABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, _ := open(t, &script{answers: tt.answers}, nil)
			_, err := ids(t, api, rest.Query{Path: "people", Rows: "data/items", Paging: tt.paging})
			if fault.Code(err) != tt.code || tt.code != "" && fault.ScopeOf(err) != fault.Source {
				t.Errorf("%v, want %s", err, tt.code)
			}
		})
	}
}

// TestPauses waits as long as the server asks for, in seconds or until a date of the server's own clock, and goes on.
func TestPauses(t *testing.T) {
	t.Parallel()
	for name, pause := range map[string][]string{
		"seconds": {"Retry-After", "1"},
		"a date":  {"Retry-After", "Sun, 22 Nov 2026 02:00:01 GMT", "Date", "Sun, 22 Nov 2026 02:00:00 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{answers: []func(http.ResponseWriter, *http.Request){status(429, pause...), status(503), says(`{"data":{"items":[{"id":0}]}}`)}}
			api, _ := open(t, s, nil)
			began := time.Now()
			got, err := ids(t, api, rest.Query{Rows: "data/items", Paging: rest.Paging{Kind: rest.None}})
			if err != nil || len(got) != 1 || len(s.asked) != 3 {
				t.Errorf("%v, %v after %d requests", got, err, len(s.asked))
			}
			if d := time.Since(began); d < time.Second || d > 30*time.Second {
				t.Errorf("asked again after %v", d)
			}
		})
	}
}

// TestRate asks no faster than the layout allows.
func TestRate(t *testing.T) {
	t.Parallel()
	api, _ := open(t, &service{kind: rest.Next, rows: 50, size: 10}, nil)
	q := kinds()["next"]
	q.Rate = 20
	began := time.Now()
	if _, err := ids(t, api, q); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d < 4*50*time.Millisecond {
		t.Errorf("5 requests within %v", d)
	}
}

// TestThreat_T11_LinksLeadNowhereElse follows no link to another server, and no redirect.
func TestThreat_T11_LinksLeadNowhereElse(t *testing.T) {
	for _, to := range []string{"http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "file:///etc/passwd", "//other.example/people", "https://127.0.0.1:1/v1/people", "https://uoma@HOST/v1/people", "http://HOST/v1/people", "gopher://HOST/"} {
		for kind, q := range map[string]rest.Query{"next": kinds()["next"], "link": kinds()["link"]} {
			s := &script{answers: []func(http.ResponseWriter, *http.Request){func(w http.ResponseWriter, r *http.Request) {
				link := strings.ReplaceAll(to, "HOST", r.Host)
				w.Header().Set("Link", "<"+link+`>; rel=next`)
				says(`{"data":{"items":[{"id":0}]},"next":"`+link+`"}`)(w, r)
			}}}
			api, _ := open(t, s, nil)
			if got, err := ids(t, api, q); fault.Code(err) != "UOMA-SRC-LINK" || len(s.asked) != 1 || len(got) != 0 {
				t.Errorf("%s %s: %d rows, %v after %d requests", kind, to, len(got), err, len(s.asked))
			}
		}
	}
	s := &script{answers: []func(http.ResponseWriter, *http.Request){status(http.StatusFound, "Location", "/v1/elsewhere")}}
	api, _ := open(t, s, nil)
	if _, err := ids(t, api, kinds()["next"]); fault.Code(err) != "UOMA-SRC-REDIRECT" || len(s.asked) != 1 {
		t.Errorf("redirect: %v after %d requests", err, len(s.asked))
	}
	api, _ = open(t, &service{kind: rest.Next, rows: 1, size: 1}, func(s *remote.Server, l *rest.Limits) { s.Networks = nil })
	if _, err := ids(t, api, kinds()["next"]); fault.Code(err) != "UOMA-SRC-ADDRESS" {
		t.Errorf("a private address: %v", err)
	}
}

// TestThreat_T49_EndlessServers bounds what a server can make us do.
func TestThreat_T49_EndlessServers(t *testing.T) {
	var n atomic.Int64
	endless := func(items string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			i := n.Add(1)
			says(fmt.Sprintf(`{"data":{"items":[%s]},"next":"?offset=%d"}`, strings.ReplaceAll(items, "N", strconv.FormatInt(i, 10)), i))(w, r)
		}
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			fmt.Fprint(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}
	for name, tt := range map[string]struct {
		h      http.HandlerFunc
		limits rest.Limits
		code   string
	}{
		"pages":       {endless(`{"id":N}`), rest.Limits{Pages: 50}, "UOMA-SRC-ENDLESS"},
		"rows":        {endless(`{"id":N},{"id":0}`), rest.Limits{Rows: 50}, "UOMA-SRC-ENDLESS"},
		"empty pages": {endless(""), rest.Limits{}, "UOMA-SRC-ENDLESS"},
		"bytes":       {says(`{"data":{"items":["` + strings.Repeat("x", 5000) + `"]}}`), rest.Limits{Bytes: 4096}, "UOMA-SRC-LARGE"},
		"slow drip":   {drip, rest.Limits{Time: 50 * time.Millisecond}, "UOMA-SRC-UNREACHABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, _ := open(t, tt.h, func(s *remote.Server, l *rest.Limits) { *l = tt.limits })
			if _, err := ids(t, api, kinds()["next"]); fault.Code(err) != tt.code {
				t.Error(err)
			}
		})
	}
}

// TestThreat_T12_PagesThatReadInTwoWays are refused as a whole.
func TestThreat_T12_PagesThatReadInTwoWays(t *testing.T) {
	for _, body := range []string{
		`{"data":{"items":[]},"next":"?offset=1","next":null}`, `{"data":{"items":[]},"data":{"items":[{"id":1}]}}`,
		"{\"data\":{\"items\":[]},\"x\":\"\xff\"}", `{"data":{"items":[]}}{}`, `{"data":{"items":[],}}`,
	} {
		api, _ := open(t, &script{answers: []func(http.ResponseWriter, *http.Request){says(body)}}, nil)
		if _, err := ids(t, api, kinds()["next"]); fault.Code(err) != "UOMA-SRC-PAGE" {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// TestThreat_T36_AnswersAreNotShown has an error say nothing of what the server wrote, and nothing of our secrets.
func TestThreat_T36_AnswersAreNotShown(t *testing.T) {
	const canary = "canary-of-a-person"
	for _, answer := range []func(http.ResponseWriter, *http.Request){
		func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusInternalServerError) },
		typed("text/html", canary), says(`{"` + canary + `":1,"` + canary + `":2}`), says(`{"next":"https://` + canary + `/","data":{"items":[]}}`), status(302, "Location", canary),
		says(`{"data":{"items":[]},"errors":[{"message":"` + canary + `"}]}`),
	} {
		api, _ := open(t, &script{answers: []func(http.ResponseWriter, *http.Request){answer}}, func(s *remote.Server, l *rest.Limits) {
			s.Credentials = remote.Credentials{Bearer: canary, Keys: map[string]remote.Secret{"Key": canary}}
		})
		q := kinds()["next"]
		q.Errors = "errors"
		_, err := ids(t, api, q)
		for e := err; e != nil; e = errors.Unwrap(e) {
			if own := (*fault.Error)(nil); errors.As(e, &own) && strings.Contains(own.Error(), canary) {
				t.Error(own)
			}
		}
		if err == nil {
			t.Error("no error")
		}
	}
}

// TestQueriesThatCannotBe are refused before anything is asked.
func TestQueriesThatCannotBe(t *testing.T) {
	api, _ := open(t, &service{}, nil)
	for name, q := range map[string]rest.Query{
		"no kind":            {},
		"next without next":  {Paging: rest.Paging{Kind: rest.Next}},
		"page, no parameter": {Paging: rest.Paging{Kind: rest.Page}},
		"a size unasked":     {Paging: rest.Paging{Kind: rest.None, Size: 10}},
		"a path upwards":     {Path: "../admin", Paging: rest.Paging{Kind: rest.None}},
		"a path with query":  {Path: "people?all=1", Paging: rest.Paging{Kind: rest.None}},
		"its own login":      {Headers: map[string]string{"authorization": "x"}, Paging: rest.Paging{Kind: rest.None}},
	} {
		if _, err := api.Pages(t.Context(), q); fault.Code(err) != "UOMA-SRC-QUERY" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
