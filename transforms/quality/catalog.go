package quality

// Kind is a kind of check: what stands beside its number for people. The list is fixed; only limits are settings.
type Kind struct {
	Name      string `json:"name"`
	Title     string `json:"title"`
	Dimension string `json:"dimension"`
	Severity  string `json:"severity"` // the worst that the check can do: info, warn, block, stop
	Gate      string `json:"gate"`     // G1 arrival, G2 register, G3 extract, G4 send
	Owner     string `json:"owner"`
	Waivable  bool   `json:"waivable"`
	Why       string `json:"why"`
	Do        string `json:"do"`
}

// Dimensions of data quality (ODCS 3.1), with our own three: lawfulness, confidentiality, accounting.
const (
	completeness    = "completeness"
	conformity      = "conformity"
	consistency     = "consistency"
	coverage        = "coverage"
	timeliness      = "timeliness"
	accuracy        = "accuracy"
	lawfulness      = "lawfulness"
	confidentiality = "confidentiality"
	accounting      = "accounting"
	usability       = "usability" // of the heat map: rows that were not quarantined
)

// Severities and statuses.
const (
	sevInfo  = "info"
	sevWarn  = "warn"
	sevBlock = "block"
	sevStop  = "stop"

	statusPass       = "pass"
	statusWarn       = "warn"
	statusFail       = "fail"
	statusError      = "error"      // could not be computed: counts as failed
	statusSkipped    = "skipped"    // the source had stopped before
	statusWaived     = "waived"     // would warn or fail, and somebody answers for it
	statusUnmeasured = "unmeasured" // there is nothing to divide by
)

const (
	registrar = "registrar"
	dpo       = "data protection officer"
	engineer  = "integration engineer"
	steward   = "owner of the source system"
)

