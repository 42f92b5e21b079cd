package nightly_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/resttest"
	"uoma/internal/canon"
	"uoma/internal/tlstest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

// tracking is a service like Dataverse that tracks changes, and notes from where on it was asked for those of contacts.
type tracking struct {
	crm
	mu     sync.Mutex
	tokens []string // "all" for all rows
}

func (s *tracking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/contacts") && !r.URL.Query().Has("$skiptoken") && strings.Contains(r.Header.Get("Prefer"), "track-changes") {
		number, _, _ := strings.Cut(r.URL.Query().Get("$deltatoken"), "!")
		s.mu.Lock()
		s.tokens = append(s.tokens, cmp.Or(number, "all"))
		s.mu.Unlock()
	}
	s.now.Load().ServeHTTP(w, r)
}

// asked gives what was asked for since it was looked at last.
func (s *tracking) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.tokens, " ")
	s.tokens = nil
	return out
}

// change has some contacts go, some come and some become others.
func (s *tracking) change(n int) {
	now := s.now.Load()
	sets := maps.Clone(now.Sets)
	rows := slices.Clone(sets["contacts"])
	for i := range 5 {
		rows[i+n] = maps.Clone(rows[i+n])
		rows[i+n]["jobtitle"] = fmt.Sprintf("Tutkija %d", n)
	}
	rows = slices.Delete(rows, 15, 17)
	for i := range 3 {
		row := maps.Clone(rows[20+i])
		row["contactid"], row["lastname"], row["emailaddress1"] = fmt.Sprintf("00000000-0000-4000-8000-%06d%06d", n, i), fmt.Sprintf("Uusi%c%c", 'a'+n, 'a'+i), fmt.Sprintf("uusi%d.%d@posti.example", n, i)
		rows = append(rows, row)
	}
	sets["contacts"] = rows
	s.now.Store(now.After(sets))
}

// overChanges gives two sites over one such service: the first reads it in full, the second asks for changes.
func overChanges(t *testing.T) (whole, changes network, service *tracking) {
	t.Helper()
	s := newSite(t, databasetest.OnSQLite)
	service, authority := &tracking{crm: crm{dir: filepath.Join(s.campus, "inbox", "dynamics365")}}, tlstest.NewAuthority(t)
	service.turn(t, firstNight)
	service.now.Store(&resttest.Dataverse{Sets: service.now.Load().Sets, Keys: map[string]string{"contacts": "contactid", "msdynmkt_contactpointconsent4s": "msdynmkt_contactpointconsent4id"}})
	addr := authority.Serve(t, service)
	src, err := layout.TemplateSource("dynamics365.yaml")
	if err != nil {
		t.Fatal(err)
	}
	site := func(how string) network {
		s := s.again(t)
		for name, b := range map[string][]byte{
			"keys/web.crt": authority.PEM, "keys/crm": []byte(resttest.Secret),
			"layouts/dynamics365.yaml": bytes.ReplaceAll(src, []byte("size: 2000, count: true, rate: 15"), []byte(how)),
		} {
			if err := os.MkdirAll(filepath.Join(s.dir, filepath.Dir(name)), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(s.dir, name), b)
		}
		s.settings(t, fmt.Sprintf(`systems: [dynamics365]
inboxes:
  dynamics365: {url: "rest://%[1]s/api/data/v9.2", ca: keys/web.crt, networks: [127.0.0.0/8], oauth: {token_url: "https://%[1]s/token", id: %[2]s, secret: file:keys/crm}}
`, addr, resttest.ID))
		return network{site: s}
	}
	return site("size: 50, count: true"), site("size: 50, changes: true"), service
}

// position gives what a site remembers of from where on changes are asked for.
func (s site) position(t *testing.T) (digest string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		st, _, err := ledger.FindState(context.Background(), ws.RegisterDB, "nightly", workspace.StateChanges)
		if err != nil {
			t.Fatal(err)
		}
		digest = st.Digest
	})
	return digest
}

// TestChangesGiveTheSameNight compares nights that ask a service for its changes with nights that read it in full: over
// changes, a night that is killed between reading and its commit, a token that has expired, and a backfill.
func TestChangesGiveTheSameNight(t *testing.T) {
	t.Parallel()
	whole, over, service := overChanges(t)
	same := func(date canon.Date) *nightly.ChangesFacts {
		t.Helper()
		var landed nightly.LandFacts
		for _, n := range []network{whole, over} {
			out, err := n.run(t, t.Context(), date)
			if err != nil || out.State != pipelines.Finished {
				t.Fatalf("%s ended %q, %v: %v", date, out.State, err, codes(t, out))
			}
			facts(t, out, "land", &landed)
		}
		want, got := whole.outcome(t, "nightly-"+date.String()), over.outcome(t, "nightly-"+date.String())
		if want.register != got.register || want.identity != got.identity || want.accounts != got.accounts {
			t.Errorf("%s: the night that asked for changes differs", date)
		}
		return landed.Feeds[slices.IndexFunc(landed.Feeds, func(f nightly.FeedFacts) bool { return f.Feed == "dynamics365/contacts" })].Changes
	}
	if c := same(firstNight); c.Alone || c.Since == "" || service.asked() != "all" {
		t.Errorf("the first night: %+v", c)
	}
	first := over.position(t)
	service.change(1)
	if c := same(firstNight + 1); !c.Alone || c.Changed != 8 || c.Removed != 2 || service.asked() != "0" {
		t.Errorf("the second night: %+v", c)
	}
	second := over.position(t)
	if first == second {
		t.Error("the position did not move")
	}
	service.change(2)
	program.path(t)
	if stage := over.killed(t, firstNight+2, kill{stage: "land"}); stage == "nothing" || stage == "land" {
		t.Errorf("killed in %s", stage)
	}
	over.freeLease(t)
	if asked := service.asked(); over.position(t) != second || asked != "1" {
		t.Errorf("a night that was killed moved the position; asked from %s on", asked)
	}
	service.change(3)
	if c := same(firstNight + 3); !c.Alone || c.Removed != 4 || service.asked() != "1" {
		t.Errorf("the night after: %+v", c)
	}
	third := over.position(t)
	service.change(4)
	service.now.Load().Kept = 100
	if c := same(firstNight + 4); c.Alone || !strings.Contains(c.Whole, "UOMA-SRC-EXPIRED") || service.asked() != "3 all" {
		t.Errorf("behind an expired token: %+v", c)
	}
	page, err := os.ReadFile(filepath.Join(over.dir, workspace.ReportDir, "nightly-"+(firstNight+4).String(), "quality.html"))
	if err != nil || !strings.Contains(string(page), "read in full: UOMA-SRC-EXPIRED") {
		t.Errorf("the report does not say so: %v", err)
	}
	before := over.position(t)
	if before == third {
		t.Error("the position stayed")
	}
	over.replayed(t, firstNight+3, firstNight+4)
	if over.position(t) != before || service.asked() != "" {
		t.Error("a backfill moved the position, or asked the service")
	}
}
