// Package clerical is what people do about records of which the resolver is not sure: which pairs are worth their time,
// what they may decide, and what their decisions say of the links that nobody looked at.
//
//	decision.go  a decision, and which earlier ones it contradicts
//	worth.go     what deciding a pair is worth
//	compare.go   how alike two records are, field by field
//	sample.go    a stratified random sample of links
//	estimate.go  the share of right links, from the reviewed part of a sample
//	sheet.go     the list as a CSV file, and back with decisions
//
// Records are named by tokens. The package is pure: who decides, when, and the numbers of a draw are passed in.
package clerical
