package nightly

import (
	"cmp"
	"context"
	"sync"

	"uoma/connectors/register"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/protect"
	"uoma/transforms/resolve"
)

// lapsed is what the stores hold of somebody who was somebody else last night, and tonight turned out to be an erased
// person: new rows are withheld by protect, and what is stored already goes here, unless a hold keeps it.
type lapsed struct {
	records    []string        // of the people, and contact points that nobody else has
	links      []register.Link // to contact points that others have as well
	sourceKeys []string        // vault entries
	persons    []string
}

// lapse finds them, and notes their source rows as withheld, so that the next night decides on these anew: the resolver
// remembers nothing of an erased person, and would not know whose they are.
func (n *Night) lapse(ctx context.Context, r *pipelines.Run, night *register.Night) (out lapsed, err error) {
	if err := n.lockHolds(ctx, r, night); err != nil {
		return out, err
	}
	source, persons := n.ws.SourceTokens(), n.ws.Persons()
	clauses, mine := map[string]string{}, map[string]string{} // by subject; by record
	for i := range n.resolved.Records {
		x := &n.resolved.Records[i]
		clause := n.standing.suppressed[x.Subject]
		if clause == "" || x.Before == "" || n.standing.sparedOf[x.Subject] {
			continue
		}
		clauses[x.Subject], clauses[x.Before] = clause, clause
		mine[protect.Record(source, x.System, x.PersonKey)] = clause
	}
	if len(mine) == 0 {
		return out, nil
	}
	known := sync.OnceValue(n.knownRecords)
	whole, theirs := n.whole(clauses), map[string]bool{}
	var common []string // records that they have beside other persons, maybe each other
	for subject, clause := range whole {
		person := workspace.PersonOf(persons, subject)
		own, shared, err := night.OwnAndShared(ctx, person)
		if err != nil {
			return out, err
		}
		for _, record := range own {
			if !known()[record] { // what sources gave up goes with the rest
				mine[record] = clause
			}
		}
		theirs[person], common = true, append(common, shared...)
	}
	for e, err := range n.ws.Vault.Open(ctx, sortedKeys(clauses), 0) {
		if err != nil {
			return out, err
		}
		if clause := mine[e.Record]; clause != "" {
			out.sourceKeys = append(out.sourceKeys, e.SourceKey)
			n.withholdToken(e.Source, e.SourceKey, clause)
		}
	}
	others := map[string]bool{} // records that are somebody else's, too
	links, err := night.LinksOf(ctx, common)
	if err != nil {
		return out, err
	}
	for _, l := range links {
		if !theirs[l.Person] {
			others[l.Record] = true
		}
	}
	for _, subject := range sortedKeys(whole) { // of two who were one, the other goes on
		person := workspace.PersonOf(persons, subject)
		out.persons = append(out.persons, person)
		own, shared := n.pointsOf(subject, n.pastPoints[subject], others)
		for _, record := range own {
			mine[record] = clauses[subject]
		}
		for _, record := range shared {
			out.links = append(out.links, register.Link{Record: record, Person: person})
		}
	}
	out.records = sortedKeys(mine)
	for _, record := range out.records {
		if err := n.holdRows(ctx, night, []string{record}, mine[record]); err != nil {
			return out, err
		}
	}
	return out, nil
}

// heirs gives, by subject that was given up tonight, the one who has what tonight's resolution does not know of it: of several
// the first.
func (n *Night) heirs() map[string]string {
	out := map[string]string{}
	for _, e := range n.resolved.Events {
		if e.Kind == resolve.Merged && out[e.Other] == "" {
			out[e.Other] = e.Subject
		}
	}
	return out
}

// whole gives those of some subjects that are an erased person as a whole: who is suppressed, and who was found to be somebody who is.
func (n *Night) whole(clauses map[string]string) map[string]string {
	out, heirs := map[string]string{}, n.heirs()
	for subject, clause := range clauses {
		if n.standing.suppressed[cmp.Or(heirs[subject], subject)] != "" {
			out[subject] = clause
		}
	}
	return out
}

// knownRecords gives the records and contact points that tonight's resolution knows.
func (n *Night) knownRecords() map[string]bool {
	source, known := n.ws.SourceTokens(), map[string]bool{}
	for i := range n.resolved.Records {
		x := &n.resolved.Records[i]
		known[protect.Record(source, x.System, x.PersonKey)] = true
	}
	for _, p := range n.resolved.Points(n.pointSystems()) {
		known[protect.Record(source, p.System, p.PersonKey)] = true
	}
	return known
}

// remove takes them out of the register.
func (l lapsed) remove(ctx context.Context, night *register.Night) error {
	if err := night.Unlink(ctx, l.links); err != nil {
		return err
	}
	if _, err := night.Erase(ctx, l.records); err != nil {
		return err
	}
	return night.ErasePersons(ctx, l.persons)
}
