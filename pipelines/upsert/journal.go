// Package upsert keeps, for a run over a workspace, what was sent to a table that somebody else keeps: [Journal] is that of
// package dataverse.
//
// The ledger has tokens, keyed digests and the other side's own keys. What a row is known by there names somebody: it lies
// encrypted in work/, and only between a row's first sending and its answer, so that the run behind a killed one can ask
// what became of the row.
//
// The package must not know who may be sent, or what a column means.
package upsert

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"

	"uoma/connectors/blob"
	"uoma/connectors/dataverse"
	"uoma/connectors/outbox"
	"uoma/internal/fault"
)

var errKeys = fault.New("UOMA-CRM-KEYS", "a run was killed while it sent rows, and nobody knows any more which they were",
	"bring work/ back from where it went, or look in the table for rows that were made on that day")

// Journal is the book of one target.
type Journal struct {
	book   *outbox.Outbox
	work   *blob.Store
	target string
	run    string
}

var _ dataverse.Journal = (*Journal)(nil)

// NewJournal gives the book of a target for a run.
func NewJournal(book *outbox.Outbox, work *blob.Store, target, run string) *Journal {
	return &Journal{book, work, target, run}
}

// Entries gives what is known of rows that were sent.
func (j *Journal) Entries(ctx context.Context) (map[string]dataverse.Entry, error) {
	rows, err := j.book.SentRows(ctx, j.target)
	out := make(map[string]dataverse.Entry, len(rows))
	for token, r := range rows {
		out[token] = dataverse.Entry{Token: token, Digest: r.Digest, ID: r.Entity, State: dataverse.State(r.State)}
	}
	return out, err
}

// Pending gives the rows that a killed run was sending for the first time.
func (j *Journal) Pending(ctx context.Context) ([]dataverse.Intent, error) {
	tokens, err := j.book.IntendedRows(ctx, j.target)
	if err != nil || len(tokens) == 0 {
		return nil, err
	}
	keys, err := j.keys()
	if err != nil {
		return nil, err
	}
	var out []dataverse.Intent
	for _, token := range tokens {
		if keys[token] == nil {
			return nil, errKeys.At(fault.Place{Field: j.target})
		}
		out = append(out, dataverse.Intent{Token: token, Key: keys[token]})
	}
	return out, nil
}

// Intend notes rows before they are sent: their keys first, as a key without an intent says nothing.
func (j *Journal) Intend(ctx context.Context, rows []dataverse.Intent) error {
	keys, tokens := map[string][]string{}, make([]string, len(rows))
	for i, r := range rows {
		if tokens[i] = r.Token; r.Key != nil {
			keys[r.Token] = r.Key
		}
	}
	if err := j.keep(keys); err != nil {
		return err
	}
	return j.book.IntendRows(ctx, j.target, j.run, tokens)
}

// Settle notes what became of rows, and forgets their keys.
func (j *Journal) Settle(ctx context.Context, rows []dataverse.Entry) error {
	out := make([]outbox.SentRow, len(rows))
	for i, e := range rows {
		out[i] = outbox.SentRow{Token: e.Token, State: string(e.State), Digest: e.Digest, Entity: e.ID, Run: j.run}
	}
	if err := j.book.SettleRows(ctx, j.target, out); err != nil {
		return err
	}
	return j.work.Remove(j.dir())
}

func (j *Journal) dir() string  { return "upsert-" + j.target }
func (j *Journal) file() string { return j.dir() + "/keys" }

// keep writes the keys of rows that are about to be sent for the first time, in place of those before, all of which are
// settled.
func (j *Journal) keep(keys map[string][]string) error {
	if err := j.work.Remove(j.dir()); err != nil || len(keys) == 0 {
		return err
	}
	b, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	w, err := j.work.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := w.Write(b); err != nil {
		return err
	}
	_, err = w.Commit(j.file(), "")
	return err
}

func (j *Journal) keys() (map[string][]string, error) {
	f, err := j.work.Open(j.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	b, err := io.ReadAll(f.Reader())
	if err != nil {
		return nil, err
	}
	keys := map[string][]string{}
	return keys, json.Unmarshal(b, &keys)
}
