package extract

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/transforms/golden"
	"uoma/transforms/policy"
)

func date(s string) canon.Date {
	d, err := canon.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func all(string, string) bool { return true }

var terms = Settings{
	Year: 2021, Registers: []string{"student-register", "peppi"}, ContactSources: []string{"alumni-portal", "student-register", "peppi"},
	Background: true, Sends: all,
}

var allowed = policy.Decision{Allow: true, Clause: "XAMK-31"}

// aino is the graduate whose row the intake's column list shows.
func aino() Person {
	return Person{
		Pseudonym: "p1", Decision: allowed,
		Records: []Record{
			{System: "student-register", ID: "s1", Key: "k1", Time: 2, StudentNumber: "12345", LearnerNumber: "1.2.246.562.24.10000000003",
				IdentityCode: "010190-900P", FamilyName: "Esimerkki", GivenNames: "Aino Maria", BirthDate: date("1990-01-01"), HasBirthDate: true,
				Language: "fi", Emails: []Contact{{"personal", "old@mail.example"}, {"institution", "aino@student.xamk.example"}}},
			{System: "alumni-portal", ID: "a1", Key: "k2", Time: 1, FamilyName: "Esimerkki", GivenNames: "Aino", Language: "sv",
				Emails: []Contact{{"work", "aino@work.example"}, {"personal", "aino.esimerkki@mail.example"}}, Phones: []Contact{{"mobile", "+358400000001"}}},
			{System: "dynamics365", ID: "d1", Key: "k3", Time: 9, FamilyName: "Wrong", GivenNames: "Aino", Language: "en",
				Emails: []Contact{{"personal", "crm@mail.example"}}, Phones: []Contact{{"home", "+358400000009"}}},
		},
		Degrees: []Degree{{System: "student-register", Record: "s1", Key: "g1", Date: date("2021-06-15"), Institution: "10118", Code: "631101",
			Title: "Tradenomi (AMK)", Credits: "210.5", Grade: "4", Scale: "Viisiportainen", RightType: "1", Field: "5", Municipality: "491"}},
	}
}

func TestARowOfTheColumnList(t *testing.T) {
	x := Make([]Person{aino()}, terms)
	var out bytes.Buffer
	for p, err := range x.Parts("csv") {
		if err != nil {
			t.Fatal(err)
		}
		out.Write(p.Data)
	}
	want := "oppilaitoskoodi,opiskelijatunnus,oppijanumero,henkilotunnus,sukunimi,etunimet,syntymaaika,sahkoposti1,sahkoposti2,puhelin1,puhelin2," +
		"asiointikieli,valmistumispaiva,valmistumisvuosi,tutkinto_koulutuskoodi,tutkintonimi,tutkinnon_taso,koulutusalakoodi,opiskelupaikkakunta_koodi,laajuus,arvosana,asteikko\r\n" +
		"10118,12345,1.2.246.562.24.10000000003,,Esimerkki,Aino Maria,1990-01-01,aino.esimerkki@mail.example,aino@work.example,+358400000001,,sv," +
		"2021-06-15,2021,631101,Tradenomi (AMK),1,5,491,211,4,Viisiportainen\r\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestClean(t *testing.T) {
	tests := []struct {
		in    string
		limit int
		want  string
	}{
		{"Aino\tMaria", 200, "Aino Maria"}, {"a;b", 200, "a,b"}, {"\x00a\r\n", 200, "a"}, {"a\u0085b", 200, "a b"},
		{"ÅÄÖ", 2, "ÅÄ"}, {"ab cd", 3, "ab"}, {"", 5, ""}, {"a\xffb", 9, "a b"}, {"a  b", 9, "a  b"},
	}
	for _, tt := range tests {
		if got := Clean(tt.in, tt.limit); got != tt.want {
			t.Errorf("Clean(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 20).Draw(t, "limit")
		once := Clean(rapid.String().Draw(t, "s"), limit)
		if strings.ContainsAny(once, ";\r\n\t\x00") || len([]rune(once)) > limit || Clean(once, limit) != once {
			t.Fatalf("%q", once)
		}
	})
}

func TestNumbersAndLanguages(t *testing.T) {
	for in, want := range map[string]int32{"210": 210, "210.4": 210, "210.5": 211, "": 0, "-1": 0, "NaN": 0, "1e99": 0, "0": 0} {
		if got := credits(in); got != want {
			t.Errorf("credits(%q) = %d, want %d", in, got, want)
		}
	}
	tests := []struct {
		in   []string
		want string
	}{{nil, "fi"}, {[]string{"ru"}, "fi"}, {[]string{"", "ru", "en"}, "en"}, {[]string{"sv", "en"}, "sv"}}
	for _, tt := range tests {
		p := aino()
		p.Records[0].Language, p.Records[1].Language = "", ""
		for i, l := range tt.in {
			p.Records = append(p.Records, Record{System: terms.ContactSources[i], ID: "l", Key: "l", Language: l})
		}
		if got := Make([]Person{p}, terms).Rows[0].Language; got != tt.want {
			t.Errorf("%v: %s, want %s", tt.in, got, tt.want)
		}
	}
}

// The rules of an institution decide who the person is; the pipeline's contact sources how the person is reached.
func TestPrecedenceIsTheRules(t *testing.T) {
	own := terms
	rules, ok := golden.Shipped("xamk")
	if !ok {
		t.Fatal("no such rules")
	}
	own.Precedence = rules.Prefer("person.family_name", "alumni-portal")
	p := aino()
	p.Records[1].FamilyName, p.Records[1].Emails[1].Value = "Uusi", "aino@"
	r := Make([]Person{p}, own).Rows[0]
	if r.FamilyName != "Uusi" || r.GivenNames != "Aino" {
		t.Errorf("both names come from the preferred record: %s %s", r.FamilyName, r.GivenNames)
	}
	if r.Email1 != "old@mail.example" {
		t.Errorf("an invalid address won: %s", r.Email1)
	}
	own.ContactSources = []string{"student-register"}
	if r := Make([]Person{p}, own).Rows[0]; r.Email2 != "aino@student.xamk.example" || r.Phone1 != "" {
		t.Error("contact data of another system went out")
	}
}

func TestWhoIsLeftOut(t *testing.T) {
	refused := func(r Reason, clause string) func(*Person) {
		return func(p *Person) { p.Decision, p.Refusal = policy.Decision{Clause: clause}, r }
	}
	tests := []struct {
		name     string
		change   func(*Person)
		reason   Reason // "" is sent
		clause   string
		eligible bool
	}{
		{"everything in order", func(*Person) {}, "", "", true},
		{"no degree of the year", func(p *Person) { p.Degrees[0].Date = date("2020-12-31") }, "", "", false},
		{"a degree that is only claimed", func(p *Person) { p.Degrees[0].System = "alumni-portal" }, "", "", false},
		{"deceased", refused(Deceased, "XAMK-36"), Deceased, "XAMK-36", true},
		{"objection", refused(Objection, "XAMK-53"), Objection, "XAMK-53", true},
		{"no decision at all", func(p *Person) { p.Decision = policy.Decision{} }, NoBasis, "", true},
		{"contact from the CRM alone", func(p *Person) {
			p.Records[0].Emails, p.Records[1].Emails, p.Records[1].Phones = nil, nil, nil
		}, NoContact, "XAMK-31", true},
		{"contact from the institution alone", func(p *Person) {
			p.Records[0].Emails, p.Records[1].Emails, p.Records[1].Phones = p.Records[0].Emails[1:], nil, nil
		}, "", "", true},
		{"under protection, with a phone alone", func(p *Person) {
			p.Protected, p.Records[0].Emails, p.Records[1].Emails = true, nil, nil
		}, NoContact, "XAMK-31", true},
		{"no student number", func(p *Person) { p.Records[0].StudentNumber = "" }, NoIdentifier, "XAMK-31", true},
		{"a number of another institution", func(p *Person) {
			p.Records[0].StudentNumber = ""
			p.Records = append(p.Records, Record{System: "peppi", ID: "x", Key: "x", Institution: "02506", StudentNumber: "9"})
		}, NoIdentifier, "XAMK-31", true},
		{"a number of the same institution elsewhere", func(p *Person) {
			p.Records[0].StudentNumber = ""
			p.Records = append(p.Records, Record{System: "peppi", ID: "x", Key: "x", Institution: "10118", StudentNumber: "9"})
		}, "", "", true},
		{"no institution", func(p *Person) { p.Degrees[0].Institution = "" }, NoIdentifier, "XAMK-31", true},
		{"no name", func(p *Person) { p.Records = p.Records[:1]; p.Records[0].FamilyName = " " }, Incomplete, "XAMK-31", true},
		{"no degree code", func(p *Person) { p.Degrees[0].Code = "" }, Incomplete, "XAMK-31", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := aino()
			tt.change(&p)
			x := Make([]Person{p}, terms)
			if (x.Eligible == 1) != tt.eligible || (len(x.Rows) == 1) != (tt.eligible && tt.reason == "") {
				t.Fatalf("eligible %d, rows %d, withheld %v", x.Eligible, len(x.Rows), x.Withheld)
			}
			if tt.reason != "" && !slices.Equal(x.Withheld, []Withheld{{tt.reason, tt.clause, 1}}) {
				t.Errorf("withheld %v", x.Withheld)
			}
		})
	}
}

func TestTheRowsTerms(t *testing.T) {
	later := aino()
	later.Degrees = append(later.Degrees,
		Degree{System: "peppi", Record: "q", Key: "1", Date: date("2021-12-20"), Institution: "02608", Code: "671101", Field: "9", FieldVersion: "opm95opa"},
		Degree{System: "peppi", Record: "q", Key: "0", Date: date("2022-01-01"), Institution: "10118", Code: "1"})
	later.Records = append(later.Records, Record{System: "peppi", ID: "q", Key: "q", Institution: "02608", StudentNumber: "777"})
	r := Make([]Person{later}, terms).Rows[0]
	if r.Institution != "02608" || r.StudentNumber != "777" || r.DegreeDate.String() != "2021-12-20" || r.Field != 0 {
		t.Errorf("the later degree of the year keeps its institution's code: %s %s %s %d", r.Institution, r.StudentNumber, r.DegreeDate, r.Field)
	}
	protected := aino()
	protected.Protected = true
	if r := Make([]Person{protected}, terms).Rows[0]; r.Phone1 != "" || r.Phone2 != "" || r.Email1 == "" {
		t.Error("under protection goes e-mail alone")
	}
	virta := terms
	virta.Background = false
	r = Make([]Person{aino()}, virta).Rows[0]
	for i, c := range r.cells() {
		if i >= 12 && c.text != "" {
			t.Errorf("%s is filled", c.column)
		}
	}
	send := terms
	send.IdentityCode = true
	if Make([]Person{aino()}, send).Rows[0].IdentityCode == "" {
		t.Error("the identity code is asked for and missing")
	}
	send.Sends = func(table, column string) bool { return column != "hetu" && table != "phone" && column != "birth_date" }
	if r := Make([]Person{aino()}, send).Rows[0]; r.IdentityCode != "" || r.Phone1 != "" || r.BirthDate != nil {
		t.Error("the disclosure does not let it go")
	}
}

func TestDuplicatesOfOneIdentifier(t *testing.T) {
	a, b, c := aino(), aino(), aino()
	b.Pseudonym, c.Pseudonym = "p0", "p2"
	b.Records[0].StudentNumber, c.Records[0].LearnerNumber = "9", "1.2.246.562.24.20000000019"
	c.Degrees[0].Date = date("2021-07-01")
	x := Make([]Person{a, b, c}, terms)
	if !slices.Equal(x.Pseudonyms, []string{"p0", "p2"}) || !slices.Equal(x.Withheld, []Withheld{{Duplicate, "XAMK-31", 1}}) {
		t.Errorf("%v %v", x.Pseudonyms, x.Withheld)
	}
}

func TestTheSchemaListsTheColumns(t *testing.T) {
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	names := parquet.SchemaOf(Row{}).Fields()
	row := reflect.TypeFor[Row]()
	for i, c := range (&Row{}).cells() {
		tag, _, _ := strings.Cut(row.Field(i).Tag.Get("parquet"), ",")
		if s.Properties[c.column] == nil || tag != c.column {
			t.Errorf("column %d: %s, tag %s", i+1, c.column, tag)
		}
	}
	if len(s.Properties) != 22 || len(names) != 22 || names[0].Name() != "oppilaitoskoodi" || names[21].Name() != "asteikko" {
		t.Errorf("%d properties, %d fields", len(s.Properties), len(names))
	}
}

// people draws a small crowd with everything that may go wrong.
func people(t *rapid.T) []Person {
	var out []Person
	for i := range rapid.IntRange(0, 12).Draw(t, "people") {
		p := aino()
		p.Pseudonym = fmt.Sprintf("p%02d", i)
		p.Decision.Allow = rapid.IntRange(0, 3).Draw(t, "allow") > 0
		p.Refusal = rapid.SampledFrom([]Reason{Deceased, Objection, NotMember, ""}).Draw(t, "refusal")
		p.Records[0].StudentNumber = rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6", ""}).Draw(t, "number")
		p.Records[0].LearnerNumber = fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "learner"))
		p.Degrees[0].Date += canon.Date(rapid.IntRange(-300, 300).Draw(t, "days"))
		if rapid.Bool().Draw(t, "twin") {
			twin := p.Records[1]
			twin.Key, twin.Emails = "twin", []Contact{{"personal", rapid.StringMatching(`[-=+a-c;"]{0,3}`).Draw(t, "mail")}}
			d := p.Degrees[0]
			d.Key, d.Title = "twin", "=1+1"
			p.Records, p.Degrees = append(p.Records, twin), append(p.Degrees, d)
		}
		if rapid.Bool().Draw(t, "nothing") {
			p.Records = p.Records[:1]
			p.Records[0].Emails = nil
		}
		out = append(out, p)
	}
	return out
}

