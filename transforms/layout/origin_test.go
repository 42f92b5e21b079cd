package layout_test

import (
	"errors"
	"strings"
	"testing"

	"uoma/internal/fault"
	"uoma/transforms/layout"
)

// queried is a layout of a database.
var queried = strings.Replace(small, `  file: "people_{yyyyMMdd}.csv"
  format: {type: csv}
`, "  query: people.sql\n", 1)

// searched is one of a directory.
var searched = strings.Replace(small, `  file: "people_{yyyyMMdd}.csv"
  format: {type: csv}
`, "  search: {filter: (uid=*)}\n", 1)

func beside(statement string) layout.Beside {
	return func(name string) ([]byte, error) {
		if name != "people.sql" {
			return nil, errors.New("absent")
		}
		return []byte(statement), nil
	}
}

func TestAStatementIsAPartOfTheLayout(t *testing.T) {
	digests := map[string]bool{}
	for _, statement := range []string{"SELECT id, born FROM people", "-- who is there\n  with x AS (SELECT 1) select(id) FROM x;\n"} {
		l, err := layout.ParseWith("demo.yaml", []byte(queried), beside(statement))
		if err != nil {
			t.Fatal(err)
		}
		f := l.Feed("people")
		if want := strings.TrimSuffix(strings.TrimSpace(statement), ";"); f.Statement() != want || f.InFile() || len(f.Order) != 1 || f.Order[0] != "id" {
			t.Errorf("%+v", f)
		}
		digests[l.Digest()] = true
	}
	if len(digests) != 2 {
		t.Error("a change of the statement does not show")
	}
}

func TestOriginFindings(t *testing.T) {
	const good = "SELECT id FROM people"
	for name, tt := range map[string]struct{ layout, old, new, statement, want string }{
		"no file":            {queried, "people.sql", "other.sql", good, "UOMA-LAY-STATEMENT"},
		"a path":             {queried, "people.sql", "../people.sql", good, "UOMA-CFG-SCHEMA"},
		"two statements":     {queried, "", "", "SELECT 1; DROP TABLE people", "UOMA-LAY-STATEMENT"},
		"another statement":  {queried, "", "", "DELETE FROM people", "UOMA-LAY-STATEMENT"},
		"a comment alone":    {queried, "", "", "-- nothing", "UOMA-LAY-STATEMENT"},
		"a NUL":              {queried, "", "", "SELECT '\x00'", "UOMA-LAY-STATEMENT"},
		"no order":           {queried, "key: [id]", "key: [[id, mail]]", good, "UOMA-LAY-ORDER"},
		"a strange order":    {queried, "key: [id]", "order: [nothing]\n  key: [id]", good, "UOMA-LAY-COLUMN"},
		"both":               {queried, "  query:", "  file: \"x_{yyyyMMdd}.csv\"\n  query:", good, "UOMA-CFG-SCHEMA"},
		"neither":            {queried, "  query: people.sql\n", "", good, "UOMA-CFG-SCHEMA"},
		"no attribute":       {searched, "name: mail", "name: '*'", "", "UOMA-LAY-ATTRIBUTE"},
		"all attributes":     {searched, "name: mail", "name: '+'", "", "UOMA-LAY-ATTRIBUTE"},
		"a strange binary":   {searched, "(uid=*)", "(uid=*), binary: [photo]", "", "UOMA-LAY-COLUMN"},
		"an order of a path": {searched, "key: [id]", "order: [id]\n  key: [id]", "", "UOMA-CFG-SCHEMA"},
	} {
		_, err := layout.ParseWith("demo.yaml", []byte(strings.Replace(tt.layout, tt.old, tt.new, 1)), beside(tt.statement))
		if fault.Code(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if _, err := layout.ParseWith("demo.yaml", []byte(searched), nil); err != nil {
		t.Error(err)
	}
}
