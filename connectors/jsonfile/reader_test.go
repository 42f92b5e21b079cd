package jsonfile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"uoma/connectors/formattest"
	"uoma/connectors/jsonfile"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

// columns makes options of columns written as name=path, with a list separator behind a blank.
func columns(specs ...string) jsonfile.Options {
	var o jsonfile.Options
	o.Feed = "demo/rows"
	for _, spec := range specs {
		spec, list, _ := strings.Cut(spec, " ")
		name, path, _ := strings.Cut(spec, "=")
		o.Columns = append(o.Columns, tabular.Column{Name: name, Path: path, List: list})
	}
	return o
}

func read(r io.Reader, o jsonfile.Options) formattest.Result {
	s := formattest.Subject{Open: func(in formattest.Input, t tabular.Options) tabular.Reader {
		o.Options.Options = t
		return jsonfile.New(in.Reader, o)
	}}
	return s.Read(formattest.Input{Reader: r}, o.Options.Options)
}

func text(got formattest.Result) string {
	var lines []string
	for _, row := range got.Rows {
		lines = append(lines, strings.Join(row, "|"))
	}
	return strings.Join(lines, "\n")
}

func TestRows(t *testing.T) {
	each := columns("id=../id", "code", "from=period/start")
	each.Rows, each.Each, each.Count = "value", "studies", "@odata.count"
	deep := columns("id=../../id", "study=../code", "state=.")
	deep.Each = "studies/states"
	conditions := columns("mobile=phones[kind=mobile]/no", "home=phones[kind=home]/no")
	cases := map[string]struct {
		in   string
		o    jsonfile.Options
		want string
	}{
		"list":                 {`[{"a":"1","b":2},{"b":null,"a":true}]`, columns("a", "b"), "1|2\ntrue|"},
		"one object":           {`{"a":"1","b":2}`, columns("a", "b"), "1|2"},
		"documents in a row":   {"{\"a\":1}\n{\"a\":2} [{\"a\":3}]", columns("a"), "1\n2\n3"},
		"byte order mark":      {"\ufeff[{\"a\":1}]", columns("a"), "1"},
		"nested":               {`[{"x":{"y":{"a":"1"}},"b":"2"}]`, columns("a=x/y/a", "b"), "1|2"},
		"numbers keep digits":  {`[{"a":1.10,"b":-0.0},{"a":9007199254740991,"b":12345678901234567e-3}]`, columns("a", "b"), "1.10|-0.0\n9007199254740991|12345678901234567e-3"},
		"escapes":              {`[{"a":"\u00e4\ud834\udd1e\/\\\"","b":"x"}]`, columns("a", "b"), `ä𝄞/\"|x`},
		"escaped name":         {`[{"\u0061":"1"}]`, columns("a"), "1"},
		"names with signs":     {`[{"a/b":1,"_x@OData.Community.Display.V1.FormattedValue":"y"}]`, columns("a=a~1b", "b=_x@OData.Community.Display.V1.FormattedValue"), "1|y"},
		"list of values":       {`[{"a":["x","y"]},{"a":[]},{"a":["z"]}]`, columns("a ;", "b"), "x;y|\nz|"},
		"values of a list":     {`[{"m":[{"a":"x"},{"a":null},{"a":"y"}]}]`, columns("a=m/a ,"), "x,y"},
		"decomposed":           {`[{"a":"a\u0308"}]`, columns("a"), "ä"},
		"rows inside a record": {`{"@odata.count":2,"value":[{"studies":[{"code":"x","period":{"start":"2020"}},{"code":"y"}],"id":7},{"id":8,"studies":[]}]}`, each, "7|x|2020\n7|y|"},
		"rows of plain values": {`[{"id":1,"studies":[{"code":"x","states":["a","b"]},{"code":"y","states":["c"]}]}]`, deep, "1|x|a\n1|x|b\n1|y|c"},
		"conditions":           {`[{"phones":[{"no":"1","kind":"home"},{"kind":"mobile","no":"2"},{"no":"3","kind":"fax"}]}]`, conditions, "2|1"},
		"blank and unknown":    {`[{}, {"c":{"d":[1,{"e":[]}]}}, {"a":" "}, {"a":1}]`, columns("a"), "1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				got := read(in, c.o)
				if got.Err != nil || len(got.Rejected) > 0 || text(got) != c.want {
					t.Fatalf("got %q, %v, %+v; want %q", text(got), got.Err, got.Rejected, c.want)
				}
			}
		})
	}
}

