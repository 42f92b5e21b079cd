// Package xlsx reads one sheet of an Office Open XML workbook (ECMA-376), row by row.
//
// [New] gives a [Reader] over a file that can be read anywhere; headers, skipped rows and rejected rows follow the rules
// of package tabular. The ZIP is checked by package archive before anything in it is read. Of the workbook the reader
// takes the list of sheets, the 1904 flag, the number formats and the shared strings, which it holds in memory up to
// [Options].Strings bytes; the sheet itself is streamed. Nothing is ever written to disk.
//
// Each cell has a kind of [canon]: text; numbers as the decimal text that is stored; dates, which are numbers under a
// date format, as YYYY-MM-DD, with THH:MM:SS when they have a time of day, and as HH:MM:SS when they are nothing else;
// booleans as true and false; a cell error (#N/A) is null. A formula gives its cached value. Elapsed times ([h]:mm) are
// numbers. Numbers of a workbook of the 1904 flag have a kind of their own, since each may be a day that no format shows.
//
// XML is read by package xmltoken, with its limits.
//
// The package knows no transport and no meaning of any column.
package xlsx
