// Package likeness says how alike two values of one field of a person's record are: names, dates of birth, telephone
// numbers, addresses, identifiers, text.
//
// Each field has a comparator, which gives a [Level]: 0 is different, the top is equal, and between them stand the ways in
// which one thing comes to be written as two, a higher one saying more for one person. GivenLevels, FamilyLevels and so on
// name them for those who read why two records were linked. A level is not a weight: who links records learns from them how
// often each occurs between records of one person and of two, and how rare the value itself is. So no comparator minds that
// Anna and Hanna are two well-known names.
//
// Values are folded once ([Fold], [FoldPhone], [FoldEmail], [FoldCode], [FoldNumber], [ParseDay]) and compared often. A
// comparator takes folded values, yet any bytes will do. It gives the same level for (a, b) as for (b, a), its top level for
// equal values alone, allocates nothing and asks nothing but its two values; most pairs take a tenth of a microsecond.
// [Comparators] lists them all; dates, which are packed in a [Day], have [Birth].
//
// Umlauts. Fold writes ä, å and æ as a, ö and ø as o, ü as u. Some keyboards and passports write ae, aa, oe and ue
// instead, but in Finnish names these letters mostly mean themselves (Saari, Noel), so that Fold lets them stand and the
// comparators put "Soederstroem" and "Söderström" one level below the top.
//
// Beneath the comparators are measures that know no field: [JaroWinkler], [Edits], [Dice]; and [Sound], a phonetic key for
// names of Finnish, Swedish, Norwegian and English, which also serves to find whom to compare at all.
//
// A value that is missing says nothing, so there is no level for it: compare only what both records have. An empty value
// is different from all others.
//
// The package knows nothing of records, weights or where values come from.
package likeness
