package meaning

import (
	"maps"
	"slices"
	"strings"
)

// traits are what the values of a column have in common, as counts of filled values.
type traits struct {
	rows, filled, distinct int

	dates, births    int // any date; a whole date in the range of births of living people
	years            int // a year and nothing else
	emails, phones   int
	dialled          int // a telephone number by its own look: it begins with + or 0, or is divided
	zeroLed          int // digits alone that begin with zero: a code, not a number
	postcodes        int // four to six digits, or letters and digits as in Britain
	months, days     int // a number of up to 12; up to 31
	houses           int // a number of up to four digits, perhaps with a letter
	streets          int // a house number beside words, or a word for street
	sexes, sexWords  int // a code, or a word or letter, for a sex
	flags            int // yes, no, true, 0 and the like
	numbers, digits  int // any number; digits alone
	codes            int // one word with a digit
	wordy            int // letters alone, with spaces, hyphens, apostrophes and stops
	lettered         int // more letters than digits
	single, several  int // one word; two or more
	long             int // seven words or more
	given, family    int // every word is a common given name; the last or first word is a common family name, or looks like one
	mixed            int // two words or more, and a common given name among them beside others
	cities           int
	hetu, fnr, swede int // national identity codes with the right check character
	oids, guids      int
	ssns             int      // 123-45-6789
	widthOf          int      // length of all values, -1 when they differ
	blank            []string // texts that stand for no value, and are too many to be anybody's
	times            int      // rows that have the value that is looked at
	spread           int      // years between the tenth and the ninetieth hundredth of the dates
}

// share gives n as a share of the filled values.
func (t *traits) share(n int) float64 {
	if t.filled == 0 {
		return 0
	}
	return float64(n) / float64(t.filled)
}

// distinctShare tells how few values repeat: 1 when none does.
func (t *traits) distinctShare() float64 { return t.share(t.distinct) }

// unique tells whether every row has a value of its own.
func (t *traits) unique() bool { return t.rows > 1 && t.distinct == t.rows }

// measure looks at a column. It counts the rows of each value in a map that is used again.
func measure(sample [][]string, at int, seen map[string]int) traits {
	t := traits{rows: len(sample), widthOf: -2}
	clear(seen)
	var years []int
	blanks := make(map[string]int)
	for _, row := range sample {
		v := cell(row, at)
		if v == "" {
			if at < len(row) && row[at] != "" {
				blanks[row[at]]++
			}
			continue
		}
		t.filled++
		seen[v]++
	}
	for v, n := range seen { // all that is told of them are sums
		t.times = n
		t.add(v, &years)
	}
	t.distinct = len(seen)
	for _, v := range slices.Sorted(maps.Keys(blanks)) {
		if n := blanks[v]; n >= manyBlanks && n*100 >= len(sample) {
			t.blank = append(t.blank, v)
		}
	}
	if n := len(years); n > 0 {
		slices.Sort(years)
		t.spread = years[n*9/10] - years[n/10]
	}
	return t
}

// manyBlanks is how often a text like NA must stand in a column, and in a hundredth of the rows, to stand for no value there:
// somebody may be called so.
const manyBlanks = 5

// empties are texts that stand for no value.
var empties = words(`null none nan na n/a - . ? #n/a unknown`)

// cell gives a value of a row without outer spaces; "" for what means nothing.
func cell(row []string, at int) string {
	if at >= len(row) {
		return ""
	}
	v := strings.TrimSpace(row[at])
	if len(v) <= 7 && empties[strings.ToLower(v)] {
		return ""
	}
	return v
}

func (t *traits) add(v string, years *[]int) {
	switch {
	case t.widthOf == -2:
		t.widthOf = len(v)
	case t.widthOf != len(v):
		t.widthOf = -1
	}
	s := shapeOf(v)
	t.addDate(v, s, years)
	t.addCode(v, s)
	t.addText(v, s)
}

func (t *traits) addDate(v string, s shape, years *[]int) {
	year, whole, ok := parseDate(v, s)
	if !ok {
		return
	}
	t.dates += t.times
	for range t.times {
		*years = append(*years, year)
	}
	switch {
	case !whole && s.digits == s.length:
		t.years += t.times
	case year >= firstBirth && year <= lastBirth:
		t.births += t.times
	}
}

func (t *traits) addCode(v string, s shape) {
	phone := isPhone(v, s)
	t.count(&t.emails, isEmail(v))
	t.count(&t.phones, phone)
	t.count(&t.zeroLed, s.digits == s.length && v[0] == '0')
	t.count(&t.dialled, phone && s.digits > 6 && (v[0] == '+' || v[0] == '0' || v[0] == '(' || s.digits < s.length))
	t.count(&t.postcodes, isPostcode(v, s))
	t.count(&t.houses, isHouse(v, s))
	n := 0
	if s.digits == s.length && s.length <= 2 {
		n = number(v)
	}
	t.count(&t.months, n >= 1 && n <= 12)
	t.count(&t.days, n >= 1 && n <= 31)
	t.count(&t.numbers, isDecimal(v, s))
	t.count(&t.digits, s.digits == s.length)
	t.count(&t.codes, s.words == 1 && s.digits > 0)
	t.count(&t.ssns, isSSN(v))
	if s.digits == 0 || s.length > 40 || s.length < 10 {
		return
	}
	t.count(&t.hetu, valid("hetu", v))
	t.count(&t.fnr, s.digits >= 11 && valid("fnr", v))
	t.count(&t.swede, isPersonnummer(v))
	t.count(&t.oids, strings.HasPrefix(v, "1.2.246.562.") && valid("oppijanumero", v))
	t.count(&t.guids, s.length >= 32 && valid("guid", v))
}

func (t *traits) addText(v string, s shape) {
	if len(v) <= longestCode {
		word := strings.ToLower(v)
		t.count(&t.sexes, sexCodes[word])
		t.count(&t.sexWords, sexCodes[word] && s.digits == 0)
		t.count(&t.flags, flagWords[word])
	}
	t.count(&t.wordy, s.letters > 0 && s.letters+s.joints == s.length)
	t.count(&t.lettered, s.letters > s.digits)
	t.count(&t.single, s.words == 1)
	t.count(&t.several, s.words > 1)
	t.count(&t.long, s.words > 6)
	if s.letters == 0 || s.words > 12 {
		return
	}
	folded := strings.ToLower(fold(v))
	t.count(&t.streets, isStreet(folded, s))
	t.count(&t.cities, commonCities[folded])
	if s.digits > 0 {
		return
	}
	given, all, first, last := 0, 0, "", ""
	for w := range strings.FieldsFuncSeq(folded, betweenNames) {
		if all++; all == 1 {
			first = w
		}
		last = w
		if commonGiven[w] {
			given++
		}
	}
	if all == 0 {
		return
	}
	t.count(&t.given, given == all)
	t.count(&t.mixed, given > 0 && given < all)
	t.count(&t.family, looksFamily(first) || looksFamily(last))
}

func betweenNames(r rune) bool { return r == ' ' || r == ',' || r == '-' || r == '*' }

func (t *traits) count(n *int, yes bool) {
	if yes {
		*n += t.times
	}
}
