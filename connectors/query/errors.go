package query

import (
	"context"
	"errors"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

var (
	errStatement = fault.New("UOMA-SRC-STATEMENT", "the database refused the feed's statement",
		"run the statement by hand as the same user; what the user may not see looks as if it were not there").For(fault.Source)
	errColumn = fault.New("UOMA-SRC-KEY-COLUMN", "the statement gives no column of the key, or one that cannot be compared",
		"let the statement name its columns as the layout does, and choose a key of numbers, text, dates or GUIDs").For(fault.Source)
	errCount = fault.New("UOMA-SRC-COUNT", "not as many rows came as the database counted in the same transaction",
		"the key must be unique and never null in the database's own order, where A and a may be equal; name other columns under order: in the layout").For(fault.Source)
	errRows = fault.New("UOMA-SRC-ROWS", "the query gives more rows than any source may",
		"compare the statement with the system: a join without its condition multiplies rows").For(fault.Source)
	errSnapshot = fault.New("UOMA-SRC-SNAPSHOT", "the database does not show all rows as they were at one moment",
		"let its owner allow it: ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON").For(fault.Source)
	// ErrMoved is told when rows that were given are others now, so that what follows would be of another moment. Whoever has
	// done nothing with them yet may read again.
	ErrMoved = fault.New("UOMA-SRC-MOVED", "the line was lost, and meanwhile rows changed that had come over it; nothing of them was used",
		"run the same date again, at an hour in which the system is left alone").For(fault.Source)
	errType = fault.New("UOMA-SRC-TYPE", "a column of the statement is of a type that is not read",
		"cast it to text in the statement").For(fault.Source)
)

// told gives what an error of a driver means: the end of the context, a fault, or what may be the line's.
func (s *Source) told(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var own *fault.Error
	if errors.As(err, &own) {
		return err
	}
	return remote.Peer(s.dialect.meaning(err))
}

// isLost tells whether an error is that of a line, or of a server that may answer later, and no fault.
func (s *Source) isLost(ctx context.Context, err error) bool {
	return ctx.Err() == nil && fault.Code(s.told(ctx, err)) == ""
}

// lost is told of an error behind which the snapshot is gone.
func (s *Source) lost(ctx context.Context, err error) error {
	if err = s.told(ctx, err); fault.Code(err) == "" && ctx.Err() == nil {
		return remote.Unreachable(err)
	}
	return err
}