func TestDrift(t *testing.T) {
	got := read(strings.NewReader(`[{"x":{"y":1,"z":{"a":1}},"new":[{"id":1}]},{"new":2}]`), columns("y=x/y", "gone"))
	if got.Err != nil || fmt.Sprint(got.Sum.Unknown) != "[x/z new]" || fmt.Sprint(got.Sum.Missing) != "[gone]" {
		t.Fatalf("%+v %v", got.Sum, got.Err)
	}
	required := columns("a", "gone")
	required.Columns[1].Required = true
	if got := read(strings.NewReader(`[{"a":1}]`), required); fault.Code(got.Err) != "UOMA-LND-HEADER-MISSING" {
		t.Error(got.Err)
	}
	if got := read(strings.NewReader(`[{"a":1,"gone":null}]`), required); got.Err != nil {
		t.Error(got.Err)
	}
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "{\"a\":1,\"%d\":1}\n", i)
	}
	if got := read(strings.NewReader(many.String()), columns("a")); len(got.Sum.Unknown) != 100 || got.Sum.Rows != 5000 {
		t.Errorf("%d unknown names", len(got.Sum.Unknown))
	}
}

// Records of which every name is another now are no export without rows.
func TestRenamedNames(t *testing.T) {
	rows, others := columns("id", "note"), columns("id", "note")
	rows.Columns[0].Required = true
	others.Columns[0].Required, others.SkipWhenFilled = true, []string{"note"}
	for name, c := range map[string]struct {
		in   string
		o    jsonfile.Options
		code string
	}{
		"every name":           {`[{"key":"1"},{"key":"2"}]`, rows, "UOMA-LND-HEADER-MISSING"},
		"keyed by its records": {`{"100":{"id":"1"},"101":{"id":"2"}}`, rows, "UOMA-LND-HEADER-MISSING"},
		"nothing in a record":  {`[{},{}]`, rows, ""},
		"no record":            {`[]`, rows, ""},
		"no value":             {`[{"id":null,"x":1}]`, rows, ""},
		"rejected":             {`[{"id":["1","2"],"x":1}]`, rows, ""},
		"rows of others":       {`[{"note":"1","x":1}]`, others, ""},
	} {
		if got := read(strings.NewReader(c.in), c.o); fault.Code(got.Err) != c.code || got.Sum.Rows > 0 {
			t.Errorf("%s: %v, %+v", name, got.Err, got.Sum)
		}
	}
	rows.Columns[0].Required = false
	if got := read(strings.NewReader(`[{"key":"1"}]`), rows); got.Err != nil || fmt.Sprint(got.Sum.Missing) != "[id note]" {
		t.Errorf("%+v %v", got.Sum, got.Err)
	}
}

func TestBadLinesAreRejectedAlone(t *testing.T) {
	o := columns("a", "b")
	o.Lines = true
	for line, code := range map[string]string{
		`{"a":1`: tabular.CodeMalformed, `{"a":01}`: tabular.CodeMalformed, `[1]`: tabular.CodeMalformed, `"a"`: tabular.CodeMalformed, `{"a":1}{"a":2}`: tabular.CodeMalformed,
		`{"a":1,"a":2}`: tabular.CodeDuplicate, `{"a":{"b":1}}`: tabular.CodeStructure, `{"a":["x","y"]}`: tabular.CodeSeveral,
		`{"a":"x\u0007"}`: tabular.CodeControl, "{\"a\":\"\x07\"}": tabular.CodeMalformed, `{"a":tru}`: tabular.CodeMalformed, `{"a":1,}`: tabular.CodeMalformed,
	} {
		got := read(strings.NewReader("{\"a\":1}\n\n"+line+"\r\n{\"a\":2}"), o)
		if got.Err != nil || text(got) != "1|\n2|" || len(got.Rejected) != 1 || got.Rejected[0].Line != 3 || got.Rejected[0].Code != code {
			t.Errorf("%s: %q %v %+v", line, text(got), got.Err, got.Rejected)
		}
		if !got.Sum.OpenEnd || got.Sum.Skipped[tabular.SkipBlank] != 1 {
			t.Errorf("%+v", got.Sum)
		}
	}
}