func shuffled(in []Person, seed int64) []Person {
	random := rand.New(rand.NewSource(seed))
	out := slices.Clone(in)
	random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i := range out {
		out[i].Records, out[i].Degrees = slices.Clone(out[i].Records), slices.Clone(out[i].Degrees)
		random.Shuffle(len(out[i].Records), func(a, b int) { out[i].Records[a], out[i].Records[b] = out[i].Records[b], out[i].Records[a] })
		random.Shuffle(len(out[i].Degrees), func(a, b int) { out[i].Degrees[a], out[i].Degrees[b] = out[i].Degrees[b], out[i].Degrees[a] })
	}
	return out
}

func join(t *rapid.T, x *Extract, format string) []byte {
	var out []byte
	for p, err := range x.Parts(format) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Data...)
	}
	return out
}

// Conservation, default deny, order and equal bytes whatever the order of the input.
func TestEveryExtract(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		crowd := people(t)
		x, y := Make(crowd, terms), Make(shuffled(crowd, rapid.Int64().Draw(t, "seed")), terms)
		var withheld int64
		for _, w := range x.Withheld {
			withheld += w.N
		}
		if x.Eligible != int64(len(x.Rows))+withheld || !slices.IsSorted(x.Pseudonyms) {
			t.Fatalf("eligible %d, sent %d, withheld %d", x.Eligible, len(x.Rows), withheld)
		}
		for _, p := range crowd {
			if _, sent := slices.BinarySearch(x.Pseudonyms, p.Pseudonym); sent && !p.Decision.Allow {
				t.Fatal("a row without a decision")
			}
		}
		if !reflect.DeepEqual(x.Withheld, y.Withheld) {
			t.Fatal("the account depends on the order of the input")
		}
		for _, format := range []string{"csv", "parquet"} {
			if !bytes.Equal(join(t, x, format), join(t, y, format)) {
				t.Fatalf("%s bytes depend on the order of the input", format)
			}
		}
	})
}

func TestPartsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := Make(people(t), terms)
		raw := join(t, x, "parquet")
		back, err := parquet.Read[Row](bytes.NewReader(raw), int64(len(raw)))
		if err != nil || len(back) != len(x.Rows) {
			t.Fatalf("%d rows, %v", len(back), err)
		}
		for i := range back {
			if back[i].cells() != x.Rows[i].cells() {
				t.Fatal("a row came back as another")
			}
		}
		r := csv.NewReader(bytes.NewReader(join(t, x, "csv")))
		for i := -1; ; i++ {
			line, err := r.Read()
			if err == io.EOF && i == len(x.Rows) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for k, c := range (&Row{}).cells() {
				if want := c.column; i < 0 && line[k] != want {
					t.Fatal(want)
				}
				if i >= 0 && line[k] != x.Rows[i].cells()[k].text {
					t.Fatalf("column %d came back as another", k)
				}
			}
		}
	})
}

// The greatest and the least value of a column are values of people: no statistics, in the clear footer above all.
func TestThreat_T14_NoStatistics(t *testing.T) {
	raw, err := encodeParquet(Make([]Person{aino()}, terms).Rows)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			s := c.MetaData.Statistics
			if s.MinValue != nil || s.MaxValue != nil || s.Min != nil || s.Max != nil {
				t.Errorf("%v has bounds", c.MetaData.PathInSchema)
			}
		}
	}
	if len(f.ColumnIndexes()) > 0 || len(f.OffsetIndexes()) > 0 {
		t.Error("there is a page index")
	}
	if _, err := withoutPageIndex(raw[:len(raw)/2]); err == nil {
		t.Error("half a file has a footer")
	}
}

