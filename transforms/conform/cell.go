package conform

import (
	"cmp"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
)

// value is what a cell means. It is null when text is empty.
type value struct {
	text    string // canonical text
	num     int64  // of days, instants, integers and booleans
	reason  string // why the cell has no valid value
	warning string // what was noticed or repaired
}

// column is a compiled column of the layout.
type column struct {
	name       string
	typ        canon.Type
	rule       identifier.Rule
	params     *identifier.Params
	dated      *identifier.Params // for date cells of a workbook; nil: such a cell is a damaged code
	numbered   *identifier.Params // for number cells, likewise
	from1904   *identifier.Params // for those of a workbook that counts its days from 1904
	serial     bool               // a number is a serial day, though no format of the layout says so
	bools      bool               // bool cells are good
	codes      map[string]string  // by folded text
	closed     bool               // codes are all there is
	pattern    *regexp.Regexp     // for rules that know none
	rangeOf    func(d, run canon.Date) string
	runDate    canon.Date
	otherwise  string // value of an empty cell
	list       string
	suffix     string
	join       []int  // columns whose texts go before the cell's
	or         []int  // columns of which the first with a value counts where this one has none
	prefix     string // before these
	open       bool
	negate     bool
	forbid     bool
	block      map[string]bool // mail domains, in small letters, of which no address is taken
	by         int             // column on whose value this one depends, or -1
	point      bool            // it depends on the kind of contact point; else on the country
	local      string
	email      identifier.Rule
	phone      identifier.Rule
	required   bool
	quarantine bool // an invalid value rejects the row
	ends       bool // and what was loaded of it goes
	memo       *memo
}

