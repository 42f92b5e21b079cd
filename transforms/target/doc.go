// Package target says what a file that goes out holds, or a row of a table that the recipient keeps: the inverse of a layout.
//
// A [Target] is one YAML document with a published JSON Schema ([Schema]); [Shipped] gives those that come with the program.
// It names the recipient and the purpose that the policy is asked about, the systems whose data may be used, the form of the
// file, and its columns: each takes a canonical field, converts it (codes, dates, lengths) and is left empty where nobody may
// send it. [Target.Of] makes a [Filler] of it, which turns what is known of one person into the cells of a [Record].
//
// The package decides nothing about anybody: it is given values that may be sent. It is pure, and knows no file, no store
// and no format's bytes.
package target
