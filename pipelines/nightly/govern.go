package nightly

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// GovernFacts is what the stage leaves in the ledger: counts of people, none of them named.
type GovernFacts struct {
	People     int                       `json:"people"`     // persons of the register
	Members    int                       `json:"members"`    // of them members of the register that the policy knows
	Protected  int                       `json:"protected"`  // under an address protection order
	Deceased   int                       `json:"deceased"`   //
	Consents   map[string]map[string]int `json:"consents"`   // purpose to state to persons and channels
	Objections map[string]int            `json:"objections"` // scope to persons
	Due        map[string]int            `json:"due"`        // due retention actions by category
	DueActions map[string]int            `json:"due_actions"`
	Held       map[string]int            `json:"held,omitempty"`       // due but for a hold, by category
	Overdue    map[string]int            `json:"overdue,omitempty"`    // due for longer than [overdueAfter], by category
	Oldest     string                    `json:"oldest_due,omitempty"` // date since which the longest overdue action is due
	Broken     map[string]int            `json:"broken,omitempty"`     // persons of whom a sequence of words is broken, by sequence
	Changed    int                       `json:"changed"`              // consents and due actions that differ from last night
	Withdrawn  int                       `json:"withdrawn"`            // persons, purposes and channels with a refusal, withdrawal or objection
	Used       int                       `json:"used"`                 // of these, that the decision function would still use: must be 0
}

// govern works out what the policy makes of everybody: effective consents, due retention.
type govern struct{ n *Night }

func (govern) Name() string { return "govern" }

// Durable marks the checkpoint: consents and due actions are committed.
func (govern) Durable() {}

func (s govern) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	started := r.Now()
	night := s.n.open // of a dry run, which sees what it would have committed
	if night == nil {
		var err error
		if night, err = s.n.ws.Register.Begin(ctx); err != nil {
			return nil, err
		}
		defer night.Rollback()
	}
	g := &governing{n: s.n, r: r, night: night, people: map[string]*person{}, byRecord: map[string][]*person{}}
	if err := g.read(ctx); err != nil {
		return nil, err
	}
	var facts GovernFacts
	var consents register.Difference[register.Consent]
	err := g.sideBySide(ctx, func(v *register.View) (err error) {
		facts = g.facts()
		consents, err = v.ConsentDifference(ctx, g.consents(&facts))
		return err
	}, func(*register.View) error { return g.readItems(ctx) })
	if err != nil {
		return nil, err
	}
	changed, err := night.ChangeConsents(ctx, consents)
	if err != nil {
		return nil, err
	}
	if err := night.Unlapse(ctx, g.again()); err != nil {
		return nil, err
	}
	dues := g.dues(&facts, g.plan())
	more, err := night.ReplaceRetention(ctx, dues)
	if err != nil {
		return nil, err
	}
	facts.Changed = changed + more
	if r.Dry {
		return facts, nil
	}
	raw, err := json.Marshal(facts)
	if err != nil {
		return nil, err
	}
	if err := workspace.RecordStage(ctx, night.Tx(), r, "govern", raw, started, r.Now()); err != nil {
		return nil, err
	}
	if err := s.n.check(ctx, night.Tx()); err != nil {
		return nil, err
	}
	return facts, night.Commit()
}

// person is what the register knows of somebody.
type person struct {
	token    string
	number   int // among all
	facts    policy.Facts
	standing policy.Standing
	speaks   bool // has a consent or an objection
	duty     duty
}

// linkOf says that a record is about somebody.
type linkOf struct {
	record string
	person *person
}

// governing is the state of the stage.
type governing struct {
	n        *Night
	r        *pipelines.Run
	night    *register.Night
	people   map[string]*person
	byRecord map[string][]*person
	unowned  map[string][]*person // by contact point that nobody has and that said something of consents: who stands for it
	against  map[string]bool      // contact points that nobody has and that said something against a use
	links    []linkOf             // of all records, in their order
	items    []policy.Item
	since    []canon.Date               // by item: the night that brought its first row
	seen     map[itemKey]int            // position in items
	matters  map[string]*policy.Anchors // by source row: what its rows with anchors of their own say
	tables   []canon.Table              // all of the canonical model
	lapses   lapses                     // what is gone already
	ended    map[string]policy.Anchors  // by person: what ended data of theirs that is gone
	reviews  []ledger.RetentionReview
	byHand   *rights.Words // of an evaluation: the words by hand that it heeded
	heedAll  bool          // a hold or restriction counts though it was set after the date
}