// The same people under two domains stand in two orders, and the pseudonym itself goes nowhere.
func TestThreat_T14_OrderSaysNothing(t *testing.T) {
	a, b := aino(), aino()
	b.Records[0].StudentNumber, b.Records[0].LearnerNumber, b.Pseudonym = "1", "2", "p0-canary"
	x := Make([]Person{a, b}, terms)
	b.Pseudonym = "p9-canary"
	y := Make([]Person{a, b}, terms)
	if x.Rows[0].StudentNumber != "1" || y.Rows[0].StudentNumber != "12345" {
		t.Error("rows do not stand by pseudonym")
	}
	for p := range x.Parts("csv") {
		if bytes.Contains(p.Data, []byte("canary")) {
			t.Error("a pseudonym went out")
		}
	}
}

func TestThreat_T38_FormulasAreCountedAndNotChanged(t *testing.T) {
	p := aino()
	p.Records = p.Records[:1] // beside a valid name, one that is none would not be taken
	p.Records[0].FamilyName, p.Degrees[0].Title = "=1+1", "-x"
	x := Make([]Person{p}, terms)
	if x.Formulas() != 2 || x.Rows[0].FamilyName != "=1+1" {
		t.Errorf("%d formulas, %q", x.Formulas(), x.Rows[0].FamilyName)
	}
}

