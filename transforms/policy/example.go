package policy

import (
	"fmt"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
)

// Examples are the answers that a pack has to give, each under the rules of the notice that it shows. They are data of
// their own beside the pack, so that whoever changes a pack can see which rule no longer holds.
type Examples struct {
	Pack string `yaml:"pack"`
	On   string `yaml:"on"` // the date that examples without one ask about
	// Given fills in what the shipped pack leaves to the controller, so that examples can show what follows from it.
	Given  map[string]string `yaml:"given"`
	People map[string]Figure `yaml:"people"`
	List   []Example         `yaml:"examples"`

	facts map[string]*Facts
	on    canon.Date
}

// Figure is a made-up person.
type Figure struct {
	Like       string   `yaml:"like"`       // the person to begin with
	Degrees    []string `yaml:"degrees"`    // "10118 2021-06-15"
	Joined     []string `yaml:"joined"`     // days
	Left       []string `yaml:"left"`       // days
	Roles      []string `yaml:"roles"`      //
	Holds      []string `yaml:"holds"`      //
	Consents   []string `yaml:"consents"`   // "newsletter email granted 2024-05-01", "newsletter/library any withdrawn 2024-05-01"
	Objections []string `yaml:"objections"` // "marketing any 2025-01-01"
	Is         []string `yaml:"is"`         // restricted, suppressed, protected, deceased
	Died       string   `yaml:"died"`
}

// Example is one or several questions with one answer. Which kind of question it is, its leading key tells: use, load,
// column, end, member, mark, field, request, order or told. An example without a question names what holds the rule in its place:
// tests of the program, or nothing yet and why; or what of it is still open.
type Example struct {
	Rules []string `yaml:"rules"`
	On    string   `yaml:"on"`
	Who   []string `yaml:"who"`

	Use      []string `yaml:"use"` // categories
	For      []string `yaml:"for"`
	To       []string `yaml:"to"`
	By       string   `yaml:"by"` // channel
	About    string   `yaml:"about"`
	Event    string   `yaml:"event"`     // that the use is for
	GivenFor string   `yaml:"given_for"` // the event that the data was given for

	Load   []string          `yaml:"load"` // feeds
	Tables []string          `yaml:"tables"`
	Row    map[string]string `yaml:"row"`
	// Attributed is what the attribution of the row says: columns of the table attribution.
	Attributed []string `yaml:"attributed"`

	Column []string `yaml:"column"`

	End       []string          `yaml:"end"` // categories
	From      []string          `yaml:"from"`
	Anchors   map[string]string `yaml:"anchors"`
	Holds     []string          `yaml:"holds"`
	Consented []string          `yaml:"consented"`
	Due       string            `yaml:"due"`

	Member bool `yaml:"member"`

	Mark string `yaml:"mark"`

	Field string `yaml:"field"`

	Request  []string `yaml:"request"`  // kinds of requests, received on the date
	Through  string   `yaml:"through"`  // the office through which it comes
	Lacking  string   `yaml:"lacking"`  // what it is opened without: scope, identity
	Extended bool     `yaml:"extended"` // its answer was put off

	Order []string `yaml:"order"` // sequences: whether the words of somebody stand in their order

	Told []string `yaml:"told"` // registers whose people are told of changes; the answer is the channels

	// Given changes the pack further before it is asked; an empty value takes out. With an answer that is an error's code,
	// the changed pack has to be refused with it.
	Given map[string]string `yaml:"given"`

	Answer string `yaml:"answer"`
	Clause string `yaml:"clause"` // the clause answered, where it is not of an entry that cites the rules
	Reason string `yaml:"reason"` // of a decision, where the clause alone does not tell which entry decided

	Program []string `yaml:"program"` // "connectors/vault TestThreat_T15_NoValueStandsInTheFiles"
	Open    string   `yaml:"open"`    // why nothing holds the rule yet
	Rest    string   `yaml:"rest"`    // what of a rule that is held nothing holds yet

	on canon.Date
}

var (
	errExample = fault.New("UOMA-POL-EXAMPLE", "the example cannot be asked", "correct it: see the examples that come with the program")
	errAnswer  = fault.New("UOMA-POL-ANSWER", "the pack answers an example otherwise", "correct the pack; where the notice itself changed, correct the example")
)

// ParseExamples reads a document of examples. The error is a [fault.List].
func ParseExamples(file string, src []byte) (*Examples, error) {
	x := &Examples{}
	if err := document.Decode(file, src, nil, x); err != nil {
		return nil, err
	}
	var findings fault.List
	bad := func(err error, path ...string) {
		if err != nil {
			findings = append(findings, errExample.At(document.Locate(file, src, path...)).Because(err))
		}
	}
	var err error
	x.on, err = canon.ParseDate(x.On)
	bad(err, "on")
	x.facts = map[string]*Facts{"nobody": {}}
	for name := range x.People {
		_, err := x.figure(name, 0)
		bad(err, "people", name)
	}
	for i := range x.List {
		e := &x.List[i]
		if e.on = x.on; e.On != "" {
			e.on, err = canon.ParseDate(e.On)
			bad(err, "examples", index(i), "on")
		}
		bad(e.sound(x), "examples", index(i))
	}
	return x, findings.Err()
}

