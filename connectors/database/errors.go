package database

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"

	"uoma/internal/fault"
)

// Failed makes a fault of a driver's error. A driver quotes rows and keys in its text ("Duplicate entry 'x' for key"),
// so only its number is shown; the cause stays in the chain. doing is what was tried, as an infinitive: "read persons".
// A fault that already is one, and an end by the caller's own context, pass unchanged.
func Failed(doing string, err error) error {
	var ours *fault.Error
	if err == nil || errors.As(err, &ours) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	message, hint := "could not "+doing, "look at the database server and its log, then run again"
	var my *mysql.MySQLError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &my):
		message += " (MariaDB error " + strconv.Itoa(int(my.Number)) + ")"
		hint = myHint(my.Number, hint)
	case errors.As(err, &lite):
		message += " (SQLite code " + strconv.Itoa(lite.Code()) + ")"
		hint = liteHint(lite.Code(), "check the file, its folder and the free space of its disk, then run again")
	}
	return fault.New("UOMA-DBS-FAILED", message, hint).Wrap(err)
}

func myHint(number uint16, otherwise string) string {
	switch number {
	case 1044, 1045, 1142, 1227, 1370:
		return "grant the database user what docs lists for this store, or correct the user in the DSN"
	case 1205, 1213:
		return "another program holds the same rows; run again when it has ended"
	case 1148, 3948, 4166:
		return "set local_infile=1 on the server: rows are loaded in bulk"
	}
	return otherwise
}

// liteHint reads the primary result code, the low byte of the extended one.
func liteHint(code int, otherwise string) string {
	switch code & 0xff {
	case 5, 6: // SQLITE_BUSY, SQLITE_LOCKED
		return "another program writes to the same file; run again when it has ended"
	case 11, 26: // SQLITE_CORRUPT, SQLITE_NOTADB
		return "the file is damaged or no database; restore it from the backup"
	}
	return otherwise
}
