package query

import (
	"database/sql"
	"database/sql/driver"
	"strconv"
	"strings"
)

// dialect is what differs between databases. Its parts are plain values and functions without state.
type dialect struct {
	port      string
	connector func(s Settings, d dial) (driver.Connector, error)
	quotes    [2]string                        // around a name
	parameter func(n int) string               // the n-th, from 1
	cast      map[string]string                // by type: how a parameter is compared exactly, with %s for it
	page      func(n int) (first, last string) // what limits a statement to n rows, at its beginning or at its end
	snapshot  sql.TxOptions                    // sees one moment, and writes nothing where the database can promise that
	now       string                           // statement that gives the time in UTC
	forms     map[string]form                  // by type: all but text
	argument  func(typ string, v any) any      // a key as a parameter
	meaning   func(err error) error            // of an error, as a fault where it is one
}

// dialects gives the databases that are read, by kind.
func dialects() map[string]*dialect {
	return map[string]*dialect{"mysql": mySQL(), "postgres": postgreSQL(), "sqlserver": sqlServer()}
}

// quote makes a name one of the statement's.
func (d *dialect) quote(name string) string {
	return d.quotes[0] + strings.ReplaceAll(name, d.quotes[1], d.quotes[1]+d.quotes[1]) + d.quotes[1]
}

// count gives the statement that counts the query's rows.
func (d *dialect) count(q Query) string {
	return "SELECT COUNT(*) FROM (\n" + q.Statement + "\n) AS source"
}

// shape gives the statement that tells the query's columns and gives no row.
func (d *dialect) shape(q Query) string {
	return "SELECT * FROM (\n" + q.Statement + "\n) AS source WHERE 1 = 0"
}

// firstPage gives the statement of the first rows in the order of the key.
func (d *dialect) firstPage(q Query, rows int) string { return d.pageWhere(q, "", rows) }

// nextPage gives the statement of the rows behind a key. Its parameters are those that [after] gives.
func (d *dialect) nextPage(q Query, types []string, rows int) string {
	n := 0
	next := func(typ string) string {
		n++
		p := d.parameter(n)
		if cast := d.cast[typ]; cast != "" {
			p = strings.Replace(cast, "%s", p, 1)
		}
		return p
	}
	var where strings.Builder
	where.WriteString(" WHERE ")
	if len(q.Key) > 1 { // so that an index of the first column can be used
		where.WriteString(d.quote(q.Key[0]) + " >= " + next(types[0]) + " AND ")
	}
	for i, name := range q.Key {
		k := d.quote(name)
		if i == len(q.Key)-1 {
			where.WriteString(k + " > " + next(types[i]))
			continue
		}
		where.WriteString("(" + k + " > " + next(types[i]) + " OR " + k + " = " + next(types[i]) + " AND ")
	}
	where.WriteString(strings.Repeat(")", len(q.Key)-1))
	return d.pageWhere(q, where.String(), rows)
}

func (d *dialect) pageWhere(q Query, where string, rows int) string {
	first, last := d.page(rows)
	names := make([]string, len(q.Key))
	for i, k := range q.Key {
		names[i] = d.quote(k)
	}
	return "SELECT " + first + "* FROM (\n" + q.Statement + "\n) AS source" + where + " ORDER BY " + strings.Join(names, ", ") + last
}

// after gives the parameters of [dialect.nextPage] for the key of the last row.
func after(key []any) (args []any) {
	if len(key) > 1 {
		args = append(args, key[0])
	}
	for _, v := range key[:len(key)-1] {
		args = append(args, v, v)
	}
	return append(args, key[len(key)-1])
}

// limited gives the rows at the end of a statement, as most databases want it.
func limited(n int) (first, last string) { return "", " LIMIT " + strconv.Itoa(n) }
