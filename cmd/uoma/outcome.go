package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/outgoing"
	"uoma/pipelines/survey"
)

// printOutcome says in a few lines how a run ended.
func (a *app) printOutcome(out pipelines.Outcome, dry bool) error {
	if a.json {
		return a.printJSON("run", true, out)
	}
	p := palette(a.out)
	state := string(out.State)
	switch {
	case out.Already:
		state = "was finished before; nothing was done"
	case dry:
		state = "computed; nothing was written or sent"
	case out.State == pipelines.Part:
		state = p.red("finished in part")
	}
	fmt.Fprintf(a.out, "%s %s\n", p.bold(out.Run), state)
	if _, isNight := out.Facts["load"]; isNight {
		return a.printNight(out)
	}
	if raw, withdrew := out.Facts[survey.WithdrawName]; withdrew {
		var facts []survey.WithdrawFacts
		if err := json.Unmarshal(raw, &facts); err != nil {
			return err
		}
		a.printWithdrawn(facts)
		return nil
	}
	if sel := (outgoing.SelectFacts{}); json.Unmarshal(out.Facts["select"], &sel) == nil && sel.Target != "" {
		return a.printTarget(out, &sel)
	}
	return a.printSurvey(out)
}

// printTarget says who is in a target's file, and what became of it.
func (a *app) printTarget(out pipelines.Outcome, sel *outgoing.SelectFacts) error {
	r := &pipelines.Run{Facts: out.Facts}
	var deliver, receipt outgoing.Facts
	for stage, into := range map[string]any{"deliver": &deliver, "receipt": &receipt} {
		if err := r.Fact(stage, into); err != nil {
			return err
		}
	}
	if sel.Orders != nil {
		a.printOrders(sel)
		return a.printGone(&deliver, &receipt)
	}
	left := []string{}
	for _, w := range sel.Withheld {
		left = append(left, strings.TrimSuffix(fmt.Sprintf("%d %s (%s)", w.N, w.Reason, w.Clause), " ()"))
	}
	if len(left) == 0 {
		left = []string{"nobody"}
	}
	fmt.Fprintf(a.out, "  people    %s of %s go to %s, in %s rows; left out: %s\n",
		thousands(sel.People), thousands(sel.Eligible), sel.Recipient, thousands(sel.Rows), strings.Join(left, ", "))
	for _, reason := range slices.Sorted(maps.Keys(sel.RowsWithheld)) {
		fmt.Fprintf(a.out, "  %-9s %s more rows of people who are in it\n", reason, thousands(sel.RowsWithheld[reason]))
	}
	for _, lack := range slices.Sorted(maps.Keys(sel.Lacking)) {
		fmt.Fprintf(a.out, "  %-9s %s rows have no %s\n", "lacking", thousands(sel.Lacking[lack]), lack)
	}
	if sel.Unknown > 0 {
		fmt.Fprintf(a.out, "  unknown   %s rows of the list ask for somebody whom the register does not know; the first lines: %s\n",
			thousands(sel.Unknown), strings.Trim(fmt.Sprint(sel.Lines[:min(len(sel.Lines), 10)]), "[]"))
	}
	for _, c := range sel.Closed {
		fmt.Fprintf(a.out, "  closed    %s goes to nobody (%s)\n", c.Column, c.Clause)
	}
	return a.printGone(&deliver, &receipt)
}

// printOrders says which orders a source is given to let go of data, and what it answered.
func (a *app) printOrders(sel *outgoing.SelectFacts) {
	o := sel.Orders
	fmt.Fprintf(a.out, "  orders    %s go to %s: %s new, %s again; %s held by a case\n", thousands(sel.Rows), sel.Recipient, thousands(int64(o.New)), thousands(int64(o.Again)), thousands(int64(o.Held)))
	for _, w := range sel.Withheld {
		fmt.Fprintf(a.out, "  withheld  %d %s (%s)\n", w.N, w.Reason, w.Clause)
	}
	for _, result := range slices.Sorted(maps.Keys(o.Answered)) {
		fmt.Fprintf(a.out, "  answered  %s %s\n", thousands(int64(o.Answered[result])), result)
	}
	if o.Unlisted > 0 {
		fmt.Fprintf(a.out, "  unlisted  %s, without an answer\n", thousands(int64(o.Unlisted)))
	}
	if o.Open > 0 {
		fmt.Fprintf(a.out, "  open      %s without an answer, the oldest of %s\n", thousands(int64(o.Open)), o.Oldest)
	}
	for _, what := range slices.Sorted(maps.Keys(o.Findings)) {
		fmt.Fprintf(a.out, "  finding   %s %s\n", thousands(int64(o.Findings[what])), outgoing.Finding(what))
	}
	for _, code := range o.Unread {
		fmt.Fprintf(a.out, "  unread    a file of answers: %s\n", code)
	}
	if n := o.Garbled + int64(o.Strange); n > 0 {
		fmt.Fprintf(a.out, "  garbled   %s answers to no order, or without a result\n", thousands(n))
	}
}

