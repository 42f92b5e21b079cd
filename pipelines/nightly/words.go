package nightly

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// Kinds of kept words, named as the tables that they came by.
const (
	wordConsent   = register.ConsentWord
	wordObjection = register.ObjectionWord
)

// A word is kept when the data that it came with goes and it says something against a use: in the vault, under the marks of its
// person, and in the register beside the person while a source brings them back. The book of words is another thing: what
// everybody said, when.

// layKeptWords lays beside everybody in the register what they said before their data was removed.
func (n *Night) layKeptWords(ctx context.Context, night *register.Night) error {
	words := n.keptWords()
	var persons []string
	for _, w := range words {
		persons = append(persons, w.Person)
	}
	here, err := night.Linked(ctx, persons)
	if err != nil {
		return err
	}
	words = slices.DeleteFunc(words, func(w register.KeptWord) bool { return !here[w.Person] })
	_, err = night.ReplaceKeptWords(ctx, words)
	return err
}

// spreadWords gives the kept words of tonight's people under every mark of all their records, as far as they do not stand there, so
// that a word stays with its person when the record goes whose mark brought it. Of erased people nothing is used.
//
// A spread word goes with the mark that it was said under, or, where nobody bears that any more, the one that it was found under.
func (n *Night) spreadWords(kept map[string][]vault.Word, erased map[string]string, bearers map[string][]int) (out []vault.Word) {
	if len(kept) == 0 {
		return nil
	}
	for i := range n.resolved.Records {
		subject := n.resolved.Records[i].Subject
		if len(n.words[subject]) == 0 || erased[subject] != "" {
			continue
		}
		m := n.newMarks()
		for _, id := range n.resolved.Identities(i) {
			m.add(id)
		}
		for _, token := range sortedKeys(m.kinds) {
			for _, w := range n.words[subject] {
				if !slices.ContainsFunc(kept[token], func(x vault.Word) bool { return x.AboutSame(&w) && x.Time >= w.Time }) {
					if len(bearers[w.Origin]) == 0 {
						w.Origin = w.Token
					}
					w.Token = token
					out = append(out, w)
				}
			}
		}
	}
	return out
}

// takeStray takes from the words by mark those that were spread to somebody who was taken for the one who said it and is not: tonight
// parts the two ([resolve.Result.Parted]), the mark that the word was spread from is the other's, and nobody who bears this one bears
// that. It stays while nobody bears the mark that it came from, and where the two are not known to be two: a mark may have been given to
// somebody else, and a record that is not joined any more may still be the same person's. In doubt a word against a use stands.
//
// What was said under a mark counts for all who bear it, also where it was given to somebody else since.
func (n *Night) takeStray(words map[string][]vault.Word, bearers map[string][]int) (stray []vault.Word) {
	all := sync.OnceValue(n.recordsBySubject)
	subject := func(i int) string { return n.resolved.Records[i].Subject }
	left := func(i int, origin []int) bool {
		return slices.ContainsFunc(origin, func(o int) bool {
			a, b := &n.resolved.Records[o], &n.resolved.Records[i]
			return a.Before != "" && a.Before == b.Before && n.resolved.Parted(o, i, all()[a.Subject], all()[b.Subject])
		})
	}
	for _, token := range sortedKeys(words) {
		here := bearers[token]
		if len(here) == 0 { // whose it is, is not known tonight
			continue
		}
		words[token] = slices.DeleteFunc(words[token], func(w vault.Word) bool {
			origin := bearers[w.Origin]
			for _, i := range here {
				if slices.ContainsFunc(origin, func(o int) bool { return subject(o) == subject(i) }) || !left(i, origin) {
					return false
				}
			}
			stray = append(stray, w)
			return true
		})
	}
	return stray
}

// recordsBySubject gives the numbers of the records of each subject.
func (n *Night) recordsBySubject() map[string][]int {
	out := make(map[string][]int, len(n.resolved.Records))
	for i := range n.resolved.Records {
		out[n.resolved.Records[i].Subject] = append(out[n.resolved.Records[i].Subject], i)
	}
	return out
}

