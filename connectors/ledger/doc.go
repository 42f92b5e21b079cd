// Package ledger is the book of runs: which run did what, from which snapshots, where every row went, how far each feed
// has come, and who may write now.
//
// Its tables stand in the register's database, so that a night's rows and the lines about them are one commit: every
// function takes the open database or the night's transaction. Every change of a state is a compare-and-set that must
// change one row; the one who comes second gets a fault ([ErrRaced]) instead of overwriting the first.
//
// A [Lease] is a row with a fencing number. It is held by heartbeats and taken over [LeaseTime] after the last one, with
// a higher number; [Check] in the transaction that commits work proves that the number still is the highest. No lock of
// the server is used: a cluster has none that all nodes see.
//
// The [Audit] is the log of sensitive acts: entries in a keyed chain, appended in the transaction of what they tell of, whose
// last one is signed at the end of each run.
//
// Times are passed in and kept as microseconds since 1970 UTC, 0 for none. The package knows no stage's meaning and
// holds no value of a person: quarantined rows are a place and a code, the rows themselves lie elsewhere.
package ledger
