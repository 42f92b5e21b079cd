package survey

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/extract"
	"uoma/transforms/policy"
	"uoma/transforms/quality"
)

var errMoved = fault.New("UOMA-SVY-MOVED", "a nightly run began while people were selected", "run again when it has finished")

// choice is who goes out, at one moment.
type choice struct {
	gate    Gate
	cut     time.Time // words recorded up to here were heard
	year    int
	extract *extract.Extract
	people  map[string]sent // by pseudonym in the extract's domain
	// recordOf gives the record of each source row that a row may be made of.
	recordOf map[string]string
	quality  []byte // quality.json
	digest   string // of everything that goes out
	verdict  string // the worse of the night's and the extract's own
}

// sent is who stands behind a pseudonym, and by which clause the row goes out.
type sent struct{ person, clause string }

// choose selects the graduates of a year as the stores stand now.
func (s *Survey) choose(ctx context.Context, r *pipelines.Run, year int) (*choice, error) {
	c := &choice{cut: r.Now().UTC().Truncate(time.Microsecond), year: year}
	var err error
	if c.gate, err = CheckGate(ctx, s.ws); err != nil {
		return nil, err
	}
	var f *frame
	err = s.ws.Register.See(ctx, func(v *register.View) error {
		f, err = s.see(ctx, v, year, AsOf(r))
		return err
	})
	if err != nil {
		return nil, err
	}
	id, err := open(ctx, s.ws, f)
	if err != nil {
		return nil, err
	}
	// The vault is another store than the register: a night that began in between could have changed it alone.
	if again, err := CheckGate(ctx, s.ws); err != nil || again != c.gate {
		return nil, errMoved.Wrap(err)
	}
	settings := s.settings(year)
	people, err := s.decide(ctx, f, id, AsOf(r), r.Dry)
	if err != nil {
		return nil, err
	}
	c.people, c.recordOf = make(map[string]sent, len(people)), f.recordOf
	for i, g := range f.persons() {
		c.people[people[i].Pseudonym] = sent{g.person, people[i].Decision.Clause}
	}
	c.extract = extract.Make(people, settings)
	if err := s.judge(r, c, settings); err != nil {
		return nil, err
	}
	c.digest, err = s.digest(c)
	return c, err
}

// judge holds the extract against the quality rules and writes quality.json for the recipient, dated by the night that it
// rests on. What blocks is an error.
func (s *Survey) judge(r *pipelines.Run, c *choice, settings extract.Settings) error {
	leaks := c.extract.Leaks(settings)
	withheld := quality.Counts{}
	for _, w := range c.extract.Withheld {
		withheld[w.Clause] += w.N
	}
	report := quality.Build(quality.Input{
		Run: quality.Run{ID: r.ID(), Pipeline: r.Pipeline, Date: c.gate.Date, Mode: string(r.Mode), Attempt: 1,
			Policy: quality.Policy{ID: s.pack.ID, Version: s.pack.Version, Digest: s.pack.Digest()}, Commit: c.gate.Run},
		Extracts: []quality.Extract{{Dataset: s.terms.Dataset, Recipient: s.terms.Recipient, Eligible: c.extract.Eligible,
			Sent: int64(len(c.extract.Rows)), Withheld: withheld, Formulas: c.extract.Formulas(), Leaks: &leaks}},
	})
	if report.Verdict != "pass" && report.Verdict != "warn" {
		return errGate.At(fault.Place{Field: s.terms.Dataset}).Because(fmt.Errorf("%d reasons in the extract itself: %v", len(report.Reasons), report.Reasons))
	}
	c.verdict = c.gate.Verdict
	if report.Verdict == "warn" {
		c.verdict = "warn"
	}
	report.Verdict = c.verdict // the recipient reads one verdict, the manifest's
	c.quality = quality.Aggregates(report)
	return nil
}

