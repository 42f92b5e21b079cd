package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Announcement says who is to be told that another version of a notice took effect, and whether they were. The version
// that a workspace began with has a line without an audience: nobody knew another.
type Announcement struct {
	Pack        string `db:"pack"`
	Digest      string `db:"digest"`
	Audience    string `db:"audience"` // a register of the pack; "" where nobody need be told
	Version     string `db:"version"`
	Channels    string `db:"channels"` // one of which is enough, by commas
	Since       string `db:"since"`    // day from which nights used it
	Run         string `db:"run"`
	Channel     string `db:"channel"` // by which they were told, "" while they were not
	AnnouncedAt int64  `db:"announced_at"`
	AnnouncedBy string `db:"announced_by"`
}

// Owed tells whether people are still to be told.
func (a *Announcement) Owed() bool { return a.Audience != "" && a.Channel == "" }

var announcementColumns = []string{"pack", "digest", "audience", "version", "channels", "since", "run", "channel", "announced_at", "announced_by"}

// AddAnnouncement writes a line about a version that nobody was told of yet.
func AddAnnouncement(ctx context.Context, tx *sqlx.Tx, a Announcement) error {
	return insert(ctx, tx, "announcement", announcementColumns, a.Pack, a.Digest, a.Audience, a.Version, a.Channels, a.Since, a.Run, "", 0, "")
}

// Announcements lists the lines of all packs, the oldest first.
func Announcements(ctx context.Context, q sqlx.QueryerContext) ([]Announcement, error) {
	return list[Announcement](ctx, q, "SELECT "+database.Columns(announcementColumns)+" FROM `announcement` ORDER BY `since`, `pack`, `digest`, `audience`")
}

// Announce notes by which channel people were told who were not told yet.
func Announce(ctx context.Context, tx *sqlx.Tx, a *Announcement) error {
	return swap(ctx, tx, "UPDATE `announcement` SET `channel` = ?, `announced_at` = ?, `announced_by` = ? WHERE `pack` = ? AND `digest` = ? AND `audience` = ? AND `channel` = ''",
		a.Channel, a.AnnouncedAt, a.AnnouncedBy, a.Pack, a.Digest, a.Audience)
}
