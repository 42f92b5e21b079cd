package workspace

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"uoma/connectors/carrier"
	"uoma/connectors/folder"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/connectors/remote"
	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/layout"
	"uoma/transforms/target"
)

func isFolder(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

var (
	errInbox        = fault.New("UOMA-CHK-INBOX", "the inbox cannot be read", "make the folder that inbox: in uoma.yaml names, readable by the run user")
	errInboxSystem  = fault.New("UOMA-CHK-INBOX-SYSTEM", "the inbox has no folder of the system", "make it and let the system's export be put there, or take the system out of systems: in uoma.yaml")
	errInboxNone    = fault.New("UOMA-CHK-INBOX-NONE", "no export of the feed is in the inbox", "ask the owner of the system; the layout says how the file is named")
	errInboxLast    = fault.New("UOMA-CHK-INBOX-LAST", "last export found", "nothing to do")
	errInboxStrange = fault.New("UOMA-CHK-INBOX-STRANGE", "the settings name an inbox of a system that is not read", "take it out of inboxes: in uoma.yaml, or name the system under systems:")
	errInboxUnasked = fault.New("UOMA-CHK-INBOX-UNASKED", "the system's inbox is reached over a network and was not asked", "uoma check --connect asks it")
	errInboxRows    = fault.New("UOMA-CHK-INBOX-ROWS", "the source would give the feed's rows", "nothing to do")
	errInboxFolder  = fault.New("UOMA-CHK-INBOX-FOLDER", "the server has no folder of the name in the system's URL", "compare the URL in uoma.yaml with the server's owner")
	errInboxName    = fault.New("UOMA-CHK-INBOX-NAME", "files in the inbox are of no feed of their system and are never read", "compare their names with the layout: uoma layout show SYSTEM")
	errInboxSidecar = fault.New("UOMA-CHK-INBOX-SIDECAR", "the last export of the feed has no side-car and will not be read", "lay the side-car that the layout asks for beside it")
)

// inbox tells what of each feed has come, and what is there that nobody reads.
func (c *checker) inbox(ctx context.Context) {
	c.strangeInboxes()
	in, err := folder.Open(ctx, c.w.InboxPath())
	if err != nil {
		c.add(Error, errInbox.At(fault.Place{File: c.w.Settings.Inbox}).Because(errors.Unwrap(errors.Unwrap(err))))
		return
	}
	defer in.Close()
	for _, l := range c.layouts {
		if c.w.Settings.Inboxes[l.System] != nil {
			c.ownInbox(ctx, l)
			continue
		}
		if c.withoutFiles(l) {
			continue
		}
		entries, refused, err := in.List(l.System)
		if errors.Is(err, fs.ErrNotExist) {
			c.add(Warning, errInboxSystem.At(fault.Place{Field: l.System}))
			continue
		}
		c.add(Error, err)
		if len(refused) > 0 {
			c.add(Warning, refused)
		}
		c.system(l, entries)
	}
}

// strangeInboxes finds inboxes of systems that are not read.
func (c *checker) strangeInboxes() {
	if len(c.layouts) == 0 {
		return // they are broken, which was told
	}
	for _, system := range slices.Sorted(maps.Keys(c.w.Settings.Inboxes)) {
		if !slices.ContainsFunc(c.layouts, func(l *layout.Layout) bool { return l.System == system }) {
			c.add(Error, errInboxStrange.At(document.Locate(FileName, c.w.Source, "inboxes", system)))
		}
	}
}

// checkAttempts is how often a source is asked before the check says that it does not answer: a person waits for it.
const checkAttempts = 2

// ownInbox looks at the inbox of a system that has one of its own, over the network only when that is allowed.
func (c *checker) ownInbox(ctx context.Context, l *layout.Layout) {
	o, err := c.w.source(ctx, l.System, remote.Retry{Attempts: checkAttempts})
	if err != nil {
		c.add(Error, err)
		return
	}
	if o.rows != nil {
		c.rows(ctx, o.rows, l)
		return
	}
	t := o.transport
	defer t.Close() // only read from
	if c.withoutFiles(l) {
		return
	}
	if !c.o.Connect {
		c.add(Note, errInboxUnasked.At(fault.Place{Field: l.System}))
		return
	}
	entries, refused, err := t.List(".")
	if errors.Is(err, errors.ErrUnsupported) {
		entries, err = c.ofTonight(t, l)
	}
	if err != nil {
		var own *fault.Error
		if errors.As(err, &own) {
			err = own.At(fault.Place{Field: l.System})
		} else if errors.Is(err, fs.ErrNotExist) {
			err = errInboxFolder.At(fault.Place{Field: l.System})
		}
		c.add(Error, err)
		return
	}
	if len(refused) > 0 {
		c.add(Warning, refused)
	}
	c.system(l, entries)
}

// withoutFiles finds feeds that lie in no file, of a system whose inbox is one of files.
func (c *checker) withoutFiles(l *layout.Layout) (found bool) {
	for i := range l.Feeds {
		if f := &l.Feeds[i]; !f.InFile() {
			c.add(Error, errNoRows.At(fault.Place{Field: f.FullName()}))
			found = true
		}
	}
	return found
}

// rows asks a source without files for each feed.
func (c *checker) rows(ctx context.Context, r rows, l *layout.Layout) {
	defer r.Close() // only read from
	if !c.o.Connect {
		c.add(Note, errInboxUnasked.At(fault.Place{Field: l.System}))
		return
	}
	for i := range l.Feeds {
		f := &l.Feeds[i]
		err := r.Ask(ctx, f)
		if own := (*fault.Error)(nil); errors.As(err, &own) && own.Place == (fault.Place{}) {
			err = own.At(fault.Place{Field: f.FullName()})
		}
		if err == nil {
			c.add(Note, errInboxRows.At(fault.Place{Field: f.FullName()}))
		}
		c.add(Error, err)
	}
}

// ofTonight asks for the files of today, of a source that cannot be listed.
func (c *checker) ofTonight(t transport, l *layout.Layout) (entries []fs.DirEntry, err error) {
	today := canon.DateOf(c.o.Now.In(c.w.Settings.Location))
	for i := range l.Feeds {
		info, err := t.Stat(l.Feeds[i].FileName(today))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, fs.FileInfoToDirEntry(info))
		beside := l.Feeds[i].SidecarName(l.Feeds[i].FileName(today))
		if beside == "" {
			continue
		}
		switch info, err := t.Stat(beside); {
		case err == nil:
			entries = append(entries, fs.FileInfoToDirEntry(info))
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return entries, nil
}

// answersOf gives how a system answers the orders that targets give it: in files beside its exports.
func (c *checker) answersOf(system string) (out []*target.Orders) {
	files, err := TargetFiles(c.dir)
	if err != nil {
		return nil // a document is broken, which was told
	}
	for _, f := range files {
		if f.Target.System == system && f.Target.Orders != nil {
			out = append(out, f.Target.Orders)
		}
	}
	return out
}

func (c *checker) system(l *layout.Layout, entries []fs.DirEntry) {
	last, strangers := map[string]canon.Date{}, 0
	answers := c.answersOf(l.System)
	for _, e := range entries {
		known := e.IsDir() || l.MatchHolders(e.Name()) || slices.ContainsFunc(answers, func(o *target.Orders) bool { return o.Match(e.Name()) })
		for i := range l.Feeds {
			f := &l.Feeds[i]
			known = known || f.IsSidecar(e.Name())
			if day, ok := f.Match(e.Name()); ok {
				known = true
				if before, seen := last[f.Name]; !seen || day > before {
					last[f.Name] = day
				}
			}
		}
		if !known {
			strangers++
		}
	}
	if strangers > 0 { // their names are whatever somebody called them, a person's perhaps
		c.add(Warning, errInboxName.At(fault.Place{Field: l.System}).Because(fmt.Errorf("%d", strangers)))
	}
	for i := range l.Feeds {
		f := &l.Feeds[i]
		if day, ok := last[f.Name]; ok {
			beside := f.SidecarName(f.FileName(day))
			if beside != "" && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == beside }) {
				c.add(Warning, errInboxSidecar.At(fault.Place{Field: f.FullName()}))
			}
			c.add(Note, errInboxLast.At(fault.Place{Field: f.FullName()}).Because(errors.New(day.String())))
		} else {
			c.add(Warning, errInboxNone.At(fault.Place{Field: f.FullName()}))
		}
	}
}