// digest names everything that goes out under a key of its own: two choices with one digest seal to the same rows.
func (s *Survey) digest(c *choice) (string, error) {
	h := hmac.New(sha256.New, s.ws.Keys.Derive("selection", s.domain()))
	for _, p := range c.extract.Pseudonyms {
		h.Write([]byte(p))
	}
	for part, err := range c.extract.Parts("csv") {
		if err != nil {
			return "", err
		}
		h.Write(part.Data)
	}
	h.Write(c.quality)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// decide asks the policy for each person of the frame, in its order. A row is made of several categories, and each must be allowed.
func (s *Survey) decide(ctx context.Context, f *frame, id *identity, at canon.Date, dry bool) ([]extract.Person, error) {
	people := f.persons()
	var persons []string
	for _, g := range people {
		if g.facts.Suppressed = g.facts.Suppressed || id.suppressed[g.person]; !g.facts.Suppressed {
			persons = append(persons, g.person) // who is erased is called nothing any more: a random pseudonym is written down when it is drawn
		}
	}
	called, err := Called(ctx, s.ws, s.chain(), persons, dry)
	if err != nil {
		return nil, err
	}
	crowd := s.pack.Crowd(at, len(people))
	out := make([]extract.Person, len(people))
	for i, g := range people {
		crowd.Add(&g.facts)
		out[i] = extract.Person{Pseudonym: called(g.person), Protected: g.facts.Protected,
			Records: id.records[g.person], Degrees: g.degrees}
	}
	d := s.decider(at)
	for n, c := range d.cases {
		for i, answer := range c.DecideAll(crowd).All() {
			if n == 0 || out[i].Decision.Allow {
				out[i].Decision = answer
			}
		}
	}
	for i, g := range people {
		if !out[i].Decision.Allow {
			out[i].Refusal = d.refusal(&g.facts)
		}
	}
	return out, nil
}

// decider asks one question about each category that a row is made of.
type decider struct {
	s      *Survey
	at     canon.Date
	cases  []*policy.Case
	closed bool // nobody is sent, whoever they are: a category is refused to all, and a row needs each
}

func (s *Survey) decider(at canon.Date) *decider {
	d := &decider{s: s, at: at}
	for _, category := range categories {
		c := s.pack.Case(policy.Query{Category: category, Purpose: s.terms.Purpose, Recipient: s.terms.Recipient,
			IncludeProtected: s.terms.Protected == "email", At: at})
		_, closed := c.Closed()
		d.cases, d.closed = append(d.cases, c), d.closed || closed
	}
	return d
}

func (d *decider) allows(c *policy.Compact) bool {
	for _, each := range d.cases {
		if !each.Decide(c).Allow {
			return false
		}
	}
	return true
}

// refusal names why the policy refuses somebody, in the policy's own order of reasons.
func (d *decider) refusal(f *policy.Facts) extract.Reason {
	switch {
	case d.closed:
		return extract.NoBasis
	case f.Restricted || d.frozen(f):
		return extract.Restricted
	case f.Suppressed:
		return extract.Suppressed
	case f.Deceased && (f.DeceasedOn == 0 || f.DeceasedOn <= d.at):
		return extract.Deceased
	case f.Protected && !d.s.takesProtected():
		return extract.Protected
	case !d.s.pack.Member(f, d.at).Member:
		return extract.NotMember
	}
	silent := *f
	silent.Objections = nil
	if c := d.s.pack.Compact(&silent, d.at); d.allows(&c) {
		return extract.Objection
	}
	return extract.NoConsent
}

// frozen tells whether a hold is on somebody that stops every use, as one of an unknown kind does.
func (d *decider) frozen(f *policy.Facts) bool {
	return slices.ContainsFunc(f.Holds, func(id string) bool {
		return !slices.ContainsFunc(d.s.pack.Holds, func(h policy.Hold) bool { return h.ID == id && h.Effect == "keep" })
	})
}

// takesProtected tells whether people under an address protection order are sent: where the survey asks for it and the
// notice leaves it to the survey.
func (s *Survey) takesProtected() bool {
	d, ok := s.pack.Disclosure(s.terms.Recipient, s.terms.Purpose)
	return ok && d.Protected == "by_profile" && s.terms.Protected == "email"
}
