package register_test

import (
	"slices"
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
)

// consentRow makes one row of the table consent.
func consentRow(t testing.TB, source, record, state string, at int64) *canon.Batch {
	shape := tableNamed(t, "consent")
	b := canon.NewBuilder(shape, "alumni-portal/consents")
	for i, c := range shape.Columns {
		switch c.Name {
		case "source":
			b.Text(i, "alumni-portal/consents")
		case "source_key":
			b.Text(i, source)
		case "record":
			b.Text(i, record)
		case "seq":
			b.Int(i, 0)
		case "category", "legal_basis":
			b.Text(i, c.Name)
		case "purpose":
			b.Text(i, "newsletter")
		case "state":
			b.Text(i, state)
		case "time":
			b.Instant(i, at)
		default:
			b.Null(i)
		}
	}
	b.EndRow()
	return b.Flush()
}

// A source that says otherwise leaves what it said before in the book; one that says the same anew leaves nothing.
func TestTheBookKeepsWhatASourceSaidBefore(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := open(t, db)
		key, record := token('s', 1), token('r', 1)
		load := func(run, state string, at int64) {
			night(t, r, func(n *register.Night) error {
				for _, step := range []error{n.BookWords(t.Context(), []string{key}, run), n.Drop(t.Context(), []string{key}),
					n.Put(t.Context(), consentRow(t, key, record, state, at), run), n.SettleWords(t.Context(), run)} {
					if step != nil {
						return step
					}
				}
				return nil
			})
		}
		load("nightly-1", "granted", 10)
		load("nightly-2", "granted", 10)
		load("nightly-3", "withdrawn", 20)
		load("nightly-3", "refused", 30) // a second attempt of the night: what stood before the night is in the book
		load("nightly-4", "granted", 40)
		book, err := r.WordsOf(t.Context(), record)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range book {
			got = append(got, w.Run+" "+w.State)
			if w.Kind != register.ConsentWord || w.ID != key || w.About != "newsletter" || w.Source != "alumni-portal/consents" {
				t.Errorf("%+v", w)
			}
		}
		if want := []string{"nightly-3 granted", "nightly-4 refused"}; !slices.Equal(got, want) {
			t.Errorf("the book has %q, not %q", got, want)
		}
		now, err := r.WordsNow(t.Context(), record)
		if err != nil || len(now) != 1 || now[0].State != "granted" || now[0].At != 40 || now[0].Run != "" {
			t.Errorf("now %+v, %v", now, err)
		}
	})
}

// A row that its source gave up and then exports in a version that cannot be used takes its consent back in doubt: once.
func TestADoubtIsBookedOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := open(t, db)
		keys, record := []string{token('s', 1)}, token('r', 1)
		night(t, r, func(n *register.Night) error {
			return n.Put(t.Context(), consentRow(t, keys[0], record, "granted", 10), "nightly-1")
		})
		night(t, r, func(n *register.Night) error { return n.End(t.Context(), keys, "nightly-2") })
		for _, run := range []string{"nightly-3", "nightly-4", "nightly-5"} {
			night(t, r, func(n *register.Night) error {
				if err := n.BookWords(t.Context(), keys, run); err != nil {
					return err
				}
				if err := n.Doubt(t.Context(), keys); err != nil {
					return err
				}
				return n.SettleWords(t.Context(), run)
			})
		}
		book, err := r.WordsOf(t.Context(), record)
		if err != nil || len(book) != 1 || book[0].Run != "nightly-3" || book[0].State != "granted" {
			t.Errorf("the book has %+v, %v", book, err)
		}
		if now, err := r.WordsNow(t.Context(), record); err != nil || len(now) != 1 || now[0].State != "doubted" || now[0].Run != "nightly-2" {
			t.Errorf("now %+v, %v", now, err)
		}
	})
}

func TestWordsByHandGoWithAnErasure(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := open(t, db)
		word := register.Word{ID: token('w', 1), Kind: register.HoldWord, About: "legal_claim", State: register.Stands, At: 5, NotedBy: "dpo", NotedAt: 6}
		person, other := token('p', 1), token('p', 2)
		night(t, r, func(n *register.Night) error {
			links := []register.Link{{Record: token('r', 1), Person: person}, {Record: token('r', 2), Person: person},
				{Record: token('r', 3), Person: person}, {Record: token('r', 3), Person: other}, {Record: token('r', 4), Person: other}}
			if err := n.Link(t.Context(), links); err != nil {
				return err
			}
			own, shared, err := n.OwnAndShared(t.Context(), person)
			if err != nil || !slices.Equal(own, []string{token('r', 1), token('r', 2)}) || !slices.Equal(shared, []string{token('r', 3)}) {
				t.Errorf("own %q, shared %q, %v", own, shared, err)
			}
			var words []register.Word
			for _, record := range append(own, token('r', 4)) {
				word.Record = record
				words = append(words, word)
			}
			return register.AddWords(t.Context(), n.Tx(), words)
		})
		if all, err := r.WordsByHand(t.Context()); err != nil || len(all) != 3 || all[2] != word {
			t.Fatalf("%+v, %v", all, err)
		}
		night(t, r, func(n *register.Night) error {
			_, err := n.Erase(t.Context(), []string{token('r', 1), token('r', 2)})
			return err
		})
		if all, err := r.WordsByHand(t.Context()); err != nil || len(all) != 1 || all[0].Record != token('r', 4) {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
