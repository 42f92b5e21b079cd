// Package custody is who may use the keys, and when they change: rotation, escrow, and the way from a pseudonym back to a
// person.
//
// [RotateMaster] puts a new master key in the place of the old one and wraps every subject's key anew; [RotateDomain] gives a
// recipient's domain a new key, so that the next extract has other pseudonyms; [RotateTokens] puts the tokens of rows, of the
// register's people, or of erased people's marks under another key. All can be cut off anywhere and are called again. [Escrow]
// splits the keys into shares for people, [Drill] proves that shares give them back. [Request], [Approve] and [Show] are a
// re-identification: one asks, another allows, and it is shown once.
//
// Every act stands in the audit log, in the transaction of the act where it has one, and before it otherwise. Who
// changes keys holds the nightly's lease. Clock and randomness are passed in.
package custody
