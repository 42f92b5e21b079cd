package policy

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"uoma/internal/canon"
)

// held names every rule of the notice that this version carries out, and the way it does. The rest is named in notHeld,
// so that nobody takes silence for a promise.
var held = map[string]string{
	"XAMK-01": "registers and controller of every record",
	"XAMK-02": "notice date and version in force",
	"XAMK-05": "closed list of purposes; a table without a category is withheld",
	"XAMK-06": "closed list of groups: the sources of the stakeholder and project categories",
	"XAMK-07": "a contact that its master dropped is deleted",
	"XAMK-08": "purposes of the CRM data",
	"XAMK-09": "ten purposes of the CRM, each use names one",
	"XAMK-10": "members by graduating on 2020-01-31 or later",
	"XAMK-11": "earlier graduates by joining alone",
	"XAMK-12": "eligible institutions, as members and as rows",
	"XAMK-13": "leaving ends membership",
	"XAMK-14": "information on activities and training is for members",
	"XAMK-15": "no third parties but the listed",
	"XAMK-16": "career monitoring as a purpose",
	"XAMK-17": "basis: public task",
	"XAMK-18": "basis: cooperation",
	"XAMK-19": "basis: legitimate interest; an objection stops it",
	"XAMK-20": "events need consent",
	"XAMK-21": "basis: contract",
	"XAMK-23": "prospects: contact data alone",
	"XAMK-24": "allow-list of stakeholder data",
	"XAMK-25": "allow-list of alumni data",
	"XAMK-26": "national codes for matching only",
	"XAMK-27": "home address and phone from the person only",
	"XAMK-28": "wider data from the portal only",
	"XAMK-29": "national repository, research, statistics as recipients",
	"XAMK-30": "alumni data joined with the student register's",
	"XAMK-31": "career survey to CSC, encrypted",
	"XAMK-32": "no other disclosures",
	"XAMK-33": "recipients inside the EEA",
	"XAMK-34": "a category without a period makes the pack invalid",
	"XAMK-35": "stakeholder data goes with the relation",
	"XAMK-36": "alumni data goes with membership",
	"XAMK-37": "customer data: ten years",
	"XAMK-38": "project contracts: twenty years",
	"XAMK-39": "erased people are not used, not loaded and known again; answering the request comes with requests",
	"XAMK-40": "a withdrawn consent stops its purpose",
	"XAMK-44": "copies for statistics are anonymised",
	"XAMK-48": "an objection to marketing stops marketing and information, and outlives the data",
	"XAMK-49": "contract, teaching and RDI hold stakeholder data",
	"XAMK-50": "contested data is frozen",
	"XAMK-51": "unlawful data that the person wants kept is frozen",
	"XAMK-52": "data kept for legal claims is frozen",
	"XAMK-53": "data whose objection is being weighed is frozen",
	"XAMK-55": "withdrawal at any time, earlier use stays lawful",
	"XAMK-57": "sources of stakeholder data",
	"XAMK-58": "alumni contact data from the student register",
}

var notHeld = map[string]string{
	"XAMK-03": "provenance per value is the register's", "XAMK-04": "requests", "XAMK-22": "the relationship behind a legitimate interest is not recorded", "XAMK-41": "log-in", "XAMK-42": "access rights",
	"XAMK-43": "provenance per value is the register's", "XAMK-45": "requests", "XAMK-46": "requests", "XAMK-47": "the source's",
	"XAMK-54": "requests", "XAMK-56": "requests",
}

// xamkRules is how many rules the notice has.
const xamkRules = 58

func TestEveryRuleIsHeldOrNamed(t *testing.T) {
	cited := map[string]bool{}
	for _, u := range xamk(t).Clauses() {
		cited[u.Clause] = true
		if u.Path == "" || u.Entry == "" {
			t.Errorf("%s: an entry without a name", u.Clause)
		}
	}
	for i := 1; i <= xamkRules; i++ {
		rule := fmt.Sprintf("XAMK-%02d", i)
		_, isHeld := held[rule]
		_, isNot := notHeld[rule]
		if isHeld == isNot {
			t.Errorf("%s stands in both tables or in none", rule)
		}
		if isHeld != cited[rule] {
			t.Errorf("%s: held %v, cited by the pack %v", rule, isHeld, cited[rule])
		}
		delete(cited, rule)
	}
	for rule := range cited {
		t.Errorf("the pack cites %s, which the notice does not have", rule)
	}
}

// TestThreat_T23_NoEntryIsIdle takes every entry out of the pack, one at a time: each must change what the pack decides.
func TestThreat_T23_NoEntryIsIdle(t *testing.T) {
	src, _ := Shipped("xamk")
	full := xamk(t)
	whole := decisions(t, full, full)
	lists := []string{"categories.*.from", "purposes", "consents", "objections", "load.rows", "load.columns", "load.membership",
		"disclosures", "holds", "retention", "suppression.keys"}
	for _, list := range lists {
		removed := 0
		for n := 0; ; n++ {
			doc, name, ok := without(t, src, list, n)
			if !ok {
				break
			}
			if name == "role" { // a name, not a rule
				continue
			}
			removed++
			if decisions(t, unchecked(t, doc), full) == whole {
				t.Errorf("%s %s: taking it out changes nothing", list, name)
			}
		}
		if removed == 0 {
			t.Errorf("%s: nothing to take out", list)
		}
	}
}

