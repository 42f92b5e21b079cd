package linker

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"uoma/internal/fault"
	"uoma/transforms/likeness"
	"uoma/transforms/linkage"
)

var (
	errRecord = fault.New("UOMA-LNK-RECORD", "no record has the id that was asked for", "give ids as clusters.csv has them: the column of ids, or else the line, with the file's name before it when there are several files")
	errSame   = fault.New("UOMA-LNK-SAME", "a record is always itself", "give the ids of two records")
)

// Explanation says why two records are one person's or two people's.
type Explanation struct {
	A           Explained         `json:"a"`
	B           Explained         `json:"b"`
	Model       string            `json:"model"`     // digest
	Threshold   float64           `json:"threshold"` // bits
	Prior       float64           `json:"prior"`     // log odds of any two records, in bits
	Features    []FeatureEvidence `json:"features"`
	Alike       float64           `json:"alike"` // less, because people of a household, twins and namesakes agree so, too
	Weight      float64           `json:"weight"`
	Probability float64           `json:"probability"`
	Together    bool              `json:"together"`          // in one cluster
	Compared    bool              `json:"compared"`          // by some pass, as far as the weight is one that is listed
	WhyNot      *WhyNot           `json:"why_not,omitempty"` // of two that are apart
	Weakest     *Edge             `json:"weakest,omitempty"` // link without which their cluster falls apart; of two that are together
}

