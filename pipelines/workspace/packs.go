package workspace

import (
	"errors"
	"fmt"
	"slices"

	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/policy"
)

var errWaiting = fault.New("UOMA-POL-WAITING", "the pack waits for the controller", "fill it in, in a copy of the pack under policies/; until then it stays closed")

// CheckPack finds what is wrong with a pack's document (errors); what it says without effect, and what it answers otherwise than
// the examples that come with the program, where there are any of its id (warnings: a notice that changed may mean it so); and
// what it still leaves to the controller (notes).
func CheckPack(file string, src []byte) []Finding {
	var c checker
	p, err := policy.Parse(file, src)
	if err != nil {
		c.add(Error, err)
		return c.found
	}
	c.add(Warning, p.Doubts(file, src).Err())
	c.add(Warning, askExamples(p.ID, src))
	for _, w := range p.Waiting() {
		at := errWaiting.At(document.Locate(file, src, w.Path...))
		c.add(Note, at.Because(fmt.Errorf("%s (%s)", w.What, w.Clause)))
	}
	return c.found
}

// askExamples puts the examples of a pack's id to a document.
func askExamples(id string, src []byte) error {
	list, ok := policy.ShippedExamples(id)
	if !ok {
		return nil
	}
	file := "examples/" + id + ".yaml"
	x, err := policy.ParseExamples(file, list)
	if err != nil {
		return err
	}
	return x.Ask(src, file, list)
}

// PackCoverage is what holds each rule of a pack's notice, and what nothing holds.
type PackCoverage struct {
	PolicyFile
	Rules []policy.Coverage
	Gaps  []Finding // errors
}

// Coverage tells of the packs that the workspace in dir can use what holds each of their rules, and which data nothing
// covers: canonical tables, and the tables of feeds that belong to the pack's controller.
func Coverage(dir string) ([]PackCoverage, error) {
	files, err := PolicyFiles(dir)
	if err != nil {
		return nil, err
	}
	layouts, err := LayoutFiles(dir)
	if err != nil {
		return nil, err
	}
	var out []PackCoverage
	for _, f := range files {
		feeds := map[string][]string{}
		for _, l := range layouts {
			if ours(f.Pack, l.Layout) {
				tablesOf(l, feeds)
			}
		}
		var x *policy.Examples
		if list, ok := policy.ShippedExamples(f.Pack.ID); ok {
			if x, err = policy.ParseExamples("examples/"+f.Pack.ID+".yaml", list); err != nil {
				return nil, err
			}
		}
		var c checker
		c.add(Error, f.Pack.Gaps(x, feeds, f.File, f.Source).Err())
		out = append(out, PackCoverage{f, f.Pack.Coverage(x), c.found})
	}
	return out, nil
}

// tablesOf notes the canonical tables that each feed of a layout fills.
func tablesOf(l LayoutFile, feeds map[string][]string) {
	for i := range l.Layout.Feeds {
		feed := &l.Layout.Feeds[i]
		for _, filling := range feed.Fillings() {
			if name := filling.Table.Name; !slices.Contains(feeds[feed.FullName()], name) {
				feeds[feed.FullName()] = append(feeds[feed.FullName()], name)
			}
		}
	}
}

// PackDiff is what a newer version of a pack says and answers otherwise than an older one.
type PackDiff struct {
	Fields  []policy.Difference
	Answers []Finding // examples that the newer answers otherwise though the older does not
}

// DiffPacks compares two documents of packs. Both have to be sound.
func DiffPacks(olderFile string, older []byte, newerFile string, newer []byte) (d PackDiff, err error) {
	if _, err := policy.Parse(olderFile, older); err != nil {
		return d, err
	}
	p, err := policy.Parse(newerFile, newer)
	if err != nil {
		return d, err
	}
	if d.Fields, err = policy.Diff(older, newer); err != nil {
		return d, err
	}
	before := map[fault.Place]bool{}
	var was, is fault.List
	errors.As(askExamples(p.ID, older), &was)
	errors.As(askExamples(p.ID, newer), &is)
	for _, e := range was {
		before[e.Place] = true
	}
	var c checker
	for _, e := range is {
		if !before[e.Place] {
			c.add(Note, e)
		}
	}
	d.Answers = c.found
	return d, nil
}
