package policy

import (
	"uoma/internal/document"
	"uoma/internal/fault"
)

var (
	errNever = fault.New("UOMA-POL-NEVER", "nothing that is stored has this event, so that the data would never be due", "let the period count from an event that comes about: docs/policy-author.md says where each is taken from")
	errLeast = fault.New("UOMA-POL-LEAST", "only a count has a least number of people, and what goes here is about each of them", "let the form be anonymous, or take least out")
)

// Doubts finds what a pack says without effect. It is no reason to refuse the pack: a version in force may have said so for
// years, and a signed one cannot be corrected at once.
func (p *Pack) Doubts(file string, src []byte) fault.List {
	var out fault.List
	for i, d := range p.Disclosures {
		if d.Least > 0 && d.Form != "anonymous" {
			out = append(out, errLeast.At(document.Locate(file, src, "disclosures", index(i), "least")))
		}
	}
	for i := range p.Retention {
		r := &p.Retention[i]
		if !r.Undecided && r.Action != Keep && r.anchor.unseen() && len(p.category[r.Category].From) > 0 {
			out = append(out, errNever.At(document.Locate(file, src, "retention", index(i), "anchor")))
		}
	}
	return out
}
