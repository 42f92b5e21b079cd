package conform

import (
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/layout"
)

// compileKeys resolves the columns of the feed's keys.
func (c *Conformer) compileKeys(f *layout.Feed) {
	resolve := func(key layout.Key) [][]int {
		parts := make([][]int, len(key))
		for i, part := range key {
			for _, name := range part {
				parts[i] = append(parts[i], f.Index(name))
			}
		}
		return parts
	}
	c.key, c.personKey = resolve(f.Key), resolve(f.Person.Key)
	order := func(columns []int) []int {
		for _, j := range columns {
			if by := c.columns[j].by; by >= 0 {
				columns = append(columns, by)
			}
			columns = append(columns, c.columns[j].or...)
		}
		return c.evaluation(func(j int) bool { return slices.Contains(columns, j) })
	}
	c.keyOrder = order(slices.Concat(c.key...))
	if f.Latest != "" {
		c.latest = order([]int{f.Index(f.Latest)})
	}
	who := slices.Concat(c.personKey...)
	if c.nobody = f.Person.Nobody; c.nobody {
		who = slices.Concat(c.key...)
	}
	if f.Person.Point != "" {
		c.point = f.Index(f.Person.Point)
		c.pointKind = c.columns[c.point].by
		who = append(who, c.point)
	}
	c.whoOrder = order(who)
	var ending []int
	for j := range c.columns {
		if c.columns[j].ends {
			ending = append(ending, j)
		}
	}
	c.endOrder = order(ending)
}

// Key appends the key of a raw row to dst, from the normalised values of its columns. ok is false when the key cannot
// be made; [Conformer.Unkeyed] tells why.
func (c *Conformer) Key(raw *canon.Batch, i int, dst []byte) (key []byte, ok bool) {
	c.bind(raw)
	c.evaluate(c.keyOrder, c.keyVals, i)
	return appendKey(dst, c.keyVals, c.key)
}

// PersonKey appends the key of the person of a raw row to dst, as [Conformer.Key] does.
func (c *Conformer) PersonKey(raw *canon.Batch, i int, dst []byte) (key []byte, ok bool) {
	c.bind(raw)
	c.evaluate(c.whoOrder, c.keyVals, i)
	return c.appendPerson(dst, c.keyVals)
}

// When gives when a raw row is from, in the measure of the column that the layout names for it. ok is false where it names none,
// and of a cell that does not say it.
func (c *Conformer) When(raw *canon.Batch, i int) (at int64, ok bool) {
	if len(c.latest) == 0 {
		return 0, false
	}
	c.bind(raw)
	c.evaluate(c.latest, c.keyVals, i)
	v := &c.keyVals[c.latest[len(c.latest)-1]]
	return v.num, v.text != "" && v.reason == ""
}

// MayEnd tells whether a value of any row can end what was loaded of it.
func (c *Conformer) MayEnd() bool { return len(c.endOrder) > 0 }

// Ends tells whether a value of a raw row ends what was loaded of the row on an earlier night ([canon.Rejection]).
func (c *Conformer) Ends(raw *canon.Batch, i int) bool {
	c.bind(raw)
	c.evaluate(c.endOrder, c.keyVals, i)
	return slices.ContainsFunc(c.endOrder, func(j int) bool { return c.columns[j].ended(&c.keyVals[j]) })
}

// Texts puts what the cells of row i mean into out, as canonical text by column. field and code tell of a cell that has no valid
// value, or none where there must be one; the row says nothing then.
func (c *Conformer) Texts(raw *canon.Batch, i int, out []string) (field, code string) {
	c.bind(raw)
	c.evaluate(c.order, c.values, i)
	for j := range c.columns {
		switch v := &c.values[j]; {
		case v.reason != "":
			return c.columns[j].name, v.reason
		case v.text == "" && c.columns[j].required:
			return c.columns[j].name, "missing"
		default:
			out[j] = v.text
		}
	}
	return "", ""
}

// Unkeyed gives the rejection of a row that Key or PersonKey refused.
func (c *Conformer) Unkeyed(raw *canon.Batch, i int) canon.Rejection {
	c.bind(raw)
	c.evaluate(c.keyOrder, c.keyVals, i)
	c.evaluate(c.whoOrder, c.keyVals, i)
	parts := slices.Concat(c.key, c.personKey)
	if c.point >= 0 {
		parts = append(parts, []int{c.point})
	}
	field, code := c.absentPart(c.keyVals, parts)
	return c.rejection(i, c.keyVals, field, code)
}

// appendKey joins the parts of a key. A part that holds the separator is refused: with it one row could pass for another.
func appendKey(dst []byte, values []value, parts [][]int) ([]byte, bool) {
	start := len(dst)
	for i, part := range parts {
		if i > 0 {
			dst = append(dst, canon.KeySeparator...)
		}
		text := first(values, part)
		if text == "" || strings.Contains(text, canon.KeySeparator) {
			return dst[:start], false
		}
		dst = append(dst, text...)
	}
	return dst, true
}

// first gives the first value of a part's alternatives, or "".
func first(values []value, part []int) string {
	for _, j := range part {
		if values[j].text != "" {
			return values[j].text
		}
	}
	return ""
}

func (c *Conformer) appendPerson(dst []byte, values []value) ([]byte, bool) {
	switch start := len(dst); {
	case c.nobody:
		key, ok := appendKey(append(dst, canon.Nobody...), values, c.key)
		if !ok {
			key = key[:start]
		}
		return key, ok
	case c.point < 0:
		dst, ok := appendKey(dst, values, c.personKey)
		if ok && dst[start] == canon.PointPrefix[0] { // a name that passes for a contact point
			return dst[:start], false
		}
		return dst, ok
	}
	point := values[c.point].text
	if point == "" {
		return dst, false
	}
	dst = append(dst, canon.PointPrefix...)
	if values[c.pointKind].text == "email" {
		dst = append(dst, "email:"...)
	} else {
		dst = append(dst, "phone:"...)
	}
	return append(dst, point...), true
}

// absentPart names the first column whose lack leaves a key without a part, and why it has no value. When no part is
// absent, the key is one that must not be.
func (c *Conformer) absentPart(values []value, parts [][]int) (field, code string) {
	for _, part := range parts {
		if first(values, part) != "" {
			continue
		}
		for _, j := range part {
			if values[j].reason != "" {
				return c.columns[j].name, values[j].reason
			}
		}
		return c.columns[part[0]].name, "key-missing"
	}
	return c.columns[parts[0][0]].name, "key-unsafe"
}
