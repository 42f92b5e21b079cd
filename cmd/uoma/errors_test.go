package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// errorsPage is made of the tree: every fault.New with its code, message and hint.
const errorsPage = "../../docs/errors.md"

// declared is one fault.New in the tree.
type declared struct{ code, message, hint, at string }

var codeForm = regexp.MustCompile(`^UOMA-[A-Z]{3}-[A-Z0-9]+(-[A-Z0-9]+)*$`)

// TestErrorsPage holds docs/errors.md to the faults of the tree, and every fault to the form that readers rely on.
func TestErrorsPage(t *testing.T) {
	all := declaredFaults(t, "../..")
	if len(all) < 100 {
		t.Fatalf("found only %d faults", len(all))
	}
	for _, d := range all {
		switch {
		case !codeForm.MatchString(d.code):
			t.Errorf("%s: code %q is not of the form UOMA-XXX-NAME", d.at, d.code)
		case d.message == "" || d.hint == "":
			t.Errorf("%s: %s has no message or no hint", d.at, d.code)
		case strings.HasSuffix(d.message, "."):
			t.Errorf("%s: the message of %s ends with a dot", d.at, d.code)
		}
	}
	page := renderErrors(all)
	if *update {
		if err := os.WriteFile(errorsPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(errorsPage)
	if err != nil || !bytes.Equal(old, page) {
		t.Errorf("docs/errors.md is stale: go test ./cmd/uoma -run ErrorsPage -update")
	}
}

// declaredFaults finds every call of fault.New outside of tests, by code, then by place.
func declaredFaults(t *testing.T, root string) []declared {
	t.Helper()
	var out []declared
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "New" && isName(f.X, "fault") {
				out = append(out, declared{text(call.Args[0]), text(call.Args[1]), text(call.Args[2]), set.Position(call.Pos()).String()})
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(out, func(a, b declared) int {
		return cmp.Or(strings.Compare(a.code, b.code), strings.Compare(a.message, b.message))
	})
	return out
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// text gives the constant text of an expression, and an ellipsis for what is known only at run time.
func text(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(x.Value); err == nil {
			return s
		}
	case *ast.BinaryExpr:
		return text(x.X) + text(x.Y)
	}
	return "…"
}

// areas names the middle part of codes.
var areas = map[string]string{
	"AUD": "the audit log", "AUT": "trying layouts", "BKF": "backfill", "BLB": "files of the workspace", "CFG": "documents", "CHK": "uoma check", "CLI": "the command line", "CNF": "conforming", "CRM": "tables of Dataverse",
	"DBS": "databases", "DLV": "delivery", "END": "the endpoint", "ERA": "erasure", "GEN": "the synthetic campus", "GLD": "golden records", "KEY": "keys", "LAY": "layouts", "LNK": "linking files",
	"LDG": "the ledger", "LND": "landing", "LOD": "loading", "POL": "policy packs", "QUA": "quality", "REG": "the register", "RPT": "reports",
	"RET": "retention", "REV": "clerical review", "RUN": "runs", "RVL": "revealing people", "SCH": "schedules", "SNP": "snapshots", "SRC": "servers over a network, of sources and of targets", "SVY": "the career survey", "VLT": "the vault", "WSP": "the workspace",
}

func renderErrors(all []declared) []byte {
	var b bytes.Buffer
	b.WriteString(`# Error codes

Every error that a person may read has a stable code, a place (file, line, column, field), a message without personal
data, and a hint. Programs may rely on codes; messages may change. This page is made of the source by
` + "`go test ./cmd/uoma -run ErrorsPage -update`" + `, and a test fails when it is stale.

With which exit code a program ends says [the operator's guide](operator.md#exit-codes).
`)
	area, last := "", declared{}
	for _, d := range all {
		d.at = ""
		if d == last {
			continue // the same fault, declared where two packages detect it
		}
		last = d
		if a := d.code[5:8]; a != area {
			area = a
			title := a
			if name := areas[a]; name != "" {
				title += ": " + name
			}
			fmt.Fprintf(&b, "\n## %s\n\n| code | what happened | what to do |\n| --- | --- | --- |\n", title)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.code, cell(d.message), cell(d.hint))
	}
	return b.Bytes()
}

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(s)
}
