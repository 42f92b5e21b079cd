package docs_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"uoma/internal/canon"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

// answers say what the program has of each system that a notice names, by notice and system. A name in square brackets is a
// shipped layout, one between backticks a recipient or processor of the pack, and one in braces a shipped target.
var answers = map[[2]string]string{
	{"xamk", "CRM (customer management system)"}:                              "[dynamics365]",
	{"xamk", "alumni register"}:                                               "the program's own register",
	{"xamk", "alumni portal (alumni.xamk.fi)"}:                                "[alumni-portal]",
	{"xamk", "student register"}:                                              "[student-register], [peppi]",
	{"xamk", "public sources: websites, business directories"}:                "[external-lists] in a copy, with the controller changed, the feed named public, and public_directory and web_research as the kinds of its side-car: contact data of possible partners, for reaching them alone; a list that is bought is refused",
	{"xamk", "event registration"}:                                            "[dynamics365], where registrations are kept; [webforms], with the controller changed in a copy: which event, and what was agreed to",
	{"xamk", "rights-request online form"}:                                    "[webforms], rights_request; the request itself is handled by hand",
	{"xamk", "national data repository"}:                                      "`virta` in the pack; target {virta}; [virta] reads what it holds, which the pack does not take",
	{"xamk", "research and statistics"}:                                       "`research`, `statistics` in the pack; targets {research-graduates}, {statistics-graduates}; what statistics get is counts of people",
	{"xamk", "CSC career monitoring survey"}:                                  "target: the career-survey pipeline, and {arvo-contacts} for the list of people asked",
	{"xamk", "secure mail"}:                                                   "nothing: what goes to CSC is sealed and signed itself, and travels over HTTPS with mutual TLS in place of mail",
	{"xamk", "AD"}:                                                            "nothing: login is the operating system's and the database's",
	{"seamk", "Dynamics 365 CRM"}:                                             "[dynamics365-seamk]; targets {seamk-crm}, {seamk-crm-staff}, {seamk-crm-internships}, {seamk-crm-projects}",
	{"seamk", "Dynamics 365 Marketing"}:                                       "[dynamics365-marketing]; target {seamk-marketing}",
	{"seamk", "web services SeAMK.fi and subsites (forms)"}:                   "[webforms]",
	{"seamk", "social media channels, digital advertisements"}:                "[dynamics365-marketing]: clicks of people who are known; others are never read",
	{"seamk", "HaTu (internship support)"}:                                    "[hatu]",
	{"seamk", "Reportronic"}:                                                  "[reportronic], with the controller changed in a copy",
	{"seamk", "Pegasos (HR)"}:                                                 "[pegasos]: refused by the pack, as staff come through Reportronic",
	{"seamk", "student register"}:                                             "[student-register]: refused by the pack, as students come through HaTu",
	{"seamk", "Peppi"}:                                                        "[peppi], with the controller changed in a copy",
	{"seamk", "data provider (bought data)"}:                                  "[external-lists]",
	{"seamk", "AD, internal network, database server"}:                        "nothing: they protect the machine that the program runs on",
	{"nmbu", "Mira"}:                                                          "[mira]; targets {mira-persons}, {mira-degrees}",
	{"nmbu", "Mira Network AB"}:                                               "`mira_network` in the pack",
	{"nmbu", "FS (student register)"}:                                         "[fs]; templates of its GraphQL service and of FS-API, of whose REST the paths and parameters are published and the rest is assumed",
	{"nmbu", "alumni portal, profile page"}:                                   "[mira], [alumni-portal]",
	{"nmbu", "registration forms, newsletter subscription"}:                   "[webforms]",
	{"nmbu", "unsubscribe link, mailbox"}:                                     "[webforms], unsubscribe; a letter is entered there by hand",
	{"nmbu", "academic communities, local network boards"}:                    "`local_network_boards` in the pack; target {local-networks}; communities use FS, which is no use of the register",
	{"ljmu", "Raiser's Edge"}:                                                 "[raisers-edge]; target {raisers-edge}",
	{"ljmu", "LJMU Connect (Graduway)"}:                                       "[graduway]; `graduway` in the pack",
	{"ljmu", "Academic Registry, student record"}:                             "[student-register-ljmu]",
	{"ljmu", "LinkedIn, honours lists, newspapers, third-party websites"}:     "[external-lists-ljmu]",
	{"ljmu", "mailing houses, service providers"}:                             "`mailing_house` in the pack; target {mailing-house}",
	{"ljmu", "providers' servers outside the EEA"}:                            "the pack's transfers: none without a safeguard",
	{"metropolia_exam", "EXAM"}:                                               "[exam]",
	{"metropolia_exam", "AXIS camera surveillance (Caverion Suomi Oy)"}:       "[axis]; `caverion` in the pack; target {axis-deletions}: orders to let go of what is over, given until the recorder answers",
	{"metropolia_exam", "access control system (Securitas Oy)"}:               "[access-control]; `securitas` in the pack",
	{"metropolia_exam", "LDAP directory"}:                                     "[haka]",
	{"metropolia_exam", "Haka login"}:                                         "[haka], whose template haka-logins reads what was captured of logins",
	{"metropolia_exam", "CSC shared server for EXAM visits"}:                  "`csc` in the pack",
	{"metropolia_exam", "student register"}:                                   "nothing: a lecturer sends the result from EXAM",
	{"metropolia_exam", "home institution of a visiting student"}:             "`home_institution` in the pack; nothing to send: neither image nor sound ever comes into the program, and an administrator hands a recording over",
	{"metropolia_exam", "student services, HR unit, data protection officer"}: "nothing: people ask people there",
	{"metropolia_exam", "National Archives order"}:                            "the pack's retention; the order itself is not public",
}

