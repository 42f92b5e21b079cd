// Package directory reads the entries of an LDAP directory as the rows of feeds.
//
// [Open] makes a [Source] of one directory, [Source.Rows] a reader of one feed's [Search]: a filter that somebody wrote, and
// the feed's columns, which are the only attributes that are asked for. The column dn is the entry's name. An attribute's
// values are one cell, in the order of their bytes, joined by [Separator]; binary ones are in base64.
//
// Entries come in pages (RFC 2696). The end is certain when the server says success and that no page follows. Anything else
// fails the source: a limit of the server, a referral, which is never followed, and a page without the word about the next
// one. Behind a line that was lost the search begins anew, as that word was the lost connection's, and passes over entries
// that were given. A directory knows no snapshot: each entry is as it was when its page was read. A message of the server is
// bounded before the library reads it.
//
// The connection is TLS with a proved server, from the first byte or by StartTLS, always. The package knows no meaning of any
// attribute.
package directory
