package nightly

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
	"uoma/transforms/pseudonym"
	"uoma/transforms/resolve"
)

// What erased people left of their contact points. A row that names somebody by one alone would come in again, under nobody. But an
// address may be that of several people: a mark of it counts for those alone of whom nothing else is known, and not while somebody
// who is known and was not erased has the address.

// markPoints marks the contact points of those who turned out to be an erased person tonight, so that what comes by them stays away as it
// does after an erasure: also when their records are exported no more, and the points of before that the vault alone knows. The night
// writes the marks down with the rest of what it puts into the vault.
func (s *standings) markPoints(ctx context.Context, n *Night, r *pipelines.Run, list map[string]vault.Suppression) error {
	n.marked, n.pastPoints = nil, nil
	for before := 0; before != len(s.suppressed); { // whoever is known by such a point alone has others, too
		before = len(s.suppressed)
		points, err := n.lapsing(ctx, s)
		if err != nil || len(points) == 0 {
			return err
		}
		n.pastPoints = points
		if err := s.mark(ctx, n, r, list); err != nil {
			return err
		}
	}
	return nil
}

// mark marks what lapsing found, and finds who is known by one of these points alone.
func (s *standings) mark(ctx context.Context, n *Night, r *pipelines.Run, list map[string]vault.Suppression) error {
	stays := func(i int) bool { return s.stays(n.resolved.Records[i].Subject) }
	n.having = having(n.resolved, named(n.resolved), stays)
	for _, subject := range sortedKeys(n.pastPoints) {
		m := n.newMarks()
		for _, point := range n.pastPoints[subject] {
			if !n.othersHave(point, subject) {
				m.point(point)
			}
		}
		for _, mark := range m.list() {
			if _, there := list[mark.Token]; !there {
				list[mark.Token] = vault.Suppression{Token: mark.Token, Kind: mark.Kind, Since: r.ID(), Clause: s.suppressed[subject]}
				n.marked = append(n.marked, list[mark.Token])
			}
		}
	}
	s.marked = n.pointMarks(list, func(i int) bool { return s.suppressed[n.resolved.Records[i].Subject] == "" })
	for i, clause := range s.marked.bare(n.resolved) {
		if subject := n.resolved.Records[i].Subject; s.suppressed[subject] == "" {
			s.suppressed[subject] = clause
		}
	}
	return s.heedHolds(ctx, n, r)
}

// lapsing gives the contact points, of tonight and of before, of the subjects that turned out to be an erased person tonight, of whom
// something may be stored that no hold keeps.
func (n *Night) lapsing(ctx context.Context, s *standings) (map[string][]string, error) {
	heirs, tokens := n.heirs(), n.ws.InnerTokens()
	out, before, records := map[string][]string{}, map[string]string{}, map[string]string{} // subjects by who they were, and by record
	for i := range n.resolved.Records {
		x := &n.resolved.Records[i]
		if x.Before == "" || s.suppressed[x.Subject] == "" || s.sparedOf[x.Subject] {
			continue
		}
		before[x.Before], before[x.Subject] = x.Subject, x.Subject
		records[protect.Record(tokens, x.System, x.PersonKey)] = x.Subject
		for point := range n.resolved.PointsOf(i) {
			out[x.Subject] = append(out[x.Subject], point)
		}
	}
	if len(before) == 0 {
		return nil, nil
	}
	others := map[string]bool{}
	for i := range n.resolved.Records { // of two who were one each keeps what is theirs
		if x := &n.resolved.Records[i]; before[x.Before] != "" && s.suppressed[x.Subject] == "" {
			others[protect.Record(tokens, x.System, x.PersonKey)] = true
		}
	}
	for e, err := range n.ws.Vault.Open(ctx, sortedKeys(before), vault.Contacts) {
		if err != nil {
			return nil, err
		}
		whole := s.suppressed[cmp.Or(heirs[e.Subject], e.Subject)] != ""
		switch record := n.ws.Inner(workspace.IndexTokens, e.Record); {
		case records[record] != "":
			n.addPastPoints(record, workspace.PointsIn(&e))
		case whole && !others[record]:
			n.addPastPoints(e.Subject, workspace.PointsIn(&e))
		}
	}
	maps.Copy(before, records)
	for _, p := range n.leftPoints {
		if subject := before[p.Of]; subject != "" {
			out[subject] = append(out[subject], p.Point)
		}
	}
	return out, nil
}

