package xmlfile_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"uoma/connectors/formattest"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/xmlfile"
	"uoma/internal/fault"
)

// columns makes options of columns written as name=path, with a list separator behind a blank.
func columns(rows string, specs ...string) record.Options {
	o := record.Options{Rows: rows}
	o.Feed = "demo/rows"
	for _, spec := range specs {
		spec, list, _ := strings.Cut(spec, " ")
		name, path, _ := strings.Cut(spec, "=")
		o.Columns = append(o.Columns, tabular.Column{Name: name, Path: path, List: list})
	}
	return o
}

func read(r io.Reader, o record.Options) formattest.Result {
	s := formattest.Subject{Open: func(in formattest.Input, t tabular.Options) tabular.Reader {
		o.Options = t
		return xmlfile.New(in.Reader, o)
	}}
	return s.Read(formattest.Input{Reader: r}, o.Options)
}

func text(got formattest.Result) string {
	var lines []string
	for _, row := range got.Rows {
		lines = append(lines, strings.Join(row, "|"))
	}
	return strings.Join(lines, "\n")
}

const virta = `<?xml version="1.0" encoding="UTF-8"?>
<Virta xmlns="urn:mace:funet.fi:virta/2015/09/01" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <Opiskelijat>
  <Opiskelija avain="12345"><Sukunimi>Näyte &amp; Öhman</Sukunimi><Etunimet> Aino
 Maria </Etunimet><Kansalaisuus>246</Kansalaisuus><Kansalaisuus>752</Kansalaisuus><Asuinkunta xsi:nil="true"/></Opiskelija>
  <Opiskelija avain='&#x36;7'><Sukunimi><![CDATA[Koe <x>]]></Sukunimi><!-- nobody --></Opiskelija>
 </Opiskelijat>
 <Opiskeluoikeudet><Opiskeluoikeus avain="a"><Tila><Koodi>1</Koodi></Tila><Tila><Koodi>3</Koodi><AlkuPvm>2021-01-01</AlkuPvm></Tila><Koodi>x</Koodi></Opiskeluoikeus></Opiskeluoikeudet>
 <Opintosuoritukset><Opintosuoritus><Nimi kieli="fi">Tradenomi</Nimi><Nimi kieli="en">BBA</Nimi></Opintosuoritus></Opintosuoritukset>
</Virta>
`

