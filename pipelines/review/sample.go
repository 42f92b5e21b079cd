package review

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/transforms/clerical"
	"uoma/transforms/protect"
	"uoma/transforms/resolve"
)

var (
	errSample   = fault.New("UOMA-REV-SAMPLE", "a sample needs a number of links", "write --sample with a number from 1 to 100000")
	errDrawn    = fault.New("UOMA-REV-DRAWN", "another number of links was drawn of this night under this seed", "draw as many as then, or with another --seed")
	errNoSample = fault.New("UOMA-REV-NO-SAMPLE", "no sample of links was drawn", "uoma review list --sample 200 --seed 1 draws one; decide its pairs, then ask again")
)

// maxSample is more than anybody reviews.
const maxSample = 100_000

// weakStratum is the stratum of links that are on the list, whatever their systems: the others are parted by system, and
// are so much surer that among them the weak ones would hardly be drawn.
const weakStratum = "weak links"

// link is two records of one cluster.
type link struct{ a, b resolve.Key }

// Draw draws a stratified random sample of the links that nobody has decided, writes it down, and gives its pairs. The same
// number under the same seed gives the same pairs.
func (d *Desk) Draw(ctx context.Context, n int, seed int64, check func(context.Context, *sqlx.Tx) error) ([]clerical.Line, error) {
	if n < 1 || n > maxSample {
		return nil, errSample
	}
	before := slices.DeleteFunc(slices.Clone(d.samples), func(s ledger.Sampled) bool { return s.Run != d.left.Run || s.Seed != seed })
	if len(before) > 0 {
		if before[0].Asked != int64(n) {
			return nil, errDrawn
		}
		return d.sampleLines(before)
	}
	strata := d.strata()
	var drawn []ledger.Sampled
	tokens := d.ws.SourceTokens()
	for i, links := range clerical.Draw(strata, n, rand.New(rand.NewPCG(uint64(seed), 0)).Perm) {
		for _, l := range links {
			p := clerical.NewPair(protect.Record(tokens, l.a.System, l.a.PersonKey), protect.Record(tokens, l.b.System, l.b.PersonKey))
			drawn = append(drawn, ledger.Sampled{Run: d.left.Run, Seed: seed, Asked: int64(n), Stratum: strata[i].Name,
				Links: int64(len(strata[i].Links)), A: p.A, B: p.B})
		}
	}
	err := d.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.AddSample(ctx, tx, drawn); err != nil {
			return err
		}
		return check(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	d.samples = append(d.samples, drawn...)
	return d.sampleLines(drawn)
}

func (d *Desk) sampleLines(drawn []ledger.Sampled) ([]clerical.Line, error) {
	out := []clerical.Line{}
	for _, s := range drawn {
		l, err := d.pair(clerical.Pair{A: s.A, B: s.B}, sampleRef(s.Number))
		if errors.Is(err, errNoPair) {
			continue // a record is gone since
		}
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// strata parts all pairs of records that are in one cluster, but for those that somebody decided, by the systems of the
// two; weak ones are a stratum of their own.
func (d *Desk) strata() []clerical.Stratum[link] {
	not := map[link]bool{} // decided
	weak := map[link]bool{}
	keys := d.know().keys
	pairOf := func(p clerical.Pair) link { return linkOf(keys[p.A], keys[p.B]) }
	for _, x := range d.book.Standing() {
		not[pairOf(x.Pair)] = x.Verdict != clerical.Unsure
	}
	for i := range d.left.Rows {
		weak[pairOf(d.left.Rows[i].Pair())] = true
	}
	clusters := map[string][]resolve.Key{}
	for k, subject := range d.know().subjects {
		clusters[subject] = append(clusters[subject], k)
	}
	found := map[string][]link{}
	for _, records := range clusters {
		for i, a := range records {
			for _, b := range records[:i] {
				l := linkOf(a, b)
				name := l.a.System + " × " + l.b.System
				if weak[l] {
					name = weakStratum
				}
				if !not[l] {
					found[name] = append(found[name], l)
				}
			}
		}
	}
	var out []clerical.Stratum[link]
	for name, links := range found {
		slices.SortFunc(links, func(x, y link) int { return cmp.Or(compare(x.a, y.a), compare(x.b, y.b)) })
		out = append(out, clerical.Stratum[link]{Name: name, Links: links})
	}
	slices.SortFunc(out, func(x, y clerical.Stratum[link]) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

func linkOf(a, b resolve.Key) link {
	if compare(a, b) > 0 {
		a, b = b, a
	}
	return link{a, b}
}

func compare(a, b resolve.Key) int {
	return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.PersonKey, b.PersonKey))
}

// Stats says how many links of a night are right, as far as its sample was reviewed.
type Stats struct {
	Run     string              `json:"run"` // whose links were drawn from
	Seed    int64               `json:"seed"`
	Strata  []clerical.Estimate `json:"strata"`
	All     clerical.Estimate   `json:"all"`
	Covered float64             `json:"covered"` // share of all links of which All speaks
}

// Estimate gives the statistics of the sample that was drawn last.
func (d *Desk) Estimate() (Stats, error) {
	if len(d.samples) == 0 {
		return Stats{}, errNoSample
	}
	last := d.samples[len(d.samples)-1]
	out := Stats{Run: last.Run, Seed: last.Seed}
	at := map[string]int{}
	for _, s := range d.samples {
		if s.Run != last.Run || s.Seed != last.Seed {
			continue
		}
		i, ok := at[s.Stratum]
		if !ok {
			i, at[s.Stratum] = len(out.Strata), len(out.Strata)
			out.Strata = append(out.Strata, clerical.Estimate{Stratum: s.Stratum, Links: s.Links})
		}
		e := &out.Strata[i]
		e.Sampled++
		x, _ := d.book.Of(clerical.Pair{A: s.A, B: s.B})
		switch x.Verdict {
		case clerical.Same:
			e.Same++
		case clerical.Different:
			e.Different++
		case clerical.Unsure:
			e.Unsure++
		}
	}
	out.All, out.Covered = clerical.Overall(out.Strata)
	return out, nil
}
