package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"testing"

	"uoma/connectors/keys"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/pipelines/delivery"
	"uoma/schedules"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

// TestExitCodes takes errors as the packages make them, bare, wrapped and in lists.
func TestExitCodes(t *testing.T) {
	_, noKey := keys.Open(context.Background(), []keys.Holder{keys.File("testdata/no.key")}, "testdata/no.key", "", nil)
	_, badLayout := layout.Parse("x.yaml", []byte("system: x\n"))
	_, badPolicy := policy.Parse("x.yaml", []byte("id: x\n"))
	badDocument := document.Decode("x.yaml", []byte("a: [\n"), nil, &struct{}{})
	reached := map[int]bool{}
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"nothing", nil, exitOK},
		{"an unknown error", errors.New("x"), exitFailed},
		{"a fault of a run", fault.New("UOMA-LOD-BALANCE", "m", "h"), exitFailed},
		{"a usage error", usageError{errors.New("x")}, exitUsage},
		{"a usage error around a fault", usageError{errDate}, exitUsage},
		{"a token that is mistyped", readTokens([]string{"nobody"}), exitUsage},
		{"an unknown command", errors.New(`unknown command "x" for "uoma"`), exitUsage},
		{"a flag that is missing", errors.New(`required flag(s) "truth" not set`), exitUsage},
		{"a partial run", statusError(exitPartial), exitPartial},
		{"findings", statusError(exitFindings), exitFindings},
		{"a document", badDocument, exitSettings},
		{"a key", noKey, exitSettings},
		{"a layout", badLayout, exitSettings},
		{"a policy", badPolicy, exitSettings},
		{"a recipient that is not pinned", parcel.ErrUnpinned, exitDelivery},
		{"a lease that is held", ledger.ErrHeld, exitBusy},
		{"a lease that is held, wrapped", fmt.Errorf("run: %w", ledger.ErrHeld), exitBusy},
		{"a chain that is held", outbox.ErrBusy, exitBusy},
		{"a schedule that is held", schedules.ErrBusy, exitBusy},
		{"a rejected delivery", delivery.ErrRejected, exitDelivery},
		{"a rejected delivery inside a stage", errors.Join(delivery.ErrRejected, errors.New("x")), exitDelivery},
		{"a signal", context.Canceled, exitInterrupted},
		{"an operator without the role", fault.New("UOMA-ACC-ROLE", "m", "h"), exitRefused},
		{"a broken file of operators", fault.New("UOMA-OPR-TWICE", "m", "h"), exitSettings},
		{"a signal inside a fault", fault.New("UOMA-RUN-STAGE", "m", "h").Wrap(context.Canceled), exitInterrupted},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
		reached[c.want] = true
	}
	page, err := os.ReadFile("../../docs/operator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := bytes.Cut(page, []byte("\n## Exit codes\n"))
	table, _, _ = bytes.Cut(table, []byte("\n## "))
	if n := bytes.Count(table, []byte("\n| ")) - 2; n != len(exitConstants(t)) {
		t.Errorf("docs/operator.md has %d exit codes, the program %d", n, len(exitConstants(t)))
	}
	for name, code := range exitConstants(t) {
		if !reached[code] {
			t.Errorf("no error in the table ends with %s (%d)", name, code)
		}
		if !bytes.Contains(table, fmt.Appendf(nil, "\n| %d | ", code)) {
			t.Errorf("docs/operator.md does not name exit code %d", code)
		}
	}
}

// exitConstants reads the constants of exit.go, so that a new one cannot be forgotten here.
func exitConstants(t *testing.T) map[string]int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.INT {
			v, err := strconv.Atoi(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			out[spec.Names[0].Name] = v
		}
		return true
	})
	if len(out) < 9 {
		t.Fatalf("found %d exit codes", len(out))
	}
	return out
}
