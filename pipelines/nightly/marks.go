package nightly

import (
	"context"
	"strings"

	"uoma/connectors/erasures"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
	"uoma/transforms/pseudonym"
)

// marks gathers the marks by which somebody is known again, as keyed tokens.
type marks struct {
	pack   *policy.Pack
	tokens *pseudonym.Domain
	kinds  map[string]string // by token
}

func (n *Night) newMarks() *marks { return &marks{n.pack, n.ws.Suppression(), map[string]string{}} }

// add takes all marks of what a row says of who its person is.
func (m *marks) add(id policy.Identity) {
	for _, mark := range m.pack.SuppressionKeys(id) {
		kind, _, _ := strings.Cut(mark, "|")
		m.kinds[workspace.SuppressionToken(m.tokens, mark)] = kind
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

// ofVault calls add with what the vault says of who is behind each entry of some records: also behind rows that no source
// exports any more, which the resolver does not know.
func (n *Night) ofVault(ctx context.Context, night *register.Night, records []string, add func(subject string, id policy.Identity)) error {
	institutions, err := institutionsOf(ctx, night, records)
	if err != nil {
		return err
	}
	for entry, err := range n.ws.Vault.OpenRecords(ctx, records, vault.Names|vault.Identifiers) {
		if err != nil {
			return err
		}
		add(entry.Subject, workspace.IdentityIn(&entry, institutions[entry.SourceKey]))
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
