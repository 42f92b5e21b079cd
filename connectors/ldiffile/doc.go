// Package ldiffile reads LDIF (RFC 2849), the dump of a directory: an entry is a record, its attributes are the values.
//
// [New] gives a [Reader] over a byte stream; rows and rejections follow the rules of package tabular. A column's path is
// the attribute with its options, "cn;lang-sv", in any case; "dn" is the entry's name. Attributes that occur several times
// need the column's list. Folded lines are joined, and base64 values decoded: one that is no text rejects the entry where
// the layout reads it. A value by reference (attr:< url) is never fetched, and rejects the entry likewise. Changes
// (changetype) are no entries and are rejected.
//
// An entry ends with an empty line, and so must the last one: otherwise the dump was cut. What ldapsearch says at the end
// counts, too: another result than 0 means that the server gave a part only, and the number of entries in its comment
// is held against what was read.
//
// The package knows no transport and no meaning of any attribute.
package ldiffile
