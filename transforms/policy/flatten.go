package policy

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is one field of an entry of a pack.
type field struct{ entry, field string }

// flat is a pack's document as fields, in its order.
type flat struct {
	order []field
	value map[field]string
}

func flatten(src []byte) (*flat, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		return nil, err
	}
	f := &flat{value: map[field]string{}}
	if len(root.Content) > 0 {
		f.walk("", root.Content[0])
	}
	return f, nil
}

// walk notes an entry's fields and goes into what it holds. Lists of plain values are one value.
func (f *flat) walk(entry string, node *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		switch {
		case value.Kind == yaml.MappingNode:
			f.walk(join(entry, key), value)
		case value.Kind == yaml.SequenceNode && len(value.Content) > 0 && value.Content[0].Kind == yaml.MappingNode:
			for _, part := range value.Content {
				f.walk(f.unused(join(entry, key)+"."+longName(part)), part)
			}
		default:
			f.note(field{entry, key}, plainText(value))
		}
	}
}

func (f *flat) note(at field, value string) {
	f.order = append(f.order, at)
	f.value[at] = value
}

// unused gives a name of its own to each of several entries that are about the same thing.
func (f *flat) unused(entry string) string {
	for {
		taken := false
		for at := range f.value {
			taken = taken || at.entry == entry
		}
		if !taken {
			return entry
		}
		entry += "'"
	}
}

// longName tells entries of a list apart: two of retention may be about one category.
func longName(entry *yaml.Node) string {
	name := entryName(entry)
	for _, key := range []string{"anchor", "sources", "column"} {
		if v := child(entry, key); v != nil {
			name += " " + plainText(v)
		}
	}
	return strings.TrimSpace(name)
}

func plainText(node *yaml.Node) string {
	if node.Kind == yaml.ScalarNode {
		return node.Value
	}
	var parts []string
	for _, c := range node.Content {
		parts = append(parts, plainText(c))
	}
	return strings.Join(parts, ", ")
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}
