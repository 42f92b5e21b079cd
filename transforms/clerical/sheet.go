package clerical

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"uoma/internal/fault"
)

// Line is a pair as a sheet has it. It names no value of a person.
type Line struct {
	Ref         string // how the command line names the pair: its number, or s and its number in a sample
	Pair        Pair
	SystemA     string
	SystemB     string
	Weight      float64 // log odds in bits
	Known       bool    // the weight is known
	SizeA       int     // records in the cluster of A
	SizeB       int
	Linked      bool
	Why         string
	Verdict     Verdict // "" when nobody decided
	DecidedWith string  // reason code
}

var sheetColumns = []string{"number", "record_a", "record_b", "system_a", "system_b", "weight_bits", "probability",
	"cluster_a", "cluster_b", "linked", "why", "decision", "reason"}

// WriteSheet writes lines as CSV with a header, for a spreadsheet: who decides fills in the column decision, and perhaps
// reason, and leaves record_a and record_b as they are.
func WriteSheet(w io.Writer, lines []Line) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(sheetColumns); err != nil {
		return err
	}
	for _, l := range lines {
		weight, probability := "", ""
		if l.Known {
			weight, probability = strconv.FormatFloat(l.Weight, 'f', 2, 64), strconv.FormatFloat(Probability(l.Weight), 'f', 4, 64)
		}
		if err := out.Write([]string{l.Ref, l.Pair.A, l.Pair.B, l.SystemA, l.SystemB, weight, probability, strconv.Itoa(l.SizeA),
			strconv.Itoa(l.SizeB), strconv.FormatBool(l.Linked), l.Why, string(l.Verdict), l.DecidedWith}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// SheetRow is a row of a sheet that came back. Fault says what is wrong with the row, or nil.
type SheetRow struct {
	Line    int // in the file, from 1
	Pair    Pair
	Verdict Verdict // "" when nothing was decided
	Reason  string
	Fault   *fault.Error
}

var (
	errSheet        = fault.New("UOMA-REV-SHEET", "the file is no sheet of pairs", "export one with uoma review export, and keep its header line and the columns record_a, record_b and decision")
	errSheetRow     = fault.New("UOMA-REV-ROW", "the row cannot be read", "keep as many columns as the header has, and write quotes in pairs")
	errSheetPair    = fault.New("UOMA-REV-ROW-PAIR", "the row does not name two records", "leave record_a and record_b as they were exported")
	errSheetVerdict = fault.New("UOMA-REV-VERDICT", "the decision is none", "write same, different or unsure, or nothing")
	errSheetReason  = fault.New("UOMA-REV-REASON", "the reason is not of the list", "uoma review decide --help lists the codes; no other text is kept, as it might name people")
)

// CheckReason gives a fault of a reason that is not of the list; "" is none and right.
func CheckReason(code string, list map[string]string) *fault.Error {
	if code == "" || list[code] != "" {
		return nil
	}
	return errSheetReason
}

// CheckVerdict gives a fault of a verdict that is none.
func CheckVerdict(v Verdict) *fault.Error {
	if v.Known() {
		return nil
	}
	return errSheetVerdict
}

// maxSheet is more than a list can have, so that nobody's file of another kind is read for long.
const maxSheet = 64 << 20

// ReadSheet reads a sheet that [WriteSheet] wrote and a spreadsheet saved: comma or semicolon, with a byte order mark or
// not, columns in any order. It gives every row after the header, empty ones apart; the file as a whole fails only when it
// is no sheet.
func ReadSheet(r io.Reader) ([]SheetRow, error) {
	src, err := io.ReadAll(io.LimitReader(r, maxSheet))
	if err != nil {
		return nil, err
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	first, _, err := bufio.NewReader(bytes.NewReader(src)).ReadLine()
	if err != nil {
		return nil, errSheet
	}
	in := csv.NewReader(bytes.NewReader(src))
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		in.Comma = ';'
	}
	header, err := in.Read()
	if err != nil {
		return nil, errSheet
	}
	s := sheet{wide: len(header), at: map[string]int{}}
	for i, name := range header {
		s.at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"record_a", "record_b", "decision"} {
		if _, ok := s.at[name]; !ok {
			return nil, errSheet
		}
	}
	return s.rows(in)
}

// sheet is how a file's columns stand.
type sheet struct {
	wide int
	at   map[string]int
}

func (s sheet) rows(in *csv.Reader) (out []SheetRow, err error) {
	for {
		fields, err := in.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case errors.As(err, &wrong):
			out = append(out, SheetRow{Line: wrong.StartLine, Fault: errSheetRow})
		case err != nil:
			return out, err
		default:
			line, _ := in.FieldPos(0)
			out = append(out, s.row(line, fields))
		}
	}
}

func (s sheet) row(line int, fields []string) SheetRow {
	if len(fields) != s.wide {
		return SheetRow{Line: line, Fault: errSheetRow}
	}
	field := func(name string) string {
		i, ok := s.at[name]
		if !ok {
			return ""
		}
		return strings.Clone(strings.TrimSpace(fields[i]))
	}
	row := SheetRow{Line: line, Pair: NewPair(field("record_a"), field("record_b")),
		Verdict: Verdict(strings.ToLower(field("decision"))), Reason: strings.ToLower(field("reason"))}
	switch {
	case row.Pair.A == "" || row.Pair.A == row.Pair.B:
		row.Fault = errSheetPair
	case row.Verdict == "":
	case !row.Verdict.Known():
		row.Fault = errSheetVerdict
	default:
		row.Fault = CheckReason(row.Reason, Reasons())
	}
	return row
}
