// Package query reads the rows of feeds from an SQL database: MariaDB and MySQL, PostgreSQL, and SQL Server.
//
// [Open] makes a [Source] of one database, [Source.Rows] a reader of one feed's [Query], which is a statement that somebody
// wrote and the columns by which its rows are told apart. All feeds of a source are read in one transaction that writes
// nothing and sees the database as it was at one moment; so they are read one after the other.
//
// A query is read in pages, each of which begins behind the key of the last row, not at a count of rows. The end is
// certain when as many rows came as the database counted in the same transaction; anything else fails the source: a
// key that is null, or one that is not unique in the database's own order.
//
// A snapshot ends with its connection, and rows of two snapshots are never mixed. Behind a line that was lost, the query is
// read again from its beginning in a new snapshot, and what was given already is compared: is it the same, row by row, all
// rows are of the new moment, and the reader goes on; is it not, the reader fails with [ErrMoved], and whoever has not used
// the rows may read again. When another query was read in full from the lost snapshot, the source fails: its queries would
// be of two moments.
//
// Nothing of a statement is made from data: keys travel as parameters, and the names of key columns, which are the
// layout's, through one function that quotes them. The connection is TLS with a proved server, always. The package knows
// no meaning of any column.
package query
