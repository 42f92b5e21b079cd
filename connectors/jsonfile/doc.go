// Package jsonfile reads JSON (RFC 8259): a document that holds its records somewhere inside, or one record a line
// (NDJSON, JSON Lines).
//
// [New] gives a [Reader] over a byte stream; paths are those of package record, and rows and rejections follow the rules
// of package tabular. One record at a time is in memory; the rest of a document is walked through and never held. A file
// may hold several documents one after the other.
//
// Two readers must not read one export differently, so it is read strictly: in UTF-8 alone; a name that stands twice in
// one object rejects the record; so does a number whose whole part is 2^53 or more, where the layout reads it, since other
// programs round it. A number is its text as it was written. Strings are unescaped; half of a surrogate pair rejects the
// record. null is no value. Values inside each other are 64 deep at most.
//
// A line that is no record is rejected and reading goes on with the next one. A document that is no JSON is refused with
// line and column; so is one that ends too early, and a last line that is cut.
//
// The package knows no transport and no meaning of any column.
package jsonfile
