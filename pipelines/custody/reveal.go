package custody

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
	"uoma/transforms/pseudonym"
)

const (
	// RegisterDomain names the register's own pseudonyms.
	RegisterDomain = "register"
	// bulk is how many people somebody may be shown, in one request or in several within the window, before the data protection
	// officer has to approve it.
	bulk   = 20
	window = 30 * 24 * time.Hour
	// mostAsked bounds a request.
	mostAsked = 10_000
	// longest is how long a request may stay open.
	longest = 14 * 24 * time.Hour
	// longestClause is of how many characters a clause may be.
	longestClause = 64
)

// Reasons gives why people may be revealed, by code.
func Reasons() map[string]string {
	return map[string]string{
		"request":   "a data subject asked for a right, and the answer must reach the right person",
		"authority": "an authority asked under a law",
		"breach":    "people must be told that their data was not safe",
		"source":    "a record must be corrected in its system",
		"safety":    "somebody's life or health",
	}
}

var (
	errAsk       = fault.New("UOMA-RVL-ASK", "a request to reveal people needs pseudonyms, a reason of the list, a clause and an end", "uoma reveal request --help lists the reasons; a request is open for at most 14 days and names at most 10000 pseudonyms")
	errUnknown   = fault.New("UOMA-RVL-UNKNOWN", "there is no such request", "uoma reveal list shows them")
	errSelf      = fault.New("UOMA-RVL-SELF", "nobody approves a request of their own", "let another person approve it, logged in as themselves")
	errOfficer   = fault.New("UOMA-RVL-DPO", "more than 20 people, in one request or in all of one requester within 30 days, are approved by the data protection officer alone", "let somebody approve it who has the role data_protection_officer in operators.yaml, or whom roles.dpo in uoma.yaml names")
	errApprover  = fault.New("UOMA-RVL-APPROVER", "this person may not approve requests", "uoma operator roles shows which roles may; without operators.yaml, roles.approver and roles.dpo in uoma.yaml name who may")
	errState     = fault.New("UOMA-RVL-STATE", "the request is not in the state for this: an approval is given once, and what it allows is shown once", "uoma reveal list shows how far it is; make a new request where one is spent")
	errExpired   = fault.New("UOMA-RVL-EXPIRED", "the request's time has passed", "make a new one")
	errRequester = fault.New("UOMA-RVL-REQUESTER", "what a request reveals is shown to the person who made it alone", "log in as that person, or make a request of your own")
)

var (
	tokenForm  = regexp.MustCompile(`^[0-9a-z]{26}$`)
	clauseForm = regexp.MustCompile(`^[\pL\pN._:/()-]+$`)
)

// Request asks who some pseudonyms of a domain are. It shows nothing.
func Request(ctx context.Context, ws *workspace.Workspace, domain string, tokens []string, reason, clause string, open time.Duration, by Author) (ledger.Reveal, error) {
	if Reasons()[reason] == "" {
		return ledger.Reveal{}, errAsk
	}
	return add(ctx, ws, domain, tokens, reason, clause, open, by, "")
}

// add writes a request down. about is what it was asked of in the place of pseudonyms, or "".
func add(ctx context.Context, ws *workspace.Workspace, domain string, tokens []string, reason, clause string, open time.Duration, by Author, about string) (ledger.Reveal, error) {
	tokens = slices.Compact(slices.Sorted(slices.Values(tokens)))
	malformed := func(s string) bool { return !tokenForm.MatchString(s) }
	if !clauseForm.MatchString(clause) || utf8.RuneCountInString(clause) > longestClause || len(tokens) == 0 || len(tokens) > mostAsked || slices.ContainsFunc(tokens, malformed) ||
		open <= 0 || open > longest {
		return ledger.Reveal{}, errAsk
	}
	r := ledger.Reveal{Domain: domain, Pseudonyms: strings.Join(tokens, "\n"), Reason: reason, Clause: clause, RequestedBy: by.Actor,
		RequestedAt: by.At.UnixMicro(), ExpiresAt: by.At.Add(open).UnixMicro()}
	err := ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.AddReveal(ctx, tx, &r); err != nil {
			return err
		}
		return ws.Audit.Append(ctx, tx, entry(&r, by, ledger.RevealRequested, about))
	})
	return r, err
}