var errLeftover = fault.New("UOMA-CHK-PARTIAL", "a killed program left files that it had not finished", "the next run removes them; remove by hand what it leaves in keys/, which may be a key under a second name, and every *.partial after a backup was restored")

// leftovers looks for half-written files. While a run is at work they are its own.
func (c *checker) leftovers(context.Context) {
	if c.busy {
		return
	}
	for _, dir := range []string{SnapshotDir, StateDir, QuarantineDir, WorkDir, OutboxDir, KeysDir} {
		entries, err := os.ReadDir(c.w.Path(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.add(Error, err)
		}
		n := 0
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), parcel.PartialSuffix) {
				n++
			}
		}
		if n > 0 {
			c.add(Warning, errLeftover.At(fault.Place{File: dir}).Because(fmt.Errorf("%d", n)))
		}
	}
}

var (
	errOpenDelivery = fault.New("UOMA-CHK-DELIVERY", "a delivery is not finished", "run its pipeline again for the same date: it goes on where it stopped")
	errLateDelivery = fault.New("UOMA-CHK-DELIVERY-LATE", "a delivery is not finished and its time has passed", "uoma delivery show ID; decide with the recipient what becomes of it")
	errRefused      = fault.New("UOMA-CHK-DELIVERY-REJECTED", "the recipient rejected a delivery and no other has taken its place", "uoma delivery show ID; correct the extract and deliver again")
	errSealedGone   = fault.New("UOMA-CHK-DELIVERY-FILE", "a file of an unfinished delivery is not in the outbox", "restore the folder outbox from the backup")
)

