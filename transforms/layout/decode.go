package layout

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// list is one text or several.
type list []string

// UnmarshalYAML reads a scalar as a list of one.
func (l *list) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = list{n.Value}
		return nil
	}
	return n.Decode((*[]string)(l))
}

// UnmarshalYAML reads a column name as a part without alternatives.
func (p *Part) UnmarshalYAML(n *yaml.Node) error { return (*list)(p).UnmarshalYAML(n) }

// UnmarshalYAML reads a list of parts, {of: system, key: parts}, {point: column} or nobody.
func (p *Person) UnmarshalYAML(n *yaml.Node) error {
	switch n.Kind {
	case yaml.SequenceNode:
		return n.Decode(&p.Key)
	case yaml.ScalarNode:
		p.Nobody = true // the schema allows no other word
		return nil
	}
	var m struct {
		Of    string `yaml:"of"`
		Key   Key    `yaml:"key"`
		Point string `yaml:"point"`
	}
	if err := n.Decode(&m); err != nil {
		return err
	}
	p.Of, p.Key, p.Point = m.Of, m.Key, m.Point
	return nil
}

// UnmarshalYAML keeps the default of a limit that is absent.
func (g *Guard) UnmarshalYAML(n *yaml.Node) error {
	type plain Guard
	v := plain(defaultGuard)
	if err := n.Decode(&v); err != nil {
		return err
	}
	*g = Guard(v)
	return nil
}

// condition is a condition as written: "column", "!column", "column=a|b" or "column!=a|b".
type condition struct {
	column string
	not    bool
	values []string
}

type conditions []condition

// UnmarshalYAML reads one condition or a list of them.
func (c *conditions) UnmarshalYAML(n *yaml.Node) error {
	var texts list
	if err := texts.UnmarshalYAML(n); err != nil {
		return err
	}
	for _, text := range texts {
		parsed, err := parseCondition(text)
		if err != nil {
			return err
		}
		*c = append(*c, parsed)
	}
	return nil
}

func parseCondition(text string) (condition, error) {
	name, values, compares := strings.Cut(text, "=")
	var c condition
	if compares {
		c.values = strings.Split(values, "|")
		c.not = strings.HasSuffix(name, "!")
		name = strings.TrimSuffix(name, "!")
	} else {
		name, c.not = strings.CutPrefix(name, "!")
	}
	c.column = strings.TrimSpace(name)
	if c.column == "" {
		return c, fmt.Errorf("the condition names no column")
	}
	return c, nil
}
