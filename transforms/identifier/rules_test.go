package identifier

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/internal/canon"
)

func day(t testing.TB, s string) canon.Date {
	t.Helper()
	d, err := canon.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// settings are those under which the vectors are published.
func settings(t testing.TB) Params {
	return Params{
		RunDate:        day(t, "2026-11-22"),
		AllowTemporary: true, AllowSynthetic: true, PadPostcode: true,
		Scopes: []string{"xamk.example", "seamk.example", "metropolia.example", "nmbu.example"},
	}
}

func TestVectors(t *testing.T) {
	rules := Rules()
	for i, v := range vectors {
		p := settings(t)
		switch v.rule {
		case "phone", "postcode":
			p.Region = v.set
		case "date":
			p.Formats = []string{v.set}
		}
		want := Checked{Value: v.value, Reason: v.reason, Warning: v.warning}
		if got := rules[v.rule](v.input, &p); got != want {
			t.Errorf("vector %d, %s: got %+v, want %+v", i, v.rule, got, want)
		}
	}
}

func TestVectorsUnderProductionSettings(t *testing.T) {
	rules := Rules()
	for i, v := range vectors {
		if v.reason != "" || v.rule != "hetu" && v.rule != "fnr" {
			continue
		}
		want := "temporary"
		if v.rule == "fnr" {
			want = "synthetic"
		}
		p := Params{RunDate: day(t, "2026-11-22")}
		if got := rules[v.rule](v.input, &p); got.Reason != want || got.Value != "" {
			t.Errorf("vector %d, %s: got %+v, want %s", i, v.rule, got, want)
		}
	}
}

func TestSettings(t *testing.T) {
	for i, c := range []struct {
		rule, input string
		set         func(*Params)
		want        Checked
	}{
		{"fnr", "15868890026", func(p *Params) { p.FnrRule = "1964" }, Checked{Reason: "k1"}},
		{"fnr", "14838510117", func(p *Params) { p.FnrRule = "1964" }, Checked{Value: "14838510117"}},
		{"fnr", "1819025041", func(p *Params) { p.PadLeadingZero = true }, Checked{Value: "01819025041", Warning: "padded"}},
		{"fnr", "1819025041", nil, Checked{Reason: "length"}},
		{"hetu-virta", "010190-", nil, Checked{Reason: "partial"}},
		{"hetu-virta", "010190-900P", nil, Checked{Value: "010190-900P"}},
		{"hetu", "010190-900P", func(p *Params) { p.RunDate = day(t, "1989-12-31") }, Checked{Reason: "future"}},
		{"ytunnus", "123456-1", nil, Checked{Reason: "check-digit"}},
		{"student_number", "2100001Y", func(p *Params) { p.StripSuffix = true }, Checked{Value: "2100001"}},
		{"student_number", "A1", func(p *Params) { p.Pattern = regexp.MustCompile(`^A\d$`) }, Checked{Value: "A1"}},
		{"student_number", "2100001", func(p *Params) { p.Pattern = regexp.MustCompile(`^A\d$`) }, Checked{Reason: "pattern"}},
		{"employee_number", "0042", nil, Checked{Value: "0042"}},
		{"employee_number", "42", func(p *Params) { p.Width = 6 }, Checked{Value: "000042", Warning: "padded"}},
		{"employee_number", "42", nil, Checked{Reason: "pattern"}},
		{"employee_number", "4200.0", nil, Checked{Reason: "spreadsheet"}},
		{"fs.personlopenummer", "12345", nil, Checked{Value: "12345"}},
		{"fs.personlopenummer", "012345", nil, Checked{Reason: "pattern"}},
		{"virta_avain", "xamk-1 ä", nil, Checked{Value: "xamk-1 ä"}},
		{"virta_avain", "a\x00b", nil, Checked{Reason: "pattern"}},
		{"eppn", "a@other.example", func(p *Params) { p.Scopes = nil }, Checked{Value: "a@other.example"}},
		{"schac_student", "null", nil, Checked{}},
		{"schac_number", "urn:schac:personalUniqueCode:int:studentID:metropolia.example:2200002;urn:schac:personalUniqueCode:int:esi:x", nil, Checked{Value: "2200002"}},
		{"schac_number", "urn:schac:personalUniqueCode:int:studentID:a.example:2200002;urn:schac:personalUniqueCode:int:studentID:b.example:2200003", func(p *Params) { p.Scopes = []string{"b.example"} }, Checked{Value: "2200003"}},
		{"schac_number", "urn:schac:personalUniqueCode:int:studentID:a.example:2200002;urn:schac:personalUniqueCode:int:studentID:b.example:2200003", func(p *Params) { p.Scopes = nil }, Checked{Reason: "pattern"}},
		{"schac_number", "urn:schac:personalUniqueCode:int:studentID:a.example:2200002", func(p *Params) { p.Scopes = []string{"b.example"} }, Checked{Reason: "no-student-id"}},
		{"schac_hetu", "urn:schac:personalUniqueID:fi:hetu:010190-900P", nil, Checked{Value: "010190-900P"}},
		{"schac_hetu", "urn:schac:personalUniqueID:no:fodselsnummer:1", nil, Checked{Reason: "unsupported"}},
		{"domain", "XAMK.example", nil, Checked{Value: "xamk.example"}},
		{"phone", "040 000 0001, 040 000 0002", func(p *Params) { p.Region, p.FirstOfMultiple = "FI", true }, Checked{Value: "+358400000001", Warning: "multiple"}},
		{"phone", "0400000001 tai 0400000002", nil, Checked{Reason: "multiple"}},
		{"phone", "3,58401E+11", nil, Checked{Reason: "spreadsheet"}},
		{"phone", "tel:+358-40-0000001", nil, Checked{Value: "+358400000001"}},
		{"phone", "+44 (0)20 7946 0018", nil, Checked{Value: "+442079460018"}},
		{"phone", "+35800400000001", nil, Checked{Reason: "pattern"}},
		{"phone", "040/0000001", func(p *Params) { p.Region = "FI" }, Checked{Value: "+358400000001"}},
		{"email", "aino(at)mail.example", func(p *Params) { p.Deobfuscate = true }, Checked{Value: "aino@mail.example", Warning: "repaired"}},
		{"email", "aino at mail.example", func(p *Params) { p.Deobfuscate = true }, Checked{Value: "aino@mail.example", Warning: "repaired"}},
		{"email", "asa@Öhman.example", nil, Checked{Value: "asa@xn--hman-4qa.example"}},
		{"email-delivery", "Aino@MAIL.example", nil, Checked{Value: "Aino@mail.example"}},
		{"postcode", "79", func(p *Params) { p.Region, p.PadPostcode = "FI", false }, Checked{Reason: "pattern"}},
		{"postcode", "10 115", func(p *Params) { p.Region = "DE" }, Checked{Value: "10 115"}},
		{"country", "Suomi", nil, Checked{Value: "FI"}},
		{"country", "Ruotsi", nil, Checked{Value: "SE"}},
		{"country", "Norge", nil, Checked{Value: "NO"}},
		{"country", "246", nil, Checked{Value: "FI"}},
		{"country", "gbr", nil, Checked{Value: "GB"}},
		{"country", "EL", nil, Checked{Value: "GR", Warning: "alias"}},
		{"country", "Atlantis", nil, Checked{Reason: "unknown-code"}},
		{"country-alpha", "XK", nil, Checked{Value: "XK"}},
		{"language", "NYNORSK", nil, Checked{Value: "nn"}},
		{"language", "sv_FI", nil, Checked{Value: "sv"}},
		{"text", "  Aino\u00a0  Maria\u200b ", nil, Checked{Value: "Aino Maria"}},
		{"text", "ei  tiedossa", nil, Checked{}},
		{"text", "\xff", nil, Checked{Reason: "encoding"}},
		{"text", "unknown", func(p *Params) { p.EmptyMarkers = []string{} }, Checked{Value: "unknown"}},
		{"html", "<p class=\"a\">Ohjel<b>mointi</b><br/>ja &auml;ly&nbsp;1 &amp; 2</p>", nil, Checked{Value: "Ohjelmointi ja äly 1 & 2"}},
		{"html", "&lt;i&gt;Ohjelmointi&lt;/i&gt;<!-- <b> -->", nil, Checked{Value: "Ohjelmointi"}},
		{"html", "5 < 6 ja 7 > 3, A<B", nil, Checked{Value: "5 < 6 ja 7 > 3, A<B"}},
		{"html", "<p>&nbsp;</p>", nil, Checked{}},
		{"html", "<b>unknown</b>", nil, Checked{}},
		{"html", "<scr<b>ipt>x", nil, Checked{Value: "x"}},
		{"html", "&" + strings.Repeat("amp;", 20) + "lt;", nil, Checked{Reason: "pattern"}},
		{"name", "Aino *Maria*", nil, Checked{Value: "Aino Maria", Warning: "call-name"}},
		{"name", "A\u030asa Näyte-Öhman", nil, Checked{Value: "Åsa Näyte-Öhman"}},
		{"name", "O\u2019Specimen", nil, Checked{Value: "O'Specimen"}},
		{"name", "R2", nil, Checked{Reason: "pattern"}},
		{"bool", "Kyllä", nil, Checked{Value: "true"}},
		{"bool", "E", nil, Checked{Value: "false"}},
		{"bool", "maybe", nil, Checked{Reason: "pattern"}},
		{"sex", "N", nil, Checked{Value: "2"}},
		{"sex", "K", func(p *Params) { p.Region = "NO" }, Checked{Value: "2"}},
		{"sex", "N", func(p *Params) { p.Region = "NO" }, Checked{Reason: "unknown-code"}},
		{"decimal", "3,52", func(p *Params) { p.Decimal = ',' }, Checked{Value: "3.52"}},
		{"decimal", "1\u00a0210,50", func(p *Params) { p.Decimal = ',' }, Checked{Value: "1210.5"}},
		{"decimal", "3.52", func(p *Params) { p.Decimal = ',' }, Checked{Reason: "pattern"}},
		{"decimal", "1.2E+5", nil, Checked{Reason: "spreadsheet"}},
		{"credits", "-1", nil, Checked{Reason: "out-of-range"}},
		{"integer", "007", nil, Checked{Value: "7"}},
		{"integer", "7.0", nil, Checked{Reason: "spreadsheet"}},
		{"system_id", "280", nil, Checked{Value: "280"}},
		{"lookup_id", "00A7", nil, Checked{Value: "00A7"}},
	} {
		p := settings(t)
		if c.set != nil {
			c.set(&p)
		}
		if got := Rules()[c.rule](c.input, &p); got != c.want {
			t.Errorf("case %d, %s: got %+v, want %+v", i, c.rule, got, c.want)
		}
	}
}

func TestEmptyMarkersAreNull(t *testing.T) {
	for name, rule := range Rules() {
		for _, m := range append(DefaultEmptyMarkers(), "", " \u200b\ufeff ", "Ei Tiedossa") {
			if got := rule(m, nil); !got.Null() {
				t.Errorf("%s: marker %q gives %+v", name, m, got)
			}
		}
	}
}

func TestDatesAndInstants(t *testing.T) {
	fi := []string{"d.M.yyyy H:mm:ss", "d.M.yyyy H:mm", "d.M.yyyy", FormatRFC3339}
	for i, c := range []struct {
		rule, input string
		formats     []string
		want        Checked
	}{
		{"instant", "1.9.2021 8:05", fi, Checked{Value: "2021-09-01T05:05:00Z"}},
		{"instant", "1.2.2021 8:05:07", fi, Checked{Value: "2021-02-01T06:05:07Z"}},
		{"instant", "1.2.2021", fi, Checked{Value: "2021-01-31T22:00:00Z"}},
		{"instant", "2021-09-01T08:05:00.1234567+03:00", fi, Checked{Value: "2021-09-01T05:05:00.123456Z"}},
		{"instant", "2021-09-01 08:05:00.5", []string{"yyyy-MM-dd HH:mm:ss.S"}, Checked{Value: "2021-09-01T05:05:00.5Z"}},
		{"instant", "31.10.2021 3:30", fi, Checked{Value: "2021-10-31T00:30:00Z"}}, // clocks set back: the earlier
		{"instant", "1.9.2021 24:00", fi, Checked{Reason: "date"}},
		{"instant", "30.2.2021 8:00", fi, Checked{Reason: "date"}},
		{"instant", "yesterday", fi, Checked{Reason: "pattern"}},
		{"instant", "44440.5", []string{FormatExcel}, Checked{Value: "2021-09-01T09:00:00Z"}},
		{"date", "1.9.2021", []string{"yyyy-MM-dd", "d.M.yyyy"}, Checked{Value: "2021-09-01"}},
		{"date", "1.9.2021", []string{"dd.MM.yyyy"}, Checked{Reason: "pattern"}},
		{"date", "2021-02-01", []string{"yyyy-dd-MM"}, Checked{Value: "2021-01-02"}},
		{"date", "60", []string{FormatExcel}, Checked{Reason: "date"}},
		{"date", "59", []string{FormatExcel}, Checked{Value: "1900-02-28"}},
		{"date", "61", []string{FormatExcel}, Checked{Value: "1900-03-01"}},
		{"date", "1990", []string{"d.M.yyyy", "yyyy"}, Checked{Reason: "partial"}},
		{"partial-date", "1990", []string{"M/yyyy", "yyyy"}, Checked{Value: "1990", Warning: "partial"}},
		{"partial-date", "5/1990", []string{"M/yyyy", "yyyy"}, Checked{Value: "1990-05", Warning: "partial"}},
		{"partial-date", "13/1990", []string{"M/yyyy"}, Checked{Reason: "date"}},
	} {
		p := settings(t)
		p.Formats = c.formats
		if got := Rules()[c.rule](c.input, &p); got != c.want {
			t.Errorf("case %d, %s: got %+v, want %+v", i, c.rule, got, c.want)
		}
	}
	p := Params{Formats: []string{"ddMMyy"}, Pivot: 30, Zone: time.UTC}
	if got := Rules()["date"]("010921", &p); got.Value != "2021-09-01" {
		t.Errorf("pivot: %+v", got)
	}
}

func TestDerivedFacts(t *testing.T) {
	for _, c := range []struct{ code, born string }{
		{"010190-900P", "1990-01-01"}, {"140385Y901E", "1985-03-14"}, {"070701B912U", "2001-07-07"}, {"050699+930L", "1899-06-05"},
	} {
		if d, found := Birth(c.code); !found || d != day(t, c.born) {
			t.Errorf("birth date %s not derived: %v", c.born, d)
		}
	}
	for _, c := range []struct{ code, born string }{
		{"14838510117", "1985-03-14"}, {"29829641257", "1996-02-29"}, {"07870174556", "2001-07-07"}, {"15868890026", ""}, {"1", ""},
	} {
		d, found := BirthFnr(c.code)
		if found != (c.born != "") || found && d != day(t, c.born) {
			t.Errorf("birth date %q: got %v %v", c.born, d, found)
		}
	}
	if got := JoinFnr("70870", "1234"); got != "07087001234" {
		t.Errorf("joined %s", got)
	}
	if Successor("02506") != "10118" || Successor("10118") != "10118" || Successor("02472") != "02472" {
		t.Error("successor")
	}
	if CallName("Aino *Maria*") != "Maria" || CallName("Aino Maria") != "" {
		t.Error("call name")
	}
	run := day(t, "2026-11-22")
	if BirthRange(run, run) != "" || BirthRange(run+1, run) != "out-of-range" || StudyRange(day(t, "2036-11-22"), run) != "" ||
		StudyRange(day(t, "2036-11-23"), run) != "out-of-range" || StudyRange(day(t, "1899-12-31"), run) == "" {
		t.Error("range")
	}
	if LicenceRange(day(t, "2126-11-22"), run) != "" || LicenceRange(day(t, "2126-11-23"), run) != "out-of-range" || LicenceRange(day(t, "1899-12-31"), run) == "" {
		t.Error("licence")
	}
	if Order(run, run-1) != "order" || Order(run, run) != "" {
		t.Error("order")
	}
}

func TestRuleNames(t *testing.T) {
	rules := Rules()
	for _, name := range []string{"hetu", "fnr", "eppn", "phone", "email", "date", "name", "fs.studentnr", "survey-language"} {
		if rules[name] == nil {
			t.Errorf("no rule %s", name)
		}
	}
	delete(rules, "hetu")
	if Rules()["hetu"] == nil {
		t.Error("a caller changed the rules of others")
	}
	if !slices.Contains(DefaultEmptyMarkers(), "ukjent") {
		t.Error("markers")
	}
}