func TestSourceErrors(t *testing.T) {
	items := columns("a")
	items.Rows = "items"
	counted := columns("a")
	counted.Rows, counted.Count = "items", "total"
	lines := columns("a")
	lines.Lines = true
	cases := map[string]struct {
		in    string
		o     jsonfile.Options
		code  string
		place string
	}{
		"empty":                {"", items, "UOMA-LND-EMPTY", ""},
		"blank":                {" \n", items, "UOMA-LND-EMPTY", ""},
		"no rows":              {`{"values":[]}`, items, "UOMA-LND-ROWS", ":1:14"},
		"rows are no list":     {`{"items":7}`, items, "UOMA-LND-ROWS", ":1:10"},
		"syntax":               {"{\"items\":[{\"a\":1},\n {\"a\" 1}]}", items, "UOMA-LND-JSON", ":2:7"},
		"comma at the end":     {`{"items":[{"a":1},]}`, items, "UOMA-LND-JSON", ""},
		"name twice outside":   {`{"items":[],"items":[]}`, items, "UOMA-LND-JSON", ""},
		"cut":                  {`{"items":[{"a":1}`, items, "UOMA-LND-TRUNCATED", ""},
		"cut behind the rows":  {`{"items":[{"a":1}]`, items, "UOMA-LND-TRUNCATED", ""},
		"latin1":               {"{\"items\":[{\"a\":\"\xe4\"}]}", items, "UOMA-LND-ENCODING", ""},
		"latin1 in a name":     {"{\"\xe4\":1,\"items\":[]}", items, "UOMA-LND-ENCODING", ""},
		"latin1 in a line":     {"{\"a\":\"\xe4\"}\n", lines, "UOMA-LND-ENCODING", ":1"},
		"UTF-16":               {"\xff\xfe[\x00]\x00", items, "UOMA-LND-ENCODING", ""},
		"text behind":          {`{"items":[]} x`, items, "UOMA-LND-JSON", ""},
		"count differs":        {`{"total":2,"items":[{"a":1}]}`, counted, "UOMA-LND-CONTROL", ""},
		"count is missing":     {`{"items":[{"a":1}]}`, counted, "UOMA-LND-TRUNCATED", ""},
		"count is no number":   {`{"total":"x","items":[]}`, counted, "UOMA-LND-CONTROL", ""},
		"last line is cut":     {"{\"a\":1}\n{\"a\":", lines, "UOMA-LND-TRUNCATED", ":2"},
		"a plain value":        {`7`, items, "UOMA-LND-ROWS", ""},
		"depth":                {`{"items":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, items, "UOMA-LND-JSON", ""},
		"depth outside":        {`{"x":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, items, "UOMA-LND-JSON", ""},
		"no path out":          {`{}`, columns("a=../b"), "UOMA-LND-OPTIONS", ""},
		"two conditions":       {`{}`, columns("a=x[k=1]/y[k=2]"), "UOMA-LND-OPTIONS", ""},
		"condition is no pair": {`{}`, columns("a=x[k]"), "UOMA-LND-OPTIONS", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := read(strings.NewReader(c.in), c.o)
			if fault.Code(got.Err) != c.code || !strings.Contains(fmt.Sprint(got.Err), c.place) {
				t.Fatalf("got %v, want %s at %s", got.Err, c.code, c.place)
			}
		})
	}
}

// A number that another program would read as another one is not taken from its text either.
func TestThreat_T12_NumbersBeyondDoubles(t *testing.T) {
	for number, good := range map[string]bool{
		"9007199254740991": true, "-9007199254740991": true, "9007199254740992": false, "-9007199254740993": false, "12345678901234567890": false,
		"1e15": true, "1e16": false, "9.007199254740991e15": true, "9.007199254740992E+15": false, "1e400": false, "1e-400": true, "0e999999999999": true,
		"0.00001e20": true, "0.00001e21": false, "900719925474099.1": true, "90071992547409911e-1": true, "90071992547409920e-1": false, "100000000000000000000e-10": true,
	} {
		got := read(strings.NewReader(`[{"a":`+number+`,"unread":12345678901234567890}]`), columns("a"))
		if got.Err != nil || (len(got.Rows) == 1) != good || good && got.Rows[0][0] != number || !good && got.Rejected[0].Code != tabular.CodeNumber {
			t.Errorf("%s: %q %v %v", number, got.Rows, got.Rejected, got.Err)
		}
	}
}

