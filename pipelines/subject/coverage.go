package subject

import (
	"uoma/internal/canon"
	"uoma/transforms/dossier"
)

// How says whether an export holds a place.
type How uint8

const (
	Held    How = iota + 1 // its values are in the export
	Copied                 // what it says is in the export, taken from where it was made of
	Nothing                // it says nothing of any one person
	LeftOut                // it says something, and is left out; the person is told so
)

// Store is a place where data can stand: columns of a table, a file of the resolver's memory, or a folder. Why is said
// wherever the export does not hold its values.
type Store struct {
	Name    string   // "register", "vault", "state" or "folder"
	Table   string   // or file, or folder
	Columns []string // none: the whole
	How     How
	What    string // what it is, for the person, where something is left out
	Why     string
}

const (
	tokens      = "keyed tokens by which rows are joined; they say nothing to anybody but the program"
	bookkeeping = "the program's own book of its runs and versions; it counts and names nobody"
	again       = "worked out every night of what the export holds, and worked out anew for it"
	own         = "what the installation is set up with; it is about nobody of the register"
)

// Stores is the coverage map: every table and column of register and vault, every file of the resolver's memory and every
// folder of a workspace, each with whether an export holds it. A test compares it with a workspace.
func Stores() []Store {
	all := []Store{
		{Name: "register", Table: "link", Columns: []string{"person"}, How: Held},
		{Name: "register", Table: "link", Columns: []string{"record", "since_run"}, How: Nothing, Why: tokens},
		{Name: "register", Table: "subject_event", How: LeftOut, What: "when the program found that records are of one person",
			Why: "the export shows the records as they are joined now; when that was found is the program's own book"},
		{Name: "register", Table: "effective_consent", How: Copied, Why: again},
		{Name: "register", Table: "retention_due", How: Copied, Why: again},
		{Name: "register", Table: "delivery", How: Copied, Why: "who is in a delivery stands in its list, which the export reads"},
		{Name: "register", Table: "sent_row", How: Nothing, Why: tokens},
		{Name: "register", Table: "quarantine", How: Nothing, Why: "places in exports and codes, no values; whose row it was could not be found out"},
		{Name: "register", Table: "review_decision", How: LeftOut, What: "decisions of reviewers that two records are, or are not, of one person",
			Why: "they name records by tokens and reviewers by name; what came of them is in the export"},
		{Name: "register", Table: "review_sample", How: LeftOut, What: "records that were drawn to measure how many links are right",
			Why: "a sample of tokens; nothing follows from being in it"},
		{Name: "register", Table: "audit", How: LeftOut, What: "the log of who looked at or changed what is held of you",
			Why: "it names members of staff; the data protection officer answers when it was looked at, and why"},
		{Name: "register", Table: "review_access", How: LeftOut, What: "who looked at records to decide of them",
			Why: "it names members of staff; the data protection officer answers who looked, and why"},
		{Name: "register", Table: "reveal", How: LeftOut, What: "who was shown whom a pseudonym of yours belongs to",
			Why: "it names members of staff; the data protection officer answers who was shown it, and why"},
		{Name: "register", Table: "word", How: LeftOut, What: "the book of what was said of the use of your data, by hand and in former exports",
			Why: "what counts today is in the export; the data protection officer shows the whole book"},
		{Name: "register", Table: "kept_word", How: Copied, Why: "objections of rows that are gone count on and stand among those of the export"},
		{Name: "register", Table: "subject_request", How: LeftOut, What: "the book of what you asked for and were answered",
			Why: "it names members of staff; the answers went to you"},
		{Name: "register", Table: "rectification", How: LeftOut, What: "corrections that a source has still to make",
			Why: "of the right value a keyed token alone is kept; the data protection officer says what is pending"},
		{Name: "register", Table: "legal_disclosure", How: LeftOut, What: "whom your data was disclosed to because a law wants it",
			Why: "the law may forbid to tell of it; the data protection officer answers where it does not"},
		{Name: "register", Table: "lapse", How: LeftOut, What: "which data of yours was removed because its time was over",
			Why: "the data is gone; what is kept are tokens by which it does not come back"},
	}
	all = append(all, Store{Name: "register", Table: "erased_record", How: Nothing, Why: "tokens of records of people who were erased: of them there is nothing to export"})
	for _, t := range []string{"breach", "breach_notice", "anonymous_count", "retention_review", "erasure_head", "announcement", "deletion_order", "list_notice"} {
		all = append(all, Store{Name: "register", Table: t, How: Nothing, Why: "numbers and dates that are of no one person"})
	}
	for _, t := range []string{"run", "stage", "snapshot", "account", "watermark", "state", "lease", "audit_head", "audit_seal", "token_epoch", "ledger_version", "register_version", "outbox_version"} {
		all = append(all, Store{Name: "register", Table: t, How: Nothing, Why: bookkeeping})
	}
	all = append(all, canonical()...)
	all = append(all,
		Store{Name: "vault", Table: "identity", Columns: []string{"source_key", "source", "names", "identifiers", "contacts"}, How: Held},
		Store{Name: "vault", Table: "identity", Columns: []string{"record", "subject", "epoch"}, How: Nothing, Why: tokens},
		Store{Name: "vault", Table: "subject", How: Nothing, Why: "the key under which the person's cells are sealed; shown to nobody"},
		Store{Name: "vault", Table: "pseudonym", How: Nothing, Why: tokens},
		Store{Name: "vault", Table: "random_pseudonym", How: Nothing, Why: tokens},
		Store{Name: "vault", Table: "vault_token_epoch", How: Nothing, Why: bookkeeping},
		Store{Name: "vault", Table: "suppression", How: Nothing, Why: "keyed marks of people who were erased: of them there is nothing to export"},
		Store{Name: "vault", Table: "kept_word", How: Nothing, Why: "objections under keyed marks, of people who are not in the register"},
		Store{Name: "vault", Table: "spread_word", How: Nothing, Why: "the same, under other marks of the same people"},
		Store{Name: "vault", Table: "vault_erasure_head", How: Nothing, Why: bookkeeping},
		Store{Name: "vault", Table: "vault_version", How: Nothing, Why: bookkeeping},
	)
	for _, f := range []string{"members", "links", "rows", "facts", "held", "decided", "review", "retired"} {
		all = append(all, Store{Name: "state", Table: f, How: LeftOut, What: "the encrypted memory of the comparison of records",
			Why: "it holds the same names, dates and contact points in the form in which they are compared, and national codes where the notice " +
				"lets them serve for that alone; the systems that are named as sources show them"})
	}
	for _, f := range []string{"so-far", "changes", "vault-begun", "vault-done", "strip-begun", "strip-done"} {
		all = append(all, Store{Name: "state", Table: f, How: Nothing, Why: bookkeeping})
	}
	return append(all,
		Store{Name: "state", Table: "points", How: Nothing, Why: "contact points of people who were erased, until a night that was cut short is finished"},
		Store{Name: "state", Table: "deliveries", How: Held},
		Store{Name: "folder", Table: "snapshots", How: LeftOut, What: "encrypted copies of the sources' exports",
			Why: "the export holds the same rows as they were understood; the copies are removed by their own retention, and the systems that are named as sources show the originals"},
		Store{Name: "folder", Table: "quarantine", How: LeftOut, What: "encrypted rows that could not be used",
			Why: "they could not be read, or nobody knows whose they are; they are removed by their own retention"},
		Store{Name: "folder", Table: "inbox", How: LeftOut, What: "the sources' exports as they arrive", Why: "they belong to the systems that wrote them"},
		Store{Name: "folder", Table: "outbox", How: Copied, Why: "sealed for the recipient, nobody here can open them; the export says what was sent"},
		Store{Name: "folder", Table: "state", How: Copied, Why: "its files are listed one by one"},
		Store{Name: "folder", Table: "work", How: Nothing, Why: "empty between runs"},
		Store{Name: "folder", Table: "reports", How: Nothing, Why: "counts of people, small ones folded"},
		Store{Name: "folder", Table: "receipts", How: Nothing, Why: "what the recipient confirms of a whole delivery"},
		Store{Name: "folder", Table: "keys", How: Nothing, Why: own},
		Store{Name: "folder", Table: "recipients", How: Nothing, Why: own},
		Store{Name: "folder", Table: "layouts", How: Nothing, Why: own},
		Store{Name: "folder", Table: "policies", How: Nothing, Why: own},
		Store{Name: "folder", Table: "pipelines", How: Nothing, Why: own},
		Store{Name: "folder", Table: "targets", How: Nothing, Why: own},
		Store{Name: "folder", Table: "schedules", How: Nothing, Why: own},
	)
}

