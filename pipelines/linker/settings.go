package linker

import (
	_ "embed"
	"os"
	"slices"
	"strings"
	"sync"

	"uoma/connectors/tabular"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/linkage"
)

// Settings is what a person may decide about a job. Fields are those of the YAML file.
type Settings struct {
	Columns   map[string]string `yaml:"columns"`   // by name: kind, or kind:thing
	Unique    []string          `yaml:"unique"`    // identifiers of which no person has two, by thing or column
	Threshold *float64          `yaml:"threshold"` // bits of evidence above which records are one person's
}

//go:embed resolve.schema.json
var schemaJSON []byte

var schema = sync.OnceValue(func() *document.Schema { return document.CompileSchema("resolve.schema.json", schemaJSON) })

// ReadSettings reads a settings file.
func ReadSettings(file string) (Settings, error) {
	var s Settings
	src, err := os.ReadFile(file)
	if err != nil {
		return s, errSettings.At(fault.Place{File: file}).Wrap(err)
	}
	return s, document.Decode(file, src, schema(), &s)
}

var errSettings = fault.New("UOMA-LNK-SETTINGS", "the settings cannot be read", "name a YAML file; docs/resolution.md shows one")

// Set says what a column means, after what was said before.
func (s *Settings) Set(column, meaning string) {
	if s.Columns == nil {
		s.Columns = map[string]string{}
	}
	for name := range s.Columns {
		if fold(name) == fold(column) {
			delete(s.Columns, name)
		}
	}
	s.Columns[column] = meaning
}

// meaningOf reads "kind" or "kind:thing".
func meaningOf(text string) (k linkage.Kind, thing string, err error) {
	name, thing, _ := strings.Cut(text, ":")
	k, ok := linkage.KindOf(strings.TrimSpace(name))
	if !ok {
		return k, "", errKind.At(fault.Place{Field: name})
	}
	return k, strings.TrimSpace(thing), nil
}

func kindList() string {
	names := make([]string, linkage.Kinds)
	for i := range names {
		names[i] = linkage.Kind(i).String()
	}
	return strings.Join(names, ", ")
}

func fold(name string) string { return tabular.Fold([]byte(name)) }

func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return fold(x) == fold(name) })
}
