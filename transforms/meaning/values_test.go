package meaning

import (
	"fmt"
	"strings"

	"uoma/transforms/linkage"
)

var (
	givenStock  = strings.Fields("Anna Matti Johanna Erik Kari Siri Oliver Emma Thomas Laura Xanthippe Quillon")
	familyStock = strings.Fields("Korhonen Hansen Smith Lindström Virtanen Berg Jones Kivelä Moore Nygård")
	townStock   = strings.Fields("Mikkeli Oslo London Kotka Bergen Stockholm")
	oidStock    = []string{"1.2.246.562.24.12345678907", "1.2.246.562.24.23456789017", "1.2.246.562.24.34567890127", "1.2.246.562.24.10000000016", "1.2.246.562.24.45678901237"}
	hetuStock   = []string{"010185-901E", "020286-9037", "030387-9050", "040488-907S", "050589-911L", "060690-914D"}
)

// makers make values of a column, one for each row.
var makers = map[string]func(row int) string{
	"":       func(int) string { return "" },
	"rec":    func(n int) string { return fmt.Sprintf("r%06d", n) },
	"serial": func(n int) string { return fmt.Sprint(n) },
	"given":  func(n int) string { return givenStock[n%len(givenStock)] },
	"middle": func(n int) string { return []string{"", "A", "Maria", "J"}[n%4] },
	"family": func(n int) string { return familyStock[n*7%len(familyStock)] },
	"full":   func(n int) string { return givenStock[n%len(givenStock)] + " " + familyStock[n*7%len(familyStock)] },
	"titled": func(n int) string {
		return "Sir " + givenStock[n%len(givenStock)] + " " + familyStock[n*7%len(familyStock)] + ", 2nd Baronet"
	},
	"reversed": func(n int) string {
		return familyStock[n*7%len(familyStock)] + ", " + givenStock[n%len(givenStock)] + " " + givenStock[n*5%len(givenStock)]
	},
	"birth":    func(n int) string { return fmt.Sprintf("%d-%02d-%02d", 1940+n*13%65, 1+n%12, 1+n%28) },
	"compact":  func(n int) string { return fmt.Sprintf("%d%02d%02d", 1940+n*13%65, 1+n%12, 1+n%28) },
	"dotted":   func(n int) string { return fmt.Sprintf("%d.%d.%d", 1+n%28, 1+n%12, 1940+n*13%65) },
	"american": func(n int) string { return fmt.Sprintf("%d/%d/%d", 1+n%12, 1+n%28, 1940+n*13%65) },
	"old":      func(n int) string { return fmt.Sprintf("%d-%02d-%02d", 1500+n*13%400, 1+n%12, 1+n%28) },
	"birthyr":  func(n int) string { return fmt.Sprint(1940 + n*13%65) },
	"month":    func(n int) string { return fmt.Sprint(1 + n*7%12) },
	"dayno":    func(n int) string { return fmt.Sprint(1 + n*11%29) },
	"recent":   func(n int) string { return fmt.Sprintf("2024-%02d-%02dT08:00:00", 1+n%12, 1+n%28) },
	"year":     func(n int) string { return fmt.Sprint(1995 + n%9) },
	"age":      func(n int) string { return fmt.Sprint(18 + n%70) },
	"sex":      func(n int) string { return []string{"m", "f"}[n%2] },
	"sexcode":  func(n int) string { return []string{"1", "2"}[n%2] },
	"flag":     func(n int) string { return []string{"true", "false"}[n/3%2] },
	"street": func(n int) string {
		return fmt.Sprintf("%s %d", []string{"Koivutie", "Storgatan", "Rantakatu"}[n%3], n%90+1)
	},
	"avenue":  func(n int) string { return fmt.Sprintf("%d oak avenue", n%90+1) },
	"line2":   func(n int) string { return []string{"", "red gate", "locn 42", "flat 3"}[n%4] },
	"house":   func(n int) string { return fmt.Sprint(n%90 + 1) },
	"post":    func(n int) string { return fmt.Sprintf("%05d", 100+n%40*1010) },
	"dropped": func(n int) string { return strings.TrimLeft(fmt.Sprintf("%05d", 100+n%40*1010), "0"[:1-min(n%9, 1)]) },
	"staff":   func(n int) string { return fmt.Sprintf("%06d", 17+n*131) },
	"british": func(n int) string { return fmt.Sprintf("SW%d %dAB", n%9+1, n%7+1) },
	"town":    func(n int) string { return townStock[n%len(townStock)] },
	"region":  func(n int) string { return []string{"nsw", "vic", "qld", "wa"}[n%4] },
	"phone":   func(n int) string { return fmt.Sprintf("+35840000%04d", n) },
	"dialled": func(n int) string { return fmt.Sprintf("040 000 %04d", n) },
	"mail":    func(n int) string { return fmt.Sprintf("p%d@mail.example", n) },
	"hetu":    func(n int) string { return hetuStock[n%len(hetuStock)] },
	"number7": func(n int) string { return fmt.Sprint(1000000 + n*7919%900000) },
	"ssn":     func(n int) string { return fmt.Sprintf("900-%02d-%04d", n%90+1, n) },
	"oid":     func(n int) string { return oidStock[n%len(oidStock)] },
	"guid":    func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) },
	"system":  func(n int) string { return []string{"peppi", "pegasos"}[n%2] },
	"cluster": func(n int) string { return fmt.Sprint(n / 3) },
	"job":     func(n int) string { return []string{"Lehtori", "nurse", "project manager", "baker"}[n%4] },
	"title":   func(n int) string { return fmt.Sprintf("a very long title of a paper about the matter %d", n) },
	"firm":    func(n int) string { return []string{"Malli Oy", "Esimerkki Ab", "Acme Ltd"}[n%3] },
	"about":   func(n int) string { return fmt.Sprintf("what it is and what it does, told in some words %d", n%17) },
	"place":   func(n int) string { return townStock[n/2%len(townStock)] },
	"price":   func(n int) string { return fmt.Sprintf("%d.99", n) },
	"same":    func(int) string { return "FI" },
}

const sampleRows = 200

// sampleOf makes a header and rows from "name:maker" words; the maker is the name where none is told.
func sampleOf(text string) (header []string, sample [][]string) {
	var fill []func(int) string
	for field := range strings.FieldsSeq(text) {
		name, maker, _ := strings.Cut(field, ":")
		header = append(header, strings.ReplaceAll(name, "~", " "))
		m, ok := makers[maker]
		if !ok {
			panic("no maker " + maker)
		}
		fill = append(fill, m)
	}
	for n := range sampleRows {
		row := make([]string, len(fill))
		for i, m := range fill {
			row[i] = m(n)
		}
		sample = append(sample, row)
	}
	return header, sample
}

func kindsOf(columns []Column) string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Field.Kind.String())
	}
	return strings.Join(out, " ")
}

func kindOf(t interface{ Fatalf(string, ...any) }, name string) linkage.Kind {
	k, ok := linkage.KindOf(name)
	if !ok {
		t.Fatalf("no kind %q", name)
	}
	return k
}
