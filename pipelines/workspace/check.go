package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"uoma/connectors/blob"
	"uoma/connectors/database"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

// Severity says what a finding means for the next run.
type Severity string

const (
	Error   Severity = "error"   // the next run, or a recovery, will fail or would be unsafe
	Warning Severity = "warning" // something is missing or half done; runs go on
	Note    Severity = "note"    // worth knowing
)

// Finding is one thing that [Check] found. It holds no personal value.
type Finding struct {
	Severity Severity    `json:"severity"`
	Code     string      `json:"code"`
	Place    fault.Place `json:"place,omitzero"`
	Message  string      `json:"message"`
	Hint     string      `json:"hint,omitempty"`
}

// CheckOptions are what a check needs from outside.
type CheckOptions struct {
	Now     time.Time
	Connect bool // also dial the recipients' endpoints, the database servers, the sources and the targets
	// Free gives the bytes that are free on the file system of a path; nil skips the check of disk space.
	Free func(path string) (uint64, error)
}

// Check finds every fault of the workspace in dir at once and changes nothing: it makes no file, migrates no store and
// takes no lease, so that it may run beside a run. Its findings stand in the order of the checks: settings, permissions,
// network, keys, documents, operators, inbox, stores, audit log, book of erasures, deliveries, recipients, targets, space.
func Check(ctx context.Context, dir string, o CheckOptions) ([]Finding, error) {
	c := &checker{dir: dir, o: o}
	defer c.close()
	settings, src, err := readSettings(dir)
	if err != nil {
		c.add(Error, err)
		if fault.Code(err) == errAbsent.Code {
			return c.found, nil
		}
	} else {
		c.w = &Workspace{Dir: dir, Settings: settings, Source: src, home: dir}
	}
	checks := []func(context.Context){c.permissions}
	if c.w != nil { // without settings nobody knows where the rest is
		checks = append(checks, c.network, c.keys, c.documents, c.operators, c.inbox, c.openStores, c.tokens, c.grants, c.runs, c.unread, c.audit, c.erasures, c.files, c.leftovers, c.people, c.deliveries,
			c.recipients, c.targets, c.space)
	}
	for _, check := range checks {
		if err := ctx.Err(); err != nil {
			return c.found, err
		}
		check(ctx)
	}
	return c.found, nil
}

// checker gathers findings. Each check uses what the ones before it could open, and skips what they could not.
type checker struct {
	dir   string
	o     CheckOptions
	w     *Workspace // nil when the settings are broken
	found []Finding

	layouts   []*layout.Layout
	pipelines map[string]*pipelines.Definition
	register  *database.DB // nil when there is none yet, or it cannot be read
	vault     *database.DB
	busy      bool // a run holds its lease now
	left      bool // a run was killed and not finished
	closers   []func() error
}

func (c *checker) close() {
	for _, f := range slices.Backward(c.closers) {
		_ = f() // nothing was written
	}
}

var errUnchecked = fault.New("UOMA-CHK-FAILED", "a part of the workspace cannot be checked", "correct the other findings first, then check again")

// add notes an error, or each of several that came together.
func (c *checker) add(s Severity, err error) {
	for _, e := range faults(err) {
		p := e.Place
		if rel, relErr := filepath.Rel(c.dir, p.File); p.File != "" && relErr == nil && filepath.IsLocal(rel) {
			p.File = rel
		}
		c.found = append(c.found, Finding{Severity: s, Code: e.Code, Place: p, Message: e.Message, Hint: e.Hint})
	}
}

// Findings makes findings of severity error of an error that holds one fault or several.
func Findings(err error) []Finding {
	var c checker
	c.add(Error, err)
	return c.found
}

// faults gives the faults in an error. The text of anything else may hold values and is not shown.
func faults(err error) []*fault.Error {
	var list fault.List
	var one *fault.Error
	var path *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &list):
		return list
	case errors.As(err, &one):
		return []*fault.Error{one}
	case errors.As(err, &path):
		return []*fault.Error{errUnchecked.At(fault.Place{File: path.Path}).Because(path.Err)}
	}
	return []*fault.Error{errUnchecked.Wrap(err)}
}

// keys loads the key material, and opens the file stores that exist.
func (c *checker) keys(ctx context.Context) {
	if c.w.Settings.asksOutside() && !c.o.Connect {
		c.add(Note, errKeyService)
	} else {
		c.add(Error, c.w.openKeys(ctx, c.dir))
	}
	c.rotation()
	if signing, err := keyPath(c.dir, c.w.Settings.Keys.Signing); err != nil {
		c.add(Error, err)
	} else if _, err := parcel.LoadSigner(signing); err != nil {
		c.add(Error, err)
	}
	if c.w.Keys == nil {
		return
	}
	for _, f := range []struct {
		dir   string
		store **blob.Store
	}{{SnapshotDir, &c.w.Snapshots}, {StateDir, &c.w.State}, {QuarantineDir, &c.w.Quarantine}} {
		if !isFolder(c.w.Path(f.dir)) {
			continue // the first run makes it
		}
		s, err := blob.Open(c.w.Path(f.dir), c.w.Keys.Storage(), c.w.Keys.Derive("file-name"))
		c.add(Error, err)
		if err == nil {
			*f.store = s
			c.closers = append(c.closers, s.Close)
		}
	}
}

