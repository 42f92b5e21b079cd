// Package rights is the desk of the data protection officer: what people say of the use of their data, written down by
// hand, and what they ask for.
//
// [Say] writes a word into the register's book of words: a consent, an objection, a restriction, a hold, or that one is
// lifted. [Words] reads the book for everybody who decides about people: the nightly's consents and retention, and the
// choice of whom to send. So a word by hand is heard at the same three moments as one that a source brings, and with the
// same precedence, which is transforms/policy's.
//
// A word is bound to the records that the person had when it was said, because records stay while persons are joined and
// parted. What stops a use counts for whoever has one of the records; what opens one counts only for who has all of them.
// So a word outlives every night, a person joined with another takes their words along, and of two persons who were parted
// neither may be used more than the one was.
//
// The package must not know a value of a person: everybody stands as the register's token.
package rights

import (
	"cmp"
	"context"
	"encoding/base32"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

var (
	errNobody = fault.New("UOMA-SUB-NOBODY", "the register has no such person",
		"name the person by the register's token, as uoma retention plan and uoma review print it")
	errBy = fault.New("UOMA-SUB-BY", "it is not clear who writes this down",
		"write --by with a user name or an address at work: up to 64 letters, digits, dots, hyphens, underscores and @")
	errPurpose = fault.New("UOMA-SUB-PURPOSE", "the pack asks no consent for that purpose", "uoma policy show lists the purposes and what consent is asked for")
	errScope   = fault.New("UOMA-SUB-SCOPE", "the pack knows no objection to that", "name a purpose or a scope of the pack's objections; without --purpose everything is objected to that can be")
	errHold    = fault.New("UOMA-SUB-HOLD", "the pack knows no such hold", "uoma policy show lists the holds")
	errState   = fault.New("UOMA-SUB-STATE", "a consent is not in that state", "write granted, refused, withdrawn or expired")
	errChannel = fault.New("UOMA-SUB-CHANNEL", "there is no such channel", "write email, sms, phone or post, or any")
	errVia     = fault.New("UOMA-SUB-VIA", "nothing is said in that way", "write letter, mail, phone, oral, form, desk or decision")
	errText    = fault.New("UOMA-SUB-TEXT", "a granted consent names the text that was agreed to", "add --text-version, and --text with the file of the text when there is one")
	errWhen    = fault.New("UOMA-SUB-WHEN", "nothing can have been said in the future", "correct --at")
	errAt      = fault.New("UOMA-SUB-AT", "that is neither a day nor an instant", "write --at 2026-11-22, or 2026-11-22T14:30:00+02:00")
	errUntil   = fault.New("UOMA-SUB-UNTIL", "the last day is over", "correct --until, or lift it")
	errStands  = fault.New("UOMA-SUB-STANDS", "there is nothing to lift that was said by hand before", "uoma subject words tells what stands; what a source says is taken back in the source")
	errErased  = fault.New("UOMA-SUB-ERASED", "the person is being erased, so nothing is written down of them any more",
		"the next command that opens the workspace finishes the erasure; a hold comes before it or not at all")
	errLabel = fault.New("UOMA-SUB-LABEL", "that is no label", "write up to 64 letters, digits, dots, hyphens, underscores and slashes; no value of a person")
)

// Author is who writes down, and when. Rand gives the ids.
type Author struct {
	By    string
	Actor string // who acts, for the audit log; By when absent
	Login string // who is at the keyboard
	At    time.Time
	Rand  io.Reader
}

// entry makes an entry of the audit log.
func (a *Author) entry(verb ledger.Verb, person string, reason ...string) ledger.Entry {
	reason = slices.DeleteFunc(reason, func(s string) bool { return s == "" })
	return ledger.Entry{At: a.At.UnixMicro(), Actor: cmp.Or(a.Actor, a.By), Verb: verb, Subject: person, Reason: strings.Join(reason, ":")}
}

// Statement is a word to be written down. State is that of a consent, or register.Stands or register.Lifted.
type Statement struct {
	Kind        string
	About       string
	Topic       string
	Channel     string
	State       string
	At          time.Time // zero: when it is written down
	Until       string    // the last day, or ""
	Via         string
	TextVersion string
	TextDigest  string
	Request     string
}

// Noted says what was written down. It names the person by token alone.
type Noted struct {
	Person  string      `json:"person"`
	Records int         `json:"records"` // that the words are bound to
	Words   []NotedWord `json:"words"`
}

// NotedWord is one word of [Noted].
type NotedWord struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	About   string `json:"about,omitempty"`
	Channel string `json:"channel,omitempty"`
	State   string `json:"state"`
	Clause  string `json:"clause,omitempty"` // of the notice
}

