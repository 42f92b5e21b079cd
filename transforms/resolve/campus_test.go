package resolve_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"uoma/connectors/archive"
	"uoma/connectors/csvfile"
	"uoma/connectors/tabular"
	"uoma/connectors/xlsx"
	"uoma/fixtures/campus"
	"uoma/fixtures/truth"
	"uoma/internal/canon"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
	"uoma/transforms/resolve"
)

// settings are those of the nightly pipeline, with ids that a person can read.
func settings() resolve.Settings {
	return resolve.Settings{
		Clean: []string{"student-register", "pegasos"},
		Mint:  func(system, personKey string, n int) string { return fmt.Sprintf("%s:%s:%d", system, personKey, n) },
	}
}

var night, _ = canon.NewDate(2026, 11, 22)

// campusDir generates a campus once a test binary and size, and gives the folder with inbox and truth.
var campusDir = func() func(testing.TB, int, int) string {
	var mu sync.Mutex
	made := map[[2]int]string{}
	return func(t testing.TB, people, nights int) string {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		k := [2]int{people, nights}
		if made[k] != "" {
			if _, err := os.Stat(made[k]); err == nil {
				return made[k]
			}
		}
		dir := t.TempDir()
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		_, err = campus.Generate(context.Background(), campus.Options{People: people, Seed: 7, Out: root, Date: night, Nights: nights, Change: 0.05})
		if err != nil {
			t.Fatal(err)
		}
		made[k] = dir
		return dir
	}
}()

// exports adds a night's exports to an engine, as the nightly pipeline does with rows that are all new.
func exports(t testing.TB, e *resolve.Engine, dir string, date canon.Date) {
	t.Helper()
	layouts, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layouts {
		if l.Controller != "10118" || l.Occasional {
			continue // the campus is of one institution
		}
		for i := range l.Feeds {
			addFeed(t, e, dir, l, &l.Feeds[i], date)
		}
	}
}

func addFeed(t testing.TB, e *resolve.Engine, dir string, l *layout.Layout, f *layout.Feed, date canon.Date) {
	t.Helper()
	c, err := conform.New(l, f, conform.Settings{RunDate: date, AllowTemporary: true, AllowSynthetic: true})
	if err != nil {
		t.Fatal(err)
	}
	sink := c.NewSink(func(b *canon.Batch) error { e.Add(b); return nil }, func(canon.Rejection) error { return nil })
	read(t, dir, l, f, date, func(b *canon.Batch) {
		if err := c.Batch(b, sink); err != nil {
			t.Fatal(err)
		}
	})
	if err := sink.Flush(); err != nil {
		t.Fatal(err)
	}
}

// read gives the raw rows of a feed's export.
func read(t testing.TB, dir string, l *layout.Layout, f *layout.Feed, date canon.Date, take func(*canon.Batch)) {
	t.Helper()
	name := regexp.MustCompile(`\{.*\}`).ReplaceAllString(f.File, date.Time().Format("20060102"))
	file, err := os.Open(filepath.Join(dir, "inbox", l.System, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	var r tabular.Reader
	if f.Format.Type == "xlsx" {
		o := tabularOptions(f, name)
		o.Titles = 20
		r = xlsx.New(file, info.Size(), xlsx.Options{Options: o, Sheet: f.Format.Sheet})
	} else {
		var src io.Reader = file
		if f.Member != "" {
			zip, err := archive.Open(file, info.Size(), archive.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			member, err := zip.Open(path.Clean(f.Member))
			if err != nil {
				t.Fatal(err)
			}
			defer member.Close()
			src = member
		}
		r = csvfile.New(src, csvfile.Options{Options: tabularOptions(f, name), Encoding: f.Format.Encoding, Delimiter: (f.Format.Delimiter + ";")[0]})
	}
	for b, err := range r.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		take(b)
	}
}

func tabularOptions(f *layout.Feed, name string) tabular.Options {
	o := tabular.Options{Feed: f.FullName(), File: name, Header: f.Format.Header, FieldCounts: f.Format.FieldCounts,
		TrailerRequired: f.Format.TrailerRequired, SkipWhenEmpty: f.Format.SkipWhenEmpty, Reject: func(canon.Rejection) {}}
	for i, c := range f.Columns {
		position := c.Position
		if position == 0 {
			position = i + 1
		}
		o.Columns = append(o.Columns, tabular.Column{Name: c.Name, Aliases: c.Aliases, Position: position, Required: c.Required})
	}
	if f.Format.Trailer != "" {
		if re := regexp.MustCompile(f.Format.Trailer); re.NumSubexp() > 0 {
			o.Trailer = re
		}
	}
	return o
}

// score compares a result with the truth of a night.
func score(t testing.TB, dir string, date canon.Date, res *resolve.Result) (truth.Comparison, map[truth.Record]string) {
	t.Helper()
	src, err := os.Open(filepath.Join(dir, "truth", date.String()+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	want, err := truth.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[truth.Record]string, len(res.Records))
	for _, r := range res.Records {
		got[truth.Record{System: r.System, Key: truth.Key(r.PersonKey)}] = r.Subject
	}
	return truth.Score(want, got), want
}

func TestAccuracyOnACampus(t *testing.T) {
	people := 20_000
	dir := campusDir(t, people, 1)
	e := resolve.New(settings())
	exports(t, e, dir, night)
	res := resolved(t, e)
	c, _ := score(t, dir, night, res)
	t.Logf("%d records, precision %.5f recall %.5f F1 %.5f, %d wrong, %d missed", c.Records, c.Precision(), c.Recall(), c.F1(), c.FP, c.FN)
	for _, p := range c.Parts {
		t.Logf("  %-16s %-16s pairs %6d precision %.5f recall %.5f wrong %d missed %d", p.A, p.B, p.Pairs(), p.Precision(), p.Recall(), p.FP, p.FN)
	}
	t.Logf("%+v missing %d unknown %d", res.Stats, c.Missing, c.Unknown)
	if c.Precision() < 0.999 || c.Recall() < 0.95 {
		t.Errorf("precision %.5f, recall %.5f", c.Precision(), c.Recall())
	}
}
