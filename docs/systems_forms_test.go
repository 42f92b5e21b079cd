package docs_test

import (
	"slices"
	"strings"
	"testing"

	"uoma/transforms/layout"
)

// forms says of other forms that a system's rows have which layout for copying reads them, in braces, or why none does; by layout.
var forms = map[string][]string{
	"dynamics365":       {"the Web API is asked for the same rows by {dynamics365}", "static worksheets of Excel, whose headings and labels are in the language of whoever exports them, are read by {dynamics365-worksheet}: without whose company a contact belongs to, and whom it was merged into"},
	"dynamics365-seamk": {"the Web API is asked for the same rows by {dynamics365-seamk}", "static worksheets of Excel are read by a copy of {dynamics365-worksheet}, contacts and consents alone, with the controller, the institution's own columns and who changed a row as here: `Modified By`, a name there"},
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
