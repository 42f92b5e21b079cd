package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines/review"
	"uoma/pipelines/workspace"
	"uoma/transforms/clerical"
)

// reviewed is the pipeline whose links are reviewed.
const reviewed = "nightly"

// pairLine is a pair of records in a list. It holds no value of a person.
type pairLine struct {
	Number      string   `json:"number"` // as the command line names the pair
	RecordA     string   `json:"record_a"`
	RecordB     string   `json:"record_b"`
	SystemA     string   `json:"system_a"`
	SystemB     string   `json:"system_b"`
	Weight      *float64 `json:"weight_bits,omitempty"` // nil when nobody asked for it
	Probability *float64 `json:"probability,omitempty"`
	ClusterA    int      `json:"cluster_a"` // records
	ClusterB    int      `json:"cluster_b"`
	Linked      bool     `json:"linked"`
	Why         string   `json:"why,omitempty"`
	Worth       float64  `json:"worth,omitempty"` // pairs of records that the decision would put right, on average
	Decision    string   `json:"decision,omitempty"`
	Reason      string   `json:"reason,omitempty"`
}

func pairOf(d *review.Desk, l *clerical.Line) pairLine {
	out := pairLine{Number: l.Ref, RecordA: l.Pair.A, RecordB: l.Pair.B, SystemA: l.SystemA, SystemB: l.SystemB, ClusterA: l.SizeA, ClusterB: l.SizeB,
		Linked: l.Linked, Why: l.Why, Worth: d.Worth(l.Pair), Decision: string(l.Verdict), Reason: l.DecidedWith}
	if l.Known {
		p := clerical.Probability(l.Weight)
		out.Weight, out.Probability = &l.Weight, &p
	}
	return out
}

func (p *pairLine) cells() []string {
	weight, probability, worth := "-", "-", "-"
	if p.Weight != nil {
		weight, probability = fmt.Sprintf("%.1f", *p.Weight), fmt.Sprintf("%.3f", *p.Probability)
	}
	if p.Worth > 0 {
		worth = fmt.Sprintf("%.3f", p.Worth)
	}
	clusters := fmt.Sprintf("%d + %d", p.ClusterA, p.ClusterB)
	if p.Linked {
		clusters = fmt.Sprint(p.ClusterA)
	}
	return []string{p.Number, weight, probability, worth, p.SystemA, p.SystemB, clusters, cmp.Or(p.Why, "-"), cmp.Or(p.Decision, "-")}
}

var pairHeader = []string{"NUMBER", "WEIGHT", "PROBABILITY", "WORTH", "A", "B", "CLUSTERS", "WHY", "DECIDED"}

// atDesk opens the desk for a query.
func (a *app) atDesk(ctx context.Context, f func(*review.Desk) error) error {
	return a.inWorkspace(ctx, func(ws *workspace.Workspace) error {
		d, err := review.Open(ctx, ws, reviewed)
		if err != nil {
			return err
		}
		return f(d)
	})
}

// decideAt opens the desk for decisions, under the nightly's lease, as the nights heed them.
func (a *app) decideAt(ctx context.Context, by string, f func(context.Context, *review.Desk, review.Author) error) error {
	return a.inWorkspace(ctx, func(ws *workspace.Workspace) error {
		return held(ctx, ws, ws, a.manual(reviewed, a.today(ws)), func(ctx context.Context, h holding) error {
			d, err := review.Open(ctx, ws, reviewed)
			if err != nil {
				return err
			}
			return f(ctx, d, review.Author{By: by, At: a.now(), Check: h.journal.Check})
		})
	})
}

func (a *app) reviewCommand() *cobra.Command {
	list := a.reviewListCommand()
	c := &cobra.Command{
		Use:   "review",
		Short: "Look at records of which the resolver was not sure, and decide",
		Long: `The nightly leaves a list of pairs of records of which it was not sure whether they are one person. Decide those that
are worth most; the next night heeds every decision, and so does every later one, until the pair is decided anew. A
decided pair is joined, or kept apart, whatever the records say. No list shows a value of a person.`,
		Example: `  uoma review
  uoma review show 1
  uoma review decide 1 same --by virtanen --reason source
  uoma review export pairs.csv
  uoma review import pairs.csv --by virtanen
  uoma review list --sample 200 --seed 1
  uoma review stats`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.Flags().AddFlagSet(list.Flags())
	c.AddCommand(list, a.reviewShowCommand(), a.reviewDecideCommand(), a.reviewExportCommand(), a.reviewImportCommand(), a.reviewStatsCommand(),
		a.reviewLogCommand())
	return c
}

// listFlags are the flags by which pairs are chosen.
type listFlags struct {
	filter        review.Filter
	systems       string
	linked, apart bool
}

func (f *listFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.systems, "systems", "", "only pairs of this system, or of these two: peppi,student-register")
	c.Flags().BoolVar(&f.linked, "linked", false, "only pairs in one cluster")
	c.Flags().BoolVar(&f.apart, "apart", false, "only pairs in two clusters")
	c.Flags().StringVar(&f.filter.Why, "why", "", "only "+strings.Join([]string{clerical.WhyWeak, clerical.WhyVetoed, clerical.WhyBetween}, ", "))
	c.Flags().Float64Var(&f.filter.Least, "least", 0, "lowest probability")
	c.Flags().Float64Var(&f.filter.Most, "most", 1, "highest probability")
	c.Flags().BoolVar(&f.filter.Decided, "decided", false, "also pairs that somebody has decided since")
	c.MarkFlagsMutuallyExclusive("linked", "apart")
}

