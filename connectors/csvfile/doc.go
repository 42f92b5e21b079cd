// Package csvfile reads delimited text as real systems write it.
//
// [New] gives a [Reader] over a byte stream; the rules of headers, skipped lines and rejected rows are those of package
// tabular. The bytes go through four steps, none of which allocates for a row:
//
//	open    a byte order mark decides the encoding, else the layout; UTF-16 becomes UTF-8 on the way
//	split   rows end with LF, CRLF or a lone CR; eight bytes are looked at in one step
//	check   bytes that do not decode refuse the file, and so does text of a single-byte encoding that is UTF-8 throughout;
//	        control characters refuse the row
//	decode  fields of single-byte encodings become UTF-8, those that are ASCII stay where they are
//
// Quotes are read as they occur, not as RFC 4180 wishes: a quote opens a field only as its first byte; inside, two
// quotes are one, a quote before a delimiter or line end closes the field, and any other quote is text. Delimiters and
// line ends inside a quoted field are text. Where such other quotes stand in a field of several lines, and all behind the row's
// first line is rows by itself, a quote was opened on that line that nobody closed: the line is rejected, and the rows are read.
// A quote that is still open at the end means that the file was cut.
//
// The package knows no transport and no meaning of any column.
package csvfile
