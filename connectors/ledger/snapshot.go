package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// States of snapshots.
const (
	Good     = "good"
	Rejected = "rejected" // truncated, empty or shrunken: never compared with
)

// Snapshot is a feed's export as it was landed.
type Snapshot struct {
	Digest       string `db:"digest"`
	Feed         string `db:"feed"`
	LogicalDate  string `db:"logical_date"`
	Run          string `db:"run"`
	Rows         int64  `db:"rows"`
	Bytes        int64  `db:"bytes"`
	SourceDigest string `db:"source_digest"`
	LayoutDigest string `db:"layout_digest"`
	State        string `db:"state"`
}

var snapshotColumns = []string{"digest", "feed", "logical_date", "run", "rows", "bytes", "source_digest", "layout_digest", "state"}

// AddSnapshot writes a snapshot down. One with the same feed, date and digest holds the same rows; it takes the state,
// the run and the digests of this landing, as the same rows may come in another file or be judged by another layout.
func AddSnapshot(ctx context.Context, q sqlx.ExtContext, s Snapshot) error {
	old, ok, err := FindSnapshot(ctx, q, s.Feed, s.LogicalDate, s.Digest)
	switch {
	case err != nil:
		return err
	case !ok:
		return insert(ctx, q, "snapshot", snapshotColumns, s.Digest, s.Feed, s.LogicalDate, s.Run, s.Rows, s.Bytes, s.SourceDigest, s.LayoutDigest, s.State)
	case old.Rows != s.Rows:
		return ErrRaced
	case old == s:
		return nil
	}
	return swap(ctx, q, "UPDATE `snapshot` SET `run` = ?, `bytes` = ?, `source_digest` = ?, `layout_digest` = ?, `state` = ?"+
		" WHERE `feed` = ? AND `logical_date` = ? AND `digest` = ? AND `state` = ?",
		s.Run, s.Bytes, s.SourceDigest, s.LayoutDigest, s.State, s.Feed, s.LogicalDate, s.Digest, old.State)
}

const selectSnapshot = "SELECT `digest`, `feed`, `logical_date`, `run`, `rows`, `bytes`, `source_digest`, `layout_digest`, `state` FROM `snapshot`"

// FindSnapshot gives one snapshot.
func FindSnapshot(ctx context.Context, q sqlx.QueryerContext, feed, date, digest string) (s Snapshot, ok bool, err error) {
	ok, err = get(ctx, q, &s, selectSnapshot+" WHERE `feed` = ? AND `logical_date` = ? AND `digest` = ?", feed, date, digest)
	return s, ok, err
}

// Snapshots lists the latest snapshots of a feed, or of all when it is "", newest first.
func Snapshots(ctx context.Context, q sqlx.QueryerContext, feed string, limit int) ([]Snapshot, error) {
	return list[Snapshot](ctx, q, selectSnapshot+" WHERE ? = '' OR `feed` = ? ORDER BY `logical_date` DESC, `feed`, `digest` LIMIT ?", feed, feed, limit)
}

// DropSnapshots forgets the snapshots of dates before one, but for those that are named by digest, and tells how many.
func DropSnapshots(ctx context.Context, tx *sqlx.Tx, before string, keep map[string]bool) (dropped int, err error) {
	old, err := list[Snapshot](ctx, tx, selectSnapshot+" WHERE `logical_date` < ?", before)
	if err != nil {
		return 0, err
	}
	for _, s := range old {
		if keep[s.Digest] {
			continue
		}
		dropped++
		if _, err := tx.ExecContext(ctx, "DELETE FROM `snapshot` WHERE `feed` = ? AND `logical_date` = ? AND `digest` = ?", s.Feed, s.LogicalDate, s.Digest); err != nil {
			return 0, database.Failed("forget a snapshot", err)
		}
	}
	return dropped, nil
}

// ForgetSnapshot forgets a snapshot, whichever nights and feeds it was of.
func ForgetSnapshot(ctx context.Context, tx *sqlx.Tx, digest string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM `snapshot` WHERE `digest` = ?", digest)
	return database.Failed("forget a snapshot", err)
}

