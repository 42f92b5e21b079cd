package outgoing

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/pipelines/rights"
	"uoma/pipelines/survey"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

const statistics = "statistics-graduates"

// TestStatisticsAreCountsOfPeople holds XAMK-44: what statistics get of the register, contact data too, is numbers of people whom
// the policy lets count one by one, recorded as a delivery, and nobody stands in it.
func TestStatisticsAreCountsOfPeople(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "xamk")
	content, sel, facts := r.sent(statistics)
	rows := numbersIn(t, content, 10)
	if sel.People == 0 || sel.People+sum(sel.Withheld) != sel.Eligible || sel.Rows != int64(len(rows)) {
		t.Errorf("%+v\n%s", sel, content)
	}
	d := r.deliveries()
	if len(d) != 1 || d[0].ID != facts.Delivery || d[0].State != "closed" || d[0].Chain.Recipient != "statistics" {
		t.Errorf("%+v", d)
	}
	if told, err := survey.Disclosures(ctx, r.ws, nil); err != nil || len(told) != 0 {
		t.Errorf("somebody was disclosed: %v, %v", told, err)
	}
	for e, err := range r.ws.Vault.Open(ctx, nil, vault.Everything) {
		r.must(err)
		for _, x := range slices.Concat(e.Names, e.Identifiers, e.Contacts) {
			if len(x.Value) > 2 && x.Column != "kind" && strings.Contains(content, x.Value) {
				t.Fatalf("a %s.%s stands in it", x.Table, x.Column)
			}
		}
	}

	// Whoever may not be counted is not, and no number tells who it was; of numbers nothing is withdrawn.
	people := r.peopleOf("research-graduates")
	slices.Sort(people)
	people = slices.Compact(people)
	r.says(people[0], restriction)
	r.says(people[1], rights.Statement{Kind: register.ObjectionWord, About: "disclosure", State: register.Stands})
	r.erases(people[2])
	if f, err := r.file(statistics).Withdraw(ctx, r.runOf("withdrawals", false)); err != nil || f.Rows != 0 {
		t.Errorf("%+v %v", f, err)
	}
	r.next()
	content, later, _ := r.sent(statistics)
	numbersIn(t, content, 10)
	if later.Eligible != sel.Eligible-1 || sum(later.Withheld) < sum(sel.Withheld)+2 || later.People+sum(later.Withheld) != later.Eligible {
		t.Errorf("%+v, before %+v", later, sel)
	}

	src, err := target.ShippedSource(statistics + ".yaml")
	r.must(err)
	byCountry := regexp.MustCompile(`(?m)^- \{name: (year|institution), .*\n`).ReplaceAllString(string(src), "")
	shipped, _ := policy.Shipped("xamk")
	for name, change := range map[string]struct {
		old, new string
		right    func(c *choice) bool
	}{
		"the notice":        {"", "", func(c *choice) bool { return len(c.records) > 0 && has(c, "FI") }},
		"no contact data":   {"categories: [alumni_basics, education, contact, statistics]", "categories: [alumni_basics, education, statistics]", func(c *choice) bool { return len(c.records) > 0 && !has(c, "FI") }},
		"no education":      {"categories: [alumni_basics, education, contact, statistics]", "categories: [alumni_basics, contact, statistics]", none},
		"another recipient": {"  recipient: statistics\n", "  recipient: others\n", none},
		"groups of a hundred": {"least: 10", "least: 100", func(c *choice) bool {
			return len(c.records) == 0 || !slices.ContainsFunc(c.records, func(r *record) bool { return !strings.HasSuffix(r.cells[1], "00") })
		}},
	} {
		p, err := policy.Parse("xamk.yaml", []byte(strings.Replace(string(shipped), change.old, change.new, 1)))
		r.must(err)
		x, err := target.Parse("x.yaml", []byte(byCountry))
		r.must(err)
		f, err := New(r.ws, x, p, Options{})
		r.must(err)
		if c, err := f.choose(ctx, r.runOf(statistics, true)); err != nil || !change.right(c) || c.people+sum(c.account()) != c.eligible {
			t.Errorf("%s: %v, %d rows of %d", name, err, len(c.records), c.eligible)
		}
	}
	x, err := target.Parse("x.yaml", []byte(strings.Replace(byCountry, target.People, "x", 1)))
	r.must(err)
	if _, err := r.fileOf(x).choose(ctx, r.runOf(statistics, true)); fault.Code(err) != "UOMA-OUT-ANONYMOUS" {
		t.Errorf("rows of people: %v", err)
	}
}

func none(c *choice) bool { return len(c.records) == 0 && c.eligible > 0 }

func has(c *choice, cell string) bool {
	return slices.ContainsFunc(c.records, func(r *record) bool { return slices.Contains(r.cells, cell) })
}

// numbersIn gives the rows of a file of counts, each of which ends with a multiple of least.
func numbersIn(t *testing.T, content string, least int) []string {
	t.Helper()
	rows := strings.Split(strings.TrimSuffix(content, "\r\n"), "\r\n")[1:]
	for _, row := range rows {
		n, err := strconv.Atoi(row[strings.LastIndexByte(row, ';')+1:])
		if err != nil || n == 0 || n%least != 0 {
			t.Errorf("%q is no count", row)
		}
	}
	if len(rows) == 0 || token.MatchString(content) {
		t.Errorf("no counts, or a token of somebody:\n%s", content)
	}
	return rows
}