func (f *listFlags) chosen() review.Filter {
	first, second, _ := strings.Cut(f.systems, ",")
	f.filter.Systems = [2]string{strings.TrimSpace(first), strings.TrimSpace(second)}
	if f.linked || f.apart {
		f.filter.Linked = &f.linked
	}
	return f.filter
}

func (a *app) reviewListCommand() *cobra.Command {
	var flags listFlags
	var limit, sample int
	var seed int64
	c := &cobra.Command{
		Use:   "list",
		Short: "List the pairs that are worth deciding, or draw a sample of links",
		Long: `List the pairs of records of which the last night was not sure, those worth most first. Worth is how many pairs of
records are wrongly joined or wrongly apart for want of the decision, as far as the weight tells: m × n × p for two
clusters of m and n records, (n − 1) × (1 − p) for a link in a cluster of n, with p = 1 / (1 + 2^−weight).

--sample draws links at random instead, in strata by the two systems, weak links apart, so that uoma review stats can say
how many of all links are right. The same number under the same seed is the same sample.`,
		Example: `  uoma review list --limit 50
  uoma review list --systems peppi,dynamics365 --apart --least 0.5
  uoma review list --sample 200 --seed 1`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if sample != 0 {
				return a.drawSample(c.Context(), sample, seed)
			}
			return a.atDesk(c.Context(), func(d *review.Desk) error {
				lines := d.Lines(flags.chosen())
				more := 0
				if limit > 0 && len(lines) > limit {
					more, lines = len(lines)-limit, lines[:limit]
				}
				return a.printPairs(d, lines, more)
			})
		},
	}
	flags.add(c)
	c.Flags().IntVar(&limit, "limit", 20, "how many pairs at most, 0 for all")
	c.Flags().IntVar(&sample, "sample", 0, "draw so many links at random")
	c.Flags().Int64Var(&seed, "seed", 1, "seed of the draw")
	return c
}

func (a *app) drawSample(ctx context.Context, n int, seed int64) error {
	return a.decideAt(ctx, "", func(ctx context.Context, d *review.Desk, by review.Author) error {
		lines, err := d.Draw(ctx, n, seed, by.Check)
		if err != nil {
			return err
		}
		return a.printPairs(d, lines, 0)
	})
}

func (a *app) printPairs(d *review.Desk, lines []clerical.Line, more int) error {
	out := make([]pairLine, 0, len(lines))
	var rows [][]string
	for i := range lines {
		p := pairOf(d, &lines[i])
		out = append(out, p)
		rows = append(rows, p.cells())
	}
	if a.json {
		return a.printJSON("review list", true, struct {
			Run   string     `json:"run"`
			Pairs []pairLine `json:"pairs"`
			More  int        `json:"more"` // that the limit left out
		}{d.Run(), out, more})
	}
	if err := a.table(pairHeader, rows); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d pairs of %s", len(lines), d.Run())
	if more > 0 {
		fmt.Fprintf(a.out, ", and %d more", more)
	}
	_, err := fmt.Fprintln(a.out)
	return err
}

func (a *app) reviewDecideCommand() *cobra.Command {
	var by, reason, run string
	c := &cobra.Command{
		Use:   "decide PAIR same|different|unsure",
		Short: "Decide whether two records are one person",
		Long: "Decide a pair by its number in uoma review list, by s and its number in a sample, or by the tokens of two records with a\n" +
			"colon between. Unsure takes an earlier decision back. Nothing is ever overwritten: the latest decision counts, from the\n" +
			"next night on.\n\nReasons:\n" + codes(clerical.Reasons()),
		Example: `  uoma review decide 17 same --by virtanen --reason source
  uoma review decide 17 different --by virtanen --run nightly-2026-11-22   # refused when the list is another by now
  uoma review decide s3 same`,
		Args: exactly(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.decideAt(c.Context(), a.named(by), func(ctx context.Context, d *review.Desk, author review.Author) error {
				if err := d.Expect(run); err != nil {
					return err
				}
				l, err := d.Find(args[0])
				if err != nil {
					return usageError{err}
				}
				fresh, err := d.Decide(ctx, &l, clerical.Verdict(args[1]), reason, author)
				if err != nil {
					return err
				}
				return a.printDecided(l, args[1], fresh)
			})
		},
	}
	c.Flags().StringVar(&by, "by", "", "who decides (the user of the machine)")
	c.Flags().StringVar(&reason, "reason", "", "why, as a code of the list above")
	c.Flags().StringVar(&run, "run", "", "the run whose list the number is of")
	return c
}

