package extract

import (
	_ "embed"
	"slices"

	"uoma/internal/canon"
)

// Table is the name of the extract's one table.
const Table = "uraseuranta"

// SchemaVersion is the version of [Row].
const SchemaVersion = "1.0"

//go:embed uraseuranta.schema.json
var schema []byte

// Schema gives the JSON Schema of a row.
func Schema() []byte { return slices.Clone(schema) }

// Row is one graduate. An empty text, a zero number and a nil date are missing values; columns 13 to 22 are missing when
// the recipient takes them from the national data store (VIRTA).
type Row struct {
	Institution   string      `parquet:"oppilaitoskoodi"`
	StudentNumber string      `parquet:"opiskelijatunnus"`
	LearnerNumber string      `parquet:"oppijanumero,optional"`
	IdentityCode  string      `parquet:"henkilotunnus,optional"`
	FamilyName    string      `parquet:"sukunimi"`
	GivenNames    string      `parquet:"etunimet"`
	BirthDate     *canon.Date `parquet:"syntymaaika,optional,date"`
	Email1        string      `parquet:"sahkoposti1,optional"` // personal
	Email2        string      `parquet:"sahkoposti2,optional"` // work, or the institution's
	Phone1        string      `parquet:"puhelin1,optional"`    // mobile, E.164
	Phone2        string      `parquet:"puhelin2,optional"`    // home, E.164
	Language      string      `parquet:"asiointikieli"`        // fi, sv or en

	DegreeDate   *canon.Date `parquet:"valmistumispaiva,optional,date"`
	DegreeYear   int32       `parquet:"valmistumisvuosi,optional"`
	DegreeCode   string      `parquet:"tutkinto_koulutuskoodi,optional"`
	DegreeTitle  string      `parquet:"tutkintonimi,optional"`
	DegreeLevel  int32       `parquet:"tutkinnon_taso,optional"`   // type of the study right in VIRTA
	Field        int32       `parquet:"koulutusalakoodi,optional"` // ohjausala, 1 to 12
	Municipality string      `parquet:"opiskelupaikkakunta_koodi,optional"`
	Credits      int32       `parquet:"laajuus,optional"` // ECTS, rounded half up
	Grade        string      `parquet:"arvosana,optional"`
	Scale        string      `parquet:"asteikko,optional"`
}

// cell is one value of a row as text; null when it is missing.
type cell struct {
	column string
	text   string
	phone  bool // begins with + by its nature
}

// cells gives a row's values in the order of columns.
func (r *Row) cells() [22]cell {
	return [22]cell{
		{"oppilaitoskoodi", r.Institution, false}, {"opiskelijatunnus", r.StudentNumber, false},
		{"oppijanumero", r.LearnerNumber, false}, {"henkilotunnus", r.IdentityCode, false},
		{"sukunimi", r.FamilyName, false}, {"etunimet", r.GivenNames, false}, {"syntymaaika", day(r.BirthDate), false},
		{"sahkoposti1", r.Email1, false}, {"sahkoposti2", r.Email2, false},
		{"puhelin1", r.Phone1, true}, {"puhelin2", r.Phone2, true}, {"asiointikieli", r.Language, false},
		{"valmistumispaiva", day(r.DegreeDate), false}, {"valmistumisvuosi", number(r.DegreeYear), false},
		{"tutkinto_koulutuskoodi", r.DegreeCode, false}, {"tutkintonimi", r.DegreeTitle, false},
		{"tutkinnon_taso", number(r.DegreeLevel), false}, {"koulutusalakoodi", number(r.Field), false},
		{"opiskelupaikkakunta_koodi", r.Municipality, false}, {"laajuus", number(r.Credits), false},
		{"arvosana", r.Grade, false}, {"asteikko", r.Scale, false},
	}
}

// Columns names the columns in which the row has a value, in order.
func (r *Row) Columns() []string {
	var out []string
	for _, c := range r.cells() {
		if c.text != "" {
			out = append(out, c.column)
		}
	}
	return out
}
