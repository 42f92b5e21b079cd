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
// tells of a row that was never seen. What comes twice in each reading is what the list has.
func TestRowsThatMoveBetweenPagesAreReadAgain(t *testing.T) {
	t.Parallel()
	// Each reading is the keys of its pages; the last is given for as long as it is asked for. A key in capitals has another name.
	for name, tt := range map[string]struct {
		readings []string
		rows     int64
		again    int
		twice    int64
		code     string
	}{
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
					items = append(items, fmt.Sprintf(`{"id":%q,"name":"Prove%s"}`, strings.ToLower(key), key))
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"items":[%s],"total":4}`, strings.Join(items, ","))
			})
			s := newTiny(t, databasetest.OnSQLite, "nmbu", map[string]string{"mira": paged})
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
