package nightly

import (
	"context"
	"iter"
	"strings"

	"uoma/connectors/erasures"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
	"uoma/transforms/pseudonym"
	"uoma/transforms/resolve"
)

// marks gathers the marks by which somebody is to be known again, as keyed tokens.
type marks struct {
	pack   *policy.Pack
	tokens *pseudonym.Domain
	kinds  map[string]string // by token
}

func (n *Night) newMarks() *marks { return &marks{n.pack, n.ws.Suppression(), map[string]string{}} }

// add takes all marks that are kept of what a row says of who its person is.
func (m *marks) add(id policy.Identity) {
	for _, mark := range m.pack.Suppression.Kept(id) {
		kind, _, _ := strings.Cut(mark, "|")
		m.kinds[workspace.SuppressionToken(m.tokens, mark)] = kind
	}
}

// point takes the mark of a contact point, which is not an office's.
func (m *marks) point(point string) {
	if kind, value, _ := strings.Cut(point, ":"); kind != "email" || !resolve.OfOffice(value) {
		m.kinds[workspace.SuppressionToken(m.tokens, policy.PointMark(point))] = policy.PointKind
	}
}

// list gives them as the book of erasures has them.
func (m *marks) list() []erasures.Mark {
	out := make([]erasures.Mark, 0, len(m.kinds))
	for _, token := range sortedKeys(m.kinds) {
		out = append(out, erasures.Mark{Kind: m.kinds[token], Token: token})
	}
	return out
}

// borne gives the tokens of all marks that the i-th record bears.
func borne(res *resolve.Result, i int, tokens *pseudonym.Domain) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, id := range res.Identities(i) {
			for _, mark := range policy.Borne(id) {
				if !yield(workspace.SuppressionToken(tokens, mark)) {
					return
				}
			}
		}
	}
}

// bearers gives the other persons of whom a record bears a mark of erased people, of whose records traces knows, with the
// clause: the next night finds out that they were erased, and until then they are not used.
func (n *Night) bearers(book []erasures.Entry, traces *rawTraces) map[string]string {
	list, persons, tokens, out := map[string]vault.Suppression{}, n.ws.Persons(), n.ws.Suppression(), map[string]string{}
	for _, e := range book {
		for _, m := range e.Marks {
			list[m.Token] = vault.Suppression{Kind: m.Kind, Clause: e.Clause}
		}
	}
	theirs := func(i int) bool { return traces.key(n.resolved.Records[i].System, n.resolved.Records[i].PersonKey) }
	for i, clause := range n.pointMarks(list, func(i int) bool { return !theirs(i) }).bare(n.resolved) {
		if !theirs(i) {
			out[workspace.PersonOf(persons, n.resolved.Records[i].Subject)] = clause
		}
	}
	for i := range n.resolved.Records {
		x := &n.resolved.Records[i]
		if theirs(i) {
			continue
		}
		for token := range borne(n.resolved, i, tokens) {
			if mark, hit := list[token]; hit {
				out[workspace.PersonOf(persons, x.Subject)] = mark.Clause
			}
		}
	}
	return out
}

// ofVault calls add with what the vault says of who is behind each entry of some records, and of their contact points: also behind
// rows that no source exports any more, which the resolver does not know.
func (n *Night) ofVault(ctx context.Context, night *register.Night, records []string, add func(subject string, id policy.Identity, points []string)) error {
	institutions, err := institutionsOf(ctx, night, records)
	if err != nil {
		return err
	}
	for entry, err := range n.ws.Vault.OpenRecords(ctx, records, vault.Everything) {
		if err != nil {
			return err
		}
		add(entry.Subject, workspace.IdentityIn(&entry, institutions[entry.SourceKey]), workspace.PointsIn(&entry))
	}
	return nil
}

// institutionsOf gives the institution of each person's row of some records.
func institutionsOf(ctx context.Context, night *register.Night, records []string) (map[string]string, error) {
	selected, err := night.SelectRecords(ctx, records)
	if err != nil {
		return nil, err
	}
	out := map[string]string{} // by source row
	for b, err := range selected.Read(ctx, "person", []string{"source_key", "institution_code"}, register.All) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			out[strings.Clone(b.Col(0).Text(i))] = strings.Clone(b.Col(1).Text(i))
		}
	}
	return out, nil
}