func (a *app) printDecided(l clerical.Line, verdict string, fresh bool) error {
	if a.json {
		return a.printJSON("review decide", true, struct {
			RecordA  string `json:"record_a"`
			RecordB  string `json:"record_b"`
			Decision string `json:"decision"`
			New      bool   `json:"new"`
		}{l.Pair.A, l.Pair.B, verdict, fresh})
	}
	if !fresh {
		_, err := fmt.Fprintf(a.out, "%s:%s stood as %s already\n", l.Pair.A, l.Pair.B, verdict)
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s:%s is decided as %s from the next night on\n", l.Pair.A, l.Pair.B, verdict)
	return err
}

// codes lists codes with their meaning.
func codes(list map[string]string) string {
	var names []string
	for name := range list {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "  %-12s %s\n", name, list[name])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// masked stands for a value.
const masked = "•••"

func (a *app) reviewShowCommand() *cobra.Command {
	var values bool
	var by, reason string
	c := &cobra.Command{
		Use:   "show PAIR",
		Short: "Show two records side by side, and what their weight is made of",
		Long: "Show which fields two records have, how alike they are, and the weight. Values are masked; with --show-values they are\n" +
			"printed, and who looked, when, at which pair and why is written into the ledger before.\n\nReasons for a look:\n" + codes(clerical.Purposes()),
		Example: `  uoma review show 17
  uoma review show 17 --show-values --reason review   # personal data on the screen; the look is noted`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.atDesk(c.Context(), func(d *review.Desk) error {
				l, err := d.Find(args[0])
				if err != nil {
					return usageError{err}
				}
				s, err := d.Show(l)
				if err != nil {
					return err
				}
				if values {
					look := ledger.Access{SeenBy: a.named(by), SeenAt: a.now().UnixMicro(), Reason: reason}
					if err := d.Look(c.Context(), &l, look, a.actor(by)); err != nil {
						return usageError{err}
					}
					fmt.Fprintln(a.err, "warning: what follows is personal data; do not keep, send or paste it")
				}
				return a.printSides(d, &s, values)
			})
		},
	}
	c.Flags().BoolVar(&values, "show-values", false, "print the values: personal data")
	c.Flags().StringVar(&reason, "reason", "", "why the values are looked at, as a code of the list above")
	c.Flags().StringVar(&by, "by", "", "who looks (the user of the machine)")
	return c
}

// fieldLine is a field of two records.
type fieldLine struct {
	Field string   `json:"field"`
	A     []string `json:"a"` // masked unless asked for
	B     []string `json:"b"`
	Says  string   `json:"says"`
}

// bitsLine is what one feature says of a pair.
type bitsLine struct {
	Feature string  `json:"feature"`
	Level   string  `json:"level"`
	Bits    float64 `json:"bits"`
	Rarity  float64 `json:"rarity"`
}

type sidesResult struct {
	Pair   pairLine    `json:"pair"`
	Fields []fieldLine `json:"fields"`
	Prior  float64     `json:"prior_bits"`
	Weight []bitsLine  `json:"evidence"`
	Alike  float64     `json:"alike_bits"` // less, as relatives and namesakes agree so, too
}

func (a *app) printSides(d *review.Desk, s *review.Sides, values bool) error {
	out := sidesResult{Pair: pairOf(d, &s.Line), Fields: []fieldLine{}, Weight: []bitsLine{}}
	shown := func(list []string) []string {
		cells := make([]string, len(list))
		for i := range list {
			if cells[i] = masked; values {
				cells[i] = printable(list[i])
			}
		}
		return cells
	}
	for _, f := range s.Fields {
		out.Fields = append(out.Fields, fieldLine{f.Name, shown(f.A), shown(f.B), f.Says})
	}
	if e := s.Explained; e != nil {
		out.Prior, out.Alike = e.Prior, e.Alike
		for _, x := range e.Evidence {
			if x.Level != "" {
				out.Weight = append(out.Weight, bitsLine{x.Feature, x.Level, x.Bits, x.Rarity})
			}
		}
	}
	if a.json {
		return a.printJSON("review show", true, out)
	}
	return errors.Join(a.table(pairHeader, [][]string{out.Pair.cells()}), a.printFields(out.Fields), a.printBits(&out))
}

func (a *app) printFields(fields []fieldLine) error {
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, f := range fields {
		if f.Says != "neither" {
			rows = append(rows, []string{f.Field, cmp.Or(strings.Join(f.A, ", "), "-"), cmp.Or(strings.Join(f.B, ", "), "-"), f.Says})
		}
	}
	return a.table([]string{"FIELD", "A", "B", "ALIKE"}, rows)
}

func (a *app) printBits(out *sidesResult) error {
	if len(out.Weight) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	bits := func(b float64) string { return fmt.Sprintf("%+.1f", b) }
	rows := [][]string{{"any two records", "-", bits(out.Prior), "-"}}
	for _, x := range out.Weight {
		rows = append(rows, []string{x.Feature, x.Level, bits(x.Bits), bits(x.Rarity)})
	}
	if out.Alike != 0 {
		rows = append(rows, []string{"relatives and namesakes agree so, too", "-", bits(out.Alike), "-"})
	}
	return a.table([]string{"EVIDENCE", "LEVEL", "BITS", "OF THEM RARITY"}, rows)
}
