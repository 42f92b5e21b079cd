package identifier

import (
	"embed"
	"strings"
)

//go:embed codes
var codeFiles embed.FS

// Code lists are read once and never written.
var (
	municipalities = codeList("municipalities")
	degreeCodes    = codeList("koulutuskoodi")
	institutions   = codeList("institutions") // code → successor, name
)

// codeList reads codes/<name>.txt: one code a line, then what belongs to it; # begins a comment.
func codeList(name string) map[string][]string {
	list := map[string][]string{}
	for _, row := range codeRows(name) {
		list[row[0]] = row[1:]
	}
	return list
}

func codeRows(name string) [][]string {
	data, err := codeFiles.ReadFile("codes/" + name + ".txt")
	if err != nil {
		panic("identifier: code list " + name + " is not built in")
	}
	var rows [][]string
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
			rows = append(rows, fields)
		}
	}
	return rows
}

// municipality is a three-digit code of Statistics Finland. Codes of merged municipalities stay valid for old data; 200
// (abroad) and 999 (unknown) are VIRTA's.
func municipality(s string, _ *Params) Checked {
	return listed(s, 3, 1, municipalities)
}

// institution is a five-digit code of Statistics Finland.
func institution(s string, _ *Params) Checked {
	return listed(s, 5, 4, institutions)
}

// listed checks a code of width digits against a list; one of at least shortest digits gets its zeros back.
func listed(s string, width, shortest int, list map[string][]string) Checked {
	if !digits(s) || len(s) < shortest || len(s) > width {
		return bad("pattern")
	}
	warning := ""
	if len(s) < width {
		s, warning = zeros(s, width), "padded"
	}
	if _, known := list[s]; !known {
		return bad("unknown-code")
	}
	return warned(s, warning)
}

// Successor gives the institution whose alumni register a graduate of the given one belongs to today: the successor of
// a merged institution, else the institution itself.
func Successor(institution string) string {
	if row := institutions[institution]; len(row) > 0 && row[0] != "-" {
		return row[0]
	}
	return institution
}

// degreeCode is a koulutuskoodi. Lost zeros are not restored: two of them lost is ambiguous.
func degreeCode(s string, _ *Params) Checked {
	return listed(s, 6, 6, degreeCodes)
}

// steeringField is an ohjausala, 1 to 12. The same digits mean other things in the older lists opmala and opm95opa.
func steeringField(s string, _ *Params) Checked {
	switch {
	case spreadsheet(s):
		return bad("spreadsheet")
	case !digits(s) || len(s) > 2 || len(s) == 2 && s[0] == '0':
		return bad("pattern")
	case number(s) < 1 || number(s) > 12:
		return bad("unknown-code")
	}
	return ok(s)
}
