package golden

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"uoma/internal/canon"
)

// Result is a golden record.
type Result struct {
	Fields []Field // by name; the values of a set in their order
}

// Field is one value of a golden record, and where it comes from.
type Field struct {
	Name               string
	Text               string // as the source has it
	Source, Record     string // which record of which source
	Modified, Exported int64  // of that record
	Until              *canon.Date
	Invalid            bool // no source has a valid value
	Why                Reason
	Clause             string   // of the notice, that the field's rule names
	Agreed             int      // how many sources say the same
	Passed             []Passed // records that say something else, the best first; of a set, with its last value
}

// Passed is a record whose value was not taken.
type Passed struct {
	Source, Record string
	Why            Reason // what the taken value has before this one
}

// unit makes the fields of a unit out of its candidates.
func (m *Merger) unit(u *unit) []Field {
	kept := distinct(u.candidates)
	if len(kept) == 0 {
		return nil
	}
	most := taken(u.rule, kept)
	var out []Field
	for i := range kept[:most] {
		c := kept[i]
		why := Only
		switch {
		case i+1 < len(kept):
			why = reason(u.rule.By, c, kept[i+1])
		case i > 0:
			why = reason(u.rule.By, kept[i-1], c)
		case c.agreed > 1:
			why = Reason(Agreement)
		}
		var passed []Passed
		if i == most-1 {
			passed = passedOver(u, c, kept[:most])
		}
		out = append(out, m.fields(u, c, why, passed)...)
	}
	return out
}

// taken gives how many of the candidates are kept. A set has values of one standing: an address that has expired does not
// stand behind one that holds.
func taken(rule *Rule, kept []*candidate) int {
	if !rule.Many {
		return 1
	}
	n := 1
	for n < len(kept) && kept[n].standing == kept[0].standing && n != rule.AtMost {
		n++
	}
	return n
}

// distinct gives the first candidate of each key.
func distinct(all []candidate) []*candidate {
	var out []*candidate
	for i := range all {
		c := &all[i]
		if !slices.ContainsFunc(out, func(o *candidate) bool { return o.key == c.key }) {
			out = append(out, c)
		}
	}
	return out
}

// passedOver lists the records that say something that was not taken.
func passedOver(u *unit, taken *candidate, kept []*candidate) []Passed {
	var out []Passed
	add := func(c *candidate, why Reason) {
		p := Passed{c.record.Source, c.record.ID, why}
		says := func(k *candidate) bool { return k.key == c.key }
		same := func(o Passed) bool { return o.Source == p.Source && o.Record == p.Record }
		if !slices.ContainsFunc(kept, says) && !slices.ContainsFunc(out, same) {
			out = append(out, p)
		}
	}
	for i := range u.candidates {
		why := reason(u.rule.By, taken, &u.candidates[i])
		if u.rule.Many && why != Validity {
			why = Surplus
		}
		add(&u.candidates[i], why)
	}
	for i := range u.refused {
		add(&u.refused[i], Refused)
	}
	return out
}

func (m *Merger) fields(u *unit, c *candidate, why Reason, passed []Passed) []Field {
	var out []Field
	for i, v := range c.values {
		if v == nil {
			continue
		}
		name := u.fields[0]
		if u.rule.Together {
			name = u.fields[i]
		}
		out = append(out, Field{Name: name, Text: v.Text, Source: c.record.Source, Record: c.record.ID, Modified: c.record.Modified,
			Exported: c.record.Exported, Until: v.Until, Invalid: m.word(u.rule, c.record, v, "").standing == invalid, Why: why, Clause: u.rule.Clause, Agreed: c.agreed, Passed: passed})
	}
	return out
}

// First gives the value of a field, the first one of a set; "" when there is none.
func (r *Result) First(field string) string {
	for i := range r.Fields {
		if r.Fields[i].Name == field {
			return r.Fields[i].Text
		}
	}
	return ""
}

// All gives the values of a field in order.
func (r *Result) All(field string) []string {
	var out []string
	for i := range r.Fields {
		if r.Fields[i].Name == field {
			out = append(out, r.Fields[i].Text)
		}
	}
	return out
}

// Records gives the golden record as records: of each source, what was taken from it. Merging them again, alone or beside
// the records they came from, gives the same values from the same records.
func (r *Result) Records() []Record {
	var out []Record
	for i := range r.Fields {
		f := &r.Fields[i]
		at := slices.IndexFunc(out, func(x Record) bool {
			return x.Source == f.Source && x.ID == f.Record && x.Modified == f.Modified && x.Exported == f.Exported
		})
		if at < 0 {
			at = len(out)
			out = append(out, Record{Source: f.Source, ID: f.Record, Modified: f.Modified, Exported: f.Exported})
		}
		out[at].Values = append(out[at].Values, Value{Field: f.Name, Text: f.Text, Until: f.Until, Invalid: f.Invalid, Agreed: f.Agreed})
	}
	return out
}

// Explain writes where each field comes from and what was passed over: sources, reasons and clauses, neither values nor
// keys of records, so that it may be logged.
func (r *Result) Explain(w io.Writer) error {
	for i := range r.Fields {
		if _, err := fmt.Fprintln(w, r.Fields[i]); err != nil {
			return err
		}
	}
	return nil
}

// String tells where the field comes from, without its value.
func (f Field) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s (%s", f.Name, f.Source, f.Why)
	if f.Clause != "" {
		fmt.Fprintf(&b, ", %s", f.Clause)
	}
	if f.Agreed > 1 {
		fmt.Fprintf(&b, ", %d sources agree", f.Agreed)
	}
	if f.Invalid {
		b.WriteString(", no source has a valid value")
	}
	b.WriteByte(')')
	for i, p := range f.Passed {
		sep := ", "
		if i == 0 {
			sep = "; passed over "
		}
		fmt.Fprintf(&b, "%s%s (%s)", sep, p.Source, p.Why)
	}
	return b.String()
}

// String gives one line a field, without values.
func (r Result) String() string {
	var b strings.Builder
	_ = r.Explain(&b) // a builder takes everything
	return b.String()
}