var (
	errKeyService = fault.New("UOMA-CHK-KEY-SERVICE", "the master key lies with a service that was not asked, so that files and stores were not opened", "uoma check --connect asks it")
	errKeyPending = fault.New("UOMA-CHK-KEY-PENDING", "a rotation of the master key was begun and not finished", "uoma key rotate master goes on where it stopped")
	errKeyMove    = fault.New("UOMA-CHK-KEY-MOVE", "the master key was rotated, and the settings still name the old one", "let keys.master in uoma.yaml name what keys.next names, remove keys.next, and destroy the old key when no backup needs it")
)

// rotation tells how far a rotation of the master key has come.
func (c *checker) rotation() {
	if c.w.Keys == nil {
		return
	}
	used := 0
	masters := c.w.Keys.Masters()
	for _, m := range masters {
		if !m.Retired {
			used++
		}
	}
	switch {
	case used > 1:
		c.add(Warning, errKeyPending)
	case c.w.Settings.Keys.Next != nil && !c.w.Keys.Awaits():
		c.add(Warning, errKeyMove)
	}
}

// documents parses every document of the workspace, and asks whether the settings find what they name.
func (c *checker) documents(context.Context) {
	broken := len(c.found)
	c.each(LayoutDir, func(file string, src []byte) error {
		_, err := layout.ParseWith(file, src, Beside(filepath.Join(c.dir, LayoutDir)))
		return err
	})
	var doubts fault.List
	c.each(PolicyDir, func(file string, src []byte) error {
		p, err := policy.Parse(file, src)
		if err == nil {
			doubts = append(doubts, p.Doubts(file, src)...)
		}
		return err
	})
	c.each(TargetDir, func(file string, src []byte) error { _, err := target.Parse(file, src); return err })
	c.each(PipelineDir, func(file string, src []byte) error { _, err := pipelines.Parse(file, src); return err })
	if len(c.found) > broken {
		return // what follows would only say the first of them again
	}
	c.add(Warning, doubts.Err())
	var err error
	c.layouts, err = c.w.Layouts()
	c.add(Error, err)
	c.pipelines, err = c.w.Pipelines()
	c.add(Error, err)
	today := canon.DateOf(c.o.Now.In(c.w.Settings.Location))
	pack, err := c.w.Policy(today)
	c.add(Error, err)
	if fault.Code(err) != errSigners.Code {
		c.add(Warning, c.w.unsigned(today))
	}
	if pack != nil {
		c.attributions(pack.Loader(today))
		c.contacts(pack.Loader(today))
		c.events(pack)
		c.duties(pack, pack.Loader(today))
		c.words(pack, pack.Loader(today))
	}
}

var errUnattributed = fault.New("UOMA-CHK-UNATTRIBUTED", "the policy takes a table of the feed only with an attribution that the layout fills nowhere: of that table nothing will be stored",
	"add a column that fills what is named there, or, where it is the same for all rows, set it under rows: attribution")

// attributions finds tables of which nothing can come in: the pack needs an attribution that their feed's layout does not fill. What
// several tables of a feed lack is said once.
func (c *checker) attributions(loader *policy.Loader) {
	for f := range c.feeds() {
		filled := map[string]bool{}
		for _, says := range f.Attributions() {
			for column := range says {
				filled[column] = true
			}
		}
		told := map[string]bool{"": true}
		for _, fill := range f.Fillings() {
			lacks := loader.Table(f.FullName(), fill.Table.Name).Lacks(func(column string) bool { return filled[column] })
			if !told[lacks] {
				told[lacks] = true
				c.add(Warning, errUnattributed.At(fault.Place{File: f.FullName(), Field: canon.Attribution + "." + lacks}))
			}
		}
	}
}

// feeds gives every feed of the layouts.
func (c *checker) feeds() iter.Seq[*layout.Feed] {
	return func(yield func(*layout.Feed) bool) {
		for _, l := range c.layouts {
			for i := range l.Feeds {
				if !yield(&l.Feeds[i]) {
					return
				}
			}
		}
	}
}

var errUnended = fault.New("UOMA-CHK-UNENDED", "the policy lets contact data of the feed in and neither its persons nor its attributions: contact data stands in the vault alone, and nothing would ever say that it is due",
	"let the policy take rows of person or attribution of the feed, or none of its contact data")