var (
	isoDates    = []string{"yyyy-MM-dd"}
	isoInstants = []string{"yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:ss.S", "yyyy-MM-ddTHH:mm", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd", identifier.FormatRFC3339}
)

func newColumn(l *layout.Layout, f *layout.Feed, i int, s Settings, zone *time.Location, rules map[string]identifier.Rule) (column, error) {
	lc := &f.Columns[i]
	col := column{name: lc.Name, by: -1, runDate: s.RunDate, otherwise: lc.Default, list: lc.List, suffix: lc.Append, open: lc.Open,
		negate: lc.Negate, forbid: lc.Forbid, required: lc.Required, quarantine: lc.Invalid != layout.Null, ends: lc.Invalid == layout.Refuse,
		email: rules["email"], phone: rules["phone"], rule: rules[lc.As]}
	if lc.By != "" {
		col.by, col.local = f.Index(lc.By), l.Region
	}
	for _, name := range lc.Join {
		col.join = append(col.join, f.Index(name))
	}
	for _, name := range lc.Or {
		col.or = append(col.or, f.Index(name))
	}
	col.prefix = lc.Prepend
	switch lc.As {
	case "point":
		col.point, col.rule = true, rules["text"]
	case "year":
		col.rule = year
	case "date":
		col.rangeOf = rangeOf(lc.To)
	}
	if lc.EndsEarlier() { // without its end a licence would never be over: a row is better refused
		col.rangeOf, col.quarantine = identifier.LicenceRange, true
	}
	var known bool
	if col.typ, known = layout.RuleType(lc.As); !known || col.rule == nil {
		return col, errRule.At(fault.Place{File: f.FullName(), Field: lc.Name})
	}
	if lc.Pattern != "" {
		pattern, err := regexp.Compile(lc.Pattern)
		if err != nil {
			return col, errRule.At(fault.Place{File: f.FullName(), Field: lc.Name}).Wrap(err)
		}
		col.pattern = pattern
	}
	for _, domain := range lc.Block {
		if col.block == nil {
			col.block = make(map[string]bool, len(lc.Block))
		}
		col.block[strings.ToLower(domain)] = true
	}
	col.params = &identifier.Params{RunDate: s.RunDate, AllowTemporary: s.AllowTemporary, AllowSynthetic: s.AllowSynthetic, Zone: zone,
		Region: l.Region, Formats: lc.Formats, Decimal: l.Decimal[0], Scopes: l.Scopes, PadPostcode: true, Pattern: col.pattern,
		EmptyMarkers: append(identifier.DefaultEmptyMarkers(), lc.Empty...)}
	col.typedCells(lc.As, lc.Width)
	col.closed = lc.As == "text" && lc.Pattern == ""
	col.addCodes(lc.Codes)
	if col.by < 0 && (repeats(lc.As) || len(lc.Codes) > 0) {
		col.memo = new(memo)
	}
	return col, nil
}

// rangeOf gives the range in which dates that fill the targets make sense.
func rangeOf(targets []string) func(d, run canon.Date) string {
	if slices.Contains(targets, "person.birth_date") || slices.Contains(targets, "person.deceased_date") {
		return identifier.BirthRange
	}
	return identifier.StudyRange
}

func (col *column) addCodes(codes map[string]string) {
	if len(codes) == 0 {
		return
	}
	col.codes = make(map[string]string, len(codes))
	for from, to := range codes {
		col.codes[foldCode(from)] = to
	}
}

// repeats tells whether a column of the rule holds few different values that cost something to check, so that
// remembering them pays.
func repeats(rule string) bool {
	switch rule {
	case "date", "year", "bool", "sex", "decimal", "integer", "postcode", "municipality", "country", "country-alpha", "country-numeric",
		"language", "institution", "koulutuskoodi", "ohjausala", "name", "ytunnus", "text", "html":
		return true
	}
	return false
}

// check gives the meaning of a cell.
func (col *column) check(text string, kind byte, out *value) {
	if text == "" && col.otherwise == "" && kind != canon.KindError {
		*out = value{}
		return
	}
	if col.memo == nil || len(text) > memoText {
		col.mean(text, kind, out)
		return
	}
	slot := col.memo.slot(text, kind)
	if slot.kind == kind && slot.text == text {
		*out = slot.value
		return
	}
	col.mean(text, kind, out)
	if col.memo.misses++; col.memo.misses%memoStride == 0 || slot.kind == 0 {
		*slot = remembered{strings.Clone(text), kind, out.clone()}
	}
}

func (col *column) mean(text string, kind byte, out *value) {
	*out = value{}
	params, damaged, untold := col.params, false, false
	switch kind {
	case canon.KindError:
		if col.quarantine {
			out.reason = cellError
		} else {
			out.warning = cellError
		}
		return
	case canon.KindDate:
		params, damaged = col.dated, col.dated == nil
		if col.typ == canon.Day && len(text) > len(time.DateOnly) {
			text = text[:len(time.DateOnly)]
		}
	case canon.KindNumber, canon.KindNumber1904:
		params = col.numbered
		if kind == canon.KindNumber1904 {
			params = col.from1904
		}
		text, damaged = ShownNumber(text), params == nil
		untold = col.serial && IsYear(text)
	case canon.KindBool:
		damaged = !col.bools
	}
	switch {
	case col.forbid:
		col.forbidden(text, out)
		return
	case text != "" && damaged && !col.coded(text):
		out.reason = "spreadsheet"
		return
	case untold && !col.coded(text) && !col.rule(text, params).Null():
		out.reason = "partial"
		return
	case damaged:
		params = col.params
	}
	if col.open && layout.NoEnd(text) {
		return
	}
	col.translate(text, params, out)
	if out.text == "" && out.reason == "" {
		out.text = col.otherwise
	}
	if out.reason == "" && out.text != "" && col.typ != canon.Text {
		col.convert(out)
	}
	if out.reason != "" && !col.quarantine && col.typ == canon.Text {
		out.text = col.otherwise
	}
}

// forbidden gives no value ever, and a warning where there is one.
func (col *column) forbidden(text string, out *value) {
	if !col.rule(text, col.params).Null() {
		out.warning = "forbidden"
	}
}

// coded tells whether the text is one of the column's codes: a number cell under a column of numeric codes is good.
func (col *column) coded(text string) bool {
	_, ok := col.codes[foldCode(text)]
	return ok
}

// translate puts codes and separators before the rule.
func (col *column) translate(text string, params *identifier.Params, out *value) {
	if col.codes != nil {
		to, known := col.codes[foldCode(text)]
		switch {
		case known && col.typ == canon.Text:
			out.text = to
			return
		case known:
			text = to
		case col.closed:
			if !col.rule(text, params).Null() {
				out.reason = "unknown-code"
			}
			return
		}
	}
	if col.list != "" && strings.Contains(text, col.list) {
		col.several(text, params, out)
		return
	}
	if col.suffix != "" && !strings.Contains(text, col.suffix[:1]) && !col.rule(text, params).Null() {
		text = strings.TrimSpace(text) + col.suffix
	}
	col.one(text, params, out)
}

func (col *column) one(text string, params *identifier.Params, out *value) {
	checked := col.rule(text, params)
	out.text, out.reason, out.warning = checked.Value, checked.Reason, checked.Warning
	if col.blocked(out.text) {
		*out = value{reason: "blocked"}
		return
	}
	if out.text != "" && col.pattern != nil && !col.pattern.MatchString(out.text) {
		*out = value{reason: "pattern"}
	}
}

// several checks every value of a list; one bad value makes the list bad.
func (col *column) several(text string, params *identifier.Params, out *value) {
	var texts []string
	warning := ""
	for part := range strings.SplitSeq(text, col.list) {
		var v value
		col.one(part, params, &v)
		if v.reason != "" {
			*out = v
			return
		}
		if v.text != "" && !slices.Contains(texts, v.text) {
			texts = append(texts, v.text)
		}
		if v.warning != "" {
			warning = v.warning
		}
	}
	out.text, out.warning = strings.Join(texts, ","), warning
}

// convert fills the number of a typed value from its canonical text.
func (col *column) convert(v *value) {
	switch col.typ {
	case canon.Day:
		d, err := canon.ParseDate(v.text)
		if err != nil {
			*v = value{reason: "date"}
			return
		}
		v.num = int64(d)
		if col.rangeOf == nil {
			return
		}
		if reason := col.rangeOf(d, col.runDate); reason != "" {
			*v = value{reason: reason}
		}
	case canon.Instant:
		at, err := time.Parse(time.RFC3339, v.text)
		if err != nil {
			*v = value{reason: "date"}
			return
		}
		v.num = at.UnixMicro()
	case canon.Int:
		n, err := strconv.ParseInt(v.text, 10, 64)
		if err != nil {
			*v = value{reason: "pattern"}
			return
		}
		v.num = n
	case canon.Bool:
		truth := (v.text == "true") != col.negate
		v.text, v.num = "false", 0
		if truth {
			v.text, v.num = "true", 1
		}
	}
}

// unknownKind is the reason of a contact point of which the kind is missing or invalid: nobody knows what it is.
const unknownKind = "unknown-kind"

// cellError is the reason of a cell in which the workbook itself has an error: nobody knows what it would hold.
const cellError = "cell-error"

// ended tells whether a value ends what was loaded of its row.
func (col *column) ended(v *value) bool {
	return col.ends && v.reason != "" && v.reason != unknownKind && v.reason != cellError
}

// checkPoint gives the meaning of a contact point whose kind is a channel.
func (col *column) checkPoint(text, channel string, out *value) {
	rule := col.phone
	switch channel {
	case "email":
		rule = col.email
	case "sms", "phone", "mobile", "home", "work":
	default: // the kind itself is missing or invalid
		*out = value{}
		if !col.rule(text, col.params).Null() {
			out.reason = unknownKind
		}
		return
	}
	checked := rule(text, col.params)
	*out = value{text: checked.Value, reason: checked.Reason, warning: checked.Warning}
	if col.blocked(out.text) {
		*out = value{reason: "blocked"}
	}
}

// instead gives a column without a value the first that another has in its place. It is held to the range of the column that takes it.
// Where a wrong value refuses the row, a wrong one and no other there refuses it too.
func (col *column) instead(values []value, out *value) {
	if out.text != "" || out.reason != "" {
		return
	}
	wrong := ""
	for _, o := range col.or {
		switch v := &values[o]; {
		case v.text != "":
			*out = value{text: v.text, num: v.num}
			if col.rangeOf != nil {
				if reason := col.rangeOf(canon.Date(v.num), col.runDate); reason != "" {
					*out = value{reason: reason}
				}
			}
			return
		case wrong == "" && col.quarantine:
			wrong = v.reason
		}
	}
	out.reason = wrong
}

// blocked tells whether an address is of a mail domain that the layout blocks, or of one below it.
func (col *column) blocked(address string) bool {
	if col.block == nil {
		return false
	}
	_, host, below := strings.Cut(address, "@")
	for below && !col.block[host] {
		_, host, below = strings.Cut(host, ".")
	}
	return below
}

// checkPostcode gives the meaning of a postcode of a country; without one it is the layout's own region.
func (col *column) checkPostcode(text string, kind byte, country string, out *value) {
	col.params.Region = cmp.Or(country, col.local)
	col.check(text, kind, out)
}

// year is the rule of a date of which only the year is known: its first of January stands for it.
func year(input string, p *identifier.Params) identifier.Checked {
	const first, ahead = 1900, 10
	s := strings.TrimSpace(input)
	if s == "" {
		return identifier.Checked{}
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil || len(s) != len("2006"):
		return identifier.Checked{Reason: "pattern"}
	case n < first || n > p.RunDate.Year()+ahead:
		return identifier.Checked{Reason: "out-of-range"}
	}
	return identifier.Checked{Value: s + "-01-01"}
}

func foldCode(s string) string { return strings.ToLower(norm.NFC.String(strings.TrimSpace(s))) }

// Sizes of the memory of recent values.
const (
	memoBits   = 9
	memoSlots  = 1 << memoBits // more than the days of a year or the municipalities of the country
	memoText   = 48            // bytes; longer texts seldom come twice
	memoStride = 8             // of the misses on taken slots one in so many takes the slot: where nothing repeats, little is copied
)

// memo remembers the meaning of recent cells. It changes speed alone: a meaning depends on the cell and nothing else.
type memo struct {
	slots  [memoSlots]remembered
	misses uint32
}

type remembered struct {
	text  string
	kind  byte // 0: free
	value value
}

// slot picks a text's slot by its length and its first and last eight bytes: texts of one column seldom differ in the
// middle alone, and then they only take turns.
func (m *memo) slot(text string, kind byte) *remembered {
	const word = 8
	h := uint64(len(text))<<word ^ uint64(kind)
	if len(text) >= word {
		h ^= load(text) ^ bits.RotateLeft64(load(text[len(text)-word:]), 29)
	} else {
		for i := 0; i < len(text); i++ {
			h = h<<word | uint64(text[i])
		}
	}
	h *= 0x9e3779b97f4a7c15 // 2^64 by the golden ratio: spreads neighbours
	return &m.slots[h>>(64-memoBits)]
}

// load reads eight bytes as a number.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// clone copies the text, which may share memory with a batch.
func (v value) clone() value {
	v.text = strings.Clone(v.text)
	return v
}
