package policy

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"uoma/internal/canon"
)

// population makes n people of a campus by a fixed draw: most are silent graduates, some spoke, left, died or are held.
func population(tb testing.TB, n int) []Facts {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	share := func(percent int) bool { return r.IntN(100) < percent }
	today := day(tb, "2026-11-22")
	out := make([]Facts, n)
	for i := range out {
		f := &out[i]
		f.Degrees = []Degree{{"10118", today - canon.Date(r.IntN(6000))}}
		if share(30) {
			for _, purpose := range []string{"newsletter", "events", "training_offers"} {
				f.Consents = append(f.Consents, Consent{Purpose: purpose, Channel: Channel(r.IntN(3)), State: State(1 + r.IntN(5)), Time: (today - canon.Date(r.IntN(2000))).End()})
			}
		}
		if share(8) {
			f.Objections = []Objection{{"marketing", Channel(r.IntN(3)), (today - canon.Date(r.IntN(2000))).End()}}
		}
		if share(2) {
			f.Objections = append(f.Objections, Objection{"survey", AnyChannel, (today - 10).End()})
		}
		if share(3) {
			f.Left = []canon.Date{today - canon.Date(r.IntN(1000))}
		}
		f.Deceased, f.Protected, f.Restricted = share(1), share(1), share(1)
		if share(1) {
			f.Holds = []string{"legal_claim"}
		}
	}
	return out
}

const million = 1_000_000

// userTime gives the processor time that the program has used, which depends less than the clock on what else the machine does.
func userTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano())
}

// BenchmarkDecisionsOfAMillion works out, for a million people and every purpose, each category that it covers: from the
// facts as they are.
func BenchmarkDecisionsOfAMillion(b *testing.B) {
	p := filledIn(b, "xamk")
	people := population(b, million)
	at := day(b, "2026-11-22")
	decisions, allowed := 0, 0
	b.ReportAllocs()
	cpu := userTime(b)
	for b.Loop() {
		crowd := p.Crowd(at, len(people))
		for i := range people {
			crowd.Add(&people[i])
		}
		decisions, allowed = 0, 0
		for _, u := range p.Purposes {
			for _, category := range u.Categories {
				answers := p.Case(Query{Category: category, Purpose: u.ID, At: at}).DecideAll(crowd)
				decisions += crowd.Len()
				allowed += answers.Allowed() // reads the answer of every person
			}
		}
	}
	b.ReportMetric((userTime(b)-cpu).Seconds()/float64(b.N), "cpu-s/million")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
	b.ReportMetric(float64(decisions), "decisions")
	b.ReportMetric(float64(allowed), "allowed")
}
