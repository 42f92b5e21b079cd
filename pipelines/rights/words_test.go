package rights

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/transforms/policy"
)

func bookOf(all ...register.Word) *Words {
	w := &Words{map[string][]register.Word{}, map[string]int{}}
	for _, x := range all {
		w.by[x.Record] = append(w.by[x.Record], x)
		w.bound[x.ID]++
	}
	return w
}

// on gives a word for each record.
func on(w register.Word, records ...string) (out []register.Word) {
	for _, w.Record = range records {
		out = append(out, w)
	}
	return out
}

// told gives what was said of some records as one line.
func told(w *Words, day canon.Date, instant int64, records ...string) string {
	f := policy.Facts{}
	w.Tell(&f, records, day, instant)
	var out []string
	for _, c := range f.Consents {
		out = append(out, fmt.Sprintf("%s %s", c.Purpose, c.State))
	}
	for _, o := range f.Objections {
		out = append(out, "objects to "+o.Scope)
	}
	if f.Restricted {
		out = append(out, "restricted")
	}
	for _, h := range f.Holds {
		out = append(out, "held "+h)
	}
	return strings.Join(out, ", ")
}

func TestWhatCountsForWhom(t *testing.T) {
	grant := register.Word{ID: "g", Kind: register.ConsentWord, About: "newsletter", State: "granted", At: 10}
	withdrawal := register.Word{ID: "x", Kind: register.ConsentWord, About: "newsletter", State: "withdrawn", At: 20}
	objection := register.Word{ID: "o", Kind: register.ObjectionWord, About: "marketing", State: register.Stands, At: 10}
	restriction := register.Word{ID: "r", Kind: register.RestrictionWord, State: register.Stands, At: 10, Until: "2026-11-30"}
	open := register.Word{ID: "q", Kind: register.RestrictionWord, State: register.Stands, At: 10}
	lift := register.Word{ID: "l", Kind: register.RestrictionWord, State: register.Lifted, At: 20}
	sameMoment := lift
	sameMoment.At = 10
	hold := register.Word{ID: "h", Kind: register.HoldWord, About: "legal_claim", State: register.Stands, At: 10}
	day := func(s string) canon.Date { d, _ := canon.ParseDate(s); return d }
	for _, tt := range []struct {
		name    string
		words   []register.Word
		day     string
		instant int64
		records []string
		want    string
	}{
		{"nothing", nil, "2026-11-22", 99, []string{"1"}, ""},
		{"a consent of all records", on(grant, "1", "2"), "2026-11-22", 99, []string{"1", "2"}, "newsletter granted"},
		{"a person joined with another takes it along", on(grant, "1", "2"), "2026-11-22", 99, []string{"1", "2", "3"}, "newsletter granted"},
		{"parted, neither has consented", on(grant, "1", "2"), "2026-11-22", 99, []string{"1"}, ""},
		{"parted, both have withdrawn", slices.Concat(on(grant, "1", "2"), on(withdrawal, "1", "2")), "2026-11-22", 99, []string{"2"}, "newsletter withdrawn"},
		{"not said yet", on(withdrawal, "1"), "2026-11-22", 19, []string{"1"}, ""},
		{"parted, both object", on(objection, "1", "2"), "2026-11-22", 99, []string{"2"}, "objects to marketing"},
		{"said once of two records", on(objection, "1", "2"), "2026-11-22", 99, []string{"1", "2"}, "objects to marketing"},
		{"restricted on the last day", on(restriction, "1"), "2026-11-30", 99, []string{"1"}, "restricted"},
		{"restricted no more", on(restriction, "1"), "2026-12-01", 99, []string{"1"}, ""},
		{"lifted", slices.Concat(on(open, "1"), on(lift, "1")), "2026-11-22", 99, []string{"1"}, ""},
		{"not lifted yet", slices.Concat(on(open, "1"), on(lift, "1")), "2026-11-22", 19, []string{"1"}, "restricted"},
		{"at one moment the stricter counts", slices.Concat(on(open, "1"), on(sameMoment, "1")), "2026-11-22", 99, []string{"1"}, "restricted"},
		{"joined with somebody of whom it was lifted", slices.Concat(on(open, "1", "2"), on(lift, "2")), "2026-11-22", 99, []string{"1", "2"}, "restricted"},
		{"a hold", on(hold, "1"), "2026-11-22", 99, []string{"1"}, "held legal_claim"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := told(bookOf(tt.words...), day(tt.day), tt.instant, tt.records...); got != tt.want {
				t.Errorf("%q, not %q", got, tt.want)
			}
		})
	}
}

