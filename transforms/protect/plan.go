package protect

import (
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/policy"
)

// origin says where a register column's value comes from.
type origin uint8

const (
	fromColumn origin = iota
	fromToken
	fromSource
	fromSourceKey
	fromRecord
	fromCategory
	fromBasis
	fromRun
	fromNothing
)

type outColumn struct {
	from origin
	at   int    // column of the canonical table
	kind string // kind of key, for tokens
}

type identityColumn struct {
	at    int
	name  string
	class canon.Class
}

// plan is how rows of one table from one feed are parted; it is made once a feed and table.
type plan struct {
	table                  *canon.Table
	decision               policy.LoadDecision
	needs                  uint32         // columns of the attribution that the decision needs, as a bit of each
	out                    *canon.Builder // nil for tables of identity alone
	columns                []outColumn
	bare                   []outColumn // with what forbids a use, and nothing else of the row
	identity               []identityColumn
	rowKey, personKey, seq canon.Col
	line                   canon.Col
}

func (p *Protector) plan(b *canon.Batch) *plan {
	id := b.Feed + "|" + b.Table.Name
	pl := p.plans[id]
	if pl == nil {
		pl = p.newPlan(b)
		p.plans[id] = pl
	}
	pl.rowKey, pl.personKey = b.Col(canon.RowKey), b.Col(canon.PersonKey)
	pl.seq, pl.line = b.Col(canon.Seq), b.Col(canon.Line)
	return pl
}

func (p *Protector) newPlan(b *canon.Batch) *plan {
	pl := &plan{table: b.Table, decision: p.s.Policy.Table(b.Feed, b.Table.Name)}
	for _, name := range pl.decision.Needs {
		pl.needs |= 1 << canon.Named(canon.Attribution).Index(name)
	}
	for i, c := range b.Table.Columns {
		if c.Class.Identifying() && p.stored(b.Table, c) {
			pl.identity = append(pl.identity, identityColumn{i, c.Name, c.Class})
		}
	}
	if b.Table.Identity() {
		return pl
	}
	target := p.s.Target(b.Table)
	pl.out = canon.NewBuilder(target, b.Feed)
	for _, c := range target.Columns {
		o := column(b.Table, c.Name)
		if (o.from == fromColumn || o.from == fromToken) && !p.stored(b.Table, b.Table.Columns[o.at]) {
			o = outColumn{from: fromNothing}
		}
		pl.columns = append(pl.columns, o)
		if o.at >= len(canon.Provenance()) && !slices.Contains(cautions[:], c.Name) {
			o = outColumn{from: fromNothing}
		}
		pl.bare = append(pl.bare, o)
	}
	return pl
}

// stored tells whether the policy lets a column's values be kept: some are there to find out who is who and no more.
func (p *Protector) stored(t *canon.Table, c canon.Column) bool {
	_, store, _ := p.s.Policy.Column(t.Name, c.Name)
	return store
}

// column finds what fills a register column. A canonical column with the name of a leading one has its table's name
// before it there.
func column(t *canon.Table, name string) outColumn {
	switch name {
	case "source":
		return outColumn{from: fromSource}
	case "source_key":
		return outColumn{from: fromSourceKey}
	case "record":
		return outColumn{from: fromRecord}
	case "category":
		return outColumn{from: fromCategory}
	case "legal_basis":
		return outColumn{from: fromBasis}
	case "first_seen_run":
		return outColumn{from: fromRun}
	case "last_seen_run":
		return outColumn{from: fromNothing}
	}
	at := t.Index(name)
	if at < 0 {
		at = t.Index(strings.TrimPrefix(name, t.Name+"_"))
	}
	if at < 0 {
		return outColumn{from: fromNothing}
	}
	if t.Columns[at].Class == canon.Key {
		kind := name
		if kind == "key" {
			kind = t.Name
		}
		return outColumn{from: fromToken, at: at, kind: kind}
	}
	return outColumn{from: fromColumn, at: at}
}