// pointMarks knows the contact points of erased people again. A nil one knows none.
type pointMarks struct {
	list   map[string]vault.Suppression // by token
	tokens *pseudonym.Domain
	named  map[string]bool          // subjects whose records say who they are
	others func() map[string]string // who of those of them who were not erased has a point
}

// pointMarks gives the marks of contact points of a list; nil where it has none. It asks which records are of somebody who was not
// erased when a mark is found first.
func (n *Night) pointMarks(list map[string]vault.Suppression, stays func(i int) bool) *pointMarks {
	for _, s := range list {
		if s.Kind == policy.PointKind {
			named := named(n.resolved)
			return &pointMarks{list, n.ws.Suppression(), named, sync.OnceValue(func() map[string]string {
				return having(n.resolved, named, stays)
			})}
		}
	}
	return nil
}

// clause gives the clause under which nothing may be stored of somebody who is known by a contact point alone, "" when it may.
func (m *pointMarks) clause(point string) string {
	if m == nil {
		return ""
	}
	clause := m.list[workspace.SuppressionToken(m.tokens, policy.PointMark(point))].Clause
	if clause == "" || m.others()[point] != "" {
		return ""
	}
	return clause
}

// clauseOf is clause of a person key, which may name a contact point.
func (m *pointMarks) clauseOf(personKey string) string {
	point, is := strings.CutPrefix(personKey, canon.PointPrefix)
	if !is {
		return ""
	}
	return m.clause(point)
}

// bare gives the records of those of whom nothing is known but contact points, where one of these is an erased person's, with the
// clause.
func (m *pointMarks) bare(res *resolve.Result) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		if m == nil {
			return
		}
		for i := range res.Records {
			if m.named[res.Records[i].Subject] {
				continue
			}
			for point := range res.PointsOf(i) {
				clause := m.clause(point)
				if clause != "" && !yield(i, clause) {
					return
				}
			}
		}
	}
}

// named tells of subjects whether a record says who they are.
func named(res *resolve.Result) map[string]bool {
	out := map[string]bool{}
	for i := range res.Records {
		if subject := res.Records[i].Subject; !out[subject] {
			out[subject] = slices.ContainsFunc(res.Identities(i), func(id policy.Identity) bool { return !id.Bare() })
		}
	}
	return out
}

// points gives the contact points of some records.
func points(res *resolve.Result, of func(i int) bool) map[string]bool {
	out := map[string]bool{}
	for i := range res.Records {
		if of(i) {
			for point := range res.PointsOf(i) {
				out[point] = true
			}
		}
	}
	return out
}

// several stands in place of a subject for several of them.
const several = "several"

// having gives, by contact point, which of the named subjects has it, or that [several] have, by the records that are asked for.
func having(res *resolve.Result, named map[string]bool, of func(i int) bool) map[string]string {
	out := map[string]string{}
	for i := range res.Records {
		subject := res.Records[i].Subject
		if !named[subject] || !of(i) {
			continue
		}
		for point := range res.PointsOf(i) {
			if one := out[point]; one == "" {
				out[point] = subject
			} else if one != subject {
				out[point] = several
			}
		}
	}
	return out
}

// othersHave tells whether somebody else who is known has a contact point of a subject.
func (n *Night) othersHave(point, subject string) bool {
	if n.having == nil {
		n.having = having(n.resolved, named(n.resolved), func(int) bool { return true })
	}
	one := n.having[point]
	return one != "" && one != subject
}