// canonical lists the register's tables of canonical rows, column by column: a column that is added has to be put here.
func canonical() []Store {
	leading := []string{"source", "source_key", "seq", "category", "legal_basis", "first_seen_run", "last_seen_run"}
	var out []Store
	for _, t := range []struct {
		name    string
		columns []string
	}{
		{"person", []string{"institution_code", "birth_year", "title", "sex", "nationality", "mother_tongue", "contact_language",
			"home_municipality", "deceased", "deceased_date", "protected", "modified_at"}},
		{"study", []string{"right_key", "type", "start", "end", "state", "state_from", "programme_code", "programme_name", "degree_code",
			"field", "field_version", "group", "unit", "campus", "municipality", "language", "funding", "institution_code"}},
		{"degree", []string{"key", "right_key", "date", "code", "title", "ects", "grade", "scale", "institution_code", "subject"}},
		{"enrolment", []string{"term_start", "term_end", "state", "right_key", "date", "institution_code"}},
		{"employment", []string{"employer", "employer_id", "title", "unit_code", "unit", "start", "end", "status"}},
		{"org", []string{"key", "name", "business_id"}},
		{"role", []string{"kind", "from", "to"}},
		{"consent", []string{"purpose", "topic", "channel", "state", "time", "consent_source", "text_version"}},
		{"objection", []string{"scope", "channel", "time"}},
		{"event", []string{"key", "name", "date", "invited", "responded", "attended"}},
		{"payment", []string{"key", "amount", "currency", "date", "status"}},
		{"internship", []string{"key", "employer", "start", "end", "status"}},
		{"project", []string{"key", "name", "role", "task", "state", "start", "end"}},
		{"exam", []string{"key", "name", "booked_from", "booked_to", "no_show", "date", "grade", "scale", "published_at"}},
		{"recording", []string{"key", "camera", "start", "end", "hold"}},
		{"access", []string{"time", "door", "card", "result"}},
		{"interaction", []string{"time", "channel", "direction"}},
		{canon.Attribution, []string{"provider", "licence", "licence_until", "changed_at"}},
	} {
		out = append(out,
			Store{Name: "register", Table: t.name, Columns: append(append([]string{}, leading...), t.columns...), How: Held},
			Store{Name: "register", Table: t.name, Columns: []string{"record"}, How: Nothing, Why: tokens})
	}
	return append(out, Store{Name: "register", Table: canon.Attribution, Columns: []string{"author"}, How: LeftOut, What: "who last changed a row in its source",
		Why: "it names members of staff, as a token that is the same in the rows of others; when it was changed is in the export"})
}

// told is what the person is told of places that the export does not hold.
func told() []dossier.LeftOut {
	out := []dossier.LeftOut{}
	for _, s := range Stores() {
		x := dossier.LeftOut{What: s.What, Reason: s.Why}
		if s.How == LeftOut && (len(out) == 0 || out[len(out)-1] != x) {
			out = append(out, x)
		}
	}
	return out
}
