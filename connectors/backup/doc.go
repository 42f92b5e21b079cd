// Package backup is the form of a backup: one file, encrypted with age to whom the settings name, in which zstd and tar hold
// what was saved and, at the end, a manifest with the SHA-256 of every part and a signature over it.
//
// [Create] gives a [Writer], to which files ([Writer.File]) and the tables of stores ([Writer.Store]) are added; nothing
// stands under the final name before [Writer.Commit]. [Read] gives the parts one by one to a [Sink] and fails unless every
// byte is what the signed manifest says, so that what a sink has taken counts only when Read has returned.
//
// A store is saved as rows and not as a file: what one database gives another of the same release takes, so that a backup
// of SQLite is restored into MariaDB and the other way round. Rows are JSON arrays, a line each.
//
// The package knows bytes and rows; it knows no workspace.
package backup
