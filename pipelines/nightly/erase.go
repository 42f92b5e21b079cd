package nightly

import (
	"context"

	"uoma/connectors/ledger"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/protect"
)

var errNobody = fault.New("UOMA-ERA-NOBODY", "no record of that system and key is known",
	"look the key up in the system itself; parts of a composite key are joined by |")

// Erased says what an erasure removed. It names nobody.
type Erased struct {
	Run     string `json:"run"`
	Records int    `json:"records"` // of the person, over all systems
	Rows    int64  `json:"register_rows"`
	Entries int64  `json:"vault_entries"`
	Marks   int    `json:"suppression_marks"`
}

// Erase removes the person of a record from vault, register and resolver, destroys the person's key, and keeps keyed
// marks by which the next export's rows about the same person are withheld (GDPR 17; clause is the notice's own). The
// marks come first: killed anywhere, a repetition finishes, and no night in between brings anybody back. The caller holds
// the pipeline's lease. Encrypted snapshots keep the person's rows until their own retention removes them.
func (n *Night) Erase(ctx context.Context, r *pipelines.Run, pipeline, system, personKey, clause string) (Erased, error) {
	out := Erased{Run: r.ID()}
	of := *r
	of.Pipeline = pipeline
	e, err := n.recallEngine(ctx, &of)
	if err != nil {
		return out, err
	}
	n.engine = e
	n.resolved = e.Resolve()
	subject, known := n.resolved.Subject(system, personKey)
	if !known {
		return out, errNobody
	}
	records, marks := n.traces(r, subject, clause)
	out.Records, out.Marks = len(records), len(marks)
	if err := n.ws.Vault.Suppress(ctx, marks); err != nil {
		return out, err
	}
	if err := n.recallWithheld(ctx, &of); err != nil {
		return out, err
	}
	n.held = n.withheld
	for entry, err := range n.ws.Vault.Open(ctx, []string{subject}, 0) {
		if err != nil {
			return out, err
		}
		n.held[entry.SourceKey] = withheldRow{entry.SourceKey, entry.Source, clause} // so that the next night decides on the row anew, and withholds it
	}
	e.Forget(subject)
	night, err := n.ws.Register.Begin(ctx)
	if err != nil {
		return out, err
	}
	defer night.Rollback()
	if out.Rows, err = night.Erase(ctx, records); err != nil {
		return out, err
	}
	mem, err := n.remember()
	if err != nil {
		return out, err
	}
	config, found, err := ledger.FindState(ctx, night.Tx(), pipeline, stateConfig)
	if err != nil {
		return out, err
	}
	if found { // an erasure decides nothing anew: the next night compares with what the last one decided under
		mem[stateConfig] = config.Digest
	}
	if err := mem.commit(ctx, night.Tx(), &of); err != nil {
		return out, err
	}
	if err := n.check(ctx, night.Tx()); err != nil {
		return out, err
	}
	if err := night.Commit(); err != nil {
		return out, err
	}
	if out.Entries, err = n.ws.Vault.Erase(ctx, []string{subject}, r.ID()); err != nil {
		return out, err
	}
	if err := n.ws.RegisterDB.Scrub(ctx); err != nil {
		return out, err
	}
	return out, n.SweepState(ctx)
}

// traces gives the tokens of all records of a subject, and the marks by which its person is known again.
func (n *Night) traces(r *pipelines.Run, subject, clause string) (records []string, marks []vault.Suppression) {
	source, suppression := n.ws.SourceTokens(), n.ws.Suppression()
	seen := map[string]bool{}
	for i := range n.resolved.Records {
		x := &n.resolved.Records[i]
		if x.Subject != subject {
			continue
		}
		records = append(records, protect.Record(source, x.System, x.PersonKey))
		for _, id := range n.resolved.Identities(i) {
			for _, mark := range n.pack.SuppressionKeys(id) {
				token := workspace.SuppressionToken(suppression, mark)
				if !seen[token] {
					seen[token] = true
					marks = append(marks, vault.Suppression{Token: token, Kind: kindOf(mark), Since: r.ID(), Clause: clause})
				}
			}
		}
	}
	return records, marks
}

// kindOf gives the type that a mark begins with.
func kindOf(mark string) string {
	for i := range mark {
		if mark[i] == '|' {
			return mark[:i]
		}
	}
	return mark
}
