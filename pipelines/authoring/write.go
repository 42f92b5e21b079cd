package authoring

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"uoma/internal/late"
	"uoma/transforms/layout"
)

// write writes the draft as YAML, each column with what it is believed to be and how surely, and gives the layout that it is.
func (s *Suggestion) write(file string, o SuggestOptions) (*layout.Layout, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `# A draft from one export. Look at every line: the share says how sure it is; what is dropped is never read.
system: %s
title: %s
controller: %s  # the controller's institution code
`, plain(s.System), plain(s.System), quoted(o.Controller))
	if o.Region != "" {
		fmt.Fprintf(&b, "region: %s\n", quoted(o.Region))
	}
	if len(s.Passed) > 0 {
		b.WriteString("# Of the archive gave no table:")
		sep := " "
		for _, p := range s.Passed {
			fmt.Fprintf(&b, "%s%d %s (%s)", sep, p.Members, cmp.Or(p.Ending, "without an ending"), p.Code)
			sep = ", "
		}
		b.WriteString(".\n")
	}
	b.WriteString("feeds:\n")
	for i := range s.Feeds {
		s.Feeds[i].write(&b, file)
	}
	s.Layout = b.String()
	l, err := layout.Parse(s.System+".yaml", []byte(s.Layout))
	if err != nil {
		return nil, errDraft.Wrap(err)
	}
	return l, nil
}

func (d *Draft) write(b *strings.Builder, file string) {
	fmt.Fprintf(b, "- name: %s\n  file: %s\n", plain(d.Feed), quoted(fileName(file)))
	if d.form.Member != "" {
		fmt.Fprintf(b, "  member: %s\n", quoted(memberName(d.form.Member, file)))
	}
	why := "what names a row for good"
	switch {
	case d.key.gaps:
		why = "some rows have none: skip-when-empty in format passes over subtotals"
	case !d.key.sure:
		why = "does not name a row for good: several rows of the export have the same"
	}
	fmt.Fprintf(b, "  format: {%s}\n  key: [%s]  # %s\n  person: [%s]\n", d.format(), strings.Join(eachPart(d.key.row), ", "), why, written(d.key.person))
	if len(d.drop) > 0 {
		fmt.Fprintf(b, "  drop: [%s]  # nobody claimed them\n", strings.Join(each(d.drop, plain), ", "))
	}
	if d.odd {
		b.WriteString("  # Some lines are no rows like the others. If the last one tells how many there are, trailer: '^WORDS (\\d+)$' in format holds them to it.\n")
	}
	if d.unnamed {
		b.WriteString("  # The first line seems to be a row, and names no column. If it does name them, take header: none away, and call the columns so.\n")
	}
	for _, list := range d.form.Lists {
		fmt.Fprintf(b, "  # %s: records inside the records. A feed with each: %[1]s has them as rows; a column with path: %[1]s[NAME=VALUE]/NAME takes one.\n", plain(list))
	}
	for i, c := range d.form.Columns {
		if path := cmp.Or(c.Path, c.Name); c.Several && len(d.Columns[i].To) == 0 {
			fmt.Fprintf(b, "  # %s: several values in a record. A feed with each: %s has them as rows, with path: \".\" of the column.\n", plain(c.Name), plain(path))
		}
	}
	if len(d.rows) > 0 {
		fmt.Fprintf(b, "  rows:\n    %s\n", strings.Join(d.rows, "\n    "))
	}
	b.WriteString("  columns:\n")
	for _, c := range d.Columns {
		if key, _ := d.key.has(c.Name); len(c.To) > 0 || key || c.decides {
			fmt.Fprintf(b, "  - {%s}  # %d %%: %s\n", d.line(&c), int(100*c.Confidence), c.Why)
		}
	}
}

// format writes the keys of the format.
func (d *Draft) format() string {
	f := formatOf(&d.form)
	out := "type: " + f.Type
	for _, key := range [][2]string{{"compression", f.Compression}, {"delimiter", f.Delimiter}, {"encoding", f.Encoding}, {"header", f.Header},
		{"sheet", f.Sheet}, {"rows", f.Rows}, {"manifest", f.Manifest}} {
		if key[1] != "" {
			out += ", " + key[0] + ": " + quotedAs(key[0], key[1])
		}
	}
	if f.HeaderLines > 0 {
		out += fmt.Sprintf(", header-lines: %d", f.HeaderLines)
	}
	return out
}

// quotedAs leaves the quotes away where the values are words of ours.
func quotedAs(key, value string) string {
	if key == "delimiter" {
		return quoted(value)
	}
	return plain(value)
}

// line writes a column.
func (d *Draft) line(g *Guess) string {
	c := &g.column
	parts := []string{"name: " + plain(c.Name)}
	add := func(yes bool, format string, args ...any) {
		if yes {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(c.Path != "", "path: %s", quoted(c.Path))
	add(c.Position > 0, "position: %d", c.Position)
	add(c.As != "text" && c.As != "", "as: %s", c.As)
	_, alone := d.key.has(c.Name)
	add(c.Required || alone, "required: true")
	add(len(c.Formats) > 0, "formats: [%s]", strings.Join(each(c.Formats, quoted), ", "))
	if len(c.Codes) > 0 {
		var codes []string
		for _, from := range slices.Sorted(maps.Keys(c.Codes)) {
			codes = append(codes, quoted(from)+": "+quoted(c.Codes[from]))
		}
		add(true, "codes: {%s}", strings.Join(codes, ", "))
	}
	add(c.List != "", "list: %s", quoted(c.List))
	add(c.Split != "", "split: %s", c.Split)
	add(c.Append != "", "append: %s", quoted(c.Append))
	add(c.Open, "open: true")
	add(c.Negate, "negate: true")
	add(c.Pattern != "", "pattern: %s", quoted(c.Pattern))
	add(c.Default != "", "default: %s", quoted(c.Default))
	add(c.Invalid != "" && !c.Required, "invalid: %s", c.Invalid)
	switch len(c.To) {
	case 0:
	case 1:
		add(true, "to: %s", c.To[0])
	default:
		add(true, "to: [%s]", strings.Join(c.To, ", "))
	}
	return strings.Join(parts, ", ")
}

// memberName gives the member's name, with a mark where the date of the archive stands.
func memberName(member, file string) string {
	if date := eightDigits().FindString(filepath.Base(file)); date != "" {
		return strings.ReplaceAll(member, date, dateMark)
	}
	return member
}

const dateMark = "{yyyyMMdd}"

// fileName gives the file's name with a mark where its date stands, or before its end.
func fileName(file string) string {
	base := strings.NewReplacer("{", "", "}", "").Replace(filepath.Base(file))
	if at := eightDigits().FindStringIndex(base); at != nil {
		return base[:at[0]] + dateMark + base[at[1]:]
	}
	name, ext, _ := strings.Cut(base, ".")
	return strings.TrimSuffix(name+"_"+dateMark+"."+ext, ".")
}

var bare = late.Compile(`^\p{L}[\p{L}\p{N}_]*(?:[ /-][\p{L}\p{N}_]+)*$`)

// plain writes a text without quotes where YAML takes it for text all the same.
func plain(s string) string {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return quoted(s)
	}
	if bare.MatchString(s) {
		return s
	}
	return quoted(s)
}

// quoted writes a text as JSON does, which YAML reads.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		return `""`
	}
	return string(b)
}

func eachPart(parts [][]string) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = written(p)
	}
	return out
}

func each(list []string, write func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = write(s)
	}
	return out
}

func percent(share float64) string { return fmt.Sprintf("%d %%", int(100*share)) }
