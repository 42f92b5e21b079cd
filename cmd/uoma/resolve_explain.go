package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"uoma/pipelines/linker"
)

func (a *app) explainCommand() *cobra.Command {
	var f inputFlags
	var show bool
	c := &cobra.Command{
		Use:   "explain A B FILE...",
		Short: "Say why two records are one person's, or are not",
		Long: `Take the weight of two records apart: from the odds of any two records, feature by feature, to what it is in the end, in
bits. Of two records that are apart, tell what keeps them so; of two in one cluster, the link without which it falls apart.

A and B are ids as clusters.csv has them. The files are read and linked again, with the same options; nothing is written.
Of what the records say only the shape is shown, unless --show-values asks for the values.`,
		Example: `  uoma resolve explain r-000017 r-004711 people.csv
  uoma resolve explain r-000017 r-004711 people.csv --model model.json --show-values`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 3 {
				return usageError{fmt.Errorf("%s takes two ids and at least one file", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			defer thrifty(c.Context())()
			job, err := f.open(a, c, args[2:])
			if err != nil {
				return err
			}
			e, err := job.Explain(c.Context(), args[0], args[1], linker.Tools{Now: a.now, Progress: a.newProgress(a.logger())})
			if err != nil {
				return err
			}
			if !show {
				e = e.Masked()
			} else if err := a.noteValues(c.Context(), "resolve-explain"); err != nil {
				return err
			}
			if a.json {
				return a.printJSON("resolve explain", true, e)
			}
			drawExplanation(a.out, palette(a.out), e)
			return nil
		},
	}
	f.register(c)
	c.Flags().BoolVar(&show, "show-values", false, "show what the records say, and not its shape only: personal data")
	return c
}

// step is a line of the waterfall: from the bits before to the bits after.
type step struct {
	name, note   string
	bits, before float64
}

// waterfall gives the parts of a weight, one after the other.
func waterfall(e *linker.Explanation) []step {
	steps := []step{{name: "prior", note: "any two records", bits: e.Prior}}
	sum := e.Prior
	add := func(name, note string, bits float64) {
		steps = append(steps, step{name, note, bits, sum})
		sum += bits
	}
	for _, f := range e.Features {
		if f.Level == "" {
			add(f.Feature, "not told", 0)
			continue
		}
		add(f.Feature, f.Level, f.Bits-f.Rarity)
		switch {
		case f.Rarity >= 0.05:
			add("", "a rare value", f.Rarity)
		case f.Rarity <= -0.05:
			add("", "a common value", f.Rarity)
		default:
			steps[len(steps)-1].bits += f.Rarity
			sum += f.Rarity
		}
	}
	if e.Alike != 0 {
		add("alike", "household, twins, namesakes agree so, too", e.Alike)
	}
	return steps
}

// barWidth is how many characters wide the drawing is.
const barWidth = 40

// drawExplanation writes an explanation for people. Bars that rise are full and those that fall are shaded, so that they
// can be told without colour.
func drawExplanation(w io.Writer, p colours, e *linker.Explanation) {
	steps := waterfall(e)
	low, high := min(0, e.Weight, e.Threshold), max(0, e.Weight, e.Threshold)
	note := fmt.Sprintf("probability %.4f", e.Probability)
	wide := [2]int{len("weight"), len(note)}
	for _, s := range steps {
		low, high = min(low, s.before+s.bits), max(high, s.before+s.bits)
		wide[0], wide[1] = max(wide[0], utf8.RuneCountInString(s.name)), max(wide[1], utf8.RuneCountInString(s.note))
	}
	scale := func(bits float64) int { return int(math.Round((bits - low) / max(high-low, 1) * barWidth)) }
	for i, x := range []linker.Explained{e.A, e.B} {
		fmt.Fprintf(w, "%c  %s  %s:%d, cluster %s of %s\n", 'A'+i, x.ID, x.File, x.Line, x.Cluster, records(x.Records))
	}
	fmt.Fprintf(w, "model %s\n\n", e.Model[:shownDigest])
	for _, s := range steps {
		fmt.Fprintf(w, "%s  %s  %+6.1f  %s\n", pad(s.name, wide[0]), pad(s.note, wide[1]), s.bits, bar(p, scale(s.before), scale(s.before+s.bits), scale(0)))
	}
	fmt.Fprintf(w, "%s  %s  %+6.1f  %s\n", p.bold(pad("weight", wide[0])), pad(note, wide[1]), e.Weight, bar(p, scale(0), scale(e.Weight), scale(0)))
	drawValues(w, e)
	drawVerdict(w, p, e)
}

func records(n int) string {
	if n == 1 {
		return "1 record"
	}
	return thousands(int64(n)) + " records"
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// bar draws a step from one place to another, with a mark where the odds are even.
func bar(p colours, from, to, zero int) string {
	fill, paint := "█", p.green
	if to < from {
		from, to, fill, paint = to, from, "░", p.red
	}
	var b strings.Builder
	for i := range barWidth {
		switch {
		case i >= from && i < to:
			b.WriteString(paint(fill))
		case i == zero:
			b.WriteString("│")
		default:
			b.WriteString(" ")
		}
	}
	return strings.TrimRight(b.String(), " ")
}

func drawValues(w io.Writer, e *linker.Explanation) {
	wide := [2]int{}
	for _, f := range e.Features {
		wide[0] = max(wide[0], utf8.RuneCountInString(f.Feature))
		wide[1] = max(wide[1], utf8.RuneCountInString(said(f.A)))
	}
	fmt.Fprintf(w, "\n%s  %s  B\n", pad("", wide[0]), pad("A", wide[1]))
	for _, f := range e.Features {
		fmt.Fprintf(w, "%s  %s  %s\n", pad(f.Feature, wide[0]), pad(said(f.A), wide[1]), said(f.B))
	}
}

func said(values []string) string {
	if len(values) == 0 {
		return "-"
	}
	return strings.Join(values, "; ")
}

func drawVerdict(w io.Writer, p colours, e *linker.Explanation) {
	if e.Together {
		fmt.Fprintf(w, "\n%s: they are in one cluster.\n", p.bold("One person"))
		if x := e.Weakest; x != nil {
			fmt.Fprintf(w, "  The link that it hangs on: %s with %s, %+.1f bits, probability %.4f.\n", x.A, x.B, x.Weight, x.Probability)
		}
		if e.Weight <= e.Threshold {
			fmt.Fprintf(w, "  The two alone would be apart, at a threshold of %g: other records of the cluster hold them together.\n", e.Threshold)
		}
		return
	}
	fmt.Fprintf(w, "\n%s: they are in two clusters.\n", p.bold("Two people"))
	if e.Weight <= e.Threshold {
		fmt.Fprintf(w, "  %+.1f bits are not above the threshold of %g.\n", e.Weight, e.Threshold)
	}
	if len(e.WhyNot.Opposing) > 0 {
		fmt.Fprintf(w, "  Against it: %s.\n", strings.Join(e.WhyNot.Opposing, ", "))
	}
	for _, c := range e.WhyNot.Constraints {
		fmt.Fprintf(w, "  Whatever else they say: %s.\n", c)
	}
	if x := e.WhyNot.Between; x != nil {
		fmt.Fprintf(w, "  Of the two clusters' records %s and %s fit least: %+.1f bits.\n", x.A, x.B, x.Weight)
	}
}
