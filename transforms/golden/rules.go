package golden

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"uoma/internal/canon"
	"uoma/transforms/likeness"
)

// Rules are a precedence file: for each field, whose word counts.
type Rules struct {
	ID     string `yaml:"golden"`
	Title  string `yaml:"title"`
	Notice string `yaml:"notice"` // which the clauses are of
	Region string `yaml:"region"` // country of local phone numbers and postcodes; default FI
	// Order and Never hold for all fields whose rule has none of its own.
	Order Order    `yaml:"order"`
	Never []string `yaml:"never"`
	// Placeholders are texts that stand for no value, beside those that every layout knows ("-", "N/A", "unknown").
	Placeholders []string `yaml:"placeholders"`
	Fields       []Rule   `yaml:"fields"`

	byField map[string]*Rule
	rest    Rule // of fields that no rule names
	empty   map[string]bool
}

// Rule says how the value of some fields is found.
type Rule struct {
	// Of names fields; a name also stands for all fields below it ("employment" for "employment.title"). The longest name
	// that fits decides.
	Of     []string `yaml:"of"`
	Clause string   `yaml:"clause"` // of the notice that asks for it
	Order  Order    `yaml:"order"`
	// Others says what becomes of sources that Order does not name: "last" (the default), or "never".
	Others string      `yaml:"others"`
	Never  []string    `yaml:"never"`
	By     []Criterion `yaml:"by"`
	// As names the rule of package identifier that tells a valid value, and which two values are one.
	As string `yaml:"as"`
	// Together: the values of all fields of the rule come from one record. Needs are the fields without which a record
	// stands behind those that have them.
	Together bool     `yaml:"together"`
	Needs    []string `yaml:"needs"`
	// Many: all values are kept, in order; at most AtMost of them, when that is not zero.
	Many   bool `yaml:"many"`
	AtMost int  `yaml:"at-most"`

	rank  map[string]int
	never map[string]bool
}

// Criterion is one way to prefer a value to another.
type Criterion string

// Criteria in the order that holds where a rule has no other.
const (
	Precedence Criterion = "precedence"
	Recency    Criterion = "recency"
	Agreement  Criterion = "agreement"
)

// Order lists sources, the preferred first. Sources that stand together in one place are equals. A source is a system
// ("reportronic") or one of its feeds ("reportronic/henkilosto"); the feed's own place counts before that of its system.
type Order [][]string

// UnmarshalYAML reads a list of sources and of lists of sources.
func (o *Order) UnmarshalYAML(n *yaml.Node) error {
	for _, c := range n.Content {
		place := []string{c.Value}
		if c.Kind == yaml.SequenceNode {
			place = nil
			if err := c.Decode(&place); err != nil {
				return err
			}
		}
		*o = append(*o, place)
	}
	return nil
}

// Plain gives rules without a precedence: the newest value, and of equally new ones that of most sources.
func Plain() *Rules {
	r := &Rules{}
	r.compile()
	return r
}

// Prefer gives rules in which a field and all fields below it, with those that come together with one of them, take the
// sources in this order, of which the first mention counts. What the rules say of these fields otherwise stays. r is not
// changed.
func (r *Rules) Prefer(field string, sources ...string) *Rules {
	c := *r
	c.Fields = nil
	var order Order
	for _, s := range sources {
		order = append(order, []string{s})
	}
	covered := false
	for _, rule := range r.Fields {
		inside, outside := parted(rule.Of, field)
		if len(inside) == 0 {
			c.Fields = append(c.Fields, rule)
			continue
		}
		covered = covered || slices.Contains(inside, field)
		if rule.Together {
			inside, outside = rule.Of, nil
		}
		mine := rule
		mine.Of, mine.Order = inside, order
		c.Fields = append(c.Fields, mine)
		if len(outside) > 0 {
			rule.Of = outside
			c.Fields = append(c.Fields, rule)
		}
	}
	if !covered {
		mine := *r.ruleOf(field)
		mine.Of, mine.Order = []string{field}, order
		c.Fields = append(c.Fields, mine)
	}
	c.compile()
	return &c
}

// parted tells which of some names are a field or lie below it.
func parted(names []string, field string) (inside, outside []string) {
	for _, n := range names {
		if below(n, field) {
			inside = append(inside, n)
		} else {
			outside = append(outside, n)
		}
	}
	return inside, outside
}

func below(name, field string) bool {
	rest, ok := strings.CutPrefix(name, field)
	return ok && (rest == "" || rest[0] == '.')
}

// compile makes what is looked up of what is written.
func (r *Rules) compile() {
	r.byField, r.empty = map[string]*Rule{}, map[string]bool{}
	for _, p := range r.Placeholders {
		r.empty[likeness.Fold(p)] = true
	}
	r.rest = Rule{}
	r.rest.compile(r)
	r.Fields = slices.Clone(r.Fields)
	for i := range r.Fields {
		f := &r.Fields[i]
		f.compile(r)
		for _, name := range f.Of {
			r.byField[name] = f
		}
	}
}

func (f *Rule) compile(r *Rules) {
	if f.Order == nil {
		f.Order = r.Order
	}
	if f.Never == nil {
		f.Never = r.Never
	}
	if f.By == nil {
		f.By = []Criterion{Precedence, Recency, Agreement}
	}
	f.rank, f.never = map[string]int{}, map[string]bool{}
	for i, place := range f.Order {
		for _, s := range place {
			if _, named := f.rank[s]; !named {
				f.rank[s] = i
			}
		}
	}
	for _, s := range f.Never {
		f.never[s] = true
	}
}

// ruleOf gives the rule of a field: that of its own name, of the nearest name above it, or the one for all others.
func (r *Rules) ruleOf(field string) *Rule {
	for name := field; ; {
		if f := r.byField[name]; f != nil {
			return f
		}
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			return &r.rest
		}
		name = name[:i]
	}
}

// place gives a source's place in the order; sources that stand nowhere share the last one. ok is false for a source
// that never gives the field.
func (f *Rule) place(source string) (rank int, ok bool) {
	rank = len(f.Order)
	for _, s := range [2]string{canon.SystemOf(source), source} {
		if f.never[s] {
			return 0, false
		}
		if i, named := f.rank[s]; named {
			rank = i
		}
	}
	return rank, f.Others != "never" || rank < len(f.Order)
}
