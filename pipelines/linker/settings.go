package linker

import (
	_ "embed"
	"os"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"uoma/connectors/tabular"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/linkage"
)

// Settings is what a person may decide about a job. Fields are those of the YAML file.
type Settings struct {
	Columns   map[string]string `yaml:"columns"`    // by name: kind, or kind:thing
	Unique    []Unique          `yaml:"unique"`     // of which no person has two
	Clean     []string          `yaml:"clean"`      // sources that have nobody twice
	OneToOne  [][]string        `yaml:"one-to-one"` // sources of which a record of one is linked with at most one record of each other
	Passes    [][]string        `yaml:"passes"`     // parts of each pass, instead of those chosen
	Threshold *float64          `yaml:"threshold"`  // bits of evidence above which records are one person's
	Review    *float64          `yaml:"review"`     // bits down to which pairs are listed

	// Model is what to link by; nil learns one from the records.
	Model *linkage.Model `yaml:"-"`

	file string // the settings were read from, and its text
	text []byte
}

// Unique says that no person has two of an identifier, which is named by its thing or column: at all, or within one value
// of another column and while a third one says so. In YAML the first of these is the name alone.
type Unique struct {
	Of     string            `yaml:"of"`
	Within string            `yaml:"within"`
	While  map[string]Values `yaml:"while"` // of one column
}

// everywhere tells whether the identifier's name says all. Then a slip of the keyboard makes no other value.
func (u *Unique) everywhere() bool { return u.Within == "" && len(u.While) == 0 }

// rule gives what package linkage is told.
func (u *Unique) rule() linkage.Rule {
	r := linkage.Rule{Of: u.Of, Within: u.Within}
	for column, values := range u.While {
		r.While, r.Is = column, values
	}
	return r
}

// rules are those that package linkage is told.
func (s *Settings) rules() (out []linkage.Rule) {
	for i := range s.Unique {
		if u := &s.Unique[i]; !u.everywhere() {
			out = append(out, u.rule())
		}
	}
	return out
}

// UnmarshalYAML reads the name alone, too.
func (u *Unique) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&u.Of)
	}
	type plain Unique
	return n.Decode((*plain)(u))
}

// Values are one value or several.
type Values []string

// UnmarshalYAML reads one value, too.
func (v *Values) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*v = make(Values, 1)
		return n.Decode(&(*v)[0])
	}
	return n.Decode((*[]string)(v))
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
	if !ok || k == linkage.Mark { // which the rules say
		return k, "", errKind.At(fault.Place{Field: name})
	}
	return k, strings.TrimSpace(thing), nil
}

func kindList() string {
	var names []string
	for k := range linkage.Mark {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}

func fold(name string) string { return tabular.Fold([]byte(name)) }
