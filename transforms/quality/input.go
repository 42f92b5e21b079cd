package quality

import "time"

// Input is the facts of one run. The zero value of a part means that the part did not run or has nothing to say; a
// pointer that is nil means not known, which is something else than zero.
type Input struct {
	Run        Run        `json:"run"`
	Limits     Limits     `json:"limits"`
	Sources    []Source   `json:"sources"`
	Datasets   []Dataset  `json:"datasets"`
	Fields     []Field    `json:"fields"`
	Matching   *Matching  `json:"matching,omitempty"`
	Privacy    *Privacy   `json:"privacy,omitempty"`
	Extracts   []Extract  `json:"extracts"`
	Deliveries []Delivery `json:"deliveries"`
	Orders     []Orders   `json:"orders"`
	Register   []Table    `json:"register"`
	History    []Past     `json:"history"` // earlier runs, oldest first; the last 30 are used
	Stages     []Stage    `json:"stages"`
	Untold     []Untold   `json:"untold,omitempty"` // lists of whose people some are to be told where the list is from
	Unread     []string   `json:"unread,omitempty"` // feeds that are read no more, of which the register has rows
	Waivers    []Waiver   `json:"waivers"`
}

// Counts is how often each code came up. A code is a name of a rule, state, clause or reason.
type Counts map[string]int64

// Total gives the sum.
func (c Counts) Total() (n int64) {
	for _, v := range c {
		n += v
	}
	return n
}

// Run says which run is reported.
type Run struct {
	ID           string    `json:"id"` // "nightly-2026-11-22"
	Pipeline     string    `json:"pipeline"`
	Date         string    `json:"date"` // logical date, YYYY-MM-DD
	Mode         string    `json:"mode"` // nightly, backfill, manual
	Attempt      int       `json:"attempt"`
	Started      time.Time `json:"started_at,omitzero"`
	Finished     time.Time `json:"finished_at,omitzero"` // of the last stage before the report
	Zone         string    `json:"zone"`                 // in which people read times, "Europe/Helsinki"; "" is UTC
	Software     string    `json:"software"`             // name and version
	ConfigDigest string    `json:"config_digest"`        // hex SHA-256, as all digests
	Policy       Policy    `json:"policy"`
	Commit       string    `json:"register_commit"` // the night's commit in the register, "" when nothing was committed
	Audit        *Audit    `json:"audit,omitempty"` // nil while the audit log is empty
}

// Audit is the last signed head of the audit log. Kept here, outside the database, it proves that nothing before it was cut off.
type Audit struct {
	Number int64  `json:"number"` // of entries
	Chain  string `json:"chain"`  // hex
}

// Policy is the pack in force on the run's logical date.
type Policy struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

// Source is what became of one feed's export.
type Source struct {
	Feed      string    `json:"feed"`   // "peppi/alumnit"
	System    string    `json:"system"` // "peppi"
	File      string    `json:"file"`   // relative to the inbox
	Extracted time.Time `json:"extracted_at,omitzero"`
	Arrived   time.Time `json:"arrived_at,omitzero"`
	DueBy     time.Time `json:"due_at,omitzero"` // agreed arrival, zero when none is agreed

	// Every row read ends in exactly one of loaded, unchanged, merged, quarantined, withheld.
	Read        int64  `json:"read"`
	Loaded      int64  `json:"loaded"`
	Unchanged   int64  `json:"unchanged"`
	Merged      int64  `json:"merged"`
	Quarantined Counts `json:"quarantined"` // by reason code
	Withheld    Counts `json:"withheld"`    // by clause of the notice
	Skipped     Counts `json:"skipped"`     // lines that are no rows (titles, subtotals, end marks), by reason
	Control     *int64 `json:"control,omitempty"`

	// Against the last good snapshot.
	Previous int64 `json:"previous"`
	Added    int64 `json:"added"`
	Changed  int64 `json:"changed"`
	Removed  int64 `json:"removed"`

	Columns   int      `json:"columns"` // how many columns the layout expects
	Unknown   []string `json:"unknown_columns"`
	Missing   []string `json:"missing_columns"`  // columns that the layout expects and the export has not
	Required  []string `json:"required_missing"` // of these, the required ones
	Reordered bool     `json:"reordered"`
	Encoding  string   `json:"encoding"`
	Mojibake  int64    `json:"mojibake"` // cells that look decoded twice
	Formulas  int64    `json:"formulas"` // text cells that a spreadsheet would compute: = + - @ TAB CR

	ReadAs string `json:"read_as,omitempty"` // how the rows were read where there is a choice: as changes, or in full and why
	Digest string `json:"snapshot"`          // of the snapshot, "" when the feed did not land
	Layout string `json:"layout,omitempty"`  // digest of the layout
	Code   string `json:"code,omitempty"`    // why the source stopped, "UOMA-LND-SHRUNK"
	Reason string `json:"reason,omitempty"`  // one sentence
	Hint   string `json:"hint,omitempty"`
}

