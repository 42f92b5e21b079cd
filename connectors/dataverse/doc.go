// Package dataverse writes rows into tables of Dataverse, as Dynamics 365 keeps them, over its Web API.
//
// A [Table] says which columns are written and by which alternate key a row is known there; nothing else is ever sent. A
// [Writer] takes a stream of rows that somebody decided to send, all of them, and brings the table there: what is new or
// other than last time is upserted, what is the same is not sent, and a row that is no longer in the stream is cleared or
// made inactive.
//
// What it promises:
//   - What was sent stands in a [Journal], by tokens that say nothing of a row, with a digest of its content. A row is noted
//     there before it is sent and settled after; killed in between, the next run finds out what became of it. Sending again
//     is sending the same: every request names its row and gives the whole content.
//   - A row that was deleted there is never made again, as somebody there had a reason.
//   - A row that is refused is counted with the service's own code; the others are written. Errors quote neither content nor
//     keys.
//   - The limits of the service are kept: the rate of the settings, the pause that an answer asks for, batches of at most
//     1,000 requests. No redirect is followed, and what an answer links to is not asked.
//   - A stream without a row, or without more of the rows that were sent before than may go at once, has none of them
//     cleared: that is a mistake rather than everybody's end.
//
// The package decides nothing about anybody, and knows the meaning of no column.
package dataverse