func TestThreat_T12_AmbiguousRecordsAreRejected(t *testing.T) {
	for _, in := range []string{
		`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"x":{"y":1,"z":2,"y":3},"a":1}`, `{"a":1,"l":[{"q":1,"q":1}]}`, `{"a":"\ud800"}`, `{"a":"\udc00\ud800"}`,
	} {
		got := read(strings.NewReader("["+in+`,{"a":2}]`), columns("a"))
		if got.Err != nil || text(got) != "2" || len(got.Rejected) != 1 || got.Rejected[0].Line != 1 {
			t.Errorf("%s: %q %v", in, text(got), got.Err)
		}
	}
	var wide strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&wide, "\"k%d\":{\"k\":%d},", i, i)
	}
	got := read(strings.NewReader(`[{`+wide.String()+`"a":1},{`+wide.String()+`"k1":1}]`), columns("a"))
	if text(got) != "1" || len(got.Rejected) != 1 {
		t.Errorf("%q %d", text(got), len(got.Rejected))
	}
}

func TestThreat_T03_HostileJSON(t *testing.T) {
	fill := func(s string, n int) io.Reader { return io.LimitReader(&endless{s: s}, int64(n)) }
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, c := range map[string]struct {
		in   io.Reader
		code string // of the fault, or of the rejected record
	}{
		"endless string":      {io.MultiReader(strings.NewReader(`[{"a":"`), fill("x", 20<<20), strings.NewReader(`"},{"a":1}]`)), tabular.CodeTooLong},
		"endless backslashes": {io.MultiReader(strings.NewReader(`[{"a":"`), fill(`\\`, 20<<20), strings.NewReader(`"},{"a":1}]`)), tabular.CodeTooLong},
		"never closed":        {io.MultiReader(strings.NewReader(`[{"a":"`), fill("x", 20<<20)), "UOMA-LND-TRUNCATED"},
		"brackets":            {io.MultiReader(strings.NewReader(`[`), fill("[", 20<<20)), "UOMA-LND-TRUNCATED"},
		"many values":         {io.MultiReader(strings.NewReader(`[{"a":[1`), fill(",1", 2<<20), strings.NewReader(`]},{"a":1}]`)), tabular.CodeTooWide},
		"names outside":       {io.MultiReader(strings.NewReader(`{`), &names{n: 20_000}), "UOMA-LND-JSON"},
	} {
		o := columns("a ,")
		if name == "names outside" {
			o.Rows = "items"
		}
		got := read(c.in, o)
		if fault.Code(got.Err) != c.code && (got.Err != nil || text(got) != "1" || got.Rejected[0].Code != c.code) {
			t.Errorf("%s: %v, %q, %d rejected", name, got.Err, text(got), len(got.Rejected))
		}
	}
	rows := columns("a=../a", "b=.")
	rows.Each = "l"
	got := read(io.MultiReader(strings.NewReader(`[{"a":"`+strings.Repeat("x", 1<<20)+`","l":[1`), fill(",1", 40_000), strings.NewReader(`]},{"a":2,"l":[1]}]`)), rows)
	if got.Err != nil || text(got) != "2|1" || got.Rejected[0].Code != tabular.CodeTooLong {
		t.Errorf("multiplied: %v, %d rows", got.Err, len(got.Rows))
	}
	got = read(io.MultiReader(strings.NewReader(`[{"a":1,"l":[1`), fill(",1", 200_000), strings.NewReader(`]},{"a":2,"l":[1]}]`)), rows)
	if got.Err != nil || text(got) != "2|1" || got.Rejected[0].Code != tabular.CodeTooMany {
		t.Errorf("many rows: %v, %d rows", got.Err, len(got.Rows))
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 512<<20 {
		t.Errorf("%d bytes of memory", used)
	}
}

type endless struct {
	s  string
	at int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.s[e.at%len(e.s)]
		e.at++
	}
	return len(p), nil
}

// names gives names of an object without end.
type names struct{ i, n int }

func (k *names) Read(p []byte) (int, error) {
	if k.i == k.n {
		return 0, io.EOF
	}
	k.i++
	return copy(p, fmt.Sprintf("\"k%d\":1,", k.i)), nil
}

