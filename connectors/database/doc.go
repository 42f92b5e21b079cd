// Package database opens the SQL stores of Uoma and does the few things that differ between them: SQLite, one file with
// no server, and MariaDB or MySQL.
//
// [Open] takes a DSN and refuses a server that may forget what it confirmed. [DB.Migrate] brings one component's tables
// to this release. [DB.Do] runs a function in one writing transaction, [DB.See] in one reading transaction that sees a
// single state of the store. [Load] and [Replace] put many rows into a table at the store's best rate. [Select] names
// many keys at once, for [DeleteSelected], [UpdateSelected] and [JoinSelected].
//
// SQL is written once for both dialects wherever it can be: types that both know, names in backticks, compare-and-set
// instead of locks. Values travel as parameters or as rows of a bulk load, never inside a statement; names of tables
// and columns come from lists compiled into the caller and pass through [Quote].
//
// The package knows bytes, rows and protocols. It must not know what a table means, and no error of it holds a value.
package database
