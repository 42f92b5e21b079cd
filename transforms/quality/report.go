package quality

import "time"

// Format and Version name the machine-readable report. Within a version fields are only added.
const (
	Format  = "uoma-quality"
	Version = 1
)

// Report is a judged run. Its fields hold nothing that may not be shown; it is what [JSON] writes.
type Report struct {
	Format     string           `json:"format"`
	Version    int              `json:"version"`
	Run        RunReport        `json:"run"`
	Verdict    string           `json:"verdict"` // pass, warn, block, stop
	Headline   string           `json:"headline"`
	Summary    string           `json:"summary"`
	Reasons    []string         `json:"reasons"` // ids of the checks behind the verdict
	Totals     Totals           `json:"totals"`
	Sources    []SourceReport   `json:"sources"`
	Datasets   []DatasetReport  `json:"datasets"`
	Checks     []Check          `json:"checks"`
	Gates      []Gate           `json:"gates"`
	Matching   *MatchingReport  `json:"matching"`
	Privacy    *PrivacyReport   `json:"privacy"`
	Register   []TableReport    `json:"register"`
	Extracts   []ExtractReport  `json:"extracts"`
	Deliveries []DeliveryReport `json:"deliveries"`
	Trend      []Past           `json:"trend"` // oldest first, this run last
	Stages     []StageReport    `json:"stages"`
	Kinds      []Kind           `json:"kinds"`
	Limits     Limits           `json:"limits"`
	K          int64            `json:"k"`
	// FoldedLists is how many lists hide small counts. The number of hidden cells is not given: it would tell one
	// small cell from another.
	FoldedLists int64 `json:"folded_lists"`
	// Removed is how many strings were taken out because they looked like a value.
	Removed int64 `json:"removed_strings"`
}

// RunReport says which run was judged. Times are RFC 3339 in UTC, "" when not known.
type RunReport struct {
	ID           string `json:"id"`
	Pipeline     string `json:"pipeline"`
	Date         string `json:"date"`
	Mode         string `json:"mode"`
	Attempt      int    `json:"attempt"`
	StartedAt    string `json:"started_at"`
	FinishedAt   string `json:"finished_at"`
	Zone         string `json:"zone"`
	Software     string `json:"software"`
	ConfigDigest string `json:"config_sha256"`
	Policy       Policy `json:"policy"`
	Commit       string `json:"register_commit"`
	Audit        *Audit `json:"audit,omitempty"`
}

// Totals are the sums of the first page.
type Totals struct {
	Rows           Rows  `json:"rows"`
	People         int64 `json:"people"`
	PeopleChange   int64 `json:"people_change"`
	PeopleKnown    bool  `json:"people_known"`
	Sources        int64 `json:"sources"` // feeds
	SourcesFresh   int64 `json:"sources_fresh"`
	SourcesStopped int64 `json:"sources_stopped"`
	Blocking       int64 `json:"blocking"`
	Warnings       int64 `json:"warnings"`
	Deliveries     int64 `json:"deliveries"`
	Receipted      int64 `json:"receipted"`
	Required       Ratio `json:"required"` // required cells that have a value
	Valid          Ratio `json:"valid"`    // given values that pass their rule
}

// Rows says where every row of a source went.
type Rows struct {
	Read        int64 `json:"read"`
	Loaded      int64 `json:"loaded"`
	Unchanged   int64 `json:"unchanged"`
	Merged      int64 `json:"merged"`
	Quarantined int64 `json:"quarantined"`
	Withheld    int64 `json:"withheld"`
	Difference  int64 `json:"difference"` // read minus all others; must be 0
	Skipped     int64 `json:"skipped"`    // lines that are no rows
}

// Plus adds up the rows of two sources.
func (r Rows) Plus(o Rows) Rows {
	return Rows{r.Read + o.Read, r.Loaded + o.Loaded, r.Unchanged + o.Unchanged, r.Merged + o.Merged,
		r.Quarantined + o.Quarantined, r.Withheld + o.Withheld, r.Difference + o.Difference, r.Skipped + o.Skipped}
}

