package register_test

import (
	"errors"
	"slices"
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
)

// TestLapsesFollowTheirPerson: what has lapsed of somebody goes with the erasure of the one who that person was found to be.
func TestLapsesFollowTheirPerson(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := open(t, db)
		day, _ := canon.NewDate(2026, 1, 31)
		lapse := func(row, person int) register.Lapse {
			return register.Lapse{SourceKey: token('s', row), Category: "contact", Source: "crm/rows", Person: token('p', person), Action: "delete",
				Clause: "X-1", Anchor: "deceased", Day: day, Since: "n1"}
		}
		night(t, r, func(n *register.Night) error { return n.Lapse(t.Context(), []register.Lapse{lapse(1, 1), lapse(2, 2)}) })
		night(t, r, func(n *register.Night) error {
			return n.Follow(t.Context(), token('p', 1), token('p', 3), "nightly-2026-11-21")
		})
		persons := func() map[string]string {
			out := map[string]string{}
			for l, err := range r.Lapses(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				out[l.SourceKey] = l.Person
			}
			return out
		}
		if got := persons(); len(got) != 2 || got[token('s', 1)] != token('p', 3) || got[token('s', 2)] != token('p', 2) {
			t.Errorf("%v", got)
		}
		night(t, r, func(n *register.Night) error { return n.ErasePersons(t.Context(), []string{token('p', 3)}) })
		if got := persons(); len(got) != 1 || got[token('s', 2)] == "" {
			t.Errorf("after the erasure: %v", got)
		}
	})
}

// TestWhatIsOfOnePersonIsWhatIsOfAll reads lapses, kept words and words by hand of one person, with and without indexes: they are
// those among all that are the person's.
func TestWhatIsOfOnePersonIsWhatIsOfAll(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := open(t, db)
		day := canon.Date(20_000)
		var lapses []register.Lapse
		var kept []register.KeptWord
		var words []register.Word
		for n := range 30 {
			p := token('p', n%5)
			lapses = append(lapses, register.Lapse{SourceKey: token('s', n), Category: "event", Source: "mira/events", Person: p, Action: "delete", Clause: "C-1", Anchor: "event_end", Day: day, Since: "r"})
			words = append(words, register.Word{ID: token('w', n/2), Record: token('r', n), Kind: register.HoldWord, About: "x", State: register.Stands})
			if n < 5 {
				kept = append(kept, register.KeptWord{Person: p, Kind: "objection", About: "marketing"})
			}
		}
		night(t, r, func(n *register.Night) error {
			if _, err := n.ReplaceKeptWords(t.Context(), kept); err != nil {
				return err
			}
			return errors.Join(n.Lapse(t.Context(), lapses), register.AddWords(t.Context(), n.Tx(), words))
		})
		for range 2 {
			got, err := collect(r.LapsesOf(t.Context(), token('p', 2), []string{token('s', 3), token('s', 7), token('s', 99)}))
			if err != nil || len(got) != 7 || got[0] != lapses[2] || got[6] != lapses[3] {
				t.Errorf("lapses: %+v %v", got, err)
			}
			if got, err := collect(r.KeptWordsOf(t.Context(), token('p', 2))); err != nil || len(got) != 1 || got[0] != kept[2] {
				t.Errorf("kept words: %+v %v", got, err)
			}
			if got, err := r.WordsByHandOf(t.Context(), []string{token('r', 4), token('r', 9)}); err != nil || len(got) != 4 || got[1] != words[5] {
				t.Errorf("words by hand: %+v %v", got, err)
			}
			if err := r.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestKeptWordsAreAddedBesideThoseThere: of several persons at once the later word stays, whoever has none of a kind gets it, and a
// person who is not here gets nothing.
func TestKeptWordsAreAddedBesideThoseThere(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := open(t, db)
		word := func(person int, about string, at int64) register.KeptWord {
			return register.KeptWord{Person: token('p', person), Kind: register.ConsentWord, About: about, State: "withdrawn", Time: at, Clause: "C"}
		}
		erased := func(person int, clause string) register.KeptWord {
			return register.KeptWord{Person: token('p', person), Kind: register.ErasedWord, Clause: clause}
		}
		night(t, r, func(n *register.Night) error {
			var links []register.Link
			for p := range 3 {
				links = append(links, register.Link{Record: token('r', p), Person: token('p', p), Since: "nightly-1"})
			}
			_, err := n.ReplaceKeptWords(t.Context(), []register.KeptWord{word(0, "a", 5), word(1, "a", 5), erased(1, "of before")})
			return errors.Join(err, n.Link(t.Context(), links))
		})
		night(t, r, func(n *register.Night) error {
			return errors.Join(n.AddKeptWords(t.Context(), []register.KeptWord{word(0, "a", 4), word(0, "b", 4), word(1, "a", 6), word(9, "a", 6)}),
				n.MarkErased(t.Context(), map[string]string{token('p', 0): "C1", token('p', 1): "C1", token('p', 2): "C1", token('p', 9): "C1"}))
		})
		got, err := collect(r.KeptWords(t.Context()))
		want := []register.KeptWord{word(0, "a", 5), word(0, "b", 4), erased(0, "C1"), word(1, "a", 6), erased(1, "of before"), erased(2, "C1")}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v, %v\nwant %+v", got, err, want)
		}
	})
}
