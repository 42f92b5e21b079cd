package dossier

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"sync"
	"time"
	"unicode"

	"uoma/internal/page"
)

//go:embed page.html
var pageSource string

// pageTemplate is compiled when a page is first written; a broken template is a mistake in the program.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("dossier").Funcs(template.FuncMap{
		"join":    func(list []string) string { return strings.Join(list, ", ") },
		"words":   func(name string) string { return strings.ReplaceAll(name, "_", " ") },
		"visible": visible,
		"when":    when,
		"night":   night,
	}).Parse(pageSource))
})

// HTML writes a dossier for people.
func HTML(d *Dossier) ([]byte, error) {
	shown := struct {
		D           *Dossier
		Style       template.CSS
		Title, Lead string
		Whole       bool
	}{d, page.Style(), "Your data", "Everything that the register holds of you, why, and who was sent it (GDPR, article 15).", d.Kind == Access}
	if !shown.Whole {
		shown.Title, shown.Lead = "Your data to take along", "What you gave yourself under a consent or a contract (GDPR, article 20)."
	}
	var b bytes.Buffer
	err := pageTemplate().ExecuteTemplate(&b, "page", shown)
	return b.Bytes(), err
}

// when writes an instant for people, and leaves what is none.
func when(instant string) string {
	t, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return instant
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// night gives the day of a run.
func night(run string) string {
	if n := len(run) - len(time.DateOnly); n >= 0 {
		if _, err := time.Parse(time.DateOnly, run[n:]); err == nil {
			return run[n:]
		}
	}
	return run
}

// visible writes signs that would be unseen, or change the order of what stands around them, by their number.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			fmt.Fprintf(&b, "‹U+%04X›", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
