package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

var errOptions = fault.New("UOMA-LND-OPTIONS", "the feed's layout cannot be used for reading",
	"correct the paths of rows and columns in the layout")

// Options says how one feed's records are read.
type Options struct {
	tabular.Options
	Rows       string            // where the records are in the document; empty: the document is one, or a list of them
	Each       string            // where a record holds its rows; empty: it is one
	Count      string            // where the document says how many records it has
	Namespaces map[string]string // by the prefix that paths use
	Fold       bool              // names are the same in any case
	Others     []Options         // of whoever reads other records of the same document; their Rows and Namespaces count
}

// Plan is [Options] made ready.
type Plan struct {
	Rows   Route
	Count  Route
	others []Route
	o      Options
	root   *Step
	owners []*Step // by condition: the step that it is on
	levels int     // of rows inside a record
	within []int   // by column: the level of the rows that have it
}

// Step is a place inside a record.
type Step struct {
	name
	children []*Step
	columns  []target
	tests    []test
	owns     []int // the conditions on this step
	level    int   // of the rows that begin here, 0 for none
	path     string
}

// target is a column whose value stands at a step, if a condition holds.
type target struct{ column, level, test int }

// test is a condition that the value of a step decides.
type test struct {
	value string
	id    int
}

const maxConditions = 1024

// HasValue tells whether the text of the step is wanted.
func (s *Step) HasValue() bool { return len(s.columns)+len(s.tests) > 0 }

// Plain tells that the text of the step is wanted and no element below it, so that it has none.
func (s *Step) Plain() bool {
	return s.HasValue() && !slices.ContainsFunc(s.children, func(c *Step) bool { return !strings.HasPrefix(c.local, "@") })
}

// HasParts tells whether values below the step are wanted.
func (s *Step) HasParts() bool { return len(s.children) > 0 }

// Route is the way from a document's root to its records.
type Route []name

// Matches tells whether the step at a depth has that name.
func (r Route) Matches(depth int, local []byte, space string) bool {
	return depth < len(r) && r[depth].matches(local, space)
}

// NewPlan checks the options.
func NewPlan(o Options) (*Plan, error) {
	p := &Plan{o: o, root: &Step{}}
	bad := func(field string, err error) error {
		return errOptions.At(fault.Place{Field: o.Feed + " " + field}).Because(err)
	}
	var err error
	if p.Rows, err = p.route(o.Rows); err != nil {
		return nil, bad("rows", err)
	}
	if p.Count, err = p.route(o.Count); err != nil {
		return nil, bad("count", err)
	}
	for _, other := range o.Others {
		route, err := parsePath(other.Rows, other.Namespaces)
		if err != nil {
			return nil, bad("rows", err)
		}
		p.others = append(p.others, route)
	}
	each, err := p.route(o.Each)
	if err != nil {
		return nil, bad("each", err)
	}
	s := p.root
	p.levels = len(each)
	p.within = make([]int, len(o.Columns))
	for i, n := range each {
		s = s.child(n)
		s.level = i + 1
	}
	for i, c := range o.Columns {
		paths := c.Aliases
		if c.Path == "" {
			paths = append([]string{c.Name}, paths...)
		} else {
			paths = append([]string{c.Path}, paths...)
		}
		for _, path := range paths {
			if err := p.column(i, path, each); err != nil {
				return nil, bad(c.Name, err)
			}
		}
	}
	p.describe(p.root, "")
	return p, nil
}

// route reads a path without conditions.
func (p *Plan) route(path string) (Route, error) {
	names, err := p.names(path)
	for _, n := range names {
		if n.key != "" || n.local == up || n.local == here {
			return nil, errors.New("only columns have conditions and steps upwards")
		}
	}
	return names, err
}

func (p *Plan) names(path string) ([]name, error) {
	if p.o.Fold {
		path = strings.ToLower(path)
	}
	return parsePath(path, p.o.Namespaces)
}

// column puts a column at the end of its path.
func (p *Plan) column(i int, path string, each Route) error {
	names, err := p.names(path)
	if err != nil {
		return err
	}
	level := len(each)
	for len(names) > 0 && (names[0].local == up || names[0].local == here) {
		if names[0].local == up {
			level--
		}
		names = names[1:]
	}
	if level < 0 {
		return errors.New("the path leads out of the record")
	}
	s := p.root
	for _, n := range each[:level] {
		s = s.child(n)
	}
	p.within[i] = max(p.within[i], level)
	t := target{column: i, level: level, test: -1}
	for _, n := range names {
		if n.local == up || n.local == here {
			return errors.New("steps upwards stand at a path's beginning")
		}
		s = s.child(name{local: n.local, space: n.space})
		if s.level > level {
			return fmt.Errorf("the path leads into the rows, where it begins without %q", up)
		}
		if n.key == "" {
			continue
		}
		if t.test >= 0 {
			return errors.New("a path has one condition at most")
		}
		if t.test, err = p.condition(s, n); err != nil {
			return err
		}
	}
	s.columns = append(s.columns, t)
	return nil
}

// condition puts a condition on a step, to be decided by a value below it.
func (p *Plan) condition(s *Step, n name) (int, error) {
	if s.level > 0 || len(p.owners) == maxConditions {
		return 0, errors.New("rows have no conditions, and there are 1,024 of them at most")
	}
	local := n.key
	if p.o.Fold {
		local = strings.ToLower(local)
	}
	below := s.child(name{local: local})
	id := len(p.owners)
	p.owners = append(p.owners, s)
	s.owns = append(s.owns, id)
	below.tests = append(below.tests, test{n.value, id})
	return id, nil
}

// child gives the step below with that name, a new one when there is none.
func (s *Step) child(n name) *Step {
	for _, c := range s.children {
		if c.local == n.local && c.space == n.space {
			return c
		}
	}
	c := &Step{name: n}
	s.children = append(s.children, c)
	return c
}

// describe gives each step the path by which drift is reported.
func (p *Plan) describe(s *Step, path string) {
	s.path = path
	for _, c := range s.children {
		below := c.local
		if path != "" {
			below = path + "/" + c.local
		}
		p.describe(c, below)
	}
}
