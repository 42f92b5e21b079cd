package csvfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"uoma/connectors/csvfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// result is all that reading one export gave.
type result struct {
	rows     [][]string // line, then the columns; "<null>" for a null
	rejected []canon.Rejection
	sum      tabular.Summary
	err      error
}

func read(in io.Reader, o csvfile.Options) result {
	var res result
	o.Feed = "demo/rows"
	o.Reject = func(r canon.Rejection) { res.rejected = append(res.rejected, r) }
	r := csvfile.New(in, o)
	for b, err := range r.Batches(context.Background()) {
		if err != nil {
			res.err = err
			break
		}
		for i := range b.Len() {
			row := []string{fmt.Sprint(b.Col(canon.RawLine).Int(i))}
			for c := canon.RawFirst; c < len(b.Table.Columns); c++ {
				v := "<null>"
				if !b.Col(c).Null(i) {
					v = strings.Clone(b.Col(c).Text(i))
				}
				row = append(row, v)
			}
			res.rows = append(res.rows, row)
		}
	}
	res.sum = r.Summary()
	return res
}

func columns(names ...string) csvfile.Options {
	var o csvfile.Options
	for i, n := range names {
		o.Columns = append(o.Columns, tabular.Column{Name: n, Position: i + 1})
	}
	return o
}

func (r result) text() string {
	var lines []string
	for _, row := range r.rows {
		lines = append(lines, strings.Join(row, "|"))
	}
	return strings.Join(lines, "\n")
}

func TestRows(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"LF":                        {"a;b\n1;2\n3;4\n", "2|1|2\n3|3|4"},
		"CRLF":                      {"a;b\r\n1;2\r\n3;4\r\n", "2|1|2\n3|3|4"},
		"lone CR":                   {"a;b\r1;2\r3;4\r", "2|1|2\n3|3|4"},
		"mixed line ends":           {"a;b\r1;2\n3;4\r\n5;6", "2|1|2\n3|3|4\n4|5|6"},
		"no line end at the end":    {"a;b\n1;2", "2|1|2"},
		"empty cells are null":      {"a;b\n;2\n1;\n", "2|<null>|2\n3|1|<null>"},
		"quoted":                    {"a;b\n\"1\";\"2\"\n", "2|1|2"},
		"quoted empty is null":      {"a;b\n\"\";2\n", "2|<null>|2"},
		"quoted delimiter":          {"a;b\n\"1;x\";2\n", "2|1;x|2"},
		"quoted line end":           {"a;b\n\"1\r\nx\ny\rz\";2\n3;4\n", "2|1\r\nx\ny\rz|2\n6|3|4"},
		"doubled quotes":            {"a;b\n\"say \"\"hi\"\"\";\"\"\"\"\n", `2|say "hi"|"`},
		"quote inside unquoted":     {"a;b\n5\" pipe;O\"x\"\n", `2|5" pipe|O"x"`},
		"quote inside quoted":       {"a;b\n\"the \"big\" one\";2\n", `2|the "big" one|2`},
		"blanks before a quote":     {"a;b\n \"1\";2\n", `2| "1"|2`},
		"quoted last without end":   {"a;b\n1;\"2\"", "2|1|2"},
		"blanks are kept":           {"a;b\n 1 ;\t2\n", "2| 1 |\t2"},
		"trailing delimiter":        {"a;b\n1;2;\n", "2|1|2"},
		"trailing delimiter, all":   {"a;b;\n1;2;\n3;4\n", "2|1|2\n3|3|4"},
		"blank lines":               {"a;b\n\n;\n  ;\n1;2\n\r\n", "5|1|2"},
		"sep line":                  {"sep=;\na;b\n1;2\n", "3|1|2"},
		"byte order mark":           {"\ufeffa;b\n1;ä\n", "2|1|ä"},
		"byte order mark and quote": {"\ufeff\"a\";\"b\"\n1;2\n", "2|1|2"},
		"header by case and blanks": {" A ;B\n1;2\n", "2|1|2"},
		"reordered, others dropped": {"x;b;secret;a\n9;2;8;1\n", "2|1|2"},
		"repeated header":           {"a;b\n1;2\na;b\n3;4\n", "2|1|2\n4|3|4"},
		"totals at the end":         {"a;b;c\n1;2;3\nYhteensä;1;\nRivejä yhteensä: 1\nTotal;;\n", "2|1|2"},
		"decomposed becomes NFC":    {"a;b\na\u0308;o\u0308\n", "2|ä|ö"},
		"formula stays text":        {"a;b\n=1+1;@x\n", "2|=1+1|@x"},
		"eight bytes and more":      {"a;b\n12345678;123456789012345\n1234567;1\n", "2|12345678|123456789012345\n3|1234567|1"},
		"a family called Sum":       {"a;b\nSum;Wing\nTotal;x\n", "2|Sum|Wing\n3|Total|x"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				got := read(in, columns("a", "b"))
				if got.err != nil || len(got.rejected) > 0 || got.text() != c.want {
					t.Fatalf("got %q, %v, rejected %v; want %q", got.text(), got.err, got.rejected, c.want)
				}
			}
		})
	}
}

