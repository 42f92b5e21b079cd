package policy

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
)

// checker finds what a schema cannot express, and fills the pack's compiled part on the way.
type checker struct {
	pack     *Pack
	file     string
	src      []byte
	findings fault.List
}

func (c *checker) check() {
	p := c.pack
	p.basis, p.category, p.purpose = map[string]*Basis{}, map[string]*Category{}, map[string]*Purpose{}
	p.scope, p.consent, p.hold, p.group = map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	p.claims, p.retention = map[claimKey]claim{}, map[string][]int{}
	c.checkDates()
	c.checkGrounds()
	c.checkWill()
	c.checkPurposes()
	c.checkRefusals()
	c.checkLoad()
	c.checkDisclosures()
	c.checkRetention()
	c.checkRequests()
	c.checkChanges()
	c.checkRules()
}

func (c *checker) find(e *fault.Error, why string, path ...string) {
	at := e.At(document.Locate(c.file, c.src, path...))
	if why != "" {
		at = at.Because(errors.New(why))
	}
	c.findings = append(c.findings, at)
}

func index(i int) string { return strconv.Itoa(i) }

func (c *checker) date(s string, path ...string) canon.Date {
	d, err := canon.ParseDate(s)
	if err != nil {
		c.find(errDate, err.Error(), path...)
	}
	return d
}

func (c *checker) period(s string, path ...string) duration {
	d, err := parsePeriod(s)
	if err != nil {
		c.find(errDate, err.Error(), path...)
	}
	return d
}

func (c *checker) checkDates() {
	p := c.pack
	p.zone, _ = time.LoadLocation(p.Controller.Zone) // the schema lists the zones, "" is UTC
	p.yearEnd = [2]int{12, 31}
	if end := p.Controller.FinancialYearEnds; end != "" {
		day := c.date("2024-"+end, "controller", "financial_year_ends") // a leap year: 29 February is a day
		p.yearEnd = [2]int{int(day.Time().Month()), day.Time().Day()}
	}
	c.date(p.Notice.Updated, "notice", "updated")
	p.from = c.date(p.InForce.From, "effective", "from")
	p.openEnd = p.InForce.To == ""
	if p.openEnd {
		return
	}
	p.to = c.date(p.InForce.To, "effective", "to")
	if p.to < p.from {
		c.find(errDate, "the end is before the beginning", "effective", "to")
	}
}

func (c *checker) checkGrounds() {
	p := c.pack
	registers := map[string]bool{}
	for i, r := range p.Registers {
		if registers[r.ID] {
			c.find(errTwice, "", "registers", index(i), "id")
		}
		registers[r.ID] = true
	}
	for i := range p.Bases {
		put(c, p.basis, p.Bases[i].ID, &p.Bases[i], "bases", i)
		if a := p.Bases[i].Assessment; a != nil {
			a.made = c.date(a.Made, "bases", index(i), "assessment", "made")
			a.review = c.date(a.Review, "bases", index(i), "assessment", "review")
		}
	}
	for i := range p.Categories {
		k := &p.Categories[i]
		put(c, p.category, k.ID, k, "categories", i)
		if !registers[k.Register] {
			c.find(errReference, "", "categories", index(i), "register")
		}
		known(c, p.basis, k.Basis, "categories", index(i), "basis")
		for j, o := range k.From {
			c.checkOrigin(k, o, "categories", index(i), "from", index(j))
		}
	}
	for i, g := range p.Groups {
		putIndex(c, p.group, g.ID, i, "groups", index(i), "id")
		c.categories(g.Categories, "groups", index(i), "categories")
	}
}

// checkRefusals checks that each refuses one kind of thing, and that no basis is a refused one.
func (c *checker) checkRefusals() {
	p := c.pack
	for i, r := range p.Refusals {
		kinds := 0
		for _, list := range [][]string{r.Purposes, r.Recipients, r.Bases, slices.Concat(r.Sources, r.Tables)} {
			kinds += min(len(list), 1)
		}
		if kinds != 1 {
			c.find(errRefusal, "", "refusals", index(i))
		}
		for j, table := range r.Tables {
			if canon.Named(table) == nil {
				c.find(errColumn, "there is no such canonical table", "refusals", index(i), "tables", index(j))
			}
		}
		for j, b := range p.Bases {
			if slices.Contains(r.Bases, b.GDPR) {
				c.find(errBasis, "", "bases", index(j), "gdpr")
			}
		}
	}
}

// checkRules holds every citation to the rules of the notice.
func (c *checker) checkRules() {
	rules := map[string]bool{}
	for i, r := range c.pack.Rules {
		if rules[r.ID] {
			c.find(errTwice, "", "rules", index(i), "id")
		}
		rules[r.ID] = true
	}
	c.pack.walk(func(path, _, _ string, clause []string) {
		for i, rule := range clause {
			if !rules[rule] {
				c.find(errRule, rule, append(strings.Split(path, "."), "clause", index(i))...)
			}
		}
	})
}

