package authoring

import (
	"slices"
	"strings"
	"unicode"

	"uoma/transforms/layout"
)

// Forms in which exports write dates and instants. Where a day could be a month, the day goes first, as in Europe.
var (
	dateForms    = []string{"yyyy-MM-dd", "d.M.yyyy", "d/M/yyyy", "M/d/yyyy", "d-M-yyyy", "yyyyMMdd", "yyyy/M/d"}
	instantForms = []string{"rfc3339", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.S", "yyyy-MM-dd HH:mm", "d.M.yyyy H:mm", "d.M.yyyy HH:mm:ss", "d/M/yyyy H:mm"}
)

// fit gives the share of values that pass the column's rule, and settles the forms of its dates.
func (d *drafting) fit(i int, c *layout.Column) float64 {
	forms := [][]string{nil}
	switch c.As {
	case "date":
		forms = singles(dateForms)
	case "instant":
		forms = singles(instantForms)
	}
	best := 0.0
	for _, form := range forms {
		if share := d.passing(i, c, form); share > best {
			best, c.Formats = share, form
		}
	}
	return best
}

// worded tells of targets that hold words: a number alone is none.
func worded(target string) bool {
	return strings.HasSuffix(target, ".line1") || strings.HasSuffix(target, ".city") || strings.HasSuffix(target, ".region")
}

func singles(list []string) (out [][]string) {
	for _, x := range list {
		out = append(out, []string{x})
	}
	return out
}

func (d *drafting) passing(i int, c *layout.Column, forms []string) float64 {
	rule := d.rules[c.As]
	if c.As == "year" || rule == nil {
		rule = d.rules["integer"]
	}
	p := d.params
	p.Formats = forms
	codes := map[string]bool{}
	for code := range c.Codes {
		codes[letters(code)] = true
	}
	filled, good := 0, 0
	for _, row := range d.sample {
		if i >= len(row) || strings.TrimSpace(row[i]) == "" {
			continue
		}
		filled++
		checked := rule(row[i], &p)
		if c.As == "text" && slices.ContainsFunc(c.To, worded) && !strings.ContainsFunc(row[i], unicode.IsLetter) {
			continue
		}
		if codes[letters(row[i])] || len(codes) == 0 && checked.OK() && !checked.Null() {
			good++
		}
	}
	if filled == 0 {
		return 0
	}
	return float64(good) / float64(filled)
}