func TestPartsStayBelowTheLimit(t *testing.T) {
	rows := make([]Row, 5)
	for i := range rows {
		rows[i].FamilyName = strings.Repeat("x", 100)
	}
	if n := fit(rows, 2*(100+rowBytes)); n != 2 {
		t.Errorf("%d rows fit", n)
	}
	if n := fit(rows, 1); n != 1 {
		t.Errorf("%d rows fit", n)
	}
	parts := 0
	for p, err := range (&Extract{}).Parts("parquet") {
		if err != nil || p.Rows != 0 || len(p.Data) == 0 {
			t.Errorf("an extract without rows: %d bytes, %v", len(p.Data), err)
		}
		parts++
	}
	if parts != 1 {
		t.Errorf("%d parts", parts)
	}
	for _, err := range (&Extract{}).Parts("xml") {
		if err == nil {
			t.Error("xml")
		}
	}
}

func TestLeaksAreCounted(t *testing.T) {
	x := Make([]Person{aino()}, terms)
	if n := x.Leaks(terms); n != 0 {
		t.Errorf("%d leaks in a good row", n)
	}
	p := aino()
	p.Records = p.Records[:1]
	p.Degrees[0].Title, p.Degrees[0].Grade, p.Records[0].GivenNames = "010190-900P", "call +358400000001", "Aino a@b.example"
	if n := Make([]Person{p}, terms).Leaks(terms); n != 3 {
		t.Errorf("%d leaks, want 3", n)
	}
	send := terms
	send.IdentityCode = true
	if x := Make([]Person{aino()}, send); x.Leaks(send) != 0 || x.Leaks(terms) != 1 {
		t.Error("an identity code in its own column counts only where it is not sent")
	}
}