func (c *checker) checkOrigin(k *Category, o Origin, path ...string) {
	lead := k.lead()
	if len(o.Clause) > 0 {
		lead = o.Clause[0]
	}
	if len(o.Needs) > 0 && !slices.Contains(o.Tables, canon.Attribution) {
		c.find(errColumn, "what is needed is stored with the rest: name the table "+canon.Attribution, append(path, "tables")...)
	}
	for n, table := range o.Tables {
		if canon.Named(table) == nil {
			c.find(errColumn, "there is no such canonical table", append(path, "tables", index(n))...)
		}
		for m, source := range o.Sources {
			key := claimKey{source, table}
			if _, taken := c.pack.claims[key]; taken {
				c.find(errTwice, "the source's table already has a category", append(path, "sources", index(m))...)
			}
			c.pack.claims[key] = claim{k, k.MembersOnly || o.MembersOnly, lead, c.pack.listing(k.ID), o.Needs}
		}
	}
}

func (c *checker) checkPurposes() {
	p := c.pack
	used := map[string]bool{}
	for i := range p.Purposes {
		u := &p.Purposes[i]
		put(c, p.purpose, u.ID, u, "purposes", i)
		known(c, p.basis, u.Basis, "purposes", index(i), "basis")
		c.categories(u.Categories, "purposes", index(i), "categories")
		for _, k := range u.Categories {
			used[k] = true
		}
		if _, ok := p.hold[u.OnlyUnder]; !ok && u.OnlyUnder != "" {
			c.find(errReference, "", "purposes", index(i), "only_under")
		}
		if _, asked := p.consent[u.ID]; u.NeedsConsent && !asked {
			c.find(errConsent, "", "purposes", index(i))
		}
	}
	for i, k := range p.Categories {
		if !used[k.ID] {
			c.find(errUnused, "", "categories", index(i), "id")
		}
	}
	for i, e := range p.Consents {
		known(c, p.purpose, e.Purpose, "consents", index(i), "purpose")
	}
	for i, o := range p.Objections {
		for j, u := range o.Purposes {
			known(c, p.purpose, u, "objections", index(i), "purposes", index(j))
		}
	}
}

// checkWill checks consents, objections and holds: what people want and what binds the controller.
func (c *checker) checkWill() {
	p := c.pack
	for i := range p.Consents {
		e := &p.Consents[i]
		putIndex(c, p.consent, e.Purpose, i, "consents", index(i), "purpose")
		if e.Valid != "" {
			e.valid = c.period(e.Valid, "consents", index(i), "valid")
		}
		if e.Unanswered != "" {
			e.unanswered = c.period(e.Unanswered, "consents", index(i), "unanswered")
		}
		for j, text := range e.Texts {
			if slices.ContainsFunc(e.Texts[:j], func(t ConsentText) bool { return t.Version == text.Version }) {
				c.find(errTwice, "the version of the text has a digest already", "consents", index(i), "texts", index(j), "version")
			}
		}
		if len(e.Topics) == 0 {
			p.slots = append(p.slots, slot{i, ""})
		}
		for j, topic := range e.Topics {
			if asked := (&ConsentState{Purpose: e.Purpose, Topic: topic}).Asked(); len(asked) > longestAsked {
				c.find(errAsked, "", "consents", index(i), "topics", index(j))
			}
			p.slots = append(p.slots, slot{i, topic})
		}
		if len(p.slots) > 32 {
			c.find(errSlots, "", "consents", index(i))
		}
	}
	for i, o := range p.Objections {
		putIndex(c, p.scope, o.ID, i, "objections", index(i), "scope")
		p.objected = append(p.objected, "the person objected ("+o.ID+")")
	}
	for i, h := range p.Holds {
		putIndex(c, p.hold, h.ID, i, "holds", index(i), "id")
		p.held = append(p.held, "the data is held ("+h.ID+")")
	}
}

func (c *checker) checkLoad() {
	l := &c.pack.Load
	if a := l.Membership.Automatic; a != nil && a.From != "" {
		a.from = c.date(a.From, "load", "membership", "automatic", "from")
	}
	for i := range l.Rows {
		for j, table := range l.Rows[i].Tables {
			t := canon.Named(table)
			if t == nil {
				c.find(errColumn, "there is no such canonical table", "load", "rows", index(i), "tables", index(j))
				continue
			}
			for k := range l.Rows[i].If {
				c.condition(t, &l.Rows[i].If[k], "load", "rows", index(i), "if", index(k))
			}
		}
	}
	for i, r := range l.Columns {
		c.columns(r.Columns, "load", "columns", index(i), "columns")
		c.needed(r.Columns, "load", "columns", index(i), "columns")
	}
}

