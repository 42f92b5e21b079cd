package workspace

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/fault"
)

var (
	errBookMissing = fault.New("UOMA-ERA-MISSING", "the book of erasures is missing, and people were erased",
		"bring it back from its own copy; where it is says erasures: in uoma.yaml")
	errBookOlder = fault.New("UOMA-ERA-OLDER", "the book of erasures is older than the stores, or another one",
		"bring back its latest copy: it must not be restored together with the stores")
)

// Erasures opens the book of erasures.
func (w *Workspace) Erasures() (*erasures.Book, error) {
	book, err := erasures.Open(within(w.home, w.Settings.Erasures), w.Keys.Derive("erasures"))
	if err != nil {
		return nil, err
	}
	book.Through(func(e erasures.Entry) erasures.Entry { return throughEntry(e, w.Inner) },
		func(e erasures.Entry) erasures.Entry { return throughEntry(e, w.Outer) })
	return book, nil
}

// heads say how far each store, and what the nightly has in files, has heeded the book.
type heads struct{ register, vault, files erasures.Head }

func (w *Workspace) heads(ctx context.Context) (h heads, err error) {
	if h.register.Number, h.register.Chain, err = ledger.ErasureHead(ctx, w.RegisterDB, ledger.OfRegister); err != nil {
		return h, err
	}
	if h.files.Number, h.files.Chain, err = ledger.ErasureHead(ctx, w.RegisterDB, ledger.OfFiles); err != nil {
		return h, err
	}
	h.vault.Number, h.vault.Chain, err = w.Vault.ErasureHead(ctx)
	return h, err
}

// checkErasures refuses stores without the book that they have heeded, and gives it.
func (w *Workspace) checkErasures(ctx context.Context) (book *erasures.Book, h heads, err error) {
	if book, err = w.Erasures(); err != nil {
		return nil, h, err
	}
	if h, err = w.heads(ctx); err != nil {
		return nil, h, err
	}
	switch {
	case !book.Exists() && h.register.Number+h.vault.Number > 0:
		err = errBookMissing.At(fault.Place{File: w.Settings.Erasures})
	case !book.Has(h.register) || !book.Has(h.vault) || !book.Has(h.files):
		err = errBookOlder.At(fault.Place{File: w.Settings.Erasures})
	}
	return book, h, err
}