// unchecked reads a pack whatever its findings are: a pack with an entry taken out may name what is no more.
func unchecked(t *testing.T, src []byte) *Pack {
	t.Helper()
	p := &Pack{}
	if err := yaml.Unmarshal(src, p); err != nil {
		t.Fatal(err)
	}
	(&checker{pack: p, file: "x.yaml", src: src}).check()
	return p
}

// without takes the n-th entry out of a list (or of the lists that a star stands for, taken together).
func without(t *testing.T, src []byte, list string, n int) (doc []byte, name string, ok bool) {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		t.Fatal(err)
	}
	nodes := []*yaml.Node{root.Content[0]}
	for _, step := range strings.Split(list, ".") {
		var next []*yaml.Node
		for _, node := range nodes {
			if step == "*" {
				next = append(next, node.Content...)
				continue
			}
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == step {
					next = append(next, node.Content[i+1])
				}
			}
		}
		nodes = next
	}
	for _, node := range nodes {
		width := 1
		if node.Kind == yaml.MappingNode {
			width = 2
		}
		if count := len(node.Content) / width; n >= count {
			n -= count
			continue
		}
		name = node.Content[n*width].Value + " " + strconv.Itoa(n)
		if width == 2 {
			name = node.Content[n*width].Value
		}
		node.Content = append(node.Content[:n*width:n*width], node.Content[(n+1)*width:]...)
		var out bytes.Buffer
		if err := yaml.NewEncoder(&out).Encode(&root); err != nil {
			t.Fatal(err)
		}
		return out.Bytes(), name, true
	}
	return nil, "", false
}

// decisions asks a pack everything that the full one knows, of every kind of person, and writes down the answers.
func decisions(t *testing.T, p, full *Pack) string {
	t.Helper()
	var b strings.Builder
	at := day(t, "2026-11-22")
	loads(t, &b, p)
	people := cast(t)
	compact, out := make([]Compact, len(people)), make([]Decision, len(people))
	for i, who := range people {
		compact[i] = p.Compact(who.facts, at)
		fmt.Fprintln(&b, who.name, p.Member(who.facts, at), p.Effective(who.facts, endOf(at)))
	}
	for _, u := range full.Purposes {
		for _, c := range full.Categories {
			for _, recipient := range []string{"", "csc", "virta", "research", "statistics", "newspaper"} {
				q := Query{Category: c.ID, Purpose: u.ID, Recipient: recipient, At: at}
				p.Case(q).DecideAll(compact, out)
				fmt.Fprintln(&b, u.ID, c.ID, recipient, out)
			}
		}
	}
	ends(t, &b, p, full)
	fmt.Fprintln(&b, p.SuppressionKeys(aino))
	return b.String()
}

var feeds = []string{"peppi/alumnit", "student-register/opiskelijat", "student-register/opiskeluoikeudet", "student-register/tutkinnot",
	"pegasos/henkilot", "reportronic/projektihenkilot", "reportronic/henkilosto", "alumni-portal/profiles",
	"alumni-portal/consents", "dynamics365/contacts", "dynamics365/consents", "webforms/forms"}

func loads(t *testing.T, b *strings.Builder, p *Pack) {
	t.Helper()
	l := p.Loader(day(t, "2026-11-22"))
	for _, feed := range feeds {
		for _, table := range canon.Tables() {
			fmt.Fprintf(b, "%s %s %+v\n", feed, table.Name, l.Table(feed, table.Name))
			for _, c := range table.Columns {
				clause, store, matching := l.Column(table.Name, c.Name)
				fmt.Fprintln(b, table.Name, c.Name, clause, store, matching)
			}
		}
		for _, batch := range sampleRows(t, feed) {
			for i := range batch.Len() {
				clause, withheld := l.Row(batch, i)
				fmt.Fprintln(b, feed, batch.Table.Name, i, clause, withheld)
			}
		}
	}
}

// ends asks for the end of every category by every anchor under every hold.
func ends(t *testing.T, b *strings.Builder, p, full *Pack) {
	t.Helper()
	var items []Item
	for _, c := range full.Categories {
		for a := Anchor(0); a < anchors; a++ {
			for _, feed := range feeds {
				for _, hold := range append([]string{""}, holdIDs(full)...) {
					item := Item{Feed: feed, SourceKey: a.String() + " " + hold, Category: c.ID}
					item.Anchors.Set(a, day(t, "2000-02-29"))
					if hold != "" {
						item.Holds = []string{hold}
					}
					items = append(items, item)
				}
			}
		}
	}
	date := day(t, "2026-11-22")
	fmt.Fprintf(b, "%v\n%v\n", p.Due(items, date), p.Held(items, date))
}

func holdIDs(p *Pack) []string {
	var out []string
	for _, h := range p.Holds {
		out = append(out, h.ID)
	}
	return out
}
