package meaning

import (
	"slices"
	"strings"

	"uoma/transforms/linkage"
)

// together decides what needs the sight of all columns.
func together(columns []column, sample [][]string) {
	nameRecord(columns)
	settleBareNames(columns)
	settleFamilyNames(columns)
	settleBirthParts(columns)
	settleDates(columns)
	dropRepeated(columns, sample)
	dropDetermined(columns, sample)
	dropDerived(columns, sample)
}

// nameRecord keeps one column as the name of the record: the first that is named so and never repeats, or else the first
// column of the file when its values are codes of which none repeats.
func nameRecord(columns []column) {
	best := -1
	for i := range columns {
		c := &columns[i]
		if c.kind == linkage.RecordID && (c.rows < 2 || c.unique()) && (best < 0 || c.confidence > columns[best].confidence) {
			best = i
		}
	}
	if best < 0 && len(columns) > 0 && columns[0].looksLikeRecordID() {
		best = 0
		columns[0].set(linkage.RecordID, 0.6, "first column, and no value repeats")
	}
	for i := range columns {
		c := &columns[i]
		if c.kind != linkage.RecordID || i == best {
			continue
		}
		if c.unique() {
			c.set(linkage.Ignored, 0.6, "names the record, as "+columns[best].name+" does")
			continue
		}
		c.set(linkage.Identifier, 0.5, "named as a record's id, but values repeat or are missing")
	}
}

// looksLikeRecordID tells whether a column without a telling name may name the record.
func (c *column) looksLikeRecordID() bool {
	if !c.unique() || c.national || c.share(c.codes) < 0.95 || c.share(c.emails+c.oids+c.ssns) > 0.1 || c.mayBeBirths() {
		return false
	}
	return c.read.strength == 0 || c.read.kind == linkage.Identifier && c.read.strength <= hint
}

// settleBareNames decides what "name" names: the given name where family names have a column of their own, the person
// where anything else tells of people, and otherwise a thing.
func settleBareNames(columns []column) {
	has := func(kinds ...linkage.Kind) bool {
		return slices.ContainsFunc(columns, func(c column) bool { return slices.Contains(kinds, c.kind) && !c.read.bare })
	}
	for i := range columns {
		c := &columns[i]
		if !c.read.bare || c.kind != linkage.FullName && c.kind != linkage.FamilyName && c.kind != linkage.GivenNames {
			continue
		}
		switch {
		case has(linkage.FamilyName) && !has(linkage.GivenNames):
			c.set(linkage.GivenNames, 0.8, "name, beside a column of family names")
		case has(linkage.GivenNames) && !has(linkage.FamilyName):
			c.set(linkage.FamilyName, 0.8, "name, beside a column of given names")
		case c.rows > 0 && c.share(c.mixed+c.given) < 0.05 && !has(linkage.BirthDate, linkage.Sex, linkage.GivenNames, linkage.Identifier, linkage.Email):
			c.set(linkage.Text, 0.4, "name, but of no person: no common given name among the values")
		}
	}
}

// settleFamilyNames takes the words beside unnamed given names for family names.
func settleFamilyNames(columns []column) {
	if slices.ContainsFunc(columns, func(c column) bool { return c.kind == linkage.FamilyName || c.kind == linkage.FullName }) {
		return
	}
	for i := range columns {
		c := &columns[i]
		beside := func(at int) bool { return at >= 0 && at < len(columns) && columns[at].kind == linkage.GivenNames }
		if c.kind == linkage.Text && c.read.strength == 0 && c.share(c.wordy) >= 0.9 && c.share(c.single) >= 0.7 && c.distinctShare() >= 0.1 && (beside(i-1) || beside(i+1)) {
			c.set(linkage.FamilyName, 0.5, "words beside a column of given names")
			return
		}
	}
}

// Columns beside a year are its month and its day when nearly all values are such and they take on many of them.
const (
	partsFrom  = 0.95
	manyMonths = 8
	manyDays   = 20
	beside     = 3 // columns away at most
)

// settleBirthParts finds a birth date that is told by three columns. Where no column is a whole date of birth, a year that is
// as far apart as births, with a month and a day beside it, is one; where one is, parts of a date are nothing but its repetition.
func settleBirthParts(columns []column) {
	whole := slices.ContainsFunc(columns, func(c column) bool { return c.kind == linkage.BirthDate && (c.rows == 0 || c.share(c.years) < most) })
	isPart := func(k linkage.Kind) bool { return k == linkage.BirthMonth || k == linkage.BirthDay }
	year := slices.IndexFunc(columns, func(c column) bool {
		return c.share(c.years) >= most && (c.kind == linkage.BirthDate || c.read.kind != linkage.Number && c.kind == linkage.Number && c.spread >= bornApart)
	})
	month, day := -1, -1
	if !whole && year >= 0 {
		month, day = partsBeside(columns, year)
	}
	for i := range columns {
		c := &columns[i]
		switch {
		case whole && (isPart(c.kind) || c.kind == linkage.Number && c.read.kind == linkage.BirthDate && c.share(c.days) >= partsFrom):
			c.set(linkage.Ignored, 0.6, "the date of birth has a column of its own")
		case year < 0 && isPart(c.kind):
			c.set(linkage.Number, 0.4, "part of a date of which no column tells the year")
		case month < 0 || day < 0:
		case i == year:
			c.set(linkage.BirthDate, 0.8, "years as far apart as births, with a month and a day beside them")
		case i == month:
			c.set(linkage.BirthMonth, 0.8, of(c.share(c.months), "months")+", beside years of birth")
		case i == day:
			c.set(linkage.BirthDay, 0.8, of(c.share(c.days), "days of a month")+", beside years of birth")
		}
	}
}

