package linkage

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"uoma/transforms/likeness"
)

// Table holds records for linking: every distinct value once, folded, and a number in its place in each record. Records
// are counted from 0 in an order that depends on what they say alone, neither on their ids nor on the order in which they came.
type Table struct {
	Fields []Field
	// Unused names columns that are not compared, as there are too many identifiers, numbers and texts.
	Unused []string

	n           int
	labels      labels
	sources     *values
	sourceNames []string // sorted; empty when sources are not told apart
	sourceRank  []uint8  // of each source's number
	given       *values  // given names and call name; one dictionary with family
	family      *values  // family name and former ones
	births      []int32  // likeness.Day of each record, while loading
	sexes       []int32
	street      *values // without the number
	number      *values
	post        *values
	city        *values
	region      *values
	phone       *values
	email       *values
	others      []*other // identifiers, numbers, texts, further address lines
	marks       []mark

	// rows hold the numbers of all values of a record side by side, as comparing two records needs all of them.
	rows     []int32
	wide     int
	hasNames bool
	hasBirth bool
	hasSex   bool

	names     []nameKeys      // of each name
	nameUses  []int32         // how many records have it as a given or family name
	words     *values         // of names; uses counts them among given names
	signs     []likeness.Sign // of each word
	features  []feature
	steps     []step // beside comparing names
	inRows    int    // how many of these, the first, need nothing but the rows
	nameless  int    // how many, these and those behind them, do not ask whether names agree
	nothing   vector // of two records that have nothing to compare
	parts     []part
	mailboxes []uint64 // of each e-mail address: the hash of what stands before the @, 0 where that is short
	tails     []uint64 // of each telephone: the hash of its last digits
	loaders   []func(*window)
	window    window
	comparers *pool

	steady bool // counts are rounded: steady.go
	among  int  // records among which names are rare
}

// other is a thing that one column tells.
type other struct {
	*values
	field Field
	// right says of each value of an identifier with check digits whether they are right, nil of one without.
	right []bool
	by    []uint8 // of each value of an identifier: the rules by which it is right, as it is written in some record
	part  int     // of Table.parts
}

// mark is what a column says that rules ask for.
type mark struct {
	*values
	name string
}

// labels are the ids of the records.
type labels struct {
	text   []byte
	ends   []uint32
	hashes []uint64 // of what each record says, as it came
	order  []int32  // of each record in the table's order: where it came
}

func (l *labels) came(i int32) []byte {
	from := uint32(0)
	if i > 0 {
		from = l.ends[i-1]
	}
	return l.text[from:l.ends[i]]
}

// NewTable makes an empty table of records with the given columns.
func NewTable(fields []Field) *Table {
	t := &Table{Fields: fields, window: newWindow(fields)}
	t.comparers = &pool{t: t}
	at := func(kinds ...Kind) (out []int) {
		for i, f := range fields {
			if slices.Contains(kinds, f.Kind) {
				out = append(out, i)
			}
		}
		return out
	}
	t.loadLabels(at(RecordID))
	if c := at(Source); len(c) > 0 {
		t.sources = newValues(1, likeness.AppendFold, true)
		t.simple(t.sources, c[:1])
	}
	t.loadNames(at(GivenNames), at(CallName), at(FamilyName), at(FormerName), at(FullName), at(Email))
	t.loadBirth(at(BirthDate), at(BirthMonth), at(BirthDay))
	t.loadSex(at(Sex))
	t.loadStreet(at(Street), at(HouseNumber))
	for _, x := range []struct {
		to   **values
		kind Kind
		fold folding
		memo bool
	}{
		{&t.post, Postcode, likeness.AppendCode, true}, {&t.city, City, likeness.AppendFold, true}, {&t.region, Region, likeness.AppendFold, true},
		{&t.phone, Phone, likeness.AppendPhone, false}, {&t.email, Email, likeness.AppendEmail, false},
	} {
		if c := at(x.kind); len(c) > 0 {
			*x.to = newValues(len(c), x.fold, x.memo)
			t.simple(*x.to, c)
		}
	}
	for _, c := range at(Mark) {
		m := mark{newValues(1, likeness.AppendCode, false), fields[c].Name}
		t.marks = append(t.marks, m)
		t.simple(m.values, []int{c})
	}
	for _, c := range t.few(at(Identifier)) {
		o := &other{values: newValues(1, likeness.AppendCode, false), field: fields[c]}
		t.others = append(t.others, o)
		t.loadIdentifier(o, c)
	}
	for _, c := range t.few(at(Number, Text, AddressLine, Country)) {
		fold := likeness.AppendFold
		if fields[c].Kind == Number {
			fold = likeness.AppendNumber
		}
		o := &other{values: newValues(1, fold, true), field: fields[c]}
		t.others = append(t.others, o)
		t.simple(o.values, []int{c})
	}
	return t
}