// keptWords gives what tonight's people said before their data was removed, who of them was erased before and is stored while a hold
// stands, and who has died or is under a protection order, in the register's order; of two words about the same, the later.
func (n *Night) keptWords() []register.KeptWord {
	persons := n.ws.Persons()
	var out []register.KeptWord
	for _, subject := range sortedKeys(n.words) {
		if len(n.words[subject]) == 0 || !n.standing.stays(subject) {
			continue
		}
		person := workspace.PersonOf(persons, subject)
		for _, w := range n.words[subject] {
			out = append(out, keptWord(person, w))
		}
	}
	about := func(a, b register.KeptWord) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.About, b.About),
			cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Channel, b.Channel))
	}
	for subject := range n.standing.sparedOf { // the mark may stand on a record that is not stored, where nobody who sends looks
		out = append(out, register.KeptWord{Person: workspace.PersonOf(persons, subject), Kind: register.ErasedWord, Clause: n.standing.suppressed[subject]})
	}
	for subject, day := range n.standing.diedOn { // the row that says so may be withheld, and gone
		if n.standing.stays(subject) {
			out = append(out, deceased(workspace.PersonOf(persons, subject), day))
		}
	}
	for subject := range n.standing.shielded {
		if n.standing.stays(subject) {
			out = append(out, register.KeptWord{Person: workspace.PersonOf(persons, subject), Kind: register.ProtectedWord})
		}
	}
	slices.SortFunc(out, func(a, b register.KeptWord) int {
		return cmp.Or(about(a, b), cmp.Compare(b.Time, a.Time), cmp.Compare(a.State, b.State))
	})
	return slices.CompactFunc(out, func(a, b register.KeptWord) bool { return about(a, b) == 0 })
}

func deceased(person string, day canon.Date) register.KeptWord {
	return register.KeptWord{Person: person, Kind: register.DeceasedWord, Time: max(day.Time().UnixMicro(), 0)}
}

func keptWord(person string, w vault.Word) register.KeptWord {
	return register.KeptWord{Person: person, Kind: w.Kind, About: w.About, Topic: w.Topic, Channel: w.Channel, State: w.State, Time: w.Time, Clause: w.Clause}
}

// readPast reads what is known of data that is gone: what has lapsed, what ended it, the words that were kept of it, and
// what somebody has looked at.
func (g *governing) readPast(ctx context.Context, v *register.View) error {
	return g.readPastIn(ctx, v.Lapses(ctx), v.KeptWords(ctx))
}

// readPastOf is readPast of one person.
func (g *governing) readPastOf(ctx context.Context, v *register.View, person string, sourceKeys []string) error {
	return g.readPastIn(ctx, v.LapsesOf(ctx, person, sourceKeys), v.KeptWordsOf(ctx, person))
}

func (g *governing) readPastIn(ctx context.Context, lapsed iter.Seq2[register.Lapse, error], kept iter.Seq2[register.KeptWord, error]) (err error) {
	g.lapses, g.ended = lapses{}, map[string]policy.Anchors{}
	for l, err := range lapsed {
		if err != nil {
			return err
		}
		g.lapses[l.SourceKey] = append(g.lapses[l.SourceKey], l)
		if a, ok := policy.ParseAnchor(l.Anchor); ok && a.OfPerson() && l.Person != "" {
			e := g.ended[l.Person]
			var one policy.Anchors
			one.Set(a, l.Day)
			e.Join(&one)
			g.ended[l.Person] = e
		}
	}
	if g.reviews, err = ledger.RetentionReviews(ctx, g.n.ws.RegisterDB); err != nil {
		return err
	}
	for w, err := range kept { // they are facts of their persons
		if err != nil {
			return err
		}
		if p := g.people[w.Person]; p != nil {
			p.facts.AddKept(w.Kind, w.About, w.Topic, w.Channel, w.State, w.Time)
			p.speaks = p.speaks || w.Kind == wordConsent || w.Kind == wordObjection
		}
	}
	return nil
}

// against gives the words against a use that a batch of consents or objections holds, with the source rows that say them.
func against(table string, b *canon.Batch, visit func(sourceKey, record string, w vault.Word)) {
	key, record := b.Named("source_key"), b.Named("record")
	for i := range b.Len() {
		at, _ := b.Named("time").Instant(i)
		w := vault.Word{Kind: table, Channel: strings.Clone(b.Named("channel").Text(i)), Time: at}
		if table == wordObjection {
			w.About = strings.Clone(b.Named("scope").Text(i))
		} else {
			state, _ := policy.ParseState(b.Named("state").Text(i))
			if state != policy.Refused && state != policy.Withdrawn {
				continue
			}
			w.About, w.Topic, w.State = strings.Clone(b.Named("purpose").Text(i)), strings.Clone(b.Named("topic").Text(i)), state.String()
		}
		visit(key.Text(i), record.Text(i), w)
	}
}