type itemKey struct{ sourceKey, category string }

// sideBySide gives each of some readings a view of the register, at once where the store can be read twice at once: a dry
// run reads what it would have committed, and nobody else sees that.
func (g *governing) sideBySide(ctx context.Context, readings ...func(*register.View) error) error {
	var all errgroup.Group
	for _, read := range readings {
		if g.n.open == nil {
			all.Go(func() error { return g.n.ws.Register.See(ctx, read) })
		} else if err := read(&g.night.View); err != nil {
			return err
		}
	}
	return all.Wait()
}

// read gathers links and rows.
func (g *governing) read(ctx context.Context) error {
	degrees, rest := map[string]*person{}, map[string]*person{} // by record
	says := g.noting()
	var words *rights.Words
	err := g.sideBySide(ctx, func(v *register.View) (err error) {
		if words, err = rights.ReadWords(ctx, v); err != nil {
			return err
		}
		if err := g.readLinks(ctx, v); err != nil {
			return err
		}
		return g.readPast(ctx, v)
	},
		func(v *register.View) error { return g.readRows(ctx, v, degrees, says[:1]) },
		func(v *register.View) error { return g.readRows(ctx, v, rest, says[1:]) })
	if err != nil {
		return err
	}
	if err := g.sideBySide(ctx, func(v *register.View) error { return g.readDuties(ctx, v, scanned(ctx, v)) }); err != nil {
		return err
	}
	g.settle(words, degrees, rest)
	return nil
}

// settle joins what the rows of each record say, and what was said by hand, into the facts of the persons that the record is
// about.
func (g *governing) settle(words *rights.Words, told ...map[string]*person) {
	g.shared(func(mine func(*person) bool) {
		for _, some := range told {
			for _, l := range g.links { // in an order that does not depend on who was read first
				if !mine(l.person) {
					continue
				}
				if said := some[l.record]; said != nil {
					l.person.join(said)
				}
			}
		}
	})
	g.listenToNobody(told...)
	heard := g.instant()
	if g.heedAll {
		heard = math.MaxInt64
	}
	for p, records := range g.spoken(words) {
		p.speaks = words.Tell(&p.facts, records, g.r.Date, heard) || p.speaks
	}
	g.shared(func(mine func(*person) bool) {
		for _, p := range g.people {
			if mine(p) {
				p.stand(g.n.pack, g.r.Date)
			}
		}
	})
}

// shared calls f on every processor, for people of its own.
func (g *governing) shared(f func(mine func(*person) bool)) {
	var all sync.WaitGroup
	parts := runtime.GOMAXPROCS(0)
	for part := range parts {
		all.Go(func() { f(func(p *person) bool { return p.number%parts == part }) })
	}
	all.Wait()
}

// stand works out the standing of somebody of whom all facts are known.
func (p *person) stand(pack *policy.Pack, date canon.Date) {
	// Of two objections of one instant the first decides by which clause, so that their order must say nothing. What a shared
	// record says is one list for all whose it is, and they stand side by side.
	p.facts.Objections = slices.Clone(p.facts.Objections)
	slices.SortFunc(p.facts.Objections, func(a, b policy.Objection) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Channel, b.Channel))
	})
	p.standing = pack.Member(&p.facts, date)
}

// spoken gives, of everybody of whom there is a word by hand, the records that have one.
func (g *governing) spoken(words *rights.Words) map[*person][]string {
	out := map[*person][]string{}
	for _, record := range words.Records() {
		for _, p := range g.byRecord[record] {
			out[p] = append(out[p], record)
		}
	}
	return out
}

func (g *governing) readLinks(ctx context.Context, v *register.View) error {
	for l, err := range v.Links(ctx) {
		if err != nil {
			return err
		}
		p := g.people[l.Person]
		if p == nil {
			p = &person{token: l.Person, number: len(g.people)}
			g.people[l.Person] = p
		}
		g.about(l.Record, p)
	}
	return nil
}

// about notes that a record, the next in their order, is about somebody.
func (g *governing) about(record string, p *person) {
	g.byRecord[record] = append(g.byRecord[record], p)
	g.links = append(g.links, linkOf{record, p})
}

