package linkage

import (
	"slices"
	"unsafe"

	"uoma/transforms/likeness"
)

// values are the values of one thing (all e-mail addresses, all streets) of all records, folded and interned: width
// places a record, filled from the first.
type values struct {
	dict     *dictionary
	width    int
	ids      [][]int32 // while loading: of each record in the order in which they came, by chunks
	rows     []int32   // afterwards: the table's rows, of which at is this thing's first place
	at       int
	wide     int // places of a row
	told     int // records that have a value
	fold     folding
	memo     *dictionary       // raw values that were folded before; nil where folding costs no more than finding
	known    []int32           // of each raw value: its folded one
	room     folds             // of the values that were folded last
	uses     []int32           // of each value: how many records have it, or about so many (steady.go)
	exact    []int32           // of each value: how many records have it; nil where uses says so
	sketches []likeness.Sketch // of the values; nil where there are none
	signs    []likeness.EmailSign
	texts    []likeness.TextSign
	// most gives the highest level that two values that are not the same may have, by their sketches or signs; nil where
	// there are none.
	most func(x, y int32) likeness.Level
}

// folding appends the form in which a value is compared.
type folding func(to []byte, s string) []byte

func newValues(width int, fold folding, memo bool) *values {
	v := &values{dict: &dictionary{}, width: width, fold: fold}
	if memo {
		v.memo = &dictionary{}
	}
	return v
}

// number gives a raw value's folded number.
func (v *values) number(raw []byte) int32 {
	if len(raw) == 0 {
		return none
	}
	if v.memo == nil {
		return v.intern(raw)
	}
	seen := v.memo.len()
	i := v.memo.intern(raw)
	if int(i) < seen {
		return v.known[i]
	}
	k := v.intern(raw)
	v.known = append(v.known, k)
	return k
}

// intern folds a value and gives its number.
func (v *values) intern(raw []byte) int32 {
	v.room.text = v.fold(v.room.text[:0], text(raw))
	return v.dict.intern(v.room.text)
}

// column gives the folded numbers of all cells of a column.
func (v *values) column(w *window, column int, out []int32) []int32 {
	cells, hashes := w.cells[column], w.hashes[column]
	if v.memo == nil {
		v.room.fill(v.fold, cells)
		return v.dict.internAll(v.room.values, v.room.hashes, out)
	}
	out = v.memo.internAll(cells, hashes, out)
	for i, raw := range out {
		if raw == none {
			continue
		}
		if int(raw) == len(v.known) { // seen for the first time
			v.known = append(v.known, v.intern(cells[i]))
		}
		out[i] = v.known[raw]
	}
	return out
}

// folds are values that were folded together, and their hashes.
type folds struct {
	text   []byte
	ends   []int
	values [][]byte
	hashes []uint64
}

func (f *folds) fill(fold folding, raw [][]byte) {
	f.text, f.ends, f.values, f.hashes = f.text[:0], f.ends[:0], f.values[:0], f.hashes[:0]
	for _, cell := range raw {
		if len(cell) > 0 {
			f.text = fold(f.text, text(cell))
		}
		f.ends = append(f.ends, len(f.text))
	}
	from := 0
	for _, to := range f.ends {
		f.values = append(f.values, f.text[from:to])
		f.hashes = append(f.hashes, hash64(f.text[from:to]))
		from = to
	}
}

// bytesOf shows a string as bytes for the time of a call.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// text shows bytes as a string for the time of a call.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// chunkRecords is how many records lie together while loading.
const chunkRecords = 1 << 13

// row begins a record without values.
func (v *values) row() {
	last := len(v.ids) - 1
	if last < 0 || len(v.ids[last]) == chunkRecords*v.width {
		v.ids = append(v.ids, make([]int32, 0, chunkRecords*v.width))
		last++
	}
	for range v.width {
		v.ids[last] = append(v.ids[last], none)
	}
}

// loaded gives what a record has while loading.
func (v *values) loaded(came int) []int32 {
	from := came % chunkRecords * v.width
	return v.ids[came/chunkRecords][from : from+v.width]
}

// put adds a value to the last record, once, if there is room.
func (v *values) put(id int32) {
	if id == none {
		return
	}
	all := v.ids[len(v.ids)-1]
	last := all[len(all)-v.width:]
	for i, x := range last {
		switch x {
		case id:
			return
		case none:
			last[i] = id
			return
		}
	}
}

