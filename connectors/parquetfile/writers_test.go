package parquetfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/formattest"
)

// TestFilesOfOtherWriters reads what Apache Arrow and DuckDB wrote; testdata/writers/make.py tells how.
func TestFilesOfOtherWriters(t *testing.T) {
	files, err := filepath.Glob("testdata/writers/*.parquet")
	if err != nil || len(files) < 19 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var people, degrees []string
	for i := range 12 {
		born := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 97*i).Format(time.DateOnly)
		credits := strings.TrimSuffix(fmt.Sprintf("%.1f", float64(i*105)/10), ".0")
		home := ""
		if i%2 == 1 {
			home = "Mikkeli"
		}
		postcodes := strings.Join([]string{"50100", "50100"}[:i%3], ",")
		people = append(people, fmt.Sprintf("22%05d|%s|%s|%s|2026-11-01T02:15:%02dZ|%d|%d|%v|%s|%s", i, []string{"Aino", "Veikko", "Åsa", ""}[i%4], born, credits, i, 2010+i,
			1<<53+i, i%3 == 0, home, postcodes))
		for k := range i % 3 {
			degrees = append(degrees, fmt.Sprintf("22%05d|D%d|%d,%d", i, k, k, k+1))
		}
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := read(b, columns("id", "given", "born", "credits", "changed", "year", "large", "active", "city=home/city", "postcodes=home/codes ,"))
			formattest.Conserved(t, got)
			if want := strings.Join(people, "\n"); got.Err != nil || text(got) != want {
				t.Errorf("got %v\n%s\nwant\n%s", got.Err, text(got), want)
			}
			o := columns("id=../id", "code", "terms ,")
			o.Each = "degrees"
			got = read(b, o)
			if want := strings.Join(degrees, "\n"); got.Err != nil || text(got) != want {
				t.Errorf("got %v\n%s\nwant\n%s", got.Err, text(got), want)
			}
		})
	}
}
