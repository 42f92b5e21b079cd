package linker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"uoma/internal/fault"
	"uoma/transforms/likeness"
	"uoma/transforms/linkage"
)

// options are those of linking, as far as the settings say anything.
func (r *run) options() (linkage.Options, error) {
	s := &r.job.settings
	o := linkage.Defaults()
	o.Model, o.Passes = s.Model, s.Passes
	if s.Threshold != nil {
		o.Threshold = *s.Threshold
	}
	o.Review = min(o.Review, o.Threshold)
	if s.Review != nil {
		o.Review = *s.Review
	}
	var err error
	if o.Clean, err = r.knownSources(s.Clean); err != nil {
		return o, err
	}
	for _, list := range s.OneToOne {
		folded, err := r.knownSources(list)
		if err != nil {
			return o, err
		}
		o.OneToOne = append(o.OneToOne, folded)
	}
	o.Unique = s.rules()
	return o, r.knowsParts(s)
}

// knownSources folds names of sources, and refuses one that no record comes from.
func (r *run) knownSources(names []string) (folded []string, err error) {
	for _, name := range names {
		x := likeness.Fold(name)
		if !r.groups.sources[x] {
			return nil, errClean.At(fault.Place{File: r.job.settings.file, Field: name})
		}
		folded = append(folded, x)
	}
	return folded, nil
}

// knowsParts refuses passes of parts that the records do not have.
func (r *run) knowsParts(s *Settings) error {
	parts := r.table.Parts()
	for i, pass := range s.Passes {
		for _, name := range pass {
			if !slices.Contains(parts, name) {
				return errPart.At(s.place("passes", i)).Because(fmt.Errorf("%q; they have %s", name, strings.Join(parts, ", ")))
			}
		}
	}
	return nil
}

// link finds the clusters. The engine cannot be stopped: when the job is cancelled, it ends on its own and its outcome is
// dropped.
func (r *run) link(ctx context.Context) error {
	o, err := r.options()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.tools.Progress.Advance(int64(r.table.Len()), "records")
	done := make(chan struct{})
	var res *linkage.Result
	go func() {
		defer close(done)
		res, err = r.table.Link(o)
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-done:
	}
	if err != nil {
		return errOther.Because(err)
	}
	r.result = res
	r.report.Threshold, r.report.Review = o.Threshold, o.Review
	r.report.linked(res, o)
	r.report.clustered(res.Cluster)
	r.report.Groups = r.groups.rates(r.table, res)
	r.tools.Progress.Advance(res.Compared, "pairs")
	return nil
}
