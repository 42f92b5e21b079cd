package golden

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/identifier"
)

//go:embed golden.schema.json
var schemaSource []byte

//go:embed shipped/*.yaml
var shipped embed.FS

var (
	errTwice = fault.New("UOMA-GLD-TWICE", "the field stands in two rules", "keep one of the two")
	errOrder = fault.New("UOMA-GLD-ORDER", "the source stands in two places of the order, or in the order and among those that never give the field", "keep one of the two")
	errAs    = fault.New("UOMA-GLD-AS", "there is no such rule of values", "name a rule that layouts know, such as email, phone, date or name")
	errOne   = fault.New("UOMA-GLD-ONE", "values of one record together are no set", "keep together: or many:; at-most: needs many:, and needs: needs together:")
	errNeeds = fault.New("UOMA-GLD-NEEDS", "the field is not one of the rule", "name fields that of: covers")
	errOnly  = fault.New("UOMA-GLD-OTHERS", "no source can give the field", "name sources in order:, or leave out others: never")
)

var schema = sync.OnceValue(func() *document.Schema { return document.CompileSchema("golden.schema.json", schemaSource) })

// Schema gives the published JSON Schema (draft 2020-12) of a precedence file.
func Schema() []byte { return slices.Clone(schemaSource) }

// Shipped gives the rules that come with the program, by their id.
func Shipped(id string) (*Rules, bool) {
	src, ok := ShippedSource(id)
	if !ok {
		return nil, false
	}
	r, err := Parse(id+".yaml", src)
	return r, err == nil
}

// ShippedSource gives the text of shipped rules, for copying.
func ShippedSource(id string) ([]byte, bool) {
	src, err := shipped.ReadFile("shipped/" + id + ".yaml")
	return src, err == nil
}

// ShippedIDs lists the rules that come with the program, in alphabetical order.
func ShippedIDs() []string {
	var ids []string
	entries, _ := shipped.ReadDir("shipped") // the folder is part of the program
	for _, e := range entries {
		ids = append(ids, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return ids
}

// Parse reads a precedence file. The error is a [fault.List] of all findings, with their places in file.
func Parse(file string, src []byte) (*Rules, error) {
	r := &Rules{}
	if err := document.Decode(file, src, schema(), r); err != nil {
		return nil, err
	}
	c := checker{file: file, src: src, known: identifier.Rules(), seen: map[string]bool{}}
	c.sources(r.Order, r.Never, nil)
	for i := range r.Fields {
		c.rule(r, &r.Fields[i], []string{"fields", strconv.Itoa(i)})
	}
	if err := c.findings.Err(); err != nil {
		return nil, err
	}
	r.compile()
	return r, nil
}

// checker finds what a schema cannot.
type checker struct {
	file     string
	src      []byte
	known    map[string]identifier.Rule
	seen     map[string]bool // fields that have a rule
	findings fault.List
}

func (c *checker) find(e *fault.Error, detail string, at []string, path ...string) {
	e = e.At(document.Locate(c.file, c.src, slices.Concat(at, path)...))
	if detail != "" {
		e = e.Because(fmt.Errorf("%q", detail))
	}
	c.findings = append(c.findings, e)
}

func (c *checker) rule(r *Rules, f *Rule, at []string) {
	for i, name := range f.Of {
		if c.seen[name] {
			c.find(errTwice, name, at, "of", strconv.Itoa(i))
		}
		c.seen[name] = true
	}
	if f.As != "" && c.known[f.As] == nil {
		c.find(errAs, f.As+" is none of "+strings.Join(slices.Sorted(maps.Keys(c.known)), ", "), at, "as")
	}
	if f.Together && f.Many || f.AtMost > 0 && !f.Many || len(f.Needs) > 0 && !f.Together {
		c.find(errOne, "", at)
	}
	for i, n := range f.Needs {
		if !slices.ContainsFunc(f.Of, func(of string) bool { return below(n, of) }) {
			c.find(errNeeds, n, at, "needs", strconv.Itoa(i))
		}
	}
	order, never := f.Order, f.Never
	if order == nil {
		order = r.Order
	}
	if never == nil {
		never = r.Never
	}
	if f.Others == "never" && len(order) == 0 {
		c.find(errOnly, "", at, "others")
	}
	if f.Order != nil || f.Never != nil {
		c.sources(order, never, at)
	}
}

// sources finds a source that is named twice.
func (c *checker) sources(order Order, never, at []string) {
	seen := map[string]bool{}
	for i, place := range order {
		for _, s := range place {
			if seen[s] {
				c.find(errOrder, s, at, "order", strconv.Itoa(i))
			}
			seen[s] = true
		}
	}
	for i, s := range never {
		if seen[s] {
			c.find(errOrder, s, at, "never", strconv.Itoa(i))
		}
		seen[s] = true
	}
}
