// Package tabular is what every format of rows and columns shares: which columns are read, how a header is matched,
// which lines are no data, how many rows there must be, and how rows become batches.
//
// A format reader (a CSV file, a spreadsheet) finds rows and cells; it hands each [Row] to an [Assembler] made from
// [Options], and [Stream] turns the pair into [canon.Batches] of a raw table: the line, the kinds of the cells, and the
// allowed columns in the order of Options.Columns. Columns outside that list are passed over and never copied.
//
// The contract of a reader:
//   - Batches may be ranged over once. Each batch is valid until the next one is asked for.
//   - A bad row goes to Options.Reject with its line, code, reason and raw bytes, and reading goes on.
//   - A fault of scope Source is the last element of the stream: the export as a whole cannot be trusted, and what was
//     read of it must not be used. The rows before it have been given, so that the counts agree even then.
//   - A stream that ends without a fault has given every row: its source itself said that there is no more. The end of a
//     connection, a page that is short and a list that stops are no end.
//   - When the stream has ended, Summary is complete. Conservation: every row below the header is in a batch (Rows),
//     rejected (Rejected) or counted by the reason for which it is no data (Skipped).
//   - An empty cell is null. Text is valid UTF-8 in NFC and otherwise as it was: no trimming, no repair, and text that a
//     spreadsheet would take for a formula stays text.
//
// A source whose rows lie in no file (a database, a directory, a service) is such a reader too. It uses
// [NewRecordAssembler], names its columns with [Assembler.Columns] when it knows others than ours, and announces how many
// rows there are when it knows. Package sourcetest is the contract of these.
//
// The package knows no meaning of any column and no transport.
package tabular
