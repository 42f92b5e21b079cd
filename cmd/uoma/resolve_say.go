package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"uoma/pipelines/linker"
)

// printMeanings says on standard error what the columns were taken for. Files with the same columns are shown once.
func (a *app) printMeanings(files []linker.FileReport) {
	before, guessed := "", false
	for _, f := range files {
		var b strings.Builder
		w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "COLUMN\tMEANING\tSURE\tWHY")
		for _, c := range f.Columns {
			fmt.Fprintf(w, "%s\t%s\t%.0f %%\t%s\n", c.Name, c.Meaning, 100*c.Confidence, c.Why)
			guessed = guessed || c.Confidence < 1
		}
		w.Flush()
		if b.String() == before {
			fmt.Fprintf(a.err, "%s: the same columns\n", f.File)
			continue
		}
		before = b.String()
		fmt.Fprintf(a.err, "%s: %s\n%s\n", f.File, formOf(f), before)
	}
	if guessed {
		fmt.Fprintln(a.err, "Not so? --columns NAME=KIND,... says what a column means; NAME=ignored leaves it out.")
	}
}

// formOf says how a file was read.
func formOf(f linker.FileReport) string {
	if f.Format != "csv" {
		return f.Format
	}
	delimiter := map[string]string{",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[f.Delimiter]
	if delimiter == "" {
		delimiter = f.Delimiter
	}
	return fmt.Sprintf("csv, %s, %s", delimiter, f.Encoding)
}

// printedRejections is how many bad rows are shown to a person one by one.
const printedRejections = 20

// printResolution sums up for people on standard error; with --json the report is on standard output.
func (a *app) printResolution(r *linker.Report) error {
	if a.json {
		if err := a.printJSON("resolve", r.Rejected == 0, r); err != nil {
			return err
		}
	} else {
		a.sayResolution(r)
	}
	if r.Rejected > 0 {
		return statusError(exitPartial)
	}
	return nil
}

func (a *app) sayResolution(r *linker.Report) {
	p := palette(a.err)
	for i, x := range r.Rejection {
		if i == printedRejections {
			break
		}
		fmt.Fprintf(a.err, "%s %s:%d: %s: %s\n", p.red("bad row"), x.File, x.Line, x.Code, x.Reason)
	}
	if n := r.Rejected - printedRejections; n > 0 {
		fmt.Fprintf(a.err, "and %s bad rows more; --json lists %d\n", thousands(n), len(r.Rejection))
	}
	fmt.Fprintf(a.err, "%s records of %s people; the largest cluster has %s records\n",
		thousands(int64(r.Records)), thousands(int64(r.People)), thousands(int64(r.Largest)))
	for _, f := range r.Files {
		skipped := ""
		for _, reason := range slices.Sorted(maps.Keys(f.Skipped)) {
			skipped += fmt.Sprintf(", %s %s", thousands(f.Skipped[reason]), reason)
		}
		fmt.Fprintf(a.err, "  %s: %s records, %s bad rows%s\n", f.File, thousands(f.Records), thousands(f.Rejected), skipped)
	}
	if r.Unnamed > 0 {
		fmt.Fprintf(a.err, "  %s records have no id and are named by their line\n", thousands(r.Unnamed))
	}
	if r.Model.Digest != "" {
		a.sayLinking(r)
	}
	fmt.Fprintf(a.err, "  %.1f s reading, %.1f s linking, %.1f s writing\n", r.Seconds.Read, r.Seconds.Link, r.Seconds.Write)
}

// shownDigest is how much of a digest people are shown.
const shownDigest = 12

func (a *app) sayLinking(r *linker.Report) {
	how := "learned from these records"
	if r.Model.Given {
		how = fmt.Sprintf("given, learned from %s records", thousands(int64(r.Model.Records)))
	}
	fmt.Fprintf(a.err, "  model %s, %s\n", r.Model.Digest[:shownDigest], how)
	if len(r.Model.Shared) > 0 {
		shared := make([]string, len(r.Model.Shared))
		for i, f := range r.Model.Shared {
			shared[i] = fmt.Sprintf("%s %.0f %%", f.Feature, 100*f.Share)
		}
		fmt.Fprintf(a.err, "  people of one home agree in %s of cases; what they share counts once\n", strings.Join(shared, ", "))
	}
	a.sayDependence(r.Model.Dependence)
	fmt.Fprintf(a.err, "  estimated: %.2f %% of linked pairs right, %.2f %% of right pairs linked, %.2f %% of them compared; %.2f %% of records say too little\n",
		100*r.Quality.Precision, 100*r.Quality.Recall, 100*r.Quality.Found, 100*r.Quality.Unlinkable)
	if r.Alarms > 0 {
		fmt.Fprintf(a.err, "  %s %s sets of records hung together and were too large to be one person; a value that many share may stand for none\n",
			palette(a.err).red("look:"), thousands(int64(r.Alarms)))
	}
	fmt.Fprintf(a.err, "  %s pairs compared, of %d passes:\n", thousands(r.Compared), len(r.Passes))
	w := tabwriter.NewWriter(a.err, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "EXPECTED\tPAIRS\tSPLIT\tLEFT\tALONE\t  PASS")
	for _, p := range r.Passes {
		expected, alone := "-", "-"
		if p.Estimated {
			expected, alone = thousands(p.Expected), fmt.Sprintf("%.2f %%", 100*p.Alone)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t  %s\n", expected, thousands(p.Pairs), thousands(int64(p.Split)), thousands(p.Left), alone, p.Name)
	}
	w.Flush()
	a.sayGroups(r.Groups)
}

// shownDependence is how many of the strongest dependences are shown; --json has all.
const shownDependence = 10

// sayDependence shows which features agree together in two people's records, so that what is counted twice is seen.
func (a *app) sayDependence(all []linker.Dependence) {
	strong := slices.DeleteFunc(slices.Clone(all), func(d linker.Dependence) bool { return !d.Strong() })
	if len(strong) == 0 {
		return
	}
	fmt.Fprintln(a.err, "  two people agree in both so many times oftener than by chance:")
	w := tabwriter.NewWriter(a.err, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "TIMES\tBITS\tPAIRS\tCOUNTED\t  FEATURES")
	for i, d := range strong {
		if i == shownDependence {
			break
		}
		counted := "twice"
		if d.Once {
			counted = "once"
		}
		fmt.Fprintf(w, "%s\t%.1f\t%s\t%s\t  %s, %s\n", thousands(int64(math.Round(d.Lift))), d.Bits, thousands(int64(d.Pairs)), counted, d.A, d.B)
	}
	w.Flush()
	if slices.ContainsFunc(strong, func(d linker.Dependence) bool { return !d.Once }) {
		fmt.Fprintln(a.err, "  what is counted twice weighs too much: --columns A=ignored leaves a column out, A=text:WHICH,B=text:WHICH makes two columns of text one")
	}
}

// sayGroups shows how groups of people fared, so that a bias is seen.
func (a *app) sayGroups(groups []linker.Group) {
	if len(groups) == 0 {
		return
	}
	w := tabwriter.NewWriter(a.err, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "  GROUP\tRECORDS\tLINKED\tCONFIDENCE")
	for _, g := range groups {
		fmt.Fprintf(w, "  %s: %s\t%s\t%.1f %%\t%.3f\n", g.Of, g.Group, thousands(int64(g.Records)), 100*g.Linked, g.Confidence)
	}
	w.Flush()
}