// keepWords puts what suppressed data says against a use under the marks of its persons, so that it counts when a source
// brings them back. It comes before anything goes.
func (a *applying) keepWords(ctx context.Context, night *register.Night, run string) error {
	clauses := map[string]string{} // by source row
	leaving := map[string]string{} // by person
	for _, d := range a.due {
		if d.Action == policy.Suppress {
			clauses[d.SourceKey], leaving[d.Person] = d.Clause, d.Clause
		}
	}
	if len(clauses) == 0 {
		return nil
	}
	said, persons := map[string][]vault.Word{}, map[string]bool{}
	err := a.n.ws.Register.See(ctx, func(v *register.View) error {
		for _, table := range []string{wordConsent, wordObjection} {
			columns := map[string][]string{
				wordConsent:   {"source_key", "record", "purpose", "topic", "channel", "state", "time"},
				wordObjection: {"source_key", "record", "scope", "channel", "time"},
			}[table]
			for b, err := range v.Scan(ctx, table, columns, register.All) {
				if err != nil {
					return err
				}
				against(table, b, func(sourceKey, record string, w vault.Word) {
					if w.Clause = clauses[sourceKey]; w.Clause == "" {
						return
					}
					w.Since = run
					if w.Time == 0 { // nobody knows when, but by now: what the person says from here on is later
						w.Time = a.g.instant()
					}
					for _, p := range a.g.byRecord[record] {
						persons[p.token] = true
						said[p.token] = append(said[p.token], w)
					}
				})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for p, records := range a.g.spoken(a.g.byHand) { // which are those that stand: heedHolds saw to it
		clause := leaving[p.token]
		if clause == "" {
			continue
		}
		if all := a.byHand(records, clause, run); len(all) > 0 {
			persons[p.token] = true
			said[p.token] = append(said[p.token], all...)
		}
	}
	if len(said) == 0 {
		return nil
	}
	of, err := a.marksOf(ctx, night, persons)
	if err != nil {
		return err
	}
	var words []vault.Word
	for _, person := range sortedKeys(said) {
		for _, m := range of[person].list() {
			for _, w := range said[person] {
				w.Token = m.Token
				words = append(words, w)
			}
		}
		for _, w := range said[person] {
			a.kept = append(a.kept, keptWord(person, w))
		}
	}
	return a.n.ws.Vault.KeepWords(ctx, words)
}

// byHand gives what was said by hand, of the records of somebody, against a use of their data.
func (a *applying) byHand(records []string, clause, run string) (out []vault.Word) {
	var f policy.Facts
	a.g.byHand.Tell(&f, records, a.g.r.Date, math.MaxInt64)
	for _, o := range f.Objections {
		out = append(out, vault.Word{Kind: wordObjection, About: o.Scope, Channel: o.Channel.String(), Time: o.Time, Clause: clause, Since: run})
	}
	for _, c := range f.Consents {
		if c.State == policy.Refused || c.State == policy.Withdrawn {
			out = append(out, vault.Word{Kind: wordConsent, About: c.Purpose, Topic: c.Topic, Channel: c.Channel.String(), State: c.State.String(),
				Time: c.Time, Clause: clause, Since: run})
		}
	}
	return out
}

// marksOf gives the tokens by which some persons are known again: by what the resolver knows of them, whose sources still
// export them, and by what the vault has.
func (a *applying) marksOf(ctx context.Context, night *register.Night, persons map[string]bool) (map[string]*marks, error) {
	e, err := a.n.recallEngine(ctx, a.of)
	if err != nil {
		return nil, err
	}
	last, err := LastNight(ctx, a.n.ws.RegisterDB, a.of.Pipeline)
	if err != nil {
		return nil, err
	}
	if err := a.n.heed(ctx, e, dateOf(last)); err != nil {
		return nil, err
	}
	res, err := e.Resolve()
	if err != nil {
		return nil, err
	}
	domain, out := a.n.ws.Persons(), map[string]*marks{}
	mark := func(subject string, ids ...policy.Identity) {
		person := workspace.PersonOf(domain, subject)
		if !persons[person] {
			return
		}
		if out[person] == nil {
			out[person] = a.n.newMarks()
		}
		for _, id := range ids {
			out[person].add(id)
		}
	}
	for i := range res.Records {
		mark(res.Records[i].Subject, res.Identities(i)...)
	}
	return out, a.n.ofVault(ctx, night, a.recordsOf(persons), func(subject string, id policy.Identity, _ []string) { mark(subject, id) })
}
