package conform_test

import (
	"regexp"
	"slices"
	"testing"

	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// template gives a conformer of a layout for copying.
func template(t *testing.T, name, short string) (*conform.Conformer, *layout.Feed) {
	t.Helper()
	src, err := layout.TemplateSource(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse(name+".yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	c, err := conform.New(l, l.Feed(short), settings())
	if err != nil {
		t.Fatal(err)
	}
	return c, l.Feed(short)
}

func ofShipped(t *testing.T, name, short string) (*conform.Conformer, *layout.Feed) {
	return conformer(t, name+"/"+short)
}

var stateOf = regexp.MustCompile(` state=(\w+)`)

// states gives what the consents of an outcome say.
func (o *outcome) states() (out []string) {
	for _, row := range o.table("consent") {
		out = append(out, stateOf.FindStringSubmatch(row)[1])
	}
	slices.Sort(out)
	return out
}

// TestARefusalCountsWhoeversTheAddressIs: what a form grants waits until the address is proved, what it refuses does not, and what was
// not asked says nothing.
func TestARefusalCountsWhoeversTheAddressIs(t *testing.T) {
	const verified = "2026-11-02T08:20:00Z"
	line := cells{"submission_id": "01JC0000000000000000000001", "submitted_at": "2026-11-02T08:15:30Z", "email": "eino.varhainen@posti.example", "form": "newsletter", "form_version": "2026-03"}
	for _, of := range []struct {
		name, feed, column string
		waits              []string // what a grant of nobody's address says
		open               func(t *testing.T, name, feed string) (*conform.Conformer, *layout.Feed)
	}{
		{"webforms", "forms", "consent_newsletter", []string{"unknown"}, ofShipped},
		{"webforms-lines", "forms", "newsletter", []string{"unknown"}, template},
		{"webforms-lines", "forms", "similar_events", []string{"unknown"}, template},
		{"web-forms", "submissions", "newsletter", nil, template},
		{"web-forms", "submissions", "similar_events", nil, template},
	} {
		for _, tt := range []struct {
			says, verified string
			want           []string
		}{
			{"true", verified, []string{"granted"}},
			{"true", "", of.waits},
			{"false", verified, []string{"withdrawn"}},
			{"false", "", []string{"withdrawn"}},
			{"", verified, nil},
			{"", "", nil},
		} {
			c, f := of.open(t, of.name, of.feed)
			row := line.with(cells{of.column: tt.says, "email_verified_at": tt.verified})
			if f.Index("form") < 0 {
				delete(row, "form")
			}
			if o := run(t, c, raw(t, f, 2, row)); !slices.Equal(o.states(), tt.want) || len(o.rejected) > 0 {
				t.Errorf("%s: %s=%q, verified %q: %v\n%s", of.name, of.column, tt.says, tt.verified, o.states(), o.text())
			}
		}
	}
}
