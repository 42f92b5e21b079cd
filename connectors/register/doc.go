// Package register is the store of everything that Uoma knows about people without saying who they are: the canonical
// tables without their identifying columns, each row with its source, its legal basis and the runs in which it was seen,
// and what the policy made of them.
//
// [Table] gives the register's shape of a canonical table. A run writes through a [Night]: one transaction, in which
// the ledger writes too ([Night.Tx]) and whose [Night.Commit] is the night's commit. Until then every reader sees the
// night before. A [View] reads: of the register ([Register] is one), or of the night being written ([Night] is one).
//
// Source keys, record keys and persons are keyed tokens of 26 characters that the caller computes. Both dialects keep
// the same bytes, so that [Register.Digest] is equal on both: text and decimals as text, days as YYYY-MM-DD, instants
// as microseconds since 1970, booleans as 0 and 1. That is why days are CHAR(10) and decimals VARCHAR(40) instead of DATE
// and DECIMAL: SQLite has neither type, a server's DECIMAL pads 210.5 to its scale, and a day written so sorts and
// compares as it is.
//
// The book of words ([Word]) keeps what was said of consents, objections, restrictions and holds: what a source said before
// it said otherwise, and everything that was said by hand, under the records that the person had then. Nothing in it is
// changed.
//
// The package knows rows and runs. It must not know a key, a person, or what a policy says.
package register
