// Package dossier is the answer to a data subject who asks for access to their data (GDPR 15) or for a copy that they can
// take along (GDPR 20): a [Dossier], written as JSON for machines ([JSON]; its schema is [Schema]) and as one page for
// people ([HTML]), without script or outside request. The same dossier gives the same bytes.
//
// [Dossier.Portable] narrows a dossier to what GDPR 20 lets a person take along: what they gave themselves, under consent
// or a contract. Values of a person stand in it: it belongs into that person's hands and nobody else's.
//
// The package is pure. It does not know where the values come from.
package dossier

import (
	"slices"
	"strings"
)

// Format and Version name the document. The version goes up when a reader of an older one would be misled.
const (
	Format  = "uoma-subject-export"
	Version = 1
)

// Kinds of a dossier.
const (
	Access      = "access"      // GDPR 15
	Portability = "portability" // GDPR 20
)

// Dossier is everything that is held of one person and what GDPR 15(1) wants said of it.
type Dossier struct {
	Format     string      `json:"format"`
	Version    int         `json:"version"`
	Kind       string      `json:"kind"`
	Date       string      `json:"date"`            // the answer's day
	Night      string      `json:"night,omitempty"` // run that last loaded the register
	Person     string      `json:"person"`          // the register's reference
	Controller Controller  `json:"controller"`
	Notice     Notice      `json:"notice"`
	Standing   Standing    `json:"standing"`
	Stops      []Stop      `json:"stops"` // what keeps data from being used, or from going
	Data       []Datum     `json:"data"`
	Words      []Word      `json:"consents"`
	Said       []Said      `json:"said"` // the words about consents that stand in the register
	Objections []string    `json:"objections"`
	Uses       []Use       `json:"purposes"`
	Recipients []Recipient `json:"recipients"`
	Sources    []Source    `json:"sources"`
	Rights     []Right     `json:"rights"`
	LeftOut    []LeftOut   `json:"left_out"`
}

// Controller is who decides about the data.
type Controller struct {
	Name       string `json:"name"`
	BusinessID string `json:"business_id,omitempty"`
}

// Notice is the privacy notice that was applied.
type Notice struct {
	Title   string `json:"title"`
	Updated string `json:"updated,omitempty"`
	Pack    string `json:"pack"` // id and version
	Digest  string `json:"digest"`
}

// Standing is what the person is to the register.
type Standing struct {
	Member    bool     `json:"member"`
	Clause    string   `json:"clause"`
	Roles     []string `json:"roles"`
	Protected bool     `json:"address_protected"`
	Deceased  bool     `json:"deceased"`
}

// Kinds of a [Stop].
const (
	Restriction = "restriction" // of processing (GDPR 18): data is stored and not used
	Hold        = "hold"        // data is kept though its time may be over
)

// Stop is a restriction or a hold that stands.
type Stop struct {
	Kind   string `json:"kind"`
	About  string `json:"about,omitempty"` // of a hold, what for
	Clause string `json:"clause"`
	Says   string `json:"notice_says"`
}

// Datum is what one source row gives of one category: the values, and why they are held, until when.
type Datum struct {
	Category  string   `json:"category"`
	Source    string   `json:"source"` // system and feed
	SourceKey string   `json:"source_key"`
	Basis     string   `json:"legal_basis"`
	Act       string   `json:"act,omitempty"`
	Clause    string   `json:"clause"`
	Says      string   `json:"notice_says"`
	Since     string   `json:"first_seen_run"`
	Gone      string   `json:"last_seen_run,omitempty"`
	Ends      []string `json:"ends"`          // what ends it
	Due       string   `json:"due,omitempty"` // the day, when it is known
	Action    string   `json:"action,omitempty"`
	DueClause string   `json:"due_clause,omitempty"`
	Hold      string   `json:"hold,omitempty"`
	Given     bool     `json:"given_by_the_person"`
	Provider  string   `json:"provider,omitempty"` // who gave the source row to the controller, under which licence
	Licence   string   `json:"licence,omitempty"`
	Until     string   `json:"licence_until,omitempty"`
	ChangedAt string   `json:"changed_at,omitempty"` // when somebody last changed it in the source
	Values    []Value  `json:"values"`
}

// Value is one value, or, in a table of the register, one key that stands in the place of the source's.
type Value struct {
	Table  string `json:"table"`
	Seq    int    `json:"row"` // of several rows that one source row gives
	Column string `json:"column"`
	Value  string `json:"value"`
}

