// Package document reads Uoma's own YAML files: layouts, policy packs, pipelines, schedules, workspace settings.
//
// A document is checked against its published JSON Schema and then decoded strictly, so that a misspelt key is an error
// and never a silent default. Every finding carries file, line and column, and all findings of a document are reported
// at once. Aliases and anchors are refused: a document says what it says where it says it.
//
// The package knows no document's meaning; it imports [fault] alone.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"uoma/internal/fault"
)

// maxBytes bounds a document: the largest real one is a few hundred kilobytes.
const maxBytes = 4 << 20

var (
	errSyntax = fault.New("UOMA-CFG-SYNTAX", "the file is not valid YAML", "correct the line; indentation is by spaces")
	errSchema = fault.New("UOMA-CFG-SCHEMA", "the file does not follow its schema", "compare with the schema named in docs/reference")
	errLarge  = fault.New("UOMA-CFG-LARGE", "the file is larger than 4 MiB", "split it")
)

// Schema is a compiled JSON Schema.
type Schema struct{ compiled *jsonschema.Schema }

// CompileSchema compiles a JSON Schema (draft 2020-12). A broken schema is a mistake in the program, so it panics.
func CompileSchema(name string, src []byte) *Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		panic("document: schema " + name + ": " + err.Error())
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		panic("document: schema " + name + ": " + err.Error())
	}
	s, err := c.Compile(name)
	if err != nil {
		panic("document: schema " + name + ": " + err.Error())
	}
	return &Schema{s}
}

// Decode reads one YAML document named file into out, which is a pointer to a struct with yaml tags. The error is a
// [fault.List]. schema may be nil when the structure alone decides.
func Decode(file string, src []byte, schema *Schema, out any) error {
	if len(src) > maxBytes {
		return fault.List{errLarge.At(fault.Place{File: file})}
	}
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		return fault.List{syntaxFault(file, err)}
	}
	if root.Kind == 0 {
		return fault.List{errSyntax.At(fault.Place{File: file, Line: 1, Column: 1}).Because(errors.New("the file is empty"))}
	}
	value, findings := plain(file, &root)
	if len(findings) > 0 {
		return findings
	}
	if schema != nil {
		if err := schema.compiled.Validate(value); err != nil {
			return schemaFaults(file, &root, err)
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(src))
	dec.KnownFields(true)
	if err := dec.Decode(out); err != nil && err != io.EOF {
		return fault.List{syntaxFault(file, err)}
	}
	return nil
}

// Locate gives the place of a value in a document by its path of keys and indexes ("feeds", "0", "key"), or of the
// nearest value above it. A caller uses it for findings that a schema cannot express.
func Locate(file string, src []byte, path ...string) fault.Place {
	var root yaml.Node
	p := fault.Place{File: file, Field: strings.Join(path, ".")}
	if yaml.Unmarshal(src, &root) != nil {
		return p
	}
	n := find(&root, path)
	p.Line, p.Column = n.Line, n.Column
	return p
}

var atLine = regexp.MustCompile(`line (\d+)`)

func syntaxFault(file string, err error) *fault.Error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	p := fault.Place{File: file, Column: 1}
	if m := atLine.FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
	}
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "unmarshal errors:", "")), " ")
	return errSyntax.At(p).Because(errors.New(text))
}

// plain turns a YAML node into the values that JSON knows, refusing aliases, duplicate keys and keys that are not text.
func plain(file string, n *yaml.Node) (any, fault.List) {
	refuse := func(n *yaml.Node, why string) (any, fault.List) {
		return nil, fault.List{errSyntax.At(fault.Place{File: file, Line: n.Line, Column: n.Column}).Because(errors.New(why))}
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(file, n.Content[0])
	case yaml.AliasNode:
		return refuse(n, "aliases are not allowed")
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		var findings fault.List
		for _, c := range n.Content {
			v, f := plain(file, c)
			list, findings = append(list, v), append(findings, f...)
		}
		return list, findings
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		var findings fault.List
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
				return refuse(k, "a key must be plain text")
			}
			if _, twice := m[k.Value]; twice {
				return refuse(k, fmt.Sprintf("the key %q stands twice", k.Value))
			}
			x, f := plain(file, v)
			m[k.Value], findings = x, append(findings, f...)
		}
		return m, findings
	}
	var v any
	if n.Tag == "!!timestamp" { // an unquoted date: JSON has only text
		return n.Value, nil
	}
	if err := n.Decode(&v); err != nil {
		return refuse(n, "the value cannot be read")
	}
	if i, ok := v.(int); ok {
		return float64(i), nil
	}
	return v, nil
}

func schemaFaults(file string, root *yaml.Node, err error) fault.List {
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return fault.List{errSchema.At(fault.Place{File: file}).Because(err)}
	}
	var out fault.List
	english := message.NewPrinter(language.English)
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 {
			n := find(root, e.InstanceLocation)
			place := fault.Place{File: file, Line: n.Line, Column: n.Column, Field: strings.Join(e.InstanceLocation, ".")}
			out = append(out, errSchema.At(place).Because(errors.New(e.ErrorKind.LocalizedString(english))))
		}
		for _, c := range e.Causes {
			walk(c)
		}
	}
	walk(ve)
	return out
}

func find(n *yaml.Node, path []string) *yaml.Node {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range path {
		next := child(n, step)
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

func child(n *yaml.Node, step string) *yaml.Node {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}
