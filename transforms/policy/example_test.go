package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"uoma/internal/fault"
)

// shippedPack gives a pack that comes with the program, its document, and its examples with theirs.
func shippedPack(t testing.TB, id string) (p *Pack, src []byte, x *Examples, list []byte) {
	t.Helper()
	src, _ = Shipped(id)
	p, err := Parse(id+".yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	list, _ = ShippedExamples(id)
	if x, err = ParseExamples(id+".yaml", list); err != nil {
		t.Fatal(err)
	}
	return p, src, x, list
}

// TestRules asks every example of every pack under the rules that it shows: TestRules/XAMK-31 are those of one rule.
func TestRules(t *testing.T) {
	for _, id := range ShippedIDs() {
		p, src, x, _ := shippedPack(t, id)
		filled, err := amend(src, x.Given)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Parse(id+".yaml, filled in", filled)
		if err != nil {
			t.Fatal(err)
		}
		questions := x.asker(q, filled)
		for _, r := range p.Rules {
			t.Run(r.ID, func(t *testing.T) {
				asked := 0
				for i := range x.List {
					if e := &x.List[i]; slices.Contains(e.Rules, r.ID) {
						asked++
						if err := questions.ask(e); err != nil {
							t.Errorf("example %d of %s: %v", i+1, id, err)
						}
					}
				}
				if asked == 0 {
					t.Errorf("no example speaks of it")
				}
			})
		}
	}
}

// TestThreat_T23_NoEntryIsIdle takes every entry out of every pack, one at a time: an example of the pack must then be
// answered otherwise. Registers, legal bases and categories are what other entries stand on: without one of them the pack is
// not accepted at all.
func TestThreat_T23_NoEntryIsIdle(t *testing.T) {
	lists := []string{"registers", "bases", "categories", "categories.*.from", "groups", "purposes", "consents", "objections", "stops",
		"refusals", "load.rows", "load.columns", "load.membership", "disclosures", "transfers", "holds", "sequences", "retention", "suppression.keys", "requests", "changes"}
	var described struct {
		Properties map[string]struct{ Type string }
	}
	if err := json.Unmarshal(schemaSource, &described); err != nil {
		t.Fatal(err)
	}
	for name, kind := range described.Properties {
		if kind.Type == "array" && name != "rules" && !slices.Contains(lists, name) { // rules are what the others carry out
			t.Errorf("entries of %s are not taken out", name)
		}
	}
	for _, id := range ShippedIDs() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			_, src, x, _ := shippedPack(t, id)
			filled, err := amend(src, x.Given)
			if err != nil {
				t.Fatal(err)
			}
			root := &yaml.Node{}
			if err := yaml.Unmarshal(filled, root); err != nil {
				t.Fatal(err)
			}
			uncommented(root)
			removed := 0
			for _, list := range lists {
				for n := 0; ; n++ {
					name, putBack, ok := without(root, list, n)
					if !ok {
						break
					}
					if removed++; name != "role" && name != "why" && missed(t, x, root) { // a role is a name and no rule, why is a comment
						t.Errorf("%s %s: taking it out changes nothing", list, name)
					}
					putBack()
				}
			}
			if removed < 70 {
				t.Errorf("only %d entries taken out", removed)
			}
		})
	}
}

// uncommented takes comments away: what stands behind one that belonged to a list is lost when the list is emptied.
func uncommented(node *yaml.Node) {
	node.HeadComment, node.LineComment, node.FootComment = "", "", ""
	for _, n := range node.Content {
		uncommented(n)
	}
}