// Whoever is parted from somebody may be used for no more than the one person before, whatever was said, in whichever order.
func TestPartingOpensNothing(t *testing.T) {
	pack := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		records := []string{"1", "2", "3"}
		var all []register.Word
		for i := range rapid.IntRange(1, 8).Draw(t, "words") {
			w := register.Word{ID: fmt.Sprint(i), At: rapid.Int64Range(1, 4).Draw(t, "at"), NotedAt: int64(i)}
			w.Kind = rapid.SampledFrom([]string{register.ConsentWord, register.ObjectionWord, register.RestrictionWord, register.HoldWord}).Draw(t, "kind")
			w.State = rapid.SampledFrom([]string{register.Stands, register.Lifted}).Draw(t, "state")
			switch w.Kind {
			case register.ConsentWord:
				w.About, w.State = "newsletter", rapid.SampledFrom([]string{"granted", "refused", "withdrawn", "expired"}).Draw(t, "consent")
			case register.ObjectionWord:
				w.About = "marketing"
			case register.HoldWord:
				w.About = "legal_claim"
			}
			all = append(all, on(w, records...)...)
		}
		rest := rapid.SampledFrom([][]string{{"1"}, {"1", "2"}, {"3"}}).Draw(t, "rest")
		may := func(book *Words, records ...string) bool {
			f := policy.Facts{}
			book.Tell(&f, records, 20000, 99)
			return pack.Decide(policy.Query{Facts: &f, Category: "contact", Purpose: "newsletter", At: 20000}).Allow
		}
		book, shuffled := bookOf(all...), bookOf(rapid.Permutation(all).Draw(t, "order")...)
		if may(book, rest...) && !may(book, records...) {
			t.Fatal("parting opened a use")
		}
		if may(book, records...) != may(shuffled, records...) {
			t.Fatal("the order in which words are read decides")
		}
	})
}

func shipped(t testing.TB) *policy.Pack {
	t.Helper()
	src, _ := policy.Shipped("xamk")
	p, err := policy.Parse("xamk.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhenADayIsMeant(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	now := time.Date(2026, 11, 22, 14, 0, 0, 0, zone)
	for _, tt := range []struct {
		text  string
		opens bool
		want  string
	}{
		{"", false, "2026-11-22T14:00:00+02:00"},
		{"2026-11-20", false, "2026-11-20T23:59:59+02:00"}, {"2026-11-20", true, "2026-11-20T00:00:00+02:00"},
		{"2026-11-22", false, "2026-11-22T14:00:00+02:00"}, {"2026-11-22", true, "2026-11-22T00:00:00+02:00"},
		{"2026-11-21T10:00:00+02:00", false, "2026-11-21T10:00:00+02:00"}, {"2026-11-23", false, "2026-11-23T00:00:00+02:00"}, {"yesterday", false, ""},
	} {
		got, err := Instant(tt.text, tt.opens, zone, now)
		if err == nil && got.Format(time.RFC3339) != tt.want || err != nil && tt.want != "" {
			t.Errorf("%q: %v, %v", tt.text, got, err)
		}
	}
}

// TestMergesAreTheSlowReference lets persons be joined and parted while words are written down of whoever they are at that moment,
// and asks at the end, of everybody and by each channel, whether the newsletter may be sent: of the decision function over what the
// book tells of them, and of a reference that goes through all that was said, word by word and record by record. Joining takes
// nothing back that anybody forbade.
func TestMergesAreTheSlowReference(t *testing.T) {
	pack := shipped(t)
	allowed, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		people := [][]string{{"1"}, {"2"}, {"3"}, {"4"}}
		var said []said
		for _, of := range people { // whoever never granted it may not be sent it, whatever else they say
			said = append(said, granted(of))
		}
		for step := range rapid.IntRange(8, 40).Draw(t, "steps") {
			n := rapid.IntRange(0, len(people)-1).Draw(t, "who")
			switch rapid.SampledFrom([]string{"say", "say", "join", "part"}).Draw(t, "step") {
			case "say":
				said = append(said, draw(t, step, slices.Clone(people[n])))
			case "join":
				if m := rapid.IntRange(0, len(people)-1).Draw(t, "with"); m != n {
					people[n] = slices.Concat(people[n], people[m])
					people = slices.Delete(people, m, m+1)
				}
			case "part":
				if len(people[n]) > 1 {
					people, people[n] = append(people, people[n][:1]), people[n][1:]
				}
			}
		}
		var all []register.Word
		for _, x := range said {
			all = append(all, on(x.Word, x.of...)...)
		}
		book := bookOf(rapid.Permutation(all).Draw(t, "order")...)
		for _, records := range people {
			f := policy.Facts{}
			book.Tell(&f, records, today, int64(now))
			for name, channel := range map[string]policy.Channel{"email": policy.Email, "sms": policy.SMS} {
				got := pack.Decide(policy.Query{Facts: &f, Category: "contact", Purpose: "newsletter", Channel: channel, At: today}).Allow
				if want := mayBeSent(said, records, name); got != want {
					t.Fatalf("%v by %s: %t, and by the reference %t; said were %v", records, name, got, want, said)
				}
				if got {
					allowed++
				} else {
					refused++
				}
			}
		}
	})
	if allowed < 20 || refused < 20 {
		t.Errorf("%d allowed and %d refused say little", allowed, refused)
	}
}

