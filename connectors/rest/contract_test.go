package rest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"uoma/connectors/remote"
	"uoma/connectors/rest"
	"uoma/connectors/sourcetest"
	"uoma/connectors/tabular"
	"uoma/internal/tlstest"
)

// sets is a service with a list for each set.
type sets struct {
	mu   sync.Mutex
	rows map[string][]sourcetest.Row
}

func (s *sets) put(_ testing.TB, set string, rows []sourcetest.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[set] = rows
}

const pageSize = 100

func (s *sets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	rows, known := s.rows[r.PathValue("set")]
	s.mu.Unlock()
	if key := r.Header.Get("Key"); !known || key != "key-of-uoma" {
		w.WriteHeader(map[bool]int{true: http.StatusForbidden, false: http.StatusNotFound}[known])
		return
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("from"))
	to := min(from+pageSize, len(rows))
	items := []map[string]any{}
	for _, row := range rows[min(from, to):to] {
		item := map[string]any{"id": row.ID, "person": map[string]any{"name": row.Name, "note": row.Note}}
		if row.Note == "" {
			item["person"].(map[string]any)["note"] = nil
		}
		items = append(items, item)
	}
	page := map[string]any{"rows": items, "next": nil}
	if to < len(rows) {
		page["next"] = "?from=" + strconv.Itoa(to)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page) // the line may be cut on purpose
}

// set is an open service with one query.
type set struct {
	*rest.API
	q rest.Query
}

func (s set) Rows(o tabular.Options) (tabular.Reader, error) {
	for i := range o.Columns {
		if c := &o.Columns[i]; c.Name != "id" {
			c.Path = "person/" + c.Name
		}
	}
	return s.API.Rows(s.q, o)
}

func TestContract(t *testing.T) { sourcetest.Run(t, subject(t)) }

func BenchmarkRead(b *testing.B) { sourcetest.Bench(b, subject(b)) }

func subject(t testing.TB) sourcetest.Subject {
	service := &sets{rows: map[string][]sourcetest.Row{}}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/{set}", service)
	servers, strangers := tlstest.NewAuthority(t), tlstest.NewAuthority(t)
	addr := servers.Serve(t, mux)
	server := func(addr string, idle time.Duration) remote.Server {
		return remote.Server{URL: "https://" + addr + "/v1", CA: servers.PEM, Networks: loopback, Idle: idle, Retry: remote.Retry{Base: 10 * time.Millisecond},
			Credentials: remote.Credentials{Keys: map[string]remote.Secret{"Key": "key-of-uoma"}}}
	}
	open := func(ctx context.Context, s remote.Server, name string) (sourcetest.Set, error) {
		api, err := rest.Open(ctx, s, rest.Limits{})
		return set{api, rest.Query{Path: name, Rows: "rows", Paging: rest.Paging{Kind: rest.Next, Next: "next"}}}, err
	}
	wrong := func(code, set string, change func(*remote.Server)) sourcetest.Wrong {
		s := server(addr, sourcetest.Patience)
		change(&s)
		return sourcetest.Wrong{Code: code, Open: func(ctx context.Context) (sourcetest.Set, error) { return open(ctx, s, set) }}
	}
	return sourcetest.Subject{
		Open: func(ctx context.Context, addr, set string, idle time.Duration) (sourcetest.Set, error) {
			return open(ctx, server(addr, idle), set)
		},
		Addr: addr, Put: service.put, Huge: 30_000, Page: pageSize, Resumes: true,
		Wrong: map[string]sourcetest.Wrong{
			"authority": wrong("UOMA-SRC-TLS", "wrong", func(s *remote.Server) { s.CA = strangers.PEM }),
			"key":       wrong("UOMA-SRC-LOGIN", "wrong", func(s *remote.Server) { s.Credentials.Keys["Key"] = "another" }),
			"path":      wrong("UOMA-SRC-RESOURCE", "none", func(*remote.Server) {}),
			"network":   wrong("UOMA-SRC-ADDRESS", "wrong", func(s *remote.Server) { s.Networks = []netip.Prefix{} }),
			"address":   wrong("UOMA-SRC-SETTINGS", "wrong", func(s *remote.Server) { s.URL = "http://" + addr }),
		},
	}
}
