package conform

import (
	"encoding/json"

	"uoma/internal/canon"
)

// rejection describes a refused row of the bound batch whose columns, or at least those of its key, have values.
func (c *Conformer) rejection(i int, values []value, field, code string) canon.Rejection {
	key, ok := appendKey(nil, values, c.key)
	r := canon.Rejection{Feed: c.feed.FullName(), Line: c.bound.line.Int(i), Field: field, Code: code, Reason: sentence(code), Raw: c.raw(i)}
	if ok {
		r.Key = string(key)
	}
	return r
}

// raw gives the row as it was, as a JSON object in the layout's order, for the encrypted quarantine.
func (c *Conformer) raw(i int) []byte {
	out := []byte{'{'}
	for j := range c.columns {
		if c.bound.at[j] < 0 || c.bound.cols[j].Null(i) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = appendJSON(out, c.columns[j].name)
		out = append(out, ':')
		out = appendJSON(out, c.bound.cols[j].Text(i))
	}
	return append(out, '}')
}

func appendJSON(dst []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		return append(dst, `""`...)
	}
	return append(dst, text...)
}

// sentence says in plain words what a reason code of a whole row means.
func sentence(code string) string {
	switch code {
	case "missing":
		return "a required column is empty"
	case "key-missing":
		return "the row's key cannot be made because a part of it is empty"
	case "key-unsafe":
		return "the row's key has a form that could pass for another row's"
	case "no-content":
		return "the row fills no canonical table"
	case "spreadsheet":
		return "a spreadsheet has turned a code into a number or a date"
	case "unknown-code":
		return "the value is not in the column's list of codes"
	case cellError:
		return "the cell holds an error of the workbook itself, such as #N/A"
	case unknownKind:
		return "the kind of the contact point is not known"
	case "blocked":
		return "the address is of a mail domain that the layout blocks"
	case "out-of-range":
		return "the date lies outside the range in which it makes sense"
	}
	return "the value of a required column does not pass its rule"
}