// RenameSnapshot puts a snapshot that was written anew into the place of another wherever the ledger names it.
func RenameSnapshot(ctx context.Context, tx *sqlx.Tx, from, to string) error {
	for _, query := range []string{"UPDATE `snapshot` SET `digest` = ? WHERE `digest` = ?", "UPDATE `watermark` SET `snapshot` = ? WHERE `snapshot` = ?"} {
		if _, err := tx.ExecContext(ctx, query, to, from); err != nil {
			return database.Failed("rename a snapshot", err)
		}
	}
	_, err := tx.ExecContext(ctx, "UPDATE `stage` SET `facts` = REPLACE(`facts`, ?, ?) WHERE `facts` LIKE ?", from, to, "%"+from+"%")
	return database.Failed("rename a snapshot in the facts of runs", err)
}

// Digests gives the digests of all snapshots that the ledger knows.
func Digests(ctx context.Context, q sqlx.QueryerContext) ([]string, error) {
	var out []string
	err := sqlx.SelectContext(ctx, q, &out, "SELECT DISTINCT `digest` FROM `snapshot`")
	return out, database.Failed("list the snapshots", err)
}

// Watermark is how far a pipeline has come with a feed: the snapshot that the register was last loaded from.
type Watermark struct {
	Pipeline    string `db:"pipeline"`
	Feed        string `db:"feed"`
	LogicalDate string `db:"logical_date"`
	Snapshot    string `db:"snapshot"` // digest
}

// SetWatermark moves a watermark on from the snapshot previous, "" when there was none.
func SetWatermark(ctx context.Context, q sqlx.ExtContext, w Watermark, previous string) error {
	if previous == "" {
		return insert(ctx, q, "watermark", []string{"pipeline", "feed", "logical_date", "snapshot"}, w.Pipeline, w.Feed, w.LogicalDate, w.Snapshot)
	}
	return swap(ctx, q, "UPDATE `watermark` SET `logical_date` = ?, `snapshot` = ? WHERE `pipeline` = ? AND `feed` = ? AND `snapshot` = ?",
		w.LogicalDate, w.Snapshot, w.Pipeline, w.Feed, previous)
}

// Watermarks lists a pipeline's watermarks by feed.
func Watermarks(ctx context.Context, q sqlx.QueryerContext, pipeline string) ([]Watermark, error) {
	return list[Watermark](ctx, q, "SELECT `pipeline`, `feed`, `logical_date`, `snapshot` FROM `watermark` WHERE `pipeline` = ? ORDER BY `feed`", pipeline)
}

// Landed lists the feeds of which any pipeline ever took an export, also those whose layout has gone since.
func Landed(ctx context.Context, q sqlx.QueryerContext) ([]string, error) {
	return list[string](ctx, q, "SELECT DISTINCT `feed` FROM `watermark` ORDER BY `feed`")
}

// State names a file in which a pipeline keeps something from run to run, by its digest.
type State struct {
	Pipeline string `db:"pipeline"`
	Name     string `db:"name"`
	Digest   string `db:"digest"`
	Run      string `db:"run"` // that wrote it
}

// SetState puts a new file in the place of the one with the digest previous, "" when there was none.
func SetState(ctx context.Context, q sqlx.ExtContext, s State, previous string) error {
	if previous == "" {
		return insert(ctx, q, "state", []string{"pipeline", "name", "digest", "run"}, s.Pipeline, s.Name, s.Digest, s.Run)
	}
	return swap(ctx, q, "UPDATE `state` SET `digest` = ?, `run` = ? WHERE `pipeline` = ? AND `name` = ? AND `digest` = ?",
		s.Digest, s.Run, s.Pipeline, s.Name, previous)
}

// FindState gives a named state of a pipeline.
func FindState(ctx context.Context, q sqlx.QueryerContext, pipeline, name string) (s State, ok bool, err error) {
	ok, err = get(ctx, q, &s, "SELECT `pipeline`, `name`, `digest`, `run` FROM `state` WHERE `pipeline` = ? AND `name` = ?", pipeline, name)
	return s, ok, err
}
