package database

import (
	"context"
	"errors"
	"regexp"

	"github.com/go-sql-driver/mysql"

	"uoma/internal/fault"
)

// Kept is a table whose rows never change, and never go unless Goes says so: a book of what happened. On a server the
// account's grants keep it ([DB.May] tells), in an SQLite file triggers do ([DB.Keep]).
type Kept struct {
	Table string
	Goes  bool // rows may be removed
}

// verbs gives what nobody does with the table.
func (k Kept) verbs() []string {
	if k.Goes {
		return []string{"UPDATE"}
	}
	return []string{"UPDATE", "DELETE"}
}

// Keep makes an SQLite store refuse to change kept tables. Whoever has the file can take that out again: it is against
// accidents and against statements that are slipped in, and the chain of the audit log is against the rest.
func (db *DB) Keep(ctx context.Context, tables []Kept) error {
	if db.Dialect != SQLite {
		return nil
	}
	for _, k := range tables {
		for _, verb := range k.verbs() {
			name := k.Table + "_no_" + map[string]string{"UPDATE": "update", "DELETE": "delete"}[verb]
			_, err := db.ExecContext(ctx, "CREATE TRIGGER IF NOT EXISTS "+Quote(name)+" BEFORE "+verb+" ON "+Quote(k.Table)+
				" BEGIN SELECT RAISE(ABORT, 'rows of this table are kept as they are'); END")
			if err != nil {
				return Failed("keep "+k.Table+" as it is", err)
			}
		}
	}
	return nil
}

// Errors of a server about a statement: the account has no right to it, and, asked after that, the session may not write.
const (
	denied   = 1142
	readOnly = 1792
)

// May tells what the account of a server may do to a kept table and should not. Statements are prepared and never run.
func (db *DB) May(ctx context.Context, k Kept) (verbs []string, err error) {
	if db.Dialect != MySQL {
		return nil, nil
	}
	for _, verb := range k.verbs() {
		query := "DELETE FROM " + Quote(k.Table) + " WHERE 1 = 0"
		if verb == "UPDATE" {
			var column string
			err := db.GetContext(ctx, &column, "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position LIMIT 1", k.Table)
			if err != nil {
				return nil, Failed("look at "+k.Table, err)
			}
			query = "UPDATE " + Quote(k.Table) + " SET " + Quote(column) + " = " + Quote(column) + " WHERE 1 = 0"
		}
		stmt, err := db.PrepareContext(ctx, query)
		var my *mysql.MySQLError
		switch {
		case err == nil:
			verbs = append(verbs, verb)
			stmt.Close() // it was not run
		case errors.As(err, &my) && my.Number == readOnly:
			verbs = append(verbs, verb)
		case !errors.As(err, &my) || my.Number != denied:
			return nil, Failed("ask for the rights to "+k.Table, err)
		}
	}
	return verbs, nil
}

var errAccount = fault.New("UOMA-DBS-ACCOUNT", "the name of the account or its host is not understood", "name both as the server has them, in letters, digits and . _ - %")

var accountForm = regexp.MustCompile(`^[A-Za-z0-9._%-]{1,64}$`)

// Grants gives the statements by which an account of a server may do what a store needs and no more.
func (db *DB) Grants(ctx context.Context, user, host string, kept []Kept) (out []string, err error) {
	if !accountForm.MatchString(user) || !accountForm.MatchString(host) {
		return nil, errAccount
	}
	name := "uoma_register"
	if db.Dialect == MySQL {
		if err := db.GetContext(ctx, &name, "SELECT DATABASE()"); err != nil {
			return nil, Failed("ask for the name of the database", err)
		}
	}
	tables, err := db.Tables(ctx, db)
	if err != nil {
		return nil, err
	}
	in, to := "`"+name+"`.", "'"+user+"'@'"+host+"'"
	out = []string{
		"GRANT SELECT, INSERT, CREATE TEMPORARY TABLES ON " + in + "* TO " + to + ";",
		"REVOKE UPDATE, DELETE ON " + in + "* FROM " + to + ";",
	}
	without := map[string]string{}
	for _, k := range kept {
		without[k.Table] = ""
		if k.Goes {
			without[k.Table] = "DELETE"
		}
	}
	for _, t := range tables {
		rights, found := without[t]
		if !found {
			rights = "UPDATE, DELETE"
		}
		if rights != "" {
			out = append(out, "GRANT "+rights+" ON "+in+Quote(t)+" TO "+to+";")
		}
	}
	return out, nil
}
