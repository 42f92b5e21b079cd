package nightly

import (
	"context"
	"maps"
	"slices"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/layout"
	"uoma/transforms/quality"
)

// NoticeFacts is what the side-car of a list says of telling its people where the list is from (GDPR 14).
type NoticeFacts struct {
	Says     string `json:"says"` // sent, due or exempt
	Obtained string `json:"obtained_at,omitempty"`
}

// notice gives what the side-car of an export says.
func notice(src export) *NoticeFacts {
	f, ok := src.(*file)
	if !ok || f.beside == nil {
		return nil
	}
	return f.beside.notice
}

// noted gives what the side-cars of tonight's lists said, for the ledger.
func (n *Night) noted(r *pipelines.Run) (out []ledger.ListNotice) {
	for _, f := range n.landed() {
		if f.feed.Sidecar == nil {
			continue
		}
		x := ledger.ListNotice{Pipeline: r.Pipeline, Feed: f.feed.FullName(), LogicalDate: r.Date.String()}
		if says := f.facts.Notice; says != nil {
			x.Says = says.Says
			if day, err := canon.ParseDate(says.Obtained); err == nil {
				x.ObtainedOn = day.String()
			}
		}
		out = append(out, x)
	}
	return out
}

// untold gives the lists of whose people some are still to be told: by feed and last day. Somebody whom several lists named is
// owed a word since the first of them.
func (n *Night) untold(ctx context.Context, r *pipelines.Run) (out []quality.Untold, err error) {
	all, err := ledger.ListNotices(ctx, n.ws.RegisterDB, r.Pipeline)
	if err != nil {
		return nil, err
	}
	said := map[string][]ledger.ListNotice{} // of each feed, by date
	for _, x := range all {
		said[x.Feed] = append(said[x.Feed], x)
	}
	owing := map[string][]string{} // feeds, with the tables that they fill
	n.each(func(_ *layout.Layout, f *layout.Feed) {
		of := said[f.FullName()]
		if f.Sidecar == nil || len(of) == 0 || of[len(of)-1].Says != layout.NoticeDue {
			return
		}
		for _, fill := range f.Fillings() {
			owing[f.FullName()] = append(owing[f.FullName()], fill.Table.Name)
		}
	})
	if len(owing) == 0 {
		return nil, nil
	}
	var first map[string]map[string]string
	err = n.ws.Register.See(ctx, func(v *register.View) (err error) {
		first, err = v.FirstSeen(ctx, owing)
		return err
	})
	if err != nil {
		return nil, err
	}
	dates := map[string]string{} // of runs
	for _, feed := range sortedKeys(first) {
		by := map[canon.Date]int64{}
		for _, run := range first[feed] {
			date, asked := dates[run]
			if !asked {
				of, _, err := ledger.FindRun(ctx, n.ws.RegisterDB, run)
				if err != nil {
					return nil, err
				}
				date = of.LogicalDate
				dates[run] = date
			}
			if last, owed := tellBy(said[feed], date); owed {
				by[last]++
			}
		}
		for _, last := range slices.Sorted(maps.Keys(by)) {
			out = append(out, quality.Untold{Feed: feed, People: by[last], By: last.String(), Overdue: last < r.Date})
		}
	}
	return out, nil
}

// tellBy gives the last day on which people may be told whom the list of a date was the first of its feed to name: a month after it
// was obtained (GDPR 14(3)(a)), or after that date where nobody knows when that was. owed is false when the list of that date, or
// one since, says that its people were told or need not be; also of people whom that one did not name, as what is kept of rows does
// not tell. said is what the feed's lists said, by date, the last of them due.
func tellBy(said []ledger.ListNotice, seen string) (last canon.Date, owed bool) {
	says := said[len(said)-1] // counts where the list of that date said nothing, or came before lists were asked
	for _, x := range said {
		settled := x.Says != "" && x.Says != layout.NoticeDue
		if settled && seen != "" && seen <= x.LogicalDate {
			return 0, false
		}
		if x.LogicalDate == seen && x.Says != "" {
			says = x
		}
	}
	for _, text := range []string{says.ObtainedOn, seen} {
		if day, err := canon.ParseDate(text); err == nil {
			return day.AddMonths(1), true
		}
	}
	return 0, false // no day is known of it
}