func (c *checker) condition(t *canon.Table, q *Condition, path ...string) {
	i := t.Index(q.Column)
	if i < 0 {
		c.find(errColumn, "the table has no such column", append(path, "column")...)
		return
	}
	need := t.Columns[i].Type
	switch {
	case q.From != "":
		q.day, need = c.date(q.From, append(path, "from")...), canon.Day
	case q.Before != "":
		q.day, need = c.date(q.Before, append(path, "before")...), canon.Day
	case q.In != nil || q.NotIn != nil:
		need = canon.Text
	}
	if t.Columns[i].Type != need {
		c.find(errColumn, "the test does not fit the column's type", append(path, "column")...)
	}
}

func (c *checker) columns(names []string, path ...string) {
	for j, name := range names {
		table, column, ok := strings.Cut(name, ".")
		if t := canon.Named(table); !ok || t == nil || t.Index(column) < 0 {
			c.find(errColumn, "there is no such canonical column", append(path, index(j))...)
		}
	}
}

// needed finds columns that an origin needs and that are kept out of the stores: nobody could look there what was asked for.
func (c *checker) needed(names []string, path ...string) {
	for j, name := range names {
		table, column, _ := strings.Cut(name, ".")
		if table == canon.Attribution && slices.ContainsFunc(c.pack.Categories, func(k Category) bool {
			return slices.ContainsFunc(k.From, func(o Origin) bool { return slices.Contains(o.Needs, column) })
		}) {
			c.find(errColumn, "an origin needs it (needs)", append(path, index(j))...)
		}
	}
}

func (c *checker) checkDisclosures() {
	p := c.pack
	ids, pairs := map[string]bool{}, map[string]bool{}
	for i, d := range p.Disclosures {
		pair := d.Recipient + "\x00" + d.Purpose
		if ids[d.ID] || pairs[pair] {
			c.find(errTwice, "", "disclosures", index(i))
		}
		ids[d.ID], pairs[pair] = true, true
		u := known(c, p.purpose, d.Purpose, "disclosures", index(i), "purpose")
		c.categories(d.Categories, "disclosures", index(i), "categories")
		for j, k := range d.Categories {
			if u != nil && !slices.Contains(u.Categories, k) {
				c.find(errReference, "the purpose does not cover the category", "disclosures", index(i), "categories", index(j))
			}
			if category := p.category[k]; category != nil && category.Special {
				c.find(errSpecial, "", "disclosures", index(i), "categories", index(j))
			}
		}
		c.columns(d.Without, "disclosures", index(i), "without")
		if !p.Transfers.reaches(d.Country) && !d.ThirdCountry {
			c.find(errCountry, "", "disclosures", index(i), "country")
		}
	}
}

func (c *checker) checkRetention() {
	p := c.pack
	for i := range p.Retention {
		r := &p.Retention[i]
		known(c, p.category, r.Category, "retention", index(i), "category")
		for j, h := range r.Holds {
			if _, ok := p.hold[h]; !ok {
				c.find(errReference, "", "retention", index(i), "holds", index(j))
			}
		}
		if _, asked := p.consent[r.UnlessConsent]; !asked && r.UnlessConsent != "" {
			c.find(errReference, "", "retention", index(i), "unless_consent")
		}
		if _, asked := p.consent[r.Consent]; !asked && r.Consent != "" {
			c.find(errReference, "", "retention", index(i), "consent")
		}
		p.retention[r.Category] = append(p.retention[r.Category], i)
		if r.Undecided {
			continue
		}
		r.anchor, _ = ParseAnchor(r.Anchor) // the schema lists the anchors
		if (r.anchor == DutyEnd) != (len(r.ToldBy) > 0) {
			c.find(errReference, "an end of duty needs told_by, and nothing else has it", "retention", index(i))
		}
		r.period = c.period(r.Period, "retention", index(i), "period")
		if r.anchor == DutyEnd && r.period != (duration{}) {
			c.find(errDate, "what ends with a duty ends at once (P0D): who tells of duties forgets since when there is none", "retention", index(i), "period")
		}
		if r.Action == Review && r.period == (duration{}) {
			c.find(errDate, "a review without a period would be due every day", "retention", index(i), "period")
		}
	}
	for i := range p.Categories {
		if len(p.retention[p.Categories[i].ID]) == 0 {
			c.find(errRetention, "", "categories", index(i), "id")
		}
	}
}

func (c *checker) categories(ids []string, path ...string) {
	for j, id := range ids {
		known(c, c.pack.category, id, append(path, index(j))...)
	}
}

// known finds a name's meaning, or notes that it has none.
func known[T any](c *checker, m map[string]*T, id string, path ...string) *T {
	v, ok := m[id]
	if !ok {
		c.find(errReference, "", path...)
	}
	return v
}

func put[T any](c *checker, m map[string]*T, id string, v *T, list string, i int) {
	if m[id] != nil {
		c.find(errTwice, "", list, index(i), "id")
	}
	m[id] = v
}

func putIndex(c *checker, m map[string]int, id string, i int, path ...string) {
	if _, twice := m[id]; twice {
		c.find(errTwice, "", path...)
	}
	m[id] = i
}
