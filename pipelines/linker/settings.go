package linker

import (
	_ "embed"
	"os"
	"slices"
	"strconv"
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
	Clean     []string          `yaml:"clean"`     // sources that have nobody twice
	Passes    [][]string        `yaml:"passes"`    // parts of each pass, instead of those chosen
	Threshold *float64          `yaml:"threshold"` // bits of evidence above which records are one person's
	Review    *float64          `yaml:"review"`    // bits down to which pairs are listed

	// Model is what to link by; nil learns one from the records.
	Model *linkage.Model `yaml:"-"`

	file string // the settings were read from, and its text
	text []byte
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
	s.file, s.text = file, src
	return s, document.Decode(file, src, schema(), &s)
}

// place gives where a setting of a list stands.
func (s *Settings) place(key string, i int) fault.Place {
	if s.file == "" {
		return fault.Place{Field: key}
	}
	return document.Locate(s.file, s.text, key, strconv.Itoa(i))
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