// partsBeside finds the month and the day that belong to a year, those that are named so first.
func partsBeside(columns []column, year int) (month, day int) {
	month, day = -1, -1
	for i := range columns {
		c := &columns[i]
		near := max(i-year, year-i) <= beside && (c.kind == linkage.Number || c.kind == linkage.Text || c.kind == linkage.HouseNumber && c.read.strength == 0)
		switch {
		case c.kind == linkage.BirthMonth || near && month < 0 && c.share(c.months) >= partsFrom && c.distinct >= manyMonths:
			month = i
		case c.kind == linkage.BirthDay || near && day < 0 && c.share(c.days) >= partsFrom && c.distinct >= manyDays:
			day = i
		}
	}
	return month, day
}

// settleDates lets a column that is named a date of birth win over one that might hold any dates.
func settleDates(columns []column) {
	named := slices.ContainsFunc(columns, func(c column) bool { return c.kind == linkage.BirthDate && c.read.kind == linkage.BirthDate })
	for i := range columns {
		if c := &columns[i]; named && c.kind == linkage.BirthDate && c.read.kind != linkage.BirthDate {
			c.set(linkage.Text, 0.4, "dates, but the birth has a column of its own")
		}
	}
}

// repeatsFrom is the share of rows from which on a column repeats others.
const repeatsFrom = 0.8

// dropDerived ignores a full name that is put together from columns of given and family names.
func dropDerived(columns []column, sample [][]string) {
	var parts []int
	family, given := false, false
	for i := range columns {
		switch columns[i].kind {
		case linkage.GivenNames, linkage.CallName:
			given = true
		case linkage.FamilyName:
			family = true
		default:
			continue
		}
		parts = append(parts, i)
	}
	if !family || !given {
		return
	}
	for i := range columns {
		c := &columns[i]
		if c.kind != linkage.FullName {
			continue
		}
		if len(sample) == 0 {
			c.set(linkage.Ignored, 0.6, "given and family names have columns of their own")
			continue
		}
		if share := repeated(sample, i, parts); share >= repeatsFrom {
			c.set(linkage.Ignored, 0.9, "repeats given and family name in "+percent(share)+" of rows")
		}
	}
}

// repeated gives the share of the rows with a value at full of which one or more of the parts has all words within it.
// A part without value neither helps nor hinders; a row without any part counts against.
func repeated(sample [][]string, full int, parts []int) float64 {
	rows, same := 0, 0
	for _, row := range sample {
		v := cell(row, full)
		if v == "" {
			continue
		}
		rows++
		whole := nameWords(v)
		filled, inside := 0, 0
		for _, p := range parts {
			part := nameWords(cell(row, p))
			if len(part) == 0 {
				continue
			}
			filled++
			if within(part, whole) {
				inside++
			}
		}
		if filled > 0 && inside*2 > filled {
			same++
		}
	}
	if rows == 0 {
		return 0
	}
	return float64(same) / float64(rows)
}

func nameWords(v string) []string {
	return strings.FieldsFunc(strings.ToLower(fold(v)), func(r rune) bool { return r == ' ' || r == ',' || r == '.' || r == ';' })
}

func within(part, whole []string) bool {
	for _, w := range part {
		if !slices.Contains(whole, w) {
			return false
		}
	}
	return true
}

// dropRepeated ignores a column whose values are those of an earlier one, or the year of its date.
func dropRepeated(columns []column, sample [][]string) {
	for i := range columns {
		for j := range columns {
			a, b := &columns[j], &columns[i]
			if i == j || a.kind == linkage.Ignored || b.kind == linkage.Ignored || b.kind == linkage.RecordID || b.filled < enough {
				continue
			}
			if j < i && a.kind == b.kind && a.distinct > 1 && sameShare(sample, j, i, strings.EqualFold) >= 0.98 {
				b.set(linkage.Ignored, 0.9, "repeats "+a.name)
			}
			if b.kind == linkage.BirthDate && b.share(b.years) > 0.9 && a.kind == linkage.BirthDate && a.share(a.births) > 0.5 &&
				sameShare(sample, j, i, func(date, year string) bool { return strings.Contains(date, year) }) >= 0.98 {
				b.set(linkage.Ignored, 0.9, "repeats the year of "+a.name)
			}
		}
	}
}

// sameShare gives the share of the rows with a value at b of which the value at a is the same.
func sameShare(sample [][]string, a, b int, same func(a, b string) bool) float64 {
	rows, hits := 0, 0
	for _, row := range sample {
		v := cell(row, b)
		if v == "" {
			continue
		}
		rows++
		if same(cell(row, a), v) {
			hits++
		}
	}
	if rows == 0 {
		return 0
	}
	return float64(hits) / float64(rows)
}
