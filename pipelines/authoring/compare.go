package authoring

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
	"uoma/transforms/meaning"
)

var errNever = fault.New("UOMA-AUT-NEVER", "no night has landed the feed by then", "name a later date, or compare with the layout alone")

// Columns tells how an export's columns differ from those that were expected.
type Columns struct {
	Feed      string      `json:"feed"`
	Since     string      `json:"since,omitempty"` // the night that it is compared with; "" is the layout itself
	Missing   []string    `json:"missing"`
	New       []string    `json:"new"`
	Renamed   [][2]string `json:"perhaps_renamed,omitempty"` // a missing and a new one that mean the same by their names
	Reordered bool        `json:"reordered,omitempty"`
	Drift     string      `json:"drift"`              // the feed's policy
	Required  []string    `json:"required,omitempty"` // of the missing ones those without which the source stops, whatever the policy
}

// Same tells whether nothing changed that a night would answer.
func (c *Columns) Same() bool { return len(c.Missing) == 0 && len(c.New) == 0 }

// Compare reads an export and tells how its columns differ from the layout's.
func Compare(ctx context.Context, file string, l *layout.Layout, feed string) (*Columns, error) {
	f, err := feedOf(l, feed, file)
	if err != nil {
		return nil, err
	}
	return compare(ctx, file, f)
}

func compare(ctx context.Context, file string, f *layout.Feed) (*Columns, error) {
	lenient := *f // a required column that is missing must be told beside the others
	lenient.Columns = slices.Clone(f.Columns)
	for i := range lenient.Columns {
		lenient.Columns[i].Required = false
	}
	src, err := open(ctx, file, &lenient, func(canon.Rejection) {})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	for _, err := range src.Batches(ctx) {
		if f.Format.Paths() { // such an export says what it has by its records: the last one may be the first to have something
			if err != nil {
				return nil, err
			}
			continue
		}
		if err != nil && len(src.Summary().Places) == 0 { // once the columns are known, what is wrong with the rows is nothing to us
			return nil, err
		}
		break
	}
	c := columnsOf(f, src.Summary())
	return &c, nil
}

// CompareSince tells for a feed of a layout what changed in its columns since the last night on or before a date that took
// its export, "" for the last one of all. With a file that is compared; without one, what the newest night found is.
func CompareSince(ctx context.Context, w *workspace.Workspace, file string, l *layout.Layout, feed, date string) (*Columns, error) {
	f, err := feedOf(l, feed, file)
	if err != nil {
		return nil, err
	}
	then, since, err := landed(ctx, w, f, date, true)
	if err != nil {
		return nil, err
	}
	var now []string
	if file == "" {
		if now, _, err = landed(ctx, w, f, "", false); err != nil {
			return nil, err
		}
	} else {
		c, err := compare(ctx, file, f)
		if err != nil {
			return nil, err
		}
		now = present(names(f), c.Missing, c.New)
	}
	c := &Columns{Feed: f.FullName(), Since: since, Drift: f.Drift, Missing: without(then, now), New: without(now, then)}
	c.Renamed, c.Required = renamed(f, c.Missing, c.New), required(f, c.Missing)
	return c, nil
}

// landed gives the columns that a feed's export had on the last night until a date, or on the last one that was good.
func landed(ctx context.Context, w *workspace.Workspace, f *layout.Feed, until string, good bool) (columns []string, date string, err error) {
	const nights = 1000 // beyond what a ledger keeps snapshots of
	runs, err := ledger.Runs(ctx, w.RegisterDB, "nightly", nights)
	if err != nil {
		return nil, "", err
	}
	for _, r := range runs {
		if until != "" && r.LogicalDate > until {
			continue
		}
		ff, ok, err := factsOf(ctx, w, r.ID, f.FullName())
		switch {
		case err != nil:
			return nil, "", err
		case !ok, good && ff.Code != "", ff.Rows == 0 && len(ff.Missing) == 0: // it did not get as far as the columns
			continue
		}
		own := names(f)
		if ff.Digest != "" {
			if own, err = snapshot.Columns(w.Snapshots, ff.Digest); err != nil {
				return nil, "", err
			}
			own = slices.DeleteFunc(own, func(name string) bool { i := f.Index(name); return i >= 0 && f.Columns[i].Forbid })
		}
		return present(own, ff.Missing, ff.Unknown), r.LogicalDate, nil
	}
	return nil, "", errNever.At(fault.Place{Field: f.FullName()})
}

func factsOf(ctx context.Context, w *workspace.Workspace, run, feed string) (nightly.FeedFacts, bool, error) {
	s, ok, err := ledger.FindStage(ctx, w.RegisterDB, run, "land")
	if err != nil || !ok || s.Facts == "" {
		return nightly.FeedFacts{}, false, err
	}
	var facts nightly.LandFacts
	if err := json.Unmarshal([]byte(s.Facts), &facts); err != nil {
		return nightly.FeedFacts{}, false, fmt.Errorf("%s: %w", run, err)
	}
	i := slices.IndexFunc(facts.Feeds, func(f nightly.FeedFacts) bool { return f.Feed == feed })
	if i < 0 {
		return nightly.FeedFacts{}, false, nil
	}
	return facts.Feeds[i], true, nil
}

func names(f *layout.Feed) []string {
	var out []string
	for i := range f.Columns {
		if !f.Columns[i].Forbid {
			out = append(out, f.Columns[i].Name)
		}
	}
	return out
}

// present gives the columns of an export of which those of the layout are known, and what it lacks and has besides.
func present(own, missing, more []string) []string { return append(without(own, missing), more...) }

// without gives those of a list that another one lacks, in any case of letters.
func without(list, other []string) []string {
	out := []string{}
	for _, name := range list {
		if !slices.ContainsFunc(other, func(o string) bool { return same(o, name) }) {
			out = append(out, name)
		}
	}
	return out
}

func same(a, b string) bool { return tabular.Fold([]byte(a)) == tabular.Fold([]byte(b)) }

// renamed pairs a missing column with the one new column that says the same by its name.
func renamed(f *layout.Feed, missing, added []string) (out [][2]string) {
	for _, old := range missing {
		kind := kindOf(f, old)
		alike := func(name string) bool {
			return letters(old) == letters(name) || kind != linkage.Ignored && kind == meaning.Guess([]string{name}, nil)[0].Field.Kind
		}
		i := slices.IndexFunc(added, alike)
		if i >= 0 && !slices.ContainsFunc(added[i+1:], alike) {
			out = append(out, [2]string{old, added[i]})
		}
	}
	return out
}

// required gives those of the missing columns that every row must fill.
func required(f *layout.Feed, missing []string) (out []string) {
	for _, name := range missing {
		if i := f.Index(name); i >= 0 && f.Columns[i].Required {
			out = append(out, name)
		}
	}
	return out
}

// kindOf gives what a column of the layout says of a person, Ignored when it says nothing that a name could tell.
func kindOf(f *layout.Feed, column string) linkage.Kind {
	i := f.Index(column)
	if i < 0 {
		return linkage.Ignored
	}
	for _, to := range f.Columns[i].To {
		table, rest, _ := strings.Cut(to, ".")
		switch table {
		case "email":
			return linkage.Email
		case "phone":
			return linkage.Phone
		}
		if k, ok := linkage.KindOf(rest[strings.LastIndexByte(rest, '.')+1:]); ok {
			return k
		}
	}
	return linkage.Ignored
}

func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.", r) {
			return -1
		}
		return r
	}, tabular.Fold([]byte(name)))
}
