package workspace

import (
	"path"
	"slices"
	"strings"

	"uoma/connectors/register"
)

// Place is a table or a kind of file of a workspace, and what an erasure does to it.
type Place struct {
	Store  string // "register", "vault" or "files"
	Name   string // of the table, or a pattern of the path below the workspace
	Holds  string // what of a person is in it, "" when nothing
	Erased string // what an erasure does, or why nothing is to be done
}

// Stores of a [Place].
const (
	inRegister = "register"
	inVault    = "vault"
	inFiles    = "files"
)

// Places is the map of every place where a workspace keeps anything. Nothing may be kept in a place that is not on it
// (TestThreat_T21_EveryPlaceIsOnTheMap).
func Places() []Place {
	var out []Place
	for _, t := range register.Tables() {
		out = append(out, Place{inRegister, t.Name, "rows under tokens", "the rows of the person's records go"})
	}
	return append(out, []Place{
		{inRegister, "link", "records and persons", "the person's links go"},
		{inRegister, "subject_event", "who became who", "the person's events go"},
		{inRegister, "effective_consent", "what words come to", "goes with the person's last link"},
		{inRegister, "kept_word", "words against a use", "goes with the person's last link"},
		{inRegister, "word", "what was said of uses, by hand and before", "the person's go"},
		{inRegister, "subject_request", "what the person asked for", "stays, as the proof that it was answered; the token leads to nobody"},
		{inRegister, "rectification", "keyed tokens of right values", "the person's go"},
		{inRegister, "legal_disclosure", "what a law had disclosed", "stays, as the law wants it; the token leads to nobody"},
		{inRegister, "reveal", "pseudonyms that somebody was shown", "stays, as the proof of who looked; the pseudonym leads to nobody"},
		{inRegister, "breach", "", "numbers and places"},
		{inRegister, "breach_notice", "", "who was told"},
		{inRegister, "retention_due", "what is due", "goes with the person's last link"},
		{inRegister, "erased_record", "tokens of records that were erased", "the person's come in, by which recipients of their rows are told"},
		{inRegister, "lapse", "tokens of rows whose time was over", "those of the person go"},
		{inRegister, "anonymous_count", "", "numbers that lead back to nobody stay"},
		{inRegister, "quarantine", "", "places and codes without a value stay; the rows are files"},
		{inRegister, "review_decision", "tokens of records", "the person's go, but that somebody else is not them"},
		{inRegister, "review_sample", "tokens of records", "the person's go"},
		{inRegister, "review_access", "tokens of records", "the tokens go, that somebody looked stays"},
		{inRegister, "audit", "the person's token", "the log of who did what stays, as the proof that the erasure was made"},
		{inRegister, "delivery", "", "states and digests stay; who was sent is worked out from the register"},
		{inRegister, "sent_row", "keyed tokens of rows that a system of others has", "stays until that system was told: the row is cleared there, and its token goes"},
		{inRegister, "erasure_head", "", "how far the book of erasures was heeded"},
		{inRegister, "token_epoch", "", "under which keys the tokens of the register stand"},
		{inRegister, "run", "", "counts"},
		{inRegister, "stage", "", "counts and digests"},
		{inRegister, "snapshot", "", "digests; that of a snapshot which was emptied is another"},
		{inRegister, "account", "", "counts"},
		{inRegister, "watermark", "", "digests"},
		{inRegister, "state", "", "digests"},
		{inRegister, "lease", "", "who is at work"},
		{inRegister, "retention_review", "", "who looked at a category"},
		{inRegister, "deletion_order", "", "what sources are to let go of, by numbers that no row of the register has"},
		{inRegister, "list_notice", "", "what lists said of telling their people"},
		{inRegister, "announcement", "", "which versions of the notice people were told of"},
		{inRegister, "audit_head", "", "a number and a digest"},
		{inRegister, "audit_seal", "", "signatures"},
		{inRegister, "*_version", "", "releases of tables"},
		{inRegister, "sqlite_*", "", "the store's own"},
		{inVault, "subject", "the person's key", "the key is overwritten and removed; a mark stays that no entry comes under it again"},
		{inVault, "identity", "everything sealed under the key", "the person's entries go"},
		{inVault, "pseudonym", "which pseudonym is whose", "the person's goes with the key"},
		{inVault, "random_pseudonym", "which random pseudonym is whose", "the person's go with the key"},
		{inVault, "vault_token_epoch", "", "under which keys the tokens of the vault stand"},
		{inVault, "suppression", "keyed marks", "the person's marks come in, by which the next export's rows are withheld"},
		{inVault, "kept_word", "words under keyed marks", "those under the person's marks go"},
		{inVault, "spread_word", "the same under later marks of a person, and the first mark", "those under the person's marks go"},
		{inVault, "vault_erasure_head", "", "how far the book of erasures was heeded"},
		{inVault, "*_version", "", "releases of tables"},
		{inVault, "sqlite_*", "", "the store's own"},
		{inFiles, "register.db*", "the register", "deleted bytes are overwritten, freed pages given back, the log folded in"},
		{inFiles, "vault.db*", "the vault", "as the register's"},
		{inFiles, "snapshots/**", "exports as they came, encrypted", "the person's rows are emptied in every snapshot, the files of before go"},
		{inFiles, "state/deliveries/**", "who was sent, as tokens, encrypted", "stays: the recipient must be told"},
		{inFiles, "state/**", "what the resolver remembers, encrypted", "written anew without the person, the files of before go"},
		{inFiles, "quarantine/**", "refused rows, encrypted", "the person's rows are emptied"},
		{inFiles, "work/**", "spools of a night at work, keys of rows under way into a table, encrypted", "gone with the night; what a killed one left goes, keys when the next run of the target has asked the table"},
		{inFiles, "outbox/**", "packages, encrypted to the recipient alone", "one that is not sent is made anew without the person; of one that was sent the recipient must be told"},
		{inFiles, "outgoing/**", "files of targets that nobody has fetched yet", "they are the recipient's, who must be told; one that is not whole is made anew without the person"},
		{inFiles, "asked/**", "recipients' lists of whom they ask for", "they are the recipient's; remove a list when it was answered"},
		{inFiles, "receipts/**", "", "digests and signatures"},
		{inFiles, "reports/**", "", "numbers of groups"},
		{inFiles, "erasures/**", "keyed marks", "the erasure comes in; the book outlives backups"},
		{inFiles, "backfills/**", "registers of replays under tokens", "remove the folder: a replay is made anew"},
		{inFiles, "inbox/**", "exports", "they are the source's; a night withholds the person's rows"},
		{inFiles, "keys/**", "", "keys of the workspace"},
		{inFiles, "recipients/**", "", "pins"},
		{inFiles, "layouts/**", "", "documents"},
		{inFiles, "policies/**", "", "documents"},
		{inFiles, "pipelines/**", "", "documents"},
		{inFiles, "targets/**", "", "documents"},
		{inFiles, "schedules/**", "", "documents"},
		{inFiles, FileName, "", "settings"},
		{inFiles, OperatorsFile, "accounts of those who may do what", "people of the staff, who are taken out by hand"},
	}...)
}

// PlaceOf finds the place of a table ("register", "vault") or a file ("files") on the map.
func PlaceOf(store, name string) (Place, bool) {
	all := Places()
	i := slices.IndexFunc(all, func(p Place) bool { return p.Store == store && p.is(name) })
	if i < 0 {
		return Place{}, false
	}
	return all[i], true
}

func (p Place) is(name string) bool {
	if folder, ok := strings.CutSuffix(p.Name, "/**"); ok {
		return strings.HasPrefix(name, folder+"/")
	}
	ok, err := path.Match(p.Name, name)
	return err == nil && ok
}
