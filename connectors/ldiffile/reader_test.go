package ldiffile_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"uoma/connectors/formattest"
	"uoma/connectors/ldiffile"
	"uoma/connectors/tabular"
	"uoma/internal/fault"
)

// attribute writes a value as ldapsearch does, folded at 76 characters.
func attribute(b *bytes.Buffer, name, value string) {
	line := name + ": " + value
	if !tabular.ASCII([]byte(value)) || strings.ContainsAny(value, "\r\n") || strings.HasPrefix(value, " ") || strings.HasPrefix(value, "<") || strings.HasPrefix(value, ":") || strings.HasSuffix(value, " ") {
		line = name + ":: " + base64.StdEncoding.EncodeToString([]byte(value))
	}
	for len(line) > 76 {
		b.WriteString(line[:76] + "\n")
		line = " " + line[76:]
	}
	b.WriteString(line + "\n")
}

func TestFormatHoldsTheContract(t *testing.T) {
	formattest.Run(t, formattest.Subject{
		Records: true,
		Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			o.Columns[1].Path = "displayName"
			return ldiffile.New(in.Reader, o)
		},
		Write: func(rows [][]string) []byte {
			b := bytes.NewBufferString("# extended LDIF\n#\nversion: 1\n\n")
			for _, row := range rows {
				b.WriteString("dn: uid=" + row[0] + ",ou=people,dc=example\nobjectClass: person\nID: " + row[0] + "\n")
				if row[1] != "" {
					attribute(b, "displayname", row[1])
				}
				if row[2] != "" {
					attribute(b, "note", row[2])
				}
				b.WriteString("\n")
			}
			return b.Bytes()
		},
		Control: func(export []byte, rows int, o *tabular.Options) []byte {
			o.Trailer, o.TrailerRequired = regexp.MustCompile(`^# numEntries: (\d+)$`), true
			return fmt.Appendf(export, "# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: %d\n# numEntries: %d\n", rows+1, rows)
		},
	})
}

func read(in io.Reader, specs ...string) formattest.Result {
	o := tabular.Options{Feed: "demo/rows"}
	for _, spec := range specs {
		spec, list, _ := strings.Cut(spec, " ")
		o.Columns = append(o.Columns, tabular.Column{Name: spec, List: list})
	}
	s := formattest.Subject{Open: func(in formattest.Input, o tabular.Options) tabular.Reader { return ldiffile.New(in.Reader, o) }}
	return s.Read(formattest.Input{Reader: in}, o)
}

const dump = `version: 1

# s0012345, people
dn: uid=s0012345,ou=people,dc=metropolia,dc=example
uid: s0012345
sn: Koe
cn:: T2xsaSBLb2U=
cn;lang-sv:: w4VzYQ==
EDUPERSONAFFILIATION: student
eduPersonAffiliation: member
schacPersonalUniqueCode: urn:schac:personalUniqueCode:int:studentID:metropolia.exa
 mple:2200002
jpegPhoto:: /9j/
# a comment
  that goes on
description:

dn:: dWlkPcOkLGRjPWV4YW1wbGU=
uid: s2

`

func TestEntries(t *testing.T) {
	for _, in := range []string{dump, strings.ReplaceAll(dump, "\n", "\r\n")} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
			got := read(r, "uid", "cn", "cn;lang-sv", "eduPersonAffiliation ;", "schacPersonalUniqueCode", "dn", "description")
			want := "[[s0012345 Olli Koe Åsa student;member urn:schac:personalUniqueCode:int:studentID:metropolia.example:2200002 uid=s0012345,ou=people,dc=metropolia,dc=example ] [s2     uid=ä,dc=example ]]"
			if got.Err != nil || fmt.Sprint(got.Rows) != want || fmt.Sprint(got.Lines) != "[4 18]" {
				t.Fatalf("%v %v %v", got.Rows, got.Lines, got.Err)
			}
			if fmt.Sprint(got.Sum.Unknown) != "[sn jpegphoto]" {
				t.Errorf("%q", got.Sum.Unknown)
			}
		}
	}
}