// heedErasures repeats what the book has and a store has not: the store is from before, out of a backup. While another
// program holds the nightly's lease that is left to it, as it may be the one that erases.
func (w *Workspace) heedErasures(ctx context.Context) error {
	book, h, err := w.checkErasures(ctx)
	if err != nil {
		return err
	}
	if !book.Exists() {
		if err := w.beginBook(ctx, book); err != nil || !book.Exists() {
			return err
		}
	}
	head := book.Head()
	w.behind = h.files != head
	if w.volatile || h.register == head && h.vault == head {
		return nil
	}
	lease, err := ledger.Acquire(ctx, w.RegisterDB, "run/nightly", fmt.Sprintf("%d-erasures", os.Getpid()), time.Now())
	if errors.Is(err, ledger.ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(w.HeedErasures(ctx), ledger.Release(context.WithoutCancel(ctx), w.RegisterDB, lease))
}

// beginBook writes down what was erased before there was a book: marks alone are known of it.
func (w *Workspace) beginBook(ctx context.Context, book *erasures.Book) error {
	list, err := w.Vault.Suppressed(ctx)
	if err != nil || len(list) == 0 || w.volatile {
		return err
	}
	e := erasures.Entry{Run: "erase-before-the-book"}
	for _, s := range list {
		e.Clause = s.Clause
		e.Marks = append(e.Marks, erasures.Mark{Kind: s.Kind, Token: s.Token})
	}
	_, err = book.Append(e)
	return err
}

// HeedErasures repeats every erasure that the book has and a store has not. Files and what the resolver remembers are the
// nightly's, which knows what is in them ([Workspace.Unheeded]). The caller holds the nightly's lease.
func (w *Workspace) HeedErasures(ctx context.Context) error {
	book, h, err := w.checkErasures(ctx)
	if err != nil {
		return err
	}
	if err := w.eraseFormer(ctx, book.After(h.vault)); err != nil {
		return err
	}
	for _, e := range book.After(h.vault) {
		if err := w.EraseIdentity(ctx, e); err != nil {
			return err
		}
	}
	rest := book.After(h.register)
	if len(rest) == 0 {
		return nil
	}
	night, err := w.Register.Begin(ctx)
	if err != nil {
		return err
	}
	defer night.Rollback()
	if err := ledger.LockErasures(ctx, night.Tx()); err != nil {
		return err
	}
	for _, e := range rest {
		persons, err := formerly(ctx, night, e)
		if err != nil {
			return err
		}
		if _, err := night.Erase(ctx, e.Records); err != nil {
			return err
		}
		if err := night.ErasePersons(ctx, persons); err != nil {
			return err
		}
		for _, person := range persons {
			if err := ledger.ForgetRectifications(ctx, night.Tx(), person); err != nil {
				return err
			}
		}
		if err := w.noteErasure(ctx, night.Tx(), e); err != nil {
			return err
		}
		if err := ledger.SetErasureHead(ctx, night.Tx(), ledger.OfRegister, e.Number, e.Chain); err != nil {
			return err
		}
	}
	if err := night.Commit(); err != nil {
		return err
	}
	return w.RegisterDB.Scrub(ctx)
}

// eraseFormer erases what a vault from before holds of erased people under the subjects that they were then.
func (w *Workspace) eraseFormer(ctx context.Context, book []erasures.Entry) error {
	runs := map[string]string{} // by record
	for _, e := range book {
		for _, r := range e.Records {
			runs[r] = e.Run
		}
	}
	if len(runs) == 0 {
		return nil
	}
	theirs := map[string]string{} // subject to run
	for e, err := range w.Vault.OpenRecords(ctx, slices.Collect(maps.Keys(runs)), 0) {
		if err != nil {
			return err
		}
		theirs[e.Subject] = runs[e.Record]
	}
	for subject, run := range theirs {
		var gone []string
		whole := true
		for e, err := range w.Vault.Open(ctx, []string{subject}, 0) {
			if err != nil {
				return err
			}
			if runs[e.Record] == "" { // of somebody who was found to be another person since
				whole = false
			} else {
				gone = append(gone, e.SourceKey)
			}
		}
		if err := w.Vault.Drop(ctx, gone); err != nil {
			return err
		}
		if !whole {
			continue
		}
		if _, err := w.Vault.Erase(ctx, []string{subject}, run); err != nil {
			return err
		}
	}
	return nil
}

// formerly gives the persons that a register from before has for somebody who was erased.
func formerly(ctx context.Context, night *register.Night, e erasures.Entry) ([]string, error) {
	links, err := night.LinksOf(ctx, e.Records)
	if err != nil {
		return nil, err
	}
	persons := []string{e.Person}
	for _, l := range links {
		own, _, err := night.OwnAndShared(ctx, l.Person)
		if err != nil {
			return nil, err
		}
		others := slices.ContainsFunc(own, func(r string) bool { return !slices.Contains(e.Records, r) })
		if !others && slices.Contains(own, l.Record) && !slices.Contains(persons, l.Person) {
			persons = append(persons, l.Person)
		}
	}
	return persons, nil
}

// Unheeded gives the erasures of the book that snapshots, quarantine and the resolver's memory have not heeded.
func (w *Workspace) Unheeded(ctx context.Context) ([]erasures.Entry, error) {
	return w.unheeded(ctx, w.RegisterDB, ledger.OfFiles)
}

// Behind tells whether there were any when the workspace was opened, without reading the book once more.
func (w *Workspace) Behind() bool { return w.behind }

// unheeded gives the erasures of the book that come after a head of the register.
func (w *Workspace) unheeded(ctx context.Context, q sqlx.QueryerContext, of int) ([]erasures.Entry, error) {
	book, err := w.Erasures()
	if err != nil {
		return nil, err
	}
	var h erasures.Head
	if h.Number, h.Chain, err = ledger.ErasureHead(ctx, q, of); err != nil {
		return nil, err
	}
	if !book.Has(h) {
		return nil, errBookOlder.At(fault.Place{File: w.Settings.Erasures})
	}
	return book.After(h), nil
}

// Erasing tells whether the book has an erasure of a person, or of one of some records, that the register has not heeded yet:
// it was cut short, and is carried out whatever is said of the person now. The caller holds [ledger.LockErasures].
func (w *Workspace) Erasing(ctx context.Context, tx *sqlx.Tx, person string, records []string) (bool, error) {
	rest, err := w.unheeded(ctx, tx, ledger.OfRegister)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(rest, func(e erasures.Entry) bool {
		return e.Person == person || slices.ContainsFunc(e.Records, func(r string) bool { return slices.Contains(records, r) })
	}), nil
}

// noteErasure writes into the audit log that an erasure of the book was carried out, where it does not say so yet: of one
// that was killed before its commit, or that a restored backup did not know.
func (w *Workspace) noteErasure(ctx context.Context, tx *sqlx.Tx, e erasures.Entry) error {
	if e.Person == "" {
		return nil
	}
	known, err := w.Audit.Lines(ctx, tx, ledger.AuditFilter{Verb: string(ledger.SubjectErased), Subject: e.Person, Run: e.Run, Limit: 1})
	if err != nil || len(known) > 0 {
		return err
	}
	return w.Audit.Append(ctx, tx, ledger.Entry{At: time.Now().UnixMicro(), Actor: "uoma (book of erasures)", Verb: ledger.SubjectErased,
		Subject: e.Person, Reason: e.Clause, Run: e.Run})
}

// EraseIdentity carries an entry of the book out in the vault: marks first, then what was said, then the key.
func (w *Workspace) EraseIdentity(ctx context.Context, e erasures.Entry) error {
	marks := make([]vault.Suppression, len(e.Marks))
	tokens := make([]string, len(e.Marks))
	for i, m := range e.Marks {
		marks[i] = vault.Suppression{Token: m.Token, Kind: m.Kind, Since: e.Run, Clause: e.Clause}
		tokens[i] = m.Token
	}
	if err := w.Vault.Suppress(ctx, marks); err != nil {
		return err
	}
	if err := w.Vault.DropWords(ctx, tokens); err != nil {
		return err
	}
	if e.Subject != "" {
		if _, err := w.Vault.Erase(ctx, []string{e.Subject}, e.Run); err != nil {
			return err
		}
	}
	return w.Vault.SetErasureHead(ctx, e.Number, e.Chain)
}

var errBookBeside = fault.New("UOMA-CHK-ERASURES", "people were erased, and the book of erasures lies among what is backed up with the stores",
	"name a file outside of the workspace with erasures: in uoma.yaml and move the book there, or leave it out of the backup and copy it on its own")

// erasures proves that the book of erasures and the stores go together.
func (c *checker) erasures(ctx context.Context) {
	if c.register == nil || c.vault == nil || c.w.Keys == nil {
		return
	}
	c.w.RegisterDB, c.w.Vault = c.register, vault.New(c.vault, c.w.Keys, rand.Reader, keyEpoch)
	book, _, err := c.w.checkErasures(ctx)
	c.add(Error, err)
	if err == nil && book.Exists() && filepath.IsLocal(c.w.Settings.Erasures) {
		c.add(Note, errBookBeside.At(fault.Place{File: c.w.Settings.Erasures}))
	}
}
