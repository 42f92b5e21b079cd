package clerical_test

import (
	"bytes"
	"strings"
	"testing"

	"uoma/internal/fault"
	"uoma/transforms/clerical"
)

func TestASheetComesBackAsItWent(t *testing.T) {
	lines := []clerical.Line{
		{Ref: "1", Pair: clerical.NewPair("b", "a"), SystemA: "peppi", SystemB: "pegasos", Weight: 1.5, Known: true, SizeA: 1, SizeB: 2, Why: clerical.WhyBetween},
		{Ref: "2", Pair: clerical.NewPair("c", "d"), Linked: true, Verdict: clerical.Same, DecidedWith: "source"},
	}
	var b bytes.Buffer
	if err := clerical.WriteSheet(&b, lines); err != nil {
		t.Fatal(err)
	}
	if want := "1,a,b,peppi,pegasos,1.50,0.7388,1,2,false,uncertain,,\r\n"; !strings.Contains(b.String(), want) {
		t.Errorf("no line %q in\n%s", want, b.String())
	}
	for name, text := range map[string]string{
		"as written": b.String(), "mark": "\ufeff" + b.String(), "semicolons": strings.ReplaceAll(b.String(), ",", ";"),
		"line feeds": strings.ReplaceAll(b.String(), "\r\n", "\n"),
	} {
		rows, err := clerical.ReadSheet(strings.NewReader(text))
		if err != nil || len(rows) != 2 {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		for i, r := range rows {
			if r.Line != i+2 || r.Pair != lines[i].Pair || r.Verdict != lines[i].Verdict || r.Reason != lines[i].DecidedWith || r.Fault != nil {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

func TestWrongRowsKeepTheirLines(t *testing.T) {
	rows, err := clerical.ReadSheet(strings.NewReader("decision,record_b,record_a,reason\n" +
		"same,b,a,\nmaybe,b,a,\nsame,a,a,\nsame,b,a,because she told me\nsame,b\n,b,a,\nsame,\"b,a\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"", "UOMA-REV-VERDICT", "UOMA-REV-ROW-PAIR", "UOMA-REV-REASON", "UOMA-REV-ROW", "", "UOMA-REV-ROW"}
	if len(rows) != len(want) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		code := ""
		if r.Fault != nil {
			code = r.Fault.Code
		}
		if code != want[i] || r.Line != i+2 {
			t.Errorf("row %d: line %d, %q, want %q", i, r.Line, code, want[i])
		}
	}
	for _, text := range []string{"", "a,b\n1,2\n", "record_a,record_b\n"} {
		if _, err := clerical.ReadSheet(strings.NewReader(text)); fault.Code(err) != "UOMA-REV-SHEET" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzReadSheet(f *testing.F) {
	f.Add("record_a,record_b,decision\na,b,same\n")
	f.Add("\ufeffrecord_a;record_b;decision;reason\r\n\"a\";b;unsure;source\r\n")
	f.Add("record_a,record_b,decision\n\"a,b\n,,\"\"\"")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := clerical.ReadSheet(strings.NewReader(text))
		if err != nil {
			return
		}
		last := 1
		for _, r := range rows {
			if r.Line <= last && r.Fault == nil {
				t.Fatalf("line %d after %d", r.Line, last)
			}
			last = max(last, r.Line)
			if r.Fault == nil && r.Verdict != "" && (!r.Verdict.Known() || r.Pair.A == "" || r.Pair.A >= r.Pair.B) {
				t.Fatalf("taken: %+v", r)
			}
		}
	})
}
