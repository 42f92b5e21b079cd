package record

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"uoma/internal/page"
)

// Document is a text with tables, for people. Both forms of it say the same.
type Document struct {
	Title    string
	Lead     string
	Sections []Section
}

// Section is a part of a document: any of a lead, facts, a table and a list.
type Section struct {
	ID, Title, Lead string
	Facts           [][2]string // term and what it is
	Header          []string
	Rows            [][]string
	List            []string
}

// Markdown writes the document as CommonMark with the tables of GitHub.
func (d *Document) Markdown() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\n%s\n", marked(d.Title), marked(d.Lead))
	for _, s := range d.Sections {
		fmt.Fprintf(&b, "\n## %s\n", marked(s.Title))
		if s.Lead != "" {
			fmt.Fprintf(&b, "\n%s\n", marked(s.Lead))
		}
		if len(s.Facts) > 0 {
			b.WriteString("\n")
		}
		for _, f := range s.Facts {
			fmt.Fprintf(&b, "- **%s**: %s\n", marked(f[0]), marked(f[1]))
		}
		if len(s.Rows) > 0 {
			fmt.Fprintf(&b, "\n%s|%s\n", tableLine(s.Header), strings.Repeat(" --- |", len(s.Header)))
		}
		for _, r := range s.Rows {
			b.WriteString(tableLine(r))
		}
		if len(s.List) > 0 {
			b.WriteString("\n")
		}
		for _, x := range s.List {
			fmt.Fprintf(&b, "- %s\n", marked(x))
		}
	}
	return b.Bytes()
}

func tableLine(cells []string) string {
	line := "|"
	for _, c := range cells {
		line += " " + marked(c) + " |"
	}
	return line + "\n"
}

// marked keeps text from being read as markup.
func marked(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "\n", " ").Replace(s)
}

//go:embed page.html
var pageSource string

// pageTemplate is compiled once; a broken template is a mistake in the program.
var pageTemplate = template.Must(template.New("record").Parse(pageSource))

// HTML writes the document as one page.
func (d *Document) HTML() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.ExecuteTemplate(&b, "page", struct {
		*Document
		Style  template.CSS
		Policy string
	}{d, page.Style(), page.Policy})
	return b.Bytes(), err
}
