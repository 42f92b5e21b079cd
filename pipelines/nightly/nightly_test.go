package nightly_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/fixtures/campus"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace/workspacetest"
)

var firstNight = day(2026, 11, 21)

func day(y, m, d int) canon.Date {
	v, _ := canon.NewDate(y, m, d)
	return v
}

// settings are the same in every copy of a site, so that a copy decides as the site did.
const settings = `institution: "10118"
temporary_identifiers: true
sender: {id: xamk}
inbox: ../campus/inbox
`

// site is a workspace over a generated campus, on stores of one kind.
type site struct {
	dir, campus string
	on          databasetest.Kind
}

func siteIn(dir string, on databasetest.Kind) site {
	return site{dir: filepath.Join(dir, "workspace"), campus: filepath.Join(dir, "campus"), on: on}
}

// generate makes a campus and a workspace over it in a folder.
func generate(t testing.TB, on databasetest.Kind, dir string, people, nights int) site {
	t.Helper()
	s := siteIn(dir, on)
	if err := os.Mkdir(s.campus, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenRoot(s.campus)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := campus.Generate(context.Background(), campus.Options{People: people, Seed: 7, Out: out, Date: firstNight, Nights: nights, Change: 0.02}); err != nil {
		t.Fatal(err)
	}
	workspacetest.Init(t, on, s.dir, settings)
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
		s := generate(b, databasetest.OnSQLite, b.TempDir(), people, 2)
		b.StartTimer()
		for d := range canon.Date(2) {
			start := time.Now()
			s.night(b, firstNight+d)
			b.ReportMetric(time.Since(start).Seconds(), fmt.Sprintf("s/night%d", d+1))
		}
	}
}