const (
	today = canon.Date(20000)
	now   = 20000 * 86_400_000_000 // the first instant of that day, in microseconds
)

// said is a word, and the records that whoever it was said of had then.
type said struct {
	register.Word
	of []string
}

func granted(of []string) said {
	return said{register.Word{ID: "first " + of[0], Kind: register.ConsentWord, About: "newsletter", State: "granted", At: now - 6}, of}
}

func draw(t *rapid.T, step int, of []string) said {
	w := register.Word{ID: fmt.Sprint(step), At: now - rapid.Int64Range(1, 5).Draw(t, "before"), NotedAt: int64(step)}
	w.Kind = rapid.SampledFrom([]string{register.ConsentWord, register.ObjectionWord, register.ObjectionWord, register.ObjectionWord, register.RestrictionWord, register.HoldWord}).Draw(t, "kind")
	w.State = rapid.SampledFrom([]string{register.Stands, register.Lifted, register.Lifted}).Draw(t, "state")
	switch w.Kind {
	case register.ConsentWord:
		w.About, w.State = "newsletter", rapid.SampledFrom([]string{"granted", "granted", "refused", "withdrawn"}).Draw(t, "consent")
		w.Channel = rapid.SampledFrom([]string{"", "email"}).Draw(t, "channel")
	case register.ObjectionWord:
		w.About, w.Channel = "marketing", rapid.SampledFrom([]string{"", "email"}).Draw(t, "channel")
	case register.HoldWord:
		w.About = "legal_claim"
	}
	return said{w, of}
}

// mayBeSent is the reference. Nothing may be sent where the last word on one of the records forbids it, whoever had the record
// then. Else the last word about the newsletter decides, of two at one moment the one against; that somebody granted it counts
// for nobody who has not all the records that they had.
func mayBeSent(all []said, records []string, channel string) bool {
	has := func(record string) bool { return slices.Contains(records, record) }
	for _, record := range records {
		for _, x := range all {
			if x.Kind == register.ConsentWord || x.State != register.Stands || !slices.Contains(x.of, record) || x.Channel != "" && x.Channel != channel {
				continue
			}
			lifted := slices.ContainsFunc(all, func(y said) bool {
				return y.Kind == x.Kind && y.About == x.About && y.Channel == x.Channel && y.State == register.Lifted && slices.Contains(y.of, record) &&
					(y.At > x.At || y.At == x.At && y.NotedAt > x.NotedAt)
			})
			if !lifted {
				return false
			}
		}
	}
	at, granted := int64(-1), false
	for _, x := range all {
		gives := x.State == "granted"
		if x.Kind != register.ConsentWord || x.Channel != "" && x.Channel != channel || !slices.ContainsFunc(x.of, has) {
			continue
		}
		if gives && slices.ContainsFunc(x.of, func(record string) bool { return !has(record) }) {
			continue
		}
		switch {
		case x.At > at:
			at, granted = x.At, gives
		case x.At == at:
			granted = granted && gives
		}
	}
	return granted
}
