// Package linker finds the people in files: `uoma resolve`.
//
// [Open] looks at every file, by a layout or by itself (package rowfile), and settles what each column means: as the
// settings say, as the layout says, or as package meaning guesses it from the header and rows from all over the file. The
// columns of several files become the fields of one table; what is the same thing in two files is one field. [Job.Run]
// then streams all files into the table, one goroutine reading while the other appends, links (package linkage), and
// writes whose each record is.
//
// Every row of a file ends in exactly one of: a record of the outcome, a bad row that is reported with its line, or a row
// that is no data (blank, totals), counted by its reason. What is written depends on the records alone, not on the order
// of files and rows, nor on how many processors there are.
//
// The package orchestrates connectors and transforms: it compares nothing and keeps nothing between calls. Time is given
// to it.
package linker

import (
	"context"
	"time"

	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/linkage"
)

var (
	errColumn   = fault.New("UOMA-LNK-COLUMN", "no file has a column of that name", "name a column as the header has it; uoma resolve shows all of them")
	errKind     = fault.New("UOMA-LNK-KIND", "there is no such meaning of a column", "use one of "+kindList()+"; of an identifier, number or text also which one: identifier:hetu")
	errTwice    = fault.New("UOMA-LNK-TWICE", "two records have the same id", "name the column that tells the records apart with --columns NAME=record_id, or number the rows with --columns NAME=ignored")
	errNothing  = fault.New("UOMA-LNK-NOTHING", "no column says anything of a person that could be compared", "say what the columns mean: --columns NAME=given_names,NAME=family_name,NAME=birth_date")
	errIDs      = fault.New("UOMA-LNK-IDS", "two columns are to be the record's id", "name one of them")
	errLayout   = fault.New("UOMA-LNK-LAYOUT", "no feed of the layout fits the file, or several do", "name the file as the layout has it, or the feed with --feed")
	errFormat   = fault.New("UOMA-LNK-UNREAD", "the layout's feed lies in no file", "name a feed of the layout that does with --feed, or export its rows into a file and resolve that without a layout")
	errEncoding = fault.New("UOMA-LNK-ENCODING", "the file's bytes are not of one encoding", "look at the line, or convert the file: iconv -f ENCODING -t UTF-8")
	errPart     = fault.New("UOMA-LNK-PART", "the records have nothing of that name to be found by", "name parts that the records have, as they stand in the message")
	errClean    = fault.New("UOMA-LNK-CLEAN", "no record comes from a source of that name", "name a source as the column of sources has it, or else the file without its folder")
	errModel    = fault.New("UOMA-LNK-MODEL", "the model cannot be read", "name a file that uoma resolve --save-model wrote with this version")
	errOther    = fault.New("UOMA-LNK-OTHER-MODEL", "the model does not fit these files", "use it for files with the same columns and sources, or leave --model out to learn anew")
	errInput    = fault.New("UOMA-LNK-OVERWRITE", "the outcome would replace a file that is read", "write the outcome to another file")
	errWrite    = fault.New("UOMA-LNK-WRITE", "the outcome cannot be written", "see that the folder exists, may be written to and has room")
)

// Outputs names the files to be written.
type Outputs struct {
	Clusters string
	Pairs    string  // pairs of records that may be one person's; "" for none
	Model    string  // what was learned, as JSON; "" for none
	Golden   *Golden // nil for none
}

// Job is files whose columns are understood.
type Job struct {
	settings Settings
	sources  []*source
	fields   []linkage.Field
	// sourceMark is the field of a rule that asks for the source, -1 for none.
	sourceMark int
}

// Tools are what a job is given from outside.
type Tools struct {
	Now      func() time.Time
	Progress pipelines.Progress
}

// Run reads the files, links their records and writes the outcome.
func (j *Job) Run(ctx context.Context, out Outputs, tools Tools) (*Report, error) {
	if err := j.apart(out); err != nil {
		return nil, err
	}
	r := newRun(j, tools)
	if err := r.readAll(ctx); err != nil {
		return nil, err
	}
	if err := r.linkAll(ctx); err != nil {
		return nil, err
	}
	return r.report, r.stage("write", &r.report.Seconds.Write, func() error { return r.write(ctx, out) })
}

// run is one run of a job.
type run struct {
	job    *Job
	tools  Tools
	report *Report
	table  *linkage.Table
	places places
	groups groups
	byID   []int32 // records in the order of their ids
	result *linkage.Result
	watch  watch
}

func newRun(j *Job, tools Tools) *run { return &run{job: j, tools: tools, report: newReport()} }

func (r *run) readAll(ctx context.Context) error {
	return r.stage("read", &r.report.Seconds.Read, func() error { return r.read(ctx) })
}

// linkAll links what was read, if anything was.
func (r *run) linkAll(ctx context.Context) error {
	if r.table.Len() == 0 {
		return ctx.Err()
	}
	return r.stage("link", &r.report.Seconds.Link, func() error { return r.link(ctx) })
}

// stage times a step.
func (r *run) stage(name string, seconds *float64, do func() error) error {
	started := r.tools.Now()
	r.tools.Progress.Begin(name)
	if err := do(); err != nil {
		return err
	}
	took := r.tools.Now().Sub(started)
	*seconds = took.Seconds()
	r.tools.Progress.End(name, took)
	return nil
}
