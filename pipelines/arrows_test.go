package pipelines_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who may import whom. A rule speaks of the packages below a folder and forbids import paths by prefix.
var arrows = []struct {
	below  string
	never  []string
	reason string
}{
	{"transforms", []string{"uoma/connectors", "uoma/pipelines", "uoma/schedules", "uoma/cmd"}, "a transform knows no file, store or run"},
	{"transforms", []string{"os", "net", "net/http", "database/sql", "math/rand", "math/rand/v2", "crypto/rand"}, "a transform is pure"},
	{"connectors", []string{"uoma/transforms", "uoma/pipelines", "uoma/schedules", "uoma/cmd"}, "a connector knows no meaning"},
	{"internal/canon", []string{"uoma/"}, "the vocabulary imports nothing of ours"},
	{"internal/fault", []string{"uoma/"}, "faults import nothing of ours"},
	{"pipelines", []string{"uoma/schedules", "uoma/cmd"}, "a pipeline does not know when it runs"},
	{"connectors", []string{"github.com/apache/arrow"}, "only the vocabulary names Arrow"},
	{"transforms", []string{"github.com/apache/arrow"}, "only the vocabulary names Arrow"},
	{"pipelines", []string{"github.com/apache/arrow"}, "only the vocabulary names Arrow"},
	{"schedules", []string{"uoma/connectors", "uoma/transforms"}, "schedules know pipelines alone"},
}

func TestImportsFollowTheArrows(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, rule := range arrows {
		err := fs.WalkDir(os.DirFS(root), rule.below, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "test/") {
				return err
			}
			files++
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, i := range f.Imports {
				path := strings.Trim(i.Path.Value, `"`)
				for _, never := range rule.never {
					if path == never || strings.HasPrefix(path, strings.TrimSuffix(never, "/")+"/") {
						t.Errorf("%s imports %s: %s", name, path, rule.reason)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Fatalf("looked at %d files only", files)
	}
}