// printGone says what became of a target's file or rows.
func (a *app) printGone(deliver, receipt *outgoing.Facts) error {
	if receipt.Delivery == "" {
		fmt.Fprintf(a.out, "  delivery  %s\n", receipt.State)
		return nil
	}
	fmt.Fprintf(a.out, "  delivery  %s, number %d: %s\n", receipt.Delivery, receipt.Sequence, receipt.State)
	if receipt.File != "" {
		fmt.Fprintf(a.out, "  file      %s, %s bytes\n", receipt.File, thousands(receipt.Bytes))
	}
	if t := deliver.Table; t != nil {
		fmt.Fprintf(a.out, "  table     %s rows written, %s unchanged, %s emptied; not there %s, deleted there %s\n",
			thousands(t.Written), thousands(t.Unchanged), thousands(t.Gone), thousands(t.Absent), thousands(t.Missing))
		for _, code := range slices.Sorted(maps.Keys(t.Refused)) {
			fmt.Fprintf(a.out, "  refused   %s rows: %s\n", thousands(t.Refused[code]), code)
		}
	}
	return nil
}

func (a *app) printNight(out pipelines.Outcome) error {
	r := &pipelines.Run{Facts: out.Facts}
	var land nightly.LandFacts
	var load nightly.LoadFacts
	var res nightly.ResolveFacts
	var gov nightly.GovernFacts
	var rep nightly.ReportFacts
	for stage, into := range map[string]any{"land": &land, "load": &load, "resolve": &res, "govern": &gov, "report": &rep} {
		if err := r.Fact(stage, into); err != nil {
			return err
		}
	}
	var sum nightly.Account
	for _, x := range load.Accounts {
		sum.Read += x.Read
		sum.Loaded += x.Loaded
		sum.Unchanged += x.Unchanged
		sum.Merged += x.Merged
		sum.Quarantined += x.Quarantined
		sum.Withheld += x.Withheld
	}
	stopped := slices.DeleteFunc(slices.Clone(land.Feeds), func(f nightly.FeedFacts) bool { return !f.Stopped() })
	for i, f := range stopped {
		fmt.Fprintf(a.out, "  stopped   %s: %s: %s\n", f.Feed, f.Code, f.Reason)
		if i+1 == len(stopped) || stopped[i+1].Hint != f.Hint { // what to do about several is said once
			fmt.Fprintf(a.out, "            %s\n", f.Hint)
		}
	}
	fmt.Fprintf(a.out, "  rows      %s read from %d exports: %s loaded, %s unchanged, %s merged, %s quarantined, %s withheld by policy\n",
		thousands(sum.Read), len(load.Accounts), thousands(sum.Loaded), thousands(sum.Unchanged), thousands(sum.Merged), thousands(sum.Quarantined), thousands(sum.Withheld))
	fmt.Fprintf(a.out, "  people    %s records are %s people (%d new, %d merged, %d split); %s are members of the alumni register\n",
		thousands(int64(res.Records)), thousands(int64(res.Subjects)), res.Created, res.Merged, res.Split, thousands(int64(gov.Members)))
	fmt.Fprintf(a.out, "  quality   %s: %s\n", rep.Verdict, rep.Headline)
	if rep.HTML != "" {
		fmt.Fprintf(a.out, "  report    %s/%s\n", strings.TrimSuffix(a.workspace, "/"), rep.HTML)
	}
	return nil
}

func (a *app) printSurvey(out pipelines.Outcome) error {
	r := &pipelines.Run{Facts: out.Facts}
	var sel survey.SelectFacts
	var seal survey.SealFacts
	var rec survey.ReceiptFacts
	for stage, into := range map[string]any{"select": &sel, "seal": &seal, "receipt": &rec} {
		if err := r.Fact(stage, into); err != nil {
			return err
		}
	}
	var left []string
	for _, w := range sel.Withheld {
		left = append(left, fmt.Sprintf("%d %s (%s)", w.N, w.Reason, w.Clause))
	}
	if len(left) == 0 {
		left = []string{"nobody"}
	}
	fmt.Fprintf(a.out, "  frame     %s graduated from %s to %s: %s go to %s; left out: %s\n",
		thousands(sel.Eligible), sel.Period.From, sel.Period.To, thousands(sel.Sent), sel.Recipient, strings.Join(left, ", "))
	if rec.Delivery == "" {
		fmt.Fprintf(a.out, "  delivery  %s\n", rec.State)
		return nil
	}
	fmt.Fprintf(a.out, "  delivery  %s, number %d: %s\n", rec.Delivery, rec.Sequence, rec.State)
	if rec.Receipt != "" {
		fmt.Fprintf(a.out, "  receipt   %s, %s, signature checked\n", rec.Status, rec.Level)
	}
	return nil
}
