package linkage

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"uoma/transforms/likeness"
)

// A standing table is written down as it is: a header, and of each list its length and its numbers, little endian. The
// model stands somewhere else, as it outlives the table. Values that no record has any more are left out, so that nothing of a record that went remains.
//
//	"uoma-standing" version | digest of the model | columns: name, kind
//	values, in the order of Table.dictionaries: texts, their ends, exact counts, rules of identifiers
//	records: labels and their ends, hashes, rows | pairs: A, B, weight | cluster, sure | records named in links, those to be compared
//	anew, and those whose clusters are to be found anew

const (
	standingMagic   = "uoma-standing"
	standingVersion = 2
)

// ErrOther is of a standing table that another version wrote, or that is of other columns.
var ErrOther = errors.New("a standing table is of another version or of other columns")

var errStanding = errors.New("a standing table is damaged")

// dictionaries are the values that stand in rows, each dictionary once: names are the given names' alone.
func (t *Table) dictionaries() []*values { return append(t.simples(), t.given) }

// Write writes the table down, so that [ReadStanding] gives it again with the same model. It must have been linked, and may
// have changed since.
func (s *Standing) Write(to io.Writer) error {
	t := s.table
	w := &writer{Writer: bufio.NewWriterSize(to, 1<<16)}
	w.bytes([]byte(standingMagic))
	w.number(standingVersion)
	w.bytes([]byte(s.model.Digest()))
	w.number(uint64(len(t.Fields)))
	for _, f := range t.Fields {
		w.bytes([]byte(f.Name))
		w.number(uint64(f.Kind))
	}
	numbers := make([][]int32, t.wide) // of the values at each place of a row, nil where it holds none
	for _, v := range t.dictionaries() {
		t.writeValues(w, v, numbers)
	}
	label := func(rec int) []byte { return t.labels.came(t.labels.order[rec]) }
	writeTexts(w, t.n, label)
	each(w, t.n, func(rec int) uint64 { return t.labels.hashes[t.labels.order[rec]] })
	each(w, len(t.rows), func(i int) int32 {
		id := t.rows[i]
		if number := numbers[i%t.wide]; number != nil && id != none {
			return number[id]
		}
		return id
	})
	each(w, len(s.pairs), func(i int) int32 { return s.pairs[i].A })
	each(w, len(s.pairs), func(i int) int32 { return s.pairs[i].B })
	each(w, len(s.pairs), func(i int) float32 { return s.pairs[i].Weight })
	write(w, s.cluster)
	write(w, s.sure)
	write(w, s.named)
	write(w, those(s.anew))
	write(w, those(s.touched))
	return errors.Join(w.err, w.Flush())
}

// writeValues writes the values that records have, and says in numbers how they are numbered there.
func (t *Table) writeValues(w *writer, v *values, numbers [][]int32) {
	users := []*values{v}
	if v == t.given {
		users = append(users, t.family)
	}
	number := slices.Repeat([]int32{none}, v.dict.len())
	var old []int32
	for rec := range t.n {
		for _, u := range users {
			for _, id := range t.rows[rec*t.wide+u.at:][:u.width] {
				if id != none && number[id] == none {
					number[id] = int32(len(old))
					old = append(old, id)
				}
			}
		}
	}
	writeTexts(w, len(old), func(i int) []byte { return v.dict.value(old[i]) })
	var by []uint8
	if o := t.other(v); o != nil && o.by != nil {
		for _, id := range old {
			by = append(by, o.by[id])
		}
	}
	w.bytes(by)
	for _, u := range users {
		each(w, len(old), func(i int) int32 { return u.exact[old[i]] })
		for place := range u.width {
			numbers[u.at+place] = number
		}
	}
}

// other gives the further column that values are of, nil of none.
func (t *Table) other(v *values) *other {
	for _, o := range t.others {
		if o.values == v {
			return o
		}
	}
	return nil
}