// entry is the line of the audit log about a request, as "7:authority:XAMK-12".
func entry(r *ledger.Reveal, by Author, verb ledger.Verb, subject string) ledger.Entry {
	clause := strings.NewReplacer("(", "", ")", "").Replace(r.Clause)
	return ledger.Entry{At: by.At.UnixMicro(), Actor: by.Actor, Verb: verb, Subject: subject, Reason: fmt.Sprintf("%d:%s:%s", r.Number, r.Reason, clause)}
}

// Approve allows a request of somebody else.
func Approve(ctx context.Context, ws *workspace.Workspace, number int64, by Author) (ledger.Reveal, error) {
	return step(ctx, ws, number, by, func(tx *sqlx.Tx, r *ledger.Reveal) error {
		_, allow := permission(r.Domain)
		officer := r.Domain != RecordingDomain && ws.Approves(by.Actor, access.ApproveReveals, by.At)
		people, err := shownTo(ctx, tx, r, by.At)
		switch {
		case err != nil:
			return err
		case r.State != ledger.RevealAsked:
			return errState
		case r.RequestedBy == by.Actor:
			return errSelf
		case people > bulk && !officer:
			return errOfficer
		case !officer && !ws.Approves(by.Actor, allow, by.At):
			return errApprover
		}
		if err := ledger.ApproveReveal(ctx, tx, number, by.Actor, by.At); err != nil {
			return raced(err)
		}
		return ws.Audit.Append(ctx, tx, entry(r, by, ledger.RevealApproved, ""))
	})
}

// shownTo counts the people of a request, with those whom its requester was shown by others within the window, or may still be.
// Each recording is a case of its own.
func shownTo(ctx context.Context, tx *sqlx.Tx, r *ledger.Reveal, now time.Time) (people int, err error) {
	others := []ledger.Reveal{}
	if r.Domain != RecordingDomain {
		if others, err = ledger.Reveals(ctx, tx, now.Add(-window-longest), now.Add(time.Microsecond)); err != nil {
			return 0, err
		}
	}
	type one struct{ domain, token string }
	all := map[one]bool{}
	for _, x := range append(others, *r) {
		counts := x.Domain != RecordingDomain && x.RequestedBy == r.RequestedBy &&
			(x.State == ledger.RevealDone && x.ShownAt > now.Add(-window).UnixMicro() || x.State == ledger.RevealAllowed && x.ExpiresAt > now.UnixMicro())
		if !counts && x.Number != r.Number {
			continue
		}
		for _, token := range x.Tokens() {
			all[one{x.Domain, token}] = true
		}
	}
	return len(all), nil
}

// step changes a request that is there and whose time has not passed, in one transaction.
func step(ctx context.Context, ws *workspace.Workspace, number int64, by Author, f func(*sqlx.Tx, *ledger.Reveal) error) (r ledger.Reveal, err error) {
	err = ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ws.Audit.Lock(ctx, tx); err != nil { // of several approvals at once each counts those before
			return err
		}
		var ok bool
		if r, ok, err = ledger.FindReveal(ctx, tx, number); err != nil {
			return err
		}
		switch {
		case !ok:
			return errUnknown
		case by.At.UnixMicro() >= r.ExpiresAt:
			return errExpired
		}
		return f(tx, &r)
	})
	return r, err
}

// raced gives the meaning of a state that another program changed first.
func raced(err error) error {
	if errors.Is(err, ledger.ErrRaced) {
		return errState
	}
	return err
}

// Person is who a pseudonym is. Entries is empty when nobody is behind it any more.
type Person struct {
	Pseudonym string
	Entries   []vault.Entry
	Cards     []Card // of a recording's request: who held the cards that opened doors meanwhile
}

