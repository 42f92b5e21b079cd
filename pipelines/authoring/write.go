package authoring

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"uoma/transforms/layout"
)

// write gives the draft as YAML, each column with what it is believed to be and how surely.
func (d *drafting) write(s *Suggestion, file, controller string) (string, error) {
	if s.key == nil {
		return "", errDraft
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# A draft from one export. Look at every line: the share says how sure it is; what is dropped is never read.
system: %s
title: %s
controller: %s  # the controller's institution code

feeds:
- name: %s
  file: %s
  format: {%s}
  key: [%s]  # what names a row for good
  person: [%[7]s]
`, s.System, plain(s.System), quoted(controller), s.Feed, quoted(fileName(file)), d.format(), plain(s.key[0]))
	var dropped []string
	for _, c := range s.Columns {
		if len(c.To) == 0 && c.Name != "" {
			dropped = append(dropped, plain(c.Name))
		}
	}
	if len(dropped) > 0 {
		fmt.Fprintf(&b, "  drop: [%s]  # nobody claimed them\n", strings.Join(dropped, ", "))
	}
	b.WriteString("  columns:\n")
	for _, c := range s.Columns {
		if len(c.To) > 0 {
			fmt.Fprintf(&b, "  - {%s}  # %d %%: %s\n", s.line(&c), int(100*c.Confidence), c.Why)
		}
	}
	if _, err := layout.Parse(s.System+".yaml", []byte(b.String())); err != nil {
		return "", errDraft.Wrap(err)
	}
	return b.String(), nil
}

// format writes the keys of the format.
func (d *drafting) format() string {
	if d.in.Parquet {
		return "type: parquet"
	}
	out := "type: csv, delimiter: " + quoted(string(d.in.Delimiter))
	if strings.HasPrefix(d.in.Encoding, "windows") || strings.HasPrefix(d.in.Encoding, "iso") { // others say it by their first bytes
		out += ", encoding: " + d.in.Encoding
	}
	if d.in.Headless {
		out += ", header: none"
	}
	return out
}

// line writes a column.
func (s *Suggestion) line(g *Guess) string {
	c := &g.column
	parts := []string{"name: " + plain(c.Name)}
	add := func(yes bool, format string, args ...any) {
		if yes {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(c.Position > 0, "position: %d", c.Position)
	add(c.As != "text" && c.As != "", "as: %s", c.As)
	add(c.Required || c.Name == s.key[0], "required: true")
	add(len(c.Formats) > 0, "formats: [%s]", strings.Join(quotedAll(c.Formats), ", "))
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
	if len(c.To) == 1 {
		add(true, "to: %s", c.To[0])
	} else {
		add(true, "to: [%s]", strings.Join(c.To, ", "))
	}
	return strings.Join(parts, ", ")
}

// fileName gives the file's name with a mark where its date stands, or before its end.
func fileName(file string) string {
	const mark = "{yyyyMMdd}"
	base := strings.NewReplacer("{", "", "}", "").Replace(filepath.Base(file))
	if at := eightDigits.FindStringIndex(base); at != nil {
		return base[:at[0]] + mark + base[at[1]:]
	}
	ext := filepath.Ext(base)
	return strings.TrimSuffix(base, ext) + "_" + mark + ext
}

var bare = regexp.MustCompile(`^\p{L}[\p{L}\p{N}_]*(?:[ -][\p{L}\p{N}_]+)*$`)

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

func quotedAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quoted(s)
	}
	return out
}

func percent(share float64) string { return fmt.Sprintf("%d %%", int(100*share)) }