// figure makes the facts of a made-up person.
func (x *Examples) figure(name string, depth int) (*Facts, error) {
	if f := x.facts[name]; f != nil {
		return f, nil
	}
	g, ok := x.People[name]
	if !ok || depth > len(x.People) {
		return nil, fmt.Errorf("there is no person %s to begin with", name)
	}
	f := &Facts{}
	if g.Like != "" {
		like, err := x.figure(g.Like, depth+1)
		if err != nil {
			return nil, err
		}
		*f = *like
	}
	w := &wordReader{}
	for _, s := range g.Degrees {
		w.split(s, 2)
		f.Degrees = append(slices.Clip(f.Degrees), Degree{w.at(0), w.day(w.at(1))})
	}
	for _, s := range g.Joined {
		f.Joined = append(slices.Clip(f.Joined), w.day(s))
	}
	for _, s := range g.Left {
		f.Left = append(slices.Clip(f.Left), w.day(s))
	}
	for _, s := range g.Consents {
		w.split(s, 4)
		purpose, topic, _ := strings.Cut(w.at(0), "/")
		f.Consents = append(slices.Clip(f.Consents), Consent{Purpose: purpose, Topic: topic, Channel: w.channel(w.at(1)), State: w.state(w.at(2)), Time: w.day(w.at(3)).End()})
	}
	for _, s := range g.Objections {
		w.split(s, 3)
		f.Objections = append(slices.Clip(f.Objections), Objection{Scope: w.at(0), Channel: w.channel(w.at(1)), Time: w.day(w.at(2)).End()})
	}
	f.Roles, f.Holds = slices.Concat(f.Roles, g.Roles), slices.Concat(f.Holds, g.Holds)
	for _, s := range g.Is {
		switch s {
		case "restricted":
			f.Restricted = true
		case "suppressed":
			f.Suppressed = true
		case "protected":
			f.Protected = true
		case "deceased":
			f.Deceased = true
		default:
			w.fail("nobody can be " + s)
		}
	}
	if g.Died != "" {
		f.Deceased, f.DeceasedOn = true, w.day(g.Died)
	}
	x.facts[name] = f
	return f, w.err
}

// wordReader reads the short lines about made-up people and keeps the first thing that it could not read.
type wordReader struct {
	parts []string
	err   error
}

func (w *wordReader) fail(why string) {
	if w.err == nil {
		w.err = fmt.Errorf("%s", why)
	}
}

func (w *wordReader) split(s string, n int) {
	if w.parts = strings.Fields(s); len(w.parts) != n {
		w.fail(fmt.Sprintf("%q does not have %d words", s, n))
	}
}

func (w *wordReader) at(i int) string {
	if i < len(w.parts) {
		return w.parts[i]
	}
	return ""
}

func (w *wordReader) day(s string) canon.Date {
	d, err := canon.ParseDate(s)
	if err != nil {
		w.fail(s + " is no date")
	}
	return d
}

func (w *wordReader) channel(s string) Channel {
	if s == "any" {
		return AnyChannel
	}
	c, ok := ParseChannel(s)
	if !ok {
		w.fail("there is no channel " + s)
	}
	return c
}

func (w *wordReader) state(s string) State {
	st, ok := ParseState(s)
	if !ok {
		w.fail("there is no state " + s)
	}
	return st
}

// sound finds what makes an example impossible to ask.
func (e *Example) sound(x *Examples) error {
	kinds := 0
	for _, given := range []bool{len(e.Use) > 0, len(e.Load) > 0, len(e.Column) > 0, len(e.End) > 0, e.Member, e.Mark != "", e.Field != "", len(e.Request) > 0, len(e.Order) > 0, len(e.Told) > 0,
		len(e.Program) > 0, e.Open != "", e.Rest != "", e.refusal()} {
		if given {
			kinds++
		}
	}
	switch {
	case len(e.Rules) == 0:
		return fmt.Errorf("it names no rule")
	case kinds != 1:
		return fmt.Errorf("it asks %d kinds of question", kinds)
	case e.Answer == "" && e.Asks():
		return fmt.Errorf("it has no answer")
	}
	for _, who := range e.Who {
		if x.facts[who] == nil {
			return fmt.Errorf("there is no person %s", who)
		}
	}
	for name, date := range e.Anchors {
		if _, ok := ParseAnchor(name); !ok {
			return fmt.Errorf("there is no anchor %s", name)
		}
		if _, err := canon.ParseDate(date); err != nil {
			return err
		}
	}
	return nil
}

// refusal tells whether the example wants the changed pack refused.
func (e *Example) refusal() bool { return strings.HasPrefix(e.Answer, "UOMA-") }

// Asks tells whether the example asks the pack at all.
func (e *Example) Asks() bool { return len(e.Program) == 0 && e.Open == "" && e.Rest == "" }