// contacts finds feeds whose contact data comes in without a row that could tell its end.
func (c *checker) contacts(loader *policy.Loader) {
	for f := range c.feeds() {
		contact, beside := false, false
		for _, fill := range f.Fillings() {
			switch t := fill.Table; {
			case !loader.Table(f.FullName(), t.Name).Allow:
			case t.Identity():
				contact = true
			case t.Name == "person" || t.Name == canon.Attribution:
				beside = true
			}
		}
		if contact && !beside {
			c.add(Error, errUnended.At(fault.Place{File: f.FullName()}))
		}
	}
}

var errUntold = fault.New("UOMA-CHK-UNTOLD", "the policy ends a category with people's duties, and no system that is read tells who has one: nothing of it will end so",
	"read one of the systems that the policy names under told_by (systems in uoma.yaml)")

// duties finds categories that come in and end with a duty, of which nobody tells.
func (c *checker) duties(pack *policy.Pack, loader *policy.Loader) {
	comes, told := map[string]bool{}, false
	for f := range c.feeds() {
		for _, fill := range f.Fillings() {
			d := loader.Table(f.FullName(), fill.Table.Name)
			comes[d.Category] = comes[d.Category] || d.Allow
			told = told || d.Allow && fill.Table.Name == "role" && pack.TellsOfDuties(f.FullName())
		}
	}
	for _, category := range pack.WaitingFor(policy.DutyEnd) {
		if comes[category] && !told {
			c.add(Warning, errUntold.At(fault.Place{Field: category}))
		}
	}
}

func (c *checker) each(folder string, parse func(file string, src []byte) error) {
	c.add(Error, c.w.documents(folder, func(file string, src []byte) error {
		c.add(Error, parse(file, src))
		return nil
	}))
}

var (
	errOpenToWrite = fault.New("UOMA-CHK-WRITABLE", "others than the owner may write here", "chmod go-w the place: whoever can change it can redirect people's data")
	errOpenToRead  = fault.New("UOMA-CHK-READABLE", "others than the owner may read what holds personal data", "chmod 600 files and 700 folders here")
	errOpenKey     = fault.New("UOMA-CHK-KEY-READABLE", "others than the owner may read key material", "chmod 600 the file and 700 its folder; if somebody may have read it, rotate the key")
)

// openness is how open a part of the workspace may stand: permission bits that nobody but the owner may have.
type openness struct {
	write, read fs.FileMode
	fault       *fault.Error // of a part that is open to readers
	severity    Severity
}

// accessOf gives the rule of a place by its first folder, inbox being the first of the inbox. The inbox is written by whoever carries exports, often a
// group; settings and documents hold no secret; reports hold no personal data.
func accessOf(top, inbox string) openness {
	switch top {
	case KeysDir:
		return openness{0o022, 0o055, errOpenKey, Error}
	case SnapshotDir, StateDir, QuarantineDir, WorkDir, OutboxDir, ReceiptDir:
		return openness{0o022, 0o055, errOpenToRead, Warning}
	case inbox:
		return openness{0o002, 0o005, errOpenToRead, Warning}
	}
	if strings.Contains(top, ".db") {
		return openness{0o022, 0o055, errOpenToRead, Error} // the store refuses to open
	}
	return openness{write: 0o022}
}

// permissions walks the workspace. Of each part it names the first place that is too open, and counts the others.
func (c *checker) permissions(context.Context) {
	inbox := "inbox"
	if c.w != nil {
		inbox, _, _ = strings.Cut(filepath.ToSlash(c.w.Settings.Inbox), "/")
	}
	type key struct{ top, code string }
	first := map[key]int{} // finding by part
	more := map[key]int{}
	note := func(top string, s Severity, e *fault.Error) {
		k := key{top, e.Code}
		if _, known := first[k]; known {
			more[k]++
			return
		}
		c.add(s, e)
		first[k] = len(c.found) - 1
	}
	c.add(Error, filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			c.add(Error, err)
			return nil
		}
		info, err := d.Info()
		if err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return nil // gone since, or a link: what it leads to is not part of the workspace
		}
		rel, err := filepath.Rel(c.dir, path)
		if err != nil {
			return err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		rule, mode, place := accessOf(top, inbox), info.Mode().Perm(), fault.Place{File: rel}
		if ext := filepath.Ext(rel); ext == ".crt" || ext == ".pub" {
			rule.read = 0 // public by its nature
		}
		if mode&rule.write != 0 {
			note(top, Error, errOpenToWrite.At(place))
		}
		if mode&rule.read != 0 {
			note(top, rule.severity, rule.fault.At(place))
		}
		return nil
	}))
	for k, n := range more {
		c.found[first[k]].Message += fmt.Sprintf(" (and %d more in %s)", n, k.top)
	}
}
