package pipelines

import (
	"embed"
	"io/fs"
	"path"
	"strings"
	"sync"

	"uoma/internal/document"
	"uoma/transforms/target"
)

//go:embed pipeline.schema.json
var schemaSource []byte

//go:embed *.yaml
var shipped embed.FS

// Schema gives the published JSON Schema of a pipeline file.
func Schema() []byte { return append([]byte(nil), schemaSource...) }

// Definition is a pipeline file.
type Definition struct {
	Pipeline string   `yaml:"pipeline"`
	Title    string   `yaml:"title"`
	Stages   []string `yaml:"stages"`
	Survey   *Survey  `yaml:"survey"`
	Target   string   `yaml:"-"` // name of the target that the stages carry out: a target's file is a pipeline of its own
}

// OfTarget gives the pipeline of a target.
func OfTarget(name, title string) *Definition {
	return &Definition{Pipeline: name, Title: title, Stages: []string{"select", "seal", "deliver", "receipt"}, Target: name}
}

// Survey says what the stages select, seal, deliver and receipt do.
type Survey struct {
	Purpose        string   `yaml:"purpose"`
	Recipient      string   `yaml:"recipient"`
	Dataset        string   `yaml:"dataset"`
	YearsBefore    int      `yaml:"graduated_years_before"`
	ContactSources []string `yaml:"contact_sources"`
	Protected      string   `yaml:"protected"`
	IdentityCode   string   `yaml:"identity_code"`
	Background     string   `yaml:"background"`
	Format         string   `yaml:"format"`
	Compression    string   `yaml:"compression"`
	Level          string   `yaml:"level"`
}

var schema = sync.OnceValue(func() *document.Schema { return document.CompileSchema("pipeline.schema.json", schemaSource) })

// Parse reads a pipeline file.
func Parse(file string, src []byte) (*Definition, error) {
	d := &Definition{}
	if err := document.Decode(file, src, schema(), d); err != nil {
		return nil, err
	}
	if s := d.Survey; s != nil {
		for _, f := range []struct {
			field *string
			value string
		}{{&s.Protected, "exclude"}, {&s.IdentityCode, "never"}, {&s.Background, "extract"}, {&s.Format, "parquet"}, {&s.Compression, "zstd"}, {&s.Level, "validated"}} {
			if *f.field == "" {
				*f.field = f.value
			}
		}
	}
	return d, nil
}

// Shipped gives the pipelines that come with the program, by name: its own, and those of its targets.
func Shipped() (map[string]*Definition, error) {
	names, err := fs.Glob(shipped, "*.yaml")
	if err != nil {
		return nil, err
	}
	out := map[string]*Definition{}
	for _, n := range names {
		src, err := shipped.ReadFile(n)
		if err != nil {
			return nil, err
		}
		d, err := Parse(path.Join("pipelines", n), src)
		if err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(n, ".yaml")] = d
	}
	targets, err := target.Shipped()
	for _, t := range targets {
		out[t.Name] = OfTarget(t.Name, t.Title)
	}
	return out, err
}
