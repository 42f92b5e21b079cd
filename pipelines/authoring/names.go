package authoring

import (
	"cmp"
	"path"
	"path/filepath"
	"strings"

	"uoma/connectors/rowfile"
	"uoma/internal/late"
)

var (
	eightDigits = late.Compile(`\d{8}`)
	dayAndTime  = late.Compile(`\d{8}([_T-]?\d{4}(\d{2})?)?`)
	notSlug     = late.Compile(`[^a-z0-9]+`)
)

// slug gives names of the system and the feed that a file's name suggests: all before its date, in two parts.
func slug(system, file string) (string, string) {
	base, _, _ := strings.Cut(filepath.Base(file), ".")
	name := slugged(dayAndTime().ReplaceAllString(base, ""))
	first, rest, two := strings.Cut(name, "-")
	if first == "" {
		first = "system"
	}
	if !two {
		rest = "rows"
	}
	if system != "" {
		first = system
	}
	return cut(first, ""), cut(rest, "")
}

// slugged writes a text with the signs that names have.
func slugged(s string) string {
	s = strings.NewReplacer("ä", "a", "ö", "o", "å", "a", "ø", "o", "æ", "ae").Replace(strings.ToLower(s))
	return strings.Trim(notSlug().ReplaceAllString(s, "-"), "-")
}

// cut keeps a name, and what tells it from others like it, within what the schema allows.
func cut(s, behind string) string {
	const longest = 40
	return strings.Trim(s[:min(len(s), longest-len(behind))], "-") + behind
}

// feedName is what a table of several is called: by its member, its sheet, or the records' path.
func feedName(form *rowfile.Form) string {
	name := strings.TrimSuffix(path.Base(form.Member), path.Ext(form.Member))
	for _, more := range []string{form.Sheet, path.Base(form.Rows)} {
		if more != "" && more != "." {
			name = more
		}
	}
	return cmp.Or(slugged(dayAndTime().ReplaceAllString(name, "")), "rows")
}