// deliveries looks for deliveries that are on their way.
func (c *checker) deliveries(ctx context.Context) {
	if c.register == nil {
		return
	}
	box, err := outbox.Open(ctx, c.register) // its tables are of this release, or it fails as nothing may be written
	if err != nil {
		c.add(Warning, errStoreOld.At(fault.Place{Field: "deliveries"}))
		return
	}
	all, err := box.All(ctx)
	c.add(Error, err)
	superseded := map[string]bool{}
	for i := range all {
		superseded[all[i].Supersedes] = true
	}
	for i := range all {
		c.delivery(&all[i], superseded[all[i].ID])
	}
}

func (c *checker) delivery(d *outbox.Delivery, superseded bool) {
	place := fault.Place{Field: d.ID}
	switch {
	case d.Done() || d.State == outbox.Rejected && superseded:
		return
	case d.State == outbox.Rejected:
		c.add(Error, errRefused.At(place))
		return
	case !d.NotAfter.IsZero() && d.NotAfter.Before(c.o.Now):
		c.add(Error, errLateDelivery.At(place).Because(errors.New(string(d.State))))
	default:
		c.add(Warning, errOpenDelivery.At(place).Because(errors.New(string(d.State))))
	}
	if def := c.pipelines[d.Pipeline]; d.State == outbox.Prepared || def != nil && def.Target != "" {
		return // nothing is sealed yet, or it lies where the target goes
	}
	for _, suffix := range []string{".age", ".manifest.json", ".manifest.json.sig"} {
		if _, err := os.Stat(c.w.Path(OutboxDir, d.ID+suffix)); err != nil {
			c.add(Error, errSealedGone.At(fault.Place{File: path.Join(OutboxDir, d.ID+suffix)}))
		}
	}
}

var errUnpinnedYet = fault.New("UOMA-CHK-RECIPIENT", "the recipient of a pipeline is not pinned yet, so that it cannot deliver", "put recipients/ID.yaml there, approved by two people")

// recipients reads the pinned recipients and, when there are any, our own certificate.
func (c *checker) recipients(ctx context.Context) {
	entries, err := os.ReadDir(c.w.Path(RecipientDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.add(Error, err)
	}
	var pinned []*parcel.Recipient
	known := map[string]bool{}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".yaml")
		if !ok {
			continue
		}
		known[id] = true
		r, warnings, err := parcel.LoadRecipient(c.w.Path(RecipientDir), id, c.o.Now)
		c.add(Error, err)
		if len(warnings) > 0 {
			c.add(Warning, warnings)
		}
		if err == nil {
			pinned = append(pinned, r)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.pipelines)) {
		if s := c.pipelines[name].Survey; s != nil && !known[s.Recipient] {
			c.add(Note, errUnpinnedYet.At(fault.Place{Field: name + " " + s.Recipient}))
		}
	}
	if len(known) == 0 {
		return
	}
	if own, ok := c.certificate(); ok && c.o.Connect {
		for _, r := range pinned {
			c.add(Error, dial(ctx, r, own))
		}
	}
}