func TestBadEntriesAreRejectedAlone(t *testing.T) {
	for lines, code := range map[string]string{
		"uid: 1\nuid: 2": tabular.CodeSeveral, "uid:: /9j/": tabular.CodeNotText, "uid:: !": tabular.CodeMalformed, "uid:: YQ": tabular.CodeMalformed,
		"uid:< file:///etc/passwd": tabular.CodeStructure, "changetype: delete": tabular.CodeStructure, "uid": tabular.CodeMalformed, "-": tabular.CodeMalformed,
		"uid:: AAA=": tabular.CodeControl, "uid: 1\ndn: dc=x": tabular.CodeMalformed,
	} {
		got := read(strings.NewReader("dn: a\nuid: 1\n\ndn: b\n"+lines+"\n\n\ndn: c\nuid: 3\n\n"), "uid")
		if got.Err != nil || fmt.Sprint(got.Rows) != "[[1] [3]]" || len(got.Rejected) != 1 || got.Rejected[0].Code != code || got.Rejected[0].Line != 4 {
			t.Errorf("%q: %v %v %+v", lines, got.Rows, got.Err, got.Rejected)
		}
	}
}

func TestSourceErrors(t *testing.T) {
	entry := "dn: a\nuid: 1\n"
	for in, code := range map[string]string{
		"": "UOMA-LND-EMPTY", "uid: 1\n": "UOMA-LND-LDIF", "a;b\n": "UOMA-LND-LDIF", entry: "UOMA-LND-TRUNCATED", entry + "x: y": "UOMA-LND-TRUNCATED",
		entry + "\nsearch: 2\nresult: 4 Size limit exceeded\n": "UOMA-LND-TRUNCATED", entry + "\n# numEntries: 2\n": "UOMA-LND-CONTROL",
		"dn: a\nuid: \xe4\n\n": "UOMA-LND-ENCODING",
	} {
		if got := read(strings.NewReader(in), "uid"); fault.Code(got.Err) != code {
			t.Errorf("%q: %v", in, got.Err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(dump))
	f.Add([]byte("dn: a\nuid:< x\n\nsearch: 2\nresult: 0 Success\n# numEntries: 1\n"))
	f.Add([]byte("dn: a\nuid:: YQ==\n \n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := read(bytes.NewReader(b), "uid", "cn ,", "dn")
		formattest.Conserved(t, got)
		if want := entries(string(b)); got.Err == nil && formattest.Accounted(got.Sum) != want {
			t.Fatalf("%d entries, %+v", want, got.Sum)
		}
	})
}

// entries counts them as RFC 2849 has it: unfolded, without comments, parted by empty lines.
func entries(dump string) (n int64) {
	var unfolded []string
	for line := range strings.SplitSeq(strings.TrimSuffix(dump, "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if last := len(unfolded) - 1; strings.HasPrefix(line, " ") && last >= 0 && unfolded[last] != "" {
			unfolded[last] += line[1:]
			continue
		}
		unfolded = append(unfolded, line)
	}
	inside := false
	for _, line := range unfolded {
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "":
			inside = false
		case !inside && len(line) >= 3 && strings.EqualFold(line[:3], "dn:"):
			n, inside = n+1, true
		}
	}
	return n
}

func BenchmarkRead(b *testing.B) {
	const rows = 20_000
	var in bytes.Buffer
	for i := range rows {
		fmt.Fprintf(&in, "dn: uid=s%07d,ou=people,dc=metropolia,dc=example\nuid: s%07d\nsn:: w4VzYQ==\ngivenName: Olli\neduPersonPrincipalName: s%07d@metropolia.example\neduPersonAffiliation: student\neduPersonAffiliation: member\nschacPersonalUniqueCode: urn:schac:personalUniqueCode:int:studentID:metropolia.exa\n mple:2200002\nmodifyTimestamp: 20261101021500Z\n\n", i, i, i)
	}
	o := tabular.Options{Feed: "bench/rows"}
	for _, name := range []string{"uid", "sn", "givenName", "eduPersonPrincipalName", "eduPersonAffiliation", "schacPersonalUniqueCode", "modifyTimestamp"} {
		o.Columns = append(o.Columns, tabular.Column{Name: name, List: ";"})
	}
	b.SetBytes(int64(in.Len()))
	for b.Loop() {
		n := 0
		for batch, err := range ldiffile.New(bytes.NewReader(in.Bytes()), o).Batches(b.Context()) {
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