// ReadStanding reads a table that [Standing.Write] wrote, of columns and a model that must be the same.
func ReadStanding(from io.Reader, fields []Field, model *Model) (*Standing, error) {
	r := &reader{Reader: bufio.NewReaderSize(from, 1<<16)}
	if string(r.bytes()) != standingMagic || r.number() != standingVersion {
		return nil, errors.Join(ErrOther, r.err)
	}
	if string(r.bytes()) != model.Digest() {
		return nil, errors.Join(errStanding, r.err)
	}
	s := &Standing{table: NewTable(fields), model: model}
	if r.number() != uint64(len(fields)) {
		return nil, errors.Join(ErrOther, r.err)
	}
	for _, f := range fields {
		if string(r.bytes()) != f.Name || r.number() != uint64(f.Kind) {
			return nil, errors.Join(ErrOther, r.err)
		}
	}
	t := s.table
	for _, v := range t.dictionaries() {
		t.readValues(r, v)
	}
	t.labels.text = r.bytes()
	t.labels.ends = read[uint32](r)
	t.labels.hashes = read[uint64](r)
	t.rows = read[int32](r)
	a, b, weights := read[int32](r), read[int32](r), read[float32](r)
	s.cluster, s.sure, s.named = read[int32](r), read[float32](r), read[int32](r)
	anew, touched := read[int32](r), read[int32](r)
	if r.err != nil {
		return nil, fmt.Errorf("%w: %w", errStanding, r.err)
	}
	if len(b) != len(a) || len(weights) != len(a) {
		return nil, errStanding
	}
	s.pairs = make([]Pair, len(a))
	for i := range a {
		s.pairs[i] = Pair{a[i], b[i], weights[i]}
	}
	if err := s.restore(anew, touched); err != nil {
		return nil, err
	}
	return s, nil
}

// those lists the records that something holds for.
func those(is []bool) (out []int32) {
	for i, x := range is {
		if x {
			out = append(out, int32(i))
		}
	}
	return out
}

func (t *Table) readValues(r *reader, v *values) {
	v.dict.text = r.bytes()
	v.dict.ends = read[uint32](r)
	if o := t.other(v); o != nil {
		o.by = r.bytes()
	} else {
		r.bytes()
	}
	v.exact = read[int32](r)
	if v == t.given {
		t.family.exact = read[int32](r)
	}
}

// restore derives what is not written down, and checks that what was read holds together.
func (s *Standing) restore(anew, touched []int32) error {
	t := s.table
	t.steady, t.n = true, len(t.labels.ends)
	t.among = amongOf(t.n, s.model)
	t.place()
	if !s.sound(anew, touched) {
		return errStanding
	}
	dictionaries := t.dictionaries()
	parallel(len(dictionaries), func(i int) {
		d := dictionaries[i].dict
		d.hashes = make([]uint64, d.len())
		for id := range d.hashes {
			d.hashes[id] = hash64(d.value(int32(id)))
		}
	})
	t.labels.order = make([]int32, t.n)
	for i := range t.labels.order {
		t.labels.order[i] = int32(i)
	}
	users := t.all()
	parallel(len(users), func(i int) {
		v := users[i]
		v.rows, v.wide = t.rows, t.wide
		for rec := range int32(t.n) {
			if v.first(rec) != none {
				v.told++
			}
		}
		v.round()
	})
	t.words = newValues(1, likeness.AppendFold, false)
	t.keyNames()
	t.words.dict.freeze()
	t.roundNames()
	t.rankSources()
	for rec := range t.n {
		row := t.rows[rec*t.wide : (rec+1)*t.wide]
		row[rowTold] = t.tells(row)
	}
	t.derive()
	s.anew, s.touched = make([]bool, t.n), make([]bool, t.n)
	for _, i := range anew {
		s.anew[i] = true
	}
	for _, i := range touched {
		s.touched[i] = true
	}
	if err := t.fits(s.model); err != nil {
		return err
	}
	_, err := s.passes()
	return err
}

// sound tells whether lists that were read have the lengths and hold the numbers that they must.
func (s *Standing) sound(anew, touched []int32) bool {
	t := s.table
	within := func(list []int32, least, n int) bool {
		return !slices.ContainsFunc(list, func(x int32) bool { return int(x) < least || int(x) >= n })
	}
	if !ordered(t.labels.ends, len(t.labels.text)) || len(t.labels.hashes) != t.n || len(t.rows) != t.n*t.wide ||
		len(s.cluster) != t.n || len(s.sure) != t.n || !within(s.cluster, 0, t.n) || !within(s.named, 0, t.n) ||
		!within(anew, 0, t.n) || !within(touched, 0, t.n) {
		return false
	}
	for _, v := range t.all() {
		d := v.dict
		if !ordered(d.ends, len(d.text)) || !filled(d.ends) || len(v.exact) != d.len() || v == t.given && !worded(d) {
			return false
		}
		if o := t.other(v); o != nil && o.field.Kind == Identifier && len(o.by) != d.len() {
			return false
		}
		for rec := range t.n {
			if !within(t.rows[rec*t.wide+v.at:][:v.width], int(none), d.len()) {
				return false
			}
		}
	}
	last := Pair{A: -1}
	for _, p := range s.pairs {
		if p.A < 0 || p.A >= p.B || int(p.B) >= t.n || comparePairs(last, p) >= 0 {
			return false
		}
		last = p
	}
	return true
}