func TestEncodings(t *testing.T) {
	utf16le := func(s string) string {
		var b []byte
		for _, r := range s {
			if r > 0xFFFF {
				r -= 0x10000
				hi, lo := 0xD800+r>>10, 0xDC00+r&0x3FF
				b = append(b, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8))
				continue
			}
			b = append(b, byte(r), byte(r>>8))
		}
		return string(b)
	}
	swap := func(s string) string {
		b := []byte(s)
		for i := 0; i+1 < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
		return string(b)
	}
	cases := map[string]struct{ in, encoding, want, name string }{
		"windows-1252":         {"a;b\n\xc5sa;\x80 \x8a\n", "windows-1252", "2|Åsa|€ Š", "windows-1252"},
		"latin1 is the same":   {"a;b\n\xd6hman;\x96\n", "latin1", "2|Öhman|–", "windows-1252"},
		"iso-8859-15":          {"a;b\n\xa4;\xa6\n", "iso-8859-15", "2|€|Š", "iso-8859-15"},
		"mark beats layout":    {"\ufeffa;b\nä;1\n", "windows-1252", "2|ä|1", "utf-8"},
		"utf-16le with mark":   {"\xff\xfe" + utf16le("a;b\r\nä;𝄞\r\n"), "", "2|ä|𝄞", "utf-16le"},
		"utf-16be with mark":   {"\xfe\xff" + swap(utf16le("a;b\nä;𝄞\n")), "latin1", "2|ä|𝄞", "utf-16be"},
		"utf-16le by layout":   {utf16le("a;b\nä;2\n"), "utf-16le", "2|ä|2", "utf-16le"},
		"utf-8 says the least": {"a;b\nø;2\n", "", "2|ø|2", "utf-8"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				o := columns("a", "b")
				o.Encoding = c.encoding
				got := read(in, o)
				if got.err != nil || got.text() != c.want || got.sum.Encoding != c.name {
					t.Fatalf("got %q as %s, %v", got.text(), got.sum.Encoding, got.err)
				}
			}
		})
	}
}

