package survey

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/extract"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
)

var (
	errNoList = fault.New("UOMA-SVY-UNLISTED", "the workspace has no list of who is in the delivery", "name a delivery that this workspace sealed; uoma delivery list shows them")
	errNoRow  = fault.New("UOMA-SVY-ROW", "the delivery has no such row", "rows are counted from 1, in the order of the extract")
)

// ExplainedRow is the way of one row of a sealed extract back to its sources. It holds no value of the person.
type ExplainedRow struct {
	Delivery  string          `json:"delivery_id"`
	Row       int             `json:"row"`
	Person    string          `json:"person"` // the register's reference
	Recipient string          `json:"recipient"`
	Dataset   string          `json:"dataset"`
	Purpose   string          `json:"purpose"`
	Policy    string          `json:"policy,omitempty"` // id and version of the pack that decided; "" when it is not at hand
	Digest    string          `json:"policy_digest"`    // of that pack, "" where nobody wrote it down
	Clause    string          `json:"clause"`           // by which the row went out
	Says      string          `json:"says"`             // "" without the pack
	Night     string          `json:"night"`            // that the extract was made from
	State     string          `json:"state"`            // of the delivery
	Columns   []ExplainedCell `json:"columns"`
	Sources   []ExplainedFrom `json:"sources"`
}

// ExplainedCell is one value of the row: the datum that it is, and the source rows that say it.
type ExplainedCell struct {
	Column string `json:"column"`
	Table  string `json:"table"` // canonical
	From   []int  `json:"from"`  // numbers in Sources, from 1; none: the program filled it, or the list is older
}

// ExplainedFrom is one source row: where it lies, and by which clauses its data is held.
type ExplainedFrom struct {
	Number    int            `json:"number"`
	Feed      string         `json:"feed"`
	SourceKey string         `json:"source_key"` // keyed token
	Since     string         `json:"first_seen_run"`
	Gone      string         `json:"last_seen_run,omitempty"`
	Data      []ExplainedRef `json:"data"`
	Snapshot  string         `json:"snapshot,omitempty"` // digest; "" when it was removed
	Taken     string         `json:"snapshot_date,omitempty"`
	Line      int64          `json:"line,omitempty"` // in the export
}

// ExplainedRef is why a source row's data of one table is held.
type ExplainedRef struct {
	Table    string `json:"table"`
	Category string `json:"category"`
	Basis    string `json:"legal_basis"`
	Clause   string `json:"clause"` // "" without the pack, and so is what it says
	Says     string `json:"says"`
}

// ExplainRow follows a row of a delivery, counted from 1, back to the source rows: through the list that was written when
// the delivery was sealed, the register, and the snapshots of the night that it was made from.
func ExplainRow(ctx context.Context, ws *workspace.Workspace, id string, row int) (out ExplainedRow, err error) {
	d, err := ws.Outbox.Get(ctx, id)
	if err != nil {
		return out, err
	}
	l, err := readList(ws, id, &asked{all: true})
	if errors.Is(err, fs.ErrNotExist) {
		return out, errNoList.At(fault.Place{Field: id})
	}
	if err != nil {
		return out, err
	}
	if row < 1 || row > len(l.People) {
		return out, errNoRow
	}
	p := l.People[row-1]
	date, ok := pipelines.DateIn(d.RegisterCommit)
	if !ok {
		return out, errNoList.At(fault.Place{Field: id})
	}
	out = ExplainedRow{Delivery: id, Row: row, Person: p.Person, Recipient: d.Chain.Recipient, Dataset: d.Chain.Dataset, Purpose: l.Purpose,
		Digest: l.Policy, Clause: p.Clause, Night: d.RegisterCommit, State: string(d.State), Columns: []ExplainedCell{}, Sources: []ExplainedFrom{}}
	if out.Digest == "" { // a list of before named none: the night's is that of the same date
		night, _, err := ledger.FindRun(ctx, ws.RegisterDB, d.RegisterCommit)
		if err != nil {
			return out, err
		}
		out.Digest = night.PolicyDigest
	}
	pack, known, err := ws.PolicyOf(out.Digest)
	if err != nil {
		return out, err
	}
	if known {
		out.Policy, out.Says = pack.ID+" "+pack.Version, pack.Says(p.Clause)
	}
	for i, c := range p.Columns {
		cell := ExplainedCell{Column: c, Table: tableOf(c), From: []int{}}
		if i < len(p.From) {
			for _, n := range p.From[i] {
				cell.From = append(cell.From, n+1)
			}
		}
		out.Columns = append(out.Columns, cell)
	}
	for n, key := range p.Rows {
		from, err := sourceRow(ctx, ws, pack, key, date)
		if err != nil {
			return out, err
		}
		from.Number = n + 1
		out.Sources = append(out.Sources, from)
	}
	return out, nil
}