// Explained is one of the two records.
type Explained struct {
	ID      string `json:"id"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Cluster string `json:"cluster"`
	Records int    `json:"records"` // of the cluster
}

// FeatureEvidence is what one feature says. The bits of all parts add up to the weight.
type FeatureEvidence struct {
	Feature string   `json:"feature"`
	Level   string   `json:"level"`  // "" when one of the records says nothing
	Bits    float64  `json:"bits"`   // rarity included
	Rarity  float64  `json:"rarity"` // of these, for a value that is rarer or more common than most
	A       []string `json:"a"`      // as the file has them
	B       []string `json:"b"`
}

// WhyNot says what keeps two records apart.
type WhyNot struct {
	Opposing    []string `json:"opposing"`          // features that speak against one person, the strongest first
	Constraints []string `json:"constraints"`       // rules that keep them apart whatever else they say
	Between     *Edge    `json:"between,omitempty"` // of the two clusters' records those that fit least
}

// Edge is two records and their weight in bits.
type Edge struct {
	A           string  `json:"a"`
	B           string  `json:"b"`
	Weight      float64 `json:"weight"`
	Probability float64 `json:"probability"`
}

// Explain links the files' records and takes the weight of two of them apart. It writes nothing.
func (j *Job) Explain(ctx context.Context, a, b string, tools Tools) (*Explanation, error) {
	if a == b {
		return nil, errSame
	}
	r := newRun(j, tools)
	r.watch = watch{a: nil, b: nil}
	if err := r.readAll(ctx); err != nil {
		return nil, err
	}
	x, okA := r.table.Find(a)
	y, okB := r.table.Find(b)
	if !okA || !okB {
		return nil, errRecord
	}
	if err := r.linkAll(ctx); err != nil {
		return nil, err
	}
	return r.explain(x, y), nil
}

func (r *run) explain(a, b int32) *Explanation {
	e := r.table.Explain(r.result.Model, a, b)
	out := &Explanation{
		A: r.explained(a), B: r.explained(b), Model: r.report.Model.Digest, Threshold: r.report.Threshold,
		Prior: e.Prior, Alike: e.Alike, Weight: e.Weight, Probability: linkage.Probability(e.Weight),
		Together: r.result.Cluster[a] == r.result.Cluster[b],
		Compared: e.Weight <= r.report.Review || r.listed(a, b),
	}
	for _, x := range e.Evidence {
		out.Features = append(out.Features, FeatureEvidence{x.Feature, x.Level, x.Bits, x.Rarity, r.said(a, x.Feature), r.said(b, x.Feature)})
	}
	if out.Together {
		out.Weakest = r.weakest(r.clusterOf(a))
	} else {
		out.WhyNot = r.whyNot(a, b, &e)
	}
	return out
}

func (r *run) explained(rec int32) Explained {
	at := r.places.of(r.table.Came(rec))
	members := r.clusterOf(rec)
	first := r.table.Label(rec)
	for _, m := range members {
		first = min(first, r.table.Label(m))
	}
	return Explained{r.table.Label(rec), at.File, at.Line, first, len(members)}
}

// clusterOf gives the records of a record's cluster.
func (r *run) clusterOf(rec int32) (out []int32) {
	for i, c := range r.result.Cluster {
		if c == r.result.Cluster[rec] {
			out = append(out, int32(i))
		}
	}
	return out
}

func (r *run) listed(a, b int32) bool {
	a, b = min(a, b), max(a, b)
	return slices.ContainsFunc(r.result.Pairs, func(p linkage.Pair) bool { return p.A == a && p.B == b })
}

// weakest gives the link without which a cluster falls apart: the lightest one of those that hold it together best.
func (r *run) weakest(cluster []int32) *Edge {
	var inside []linkage.Pair
	for _, p := range r.result.Pairs {
		if r.result.Cluster[p.A] == r.result.Cluster[cluster[0]] && r.result.Cluster[p.B] == r.result.Cluster[cluster[0]] {
			inside = append(inside, p)
		}
	}
	slices.SortStableFunc(inside, func(x, y linkage.Pair) int { return cmp.Compare(y.Weight, x.Weight) })
	part := map[int32]int32{} // of each record: the part of the cluster that is held together so far
	for _, rec := range cluster {
		part[rec] = rec
	}
	var last *linkage.Pair
	for i, p := range inside {
		if from, to := part[p.B], part[p.A]; from != to {
			for rec, x := range part {
				if x == from {
					part[rec] = to
				}
			}
			last = &inside[i]
		}
	}
	if last == nil {
		return nil
	}
	return r.edge(last.A, last.B, float64(last.Weight))
}

func (r *run) edge(a, b int32, weight float64) *Edge {
	x, y := r.table.Label(a), r.table.Label(b)
	return &Edge{min(x, y), max(x, y), weight, linkage.Probability(weight)}
}

// whyNot finds what keeps two records apart.
func (r *run) whyNot(a, b int32, e *linkage.Explanation) *WhyNot {
	out := &WhyNot{Opposing: opposing(e), Constraints: []string{}}
	out.Constraints = append(out.Constraints, r.forbidden(e)...)
	for _, x := range r.table.Broken(r.job.settings.rules(), a, b) {
		out.Constraints = append(out.Constraints, ruled(x))
	}
	out.Constraints = append(out.Constraints, r.oneToOne(a, b)...)
	if s := r.cleanSource(a); s != "" && s == r.cleanSource(b) {
		out.Constraints = append(out.Constraints, "both come from "+s+", which has nobody twice")
	}
	if e.Weight > r.report.Review && !r.listed(a, b) {
		out.Constraints = append(out.Constraints, "no pass compares them")
	}
	out.Between = r.contradiction(a, b, e.Weight, out)
	return out
}

func opposing(e *linkage.Explanation) []string {
	against := slices.DeleteFunc(slices.Clone(e.Evidence), func(x linkage.Evidence) bool { return x.Bits >= 0 })
	slices.SortStableFunc(against, func(x, y linkage.Evidence) int { return cmp.Compare(x.Bits, y.Bits) })
	out := []string{}
	for _, x := range against {
		out = append(out, x.Feature)
	}
	return out
}

// forbidden tells the identifiers of which nobody has two and that differ.
func (r *run) forbidden(e *linkage.Explanation) (out []string) {
	for _, x := range e.Evidence {
		for _, f := range r.job.fields {
			if f.Unique && f.Name == x.Feature && x.Level == likeness.IdentifierLevels[0] {
				out = append(out, "they have two different values of "+f.Name+", of which nobody has two")
			}
		}
	}
	return out
}

// ruled says what a rule forbids.
func ruled(x linkage.Rule) string {
	s := "they have two different values of " + x.Of
	if x.Within != "" {
		s += " within one " + x.Within
	}
	if x.While != "" {
		s += " while " + x.While + " is " + strings.Join(x.Is, " or ")
	}
	return s + ", of which nobody has two"
}

// oneToOne tells the sources that are linked one to one and of which the two clusters together have a record of one and
// several of the other.
func (r *run) oneToOne(a, b int32) (out []string) {
	count := map[string]int{}
	for _, rec := range slices.Concat(r.clusterOf(a), r.clusterOf(b)) {
		count[r.table.SourceOf(rec)]++
	}
	for _, list := range r.job.settings.OneToOne {
		for i, x := range list {
			for _, y := range list[:i] {
				if n, m := count[likeness.Fold(x)], count[likeness.Fold(y)]; min(n, m) > 0 && max(n, m) > 1 {
					out = append(out, y+" and "+x+" are linked one to one, and of one of them the two clusters have several records")
				}
			}
		}
	}
	return out
}

// cleanSource gives a record's source when it has nobody twice.
func (r *run) cleanSource(rec int32) string {
	cells := r.watch[r.table.Label(rec)]
	for _, name := range r.job.settings.Clean {
		if likeness.Fold(name) == likeness.Fold(cells[fieldSource]) {
			return name
		}
	}
	return ""
}

// nearby is how many records of each cluster are looked at for what contradicts.
const nearby = 8

// contradiction gives the two records of two clusters that fit least, when that is less than the two in question.
func (r *run) contradiction(a, b int32, weight float64, why *WhyNot) *Edge {
	var worst *Edge
	for _, x := range first(r.clusterOf(a), nearby) {
		for _, y := range first(r.clusterOf(b), nearby) {
			if x == a && y == b {
				continue
			}
			e := r.table.Explain(r.result.Model, x, y)
			against := r.forbidden(&e)
			for _, u := range r.table.Broken(r.job.settings.rules(), x, y) {
				against = append(against, ruled(u))
			}
			for _, c := range against {
				if c = "of their clusters' records: " + c; !slices.Contains(why.Constraints, c) {
					why.Constraints = append(why.Constraints, c)
				}
			}
			if e.Weight < weight && (worst == nil || e.Weight < worst.Weight) {
				worst = r.edge(x, y, e.Weight)
			}
		}
	}
	return worst
}

func first(list []int32, n int) []int32 { return list[:min(n, len(list))] }

// said gives what a record says of a feature, as its file has it.
func (r *run) said(rec int32, feature string) []string {
	cells := r.watch[r.table.Label(rec)]
	out := []string{}
	for i, f := range r.job.fields {
		if i >= fieldsOwn && cells[i] != "" && tells(f, feature) {
			out = append(out, cells[i])
		}
	}
	return out
}

// tells says whether a field is part of a feature, which has the name of its kind or, of identifiers and the like, its own.
func tells(f linkage.Field, feature string) bool {
	switch f.Kind {
	case linkage.Mark:
		return false
	case linkage.GivenNames, linkage.CallName:
		return feature == "given names"
	case linkage.FamilyName, linkage.FormerName:
		return feature == "family name"
	case linkage.FullName:
		return feature == "given names" || feature == "family name"
	case linkage.BirthDate, linkage.BirthMonth, linkage.BirthDay:
		return feature == "birth date"
	case linkage.Sex:
		return feature == "sex"
	case linkage.Street, linkage.HouseNumber, linkage.Postcode, linkage.City, linkage.Region:
		return feature == "address"
	case linkage.Phone:
		return feature == "phone"
	case linkage.Email:
		return feature == "email"
	}
	return feature == f.Name
}

// watch keeps what the records say that are asked for, by their ids: the cells of each field.
type watch map[string][]string

func (w watch) look(r *rows) {
	for i := 0; w != nil && i < r.n; i++ {
		id := r.id(i)
		if _, asked := w[string(id)]; !asked {
			continue
		}
		cells := make([]string, len(r.at))
		for f := range cells {
			cells[f] = string(r.cell(f, i))
		}
		w[string(id)] = cells
	}
}

// Masked gives the explanation with the shape of values only: every letter is an x and every digit a 0.
func (e *Explanation) Masked() *Explanation {
	out := *e
	out.Features = slices.Clone(e.Features)
	for i := range out.Features {
		f := &out.Features[i]
		f.A, f.B = masked(f.A), masked(f.B)
	}
	return &out
}

func masked(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strings.Map(func(c rune) rune {
			switch {
			case unicode.IsDigit(c):
				return '0'
			case unicode.IsLetter(c), unicode.IsMark(c):
				return 'x'
			}
			return c
		}, v)
	}
	return out
}