func TestSourceErrors(t *testing.T) {
	trailer := regexp.MustCompile(`^Rivejä yhteensä: (\d+)$`)
	required := columns("a", "b")
	required.Columns[0].Required = true
	with := func(change func(*csvfile.Options)) csvfile.Options {
		o := columns("a", "b")
		change(&o)
		return o
	}
	enc := func(name string) csvfile.Options { return with(func(o *csvfile.Options) { o.Encoding = name }) }
	withColumn := func(name string) csvfile.Options {
		o := columns(name)
		o.Encoding, o.Columns[0].Required = "windows-1252", true
		return o
	}
	control := with(func(o *csvfile.Options) { o.Trailer, o.TrailerRequired = trailer, true })
	none := with(func(o *csvfile.Options) { o.Header, o.FieldCounts = tabular.HeaderNone, []int{2, 4} })
	cases := map[string]struct {
		in   string
		o    csvfile.Options
		code string
		line int
	}{
		"empty":                            {"", columns("a"), "UOMA-LND-EMPTY", 0},
		"only blank lines":                 {"\n;;\n", columns("a"), "UOMA-LND-EMPTY", 0},
		"missing required":                 {"x;b\n1;2\n", required, "UOMA-LND-HEADER-MISSING", 1},
		"no known column":                  {"Aino;Esimerkki\n1;2\n", columns("a"), "UOMA-LND-HEADER", 1},
		"a row of data, some values twice": {"Aino;fi;fi\n", columns("a", "b"), "UOMA-LND-HEADER", 1},
		"duplicate":                        {"a;b;A\n", columns("a", "b"), "UOMA-LND-HEADER-DUPLICATE", 1},
		"duplicate unknown":                {"a;x;X\n", columns("a", "b"), "UOMA-LND-HEADER-DUPLICATE", 1},
		"control character in header":      {"a\x00;b\n", columns("a", "b"), "UOMA-LND-HEADER", 1},
		"UTF-8 throughout":                 {"a;b\nä;1\nöljymäki;2\nåäöäöå;3\n", enc("windows-1252"), "UOMA-LND-ENCODING", 0},
		"UTF-8 in the header":              {"sähkö;b\n1;2\n", withColumn("sähkö"), "UOMA-LND-ENCODING", 1},
		"cut in a row":                     {"a;b\n1;2\n3", columns("a", "b"), "UOMA-LND-TRUNCATED", 3},
		"open quote":                       {"a;b\n1;\"2\n3;4\n", columns("a", "b"), "UOMA-LND-TRUNCATED", 2},
		"count differs":                    {"a;b\n1;2\nRivejä yhteensä: 2\n", control, "UOMA-LND-CONTROL", 3},
		"two control lines":                {"a;b\n1;2\nRivejä yhteensä: 1\nRivejä yhteensä: 1\n", control, "UOMA-LND-CONTROL", 4},
		"control line missing":             {"a;b\n1;2\n", control, "UOMA-LND-TRUNCATED", 2},
		"another count of fields":          {"1;2;3\n", none, "UOMA-LND-FIELDS", 1},
		"latin1 in utf-8":                  {"a;b\nä;1\n\xe4;2\n", columns("a", "b"), "UOMA-LND-ENCODING", 3},
		"undefined in windows-1252":        {"a;b\n1;\x81\n", enc("windows-1252"), "UOMA-LND-ENCODING", 2},
		"undefined in a dropped field":     {"a;b;c\n1;2;\x9d\n", enc("latin1"), "UOMA-LND-ENCODING", 2},
		"half a surrogate":                 {"a\x00;\x00b\x00\n\x00\x00\xd8\n\x00", enc("utf-16le"), "UOMA-LND-ENCODING", 2},
		"half a character":                 {"a\x00;\x00b\x00\n\x001", enc("utf-16le"), "UOMA-LND-ENCODING", 2},
		"UTF-16 as UTF-8":                  {"a\x00;\x00b\x00\n\x00", columns("a", "b"), "UOMA-LND-HEADER", 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := read(strings.NewReader(c.in), c.o)
			var e *fault.Error
			if !errors.As(got.err, &e) || e.Code != c.code || e.Scope != fault.Source || e.Place.Line != c.line {
				t.Fatalf("got %v, want %s at line %d", got.err, c.code, c.line)
			}
			if strings.Contains(e.Error(), "Aino") {
				t.Fatal("the error shows what stood in the file")
			}
		})
	}
}

