package register

import (
	"uoma/internal/canon"
)

// Positions of the leading columns, the same in every table of canonical rows. The canonical columns follow from First.
const (
	Source    = iota // feed, "peppi/alumnit"
	SourceKey        // token of the source row
	Seq              // 0, 1, 2 … when one source row gives several rows
	Record           // token of the person's record in the system
	Category         // category of the data in the policy
	Basis            // legal basis in the policy
	FirstSeen        // run that first had the source row; kept when the row changes
	LastSeen         // run that missed the source row first; NULL while it is exported
	First            // first canonical column
)

var leading = [First]canon.Column{
	{Name: "source", Type: canon.Text},
	{Name: "source_key", Type: canon.Text, Class: canon.Key},
	{Name: "seq", Type: canon.Int},
	{Name: "record", Type: canon.Text, Class: canon.Key},
	{Name: "category", Type: canon.Text},
	{Name: "legal_basis", Type: canon.Text},
	{Name: "first_seen_run", Type: canon.Text},
	{Name: "last_seen_run", Type: canon.Text},
}

// Table gives the register's shape of a canonical table: the leading columns, then the canonical columns after the
// provenance whose class is not identifying, in their order. A canonical column with the name of a leading one has its
// table's name before it: consent.source is consent_source.
func Table(t canon.Table) canon.Table {
	out := canon.Table{Name: t.Name, Columns: append([]canon.Column(nil), leading[:]...)}
	for _, c := range t.Columns[len(canon.Provenance()):] {
		if c.Class.Identifying() {
			continue
		}
		if out.Index(c.Name) >= 0 {
			c.Name = t.Name + "_" + c.Name
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}

// Tables lists the shapes of all canonical tables that the register holds: those with a fact that does not identify.
func Tables() []canon.Table {
	var out []canon.Table
	for _, t := range canon.Tables() {
		if !t.Identity() {
			out = append(out, Table(t))
		}
	}
	return out
}

func names(t *canon.Table) []string {
	out := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = c.Name
	}
	return out
}