// SourceReport is one feed's export.
type SourceReport struct {
	ID          string  `json:"id"`
	System      string  `json:"system"`
	File        string  `json:"file"`
	State       string  `json:"state"` // loaded, unchanged, empty, stopped
	ExtractedAt string  `json:"extracted_at"`
	ArrivedAt   string  `json:"arrived_at"`
	DueAt       string  `json:"due_at"`
	AgeMinutes  *int64  `json:"age_minutes"`  // run start minus extract time
	LateMinutes *int64  `json:"late_minutes"` // arrival minus agreed arrival; negative is early
	Rows        Rows    `json:"rows"`
	Quarantined Counts  `json:"quarantined"`
	Skipped     Counts  `json:"skipped"`
	Control     *int64  `json:"control_total"`
	Change      Change  `json:"change"`
	Schema      Schema  `json:"schema"`
	Encoding    string  `json:"encoding"`
	Mojibake    int64   `json:"mojibake"`
	Formulas    int64   `json:"formulas"`
	Snapshot    string  `json:"snapshot"`
	ReadAs      string  `json:"read_as,omitempty"` // changes alone, or in full and why, where there is a choice
	Code        string  `json:"code"`
	Reason      string  `json:"reason"`
	Hint        string  `json:"hint"`
	Trend       []int64 `json:"trend"` // rows read in earlier runs and this one
	Worst       string  `json:"worst"` // worst status of its checks
}

// Change is a feed's rows against its last good snapshot.
type Change struct {
	Previous  int64 `json:"previous"`
	Added     int64 `json:"added"`
	Changed   int64 `json:"changed"`
	Removed   int64 `json:"removed"`
	Unchanged int64 `json:"unchanged"`
}

// Schema is a feed's columns against its layout.
type Schema struct {
	Layout    string   `json:"layout"`
	Expected  int      `json:"expected"`
	Missing   []string `json:"missing"`
	Required  []string `json:"required_missing"`
	Unknown   []string `json:"unknown"`
	Reordered bool     `json:"reordered"`
}

// DatasetReport is a feed's content after conforming.
type DatasetReport struct {
	ID         string        `json:"id"`
	Tables     []Cell        `json:"tables"` // canonical tables and rows
	Fields     []FieldReport `json:"fields"`
	Dimensions []Measure     `json:"dimensions"`
	Worst      string        `json:"worst"`
}

// Measure is a dimension's number for a dataset.
type Measure struct {
	Dimension string `json:"dimension"`
	Ratio
	Value string `json:"value"` // percent, "" when not measurable
}

// FieldReport is one column.
type FieldReport struct {
	Name         string `json:"name"`
	Class        string `json:"class"`
	Required     bool   `json:"required"`
	Applicable   int64  `json:"applicable"`
	Present      int64  `json:"present"`
	Missing      int64  `json:"missing"`
	Invalid      Counts `json:"invalid"`
	Warnings     Counts `json:"warnings"`
	Completeness string `json:"completeness"` // percent, "" when not measurable
	Conformity   string `json:"conformity"`
	Codes        *Cells `json:"codes"`
	Worst        string `json:"worst"`
}

// Check is one judged number.
type Check struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"`
	Dimension   string `json:"dimension"`
	Dataset     string `json:"dataset"`
	Field       string `json:"field"`
	Gate        string `json:"gate"`
	Severity    string `json:"severity"`
	Status      string `json:"status"`
	Value       string `json:"value"` // decimal, or "not measurable"
	Unit        string `json:"unit"`  // percent, rows, hours, pairs, …
	Numerator   *int64 `json:"numerator"`
	Denominator *int64 `json:"denominator"`
	Limit       string `json:"limit"`
	Owner       string `json:"owner"`
	Detail      string `json:"detail,omitempty"`
	Why         string `json:"why,omitempty"` // only where somebody has to read it; see kinds
	Do          string `json:"do,omitempty"`
	Since       string `json:"since,omitempty"` // date of the first run in a row that found it
	Runs        int    `json:"runs,omitempty"`  // how many runs in a row
	Waiver      string `json:"waiver,omitempty"`
}

