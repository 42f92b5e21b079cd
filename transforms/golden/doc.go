// Package golden makes one record of the records of one person: survivorship.
//
// [Rules] say, field by field, whose word counts: which sources come first, which never give the field, whether its
// values come from one record together or make a set, and what a valid value is. They are YAML with a published JSON
// Schema ([Schema]); [Shipped] gives those that come with the program. A [Merger] applies them: [Merger.Merge] takes the
// records as plain structs and gives a [Result], in which each field names the record it comes from, the reason, and the
// records whose other values were passed over.
//
// Values of a field are put in order:
//
//	standing    valid before incomplete before expired before invalid; a missing value or a placeholder is none
//	precedence  the source's place in the declared order
//	recency     when the row last changed in its source, or else when the export was made
//	agreement   how many sources have the same value, after folding
//	tie-break   source, text, record
//
// A rule may change the order of the three in the middle. The first value wins; of a set, all are kept in this order.
//
// The package is pure and total: the same records in any order give the same result, and a result put back in (see
// [Result.Records]) changes nothing. It knows no store, no layout, no person's rights and no way in which records were
// found to be of one person. Printing a result with package fmt or log/slog shows where its fields come from, and no value.
package golden