// Instant reads when something was said: an instant as RFC 3339, or a day. Of a day the time is not known, so that a word that
// stops counts from the day's end and one that opens from its beginning: at the same day the stricter wins.
func Instant(text string, opens bool, zone *time.Location, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return time.Time{}, errAt
	}
	if end := day.AddDate(0, 0, 1).Add(-time.Microsecond); !opens && end.Before(now) {
		return end, nil
	}
	if opens || day.After(now) {
		return day, nil
	}
	return now, nil
}

var (
	by    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
	label = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$`)
	vias  = []string{"", "letter", "mail", "phone", "oral", "form", "desk", "decision"}
)

// alphabet is that of the register's tokens.
var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newID draws an id of 26 characters.
func (a *Author) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(a.Rand, b[:]); err != nil {
		return "", err
	}
	return alphabet.EncodeToString(b[:]), nil
}

// check fails for an author whom nobody knows.
func (a *Author) check() error {
	if !by.MatchString(a.By) {
		return errBy
	}
	return nil
}

// Say writes words about one person down, in the book of erasures first, so that a backup that is put back forgets none; where
// it is cut short behind that they count, too. They hold from the next decision on. While somebody is
// erased, or data is let go, it waits: a hold that was written is heeded, and of a person whose erasure began nothing is.
func Say(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, person string, said []Statement, a Author) (Noted, error) {
	out := Noted{Person: person}
	if err := a.check(); err != nil {
		return out, err
	}
	night, err := ws.Register.Begin(ctx)
	if err != nil {
		return out, err
	}
	defer night.Rollback()
	if err := ledger.LockErasures(ctx, night.Tx()); err != nil {
		return out, err
	}
	records, err := recordsOf(ctx, &night.View, person)
	if err != nil {
		return out, err
	}
	erased, err := ws.Erasing(ctx, night.Tx(), person, records)
	switch {
	case err != nil:
		return out, err
	case erased:
		return out, errErased
	}
	out.Records = len(records)
	book, err := ReadWordsOf(ctx, &night.View, records)
	if err != nil {
		return out, err
	}
	var words []register.Word
	for i := range said {
		w, clause, err := said[i].word(pack, &a)
		if err != nil {
			return out, err
		}
		if w.State == register.Lifted && !book.stands(&w, records) {
			return out, errStands.At(fault.Place{Field: strings.TrimSpace(w.Kind + " " + w.About)})
		}
		if w.ID, err = a.newID(); err != nil {
			return out, err
		}
		for _, w.Record = range records {
			words = append(words, w)
		}
		out.Words = append(out.Words, NotedWord{w.ID, w.Kind, w.About, w.Channel, w.State, clause})
	}
	var entries []ledger.Entry
	for _, w := range out.Words {
		e := a.entry(ledger.SubjectWord, person, w.Kind, w.About, w.State)
		if err := e.Check(); err != nil { // the book comes first, and nothing is taken back from there
			return out, err
		}
		entries = append(entries, e)
	}
	if err := ws.EnterWords(ctx, night, words); err != nil {
		return out, err
	}
	if err := register.AddWords(ctx, night.Tx(), words); err != nil {
		return out, err
	}
	for _, e := range entries {
		if err := ws.Audit.Append(ctx, night.Tx(), e); err != nil {
			return out, err
		}
	}
	return out, night.Commit()
}

// recordsOf gives the records that a word about a person is bound to: those of nobody else, and only where there is none,
// those that others share.
func recordsOf(ctx context.Context, v *register.View, person string) ([]string, error) {
	own, shared, err := v.OwnAndShared(ctx, person)
	switch {
	case err != nil:
		return nil, err
	case len(own) > 0:
		return own, nil
	case len(shared) > 0:
		return shared, nil
	}
	return nil, errNobody
}

// word makes the book's entry of a statement, without its id and record.
func (s *Statement) word(pack *policy.Pack, a *Author) (w register.Word, clause string, err error) {
	at := s.At
	if at.IsZero() {
		at = a.At
	}
	w = register.Word{Kind: s.Kind, About: s.About, Topic: s.Topic, Channel: s.Channel, State: s.State, At: at.UnixMicro(), Until: s.Until, Via: s.Via,
		TextVersion: s.TextVersion, TextDigest: s.TextDigest, NotedAt: a.At.UnixMicro(), NotedBy: a.By, Request: s.Request}
	if w.Channel == "any" {
		w.Channel = ""
	}
	_, known := policy.ParseChannel(w.Channel)
	switch {
	case !known:
		return w, "", errChannel
	case !slices.Contains(vias, w.Via):
		return w, "", errVia
	case at.After(a.At):
		return w, "", errWhen
	case !labelled(w.TextVersion) || !labelled(w.Request):
		return w, "", errLabel
	}
	if w.Until != "" {
		day, err := canon.ParseDate(w.Until)
		if err != nil {
			return w, "", err
		}
		if day < pack.Day(a.At.UnixMicro()) {
			return w, "", errUntil
		}
	}
	clause, err = about(pack, &w)
	return w, clause, err
}

func labelled(s string) bool { return s == "" || label.MatchString(s) }

// about asks that the pack knows what a word is about, and gives the clause.
func about(pack *policy.Pack, w *register.Word) (clause string, err error) {
	place := fault.Place{Field: w.About}
	switch w.Kind {
	case register.ConsentWord:
		state, known := policy.ParseState(w.State)
		if !known || state == policy.Unknown {
			return "", errState
		}
		w.State = state.String()
		if state == policy.Granted && w.TextVersion == "" {
			return "", errText
		}
		entry, asked := pack.Asks(w.About, w.Topic)
		if !asked {
			return "", errPurpose.At(place)
		}
		return entry.Clause[0], nil
	case register.ObjectionWord:
		i := slices.IndexFunc(pack.Objections, func(o policy.Scope) bool { return o.ID == w.About })
		if i < 0 {
			return "", errScope.At(place)
		}
		return pack.Objections[i].Clause[0], nil
	case register.HoldWord:
		i := slices.IndexFunc(pack.Holds, func(h policy.Hold) bool { return h.ID == w.About })
		if i < 0 {
			return "", errHold.At(place)
		}
		return pack.Holds[i].Clause[0], nil
	}
	return strings.Join(pack.Stops.Restricted.Clause, ", "), nil
}

// Entry is one entry of the book of words, or a word that a source says now, for whoever looks.
type Entry struct {
	Kind        string `json:"kind"`
	About       string `json:"about,omitempty"`
	Topic       string `json:"topic,omitempty"`
	Channel     string `json:"channel,omitempty"`
	State       string `json:"state"`
	At          string `json:"at,omitempty"` // RFC 3339, "" when nobody knows
	Until       string `json:"until,omitempty"`
	Via         string `json:"via,omitempty"`
	TextVersion string `json:"text_version,omitempty"`
	TextDigest  string `json:"text_sha256,omitempty"`
	Source      string `json:"source"` // the feed, or "hand"
	SourceKey   string `json:"source_key,omitempty"`
	Ended       string `json:"ended_run,omitempty"` // the run from which on the source said otherwise, or nothing
	NotedBy     string `json:"noted_by,omitempty"`
	NotedAt     string `json:"noted_at,omitempty"`
	Request     string `json:"request,omitempty"`
	ID          string `json:"id,omitempty"` // of a word by hand
}

// Book gives all that was said of a person, oldest first: by hand, by sources now, and by sources before they said otherwise.
func Book(ctx context.Context, ws *workspace.Workspace, person string) (out []Entry, err error) {
	err = ws.Register.See(ctx, func(v *register.View) error {
		own, shared, err := v.OwnAndShared(ctx, person)
		if err != nil {
			return err
		}
		records := slices.Concat(own, shared)
		if len(records) == 0 {
			return errNobody
		}
		out, err = readBook(ctx, v, records)
		return err
	})
	return out, err
}

// readBook gives all that was said of some records, oldest first.
func readBook(ctx context.Context, v *register.View, records []string) (out []Entry, err error) {
	seen := map[string]bool{}
	for _, record := range records {
		now, err := v.WordsNow(ctx, record)
		if err != nil {
			return nil, err
		}
		book, err := v.WordsOf(ctx, record)
		if err != nil {
			return nil, err
		}
		for _, w := range slices.Concat(now, book) {
			if e := entryOf(&w); e.ID == "" || !seen[e.ID] {
				seen[e.ID] = true
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return strings.Compare(a.At, b.At) })
	return out, nil
}

// ConsentWords gives the words about consents that were said of some records and that no source has taken back since, oldest first,
// with the texts that they were said to as a pack knows them.
func ConsentWords(ctx context.Context, v *register.View, records []string, pack *policy.Pack) ([]Entry, error) {
	book, err := readBook(ctx, v, records)
	book = slices.DeleteFunc(book, func(e Entry) bool { return e.Kind != register.ConsentWord || e.Ended != "" })
	NameTexts(book, pack)
	return book, err
}

// NameTexts fills in, from the pack, the digests of the texts of which a source gave the version alone.
func NameTexts(book []Entry, pack *policy.Pack) {
	for i := range book {
		if e := &book[i]; e.Kind == register.ConsentWord && e.TextVersion != "" && e.TextDigest == "" {
			e.TextDigest = pack.TextDigest(e.About, e.TextVersion)
		}
	}
}

func entryOf(w *register.Word) Entry {
	e := Entry{Kind: w.Kind, About: w.About, Topic: w.Topic, Channel: w.Channel, State: w.State, At: instant(w.At), Until: w.Until, Via: w.Via,
		TextVersion: w.TextVersion, TextDigest: w.TextDigest, Source: w.Source, Ended: w.Run, NotedBy: w.NotedBy, NotedAt: instant(w.NotedAt), Request: w.Request}
	if w.Source == "" {
		e.Source, e.ID = byHand, w.ID
	} else {
		e.SourceKey = w.ID
	}
	return e
}

func instant(us int64) string {
	if us == 0 {
		return ""
	}
	return time.UnixMicro(us).UTC().Format(time.RFC3339)
}

// ObjectedBy gives the scopes of the pack by which a person objects to a purpose, or to everything that can be objected to
// with "". A scope's own name stands for it.
func ObjectedBy(pack *policy.Pack, purpose string) ([]string, error) {
	var out []string
	for _, o := range pack.Objections {
		if purpose == "" || o.ID == purpose {
			out = append(out, o.ID)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	for _, o := range pack.Objections {
		if slices.Contains(o.Purposes, purpose) {
			out = append(out, o.ID)
		}
	}
	if len(out) == 0 {
		return nil, errScope.At(fault.Place{Field: purpose})
	}
	return out, nil
}