// FuzzRead compares with the standard library: what is accepted here is JSON, each record of it is accounted for, and a
// row's values are what it reads.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`[{"a":1,"b":"x"}]`, `{"a":[1,"2"]}`, `{"a":1}{"a":2}`, `[{"a":"\ud834\udd1e"}]`, `[{"a":-1.5e+3,"b":{}}]`, `[]`, `null`, `[[{"a":1}]]`, `{"a":1,"a":2}`,
		"\ufeff[{\"a\":\"ä\"}]", `[{"b":true},{"b":false},{"b":null}]`, `[{"a":"\u0000"}]`, `[{"l":[{"c":1},{"c":2}],"a":3},{"l":[]},{"l":{"c":4}},{}]`,
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s+"\n"+s), uint8(1))
		f.Add([]byte(s), uint8(2))
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		o := columns("a", "b=b/c", "l=l ,")
		if kind&2 != 0 {
			o = columns("a=../a", "c")
			o.Each = "l"
		}
		o.Lines = kind&1 != 0
		got := read(bytes.NewReader(b), o)
		formattest.Conserved(t, got)
		if got.Err != nil {
			return
		}
		if o.Lines {
			if want := formattest.Lines(formattest.Decoded(b, "utf-8")); o.Each == "" && formattest.Accounted(got.Sum) != want {
				t.Fatalf("%d lines, %+v", want, got.Sum)
			} else if formattest.Accounted(got.Sum) < want {
				t.Fatalf("%d lines, %+v", want, got.Sum)
			}
			return
		}
		var values []string
		records, rows, regular := int64(0), int64(0), true
		d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
		d.UseNumber()
		for {
			var v any
			if err := d.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("accepted what is no JSON: %v", err)
			}
			list, ok := v.([]any)
			if !ok && v != nil {
				list = []any{v}
			}
			for _, x := range list {
				records++
				m, ok := x.(map[string]any)
				if ok && m["a"] != nil {
					values = append(values, fmt.Sprint(m["a"]))
				}
				each, ok := m["l"].([]any)
				regular = regular && ok && !slices.ContainsFunc(each, func(x any) bool { _, ok := x.(map[string]any); return !ok })
				rows += int64(max(1, len(each))) // a record without rows is told of as well
			}
		}
		all := formattest.Accounted(got.Sum)
		switch {
		case o.Each == "" && all != records:
			t.Fatalf("%d records, %+v", records, got.Sum)
		case o.Each != "" && (all < records || regular && len(got.Rejected) == 0 && all != rows):
			t.Fatalf("%d records of %d rows, %+v", records, rows, got.Sum)
		}
		if o.Each != "" || len(got.Rejected) > 0 {
			return
		}
		for _, row := range got.Rows {
			if row[0] == "" {
				continue
			}
			for len(values) > 0 && (values[0] == "" || strings.TrimSpace(values[0]) == "") && values[0] != row[0] {
				values = values[1:]
			}
			if len(values) == 0 {
				t.Fatalf("a row that is not there: %q", row)
			}
			values = values[1:]
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const rows = 50_000
	var in bytes.Buffer
	for i := range rows {
		fmt.Fprintf(&in, `{"opiskelijatunnus":"%07d","henkilotunnus":"290296-977L","sukunimi":"Näyte-Öhman","etunimet":"Aino Maria","syntymaaika":"1996-02-29","sukupuoli":2,"aidinkieli":"fi","kansalaisuus":"246","osoite":{"katu":"Mallikatu %d A 2","postinumero":"50100"},"sahkoposti":"aino.esimerkki%d@mail.example","puhelin":"+358400000001","laajuus":210.000000,"valmistumisajankohta":1469998800000,"lisatieto":null}`+"\n", i, i%100, i)
	}
	o := columns("opiskelijatunnus", "henkilotunnus", "sukunimi", "etunimet", "syntymaaika", "sukupuoli", "aidinkieli", "kansalaisuus", "katu=osoite/katu", "postinumero=osoite/postinumero", "sahkoposti", "puhelin", "laajuus", "valmistumisajankohta")
	for name, lines := range map[string]bool{"lines": true, "document": false} {
		b.Run(name, func(b *testing.B) {
			o.Lines = lines
			b.SetBytes(int64(in.Len()))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				r := jsonfile.New(bytes.NewReader(in.Bytes()), o)
				for batch, err := range r.Batches(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
					n += batch.Len()
				}
				if n != rows {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// many gives the members of an object that has as many.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return b.String()[1:]
}

// TestRecordsUnderAnotherName: an error names what could be the records, and no value nor a name that is one.
func TestRecordsUnderAnotherName(t *testing.T) {
	items, each := columns("a"), columns("a")
	items.Rows, each.Each = "items", "states"
	shared, nested := columns("a"), columns("a")
	shared.Rows, shared.Others = "items", []record.Options{{Rows: "people"}, {Rows: "head/list"}}
	nested.Rows, nested.Others = "d/items", []record.Options{{Rows: "d/people"}}
	cases := map[string]struct {
		in    string
		o     jsonfile.Options
		found string
	}{
		"renamed":                      {`{"people":[{"a":1},{"a":2}],"made":"2026-11-21"}`, items, "it has people (2 times)"},
		"deeper":                       {`{"d":{"items":[{"a":1}]}}`, items, "it has d/items"},
		"a list":                       {`[{"a":1},{"a":2}]`, items, "it has a list of records and nothing around it"},
		"by key":                       {`{"12345":{"a":1},"x@y.example":{"a":2},"b":{"a":3}}`, items, "it has b, b/a"},
		"nothing":                      {`{}`, items, "it holds nothing that could be rows"},
		"of others and renamed":        {`{"people":[{"a":1}],"things":[{"a":2}]}`, shared, "it has people, things"},
		"one by one, some renamed":     {`[{"people":{"a":1}},{"things":{"a":2}},{"things":{"a":3}}]`, shared, "it has a list of records and nothing around it"},
		"of others, and by key":        {`{"people":[{"a":1}],"things":{"x1":{"a":{}},"x2":{"a":{}}}}`, shared, "it has people"},
		"of others, and too much":      {`{"people":[{"a":1,` + many(5000) + `}],"things":[{"a":2}]}`, shared, ""},
		"not even others":              {`{"head":{"list":[]}}`, shared, "it has head"},
		"what holds them is not there": {`{"e":{"people":[{"a":1}]}}`, nested, "it has e/people"},
	}
	for name, c := range cases {
		got := read(strings.NewReader(c.in), c.o)
		if fault.Code(got.Err) != "UOMA-LND-ROWS" || !strings.HasSuffix(got.Err.Error(), c.found) {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
	for in, o := range map[string]jsonfile.Options{
		`{"people":[{"a":1},{"a":2}],"head":{"list":[1,2],"made":"2026-11-21"}}`: shared,
		`[{"people":{"a":1}},{"people":{"a":2}}]`:                                shared,
		`{"d":{"people":[{"a":[{"b":1},{"b":2}]}]}}`:                             nested,
	} {
		if got := read(strings.NewReader(in), o); got.Err != nil || len(got.Rows) > 0 {
			t.Error("records of others", in, got.Err)
		}
	}
	if got := read(strings.NewReader(`[{"states":[]},{"states":null},{"x":1}]`), each); got.Err != nil || len(got.Rows) > 0 {
		t.Error("records without rows", got.Err)
	}
}

// TestListsThatNobodyHas: columns of rows whose list no record has are missing, those of the record are not.
func TestListsThatNobodyHas(t *testing.T) {
	deep := columns("id=../../id", "study=../code", "state=.", "other=../../x")
	deep.Each = "studies/states"
	for in, missing := range map[string]string{
		`[{"id":1,"studies":[{"code":"a","states":["x"]}]},{"id":2}]`:  "other",
		`[{"id":1,"studies":[{"code":"a","states":[]}]},{"id":2}]`:     "",
		`[{"id":1,"studies":[]},{"id":2}]`:                             "",
		`[{"id":1,"studies":[{"code":"a"},{}]},{"id":2,"studies":[]}]`: "state",
		`[{"id":1},{"id":2}]`:                                          "study state",
		`[{"id":1,"Studies":[{"states":[1]}]}]`:                        "study state",
	} {
		got := read(strings.NewReader(in), deep)
		if got.Err != nil || strings.Join(got.Sum.Missing, " ") != missing {
			t.Errorf("%s: %q is missing, %v", in, got.Sum.Missing, got.Err)
		}
	}
}

// TestAnnotationsAreNoColumns: what OData says of a record is reported as new of none, and read where a column is its name.
func TestAnnotationsAreNoColumns(t *testing.T) {
	o := columns("a", "b=s@Community.Label")
	o.Rows = "value"
	got := read(strings.NewReader(`{"@odata.context":"x","value":[{"@odata.etag":"W/1","a":1,"s":2,"s@Community.Label":"two","a@odata.type":"#Int","@id":7}]}`), o)
	if got.Err != nil || text(got) != "1|two" || strings.Join(got.Sum.Unknown, " ") != "s @id" {
		t.Errorf("%v %q %q", got.Err, text(got), got.Sum.Unknown)
	}
}
