package nightly_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"uoma/fixtures/campus"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

var firstNight = day(2026, 11, 21)

func day(y, m, d int) canon.Date {
	v, _ := canon.NewDate(y, m, d)
	return v
}

const settings = `institution: "10118"
temporary_identifiers: true
sender: {id: xamk}
`

// site is a workspace over a generated campus.
type site struct {
	dir, campus string
	people      int
}

func newSite(t testing.TB, people, nights int) site {
	t.Helper()
	s := site{dir: filepath.Join(t.TempDir(), "workspace"), campus: t.TempDir(), people: people}
	out, err := os.OpenRoot(s.campus)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := campus.Generate(context.Background(), campus.Options{People: people, Seed: 7, Out: out, Date: firstNight, Nights: nights, Change: 0.02}); err != nil {
		t.Fatal(err)
	}
	text := settings + fmt.Sprintf("inbox: %s\n", filepath.Join(s.campus, "inbox"))
	if err := workspace.Init(s.dir, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return s
}

type quiet struct{}

func (quiet) Begin(string)              {}
func (quiet) Advance(int64, string)     {}
func (quiet) End(string, time.Duration) {}

// night runs one night and gives its outcome.
func (s site) night(t testing.TB, date canon.Date) pipelines.Outcome {
	t.Helper()
	out, _, err := s.attempt(t, date, false)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func BenchmarkNight(b *testing.B) {
	people := 20_000
	if s := os.Getenv("UOMA_BENCH_PEOPLE"); s != "" {
		fmt.Sscan(s, &people)
	}
	for b.Loop() {
		b.StopTimer()
		s := newSite(b, people, 2)
		b.StartTimer()
		for d := range canon.Date(2) {
			start := time.Now()
			s.night(b, firstNight+d)
			b.ReportMetric(time.Since(start).Seconds(), fmt.Sprintf("s/night%d", d+1))
		}
	}
}