// Dataset is how many rows of a canonical table a feed gave.
type Dataset struct {
	Feed  string `json:"feed"`
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Field is how the cells of one column of a feed fared. Applicable = Present + Missing + Invalid.
type Field struct {
	Feed       string   `json:"feed"`
	Column     string   `json:"column"`
	Class      string   `json:"class"` // plain, quasi, key, name, identifier, contact, free_text; "" is read as identifier
	Targets    []string `json:"targets,omitempty"`
	Required   bool     `json:"required"`
	Applicable int64    `json:"applicable"`
	Present    int64    `json:"present"` // cells with a valid value
	Missing    int64    `json:"missing"`
	Invalid    Counts   `json:"invalid"`            // by reason code
	Warnings   Counts   `json:"warnings"`           // by code; such a cell is counted above too
	Codes      Counts   `json:"codes,omitempty"`    // values of a code list; used for class plain and quasi alone
	Examples   []string `json:"examples,omitempty"` // never used: what is here is dropped and counted
}

// Matching is what the resolver did.
type Matching struct {
	Records   int64  `json:"records"`
	Subjects  int64  `json:"subjects"`
	New       int64  `json:"new"`
	Links     Counts `json:"links"`     // joined records, by rule
	Conflicts Counts `json:"conflicts"` // refused joins, by kind
	Review    Counts `json:"review"`    // pairs that wait for a person, by rule
	Merges    int64  `json:"merges"`    // subjects that became one
	Splits    int64  `json:"splits"`
	Sizes     Counts `json:"sizes"` // subjects by number of records: "1", "2", … "9+"

	OldestReviewDays *int64  `json:"oldest_review_days,omitempty"`
	Sample           *Sample `json:"sample,omitempty"`
}

// Sample is a reviewed sample of automatic links.
type Sample struct {
	Reviewed int64 `json:"reviewed"`
	Correct  int64 `json:"correct"`
}

// Privacy is what the policy came to.
type Privacy struct {
	Consents   []Consent   `json:"consents"`
	Honoured   *Honoured   `json:"withdrawals,omitempty"`
	Objections Counts      `json:"objections"` // people, by scope
	Sequences  []Sequence  `json:"sequences,omitempty"`
	Retention  []Retention `json:"retention"`
	Suppressed int64       `json:"suppressed"` // erased people whom a source still exported
	Protected  int64       `json:"protected"`  // people under an address protection order
	Restricted int64       `json:"restricted"`
	Erased     int64       `json:"erased"` // subjects whose key was destroyed in this run
	MinGroup   *int64      `json:"min_group,omitempty"`
	// Unannounced counts who has still to be told of changes of the notice: audiences and versions.
	Unannounced int64 `json:"unannounced,omitempty"`
}

// Sequence counts people whose words do not stand in the order that the notice wants.
type Sequence struct {
	ID     string `json:"id"`
	Broken int64  `json:"broken"`
}

// Consent counts people by what their consents come to, for one purpose and channel.
type Consent struct {
	Purpose   string `json:"purpose"`
	Channel   string `json:"channel"`
	Granted   int64  `json:"granted"`
	Refused   int64  `json:"refused"`
	Withdrawn int64  `json:"withdrawn"`
	Expired   int64  `json:"expired"`
	Unknown   int64  `json:"unknown"`
}

// Honoured says whether withdrawals took effect.
type Honoured struct {
	Withdrawn int64  `json:"withdrawn"`               // withdrawals and objections in force
	Used      int64  `json:"used"`                    // of these, people still used or sent for the purpose: must be 0
	SlowestH  *int64 `json:"slowest_hours,omitempty"` // longest time from word to effect
}

// Retention counts records of one category by what time asks of them.
type Retention struct {
	Category string `json:"category"`
	Clause   string `json:"clause"`
	Records  int64  `json:"records"`
	Due      int64  `json:"due"`     // actions due on this date
	Done     int64  `json:"done"`    // of these, done in this run
	Held     int64  `json:"held"`    // kept by a hold
	Overdue  int64  `json:"overdue"` // due earlier, neither done nor held: must be 0
	Next     string `json:"next,omitempty"`
}

// Extract is the selection for one delivery. Eligible = Sent + Withheld.
type Extract struct {
	Dataset   string `json:"dataset"`
	Recipient string `json:"recipient"`
	Eligible  int64  `json:"eligible"`
	Sent      int64  `json:"sent"`
	Withheld  Counts `json:"withheld"` // by clause
	Formulas  int64  `json:"formulas"`
	MinGroup  *int64 `json:"min_group,omitempty"` // smallest group over the declared quasi-identifiers
	SmallRows int64  `json:"small_rows"`          // rows in groups under the limit
	Leaks     *int64 `json:"leaks,omitempty"`     // pattern hits in outbound columns; nil: not scanned
}

// Orders are those that a target gives to a source, to let go of what retention ended, as its runs left them.
type Orders struct {
	Target   string `json:"target"`
	Open     int64  `json:"open"`     // given on an earlier night, and not answered
	Findings int64  `json:"findings"` // refused, or contradicted by what the source lists
}

// Untold is a list, bought or gathered, of whose people some are still to be told (GDPR 14).
type Untold struct {
	Feed    string `json:"feed"`
	People  int64  `json:"people"`
	By      string `json:"by"` // last day
	Overdue bool   `json:"overdue"`
}

// Delivery is one delivery and how far it got.
type Delivery struct {
	ID        string    `json:"id"`
	Dataset   string    `json:"dataset"`
	Recipient string    `json:"recipient"`
	Sequence  int64     `json:"sequence"`
	State     string    `json:"state"`
	Level     string    `json:"receipt_level"` // "" while there is no receipt
	Status    string    `json:"receipt_status"`
	Sent      time.Time `json:"sent_at,omitzero"` // age counts from here while there is no receipt
	Done      bool      `json:"done"`
}

// Table is the number of rows of one register table before and after.
type Table struct {
	Name     string `json:"name"`
	Previous int64  `json:"previous"`
	Added    int64  `json:"added"`
	Removed  int64  `json:"removed"`
	Rows     int64  `json:"rows"`
	People   bool   `json:"people,omitempty"` // its rows are people
}

// Past is an earlier run, for trends and baselines.
type Past struct {
	Run         string   `json:"run"`
	Date        string   `json:"date"`
	Mode        string   `json:"mode"`
	Verdict     string   `json:"verdict"`
	People      int64    `json:"people"`
	Read        int64    `json:"read"`
	Loaded      int64    `json:"loaded"`
	Quarantined int64    `json:"quarantined"`
	Withheld    int64    `json:"withheld"`
	Review      int64    `json:"review"`
	Filled      int64    `json:"filled"`     // required cells with a value
	Applicable  int64    `json:"applicable"` // required cells
	Feeds       Counts   `json:"feeds"`      // rows read per feed
	Open        []string `json:"open"`       // ids of checks that warned or failed
}

// Stage is how long a stage took.
type Stage struct {
	Name    string        `json:"name"`
	State   string        `json:"state"`
	Elapsed time.Duration `json:"elapsed_ns"`
	Rows    int64         `json:"rows"`
}

// Waiver lets a check pass until a day, on a person's word. Reason is a code or a register entry's number, no prose.
type Waiver struct {
	Check  string `json:"check"`
	Reason string `json:"reason"`
	By     string `json:"by"`     // role
	Second string `json:"second"` // role of the second person, needed where the check blocks
	From   string `json:"from"`   // YYYY-MM-DD
	Until  string `json:"until"`  // last day, at most 30 days after From
}

// Limits are the settings of checks. Zero fields take the default. Shares are in hundredths of a percent.
type Limits struct {
	QuarantineWarn   int64 `json:"quarantine_warn"`     // 100: 1 %
	QuarantineBlock  int64 `json:"quarantine_block"`    // 500: 5 %
	RemovedWarn      int64 `json:"removed_warn"`        // 100: 1 %
	RemovedBlock     int64 `json:"removed_block"`       // 200: 2 %
	CompletenessWarn int64 `json:"completeness_warn"`   // 9900: required fields
	ConformityWarn   int64 `json:"conformity_warn"`     // 9900
	ConformityBlock  int64 `json:"conformity_block"`    // 5000: the column holds something else
	ReviewWarn       int64 `json:"review_warn"`         // 50 pairs
	AgeWarnHours     int64 `json:"age_warn_hours"`      // 36
	AgeBlockHours    int64 `json:"age_block_hours"`     // 168
	ReceiptWarnHours int64 `json:"receipt_warn_hours"`  // 24
	ReactionHours    int64 `json:"reaction_warn_hours"` // 48: word to effect
	AnomalyZ         int64 `json:"anomaly_z"`           // 350: robust z of 3.5
	K                int64 `json:"k"`                   // 5; a smaller one is raised to it
}

// DefaultLimits gives the limits that zero fields take.
func DefaultLimits() Limits {
	return Limits{QuarantineWarn: 100, QuarantineBlock: 500, RemovedWarn: 100, RemovedBlock: 200, CompletenessWarn: 9900,
		ConformityWarn: 9900, ConformityBlock: 5000, ReviewWarn: 50, AgeWarnHours: 36, AgeBlockHours: 168,
		ReceiptWarnHours: 24, ReactionHours: 48, AnomalyZ: 350, K: 5}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, p := range []struct {
		v *int64
		d int64
	}{{&l.QuarantineWarn, d.QuarantineWarn}, {&l.QuarantineBlock, d.QuarantineBlock}, {&l.RemovedWarn, d.RemovedWarn},
		{&l.RemovedBlock, d.RemovedBlock}, {&l.CompletenessWarn, d.CompletenessWarn}, {&l.ConformityWarn, d.ConformityWarn},
		{&l.ConformityBlock, d.ConformityBlock}, {&l.ReviewWarn, d.ReviewWarn}, {&l.AgeWarnHours, d.AgeWarnHours},
		{&l.AgeBlockHours, d.AgeBlockHours}, {&l.ReceiptWarnHours, d.ReceiptWarnHours}, {&l.ReactionHours, d.ReactionHours},
		{&l.AnomalyZ, d.AnomalyZ}, {&l.K, d.K}} {
		if *p.v == 0 {
			*p.v = p.d
		}
	}
	l.K = max(l.K, d.K)
	return l
}