func (g *governing) facts() GovernFacts {
	f := GovernFacts{People: len(g.people), Consents: map[string]map[string]int{}, Objections: map[string]int{}, Due: map[string]int{}, DueActions: map[string]int{}, Broken: map[string]int{}}
	for _, p := range g.people {
		if p.standing.Member {
			f.Members++
		}
		if p.facts.Protected {
			f.Protected++
		}
		if p.facts.Deceased {
			f.Deceased++
		}
		for i := range g.n.pack.Sequences {
			if s := &g.n.pack.Sequences[i]; s.Broken(&p.facts, g.instant()) {
				f.Broken[s.ID]++
			}
		}
		scopes := map[string]bool{}
		for _, o := range p.facts.Objections {
			if !scopes[o.Scope] {
				scopes[o.Scope] = true
				f.Objections[o.Scope]++
			}
		}
	}
	return f
}

// consents gives the effective consents of everybody who has said anything, in the register's order.
func (g *governing) consents(f *GovernFacts) []register.Consent {
	var speak []*person
	for _, p := range g.people {
		if p.speaks {
			speak = append(speak, p)
		}
	}
	slices.SortFunc(speak, func(a, b *person) int { return strings.Compare(a.token, b.token) })
	parts := make([]effective, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for n := range parts {
		some := speak[n*len(speak)/len(parts) : (n+1)*len(speak)/len(parts)]
		all.Go(func() { parts[n].of(g, some) })
	}
	all.Wait()
	var out []register.Consent
	for _, part := range parts {
		out = append(out, part.consents...)
		f.Withdrawn += part.withdrawn
		f.Used += part.used
		for k, n := range part.states {
			if f.Consents[k.asked] == nil {
				f.Consents[k.asked] = map[string]int{}
			}
			f.Consents[k.asked][k.state.String()] += n
		}
	}
	return out
}

// effective is what the consents of some people come to.
type effective struct {
	consents        []register.Consent
	states          map[stateOf]int // persons and channels
	withdrawn, used int
}

type stateOf struct {
	asked string
	state policy.State
}

func (e *effective) of(g *governing, people []*person) {
	e.states = map[stateOf]int{}
	instant := g.instant()
	uses := honouring{pack: g.n.pack, at: g.r.Date, cases: map[asked][]*policy.Case{}}
	for _, p := range people {
		from := len(e.consents)
		uses.of(p)
		for _, c := range g.n.pack.Effective(&p.facts, instant) {
			asked := c.Asked()
			e.states[stateOf{asked, c.State}]++
			switch c.State {
			case policy.Unknown:
				continue // no word: what nobody said is not written down
			case policy.Refused, policy.Withdrawn:
				e.withdrawn++
				if uses.any(&c) {
					e.used++
				}
			}
			x := register.Consent{Person: p.token, Purpose: asked, Channel: c.Channel.String(), State: c.State.String(), Clause: c.Clause}
			if c.Since > 0 {
				x.Since = time.UnixMicro(c.Since).UTC().Format(time.RFC3339)
			}
			e.consents = append(e.consents, x)
		}
		slices.SortFunc(e.consents[from:], func(a, b register.Consent) int {
			return cmp.Or(strings.Compare(a.Purpose, b.Purpose), strings.Compare(a.Channel, b.Channel))
		})
	}
}

// overdueAfter is for how many days an action may wait, from the day on which it was due and its row was there.
const overdueAfter = 31

func (f *GovernFacts) held(category string) {
	if f.Held == nil {
		f.Held = map[string]int{}
	}
	f.Held[category]++
}

func (f *GovernFacts) overdue(category string) {
	if f.Overdue == nil {
		f.Overdue = map[string]int{}
	}
	f.Overdue[category]++
}

// dues gives the due retention actions in the register's order.
func (g *governing) dues(f *GovernFacts, plan policy.Plan) []register.Due {
	var out []register.Due
	oldest := g.r.Date + 1
	for _, d := range plan {
		if d.Hold != "" {
			f.held(d.Category)
			continue
		}
		if max(d.DueDate, g.since[d.Item])+overdueAfter < g.r.Date {
			f.overdue(d.Category)
		}
		f.Due[d.Category]++
		f.DueActions[fmt.Sprint(d.Action)]++
		oldest = min(oldest, d.DueDate)
		out = append(out, register.Due{Person: d.Person, Source: d.Feed, SourceKey: d.SourceKey, Category: d.Category,
			Due: d.DueDate, Action: fmt.Sprint(d.Action), Clause: d.Clause})
	}
	if oldest <= g.r.Date {
		f.Oldest = oldest.String()
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		for _, c := range []int{strings.Compare(a.Person, b.Person), strings.Compare(a.SourceKey, b.SourceKey), strings.Compare(a.Category, b.Category)} {
			if c != 0 {
				return c < 0
			}
		}
		return a.Action < b.Action
	})
	return out
}
