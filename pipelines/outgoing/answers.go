package outgoing

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"uoma/connectors/folder"
	"uoma/connectors/jsonfile"
	"uoma/connectors/ledger"
	records "uoma/connectors/record"
	"uoma/connectors/remote"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/target"
)

// mostDays is how far back answers are looked for. What was not answered for so long is ordered again each night, and answered
// again.
const mostDays = 92

// heard reads the files of answers since the oldest order that needs one, in their order, and gives the orders with what they
// say. Read again they say the same. A file that cannot be read says nothing: its orders stay open.
func (f *File) heard(ctx context.Context, r *pipelines.Run, given map[string]*ledger.DeletionOrder) ([]ledger.DeletionOrder, error) {
	from := r.Date + 1
	for _, o := range given {
		day, err := canon.ParseDate(cmp.Or(o.AnsweredOn, o.OrderedOn))
		if err == nil && !done(o) {
			from = min(from, day)
		}
	}
	if from > r.Date {
		return nil, nil
	}
	since, err := f.lastHeard(ctx, r)
	if err != nil {
		return nil, err
	}
	in, err := f.ws.OpenInbox(ctx)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	learnt := map[string]ledger.DeletionOrder{}
days:
	for day := max(from, r.Date-mostDays); day <= r.Date; day++ {
		lines, garbled, err := f.readAnswers(ctx, in, day)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil && ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			e := errAnswers.At(fault.Place{File: f.t.Orders.AnswersName(day)}).Wrap(err)
			r.Log.Warn(e.Message, "code", cmp.Or(fault.Code(err), e.Code), "file", e.Place.File, "next", e.Hint)
			f.answers.Unread = append(f.answers.Unread, cmp.Or(fault.Code(err), e.Code))
			if strings.HasPrefix(fault.Code(err), "UOMA-SRC-") && !remote.OfOne(err) { // it is the source that cannot be read, and no one file
				break days
			}
			continue
		}
		date, told := day.String(), map[string]ledger.DeletionOrder{}
		fresh := date >= since
		if fresh {
			f.answers.Garbled += garbled
		}
		for _, line := range lines { // of several lines about an order the last counts
			o := given[line.order]
			if before, again := learnt[line.order]; again {
				o = &before
			}
			if o == nil {
				f.answers.Strange += bit(fresh)
				continue
			}
			next := *o
			if delete(told, o.ID); !heardBefore(o, date, line.result) {
				next.Result, next.AnsweredOn, next.AnsweredAt = line.result, date, line.at
				told[o.ID] = next
			}
		}
		maps.Copy(learnt, told)
	}
	var out []ledger.DeletionOrder
	for _, id := range slices.Sorted(maps.Keys(learnt)) {
		o := learnt[id]
		if f.answers.Answered == nil {
			f.answers.Answered = map[string]int{}
		}
		f.answers.Answered[o.Result]++
		out = append(out, o)
	}
	return out, nil
}

// heardBefore tells whether the answer of a date's file is known. A file grows: an order that was refused is given again on the same
// date, and carried out. An order that was given anew since is answered by a later file.
func heardBefore(o *ledger.DeletionOrder, date, result string) bool {
	if o.AnsweredOn == "" || date != o.AnsweredOn {
		return date < o.AnsweredOn
	}
	switch o.Result {
	case "", ledger.OrderBack:
		return true
	case ledger.OrderUnlisted, ledger.OrderRecalled: // no answer says so
		return result != target.Gone && result != target.Missing
	}
	return result == o.Result
}

// lastHeard gives the date of the last earlier run that heard answers, "" when none did. The file of that date comes behind it, so
// what is strange or garbled is counted from there on: files before it are read again while an order is open.
func (f *File) lastHeard(ctx context.Context, r *pipelines.Run) (string, error) {
	runs, err := ledger.Runs(ctx, f.ws.RegisterDB, f.t.Name, mostDays)
	if err != nil {
		return "", err
	}
	for _, run := range runs {
		if run.LogicalDate >= r.Date.String() {
			continue
		}
		st, found, err := ledger.FindStage(ctx, f.ws.RegisterDB, run.ID, "select")
		if err != nil || found && st.State == ledger.Finished {
			return run.LogicalDate, err
		}
	}
	return "", nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// answer is one line of answers.
type answer struct{ order, result, at string }

// readAnswers reads the file of a date, and counts the lines that say nothing. Nothing of it counts before it is read to its end, and was the same all the while.
func (f *File) readAnswers(ctx context.Context, in fs.FS, day canon.Date) (out []answer, garbled int64, err error) {
	o, name := f.t.Orders, path.Join(f.t.System, f.t.Orders.AnswersName(day))
	raw, err := in.Open(name)
	if err != nil {
		return nil, 0, err
	}
	file, err := folder.NewStable(raw, path.Base(name))
	if err != nil {
		return nil, 0, errors.Join(err, raw.Close())
	}
	defer file.Close()
	options := tabular.Options{Feed: f.t.Name, File: path.Base(name), Columns: []tabular.Column{{Name: o.Order}, {Name: o.Result}},
		Reject: func(canon.Rejection) { garbled++ }}
	if o.At != "" {
		options.Columns = append(options.Columns, tabular.Column{Name: o.At})
	}
	for b, err := range jsonfile.New(file, jsonfile.Options{Options: records.Options{Options: options}, Lines: true}).Batches(ctx) {
		if err != nil {
			return nil, 0, err
		}
		for i := range b.Len() {
			text := func(column string) string { return string(b.Named(column).AppendTo(nil, i)) }
			a := answer{order: text(o.Order), result: o.Results[text(o.Result)]}
			if o.At != "" {
				if at, err := time.Parse(time.RFC3339, text(o.At)); err == nil {
					a.at = at.UTC().Format(time.RFC3339)
				}
			}
			if a.order == "" || a.result == "" {
				garbled++
				continue
			}
			out = append(out, a)
		}
	}
	return out, garbled, file.Verify()
}