// named is a row of the notices' own list of systems, which testdata/notice-systems.csv has: the system, its part there, and the
// clauses that name it.
type named struct {
	pack, system, part string
	clauses            []string
}

// noticeSystems reads the list.
func noticeSystems(t *testing.T) []named {
	t.Helper()
	f, err := os.Open("testdata/notice-systems.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []named
	for _, r := range rows[1:] {
		out = append(out, named{r[0], r[1], r[2], strings.Fields(r[3])})
	}
	return out
}

// TestEverySystemOfTheNotices holds systems.md to the layouts, the packs and the notices' own list of systems.
func TestEverySystemOfTheNotices(t *testing.T) {
	const file = "systems.md"
	want := systemsPage(t)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != pages(t)[file] {
		t.Errorf("%s is not what the layouts and packs say: go test ./docs -update", file)
	}
}

func systemsPage(t *testing.T) string {
	t.Helper()
	layouts, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	targets, err := target.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	packs := map[string]*policy.Pack{}
	var ids []string
	for _, id := range policy.ShippedIDs() {
		src, _ := policy.Shipped(id)
		p, err := policy.Parse(id, src)
		if err != nil {
			t.Fatal(err)
		}
		packs[id], ids = p, append(ids, id)
	}
	var b strings.Builder
	b.WriteString(`# The systems

This page is generated by ` + "`go test ./docs -update`" + ` from the shipped [layouts](layout-author.md), [targets](target-author.md) and policy packs. The first
table lists every system that the five notices name and what the program has of it; the rest is one section a layout, then one a
layout for copying (` + "`uoma layout template`" + `), then one a target. The
layouts of systems whose makers publish none are proposals: a real export is met by changing names, codes and formats in a copy
of the file, never by a program.

| notice | system | its part there | clauses | in the program |
| --- | --- | --- | --- | --- |
`)
	b.WriteString(namedRows(t, layouts, targets, packs))
	for _, l := range layouts {
		describe(t, &b, l, layouts, packs, ids)
	}
	for _, file := range layout.Templates() {
		template(t, &b, file, layouts, packs, ids)
	}
	for _, x := range targets {
		aim(&b, x)
	}
	return b.String()
}

// namedRows writes the list of named systems, and finds rows that name what there is not, and layouts that no row names.
func namedRows(t *testing.T, layouts []*layout.Layout, targets []*target.Target, packs map[string]*policy.Pack) string {
	t.Helper()
	var b strings.Builder
	used, aimed := map[string]bool{}, map[string]bool{}
	list := noticeSystems(t)
	if len(list) != len(answers) || len(list) < 46 {
		t.Errorf("%d systems in the notices, %d answers", len(list), len(answers))
	}
	for _, n := range list {
		p := packs[n.pack]
		if p == nil {
			t.Fatalf("no pack %s", n.pack)
		}
		answer := answers[[2]string{n.pack, n.system}]
		if answer == "" {
			t.Errorf("%s: nothing is said of %s", n.pack, n.system)
		}
		for _, clause := range n.clauses {
			if p.Says(clause) == "" {
				t.Errorf("%s: the pack has no %s", n.system, clause)
			}
		}
		if len(n.clauses) == 0 {
			t.Errorf("%s: no clause", n.system)
		}
		has := answer
		for _, name := range between(answer, "[", "]") {
			used[name] = true
			if !slices.ContainsFunc(layouts, func(l *layout.Layout) bool { return l.Name() == name }) {
				t.Errorf("%s: no layout %s", n.system, name)
			}
			has = strings.Replace(has, "["+name+"]", "["+name+"](#"+name+")", 1)
		}
		for _, name := range between(answer, "{", "}") {
			aimed[name] = true
			has = strings.Replace(has, "{"+name+"}", "["+name+"](#target-"+name+")", 1)
			if !slices.ContainsFunc(targets, func(x *target.Target) bool { return x.Name == name && x.Policy == n.pack }) {
				t.Errorf("%s: no target %s of %s", n.system, name, n.pack)
			}
		}
		for _, name := range between(answer, "`", "`") {
			if !slices.ContainsFunc(p.Disclosures, func(d policy.Disclosure) bool { return d.Recipient == name }) {
				t.Errorf("%s: pack %s knows no recipient %s", n.system, n.pack, name)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", p.Controller.Name, n.system, n.part, strings.Join(n.clauses, ", "), has)
	}
	for _, x := range targets {
		if !aimed[x.Name] {
			t.Errorf("target %s is of no system that a notice names", x.Name)
		}
	}
	for _, l := range layouts {
		if !used[l.Name()] {
			t.Errorf("layout %s is of no system that a notice names", l.Name())
		}
	}
	return b.String()
}

func between(text, open, end string) (out []string) {
	for {
		_, rest, found := strings.Cut(text, open)
		name, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			return out
		}
		out, text = append(out, name), after
	}
}

// standsIn tells whether a column is read in place of another one.
func standsIn(f *layout.Feed, column string) bool {
	return slices.ContainsFunc(f.Columns, func(c layout.Column) bool { return slices.Contains(c.Or, column) })
}

func describe(t *testing.T, b *strings.Builder, l *layout.Layout, layouts []*layout.Layout, packs map[string]*policy.Pack, ids []string) {
	t.Helper()
	fmt.Fprintf(b, "\n## %s\n\n%s. [Layout](../transforms/layout/shipped/%s.yaml), controller %s.\n%s.\n",
		l.Name(), l.Title, l.Name(), l.Controller, transport(t, l))
	for i, text := range formsOf(t, l.Name()) {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(b, "- other forms: %s\n", text)
	}
	for i := range l.Feeds {
		f := &l.Feeds[i]
		fmt.Fprintf(b, "\n**%s**: %s.\n\n", f.Name, origin(f))
		besides(b, f)
		var read, looked, forbidden []string
		for _, c := range f.Columns {
			switch {
			case c.Forbid:
				forbidden = append(forbidden, "`"+c.Name+"`")
			case len(c.To) == 0 && !standsIn(f, c.Name):
				looked = append(looked, "`"+c.Name+"`")
			case len(c.To) > 0:
				read = append(read, "`"+strings.Join(append([]string{c.Name}, c.Or...), "`, else `")+"` → "+strings.Join(c.To, ", "))
			}
		}
		fmt.Fprintf(b, "- read: %s\n", strings.Join(read, "; "))
		line(b, "looked at, and not kept", looked)
		line(b, "dropped, never read", dropped(f))
		line(b, "must be empty", forbidden)
		if only := unasked(f); only != "" {
			fmt.Fprintf(b, "- %s\n", only)
		}
		for _, id := range ids {
			if taken := takes(packs[id], l, f, layouts); taken != "" {
				fmt.Fprintf(b, "- %s: %s\n", id, taken)
			}
		}
	}
	holders(b, l)
}

// holders says of a layout's lists of who held cards what a case reads.
func holders(b *strings.Builder, l *layout.Layout) {
	for i := range l.Holders {
		f := &l.Holders[i]
		var read []string
		for _, c := range f.Columns {
			read = append(read, "`"+c.Name+"` → "+strings.Join(c.To, ", "))
		}
		fmt.Fprintf(b, "\n**%s**: %s, a list of who held cards.\n\n", f.Name, origin(f))
		fmt.Fprintf(b, "- read for a [case](operator.md#revealing-a-person) alone, in memory; no night reads it, and nothing of it is kept: %s\n", strings.Join(read, "; "))
		line(b, "dropped, never read", dropped(f))
	}
}

// template says what a layout for copying reads, and what the pack of its institution takes of it: all of it needs something.
func template(t *testing.T, b *strings.Builder, file string, layouts []*layout.Layout, packs map[string]*policy.Pack, ids []string) {
	t.Helper()
	src, err := layout.TemplateSource(file)
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse(file, src)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "\n## template %s\n\n%s. [Layout](../transforms/layout/templates/%s) for copying, controller %s.\n%s.\n",
		strings.TrimSuffix(file, ".yaml"), l.Title, file, l.Controller, transport(t, l))
	for i := range l.Feeds {
		f := &l.Feeds[i]
		var read, looked, forbidden, takers []string
		for _, c := range f.Columns {
			name := "`" + c.Name + "`"
			switch {
			case c.Forbid:
				forbidden = append(forbidden, name)
			case len(c.To) == 0:
				looked = append(looked, name)
			default:
				read = append(read, name)
			}
		}
		for _, id := range ids {
			if !slices.Contains(packs[id].Controller.Institutions, l.Controller) {
				continue
			}
			if taken := takes(packs[id], l, f, layouts); taken != "" {
				takers = append(takers, id+" takes "+taken)
			}
		}
		fmt.Fprintf(b, "\n**%s**: %s.\n\n", f.Name, origin(f))
		line(b, "read", read)
		line(b, "looked at, and not kept", looked)
		line(b, "dropped, never read", dropped(f))
		line(b, "must be empty", forbidden)
		if only := unasked(f); only != "" {
			fmt.Fprintf(b, "- %s\n", only)
		}
		fmt.Fprintf(b, "- %s\n", strings.Join(takers, "; "))
		if len(takers) != 1 || strings.Contains(takers[0], "nothing") && l.System != "web-forms" {
			t.Errorf("%s %s: its institution's pack takes nothing of it: %v", file, f.Name, takers)
		}
	}
}

// aim describes a target.
func aim(b *strings.Builder, x *target.Target) {
	to := "the controller's own system"
	if x.Recipient != "" {
		to = "`" + x.Recipient + "`"
	}
	sealed := ""
	if x.Sealed() {
		sealed = ", sealed to the recipient's key"
	}
	what := x.File
	if x.InTable() {
		what = x.Form.Set
	}
	fmt.Fprintf(b, "\n## target %s\n\n%s. [Target](../transforms/target/shipped/%s.yaml) of `%s`, to %s for `%s`: `%s`, %s%s.\n\n",
		x.Name, x.Title, x.Name, x.Policy, to, x.Purpose, what, x.Form.Type, sealed)
	for _, block := range x.Blocks() {
		var columns []string
		for _, c := range block.Columns {
			switch {
			case c.Copy:
				columns = append(columns, "`"+c.Name+"` as asked")
			case c.Value != "":
				columns = append(columns, "`"+c.Name+"` = "+c.Value)
			default:
				columns = append(columns, "`"+c.Name+"` ← "+strings.Join(c.From, " or "))
			}
		}
		fmt.Fprintf(b, "- a row of `%s`: %s\n", block.Each, strings.Join(columns, "; "))
	}
	if o := x.Orders; o != nil {
		var results []string
		for _, said := range slices.Sorted(maps.Keys(o.Results)) {
			results = append(results, "`"+said+"` is "+o.Results[said])
		}
		fmt.Fprintf(b, "- a row orders `%s` to let go of what retention ended; answers: `%s` in its inbox, by `%s`; `%s`: %s\n", x.System, o.Answers, o.Order, o.Result, strings.Join(results, ", "))
	}
}

// besides says what has to lie beside a feed's files.
func besides(b *strings.Builder, f *layout.Feed) {
	if f.Sidecar == nil {
		return
	}
	var keys []string
	for _, k := range f.Sidecar.Keys {
		text := "`" + k.Name + "`"
		if len(k.Only) > 0 {
			text += " (" + strings.Join(k.Only, ", ") + ")"
		}
		if !k.Required {
			text += ", if any"
		}
		keys = append(keys, text)
	}
	fmt.Fprintf(b, "- side-car, without which the file is not read: `%s`: %s\n", f.SidecarName(f.File), strings.Join(keys, "; "))
}

func inside(f *layout.Feed) string {
	if f.Member == "" {
		return ""
	}
	return " (`" + f.Member + "`)"
}

func line(b *strings.Builder, what string, names []string) {
	if len(names) > 0 {
		fmt.Fprintf(b, "- %s: %s\n", what, strings.Join(names, ", "))
	}
}

// takes tells what a pack takes of a feed, by table with its clauses, and what it leaves; "" where the pack does not know
// the system, or another layout of it is the controller's own.
func takes(p *policy.Pack, l *layout.Layout, f *layout.Feed, layouts []*layout.Layout) string {
	theirs := slices.Contains(p.Controller.Institutions, l.Controller)
	if !theirs && slices.ContainsFunc(layouts, func(o *layout.Layout) bool {
		return o.System == l.System && slices.Contains(p.Controller.Institutions, o.Controller)
	}) {
		return ""
	}
	var kept, left []string
	seen := map[string]bool{}
	for _, fill := range f.Fillings() {
		table := fill.Table.Name
		if seen[table] {
			continue
		}
		seen[table] = true
		c, ok := p.Category(l.System, f.Name, table)
		if !ok {
			left = append(left, table)
			continue
		}
		kept = append(kept, fmt.Sprintf("%s as `%s` (%s)", table, c.ID, strings.Join(clauses(c, l.System, f.Name, table), ", ")))
	}
	switch {
	case len(kept) == 0 && !theirs && !knows(p, l.System):
		return ""
	case len(kept) == 0:
		return "nothing; all is withheld"
	case len(left) == 0:
		return strings.Join(kept, "; ")
	}
	return strings.Join(kept, "; ") + "; withheld: " + strings.Join(left, ", ")
}

// knows tells whether any category of a pack takes something of a system.
func knows(p *policy.Pack, system string) bool {
	for _, t := range canon.Tables() {
		if _, ok := p.Category(system, "", t.Name); ok {
			return true
		}
	}
	return false
}

// clauses gives the clauses under which a category takes a table of a feed: those of the origin, or the category's.
func clauses(c *policy.Category, system, feed, table string) []string {
	for _, o := range c.From {
		of := slices.Contains(o.Sources, system) || slices.Contains(o.Sources, system+"/"+feed)
		if of && slices.Contains(o.Tables, table) && len(o.Clause) > 0 {
			return o.Clause
		}
	}
	return c.Clause
}