// Show spends an approved request and gives who its pseudonyms are: once, to the person who asked. That it was shown is
// written down before. missed says which lists of holders could not be read for a recording; open opens them.
func Show(ctx context.Context, ws *workspace.Workspace, number int64, by Author, open Opener) (people []Person, missed fault.List, err error) {
	r, ok, err := ledger.FindReveal(ctx, ws.RegisterDB, number)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, errUnknown
	}
	ask, _ := permission(r.Domain)
	if r.RequestedBy != by.Actor || ws.Operators != nil && !ws.Approves(by.Actor, ask, by.At) {
		return nil, nil, errRequester
	}
	subjects, err := behind(ctx, ws, r.Domain, r.Tokens())
	if err != nil {
		return nil, nil, err
	}
	var recording string
	var cards question
	if r.Domain == RecordingDomain && r.State == ledger.RevealAllowed {
		if recording, err = asked(ctx, ws, &r); err != nil {
			return nil, nil, err
		}
		cards, err = holderLists(ctx, ws, recording, r.Tokens())
		if own := (*fault.Error)(nil); errors.Is(err, errRecording) || errors.Is(err, errNoCase) { // since it was asked for
			errors.As(err, &own)
			missed, err = fault.List{own}, nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
	persons := ws.Persons()
	_, err = step(ctx, ws, number, by, func(tx *sqlx.Tx, r *ledger.Reveal) error {
		if r.State != ledger.RevealAllowed {
			return errState
		}
		if err := ledger.SpendReveal(ctx, tx, number, by.At); err != nil {
			return raced(err)
		}
		for _, token := range r.Tokens() {
			person := ""
			if subject := subjects[token]; subject != "" {
				person = workspace.PersonOf(persons, subject)
			}
			if err := ws.Audit.Append(ctx, tx, entry(r, by, ledger.RevealShown, person)); err != nil {
				return err
			}
		}
		for range cards.lists {
			if err := ws.Audit.Append(ctx, tx, entry(r, by, ledger.RevealHolders, recording)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if people, err = identities(ctx, ws, r.Tokens(), subjects); err != nil {
		return nil, nil, err
	}
	held, unread := holdersOf(ctx, ws, cards, people, open)
	for i := range people {
		people[i].Cards = held[people[i].Pseudonym]
	}
	return people, append(missed, unread...), nil
}

// behind finds the subjects of pseudonyms: of the register's by the vault's list, of a recipient's by making everybody's
// pseudonym in every epoch of the domain, as nothing keeps that way back.
func behind(ctx context.Context, ws *workspace.Workspace, domain string, tokens []string) (map[string]string, error) {
	if domain == RegisterDomain || domain == RecordingDomain {
		return ws.Vault.SubjectsOf(ctx, tokens)
	}
	wanted := map[string]bool{}
	for _, t := range tokens {
		wanted[t] = true
	}
	var epochs []*pseudonym.Domain
	for epoch := range ws.Keys.DomainEpoch(domain) {
		d, err := ws.Domain(domain, epoch+1)
		if err != nil {
			return nil, err
		}
		epochs = append(epochs, d)
	}
	out, err := behindRandom(ctx, ws, domain, tokens)
	if err != nil {
		return nil, err
	}
	persons, last := ws.Persons(), ""
	for e, err := range ws.Vault.Open(ctx, nil, 0) {
		if err != nil {
			return nil, err
		}
		if e.Subject == last {
			continue
		}
		last = e.Subject
		person := workspace.PersonOf(persons, e.Subject)
		for _, d := range epochs {
			if token := ws.PersonIn(d, person); wanted[token] {
				out[token] = e.Subject
			}
		}
	}
	return out, nil
}

// behindRandom finds those of random pseudonyms, of which the vault has a list.
func behindRandom(ctx context.Context, ws *workspace.Workspace, domain string, tokens []string) (map[string]string, error) {
	persons, err := ws.Vault.RandomPersons(ctx, domain, tokens)
	if err != nil {
		return nil, err
	}
	subjects, err := ws.Vault.SubjectsOf(ctx, slices.Collect(maps.Values(persons)))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for token, person := range persons {
		if subject := subjects[person]; subject != "" {
			out[token] = subject
		}
	}
	return out, nil
}

func identities(ctx context.Context, ws *workspace.Workspace, tokens []string, subjects map[string]string) ([]Person, error) {
	of := map[string][]vault.Entry{}
	if len(subjects) == 0 { // of nobody the vault would open everybody
		return peopleOf(tokens, subjects, of), nil
	}
	for e, err := range ws.Vault.Open(ctx, slices.Collect(maps.Values(subjects)), vault.Everything) {
		if err != nil {
			return nil, err
		}
		of[e.Subject] = append(of[e.Subject], e)
	}
	return peopleOf(tokens, subjects, of), nil
}

func peopleOf(tokens []string, subjects map[string]string, of map[string][]vault.Entry) []Person {
	out := make([]Person, len(tokens))
	for i, t := range tokens {
		out[i] = Person{Pseudonym: t, Entries: of[subjects[t]]}
	}
	return out
}
