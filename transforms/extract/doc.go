// Package extract makes the career-survey extract: who is in the frame, which of the things known of a person go into
// the row, and the bytes that travel.
//
// [Make] takes what is known of each graduate as plain facts ([Person]) with the policy's decision, and gives the rows
// and, for everybody left out, a reason with its clause: eligible = sent + withheld. [Row] is the published shape of a
// row: a recipient reads the Parquet parts back with the same type, and [Schema] is its JSON Schema. [Extract.Parts]
// gives the parts in Parquet or CSV; the same people and settings give the same bytes, whatever the order of the input.
//
// The columns follow the intake of the national career surveys (Arvo, kept by CSC): text is cleaned as Arvo cleans it,
// a person with two degrees in the year has one row with the later degree, a degree keeps the institution code of its
// time. Rows stand in the order of the people's pseudonyms in the extract's own domain, which are not among the columns:
// the order says nothing that another extract could be joined by.
//
// The package is pure. It knows no store, no key and no file, and it decides nothing about a person's rights: a person
// whose decision does not allow sending is never in a row.
package extract
