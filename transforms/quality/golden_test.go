package quality_test

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"uoma/transforms/quality"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is written; look at the difference, then run with -update", name)
	}
}

func render(t testing.TB, r *quality.Report) (page, data []byte) {
	t.Helper()
	page, err := quality.HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	if data, err = quality.JSON(r, page); err != nil {
		t.Fatal(err)
	}
	return page, data
}

func TestGoldenReport(t *testing.T) {
	r := quality.Build(night())
	page, data := render(t, r)
	golden(t, "quality.html", page)
	golden(t, "quality.json", data)
	golden(t, "aggregates.json", quality.Aggregates(r))
}

func TestSameInputSameBytes(t *testing.T) {
	page, data := render(t, quality.Build(night()))
	for range 5 {
		again, more := render(t, quality.Build(night()))
		if !bytes.Equal(page, again) || !bytes.Equal(data, more) {
			t.Fatal("two reports of one input differ")
		}
	}
}

func TestOrderOfTheInputDoesNotMatter(t *testing.T) {
	page, data := render(t, quality.Build(night()))
	in := night()
	slices.Reverse(in.Sources)
	slices.Reverse(in.Datasets)
	slices.Reverse(in.Register)
	slices.Reverse(in.Deliveries)
	slices.Reverse(in.Privacy.Consents)
	slices.Reverse(in.Privacy.Retention)
	slices.SortStableFunc(in.Fields, func(a, b quality.Field) int { return -strings.Compare(a.Feed, b.Feed) })
	again, more := render(t, quality.Build(in))
	if !bytes.Equal(page, again) || !bytes.Equal(data, more) {
		t.Error("the same facts in another order give another report")
	}
}

func TestInputIsLeftAlone(t *testing.T) {
	in := night()
	quality.Build(in)
	if !reflect.DeepEqual(in, night()) {
		t.Error("building a report changed its input")
	}
}
