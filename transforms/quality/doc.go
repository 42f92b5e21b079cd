// Package quality turns the facts of a run into its quality report: what was read and where every row went, what broke,
// whether everyone's will and time limit was kept, and what somebody has to do about it in the morning.
//
// The caller fills an [Input] from what the stages left behind, [Build] judges it, and the [Report] is written in three
// forms: [HTML] for people, [JSON] for machines with the same content, and [Aggregates] for the recipient of an extract.
// Input and Report are plain values. Same input, same bytes.
//
//	report := quality.Build(input)
//	page, err := quality.HTML(report)
//	data, err := quality.JSON(report, page) // names the digest of the page
//
// # What is judged
//
// Every check has a kind from one catalogue ([Kinds]), which says why it matters, who owns it and what to do. Its number
// is a numerator over a denominator; both are sums, so the metrics of the parts of an input add up to those of the
// whole. A missing denominator is "not measurable" and never 100 %. A check that cannot be computed counts as failed.
//
// Rows are balanced: read = loaded + unchanged + merged + quarantined + withheld, per source; old + added - removed =
// new, per register table; eligible = sent + withheld, per extract. A difference blocks.
//
// # What cannot come in or out
//
// The report holds names of columns, codes and counts, and no value of a person. Strings enter through one door
// (intake.go) that takes out whatever looks like a value, makes control and direction characters visible, and counts
// what it took. Counts of people and of coded values are shown from [Limits].K upward; a smaller one is folded into
// "other" together with another cell, so that no total gives it back. What was rendered is scanned for the same patterns
// before it is handed over, and a hit is an error in place of a page.
//
// The package is pure: no clock, file, store or randomness. It knows no layout, policy pack or ledger.
package quality
