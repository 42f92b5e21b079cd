package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"uoma/connectors/ledger"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
)

func (a *app) explainRow(ctx context.Context, id string, row int) error {
	return a.inWorkspace(ctx, func(ws *workspace.Workspace) error {
		e, err := survey.ExplainRow(ctx, ws, id, row)
		if err != nil {
			return err
		}
		if err := a.noteLooks(ctx, ws, ledger.SubjectExplain, "", id, e.Person); err != nil {
			return err
		}
		if a.json {
			return a.printJSON("explain", true, e)
		}
		return a.printExplainedRow(&e)
	})
}

func (a *app) printExplainedRow(e *survey.ExplainedRow) error {
	by, says := e.Policy+", "+e.Digest, ": "+e.Says
	if e.Policy == "" {
		by, says = "a pack that is not at hand, "+cmp.Or(e.Digest, "of an unknown digest")+"; what its clauses say stands in its own document", ""
	}
	fmt.Fprintf(a.out, "row %d of %s (%s to %s, %s), made from %s\nabout %s, sent for %s by %s%s\ndecided by %s\n\nwhat says each column\n",
		e.Row, e.Delivery, e.Dataset, e.Recipient, e.State, e.Night, e.Person, e.Purpose, e.Clause, says, by)
	var rows [][]string
	for _, c := range e.Columns {
		from := make([]string, len(c.From))
		for i, n := range c.From {
			from[i] = strconv.Itoa(n)
		}
		rows = append(rows, []string{c.Column, c.Table, cmp.Or(strings.Join(from, ","), "-")})
	}
	if err := a.table([]string{"COLUMN", "TABLE", "SOURCE ROWS"}, rows); err != nil {
		return err
	}
	fmt.Fprint(a.out, "\nthe source rows\n")
	rows = nil
	for _, s := range e.Sources {
		var why []string
		for _, d := range s.Data {
			why = append(why, d.Table+" "+cmp.Or(d.Clause, d.Category))
		}
		line := "-"
		if s.Line > 0 {
			line = strconv.FormatInt(s.Line, 10)
		}
		rows = append(rows, []string{strconv.Itoa(s.Number), cmp.Or(s.Feed, "no longer in the register"), s.SourceKey, cmp.Or(s.Since, "-"),
			cmp.Or(s.Taken, "-"), line, cmp.Or(s.Snapshot, "-"), strings.Join(why, ", ")})
	}
	return a.table([]string{"ROW", "FEED", "SOURCE KEY", "SINCE", "EXPORT OF", "LINE", "SNAPSHOT", "HELD BY"}, rows)
}
