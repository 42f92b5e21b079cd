package conform

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/identifier"
)

// typedCells decides what a workbook's date, number and bool cells mean under the rule. Where they mean nothing, the
// spreadsheet has turned a code into something else.
func (col *column) typedCells(rule string, width int) {
	with := func(change func(p *identifier.Params)) *identifier.Params {
		p := *col.params
		change(&p)
		return &p
	}
	switch rule {
	case "date":
		col.dated = with(func(p *identifier.Params) { p.Formats = isoDates })
		col.numbered = with(func(p *identifier.Params) { p.Formats, col.serial = NumberFormats(p.Formats, canon.KindNumber) })
		col.from1904 = with(func(p *identifier.Params) { p.Formats, _ = NumberFormats(p.Formats, canon.KindNumber1904) })
	case "instant":
		col.dated = with(func(p *identifier.Params) { p.Formats = isoInstants })
		if slices.ContainsFunc(col.params.Formats, func(f string) bool { return f == identifier.FormatExcel || f == identifier.FormatEpochMS }) {
			col.numbered = with(func(p *identifier.Params) { p.Formats, _ = NumberFormats(p.Formats, canon.KindNumber) })
			col.from1904 = with(func(p *identifier.Params) { p.Formats, _ = NumberFormats(p.Formats, canon.KindNumber1904) })
		}
	case "employee_number":
		col.numbered = with(func(p *identifier.Params) { p.Width = width })
	case "decimal", "credits":
		col.numbered = with(func(p *identifier.Params) { p.Decimal = '.' })
	case "student_number", "postcode", "municipality", "country-numeric", "institution", "koulutuskoodi", "ohjausala", "integer", "year", "bool", "sex":
		col.numbered = col.params
	}
	if col.from1904 == nil {
		col.from1904 = col.numbered
	}
	col.bools = rule == "bool"
}

// NumberFormats gives by which formats a number of a workbook is read as a date: by one of the layout that it fits, as
// yyyyMMdd, else as a serial day. untold says that the layout does not name those: then a number that is a year is none.
func NumberFormats(formats []string, kind byte) (out []string, untold bool) {
	out = slices.Clone(formats)
	if untold = !slices.Contains(out, identifier.FormatExcel); untold {
		out = append(out, identifier.FormatExcel)
	}
	if kind == canon.KindNumber1904 {
		out[slices.Index(out, identifier.FormatExcel)] = identifier.FormatExcel1904
	}
	return out, untold
}

// IsYear tells whether a number is one that a date of which only the year is known leaves. As a serial day it would be one of 1905.
func IsYear(s string) bool {
	return len(s) == len("2006") && "1900" <= s && s <= "2100" && strings.Trim(s, "0123456789") == ""
}

// shownDigits are as many as a spreadsheet shows of a number. What it stores behind them is how its processor rounds: 2.3 as
// 2.2999999999999998.
const shownDigits = 15

// ShownNumber gives a number as a workbook shows it: without the fraction of a whole one ("4711.0"), rounded to
// [shownDigits], and without the exponent of one below a tenth. Other exponents stay, since digits are lost there.
func ShownNumber(s string) string {
	whole, fraction, found := strings.Cut(s, ".")
	small := strings.Contains(s, "E-") || strings.Contains(s, "e-")
	switch {
	case found && strings.Trim(fraction, "0") == "":
		return whole
	case len(s) <= shownDigits && !small || !found && !small || !small && strings.ContainsAny(s, "eE"):
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) < 1e-9 {
		return s
	}
	f, err = strconv.ParseFloat(strconv.FormatFloat(f, 'g', shownDigits, 64), 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
