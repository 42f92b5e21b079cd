package nightly_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/resttest"
	"uoma/internal/tlstest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

const paged = `system: mira
title: Members, in pages
controller: "10065"
feeds:
- name: alumni
  rest: {path: members, rows: items, paging: {kind: page, parameter: page, first: 1, total: total}}
  key: [id]
  person: [id]
  columns:
  - {name: id, required: true, to: person.source_key}
  - {name: name, as: name, to: person.family_name}
`

// TestRowsThatMoveBetweenPagesAreReadAgain: the number of rows stays what was announced, so that a key which comes twice is all that
// tells of a row that was never seen. What comes twice in each reading is what the list has. Where the layout has the latest row of a
// key count, a key comes as often as it has versions: then it is a version that comes twice.
func TestRowsThatMoveBetweenPagesAreReadAgain(t *testing.T) {
	t.Parallel()
	// Each reading is the keys of its pages; the last is given for as long as it is asked for. A key in capitals has another name, and a
	// number behind it is that of a version.
	for name, tt := range map[string]struct {
		readings []string
		rows     int64
		again    int
		twice    int64
		code     string
	}{
		"of versions, two":            {[]string{"a1 a2|b1 b2"}, 2, 0, 0, ""},
		"of versions, one that moved": {[]string{"a1 b1|b1 b2", "z1 a1|b1 b2"}, 3, 1, 1, ""},
		"still":                       {[]string{"a b|c d"}, 4, 0, 0, ""},
		"one was added before":        {[]string{"a b|b c", "z a|b c"}, 4, 1, 1, ""},
		"one was changed and went on": {[]string{"a b|d A", "b c|d A"}, 4, 1, 1, ""}, // c is where d was
		"again and again":             {[]string{"a b|b c", "z a|a b", "y z|a b"}, 4, 2, 1, ""},
		"without an end":              {[]string{"a b|b c", "z a|a b", "y z|z a", "a b|c d"}, 0, 2, 1, "UOMA-LND-SHIFTED"},
		"the list has one twice":      {[]string{"a b|b c"}, 4, 1, 1, ""},
		"and one was added":           {[]string{"a b|b b", "z a|b b"}, 4, 2, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reading := -1
			service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("page") == "1" {
					reading = min(reading+1, len(tt.readings)-1)
				}
				pages := strings.Split(tt.readings[reading], "|")
				var items []string
				for _, key := range strings.Fields(pages[r.URL.Query().Get("page")[0]-'1']) {
					items = append(items, fmt.Sprintf(`{"id":%q,"name":"Prove%s","edition":%d}`, strings.ToLower(key[:1]), key[:1], len(key)+int(key[len(key)-1])))
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"items":[%s],"total":4}`, strings.Join(items, ","))
			})
			members := strings.Replace(paged, "  person:", "  drop: [edition]\n  person:", 1)
			if strings.HasPrefix(name, "of versions") {
				members = strings.Replace(paged, "  person:", "  latest: edition\n  person:", 1) + "  - {name: edition, as: integer}\n"
			}
			s := newTiny(t, databasetest.OnSQLite, "nmbu", map[string]string{"mira": members})
			authority := tlstest.NewAuthority(t)
			addr := authority.Serve(t, service)
			write(t, filepath.Join(s.dir, workspace.KeysDir, "web.crt"), authority.PEM)
			settings := filepath.Join(s.dir, workspace.FileName)
			text, err := os.ReadFile(settings)
			if err != nil {
				t.Fatal(err)
			}
			write(t, settings, fmt.Appendf(text, "inboxes:\n  mira: {url: \"rest://%s\", ca: keys/web.crt, networks: [127.0.0.0/8]}\n", addr))
			out, err := (network{site: s.site}).run(t, t.Context(), firstNight)
			if err != nil || (out.State == pipelines.Finished) != (tt.code == "") {
				t.Fatalf("ended %q, %v: %v", out.State, err, codes(t, out))
			}
			var landed nightly.LandFacts
			facts(t, out, "land", &landed)
			f := landed.Feeds[slices.IndexFunc(landed.Feeds, func(f nightly.FeedFacts) bool { return f.Feed == "mira/alumni" })]
			if f.Rows != tt.rows || f.Again != tt.again || f.Twice != tt.twice || f.Code != tt.code {
				t.Errorf("%d rows, read again %d times, %d twice, %q", f.Rows, f.Again, f.Twice, f.Code)
			}
		})
	}
}

const entities = `system: mira
title: Members, of an OData service
controller: "10065"
feeds:
- name: alumni
  odata: {set: members, size: 2, HOW}
  key: [id]
  person: [id]
  columns:
  - {name: id, required: true, to: person.source_key}
  - {name: name, as: name, to: person.family_name}
`

// TestEntitiesThatMoveBetweenPagesAreReadAgain: a service that counts rows to find the next page passes one over when another goes,
// and gives one twice when another comes. Each reading is the keys that are there for each of its pages.
func TestEntitiesThatMoveBetweenPagesAreReadAgain(t *testing.T) {
	t.Parallel()
	const counted, tracked = "count: true", "changes: true"
	for name, tt := range map[string]struct {
		how      string
		readings []string
		rows     int64
		again    int
		shifted  bool
		twice    int64
		code     string
	}{
		"still":                  {counted, []string{"a b c d"}, 4, 0, false, 0, ""},
		"one went before":        {counted, []string{"a b c d|b c d", "b c d"}, 3, 1, true, 0, ""},
		"one came before":        {counted, []string{"b c d e|a b c d e", "a b c d e"}, 5, 1, true, 0, ""},
		"one went behind":        {counted, []string{"a b c d|a b c", "a b c"}, 3, 1, true, 0, ""},
		"again and again":        {counted, []string{"a b c d|b c d", "b c d e|c d e", "c d e"}, 3, 2, true, 0, ""},
		"without an end":         {counted, []string{"a b c d|b c d", "b c d e|c d e", "c d e f|d e f", "d e f"}, 0, 2, true, 0, "UOMA-SRC-SHIFTED"},
		"one came, one went":     {counted, []string{"b c d e|a b c d", "a b c d"}, 4, 1, false, 1, ""},
		"uncounted":              {tracked, []string{"b c d e|a b c d e", "a b c d e"}, 5, 1, false, 1, ""},
		"uncounted, and without": {tracked, []string{"d e f g|c d e f g", "c d e f g|b c d e f g", "b c d e f g|a b c d e f g"}, 0, 2, false, 1, "UOMA-LND-SHIFTED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reading, page := -1, 0
			service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/members") {
					if page++; !r.URL.Query().Has("$skiptoken") {
						reading, page = min(reading+1, len(tt.readings)-1), 0
					}
				}
				pages := strings.Split(tt.readings[max(reading, 0)], "|")
				rows := []resttest.Row{}
				for _, key := range strings.Fields(pages[min(page, len(pages)-1)]) {
					rows = append(rows, resttest.Row{"id": key, "name": "Prove" + key})
				}
				(&resttest.Dataverse{Sets: map[string][]resttest.Row{"members": rows}, Keys: map[string]string{"members": "id"}}).ServeHTTP(w, r)
			})
			s := newTiny(t, databasetest.OnSQLite, "nmbu", map[string]string{"mira": strings.Replace(entities, "HOW", tt.how, 1)})
			authority := tlstest.NewAuthority(t)
			addr := authority.Serve(t, service)
			write(t, filepath.Join(s.dir, workspace.KeysDir, "web.crt"), authority.PEM)
			write(t, filepath.Join(s.dir, workspace.KeysDir, "crm"), []byte(resttest.Secret))
			settings := filepath.Join(s.dir, workspace.FileName)
			text, err := os.ReadFile(settings)
			if err != nil {
				t.Fatal(err)
			}
			write(t, settings, fmt.Appendf(text, "inboxes:\n  mira: {url: \"rest://%[1]s/api/data/v9.2\", ca: keys/web.crt, networks: [127.0.0.0/8], oauth: {token_url: \"https://%[1]s/token\", id: %[2]s, secret: file:keys/crm}}\n", addr, resttest.ID))
			out, err := (network{site: s.site}).run(t, t.Context(), firstNight)
			if err != nil || (out.State == pipelines.Finished) != (tt.code == "") {
				t.Fatalf("ended %q, %v: %v", out.State, err, codes(t, out))
			}
			var landed nightly.LandFacts
			facts(t, out, "land", &landed)
			f := landed.Feeds[slices.IndexFunc(landed.Feeds, func(f nightly.FeedFacts) bool { return f.Feed == "mira/alumni" })]
			if f.Rows != tt.rows || f.Again != tt.again || f.Shifted != tt.shifted || f.Twice != tt.twice || f.Code != tt.code {
				t.Errorf("%d rows, read again %d times, number changed %v, %d twice, %q", f.Rows, f.Again, f.Shifted, f.Twice, f.Code)
			}
		})
	}
}
