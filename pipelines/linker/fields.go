package linker

import (
	"fmt"
	"slices"

	"uoma/internal/fault"
	"uoma/transforms/linkage"
)

// The first fields of every table.
const (
	fieldID     = 0
	fieldSource = 1
	fieldsOwn   = 2
)

// unite makes the fields of one table from the columns of all files. The first e-mail address of one file and that of
// another are one field, the second ones another; so it is with identifiers, and numbers, that tell the same thing. Texts
// that do are one.
func (j *Job) unite() error {
	j.fields = []linkage.Field{{Name: "record_id", Kind: linkage.RecordID}, {Name: "source", Kind: linkage.Ignored}}
	if len(j.sources) > 1 {
		j.fields[fieldSource].Kind = linkage.Source
	}
	at := map[string]int{}
	for _, s := range j.sources {
		nth, same := map[linkage.Kind]int{}, map[string]int{}
		for i := range s.columns {
			c := &s.columns[i]
			c.field = -1
			c.Meaning = c.named()
			key, name := "", c.what()
			switch c.kind {
			case linkage.Ignored:
				continue
			case linkage.RecordID:
				if nth[c.kind]++; nth[c.kind] > 1 {
					return errIDs.At(fault.Place{File: s.path, Field: c.Name})
				}
				c.field = fieldID
				continue
			case linkage.Source:
				j.fields[fieldSource].Kind = linkage.Source
				if nth[c.kind]++; nth[c.kind] == 1 {
					c.field = fieldSource
				}
				continue
			case linkage.Text:
				key = fmt.Sprint(c.kind, fold(c.what()))
			case linkage.Identifier, linkage.Number:
				thing := fmt.Sprint(c.kind, fold(c.what()))
				if same[thing]++; same[thing] > 1 {
					name += fmt.Sprint("_", same[thing])
				}
				key = fmt.Sprint(thing, " ", same[thing])
			default:
				key = fmt.Sprint(c.kind, nth[c.kind])
				nth[c.kind]++
			}
			f, known := at[key]
			if !known {
				f = len(j.fields)
				at[key] = f
				j.fields = append(j.fields, linkage.Field{Name: name, Kind: c.kind})
			}
			j.fields[f].Unique = j.fields[f].Unique || c.unique
			c.field = f
		}
		s.report.Columns = s.columns
	}
	if err := j.mark(); err != nil {
		return err
	}
	return j.tells()
}

// mark makes fields of what the rules ask for, whatever else their columns are.
func (j *Job) mark() error {
	j.sourceMark = -1
	known := map[string]bool{}
	for _, u := range j.settings.Unique {
		if u.everywhere() {
			continue
		}
		r := u.rule()
		for _, name := range []string{r.Of, r.Within, r.While} {
			if name == "" || known[name] {
				continue
			}
			known[name] = true
			if !j.markAs(len(j.fields), name) {
				return errColumn.At(fault.Place{Field: name})
			}
			j.fields = append(j.fields, linkage.Field{Name: name, Kind: linkage.Mark})
		}
	}
	return nil
}

// markAs takes the columns of a name for a field. Without any, "source" is what each record's source is.
func (j *Job) markAs(field int, name string) (found bool) {
	for _, s := range j.sources {
		for i := range s.columns {
			if c := &s.columns[i]; c.called(name) {
				c.marks, found = append(c.marks, field), true
			}
		}
	}
	if !found && fold(name) == j.fields[fieldSource].Name {
		j.sourceMark, found = field, true
	}
	return found
}

// tells refuses files of which nothing could be compared.
func (j *Job) tells() error {
	if !slices.ContainsFunc(j.fields[fieldsOwn:], func(f linkage.Field) bool { return f.Kind != linkage.Ignored }) {
		return errNothing
	}
	return nil
}
