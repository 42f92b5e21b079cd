// Package linkage finds the records of one person among records from anywhere: the model of Fellegi and Sunter (1969),
// trained without labels, and clusters in which all records fit together. docs/resolution.md tells the method.
//
// A [Table] is made for columns of given kinds ([Field]), filled by [Table.Append] and closed by [Table.Finish]. It keeps
// each distinct value once, folded, and a row of numbers for each record; window.go is how rows come in, column by column,
// each cell hashed once. [Table.Link] then goes through
//
//	pass.go, block.go    who is compared: keys that two records of one person probably share
//	steps.go, compare.go what comparing two records gives: of each feature a level of package likeness
//	sample.go, train.go  what a level says: a [Model], from a sample that stands for all pairs
//	dependence.go        which features depend on each other, so that adding up what they say counts something twice
//	scant.go             what is done where nothing can be learned
//	choose.go, passset.go which passes are worth their pairs, by the same sample
//	trial.go             pairs weighed side by side, and dropped where they cannot weigh enough
//	model.go, between.go the weight of a pair: log odds in bits, by how rare the value is and which sources meet
//	cluster.go, crowd.go who is one person, by what all records of two clusters say together
//	explain.go           why, feature by feature
//	standing.go          how a table stays linked: update.go who came and went, places.go who is found by whose keys
//
// and gives a [Result]: of each record its cluster and how sure it is, the pairs, and what the weights themselves say of
// the outcome's quality. [Links] are decisions that clusters keep; a [Model] may come from an earlier run.
//
// The outcome depends on what the records say alone. Their order is that of a hash of it, so neither the order in which
// they come nor their ids, the batches, or the number of processors changes anything; ids part records that say the same.
// Random numbers are the same in every run.
//
// Passes, training and clusters work on numbers, and look at a value only to compare it. The package knows no file, no
// system, no clock and no database; what a column means it is told (package meaning guesses it). A [Model] holds shares
// and names of columns and sources, no value. Errors name columns and parts of passes, never a value.
package linkage
