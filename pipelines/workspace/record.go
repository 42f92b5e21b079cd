package workspace

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/record"
)

// RecordInput gathers what the record of processing of a pack is made of, as it is on a date: the pack in force, the
// layouts of the pack's controller, and the settings of the workspace in dir. It needs neither keys nor stores. id "" is
// the pack of the settings.
func RecordInput(dir, id string, date canon.Date) (in record.Input, err error) {
	s, _, err := readSettings(dir)
	if err != nil {
		return in, err
	}
	if id != "" {
		s.Policy = id
	}
	w := &Workspace{Dir: dir, home: dir, Settings: s}
	if in.Pack, err = w.Policy(date); err != nil {
		return in, err
	}
	all, err := w.Layouts()
	if err != nil {
		return in, err
	}
	in.Layouts = slices.DeleteFunc(all, func(l *layout.Layout) bool { return !ours(in.Pack, l) })
	in.Date = date
	in.Setup = record.Setup{Sender: s.Sender.ID, Register: kindOf(s.Stores.Register), Vault: kindOf(s.Stores.Vault), Inboxes: map[string]string{}}
	for system, inbox := range s.Inboxes {
		u, err := url.Parse(inbox.URL)
		if err != nil {
			return in, inboxFault("inboxes."+system+".url", errors.New("it is no URL"))
		}
		in.Setup.Inboxes[system] = "fetched by " + strings.ToUpper(u.Scheme)
	}
	return in, nil
}

// ours tells whether a layout's system belongs to the controller of a pack.
func ours(p *policy.Pack, l *layout.Layout) bool {
	return slices.Contains(p.Controller.Institutions, l.Controller)
}

// kindOf names a store by its kind alone: an address is a secret.
func kindOf(store string) string {
	if strings.HasPrefix(store, "sqlite:") {
		return "SQLite, a file of the workspace"
	}
	return "a database server (MariaDB or MySQL)"
}
