package policy

import "slices"

// Waiting is something that the pack leaves to the controller, and what stays closed until it is filled in.
type Waiting struct {
	Path   []string // where it goes: "bases", "0", "assessment"
	What   string
	Clause string
}

// Waiting lists what the controller has still to fill in.
func (p *Pack) Waiting() []Waiting {
	var out []Waiting
	for i, b := range p.Bases {
		if b.NeedsAssessment && b.Assessment == nil {
			out = append(out, Waiting{[]string{"bases", index(i)}, "no purpose rests on " + b.ID + " before its assessment is recorded", b.lead()})
		}
	}
	for i, d := range p.Disclosures {
		if d.Processor && d.Agreement == "" {
			out = append(out, Waiting{[]string{"disclosures", index(i)}, d.Recipient + " has nothing before the agreement is named", d.lead()})
		}
		if d.ThirdCountry && d.Safeguard == "" {
			out = append(out, Waiting{[]string{"disclosures", index(i)}, d.Recipient + " has nothing before the safeguard is named", d.lead()})
		}
	}
	for i, r := range p.Retention {
		if r.Undecided {
			out = append(out, Waiting{[]string{"retention", index(i)}, r.Category + " is not loaded before its period is set", r.lead()})
		}
	}
	return slices.Clip(out)
}