// missed tells whether no example notices what is gone from a pack.
func missed(t *testing.T, x *Examples, root *yaml.Node) bool {
	t.Helper()
	p := &Pack{}
	if err := root.Decode(p); err != nil {
		t.Fatal(err)
	}
	c := &checker{pack: p, file: "x.yaml"}
	c.check()
	for _, e := range c.findings {
		if e.Code == errReference.Code && strings.Contains(e.Place.Field, "basis") || strings.HasSuffix(e.Place.Field, "register") {
			return false // what stands on it stands no more
		}
	}
	asked := x.asker(p, nil)
	var withGiven []*Example
	for i := range x.List {
		e := &x.List[i]
		switch {
		case len(e.Given) > 0:
			withGiven = append(withGiven, e)
		case e.Field != "":
		case asked.ask(e) != nil:
			return false
		}
	}
	src, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(src, &yaml.Node{}); err != nil {
		t.Fatal(err) // every question would be answered otherwise
	}
	asked.src = src
	for _, e := range withGiven {
		if asked.ask(e) != nil {
			return false
		}
	}
	return true
}

// without takes the n-th entry out of a list (or of the lists that a star stands for, taken together) until it is put back.
func without(root *yaml.Node, list string, n int) (name string, putBack func(), ok bool) {
	nodes := []*yaml.Node{root.Content[0]}
	for _, step := range strings.Split(list, ".") {
		var next []*yaml.Node
		for _, node := range nodes {
			if step == "*" {
				next = append(next, node.Content...)
			} else if c := child(node, step); c != nil {
				next = append(next, c)
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
		all := node.Content
		if name = fmt.Sprint(entryName(all[n*width]), " ", n); width == 2 {
			name = all[n*width].Value
		}
		node.Content = slices.Concat(all[:n*width], all[(n+1)*width:])
		return name, func() { node.Content = all }, true
	}
	return "", nil, false
}

func TestExamplesAreChecked(t *testing.T) {
	tests := map[string]string{
		"no rule":         "examples: [{use: [a], for: [b], answer: deny}]",
		"two kinds":       "examples: [{rules: [A-1], use: [a], member: true, answer: deny}]",
		"no answer":       "examples: [{rules: [A-1], use: [a]}]",
		"nobody":          "examples: [{rules: [A-1], who: [someone], use: [a], answer: deny}]",
		"no such anchor":  "examples: [{rules: [A-1], end: [a], anchors: {doom: 2026-01-01}, answer: delete}]",
		"no such day":     "people: {a: {died: 2026-02-30}}\nexamples: []",
		"no such state":   "people: {a: {consents: [x any perhaps 2026-01-01]}}\nexamples: []",
		"no such channel": "people: {a: {objections: [x pigeon 2026-01-01]}}\nexamples: []",
		"no such flag":    "people: {a: {is: [angry]}}\nexamples: []",
		"a circle":        "people: {a: {like: b}, b: {like: a}}\nexamples: []",
	}
	for name, src := range tests {
		_, err := ParseExamples("x.yaml", []byte("pack: x\non: 2026-11-22\n"+src+"\n"))
		if fault.Code(err) != errExample.Code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseExamples("x.yaml", []byte("pack: x\non: 2026-11-22\nexampels: []\n")); err == nil {
		t.Error("a misspelt key was taken")
	}
}

// TestExamplesSeeAChangedPack changes what a pack says: the examples must tell.
func TestExamplesSeeAChangedPack(t *testing.T) {
	_, src, x, list := shippedPack(t, "xamk")
	changed := strings.Replace(string(src), "period: P20Y", "period: P21Y", 1)
	err := x.Ask([]byte(changed), "examples.yaml", list)
	var found fault.List
	if l, ok := err.(fault.List); ok {
		found = l
	}
	if len(found) != 1 || found[0].Code != errAnswer.Code || found[0].Place.Line == 0 {
		t.Errorf("got %v", err)
	}
}

// FuzzExamples reads documents of examples and puts what can be asked to a pack: whatever they say, there is an answer.
func FuzzExamples(f *testing.F) {
	src, _ := Shipped("xamk")
	list, _ := ShippedExamples("metropolia_exam")
	f.Add(list)
	f.Add([]byte("pack: x\non: 2026-11-22\ngiven: {holds.-1: '#', a.b: ''}\nexamples: [{rules: [A], field: holds.0.id, answer: x}]\n"))
	f.Fuzz(func(t *testing.T, list []byte) {
		if x, err := ParseExamples("x.yaml", list); err == nil {
			_ = x.Ask(src, "x.yaml", list)
		}
	})
}
