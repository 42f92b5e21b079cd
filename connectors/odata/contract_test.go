package odata_test

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"uoma/connectors/odata"
	"uoma/connectors/remote"
	"uoma/connectors/rest"
	"uoma/connectors/resttest"
	"uoma/connectors/sourcetest"
	"uoma/connectors/tabular"
	"uoma/internal/tlstest"
)

// dataverse is a service whose sets change.
type dataverse struct {
	now atomic.Pointer[map[string][]resttest.Row]
}

func (d *dataverse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(&resttest.Dataverse{Sets: *d.now.Load()}).ServeHTTP(w, r)
}

func (d *dataverse) put(_ testing.TB, name string, rows []sourcetest.Row) {
	all := maps.Clone(*d.now.Load())
	all[name] = []resttest.Row{}
	for _, r := range rows {
		row := resttest.Row{"id": r.ID, "name": r.Name, "note": nil}
		if r.Note != "" {
			row["note"] = r.Note
		}
		all[name] = append(all[name], row)
	}
	d.now.Store(&all)
}

// entities is an open service with one set.
type entities struct {
	*rest.API
	set odata.Set
}

func (e entities) Rows(o tabular.Options) (tabular.Reader, error) {
	for _, c := range o.Columns {
		e.set.Columns = append(e.set.Columns, c.Name)
	}
	q, err := e.set.Query()
	if err != nil {
		return nil, err
	}
	return e.API.Rows(q, o)
}

const pageSize = 100

func TestContract(t *testing.T) { sourcetest.Run(t, subject(t)) }

func BenchmarkRead(b *testing.B) { sourcetest.Bench(b, subject(b)) }

func subject(t testing.TB) sourcetest.Subject {
	service := &dataverse{}
	service.now.Store(&map[string][]resttest.Row{})
	authority, strangers := tlstest.NewAuthority(t), tlstest.NewAuthority(t)
	addr := authority.Serve(t, service)
	openWith := func(ctx context.Context, ca []byte, addr, set, secret string, idle time.Duration) (sourcetest.Set, error) {
		api, err := rest.Open(ctx, remote.Server{URL: "https://" + addr + "/api/data/v9.2", CA: ca, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			Idle: idle, Retry: remote.Retry{Base: 10 * time.Millisecond},
			Credentials: remote.Credentials{OAuth: &remote.OAuth{TokenURL: "https://" + addr + "/token", ID: resttest.ID, Secret: remote.Secret(secret)}}}, rest.Limits{})
		return entities{api, odata.Set{Name: set, Size: pageSize, Count: true}}, err
	}
	open := func(ctx context.Context, addr, set, secret string) (sourcetest.Set, error) {
		return openWith(ctx, authority.PEM, addr, set, secret, sourcetest.Patience)
	}
	return sourcetest.Subject{
		Open: func(ctx context.Context, addr, set string, idle time.Duration) (sourcetest.Set, error) {
			return openWith(ctx, authority.PEM, addr, set, resttest.Secret, idle)
		},
		Addr: addr, Put: service.put, Huge: 30_000, Page: pageSize, Resumes: true,
		Wrong: map[string]sourcetest.Wrong{
			"secret": {Code: "UOMA-SRC-LOGIN", Open: func(ctx context.Context) (sourcetest.Set, error) { return open(ctx, addr, "wrong", "another") }},
			"authority": {Code: "UOMA-SRC-TLS", Open: func(ctx context.Context) (sourcetest.Set, error) {
				return openWith(ctx, strangers.PEM, addr, "wrong", resttest.Secret, sourcetest.Patience)
			}},
			"set": {Code: "UOMA-SRC-RESOURCE", Open: func(ctx context.Context) (sourcetest.Set, error) { return open(ctx, addr, "none", resttest.Secret) }},
		},
	}
}