// tableOf gives the canonical table of a column: of the extract, or, in a target's file, named before the dot.
func tableOf(column string) string {
	if table, _, named := strings.Cut(column, "."); named {
		return table
	}
	return extract.TableOf(column)
}

// sourceRow finds a source row in the register, and in the snapshot that the night of the delivery had of its feed. Its
// data may have gone from the register since. Without a pack it is held as the register says, and nobody tells by which clause.
func sourceRow(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, key string, date canon.Date) (ExplainedFrom, error) {
	out := ExplainedFrom{SourceKey: key, Data: []ExplainedRef{}}
	var loader *policy.Loader
	if pack != nil {
		loader = pack.Loader(date)
	}
	refer := func(table, category, basis string) {
		if pack == nil {
			out.Data = append(out.Data, ExplainedRef{Table: table, Category: category, Basis: basis})
		} else if l := loader.Table(out.Feed, table); l.Allow {
			out.Data = append(out.Data, ExplainedRef{table, l.Category, l.LegalBasis, l.Clause, pack.Says(l.Clause)})
		}
	}
	columns := []string{"source", "first_seen_run", "last_seen_run", "category", "legal_basis"}
	err := ws.Register.See(ctx, func(v *register.View) error {
		for _, t := range register.Tables() {
			for b, err := range v.Read(ctx, t.Name, columns, register.All, register.Condition{Columns: []string{"source_key"}, Values: []string{key}}) {
				if err != nil {
					return err
				}
				if b.Len() > 0 {
					out.Feed, out.Since, out.Gone = strings.Clone(b.Col(0).Text(0)), strings.Clone(b.Col(1).Text(0)), strings.Clone(b.Col(2).Text(0))
					refer(t.Name, strings.Clone(b.Col(3).Text(0)), strings.Clone(b.Col(4).Text(0)))
				}
			}
		}
		return nil
	})
	if err != nil || out.Feed == "" {
		return out, err
	}
	if pack != nil && slices.ContainsFunc(out.Data, func(r ExplainedRef) bool { return r.Table == "person" }) {
		for _, t := range []string{"email", "phone", "address"} { // in the vault, under the same source row
			refer(t, "", "")
		}
	}
	return out, lineOf(ctx, ws, &out, date)
}

// lineOf finds the row in the last good snapshot that its feed had on a date.
func lineOf(ctx context.Context, ws *workspace.Workspace, out *ExplainedFrom, date canon.Date) error {
	const all = 1 << 20
	shots, err := ledger.Snapshots(ctx, ws.RegisterDB, out.Feed, all)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(shots, func(s ledger.Snapshot) bool { return s.State == ledger.Good && s.LogicalDate <= date.String() })
	if at < 0 {
		return nil
	}
	tokens, place, n := ws.SourceTokens(), int32(-1), int32(0)
	err = snapshot.Keys(ws.Snapshots, shots[at].Digest, func(key []byte, _ snapshot.Hash) {
		if place < 0 && protect.SourceKey(tokens, out.Feed, string(key)) == out.SourceKey {
			place = n
		}
		n++
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed by its own retention
	}
	if err != nil || place < 0 {
		return err
	}
	for b, err := range snapshot.Select(ctx, ws.Snapshots, shots[at].Digest, out.Feed, nil, []int32{place}) {
		if err != nil {
			return err
		}
		out.Snapshot, out.Taken, out.Line = shots[at].Digest, shots[at].LogicalDate, b.Col(canon.RawLine).Int(0)
	}
	return nil
}