// Gate is a decision: who passes, who does not.
type Gate struct {
	Gate     string   `json:"gate"`
	Dataset  string   `json:"dataset"`
	Decision string   `json:"decision"` // open, open with warnings, closed
	Checks   []string `json:"checks"`   // that decided
}

// MatchingReport is what the resolver did.
type MatchingReport struct {
	Records          int64  `json:"records"`
	Subjects         int64  `json:"subjects"`
	New              int64  `json:"new"`
	Merges           int64  `json:"merges"`
	Splits           int64  `json:"splits"`
	Links            Counts `json:"links"`
	Conflicts        Counts `json:"conflicts"`
	Review           Counts `json:"review"`
	OldestReviewDays *int64 `json:"oldest_review_days"`
	Sizes            Cells  `json:"sizes"`
	Precision        *Ratio `json:"precision"`
	PrecisionLow     string `json:"precision_low"` // 95 % interval (Wilson), percent
	PrecisionHigh    string `json:"precision_high"`
}

// PrivacyReport is the page for the data protection officer. Counts of people are nil when they are one to k-1.
type PrivacyReport struct {
	Consents   []ConsentReport   `json:"consents"`
	Honoured   *Honoured         `json:"withdrawals"`
	Objections Cells             `json:"objections"`
	Withheld   Cells             `json:"withheld"` // rows, by clause
	Retention  []RetentionReport `json:"retention"`
	Suppressed *int64            `json:"suppressed"`
	Protected  *int64            `json:"protected"`
	Restricted *int64            `json:"restricted"`
	Erased     *int64            `json:"erased"`
	MinGroup   *int64            `json:"min_group"`
}

// ConsentReport is what consents come to for one purpose and channel.
type ConsentReport struct {
	Purpose string `json:"purpose"`
	Channel string `json:"channel"`
	States  Cells  `json:"states"`
}

// RetentionReport counts one category's records by what time asks of them. They are records and work to do, not people.
type RetentionReport = Retention

// TableReport is one register table.
type TableReport struct {
	Name       string `json:"name"`
	Previous   int64  `json:"previous"`
	Added      int64  `json:"added"`
	Removed    int64  `json:"removed"`
	Rows       int64  `json:"rows"`
	Difference int64  `json:"difference"` // must be 0
}

// ExtractReport is the selection for one delivery.
type ExtractReport struct {
	Dataset    string `json:"dataset"`
	Recipient  string `json:"recipient"`
	Eligible   int64  `json:"eligible"`
	Sent       int64  `json:"sent"`
	Withheld   int64  `json:"withheld"`
	Clauses    Cells  `json:"clauses"`
	Difference int64  `json:"difference"` // must be 0
	Formulas   int64  `json:"formulas"`
	MinGroup   *int64 `json:"min_group"`
	SmallRows  int64  `json:"small_rows"`
	Leaks      *int64 `json:"leaks"`
}

// DeliveryReport is one delivery.
type DeliveryReport struct {
	ID         string `json:"id"`
	Dataset    string `json:"dataset"`
	Recipient  string `json:"recipient"`
	Sequence   int64  `json:"sequence"`
	State      string `json:"state"`
	Level      string `json:"receipt_level"`
	Status     string `json:"receipt_status"`
	SentAt     string `json:"sent_at"`
	AgeMinutes *int64 `json:"age_minutes"`
	Done       bool   `json:"done"`
}

// StageReport is how long a stage took.
type StageReport struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Millis int64  `json:"elapsed_ms"`
	Rows   int64  `json:"rows"`
}

// moment writes an instant in UTC to the millisecond: a small night takes less than a second.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// stamp writes an instant in UTC.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// minutes gives the whole minutes from a to b, nil when one is not known.
func minutes(a, b time.Time) *int64 {
	if a.IsZero() || b.IsZero() {
		return nil
	}
	m := int64(b.Sub(a) / time.Minute)
	return &m
}
