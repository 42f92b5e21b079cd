package identifier

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"uoma/internal/canon"
)

var testDay = func() canon.Date { d, _ := canon.NewDate(2026, 11, 22); return d }()

// open is the setting under which synthetic identifiers are accepted.
func open() *Params {
	return &Params{RunDate: testDay, AllowTemporary: true, AllowSynthetic: true, PadPostcode: true, Region: "FI"}
}

func drawHetu(t *rapid.T) string {
	d := canon.Date(rapid.IntRange(-62090, int(testDay)).Draw(t, "day")) // from 1800-01-01
	signs := map[int]string{18: "+", 19: "-YXWVU", 20: "ABCDEF"}[d.Year()/100]
	sign := signs[rapid.IntRange(0, len(signs)-1).Draw(t, "sign")]
	y, m, dd := d.Time().Date()
	digits := fmt.Sprintf("%02d%02d%02d", dd, m, y%100)
	z := rapid.IntRange(900, 999).Draw(t, "individual")
	n, _ := strconv.Atoi(fmt.Sprintf("%s%03d", digits, z))
	return fmt.Sprintf("%s%c%03d%c", digits, sign, z, hetuChecks[n%31])
}

func drawOppijanumero(t *rapid.T) string {
	tail := strconv.Itoa(rapid.IntRange(1_000_000_000, 9_999_999_999).Draw(t, "tail"))
	for c := '0'; c <= '9'; c++ {
		if s := oidPerson + tail + string(c); oppijanumero(s, nil).OK() {
			return s
		}
	}
	t.Fatal("no check digit")
	return ""
}

func drawFnr(t *rapid.T) string {
	d := canon.Date(rapid.IntRange(-25567, int(testDay)).Draw(t, "day")) // from 1900-01-01
	y, m, dd := d.Time().Date()
	individual := rapid.IntRange(0, 499).Draw(t, "individual")
	if y >= 2000 {
		individual += 500
	}
	first := fmt.Sprintf("%02d%02d%02d%03d", dd, int(m)+syntheticDate, y%100, individual)
	for k := range 100 {
		if s := fmt.Sprintf("%s%02d", first, k); fnr(s, open()).OK() {
			return s
		}
	}
	t.SkipNow() // one date and individual number in some has no check digits
	return ""
}

func TestGeneratedIdentifiersPassAndMistypedOnesFail(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) string{"hetu": drawHetu, "oppijanumero": drawOppijanumero, "fnr": drawFnr} {
		rule := Rules()[name]
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			s := draw(t)
			if got := rule(s, open()); got.Value != s || got.Reason != "" {
				t.Fatalf("valid one refused: %s", got.Reason)
			}
			i := rapid.IntRange(0, len(s)-1).Draw(t, "position")
			if !isDigit(s[i]) {
				return
			}
			b := []byte(s)
			b[i] = '0' + (b[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "change")))%10
			if got := rule(string(b), open()); got.OK() {
				t.Fatalf("digit %d changed and still valid", i)
			}
		}))
	}
}

func TestBirthDateOfGeneratedHetu(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawHetu(t)
		d, found := Birth(s)
		if !found || d.Time().Format("020106") != s[:6] {
			t.Fatal("birth date does not match the digits")
		}
	})
}

// translating rules give another notation than the one they take, so that their output is not their input.
var translating = []string{"country-numeric", "schac_student", "schac_hetu", "schac_number"}

// checkRule holds for every input: no panic, nothing but a value or a reason, clean UTF-8, and a fixed point.
func checkRule(t interface{ Fatalf(string, ...any) }, name string, rule Rule, input string, p *Params) {
	got := rule(input, p)
	if got.Reason != "" && (got.Value != "" || got.Warning != "") {
		t.Fatalf("%s: rejected and yet a value", name)
	}
	if !utf8.ValidString(got.Value) || !norm.NFC.IsNormalString(got.Value) {
		t.Fatalf("%s: value is not NFC", name)
	}
	if got.Value == "" || slices.Contains(translating, name) {
		return
	}
	if again := rule(got.Value, p); again.Value != got.Value {
		t.Fatalf("%s: %q is no fixed point: %q %s", name, got.Value, again.Value, again.Reason)
	}
}

func TestNormalFormIsFixedPoint(t *testing.T) {
	rules := Rules()
	for _, v := range vectors {
		p := open()
		if v.rule != "date" {
			p.Region = v.set
		}
		checkRule(t, v.rule, rules[v.rule], v.input, p)
	}
	names := slices.Sorted(maps.Keys(rules))
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ +0-9a-zA-Z.,;:@()*'\-]{0,20}`)).Draw(t, "input")
		for _, n := range names {
			checkRule(t, n, rules[n], s, open())
		}
	})
}

func FuzzRules(f *testing.F) {
	rules := Rules()
	names := slices.Sorted(maps.Keys(rules))
	for _, v := range vectors {
		f.Add(v.input, v.set)
	}
	f.Add("e*\u0301*", "GB")
	f.Add("\u212a\u2000\u037e", "NO")
	f.Fuzz(func(t *testing.T, input, region string) {
		p := open()
		p.Region = region
		for _, n := range names {
			checkRule(t, n, rules[n], input, p)
		}
		lenient := *p
		lenient.Deobfuscate, lenient.FirstOfMultiple, lenient.StripSuffix, lenient.PadLeadingZero = true, true, true, true
		lenient.Width, lenient.FnrRule = 6, "1964"
		for _, n := range names {
			checkRule(t, n, rules[n], input, &lenient)
		}
		formats := Params{Formats: []string{"d.M.yyyy H:mm", "dd/MM/yyyy", "ddMMyy", "M/yyyy", FormatExcel, FormatEpochMS, FormatRFC3339}, Pivot: 30, Decimal: ','}
		for _, n := range []string{"date", "partial-date", "instant", "decimal"} {
			if got := rules[n](input, &formats); got.Reason != "" && got.Value != "" {
				t.Fatalf("%s: rejected and yet a value", n)
			}
		}
	})
}

func BenchmarkRules(b *testing.B) {
	rules := Rules()
	p := open()
	p.Formats = []string{"d.M.yyyy"}
	for _, c := range []struct{ label, rule, input string }{
		{"hetu", "hetu", "010190-900P"},
		{"phone", "phone", "+358400000001"},
		{"phone-national", "phone", "040 000 0001"},
		{"email", "email", "aino.esimerkki@mail.example"},
		{"email-mixed-case", "email", "Aino.Esimerkki@MAIL.example"},
		{"date", "date", "1.9.2021"},
		{"name", "name", "Esimerkki"},
		{"name-unicode", "name", "Näyte-Öhman"},
		{"municipality", "municipality", "491"},
	} {
		b.Run(c.label, func(b *testing.B) {
			rule := rules[c.rule]
			b.ReportAllocs()
			for b.Loop() {
				if !rule(c.input, p).OK() {
					b.Fatal("refused")
				}
			}
		})
	}
}
