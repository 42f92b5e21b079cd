package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/pipelines/linker"
	"uoma/transforms/linkage"
)

var errDrift = fault.New("UOMA-CLI-MODELS", "the models cannot be compared", "compare models of the same files' columns, written by the same version with uoma resolve --save-model")

// modelDrift is what uoma resolve model diff tells.
type modelDrift struct {
	Old string  `json:"old"` // digests
	New string  `json:"new"`
	Max float64 `json:"max"` // bits
	*linkage.Drift
}

func (a *app) modelCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "model",
		Short:   "Compare what was learned about records at two times",
		Example: "  uoma resolve model diff last-month.json this-month.json",
		Args:    exactly(0),
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.modelDiffCommand())
	return c
}

func (a *app) modelDiffCommand() *cobra.Command {
	var most float64
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Tell how far two models are apart",
		Long: `Compare two files that uoma resolve --save-model wrote: how many bits each kind of agreement said then and says now.
The single figure is the mean absolute change in bits, each level counted by how often it occurs among one person's
records. Above --max-drift the program ends with 3: sources have changed, and somebody should look why.`,
		Example: `  uoma resolve people.csv --out clusters.csv --save-model new.json
  uoma resolve model diff old.json new.json --max-drift 0.5`,
		Args: exactly(2),
		RunE: func(_ *cobra.Command, args []string) error {
			var models [2]*linkage.Model
			for i, file := range args {
				var err error
				if models[i], err = linker.ReadModel(file); err != nil {
					return usageError{err}
				}
			}
			d, err := linkage.DriftOf(models[0], models[1])
			if err != nil {
				return usageError{errDrift.Because(err)}
			}
			return a.printDrift(&modelDrift{models[0].Digest(), models[1].Digest(), most, d})
		},
	}
	c.Flags().Float64Var(&most, "max-drift", 1, "bits of mean change above which the program ends with 3")
	return c
}

// movedBits is the change of a level's weight from which it is shown.
const movedBits = 0.25

func (a *app) printDrift(d *modelDrift) error {
	ok := d.Bits <= d.Max
	if a.json {
		if err := a.printJSON("resolve model diff", ok, d); err != nil {
			return err
		}
	} else if err := a.showDrift(d); err != nil {
		return err
	}
	if !ok {
		return statusError(exitPartial)
	}
	return nil
}

func (a *app) showDrift(d *modelDrift) error {
	p := palette(a.out)
	verdict := p.green("within")
	if d.Bits > d.Max {
		verdict = p.red("above")
	}
	fmt.Fprintf(a.out, "%s → %s: %.3f bits of mean change, %s %g; odds of any two records %+.2f bits\n\n",
		d.Old[:shownDigest], d.New[:shownDigest], d.Bits, verdict, d.Max, d.Prior)
	var rows [][]string
	for _, f := range d.Features {
		rows = append(rows, []string{f.Feature, "", "", "", "", fmt.Sprintf("%.3f", f.Bits)})
		moved := slices.DeleteFunc(slices.Clone(f.Levels), func(l linkage.LevelDrift) bool { return math.Abs(l.New-l.Old) < movedBits })
		for _, l := range moved {
			rows = append(rows, []string{"  " + l.Level, fmt.Sprintf("%.1f %%", 100*l.Share), fmt.Sprintf("%+.2f", l.Old), fmt.Sprintf("%+.2f", l.New),
				fmt.Sprintf("%+.2f", l.New-l.Old), ""})
		}
	}
	for _, name := range d.Gone {
		rows = append(rows, []string{name, "", "", "gone", "", ""})
	}
	for _, name := range d.Come {
		rows = append(rows, []string{name, "", "", "new", "", ""})
	}
	return a.table([]string{"FEATURE", "SHARE", "OLD BITS", "NEW BITS", "CHANGE", "MEAN"}, rows)
}