// of gives a record's values; those behind the last are none.
func (v *values) of(rec int32) []int32 {
	from := int(rec)*v.wide + v.at
	return v.rows[from : from+v.width]
}

// has gives a record's values without the places behind the last one that is filled.
func (v *values) has(rec int32) []int32 {
	out := v.of(rec)
	for i, id := range out {
		if id == none {
			return out[:i]
		}
	}
	return out
}

// first gives a record's first value.
func (v *values) first(rec int32) int32 { return v.rows[int(rec)*v.wide+v.at] }

// text gives a value. The string lives as long as the dictionary.
func (v *values) text(id int32) string {
	if id == none {
		return ""
	}
	return text(v.dict.value(id))
}

// freeze ends the loading and counts.
func (v *values) freeze() {
	v.dict.freeze()
	v.memo, v.known, v.room = nil, nil, folds{}
	v.uses = make([]int32, v.dict.len())
	for _, ids := range v.ids {
		for i, id := range ids {
			if id != none {
				v.uses[id]++
				if i%v.width == 0 {
					v.told++
				}
			}
		}
	}
}

// sketch makes the sketches of values that have come since it was called last.
func (v *values) sketch(of func(string) likeness.Sketch) {
	v.sketches = slices.Grow(v.sketches, v.dict.len()-len(v.sketches))
	for i := len(v.sketches); i < v.dict.len(); i++ {
		v.sketches = append(v.sketches, of(v.text(int32(i))))
	}
}

// sign makes the signs of addresses that have come since it was called last.
func (v *values) sign() {
	v.signs = slices.Grow(v.signs, v.dict.len()-len(v.signs))
	for i := len(v.signs); i < v.dict.len(); i++ {
		v.signs = append(v.signs, likeness.NewEmailSign(v.text(int32(i))))
	}
}

// textApart lets signs of texts prove values different, and gives what makes those of values that have come since it was called last.
func (v *values) textApart(of func(string) likeness.TextSign, apart func(x, y *likeness.TextSign) bool, top likeness.Level) func() {
	v.most = func(x, y int32) likeness.Level {
		if apart(&v.texts[x], &v.texts[y]) {
			return likeness.Different
		}
		return top - 1
	}
	return func() {
		v.texts = slices.Grow(v.texts, v.dict.len()-len(v.texts))
		for i := len(v.texts); i < v.dict.len(); i++ {
			v.texts = append(v.texts, of(v.text(int32(i))))
		}
	}
}

// sign makes what proves values different without a look at them, of values that have come since it was called last.
func (t *Table) sign() {
	tasks := []func(){func() {
		t.signs = slices.Grow(t.signs, t.words.dict.len()-len(t.signs))
		for i := len(t.signs); i < t.words.dict.len(); i++ {
			t.signs = append(t.signs, likeness.NewSign(t.words.text(int32(i))))
		}
	}}
	if v := t.phone; v != nil {
		v.most = func(x, y int32) likeness.Level {
			if v.sketches[x].PhoneApart(v.sketches[y]) {
				return likeness.Different
			}
			return likeness.PhoneSame - 1
		}
		tasks = append(tasks, func() { t.phone.sketch(likeness.NewPhoneSketch) })
	}
	if v := t.email; v != nil {
		v.most = func(x, y int32) likeness.Level { return v.signs[x].Most(&v.signs[y]) }
		tasks = append(tasks, t.email.sign)
	}
	if v := t.street; v != nil {
		tasks = append(tasks, v.textApart(likeness.NewStreetSign, (*likeness.TextSign).StreetApart, likeness.StreetSame))
	}
	for _, v := range []*values{t.city, t.region} {
		if v != nil {
			tasks = append(tasks, v.textApart(likeness.NewTextSign, (*likeness.TextSign).CityApart, likeness.CitySame))
		}
	}
	for _, o := range t.others {
		if o.field.Kind != Identifier && o.field.Kind != Number {
			tasks = append(tasks, o.textApart(likeness.NewTextSign, (*likeness.TextSign).TextApart, likeness.TextSame))
		}
		if o.field.Kind == Identifier && (o.right == nil || o.sketches != nil) { // else check digits prove as much
			v := o.values
			v.most = func(x, y int32) likeness.Level {
				if v.sketches[x].IdentifierApart(v.sketches[y]) {
					return likeness.Different
				}
				return likeness.IdentifierSame - 1
			}
			tasks = append(tasks, func() { o.sketch(likeness.NewSketch) })
		}
	}
	parallel(len(tasks), func(i int) { tasks[i]() })
}