// certificateWarns is how long before our certificate ends a person is told.
const certificateWarns = 30 * 24 * time.Hour

var (
	errCertificate = fault.New("UOMA-CHK-CERTIFICATE", "the client certificate or its key cannot be used", "put both where sender: in uoma.yaml says; the recipient signs the certificate")
	errCertEnded   = fault.New("UOMA-CHK-CERTIFICATE-ENDED", "the client certificate is not valid now", "ask the recipient to sign a new one")
	errCertEnds    = fault.New("UOMA-CHK-CERTIFICATE-ENDS", "the client certificate ends within 30 days", "ask the recipient to sign a new one")
	errCertSender  = fault.New("UOMA-CHK-CERTIFICATE-SENDER", "the client certificate is of another sender than the settings", "compare sender: id: in uoma.yaml with the certificate's URI urn:uoma:sender:ID")
)

// certificate loads our certificate; ok is false when it cannot be used.
func (c *checker) certificate() (own tls.Certificate, ok bool) {
	s := c.w.Settings.Sender
	place := fault.Place{File: s.Certificate}
	own, err := tls.LoadX509KeyPair(within(c.dir, s.Certificate), within(c.dir, s.Key))
	if err != nil {
		c.add(Error, errCertificate.At(place).Wrap(err))
		return own, false
	}
	leaf, err := x509.ParseCertificate(own.Certificate[0])
	switch {
	case err != nil:
		c.add(Error, errCertificate.At(place).Wrap(err))
		return own, false
	case c.o.Now.Before(leaf.NotBefore) || c.o.Now.After(leaf.NotAfter):
		c.add(Error, errCertEnded.At(place))
		ok = false
	default:
		ok = true
		if c.o.Now.Add(certificateWarns).After(leaf.NotAfter) {
			c.add(Warning, errCertEnds.At(place))
		}
	}
	for _, u := range leaf.URIs {
		if u.String() == carrier.SenderPrefix+s.ID {
			return own, ok
		}
	}
	c.add(Error, errCertSender.At(place))
	return own, ok
}

var errVersion = fault.New("UOMA-CHK-ENDPOINT", "the endpoint does not speak our version of the protocol", "ask the recipient which versions it takes; a newer release of Uoma may be needed")

// dial asks an endpoint what it takes.
func dial(ctx context.Context, r *parcel.Recipient, own tls.Certificate) error {
	ca, err := os.ReadFile(filepath.Clean(r.CA))
	if err != nil {
		return err
	}
	line, err := carrier.NewHTTPS(carrier.Settings{URL: r.URL, CA: ca, Pins: r.SPKIPins, Certificate: own})
	if err != nil {
		return err
	}
	defer line.Close()
	can, err := line.Capabilities(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(can.Versions, parcel.Version) {
		return errVersion.At(fault.Place{Field: r.ID})
	}
	return nil
}

// Space in bytes below which a run is at risk, and below which it will fail.
const (
	spaceWarns = 4 << 30
	spaceFails = 256 << 20
)

var (
	errSpace     = fault.New("UOMA-CHK-SPACE", "too little space is left for a run", "free space on the file system of the workspace")
	errSpaceSoon = fault.New("UOMA-CHK-SPACE-SOON", "little space is left", "a night needs about twice the size of its exports, and the stores as much again when they are migrated")
)

// space looks at the file system of the workspace.
func (c *checker) space(context.Context) {
	if c.o.Free == nil {
		return
	}
	free, err := c.o.Free(c.dir)
	switch {
	case err != nil:
		c.add(Error, errUnchecked.Because(err))
	case free < spaceFails:
		c.add(Error, errSpace.Because(fmt.Errorf("%d MiB", free>>20)))
	case free < spaceWarns:
		c.add(Warning, errSpaceSoon.Because(fmt.Errorf("%d MiB", free>>20)))
	}
}