// ordered tells whether texts end one behind the other, and the last where all of them do.
func ordered(ends []uint32, all int) bool {
	return slices.IsSorted(ends) && (len(ends) == 0 && all == 0 || len(ends) > 0 && int(ends[len(ends)-1]) == all)
}

// filled tells whether each of texts that are ordered has something: no dictionary has an empty one.
func filled(ends []uint32) bool {
	from := uint32(0)
	for _, to := range ends {
		if to == from {
			return false
		}
		from = to
	}
	return true
}

// worded tells whether one space parts the words of each text: names are folded.
func worded(d *dictionary) bool {
	for id := range d.len() {
		s := d.value(int32(id))
		if s[0] == ' ' || s[len(s)-1] == ' ' || bytes.Contains(s, []byte("  ")) {
			return false
		}
	}
	return true
}

// writer writes lists, and keeps the first error.
type writer struct {
	*bufio.Writer
	err error
}

func (w *writer) write(p []byte) {
	if w.err == nil {
		_, w.err = w.Write(p)
	}
}

func (w *writer) number(n uint64) { w.write(binary.AppendUvarint(nil, n)) }

func (w *writer) bytes(p []byte) {
	w.number(uint64(len(p)))
	w.write(p)
}

// lump is how many numbers go through a buffer at a time.
const lump = 1 << 13

// write writes a list of numbers.
func write[T uint32 | uint64 | int32 | float32](w *writer, list []T) {
	each(w, len(list), func(i int) T { return list[i] })
}

// each writes a list of n numbers that need not lie in one.
func each[T uint32 | uint64 | int32 | float32](w *writer, n int, at func(i int) T) {
	w.number(uint64(n))
	var chunk []T
	var buffer []byte
	for from := 0; from < n; from += lump {
		chunk = chunk[:0]
		for i := from; i < min(from+lump, n); i++ {
			chunk = append(chunk, at(i))
		}
		buffer, _ = binary.Append(buffer[:0], binary.LittleEndian, chunk) // numbers of a fixed size always fit
		w.write(buffer)
	}
}

// writeTexts writes n texts as one, and where each of them ends.
func writeTexts(w *writer, n int, at func(i int) []byte) {
	all := 0
	for i := range n {
		all += len(at(i))
	}
	w.number(uint64(all))
	for i := range n {
		w.write(at(i))
	}
	end := uint32(0)
	each(w, n, func(i int) uint32 { end += uint32(len(at(i))); return end })
}

// reader reads lists, and keeps the first error. A length that is no length does not make it take memory: lists grow with
// what is there.
type reader struct {
	*bufio.Reader
	err error
}

func (r *reader) number() uint64 {
	if r.err != nil {
		return 0
	}
	var n uint64
	n, r.err = binary.ReadUvarint(r.Reader)
	return n
}

func (r *reader) bytes() []byte {
	return list[byte](r, func(p []byte) error { _, err := io.ReadFull(r.Reader, p); return err })
}

func read[T uint32 | uint64 | int32 | float32](r *reader) []T {
	var zero T
	buffer := make([]byte, lump*binary.Size(zero))
	return list[T](r, func(p []T) error {
		for chunk := range slices.Chunk(p, lump) {
			raw := buffer[:len(chunk)*binary.Size(zero)]
			if _, err := io.ReadFull(r.Reader, raw); err != nil {
				return err
			}
			if _, err := binary.Decode(raw, binary.LittleEndian, chunk); err != nil {
				return err
			}
		}
		return nil
	})
}

// list reads as many things as the number before them says.
func list[T any](r *reader, fill func([]T) error) []T {
	n := r.number()
	if n > math.MaxInt32 {
		r.err = errors.Join(r.err, errStanding)
	}
	var out []T
	for r.err == nil && uint64(len(out)) < n {
		had := len(out)
		out = slices.Grow(out, int(min(n-uint64(had), uint64(max(had, 1<<16)))))
		out = out[:min(cap(out), int(n))]
		r.err = fill(out[had:])
	}
	return out
}
