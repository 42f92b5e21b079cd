package workspace

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/policy"
)

var (
	errNotOwed = fault.New("UOMA-POL-NOTOWED", "nobody has to be told of that version any more", "uoma policy changes lists what is still to be announced")
	errBy      = fault.New("UOMA-POL-CHANNEL", "the notice names another channel", "uoma policy changes lists the channels, one of which is enough")
)

// NoteNotice remembers the version of the notice that a night used. Of one that takes another's place, each audience of the
// pack's changes is to be told.
func (w *Workspace) NoteNotice(ctx context.Context, pack *policy.Pack, day canon.Date, run string) error {
	known, err := ledger.Announcements(ctx, w.RegisterDB)
	if err != nil {
		return err
	}
	ours := slices.DeleteFunc(known, func(a ledger.Announcement) bool { return a.Pack != pack.ID })
	if slices.ContainsFunc(ours, func(a ledger.Announcement) bool { return a.Digest == pack.Digest() }) {
		return nil
	}
	line := ledger.Announcement{Pack: pack.ID, Digest: pack.Digest(), Version: pack.Version, Since: day.String(), Run: run}
	lines := []ledger.Announcement{line}
	if len(ours) > 0 && len(pack.Changes) > 0 {
		lines = nil
		for _, c := range pack.Changes {
			line.Audience, line.Channels = c.Audience, strings.Join(c.Channels, ",")
			lines = append(lines, line)
		}
	}
	return w.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		for _, l := range lines {
			if err := ledger.AddAnnouncement(ctx, tx, l); err != nil {
				return err
			}
		}
		return nil
	})
}

// Owed lists who is still to be told of new versions of notices.
func (w *Workspace) Owed(ctx context.Context) ([]ledger.Announcement, error) {
	all, err := ledger.Announcements(ctx, w.RegisterDB)
	return slices.DeleteFunc(all, func(a ledger.Announcement) bool { return !a.Owed() }), err
}

// Announce records that an audience was told of a version by a channel of the pack.
func (w *Workspace) Announce(ctx context.Context, version, audience, channel, by string, at time.Time) (told []ledger.Announcement, err error) {
	owed, err := w.Owed(ctx)
	if err != nil {
		return nil, err
	}
	told = slices.DeleteFunc(owed, func(a ledger.Announcement) bool {
		return a.Version != version || audience != "" && a.Audience != audience
	})
	if len(told) == 0 {
		return nil, errNotOwed
	}
	return told, w.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		for i := range told {
			a := &told[i]
			if !slices.Contains(strings.Split(a.Channels, ","), channel) {
				return errBy.At(fault.Place{Field: a.Audience})
			}
			a.Channel, a.AnnouncedAt, a.AnnouncedBy = channel, at.UnixMicro(), by
			if err := ledger.Announce(ctx, tx, a); err != nil {
				return err
			}
			entry := ledger.Entry{At: a.AnnouncedAt, Actor: by, Verb: ledger.NoticeAnnounced, Reason: a.Pack + "/" + a.Version + ":" + a.Audience + ":" + channel}
			if err := w.Audit.Append(ctx, tx, entry); err != nil {
				return err
			}
		}
		return nil
	})
}
