package nightly_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
)

// A row that was refused because of the date alone is right on a later night without having changed, and is decided then.
func TestARowThatBecomesRightWithTimeIsDecidedAnew(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		const table = "tutkinnot.csv"
		s := newSite(t, on)
		var key []byte
		for d := firstNight; d <= firstNight+1; d++ {
			path := s.export(registerFile, d)
			archive, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, rewritten(t, archive, func(members map[string][]byte, _ []string) {
				lines := bytes.Split(members[table], []byte("\n"))
				for i, line := range lines[linesOfHeader:] {
					fields := bytes.Split(line, []byte(";"))
					if len(fields) < 5 || key != nil && !bytes.Equal(fields[0], key) {
						continue
					}
					key = fields[0]
					fields[4] = []byte(`"2036-11-22"`) // ten years and a day after the first night: a day beyond what may be
					lines[i+linesOfHeader] = bytes.Join(fields, []byte(";"))
					break
				}
				members[table] = bytes.Join(lines, []byte("\n"))
				members["manifest.json"] = manifest(t, members["manifest.json"], table, members[table])
			}))
		}
		first, second := s.account(t, firstNight), s.account(t, firstNight+1)
		if first.Quarantined != second.Quarantined+1 {
			t.Fatalf("%d rows refused on the first night, %d on the second", first.Quarantined, second.Quarantined)
		}
		if second.Loaded+second.Withheld != first.Withheld+1 && second.Unchanged > first.Loaded {
			t.Fatalf("the row that became right was taken for one that was loaded: %+v after %+v", second, first)
		}
	})
}

// account runs a night and gives the balance of the degrees.
func (s site) account(t *testing.T, date canon.Date) nightly.Account {
	t.Helper()
	var load nightly.LoadFacts
	if err := json.Unmarshal(s.finish(t, date, pipelines.Finished).Facts["load"], &load); err != nil {
		t.Fatal(err)
	}
	for _, a := range load.Accounts {
		if a.Feed == "student-register/tutkinnot" {
			return a
		}
	}
	t.Fatal("the feed has no account")
	return nightly.Account{}
}