// String hides the value from every print verb.
func (Value) String() string { return "[value]" }

// GoString hides the value from %#v.
func (Value) GoString() string { return "[value]" }

// Word is what the person's words come to for a purpose and channel.
type Word struct {
	Purpose string `json:"purpose"`
	Topic   string `json:"topic,omitempty"`
	Channel string `json:"channel"`
	State   string `json:"state"`
	Clause  string `json:"clause"`
	Says    string `json:"notice_says"`
}

// Said is one word about a consent, and the text that it was said to.
type Said struct {
	Purpose     string `json:"purpose"`
	Topic       string `json:"topic,omitempty"`
	Channel     string `json:"channel,omitempty"` // "" for any
	State       string `json:"state"`
	At          string `json:"at,omitempty"`
	Source      string `json:"source"` // system and feed, or "hand"
	TextVersion string `json:"text_version,omitempty"`
	TextDigest  string `json:"text_sha256,omitempty"`
}

// Use is whether a category may serve a purpose, in the house or with a recipient.
type Use struct {
	Purpose   string `json:"purpose"`
	Recipient string `json:"recipient,omitempty"`
	Category  string `json:"category"`
	Allow     bool   `json:"allowed"`
	Per       string `json:"per,omitempty"` // "event": for the event alone that the data was given for
	Clause    string `json:"clause"`
	Reason    string `json:"reason"`
	Says      string `json:"notice_says"`
}

// Recipient is a delivery that the person was in (GDPR 15(1)(c)).
type Recipient struct {
	Recipient string   `json:"recipient"`
	Country   string   `json:"country,omitempty"`
	Safeguard string   `json:"safeguard,omitempty"` // outside the area (GDPR 15(2))
	Dataset   string   `json:"dataset"`
	Delivery  string   `json:"delivery_id"`
	Purpose   string   `json:"purpose"`
	Clause    string   `json:"clause"`
	Columns   []string `json:"columns"`
	State     string   `json:"state"`
	At        string   `json:"at"`
	Former    bool     `json:"under_former_reference,omitempty"` // the delivery was made before records were found to be of this person
}

// Source is a system that rows about the person came from (GDPR 15(1)(g)).
type Source struct {
	System string `json:"system"`
	Title  string `json:"title"`
	Given  bool   `json:"given_by_the_person"`
}

// Right is something that the person may ask for (GDPR 15(1)(e) and (f)).
type Right struct {
	Article string `json:"article"`
	Right   string `json:"right"`
}

// LeftOut is a store that the dossier does not hold, and why.
type LeftOut struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// portable are the legal bases under which a person may take data along.
func portable(basis string) bool { return slices.Contains([]string{"6(1)(a)", "6(1)(b)"}, basis) }

// Portable gives the part of a dossier that the person may take along (GDPR 20(1)): what they gave, under consent or
// contract.
func (d *Dossier) Portable() *Dossier {
	out := *d
	out.Kind, out.Data = Portability, []Datum{}
	for _, x := range d.Data {
		if x.Given && portable(x.Basis) {
			out.Data = append(out.Data, x)
		}
	}
	out.Sources = []Source{}
	for _, s := range d.Sources {
		if slices.ContainsFunc(out.Data, func(x Datum) bool { return strings.HasPrefix(x.Source, s.System+"/") }) {
			out.Sources = append(out.Sources, s)
		}
	}
	out.Stops, out.Standing, out.Words, out.Said, out.Objections, out.Uses, out.Recipients = []Stop{}, Standing{Roles: []string{}}, []Word{}, []Said{}, []string{}, []Use{}, []Recipient{}
	out.LeftOut = []LeftOut{{"data on another legal basis, or from somebody else", "GDPR 20 is about what you gave yourself under a consent or a contract; ask for access to see the rest"}}
	return &out
}

// Rights are what the General Data Protection Regulation lets everybody ask for.
func Rights() []Right {
	return []Right{
		{"15", "to see what is held of you, as in this document"},
		{"16", "to have wrong data corrected and missing data added"},
		{"17", "to have data erased, unless a law or a public task needs it"},
		{"18", "to have its use restricted while its accuracy or a claim is looked into"},
		{"20", "to take along what you gave under a consent or a contract"},
		{"21", "to object to a use that rests on public or legitimate interest, and at any time to marketing"},
		{"7(3)", "to take back a consent at any time"},
		{"22", "not to be decided about by a machine alone: no such decision is made with this register"},
		{"77", "to complain to the supervisory authority; in Finland the Data Protection Ombudsman"},
	}
}