// Kinds lists the kinds of checks.
func Kinds() []Kind {
	return []Kind{
		{"stageFailed", "Stage failed", accounting, sevStop, "G2", engineer, false,
			"The run did not come to its end; the register is as it was after the last good run.",
			"Read the error of the stage in the run's log, then run the same date again."},
		{"sourceStopped", "Source stopped", coverage, sevBlock, "G1", engineer, true,
			"Nothing of this source was used; the register keeps what it had from the last good night.",
			"Correct the cause beside this line and run the same date again."},
		{"sourceUnread", "Source is read no more", coverage, sevWarn, "G1", engineer, true,
			"The register has rows of a feed that nobody reads: they stay as they are, and no night learns that they are gone.",
			"Name its system under systems: again, or let nights read exports without rows first."},
		{"requiredColumns", "Required columns missing", consistency, sevBlock, "G1", steward, true,
			"Without a required column no row of the export can be used.",
			"Ask the owner to put the columns back, or change the layout if they were renamed."},
		{"schemaDrift", "Columns changed", consistency, sevWarn, "G1", steward, true,
			"A column that is new or gone is often a change in the source that nobody announced.",
			"Ask the owner what changed, then add the column to the layout or list it as dropped."},
		{"freshness", "Age of the export", timeliness, sevBlock, "G1", engineer, true,
			"An old export repeats an old truth: a withdrawal or a new graduate may be missing.",
			"Check that the source's own export job ran."},
		{"punctuality", "Late arrival", timeliness, sevWarn, "G1", steward, true,
			"A late export shortens the time in which mistakes can be corrected before the night's run.",
			"Agree on another hour, or ask the owner why the export was late."},
		{"encoding", "Garbled characters", conformity, sevWarn, "G1", steward, true,
			"Names that were decoded twice match nobody and reach people in letters.",
			"Ask the owner to export in the encoding that the layout names."},
		{"formulaLike", "Cells that look like formulas", conformity, sevInfo, "G1", engineer, true,
			"Opened in a spreadsheet, such a cell would be computed instead of read.",
			"Nothing for the register; open exports for people only in the escaped form."},
		{"reconciliation", "Control total", coverage, sevWarn, "G1", steward, true,
			"The export says how many rows it has; another number means that rows were lost on the way.",
			"Fetch the export again and compare with the system itself."},
		{"volumeAnomaly", "Unusual number of rows", coverage, sevWarn, "G2", engineer, true,
			"A jump in volume is the first sign of a half export or of a changed selection.",
			"Compare with the system; if the change is real, it becomes the new baseline by itself."},
		{"balance", "Rows unaccounted for", accounting, sevBlock, "G2", engineer, false,
			"Every row read must be loaded, unchanged, merged, quarantined or withheld; a difference is a lost or doubled row.",
			"Do not use this run; report the difference with the run's id."},
		{"cellBalance", "Cells unaccounted for", accounting, sevBlock, "G2", engineer, false,
			"The counts of a column must add up, or its percentages mean nothing.",
			"Do not trust this column's numbers; report it with the run's id."},
		{"registerBalance", "Register does not add up", accounting, sevBlock, "G2", engineer, false,
			"Last night's rows plus added minus removed must be tonight's rows.",
			"Do not use this run; restore the last commit and report the difference."},
		{"quarantineRate", "Rows in quarantine", conformity, sevBlock, "G2", registrar, true,
			"People whose rows are in quarantine are not updated, and new ones are missing.",
			"Open the quarantine of this source and correct the rows where they were typed."},
		{"removedRate", "Rows gone from the source", coverage, sevBlock, "G2", registrar, true,
			"A cut export looks just like people who left, and would remove them.",
			"Compare with the system; if they really left, raise the limit for one night."},
		{"completeness", "Required field empty", completeness, sevWarn, "G2", steward, true,
			"Rows without this field cannot be used for everything that they are kept for.",
			"Fill the field where the row was typed; the next night brings it."},
		{"conformity", "Values that break the rule", conformity, sevBlock, "G2", steward, true,
			"A value that does not pass its rule is left out, as if it had never been given.",
			"Correct the values in the source; the reasons beside the field say which rule."},
		{"identifierConflict", "Identifier conflicts", accuracy, sevWarn, "G2", registrar, true,
			"One identifier with two people, or one person with two, means that somebody's record is wrong.",
			"Decide each pair in the review queue; nothing was joined meanwhile."},
		{"matchReviewRate", "Pairs waiting for review", accuracy, sevWarn, "G2", registrar, true,
			"Until somebody decides, these people may be in the register twice.",
			"Work through the review queue, oldest first."},
		{"retentionOverdue", "Retention overdue", lawfulness, sevBlock, "G3", dpo, false,
			"The notice promises that these records are gone by now (GDPR 5(1)(e)).",
			"Run the due actions, or record the hold that keeps the records."},
		{"noticeUnannounced", "Change of the notice not announced", lawfulness, sevWarn, "G3", dpo, false,
			"The notice promises that people are told of its changes.",
			"Announce the change by a channel that uoma policy changes lists, then record it with uoma policy announced."},
		{"listUntold", "People of a list not told in time", lawfulness, sevWarn, "G3", dpo, false,
			"Whose data comes from elsewhere is told so, and where it is from, within a month at the latest (GDPR 14(3)(a)).",
			"Tell them, and lay the list down again under a later date with a side-car that says sent; or take them out of it."},
		{"consentCoverage", "Withdrawal not honoured", lawfulness, sevBlock, "G3", dpo, false,
			"Somebody withdrew consent or objected and was still used for the purpose (GDPR 7(3), 21).",
			"Stop the use, take the people out of the extract and tell the data protection officer."},
		{"wordOrder", "Consent missing or too late", lawfulness, sevWarn, "G2", dpo, true,
			"The notice says that people are informed, and then consent, before what the check names happens.",
			"Look in the source whether they were asked; if its consents came late, the next night says so."},
		{"reactionTime", "Slow withdrawal", lawfulness, sevWarn, "G3", dpo, true,
			"Withdrawing must be as quick as consenting was.",
			"Find where the word waited: in the portal, the export or the night."},
		{"extractBalance", "Extract does not add up", accounting, sevBlock, "G3", engineer, false,
			"Everyone eligible must be sent, or withheld under a clause of the notice.",
			"Do not send; report the difference with the run's id."},
		{"kAnonymity", "Groups too small to send", confidentiality, sevBlock, "G4", dpo, true,
			"In a group this small a person can be recognised without a name.",
			"Make the listed columns coarser in the profile, or withhold the rows."},
		{"leakScan", "Identifying values in the extract", confidentiality, sevBlock, "G4", dpo, false,
			"An identity code, address or number stands in a column that must not hold one.",
			"Do not send; find the column in the extract's report and correct the layout."},
		{"smallCells", "Small counts in this report", confidentiality, sevBlock, "G4", dpo, false,
			"A count of one to four people may tell who they are.",
			"Do not pass this report on; report it with the run's id."},
		{"reportLeak", "Values in this report", confidentiality, sevBlock, "G4", engineer, false,
			"The report goes to many readers and may hold no value of a person.",
			"The report is not written while there is a hit."},
		{"intake", "Values taken out of this report", confidentiality, sevWarn, "G4", engineer, true,
			"Something that looks like a value came where a name of a column or a code was expected; it was taken out.",
			"Look for a header that is a person's row, a code list that holds values, or a file named after someone."},
		{"receipt", "Delivery without receipt", timeliness, sevWarn, "G4", registrar, true,
			"Without a receipt nobody knows that the extract arrived whole.",
			"Ask the recipient, then fetch the receipt or send the same delivery again."},
		{"deliveryRefused", "Delivery refused", coverage, sevWarn, "G4", registrar, true,
			"The recipient did not take the extract, so the survey lacks these people.",
			"Read the reasons in the receipt and prepare the delivery anew."},
		{"ordersOpen", "Deletion orders without an answer", timeliness, sevWarn, "G4", registrar, true,
			"The source was told to let go of what is over, and nobody knows whether it did.",
			"Ask whoever keeps the source; each order goes out again, under its number, until it is answered."},
		{"ordersRefused", "Deletion orders refused", lawfulness, sevWarn, "G4", registrar, true,
			"The source keeps what is over, or what it said it had let go of, and no case that it lists is the reason.",
			"Compare with the source: release its lock, or have the case entered for which it keeps the data; uoma runs show tells which it is."},
	}
}

// finnish gives the criterion of Statistics Finland's public-sector quality framework beside a dimension.
var finnish = map[string]string{
	completeness: "completeness", conformity: "correctness", consistency: "consistency", coverage: "completeness",
	timeliness: "currentness", accuracy: "accuracy", lawfulness: "our own", confidentiality: "our own", accounting: "our own",
}