// TestAQuoteThatSwallowsRows has a quote at the beginning of a field that nobody closed: the next one that stands before a delimiter
// closes it, rows later.
func TestAQuoteThatSwallowsRows(t *testing.T) {
	const header = "a;b;c\n"
	for name, c := range map[string]struct{ in, want, rejected string }{
		"closed by a quoted field":    {"1;\"Malli\" Oy;x\n2;y;y\n3;\"z;z\";z\n4;u;u\n", "3|2|y|y\n4|3|z;z|z\n5|4|u|u", "2 open-quote"},
		"with a delimiter in it":      {"1;\"Malli\" Oy; Ab;x\n2;y;y\n3;\"z;z\";z\n", "3|2|y|y\n4|3|z;z|z", "2 open-quote"},
		"twice":                       {"1;\"Malli;x\n2;\"Toinen;y\n3;z;z\n4;\"u\";u\n", "4|3|z|z\n5|4|u|u", "2 open-quote, 3 open-quote"},
		"in lines that end with CRLF": {"1;\"Malli;x\r\n2;y;y\r\n3;\"z\";z\r\n", "3|2|y|y\n4|3|z|z", "2 open-quote"},
		"and blank lines":             {"1;\"Malli;x\n\n2;y;y\n3;\"z\";z\n", "4|2|y|y\n5|3|z|z", "2 open-quote"},
		"to the end of the export":    {"1;\"Malli;x\n2;y;y\n3;\"z\";z", "3|2|y|y\n4|3|z|z", "2 open-quote"},
		"lines of one row":            {"1;\"two\nlines\";x\n2;y;y\n", "2|1|two\nlines|x\n4|2|y|y", ""},
		"lines of a row with more":    {"1;\"two\nlines\";x;x\n2;y;y\n", "4|2|y|y", "2 field-count"},
		"text that looks like a row":  {"1;\"two \"\"\n8;9;9\n\"\"lines\";x\n2;y;y\n", "2|1|two \"\n8;9;9\n\"lines|x\n5|2|y|y", ""},
		"sloppy quotes in one row":    {"1;\"the \"big\" one\nof all\";x\n2;y;y\n", "2|1|the \"big\" one\nof all|x\n4|2|y|y", ""},
		"text with the header's delimiters": {"1;\"Met \"Anna\" at the fair.\nLikes dogs; cats; birds.\nCall back\";2020\n2;y;y\n",
			"2|1|Met \"Anna\" at the fair.\nLikes dogs; cats; birds.\nCall back|2020\n5|2|y|y", ""},
		"text that ends as a row does":   {"1;\"Met \"Anna\".\nLikes; dogs\";2020\n", "2|1|Met \"Anna\".\nLikes; dogs|2020", ""},
		"text with a word in quotes":     {"1;\"Met \"Anna\".\nLikes \"dogs\";2020\n", "2|1|Met \"Anna\".\nLikes \"dogs|2020", ""},
		"text and a line with its quote": {"1;\"Met \"Anna\".\n\";2020\n", "2|1|Met \"Anna\".\n|2020", ""},
		"a row of several lines":         {"1;\"Malli;x\n2;y;y\n3;\"two\n8;9;9\nlines\";z\n4;z;z\n", "3|2|y|y\n4|3|two\n8;9;9\nlines|z\n7|4|z|z", "2 open-quote"},
		"quotes within a field":          {"1;\"Malli;x\n2;\"Toinen\" Oy;y\n3;Kolmas \"Oy\";z\n", "4|3|Kolmas \"Oy\"|z", "2 open-quote, 3 open-quote"},
		"into another column":            {"1;\"Malli\" Oy;x\n2;y;y\n3;z;\"z\"\n", "3|2|y|y\n4|3|z|z", "2 open-quote"},
	} {
		t.Run(name, func(t *testing.T) {
			o := columns("a", "b", "c")
			sameEitherWay(t, []byte(header+c.in), o)
			got := read(strings.NewReader(header+c.in), o)
			var rejected []string
			for _, r := range got.rejected {
				rejected = append(rejected, fmt.Sprint(r.Line, " ", r.Code))
			}
			if got.err != nil || got.text() != c.want || strings.Join(rejected, ", ") != c.rejected {
				t.Errorf("%q, %q, %v", got.text(), rejected, got.err)
			}
		})
	}
}

