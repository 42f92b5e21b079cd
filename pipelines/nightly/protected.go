package nightly

import (
	"context"
	"errors"

	"uoma/connectors/blob"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/transforms/protect"
)

// factTable is how a vault entry travels in a spool: one row a fact, an entry's facts one after the other.
var factTable = canon.Table{Name: "fact", Columns: []canon.Column{
	{Name: "source_key", Type: canon.Text, Class: canon.Key}, {Name: "record", Type: canon.Text, Class: canon.Key},
	{Name: "subject", Type: canon.Text, Class: canon.Key}, {Name: "group", Type: canon.Int},
	{Name: "table", Type: canon.Text}, {Name: "seq", Type: canon.Int}, {Name: "column", Type: canon.Text},
	{Name: "value", Type: canon.Text, Class: canon.Identifier},
}}

// Groups of facts in the spool.
const (
	groupNames = iota
	groupIdentifiers
	groupContacts
)

// protected writes a feed's two spools.
type protected struct {
	register, vault *blob.Writer
	facts           *canon.Builder
}

func newProtected(s *blob.Store, feed string) (*protected, error) {
	reg, err := s.Create()
	if err != nil {
		return nil, err
	}
	v, err := s.Create()
	if err != nil {
		reg.Discard()
		return nil, err
	}
	return &protected{reg, v, canon.NewBuilder(&factTable, feed)}, nil
}

func (p *protected) discard() {
	p.register.Discard()
	p.vault.Discard()
}

func (p *protected) write(res *protect.Result) error {
	for _, b := range res.Register {
		if err := canon.WriteBatch(p.register, b); err != nil {
			return err
		}
	}
	if len(res.Entries) == 0 {
		return nil
	}
	b := p.facts
	for i := range res.Entries {
		e := &res.Entries[i]
		for g, facts := range [][]canon.Fact{e.Names, e.Identifiers, e.Contacts} {
			for _, f := range facts {
				b.Text(0, e.SourceKey)
				b.Text(1, e.Record)
				b.Text(2, e.Subject)
				b.Int(3, int64(g))
				b.Text(4, f.Table)
				b.Int(5, int64(f.Seq))
				b.Text(6, f.Column)
				b.Text(7, f.Value)
				b.EndRow()
			}
		}
	}
	return canon.WriteBatch(p.vault, b.Flush())
}

func (p *protected) spool(register, vault string) error {
	return errors.Join(p.register.Spool(register), p.vault.Spool(vault))
}

// vaultChunk is how many entries are sealed and stored at a time: a few megabytes.
const vaultChunk = 8192

// entries reads a vault spool in chunks.
func entries(ctx context.Context, spool *blob.File, visit func([]vault.Entry) error) error {
	var chunk []vault.Entry
	for b, err := range canon.ReadBatches(spool.Reader(), []canon.Table{factTable}) {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		key, group := b.Col(0), b.Col(3)
		for i := range b.Len() {
			if n := len(chunk); n == 0 || chunk[n-1].SourceKey != key.Text(i) {
				if n >= vaultChunk {
					if err := visit(chunk); err != nil {
						return err
					}
					chunk = chunk[:0]
				}
				chunk = append(chunk, vault.Entry{SourceKey: key.Text(i), Record: b.Col(1).Text(i), Subject: b.Col(2).Text(i), Source: b.Feed})
			}
			e := &chunk[len(chunk)-1]
			f := vault.Fact{Table: b.Col(4).Text(i), Seq: int(b.Col(5).Int(i)), Column: b.Col(6).Text(i), Value: b.Col(7).Text(i)}
			switch group.Int(i) {
			case groupNames:
				e.Names = append(e.Names, f)
			case groupIdentifiers:
				e.Identifiers = append(e.Identifiers, f)
			default:
				e.Contacts = append(e.Contacts, f)
			}
		}
	}
	if len(chunk) == 0 {
		return nil
	}
	return visit(chunk)
}
