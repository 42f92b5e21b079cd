// Package nightly holds the stages of the nightly pipeline: land, conform, resolve, protect, load, govern, report.
//
//	land     each feed's export → an encrypted snapshot; a bad export stops its system alone
//	conform  the snapshot's rows → canonical rows, spooled encrypted; what cannot be used → quarantine
//	resolve  person records → subjects, on the state of the last committed night
//	protect  canonical rows → register rows and vault entries, spooled encrypted
//	load     the vault first, then register, ledger and resolver state in one transaction: the night's commit
//	govern   register × policy → effective consents, due retention
//	report   what the stages left in the ledger → quality report
//
// Land and load are checkpoints: a killed night takes no second snapshot, and does not load twice. Between them
// everything is computed from snapshots and the committed state, so that computing it again gives the same.
//
// The package wires connectors to transforms; meaning lives in the transforms, bytes in the connectors.
package nightly

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/blob"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/resolve"
)

// Night is what the stages of one run share.
type Night struct {
	ws      *workspace.Workspace
	layouts []*layout.Layout
	pack    *policy.Pack
	inbox   Inbox
	check   func(context.Context, *sqlx.Tx) error // proves before the commit that the run still holds its lease

	replayOf *workspace.Workspace // whose snapshots are replayed instead of landing exports

	feeds                      map[string]*feedNight      // by full name; what is known of each landed feed
	redo                       bool                       // the rows of some feed are all decided anew
	positions                  map[string]position        // by feed: from where on changes are asked for
	decided                    map[string]string          // by feed: the configuration that its rows were last decided under
	remembered                 map[string]*rememberedFeed // by feed: what the last night left of its rows
	toldBefore                 map[string][]rowFact       // by feed: what the rows of the last night said of memberships
	toldDigest                 string                     // of the file with what tonight's rows say of memberships, once it is written
	linksDigest                string                     // of the file with the resolver's table of linked records, once it is written
	countsBefore               map[string]register.Count  // of the register before the night
	who                        changesOfWho               // what happened to subjects on this night
	lapses                     lapses                     // what has outlived its period
	back                       []register.Part            // of it, what is here again tonight
	present                    map[string]bool            // subjects of tonight, once somebody asked
	heir                       map[string]string          // of subjects that were given up tonight, beside it
	holders                    map[recordKey][]string     // subjects by contact point, once somebody asked
	words                      map[string][]vault.Word    // by subject: what was said before data was removed
	spread                     []vault.Word               // of the words, those to be laid under marks where they do not stand yet
	stray                      []vault.Word               // and those to be taken from marks of people who did not say them
	marked                     []vault.Suppression        // contact points of those who turned out to be erased
	pastPoints                 map[string][]string        // and all that they have and had, by subject
	leftPoints                 []pastPoint                // of these, those that no store may know when the night is killed
	having                     map[string]string          // who of those who are known has a contact point; [several] of several
	withheldBefore             map[string][]withheldRow   // by feed: source rows that were withheld on the last night
	touched                    map[string]bool            // source rows of earlier nights that changed, went or came back
	doubted                    []string                   // source rows of which tonight's version cannot be used
	engine                     *resolve.Engine
	resolved                   *resolve.Result
	standing                   *standings
	withheld                   map[string][]withheldRow // by feed: source rows withheld tonight, besides those that feedNight.rows has
	gaveWay                    []string                 // tokens of touched source rows that are withheld tonight
	orphaned                   []string                 // tokens of touched source rows whose person no row names tonight
	open                       *register.Night          // of a dry run: what it would have committed
	recordKept, recordWithheld map[string]bool          // records of which a row was kept, or withheld, tonight, by token
	ahead                      bool                     // the vault is not of one night with the register; see [Night.vaultAhead]
	everything                 bool                     // so many rows are decided tonight that what did not change is not told apart
	decidedRecords             map[recordKey]bool       // records of which a row is decided tonight, unless everything is

	mu sync.Mutex
}

// feedNight is one feed on one night.
type feedNight struct {
	layout  *layout.Layout
	feed    *layout.Feed
	facts   FeedFacts
	changes *changes
	ended   [][]byte     // keys of rows that the layout refuses tonight, of which what was loaded ends
	base    string       // digest of the last good snapshot of an earlier date, "" when there is none
	barred  []byte       // a bit a row of base: it was [barred] there
	rows    *rowsTonight // what conform and protect make of the rows
}

// New prepares a night over an open workspace. check is called inside the night's transaction, last before its commit.
func New(ws *workspace.Workspace, layouts []*layout.Layout, pack *policy.Pack, inbox Inbox, check func(context.Context, *sqlx.Tx) error) *Night {
	return &Night{
		ws: ws, layouts: layouts, pack: pack, inbox: inbox, check: check,
		feeds: map[string]*feedNight{}, withheld: map[string][]withheldRow{}, touched: map[string]bool{},
		recordKept: map[string]bool{}, recordWithheld: map[string]bool{}, decidedRecords: map[recordKey]bool{},
	}
}

// Close gives up what a dry run would have committed.
func (n *Night) Close() {
	if n.open != nil {
		n.open.Rollback()
	}
}

// sweep removes what killed programs left half-written. The run holds its lease.
func (n *Night) sweep(r *pipelines.Run) error {
	if r.Dry {
		return nil
	}
	for _, s := range []*blob.Store{n.ws.Snapshots, n.ws.State, n.ws.Quarantine, n.ws.Work} {
		if err := s.Sweep(); err != nil {
			return err
		}
	}
	return nil
}

// Stages gives the stages in order.
func (n *Night) Stages() []pipelines.Stage {
	var first pipelines.Stage = land{n}
	if n.replayOf != nil {
		first = replay{n}
	}
	return []pipelines.Stage{first, conformStage{n}, resolveStage{n}, protectStage{n}, load{n}, govern{n}, report{n}}
}

// each calls visit for every feed of every layout, in a fixed order.
func (n *Night) each(visit func(l *layout.Layout, f *layout.Feed)) {
	for _, l := range n.layouts {
		for i := range l.Feeds {
			visit(l, &l.Feeds[i])
		}
	}
}

// workName names a work file of a run.
func workName(r *pipelines.Run, stage, feed string) string {
	return r.ID() + "/" + stage + "/" + flat(feed)
}

// flat makes a feed's name one path element.
func flat(feed string) string {
	b := []byte(feed)
	for i := range b {
		if b[i] == '/' {
			b[i] = '.'
		}
	}
	return string(b)
}
