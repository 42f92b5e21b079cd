package docs_test

import (
	"slices"
	"strings"
	"testing"

	"uoma/transforms/layout"
)

// forms says of other forms that a system's rows have which layout for copying reads them, in braces, or why none does; by layout.
var forms = map[string][]string{
	"dynamics365":       {"the static worksheet of Excel is not read: its headers are display names in the language of whoever exports it, so that no layout can name them for all; {dynamics365} asks for the same rows"},
	"dynamics365-seamk": {"the static worksheet of Excel is not read: its headers are display names in the language of whoever exports it, so that no layout can name them for all; {dynamics365-seamk} asks for the same rows"},
	"exam":              {"the reports in XLSX are not read: they are made for people and for one period, and bookings come as JSON with what is needed of them", "`/integration/reports` is not asked: it adds the state that an exam is in, which the register has no field for; {exam} asks for records and bookings"},
	"haka":              {"a dump in LDIF is read by {haka}", "logins as JSON Lines are read by {haka-logins}"},
	"virta":             {"the SOAP service is not asked: it answers for one person a call, who must be named by identity code or learner number, and the batches hold everybody"},
	"webforms":          {"JSON Lines are read by {webforms-lines}"},
}

// formsOf gives the lines about other forms of a layout's rows, with links to the layouts for copying.
func formsOf(t *testing.T, name string) (out []string) {
	t.Helper()
	for _, text := range forms[name] {
		for _, copied := range between(text, "{", "}") {
			if !slices.Contains(layout.Templates(), copied+".yaml") {
				t.Errorf("%s: no layout for copying %s", name, copied)
			}
			text = strings.Replace(text, "{"+copied+"}", "["+copied+"](#template-"+copied+")", 1)
		}
		out = append(out, text)
	}
	return out
}

// TestOtherFormsAreOfShippedLayouts finds lines about layouts that there are not.
func TestOtherFormsAreOfShippedLayouts(t *testing.T) {
	layouts, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for name := range forms {
		if !slices.ContainsFunc(layouts, func(l *layout.Layout) bool { return l.Name() == name }) {
			t.Errorf("no layout %s", name)
		}
	}
}