// few keeps as many further columns as records can be compared in, and notes the others.
func (t *Table) few(columns []int) []int {
	n := min(len(columns), maxFeatures-featureOther-len(t.others))
	for _, c := range columns[n:] {
		t.Unused = append(t.Unused, t.Fields[c].Name)
	}
	return columns[:n]
}

// Len gives the number of records.
func (t *Table) Len() int { return t.n }

// Append adds rows.
func (t *Table) Append(r Rows) {
	t.read(r)
	t.n += r.Len()
}

func (t *Table) load(f func(*window)) { t.loaders = append(t.loaders, f) }

func (t *Table) simple(v *values, columns []int) {
	ids := make([][]int32, len(columns)) // of the last rows
	t.load(func(w *window) {
		for k, c := range columns {
			ids[k] = v.column(w, c, ids[k])
		}
		for i := range w.n {
			v.row()
			for k := range columns {
				v.put(ids[k][i])
			}
		}
	})
}

// loadLabels reads the records' ids, and hashes what each record says: its place in the table's order.
func (t *Table) loadLabels(columns []int) {
	l := &t.labels
	var told []int
	for i, f := range t.Fields {
		if f.Kind != Ignored && f.Kind != RecordID {
			told = append(told, i)
		}
	}
	t.load(func(w *window) {
		for i := range w.n {
			if len(columns) > 0 {
				l.text = append(l.text, w.cells[columns[0]][i]...)
			}
			l.ends = append(l.ends, uint32(len(l.text)))
			l.hashes = append(l.hashes, 0)
		}
		said := l.hashes[len(l.hashes)-w.n:]
		for _, c := range told {
			for i, h := range w.hashes[c] {
				said[i] = mix(said[i], h)
			}
		}
	})
}

func (t *Table) loadNames(given, call, family, former, full, email []int) {
	width := max(1, len(given)+len(call)) // several columns of given names are one list
	if len(given) > 1 {
		width = 1 + len(call)
	}
	extra := min(1, len(email)) // for the names that addresses tell
	t.given = newValues(width+extra, likeness.AppendFold, true)
	t.family = newValues(max(1, len(family)+len(former))+extra, likeness.AppendFold, false) // given folds for both: see name
	t.family.dict = t.given.dict
	families := slices.Concat(family, former)
	t.hasNames = len(given)+len(call)+len(families)+len(full) > 0
	var list []byte
	var names mailboxReader
	column := make([][]int32, len(call)+len(families)+1) // of the last rows: call names, family names, given names
	t.load(func(w *window) {
		for k, c := range slices.Concat(call, families) {
			column[k] = t.given.column(w, c, column[k])
		}
		only := &column[len(column)-1]
		if len(given) == 1 {
			*only = t.given.column(w, given[0], *only)
		}
		for i := range w.n {
			t.given.row()
			t.family.row()
			if len(given) == 1 {
				t.given.put((*only)[i])
			} else {
				list = list[:0]
				for _, c := range given {
					if v := w.cells[c][i]; len(v) > 0 {
						list = append(append(list, ' '), v...)
					}
				}
				t.given.put(t.name(bytes.TrimSpace(list)))
			}
			for k := range call {
				t.given.put(column[k][i])
			}
			for k := range families {
				t.family.put(column[len(call)+k][i])
			}
			for _, c := range full {
				t.putFull(w.cells[c][i])
			}
			for _, c := range email {
				names.put(t, w.cells[c][i])
			}
		}
	})
}

// name gives a name's number. Given and family names have one dictionary, so that one that stands in the other's place
// is found.
func (t *Table) name(raw []byte) int32 { return t.given.number(raw) }

