package workspace

// Names, in the ledger, of the files in which a nightly remembers its last run. The check proves that all of them are
// there, so they are written down here once for both.
const (
	StateMembers  = "members" // the resolver's rows
	StateLinks    = "links"   // which of the resolver's records are linked, and why
	StateRetired  = "retired" // subject ids that were given up
	StateWithheld = "held"    // source rows that were kept out, with the clause
	StateRows     = "rows"    // by feed: what became of each of its rows
	StateFacts    = "facts"   // what the rows say of memberships
	StateDecided  = "decided" // by feed: digest of everything besides the exports that its rows were last decided under
	StateSoFar    = "so-far"  // what earlier attempts of a night did
	StateChanges  = "changes" // by feed: from where on changes are asked for
	StateReview   = "review"  // pairs of records that the resolver was not sure of
	StatePoints   = "points"  // past contact points that the vault lets go of before the register lets go of what came by them
)

// StateFiles names the states of a pipeline that are files; others are only words to compare with.
func StateFiles(pipeline string) []string {
	if pipeline != "nightly" {
		return nil
	}
	return []string{StateMembers, StateLinks, StateRetired, StateWithheld, StateRows, StateFacts, StateDecided, StateReview, StateSoFar, StateChanges, StatePoints}
}
