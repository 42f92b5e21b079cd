package document_test

import (
	"strings"
	"testing"

	"uoma/internal/document"
)

var schema = document.CompileSchema("test.json", []byte(`{
 "type":"object","additionalProperties":false,"required":["name"],
 "properties":{"name":{"type":"string"},"from":{"type":"string"},"limits":{"type":"object","additionalProperties":false,
   "properties":{"rows":{"type":"integer","minimum":1}}},"list":{"type":"array","items":{"type":"string"}}}}`))

type config struct {
	Name   string
	From   string
	Limits struct{ Rows int }
	List   []string
}

func TestDecode(t *testing.T) {
	var c config
	src := "name: a\nfrom: 2026-01-01\nlimits: {rows: 3}\nlist: [x, y]\n"
	if err := document.Decode("a.yaml", []byte(src), schema, &c); err != nil {
		t.Fatal(err)
	}
	if c.Name != "a" || c.From != "2026-01-01" || c.Limits.Rows != 3 || len(c.List) != 2 {
		t.Fatalf("got %+v", c)
	}
}

func TestFindingsCarryTheirPlace(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"unknown key", "name: a\nlimits:\n  rowz: 3\n", "a.yaml:3:3 (limits): the file does not follow its schema: additional properties 'rowz' not allowed"},
		{"wrong type", "name: a\nlimits:\n  rows: many\n", "a.yaml:3:9 (limits.rows)"},
		{"too small", "name: a\nlimits:\n  rows: 0\n", "a.yaml:3:9 (limits.rows)"},
		{"missing", "from: x\n", "a.yaml:1:1: the file does not follow its schema: missing property 'name'"},
		{"in a list", "name: a\nlist:\n- x\n- {y: 1}\n", "a.yaml:4:3 (list.1)"},
		{"syntax", "name: a\n\tfrom: x\n", "a.yaml:2:1"},
		{"twice", "name: a\nname: b\n", "a.yaml:2:1"},
		{"alias", "name: &x a\nfrom: *x\n", "a.yaml:2:7"},
		{"empty", "", "a.yaml:1:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c config
			err := document.Decode("a.yaml", []byte(tt.src), schema, &c)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got  %v\nwant %v", err, tt.want)
			}
		})
	}
}

func TestAllFindingsAtOnce(t *testing.T) {
	var c config
	err := document.Decode("a.yaml", []byte("name: 1\nlimits: {rows: 0}\n"), schema, &c)
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Fatalf("want two findings, got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("name: a\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var c config
		_ = document.Decode("f.yaml", src, schema, &c)
	})
}
