package quality

// aggregate is what a recipient may know about the quality of an extract. Counts are rounded to 5, lists are folded.
type aggregate struct {
	Format   string         `json:"format"`
	Version  int            `json:"version"`
	Run      aggregateRun   `json:"run"`
	Verdict  string         `json:"verdict"`
	Rounding int            `json:"rounding"`
	K        int64          `json:"k"`
	Extracts []aggregateOut `json:"extracts"`
	Required string         `json:"required_completeness"` // percent with one decimal, "" when not measurable
	Valid    string         `json:"conformity"`
	Gates    []Gate         `json:"gates"`
}

type aggregateRun struct {
	Date    string `json:"date"`
	Policy  string `json:"policy"`
	Version string `json:"policy_version"`
	Digest  string `json:"policy_digest"`
}

type aggregateOut struct {
	Dataset  string `json:"dataset"`
	Eligible int64  `json:"eligible"`
	Sent     int64  `json:"sent"`
	Withheld int64  `json:"withheld"`
	Clauses  []Cell `json:"clauses"`
	Formulas int64  `json:"formula_like_cells"`
	MinGroup *int64 `json:"min_group"`
}

// Aggregates writes the reduced report that goes inside an extract: how many were eligible and sent, how complete and
// valid the register's data is, and the gates that the extract passed. It names no source, file, column or other
// recipient's extract but those of the report it is given. Same report, same bytes.
func Aggregates(r *Report) []byte {
	out := aggregate{Format: Format + "-aggregates", Version: Version, Verdict: r.Verdict, Rounding: 5, K: r.K,
		Run:      aggregateRun{r.Run.Date, r.Run.Policy.ID, r.Run.Policy.Version, r.Run.Policy.Digest},
		Extracts: []aggregateOut{}, Gates: []Gate{}, Required: tenth(r.Totals.Required), Valid: tenth(r.Totals.Valid)}
	mine := map[string]bool{}
	for _, e := range r.Extracts {
		mine["extract/"+e.Dataset+"/"+e.Recipient] = true
		a := aggregateOut{Dataset: e.Dataset, Eligible: round5(e.Eligible), Sent: round5(e.Sent), Withheld: round5(e.Withheld),
			Clauses: []Cell{}, Formulas: round5(e.Formulas), MinGroup: e.MinGroup}
		for _, c := range e.Clauses.Shown {
			a.Clauses = append(a.Clauses, Cell{c.Code, round5(c.N)})
		}
		out.Extracts = append(out.Extracts, a)
	}
	for _, g := range r.Gates {
		if mine[g.Dataset] {
			out.Gates = append(out.Gates, Gate{g.Gate, g.Dataset, g.Decision, []string{}})
		}
	}
	return indented(plainJSON(out))
}

// tenth rounds a share to one decimal, so that it does not give small counts back.
func tenth(r Ratio) string {
	if !r.Measurable() {
		return ""
	}
	p := Ratio{round5(r.Num), max(round5(r.Den), 1)}.Percent()
	return p[:len(p)-1]
}