// putFull takes a full name apart: at its comma, or before its last word.
func (t *Table) putFull(raw []byte) {
	if family, given, ok := bytes.Cut(raw, []byte(",")); ok {
		t.family.put(t.name(bytes.TrimSpace(family)))
		t.given.put(t.name(bytes.TrimSpace(given)))
		return
	}
	raw = bytes.TrimSpace(raw)
	at := bytes.LastIndexByte(raw, ' ')
	t.family.put(t.name(raw[at+1:]))
	if at > 0 {
		t.given.put(t.name(bytes.TrimSpace(raw[:at])))
	}
}

// loadBirth reads birth dates: the first column that has one, or a year with the month and day of other columns.
func (t *Table) loadBirth(columns, months, days []int) {
	if len(columns) == 0 {
		return
	}
	t.hasBirth = true
	t.load(func(w *window) {
		for i := range w.n {
			var day likeness.Day
			for _, c := range columns {
				if v := w.cells[c][i]; len(v) > 0 && day == 0 {
					day, _ = likeness.ParseDay(text(v))
				}
			}
			if day.Year() > 0 && day == likeness.NewDay(day.Year(), 0, 0) {
				day = likeness.NewDay(day.Year(), calendarPart(w, months, i), calendarPart(w, days, i))
			}
			t.births = append(t.births, int32(day))
		}
	})
}

// calendarPart reads a month or a day, 0 where it is not told.
func calendarPart(w *window, columns []int, row int) int {
	for _, c := range columns {
		if n, err := strconv.Atoi(strings.TrimSpace(text(w.cells[c][row]))); err == nil && n > 0 {
			return n
		}
	}
	return 0
}

func (t *Table) loadSex(columns []int) {
	if len(columns) == 0 {
		return
	}
	t.hasSex = true
	t.load(func(w *window) {
		for _, cell := range w.cells[columns[0]] {
			t.sexes = append(t.sexes, sexOf(cell))
		}
	})
}

// sexOf gives 'm', 'f', or 0 where a value says neither.
func sexOf(raw []byte) int32 {
	switch s := strings.ToLower(string(raw)); s {
	case "1", "m", "male", "mies", "man", "mann", "p", "h":
		return 'm'
	case "2", "f", "female", "nainen", "kvinna", "kvinne", "k", "n", "w", "woman":
		return 'f'
	}
	return 0
}

func (t *Table) loadStreet(street, number []int) {
	if len(street) == 0 {
		return
	}
	t.street = newValues(len(street), likeness.AppendFold, true)
	t.number = newValues(len(street), likeness.AppendFold, true)
	var numbers []int32 // of each raw street: its house number
	// Of the last rows: raw streets, and numbers of further columns.
	streets, more := make([][]int32, len(street)), make([][]int32, len(number))
	t.load(func(w *window) {
		numbers = numbers[:len(t.street.known)]
		for k, c := range street {
			streets[k] = t.street.memo.internAll(w.cells[c], w.hashes[c], streets[k])
			for i, raw := range streets[k] {
				if int(raw) == len(numbers) { // seen for the first time
					name, no := splitStreet(likeness.Fold(text(w.cells[c][i])))
					t.street.known = append(t.street.known, t.street.dict.intern(bytesOf(name)))
					numbers = append(numbers, t.number.dict.intern(bytesOf(no)))
				}
			}
		}
		for k, c := range number {
			more[k] = t.number.column(w, c, more[k])
		}
		for i := range w.n {
			t.street.row()
			t.number.row()
			for k := range street {
				if raw := streets[k][i]; raw != none {
					t.street.put(t.street.known[raw])
					t.number.put(numbers[raw])
				}
			}
			for k := range number {
				t.number.put(more[k][i])
			}
		}
	})
}

// splitStreet parts a folded street line into the street's name and what begins with the house number, which stands
// before or behind it.
func splitStreet(s string) (name, number string) {
	if s == "" {
		return "", ""
	}
	if digit(s[0]) {
		number, name, _ = strings.Cut(s, " ")
		return name, number
	}
	for i := 1; i < len(s); i++ {
		if s[i-1] == ' ' && digit(s[i]) {
			return s[:i-1], s[i:]
		}
	}
	return s, ""
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
