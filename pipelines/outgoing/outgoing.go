// Package outgoing carries out targets: files and rows that go to recipients, one YAML file each (package target).
//
//	select   register, vault and policy → the rows of the file, and who is not in it, with reason and clause
//	seal     the same again → the delivery in the ledger, with the list of who is in it
//	deliver  once more, at the last moment → the file, sealed where the target says so, in the recipient's folder
//	receipt  what lies in the folder is what was written → the delivery's end
//
// Rows are decided for each person and each kind of data that a cell is made of: what one category may not give, another
// cannot give in its place. Deliveries stand in the same ledger and the same lists as the survey's, so that the answer to a
// data subject names them, and a later word reaches the recipient ([File.Withdraw]): as a file that names the rows of earlier
// ones. A target and date is delivered once. Who is killed leaves nothing in the folder or the whole file; the successor
// goes on there.
//
// Rows go into a file of the target's form (package outfile); or into a table of the recipient's, over a journal of
// what was sent (package upsert). There deliver writes what is new or other, and empties the rows of whoever may no longer go:
// that is how a later word reaches the recipient. Who is killed between rows leaves them to the successor.
//
// The package must not know the columns of any system: they are a target's. No fact, error or log line holds a personal
// value.
package outgoing

import (
	"context"
	"fmt"
	"io"

	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

// Options are what a run of a target needs from outside.
type Options struct {
	Rand   io.Reader // for ids: a cryptographic source
	Holder string    // name of this process for the chain's lease, unlike any other's
	// Step is called before each action with its name; an error ends the run there as if the process had been killed. For
	// tests; nil does nothing.
	Step func(name string) error
}

// File is a target over an open workspace.
type File struct {
	ws   *workspace.Workspace
	t    *target.Target
	pack *policy.Pack
	o    Options

	killed bool // Step ended the run

	// Of orders: what the answers that came say, and what of them stands in the facts.
	learnt  []ledger.DeletionOrder
	answers OrderFacts
}

var (
	// ErrPack is the answer for a target of another notice than the one in force.
	ErrPack     = fault.New("UOMA-OUT-PACK", "the target is of another notice than the workspace", "run the targets of the pack in force; uoma target list shows which that is")
	errBackfill = fault.New("UOMA-OUT-BACKFILL", "a backfill sends nothing", "add --dry-run to see what would have been sent on that date")
)

// New prepares a target. pack is the policy in force on the run's date.
func New(ws *workspace.Workspace, t *target.Target, pack *policy.Pack, o Options) (*File, error) {
	if t.Policy != pack.ID {
		return nil, ErrPack.At(fault.Place{Field: t.Name}).Because(fmt.Errorf("it is of %s, and %s is in force", t.Policy, pack.ID))
	}
	return &File{ws: ws, t: t, pack: pack, o: o}, nil
}

// Stages gives the stages in order.
func (f *File) Stages() []pipelines.Stage {
	return []pipelines.Stage{selectStage{f}, sealStage{f}, deliverStage{f}, receiptStage{f}}
}

// chain is what the deliveries of the target are numbered in.
func (f *File) chain() outbox.Chain {
	return outbox.Chain{Sender: f.ws.Settings.Sender.ID, Recipient: f.t.To(), Dataset: f.t.Name}
}

// domain names the pseudonymisation domain of what the recipient gets, and the keys that are its own.
func (f *File) domain() string { return f.t.To() + "/" + f.t.Name }

func (f *File) step(name string) error {
	if f.o.Step == nil {
		return nil
	}
	err := f.o.Step(name)
	f.killed = f.killed || err != nil
	return err
}

// SelectFacts is what the stage leaves in the ledger. Eligible = People + the sum of Withheld.
type SelectFacts struct {
	Target    string     `json:"target"`
	Recipient string     `json:"recipient"`
	File      string     `json:"file"`
	Register  string     `json:"register_commit"` // the nightly run that the register is at
	Policy    string     `json:"policy"`          // pack and version
	Eligible  int64      `json:"eligible"`        // people whom the file is about
	People    int64      `json:"people"`          // of them in the file
	Rows      int64      `json:"rows"`
	Withheld  []Withheld `json:"withheld"`
	// RowsWithheld counts rows left out of people who are in the file with others, by reason.
	RowsWithheld map[string]int64 `json:"rows_withheld,omitempty"`
	// Lacking counts the incomplete rows, also of people who are left out, by the first column or element that they lack.
	Lacking  map[string]int64 `json:"lacking,omitempty"`
	Closed   []Closed         `json:"closed_columns"` // for everybody
	Formulas int64            `json:"formula_like_cells"`
	Unknown  int64            `json:"unknown,omitempty"`       // rows of the recipient's list about whom nothing is known
	Lines    []int64          `json:"unknown_lines,omitempty"` // where they stand in it; the first hundred
	// Orders tells of a target of orders what became of them; there Eligible counts rows that have ended, and nobody is in People.
	Orders *OrderFacts `json:"orders,omitempty"`
	Dry    bool        `json:"dry_run,omitempty"`
}

// Withheld counts people left out for one reason under one clause.
type Withheld struct {
	Reason string `json:"reason"`
	Clause string `json:"clause"`
	N      int64  `json:"n"`
}

// Closed is a column that nobody's value may stand in.
type Closed struct {
	Column string `json:"column"`
	Clause string `json:"clause"`
}

type selectStage struct{ f *File }

func (selectStage) Name() string { return "select" }

// Run selects, and writes nothing but random pseudonyms and answers to orders: what is written is selected again.
func (t selectStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	if r.Mode == pipelines.Backfill && !r.Dry {
		return nil, errBackfill
	}
	if err := t.f.learn(ctx, r); err != nil {
		return nil, err
	}
	c, err := t.f.choose(ctx, r)
	if err != nil {
		return nil, err
	}
	r.Progress.Advance(c.eligible, "people")
	return SelectFacts{
		Target: t.f.t.Name, Recipient: t.f.chain().Recipient, File: t.f.name(r.Date), Register: c.gate.Run, Policy: t.f.pack.ID + " " + t.f.pack.Version,
		Eligible: c.eligible, People: c.people, Rows: int64(len(c.records)), Withheld: c.account(), RowsWithheld: c.rows, Lacking: c.lacking, Closed: c.closed, Formulas: c.formulas,
		Unknown: c.unknown, Lines: c.lines, Orders: c.orders, Dry: r.Dry,
	}, nil
}

// name gives the name of the file of a date as the recipient sees it.
func (f *File) name(d canon.Date) string { return f.sealed(f.t.FileName(d)) }

func (f *File) sealed(name string) string {
	if f.t.Sealed() {
		return name + ".age"
	}
	return name
}

var _ survey.Withdrawer = (*File)(nil)