func TestRows(t *testing.T) {
	states := columns("Virta/Opiskeluoikeudet/Opiskeluoikeus", "key=../@avain", "Koodi", "AlkuPvm")
	states.Each = "Tila"
	spaces := columns("e:Envelope/e:Body/*/v:Item", "v:a", "b=@v:b")
	spaces.Namespaces = map[string]string{"e": "urn:soap", "v": "urn:v"}
	people := "Virta/Opiskelijat/Opiskelija"
	cases := map[string]struct {
		in   string
		o    record.Options
		want string
	}{
		"text, attributes, lists": {virta, columns(people, "key=@avain", "Sukunimi", "Etunimet", "Kansalaisuus ,", "Asuinkunta"), "12345|Näyte & Öhman|Aino\n Maria|246,752|\n67|Koe <x>|||"},
		"any root":                {virta, columns("*/Opiskelijat/Opiskelija", "@avain"), "12345\n67"},
		"rows inside a record":    {virta, states, "a|1|\na|3|2021-01-01"},
		"conditions":              {virta, columns("Virta/Opintosuoritukset/Opintosuoritus", "fi=Nimi[@kieli=fi]", "sv=Nimi[@kieli=sv]", "en=Nimi[@kieli=en]"), "Tradenomi||BBA"},
		"namespaces": {`<s:Envelope xmlns:s="urn:soap"><s:Body><x><w:Item xmlns:w="urn:v" w:b="2" b="0"><w:a>1</w:a><a>9</a></w:Item><Item><a>8</a></Item></x></s:Body></s:Envelope>`,
			spaces, "1|2"},
		"no rows":            {`<L><I2/></L>`, columns("L/I", "a"), ""},
		"records one by one": {`<L><I><a>1</a></I> <M><I><a>2</a></I></M><I><a>3</a></I></L>`, columns("L/I", "a"), "1\n3"},
		"latin1":             {"<?xml version='1.0' encoding='ISO-8859-1'?><L><I><a>\xe4\x80</a></I></L>", columns("L/I", "a"), "ä€"},
		"UTF-16":             {utf16("<?xml version=\"1.0\" encoding=\"UTF-16\"?><L><I><a>ä</a></I></L>"), columns("L/I", "a"), "ä"},
		"byte order mark":    {"\ufeff<L><I><a>ä</a></I></L>", columns("L/I", "a"), "ä"},
		"own text of mixed":  {"<L><I><a>x<b>y</b>z</a></I></L>", columns("L/I", "a", "b=a/b"), "xz|y"},
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

func utf16(s string) string {
	b := []byte("\xff\xfe")
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

// The text of an element is all that it says, or the record is rejected: what stands between would read on without a part.
func TestMixedContent(t *testing.T) {
	cases := map[string]struct {
		in, want string
		rejected bool
	}{
		"a word in an element":     {"<L><I><a>The <i>long</i> road</a></I></L>", "", true},
		"a break":                  {"<L><I><a>The<br/>road</a></I></L>", "", true},
		"parts in place of text":   {"<L><I><a><x>1</x></a></I></L>", "", true},
		"and deeper":               {"<L><I><a><x><y/><z>1</z></x></a></I></L>", "", true},
		"another namespace":        {"<L xmlns:q='urn:q'><I><a><q:x>1</q:x></a></I></L>", "", true},
		"beside an attribute":      {"<L><I><c k='1'>The <i>long</i> road</c></I></L>", "", true},
		"parts without text":       {"<L><I><a> <x y='1'> <z/></x></a><b>1</b></I></L>", "|1|||", false},
		"parts that are known":     {"<L><I><d>The <e>long</e> <x>winding</x> road</d></I></L>", "|||The   road|long", false},
		"unknown elements outside": {"<L><I><x>1</x>2<a>3</a></I></L>", "3||||", false},
		"one record after another": {"<L><I><a><x/></a></I><I><a>1</a></I></L>", "1||||", false},
	}
	o := columns("L/I", "a", "b", "c=c[@k=1]", "d", "e=d/e")
	for name, c := range cases {
		got := read(strings.NewReader(c.in), o)
		if got.Err != nil || c.rejected != (len(got.Rejected) == 1 && got.Rejected[0].Code == tabular.CodeStructure) || !c.rejected && len(got.Rejected) > 0 {
			t.Errorf("%s: %q %+v %v", name, text(got), got.Rejected, got.Err)
		}
		if !c.rejected && text(got) != c.want {
			t.Errorf("%s: %q, want %q", name, text(got), c.want)
		}
	}
}

func TestDriftAndRejections(t *testing.T) {
	got := read(strings.NewReader(`<L><I new="1"><a><x/></a><b/><b>1</b></I><I><a>1</a><a>2</a></I><I><b>&#127;</b></I></L>`), columns("L/I", "a", "b", "c"))
	if got.Err != nil || text(got) != "|1|" || fmt.Sprint(got.Sum.Unknown) != "[@new a/x]" || fmt.Sprint(got.Sum.Missing) != "[c]" {
		t.Fatalf("%q %+v %v", text(got), got.Sum, got.Err)
	}
	if len(got.Rejected) != 2 || got.Rejected[0].Code != tabular.CodeSeveral || got.Rejected[0].Line != 2 || got.Rejected[1].Code != tabular.CodeControl {
		t.Errorf("%+v", got.Rejected)
	}
}

func TestSourceErrors(t *testing.T) {
	counted := columns("L/I", "a")
	counted.Count = "L/Head/total"
	cases := map[string]struct {
		in   string
		o    record.Options
		code string
	}{
		"empty":              {"", columns("L/I", "a"), "UOMA-LND-EMPTY"},
		"no root":            {"<!-- -->", columns("L/I", "a"), "UOMA-LND-XML"},
		"other root":         {"<M><I/></M>", columns("L/I", "a"), "UOMA-LND-ROWS"},
		"no XML":             {"a;b\n", columns("L/I", "a"), "UOMA-LND-XML"},
		"undefined byte":     {"<L><I><a>\xe4</a></I></L>", columns("L/I", "a"), "UOMA-LND-ENCODING"},
		"unknown encoding":   {"<?xml version='1.0' encoding='EBCDIC-FI'?><L/>", columns("L/I", "a"), "UOMA-LND-ENCODING"},
		"windows-1252 hole":  {"<?xml version='1.0' encoding='windows-1252'?><L>\x81</L>", columns("L/I", "a"), "UOMA-LND-ENCODING"},
		"count differs":      {"<L><Head><total> 2 </total></Head><I/></L>", counted, "UOMA-LND-CONTROL"},
		"count is missing":   {"<L><I/></L>", counted, "UOMA-LND-TRUNCATED"},
		"count is no number": {"<L><Head><total>two</total></Head><I/></L>", counted, "UOMA-LND-CONTROL"},
		"no rows path":       {"<L/>", columns("", "a"), "UOMA-LND-OPTIONS"},
		"prefix unknown":     {"<L><v:I/></L>", columns("L/I", "a"), "UOMA-LND-XML"},
	}
	for name, c := range cases {
		if got := read(strings.NewReader(c.in), c.o); fault.Code(got.Err) != c.code {
			t.Errorf("%s: got %v, want %s", name, got.Err, c.code)
		}
	}
	if got := read(strings.NewReader("<L>\n<Head><total>1</total></Head><I><a>1</a></I>\n</L>"), counted); got.Err != nil || *got.Sum.Control != 1 {
		t.Error(got.Err)
	}
	if got := read(strings.NewReader("<L>\n<I>\n<a></b></I></L>"), counted); !strings.Contains(fmt.Sprint(got.Err), ":3") {
		t.Error(got.Err)
	}
}

func TestThreat_T02_HostileDocuments(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<d>", n) + strings.Repeat("</d>", n) }
	laughs := `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	cases := map[string]string{
		"laughs":             laughs + `<L><I><a>&b;</a></I></L>`,
		"external entity":    `<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><L><I><a>&x;</a></I></L>`,
		"external subset":    `<!DOCTYPE l SYSTEM "http://127.0.0.1/x.dtd"><L/>`,
		"unknown entity":     `<L><I><a>&nbsp;</a></I></L>`,
		"entity unread":      `<L><I><z>&nbsp;</z></I></L>`,
		"depth":              `<L><I>` + deep(63) + `</I></L>`,
		"five million":       `<L>` + strings.Repeat("<d>", 5_000_000),
		"attributes":         `<L><I ` + attributes(257) + `/></L>`,
		"attribute twice":    `<L><I a="1" a="2"/></L>`,
		"bare attribute":     `<L><I a/></L>`,
		"attributes joined":  `<L><I a="1"b="2"/></L>`,
		"less-than in value": `<L><I a="<"/></L>`,
		"long tag":           `<L><I a="` + strings.Repeat("x", 3<<20) + `"/></L>`,
		"long text":          `<L><I><a>` + strings.Repeat("x", 3<<20) + `</a></I></L>`,
		"long comment":       `<L><!--` + strings.Repeat("x", 3<<20) + `--></L>`,
		"dashes in comment":  `<L><!-- -- --></L>`,
		"dash at its end":    `<L><!-- ---></L>`,
		"end of CDATA":       `<L><I><a>]]></a></I></L>`,
		"NUL":                "<L><I><a>\x00</a></I></L>",
		"NUL by reference":   `<L><I><a>&#0;</a></I></L>`,
		"half a surrogate":   `<L><I><a>&#xD800;</a></I></L>`,
		"no character":       "<L><I><a>\uFFFE</a></I></L>",
		"crossed":            `<L><I><a></I></a></L>`,
		"two roots":          `<L/><L/>`,
		"name":               `<L><1/></L>`,
		"two colons":         `<L xmlns:a="u"><a:b:c/></L>`,
		"namespaces":         `<L><x` + namespaces(1025) + `/></L>`,
	}
	for name, in := range cases {
		got := read(strings.NewReader(in), columns("L/I", "a"))
		if fault.Code(got.Err) != "UOMA-LND-XML" || fault.ScopeOf(got.Err) != fault.Source || strings.Contains(got.Err.Error(), "passwd") {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
	for name, in := range map[string]string{"depth": `<L><I>` + deep(62) + `</I></L>`, "attributes": `<L><I ` + attributes(256) + `/></L>`} {
		if got := read(strings.NewReader(in), columns("L/I", "a")); got.Err != nil {
			t.Errorf("%s at the limit: %v", name, got.Err)
		}
	}
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d="1"`, i)
	}
	return b.String()
}

func namespaces(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` xmlns:a%d="u%d"`, i, i)
	}
	return b.String()
}

// A record of many elements costs memory up to its limit, and is rejected alone.
func TestThreat_T02_RecordsBeyondTheLimit(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	part := "<a>" + strings.Repeat("x", 1000) + "</a>"
	in := io.MultiReader(strings.NewReader("<L><I>"), io.LimitReader(&endless{s: part}, int64(60_000*len(part))), strings.NewReader("</I><I><a>1</a></I></L>"))
	got := read(in, columns("L/I", "a ,"))
	runtime.ReadMemStats(&after)
	if got.Err != nil || text(got) != "1" || len(got.Rejected) != 1 || got.Rejected[0].Code != tabular.CodeTooLong {
		t.Fatalf("%v %q %d", got.Err, text(got), len(got.Rejected))
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 128<<20 {
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

// FuzzRead compares with the standard library: what is accepted here is accepted there, too, with the same texts.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		virta, `<L><I b="1"><a>x</a></I></L>`, `<L xmlns:v="u"><v:I v:b="1"><a>&#x41;&amp;<![CDATA[<]]></a></v:I></L>`, `<L><I><a>1</a><a>2</a></I></L>`,
		`<?xml version="1.0"?><!-- x --><L><?pi x?><I/></L>`, "<L><I><a>\r\nx\ry</a></I></L>", `<L><I><a/></I></L> `, `<L><I/><!-- ---></L>`,
	} {
		f.Add([]byte(s))
	}
	f.Add([]byte(`<L><I b="1"><l><c>1</c></l><l><c>2</c></l></I><I b="2"/><I b="3"><l/></I></L>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		inside := columns("L/I", "b=../@b", "c")
		inside.Each = "l"
		each := read(bytes.NewReader(b), inside)
		formattest.Conserved(t, each)
		got := read(bytes.NewReader(b), columns("L/I", "a", "b=@b", "l=l/l ,"))
		formattest.Conserved(t, got)
		if got.Err != nil || got.Sum.Encoding != "utf-8" || bytes.Contains(b, []byte("encoding")) {
			return
		}
		d := xml.NewDecoder(bytes.NewReader(b))
		records, rows, depth, record := int64(0), int64(0), 0, false
		inRecord := int64(0)
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				if strings.Contains(err.Error(), "invalid XML name") || strings.Contains(err.Error(), "unsupported version") {
					return // letters of newer versions of Unicode; and versions of XML
				}
				t.Fatalf("accepted what is no XML: %v", err)
			}
			switch token := token.(type) {
			case xml.StartElement:
				if depth++; depth == 2 {
					if record = token.Name.Local == "I"; record {
						records++
						inRecord = 0
					}
				} else if depth == 3 && record && token.Name.Local == "l" {
					inRecord++
				}
			case xml.EndElement:
				if depth == 2 && record {
					rows += max(1, inRecord) // a record without rows is told of as well
				}
				depth--
			}
		}
		if counted := formattest.Accounted(got.Sum); counted != records {
			t.Fatalf("%d records of %d", counted, records)
		}
		if counted := formattest.Accounted(each.Sum); each.Err == nil && (counted < records || len(each.Rejected) == 0 && counted != rows) {
			t.Fatalf("%d rows of %d in %d records", counted, rows, records)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const rows = 20_000
	in := bytes.NewBufferString(`<Opiskelijat xmlns="urn:mace:funet.fi:virta/2015/09/01">` + "\n")
	for i := range rows {
		fmt.Fprintf(in, ` <Opiskelija avain="%d"><Henkilotunnus>290296-977L</Henkilotunnus><Sukunimi>Näyte-Öhman</Sukunimi><Etunimet>Aino Maria</Etunimet><Sukupuoli>2</Sukupuoli><Kansalaisuus>246</Kansalaisuus><Aidinkieli>fi</Aidinkieli><Asuinkunta>491</Asuinkunta><KirjoihintuloPvm>2017-08-26</KirjoihintuloPvm><KansallinenOppijanumero>1.2.246.562.24.%011d</KansallinenOppijanumero></Opiskelija>`+"\n", i, i)
	}
	in.WriteString("</Opiskelijat>\n")
	o := columns("Opiskelijat/v:Opiskelija", "@avain", "Henkilotunnus", "Sukunimi", "Etunimet", "Sukupuoli", "Kansalaisuus ,", "Aidinkieli", "Asuinkunta", "KirjoihintuloPvm", "KansallinenOppijanumero")
	o.Namespaces = map[string]string{"v": "urn:mace:funet.fi:virta/2015/09/01"}
	b.SetBytes(int64(in.Len()))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for batch, err := range xmlfile.New(bytes.NewReader(in.Bytes()), o).Batches(b.Context()) {
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
}

// TestRecordsUnderAnotherName: elements that could be records where the layout has none are no empty export, and the error
// names them, but not their values.
func TestRecordsUnderAnotherName(t *testing.T) {
	counted := columns("L/I", "a")
	counted.Count = "L/@n"
	spaced := columns("v:L/v:I", "a")
	spaced.Namespaces = map[string]string{"v": "urn:one"}
	each := columns("L/I", "a")
	each.Each = "E"
	flat := columns("L/I", "a")
	flat.Others = []record.Options{{Rows: "o:L/o:J", Namespaces: map[string]string{"o": "urn:one"}}, {Rows: "L/G/K"}}
	cases := map[string]struct {
		in    string
		o     record.Options
		found string // "" of an export that is empty
	}{
		"renamed":               {"<L><J><a>1</a></J><J><a>2</a></J></L>", columns("L/I", "a"), "it has L/J (2 times)"},
		"deeper":                {"<L><G><I><a>1</a></I><I><a>1</a></I></G></L>", columns("L/I", "a"), "it has L/G/I (2 times)"},
		"another root":          {"<M><I><a>1</a></I><I><a>1</a></I></M>", columns("L/I", "a"), "it has M/I (2 times)"},
		"another namespace":     {`<L xmlns="urn:two"><I><a>1</a></I><I><a>2</a></I></L>`, spaced, "it has L/I of urn:two (2 times)"},
		"empty":                 {"<L/>", columns("L/I", "a"), ""},
		"empty with parts":      {`<L><Head version="1"><Made>2026-11-21</Made></Head></L>`, columns("L/I", "a"), ""},
		"empty with a head":     {"<L><Made>2026-11-21</Made></L>", columns("L/I", "a"), ""},
		"says that it is empty": {`<L n="0"><Q><a/><a/></Q></L>`, counted, ""},
		"no rows in the record": {"<L><I/></L>", each, ""},
		"others read them":      {`<L xmlns="urn:one"><J><a/><a/></J><J/><G><H/><K/><K/></G><G><K/></G></L>`, flat, ""},
		"others read some":      {`<L xmlns="urn:one"><J/><J/><Q><a>1</a></Q><Q/></L>`, flat, "it has L/Q of urn:one (2 times)"},
		"others read another":   {`<L xmlns="urn:two"><J><a>1</a></J><J><a>1</a></J></L>`, flat, "it has L/J of urn:two (2 times)"},
		"in groups":             {`<L><G><K/></G><G><Q><a/></Q></G><G><Q><a/></Q></G></L>`, flat, "it has L/G (3 times)"},
		"groups of others":      {`<L><G><K/><K/><K/></G><G><K/></G></L>`, columns("L/G/I", "a"), "it has L/G (2 times)"},
	}
	for name, c := range cases {
		got := read(strings.NewReader(c.in), c.o)
		if c.found == "" {
			if got.Err != nil || len(got.Rows) > 0 {
				t.Errorf("%s: %v", name, got.Err)
			}
			continue
		}
		if fault.Code(got.Err) != "UOMA-LND-ROWS" || !strings.HasSuffix(got.Err.Error(), c.found) {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
}