// TestManyOpenQuotes has more quotes that nobody closed than are told apart: each costs a look at all up to where they close.
func TestManyOpenQuotes(t *testing.T) {
	const closed = "2;\"z\";z\n"
	for n, want := range map[int]string{256: "", 257: "UOMA-LND-ROW"} {
		got := read(strings.NewReader("a;b;c\n"+strings.Repeat("1;\"Malli;x\n9;y;y\n", n)+closed+"1;\"Malli;x\n"+closed), columns("a", "b", "c"))
		if fault.Code(got.err) != want || want == "" && (len(got.rows) != n+2 || len(got.rejected) != n+1) {
			t.Errorf("%d: %d rows, %d rejected, %v", n, len(got.rows), len(got.rejected), got.err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*csvfile.Options){
		"encoding":      func(o *csvfile.Options) { o.Encoding = "ebcdic" },
		"delimiter":     func(o *csvfile.Options) { o.Delimiter = '\n' },
		"quote":         func(o *csvfile.Options) { o.Quote = ';' },
		"header":        func(o *csvfile.Options) { o.Header = "perhaps" },
		"same name":     func(o *csvfile.Options) { o.Columns[1].Aliases = []string{" A "} },
		"no columns":    func(o *csvfile.Options) { o.Columns = nil },
		"trailer":       func(o *csvfile.Options) { o.Trailer = regexp.MustCompile("(x)(y)") },
		"no trailer":    func(o *csvfile.Options) { o.TrailerRequired = true },
		"skip":          func(o *csvfile.Options) { o.SkipWhenEmpty = []string{"z"} },
		"no position":   func(o *csvfile.Options) { o.Header = "none"; o.Columns[0] = tabular.Column{Name: "a", Required: true} },
		"negative":      func(o *csvfile.Options) { o.Columns[0].Position = -1 },
		"an empty name": func(o *csvfile.Options) { o.Columns[0].Name = "" },
	} {
		o := columns("a", "b")
		change(&o)
		got := read(strings.NewReader("a;b\n1;2\n"), o)
		if fault.Code(got.err) != "UOMA-LND-OPTIONS" || fault.ScopeOf(got.err) != fault.Run {
			t.Errorf("%s: %v", name, got.err)
		}
	}
}

func TestRejectedRows(t *testing.T) {
	o := columns("a", "b", "c")
	o.Encoding = "windows-1252"
	got := read(strings.NewReader("a;b;c\n1;2\n1;2;3;4\n1;\x00;3\n\xe4;\x07;3\n\"x\ny\";2\nYhteens\xe4;5\n1;2;3\n"), o)
	type short struct {
		line int64
		code string
		raw  string
	}
	var list []short
	for _, r := range got.rejected {
		list = append(list, short{r.Line, r.Code, string(r.Raw)})
	}
	want := []short{
		{2, "field-count", "1;2"}, {3, "field-count", "1;2;3;4"}, {4, "control-character", "1;\x00;3"},
		{5, "control-character", "\xe4;\x07;3"}, {6, "field-count", "\"x\ny\";2"}, {8, "summary-inside", "Yhteens\xe4;5"},
	}
	if !reflect.DeepEqual(list, want) || got.text() != "9|1|2|3" || got.err != nil {
		t.Fatalf("got %v and %q, %v", list, got.text(), got.err)
	}
	if got.sum.Rows != 1 || got.sum.Rejected != 6 {
		t.Fatalf("%+v", got.sum)
	}
}

// TestALastLineWithoutACount has a last line that is no row, tells no number that is checked, and has no line end.
func TestALastLineWithoutACount(t *testing.T) {
	for name, c := range map[string]struct {
		in       string
		required bool
		code     string
	}{
		"last":         {"a;b\n1;2\n3;4\n(2 rows affected)", true, ""},
		"no rows":      {"a;b\n(0 rows affected)\n", true, ""},
		"missing":      {"a;b\n1;2\n3;4\n", true, "UOMA-LND-TRUNCATED"},
		"not required": {"a;b\n1;2\n3;4\n", false, ""},
		"two":          {"a;b\n1;2\n(1 rows affected)\n(1 rows affected)\n", false, "UOMA-LND-CONTROL"},
		"inside":       {"a;b\n1;2\n(1 rows affected)\n3;4\n", false, "UOMA-LND-CONTROL"},
		"another":      {"a;b\n1;2\n3;4\nEnd of report", false, "UOMA-LND-TRUNCATED"},
	} {
		o := columns("a", "b")
		o.Trailer, o.TrailerRequired = regexp.MustCompile(`^\(\d+ rows affected\)$`), c.required
		got := read(strings.NewReader(c.in), o)
		if fault.Code(got.err) != c.code || c.code == "" && (len(got.rejected) != 0 || int(got.sum.Skipped["trailer"])+len(got.rows) != strings.Count(strings.TrimSpace(c.in), "\n")) {
			t.Errorf("%s: %q, %+v, %v", name, got.rows, got.sum, got.err)
		}
	}
	o := columns("a")
	o.Header, o.Trailer, o.TrailerRequired = "none", regexp.MustCompile(`^End$`), true
	if got := read(strings.NewReader("End\n"), o); got.err != nil || len(got.rows) != 0 {
		t.Errorf("without a header: %q, %v", got.rows, got.err)
	}
}

func TestSummary(t *testing.T) {
	o := columns("a", "b", "c", "d")
	o.Columns[1].Aliases = []string{"Bee"}
	o.Columns[3].Required = true
	o.SkipWhenEmpty = []string{"a"}
	o.Trailer = regexp.MustCompile(`^Rivejä yhteensä: (\d+)$`)
	in := "sep=;\nd;BEE;a;x;Y y\n1;2;3;;\n\n1;Ã¤Ã–;3;;\nd;BEE;a;x;Y y\n9;2;;;\nbad\nTotal;;;;\nRivejä yhteensä: 3;;;;"
	got := read(strings.NewReader(in), o)
	three := int64(3)
	want := tabular.Summary{Encoding: "utf-8", Rows: 2, Rejected: 1, Header: 2, Reordered: true, Control: &three, Mojibake: 1, OpenEnd: true,
		Unknown: []string{"x", "Y y"}, Missing: []string{"c"}, Places: []int{3, 2, 0, 1},
		Skipped: map[string]int64{"sep": 1, "blank": 1, "header": 1, "subtotal": 1, "summary": 1, "trailer": 1}}
	if got.err != nil || !reflect.DeepEqual(got.sum, want) {
		t.Fatalf("got %+v, %v", got.sum, got.err)
	}
}

// TestRowsOfOthers are passed over and counted, whatever else they are.
func TestRowsOfOthers(t *testing.T) {
	o := columns("a", "b", "c")
	o.SkipWhenFilled = []string{"b", "c"}
	got := read(strings.NewReader("a;b;c\n1;;\n2;x;\n3;;y\n;x;y\n4; ;\n"), o)
	if got.err != nil || got.text() != "2|1|<null>|<null>\n6|4| |<null>" || got.sum.Rows != 2 || got.sum.Skipped["other"] != 3 {
		t.Fatalf("%q %+v %v", got.text(), got.sum, got.err)
	}
	o.SkipWhenFilled = []string{"z"}
	if got := read(strings.NewReader("a;b;c\n"), o); fault.Code(got.err) != "UOMA-LND-OPTIONS" || !strings.Contains(got.err.Error(), "skip-when-filled") {
		t.Error(got.err)
	}
}

func TestWithoutHeader(t *testing.T) {
	o := columns("number", "name")
	o.Columns[1].Position = 3
	o.Header, o.FieldCounts, o.TrailerRequired = tabular.HeaderNone, []int{3, 4}, true
	o.Trailer = regexp.MustCompile(`^\*\*\* LOPPU (\d+)$`)
	for in, want := range map[string]string{
		"1;x;A\r\n2;x;B;\r\n*** LOPPU 2\r\n": "1|1|A\n2|2|B",
		"1;x;A;y;\n*** LOPPU 1\n":            "1|1|A",
		"*** LOPPU 0\n":                      "",
	} {
		if got := read(strings.NewReader(in), o); got.err != nil || got.text() != want {
			t.Errorf("%q: got %q, %v", in, got.text(), got.err)
		}
	}
}

func TestHeaderAuto(t *testing.T) {
	o := columns("HENKILONUMERO", "SUKUNIMI")
	o.Header = tabular.HeaderAuto
	for in, want := range map[string]string{
		"004711;Koe\n":                         "1|004711|Koe",
		"sukunimi;henkilonumero\nKoe;004711\n": "2|004711|Koe",
	} {
		if got := read(strings.NewReader(in), o); got.err != nil || got.text() != want {
			t.Errorf("%q: got %q, %v", in, got.text(), got.err)
		}
	}
}

func TestTitleRows(t *testing.T) {
	o := columns("Projektinumero", "Nimi")
	o.Columns[1].Required = true
	o.Titles = 3
	o.SkipWhenEmpty = []string{"Nimi"}
	in := "Projektihenkilöt\nAjettu;1.1.2026\n\nProjektinumero;Nimi\n21-0045;Testaaja Veikko\n21-0045;\nYhteensä;\n"
	got := read(strings.NewReader(in), o)
	if got.err != nil || got.text() != "5|21-0045|Testaaja Veikko" || got.sum.Skipped["title"] != 2 || got.sum.Skipped["subtotal"] != 1 || got.sum.Skipped["summary"] != 1 {
		t.Fatalf("%q %+v %v", got.text(), got.sum, got.err)
	}
	for name, in := range map[string]string{
		"too far":   "1\n2\n3\n4\nProjektinumero;Nimi\nx;y\n",
		"none":      "1\n2\n",
		"ambiguous": "Projektinumero;Nimi\nprojekti;nimi\nx;y\n",
	} {
		if got := read(strings.NewReader(in), o); fault.Code(got.err) != "UOMA-LND-HEADER" {
			t.Errorf("%s: %v", name, got.err)
		}
	}
}

func TestOneReadingOnly(t *testing.T) {
	r := csvfile.New(strings.NewReader("a\n1\n"), csvfile.Options{Options: tabular.Options{Feed: "x/y", Columns: []tabular.Column{{Name: "a"}}}})
	for range 2 {
		for _, err := range r.Batches(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if r.Summary().Rows != 1 {
		t.Fatal(r.Summary())
	}
}

func TestReadErrors(t *testing.T) {
	own := fault.New("UOMA-LND-CHANGED", "changed", "").For(fault.Source).At(fault.Place{File: "x"})
	plain := errors.New("connection of +358400000001 reset")
	in := func(err error) io.Reader { return io.MultiReader(strings.NewReader("a\n1\n"), iotest.ErrReader(err)) }
	if got := read(in(own), columns("a")); fault.Code(got.err) != "UOMA-LND-CHANGED" {
		t.Error(got.err)
	}
	got := read(in(plain), columns("a"))
	if fault.Code(got.err) != "UOMA-LND-READ" || !errors.Is(got.err, plain) || strings.Contains(got.err.Error(), "+358") {
		t.Error(got.err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := csvfile.New(bytes.NewReader(nil), csvfile.Options{Options: tabular.Options{Feed: "x/y", Columns: []tabular.Column{{Name: "a"}}}})
	for _, err := range r.Batches(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}
