// Package survey holds the stages of the career-survey pipeline: select, seal, deliver, receipt.
//
//	select   register, vault and policy → who is in the extract and who is not, with reason and clause
//	seal     the same again, at the last moment → one encrypted file with a signed manifest in the outbox
//	deliver  the outbox → the national endpoint, after one more look at everybody's will
//	receipt  the endpoint's signed receipt → the delivery's end
//
// A period is delivered once, however often it is asked for: what was done is in the ledger of deliveries, and a killed
// run's successor goes on there. The choice of people is computed anew at each of the three moments; when it is another
// than before, the delivery that no byte has left of is voided and prepared anew, so that an objection which was
// recorded a minute ago counts.
//
// The package wires connectors to transforms: which row goes out is decided in transforms/policy and transforms/extract,
// how a delivery moves in pipelines/delivery. No fact, error or log line holds a personal value.
package survey

import (
	"context"
	"io"
	"time"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
	"uoma/pipelines/workspace"
	"uoma/transforms/extract"
	"uoma/transforms/golden"
	"uoma/transforms/policy"
)

// registers are the systems that keep degrees and student numbers, the authoritative one first. What a person says of
// own degrees in another system is a claim.
var registers = []string{"student-register", "peppi"}

// categories are the kinds of data that a row is made of; the policy must let each of them go.
var categories = []string{"alumni_basics", "contact", "education"}

// Options are what a run of the survey needs from outside.
type Options struct {
	Rand     io.Reader       // for ids, nonces and signatures: a cryptographic source
	Holder   string          // name of this process for the chain's lease, unlike any other's
	Software parcel.Software // stands in the manifest
	// Supersedes is the id of a delivery that the endpoint rejected and this one takes the place of; "" for none.
	Supersedes string
	// Sleep waits between tries, or gives the context's error; nil waits for real.
	Sleep func(ctx context.Context, d time.Duration) error
	// Step is called before each action of a delivery's step; see [delivery.Machine]. For tests; nil does nothing.
	Step func(name string) error
}

// Survey is what the stages of one run share.
type Survey struct {
	ws    *workspace.Workspace
	def   *pipelines.Definition
	terms *pipelines.Survey
	pack  *policy.Pack
	o     Options
}

var (
	errTerms    = fault.New("UOMA-SVY-TERMS", "the pipeline has no survey section", "write what is selected for whom, as the shipped career-survey.yaml does")
	errBackfill = fault.New("UOMA-SVY-BACKFILL", "a backfill sends nothing", "add --dry-run to see what would have been sent on that date")
)

// New prepares a survey over an open workspace. pack is the policy in force on the run's date.
func New(ws *workspace.Workspace, def *pipelines.Definition, pack *policy.Pack, o Options) (*Survey, error) {
	if def.Survey == nil {
		return nil, errTerms.At(fault.Place{Field: def.Pipeline})
	}
	return &Survey{ws: ws, def: def, terms: def.Survey, pack: pack, o: o}, nil
}

// Stages gives the stages in order.
func (s *Survey) Stages() []pipelines.Stage {
	return []pipelines.Stage{selectStage{s}, sealStage{s}, deliverStage{s}, receiptStage{s}}
}

// chain is what the deliveries of this survey are numbered in.
func (s *Survey) chain() outbox.Chain {
	return outbox.Chain{Sender: s.ws.Settings.Sender.ID, Recipient: s.terms.Recipient, Dataset: s.terms.Dataset}
}

// domain names the pseudonymisation domain of what this recipient gets.
func (s *Survey) domain() string { return s.terms.Recipient + "/" + s.terms.Dataset }

// epoch gives that of the domain's key.
func (s *Survey) epoch() int64 { return s.ws.Keys.DomainEpoch(s.domain()) }

// order asks for the graduates of one calendar year.
func (s *Survey) order(r *pipelines.Run) delivery.Order {
	year := r.Date.Year() - s.terms.YearsBefore
	from, _ := canon.NewDate(year, 1, 1)
	to, _ := canon.NewDate(year, 12, 31)
	return delivery.Order{Kind: parcel.Full, Supersedes: s.o.Supersedes, From: from, To: to}
}

// settings gives the extract's terms for a year of graduation.
func (s *Survey) settings(year int) extract.Settings {
	out := extract.Settings{
		Year: year, Registers: registers, ContactSources: s.terms.ContactSources,
		IdentityCode: s.terms.IdentityCode == "send", Background: s.terms.Background != "virta",
	}
	out.Precedence, _ = golden.Shipped(s.pack.ID) // an institution without its own has that of the registers
	if d, ok := s.pack.Disclosure(s.terms.Recipient, s.terms.Purpose); ok {
		out.Sends = d.Sends
	}
	return out
}

// AsOf gives the day whose end decides about words and memberships: today when that is later than the logical date, as
// what people have said since counts for what is about to be sent. A backfill shows what its own date would have given.
func AsOf(r *pipelines.Run) canon.Date {
	if r.Mode == pipelines.Backfill {
		return r.Date
	}
	return max(r.Date, canon.DateOf(r.Now().UTC()))
}
