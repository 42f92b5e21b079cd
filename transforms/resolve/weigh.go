package resolve

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"unsafe"

	"uoma/internal/canon"
	"uoma/transforms/linkage"
)

// Weights of pairs for a person to decide. The rules say yes or no; how sure a pair is says the probabilistic model of
// package linkage, trained on the synthetic campus.

//go:embed model.json
var modelFile []byte

// Model gives the shipped model of members' rows.
func Model() (*linkage.Model, error) {
	m := &linkage.Model{}
	if err := json.Unmarshal(modelFile, m); err != nil {
		return nil, fmt.Errorf("the shipped model: %w", err)
	}
	return m, nil
}

// Columns of a row for linking.
const (
	columnID = iota
	columnGiven
	columnCall
	columnFamily
	columnFormer
	columnBirth
	columnStreet
	columnPostcode
	columnHetu
	columnOppija
	columnStudent
	columnEmployee
	columnEppn
	columnPhones
	columnEmails = columnPhones + pointsOfRow
	columns      = columnEmails + pointsOfRow
)

// pointsOfRow is how many telephones, and addresses, of a row are compared.
const pointsOfRow = 3

// Fields describes rows to package linkage.
func Fields() []linkage.Field {
	out := []linkage.Field{
		{Name: "row", Kind: linkage.RecordID},
		{Name: "given_names", Kind: linkage.GivenNames}, {Name: "call_name", Kind: linkage.CallName},
		{Name: "family_name", Kind: linkage.FamilyName}, {Name: "former_family_name", Kind: linkage.FormerName},
		{Name: "birth_date", Kind: linkage.BirthDate},
		{Name: "street", Kind: linkage.Street}, {Name: "postcode", Kind: linkage.Postcode},
		{Name: "hetu", Kind: linkage.Identifier, Unique: true}, {Name: "oppijanumero", Kind: linkage.Identifier},
		{Name: "student_number", Kind: linkage.Identifier}, {Name: "employee_number", Kind: linkage.Identifier},
		{Name: "eppn", Kind: linkage.Identifier},
	}
	for i := range pointsOfRow {
		out = append(out, linkage.Field{Name: fmt.Sprint("phone ", i+1), Kind: linkage.Phone})
	}
	for i := range pointsOfRow {
		out = append(out, linkage.Field{Name: fmt.Sprint("email ", i+1), Kind: linkage.Email})
	}
	return out
}

// Rows shows members to package linkage.
type Rows []Member

// Len gives the number of rows.
func (r Rows) Len() int { return len(r) }

// Cell gives a row's value in one of [Fields].
func (r Rows) Cell(column, row int) []byte {
	m := &r[row]
	switch column {
	case columnID:
		return []byte(m.Feed + canon.KeySeparator + m.RowKey)
	case columnGiven:
		return bytesOf(m.Given)
	case columnCall:
		return bytesOf(m.Call)
	case columnFamily:
		return bytesOf(m.Family)
	case columnFormer:
		return bytesOf(m.Former)
	case columnBirth:
		if m.Birth == NoBirth {
			return nil
		}
		return []byte(canon.Date(m.Birth).String())
	case columnStreet:
		return bytesOf(m.Place[min(len(m.Place), postcodeOf(m.Place)+1):])
	case columnPostcode:
		return bytesOf(m.Place[:postcodeOf(m.Place)])
	case columnHetu:
		return bytesOf(m.Hetu)
	case columnOppija:
		return bytesOf(m.Oppijanumero)
	case columnStudent:
		institution, number := currentNumber(m)
		if number == "" {
			return nil
		}
		return []byte(institution + " " + number)
	case columnEmployee:
		return bytesOf(m.EmployeeNumber)
	case columnEppn:
		return bytesOf(m.Eppn)
	}
	list, i := m.Phones, column-columnPhones
	if column >= columnEmails {
		list, i = m.Emails, column-columnEmails
	}
	if i < len(list) {
		return bytesOf(list[i])
	}
	return nil
}

// postcodeOf gives how many bytes of a place are its postcode.
func postcodeOf(place string) int {
	for i := range len(place) {
		if place[i] == ' ' {
			return i
		}
	}
	return len(place)
}

func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// Weigher says how sure pairs of records are one person's.
type Weigher struct {
	model *linkage.Model
	table *linkage.Table
	of    map[Key][]int32 // rows of each record, by their place in the table
	pair  func(a, b int32) float64
}

// NewWeigher takes the rows of the records to be weighed, and how common names are among all people: of how many rows a
// given name, or a family name, is one.
func NewWeigher(rows []Member, population int, given, family func(string) int32) (*Weigher, error) {
	m, err := Model()
	if err != nil {
		return nil, err
	}
	t := linkage.NewTable(Fields())
	t.Append(Rows(rows))
	t.Finish()
	t.Population(population, given, family)
	w := &Weigher{model: m, table: t, of: map[Key][]int32{}, pair: t.Weigher(m)}
	for rec := range int32(t.Len()) {
		k := rows[t.Came(rec)].record()
		w.of[k] = append(w.of[k], rec)
	}
	return w, nil
}

// Weigh takes the weight of two records apart, by the two of their rows that agree most; ok is false when one has none.
func (w *Weigher) Weigh(a, b Key) (best linkage.Explanation, ok bool) {
	for _, x := range w.of[a] {
		for _, y := range w.of[b] {
			if e := w.table.Explain(w.model, x, y); !ok || e.Weight > best.Weight {
				best, ok = e, true
			}
		}
	}
	return best, ok
}

// Weight gives the weight of two records, in bits, by the two of their rows that agree most.
func (w *Weigher) Weight(a, b Key) (best float64, ok bool) {
	for _, x := range w.of[a] {
		for _, y := range w.of[b] {
			if v := w.pair(x, y); !ok || v > best {
				best, ok = v, true
			}
		}
	}
	return best, ok
}
