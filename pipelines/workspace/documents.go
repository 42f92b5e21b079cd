package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

var (
	errSystem   = fault.New("UOMA-WSP-SYSTEM", "the settings name a system that no layout describes", "write layouts/SYSTEM.yaml, or take the system out of uoma.yaml; uoma layout list shows the known ones")
	errPolicy   = fault.New("UOMA-WSP-POLICY", "no version of the policy pack is in force on the date", "uoma policy list shows the packs and their dates")
	errPipeline = fault.New("UOMA-WSP-PIPELINE", "there is no such pipeline", "the shipped ones are nightly, career-survey, withdrawals and those of targets; write pipelines/NAME.yaml for your own")
)

// documents reads the YAML files of a folder of the workspace, by path. A missing folder is an empty one.
func (w *Workspace) documents(folder string, visit func(file string, src []byte) error) error {
	entries, err := os.ReadDir(filepath.Join(w.home, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".yaml" {
			continue
		}
		src, err := os.ReadFile(filepath.Join(w.home, folder, e.Name()))
		if err != nil {
			return err
		}
		if err := visit(folder+"/"+e.Name(), src); err != nil {
			return err
		}
	}
	return nil
}

// Layouts gives the layouts of the systems that the workspace reads. Its own in layouts/ go before shipped ones of the same
// system, and of several shipped ones that of its institution goes first. Without a list in the settings these are its own
// layouts, the institution's, but for those of occasional exports, and those of systems that inboxes: names.
func (w *Workspace) Layouts() ([]*layout.Layout, error) {
	files, err := LayoutFiles(w.home)
	if err != nil {
		return nil, err
	}
	bySystem := map[string]*layout.Layout{}
	systems := w.Settings.Systems
	for _, f := range files {
		l := f.Layout
		theirs := f.File == Shipped && l.Controller != w.Settings.Institution
		if bySystem[l.System] == nil || !theirs {
			bySystem[l.System] = l
		}
		named := w.Settings.Inboxes[l.System] != nil
		if len(w.Settings.Systems) == 0 && (named || !theirs && !l.Occasional && inFile(l)) {
			systems = append(systems, l.System)
		}
	}
	systems = slices.Compact(slices.Sorted(slices.Values(systems)))
	out := make([]*layout.Layout, 0, len(systems))
	for _, s := range systems {
		if bySystem[s] == nil {
			return nil, errSystem.At(fault.Place{File: FileName, Field: s})
		}
		out = append(out, bySystem[s])
	}
	return out, nil
}

// inFile tells whether a system is read that nobody named: not one whose rows lie in no file, as nobody knows where to ask.
func inFile(l *layout.Layout) bool {
	return slices.ContainsFunc(l.Feeds, func(f layout.Feed) bool { return f.InFile() })
}

// Policy gives the version of the workspace's policy pack that is in force on a date.
func (w *Workspace) Policy(date canon.Date) (*policy.Pack, error) {
	files, err := policyFiles(w.home, []string{w.Settings.Policy})
	if err != nil {
		return nil, err
	}
	packs := make([]*policy.Pack, 0, len(files))
	for _, f := range files {
		packs = append(packs, f.Pack)
	}
	shelf, err := policy.Collect(packs...)
	if err != nil {
		return nil, err
	}
	p, ok := shelf.InForce(w.Settings.Policy, date)
	if !ok {
		return nil, errPolicy.At(fault.Place{File: FileName, Field: "policy"}).Because(fmt.Errorf("%s on %s", w.Settings.Policy, date))
	}
	f := files[slices.IndexFunc(files, func(f PolicyFile) bool { return f.Pack == p })]
	signer, err := w.signedBy(&f, date)
	if err != nil {
		return nil, err
	}
	if signer != "" { // a shipped pack is everybody's, and signed by none
		p.SignedBy = signer
	}
	return p, nil
}

// PolicyOf gives the version of the workspace's policy pack that has a digest: its own, or the shipped one, also where that stands
// behind its own by now. ok is false when it is not at hand.
func (w *Workspace) PolicyOf(digest string) (p *policy.Pack, ok bool, err error) {
	files, err := policyFiles(w.home, nil)
	if err != nil {
		return nil, false, err
	}
	if _, ships := policy.Shipped(w.Settings.Policy); ships {
		p, err := policy.ShippedPack(w.Settings.Policy)
		if err != nil {
			return nil, false, err
		}
		files = append(files, PolicyFile{Pack: p})
	}
	for _, f := range files {
		if f.Pack.Digest() == digest {
			return f.Pack, true, nil
		}
	}
	return nil, false, nil
}

// unsigned tells of versions of the workspace's policy pack that come into force after a date, and that nobody who may has signed:
// from their first day on nothing would run.
func (w *Workspace) unsigned(date canon.Date) error {
	files, err := policyFiles(w.home, []string{w.Settings.Policy})
	if err != nil {
		return err
	}
	var found fault.List
	for _, f := range files {
		first, err := canon.ParseDate(f.Pack.InForce.From)
		if err != nil || f.Pack.ID != w.Settings.Policy || first <= date {
			continue
		}
		var one *fault.Error
		if _, err := w.signedBy(&f, first); errors.As(err, &one) {
			found = append(found, one)
		} else if err != nil {
			return err
		}
	}
	return found.Err()
}

// Pipelines gives the pipelines of the workspace by name: its own in pipelines/ and targets/, and the shipped ones.
func (w *Workspace) Pipelines() (map[string]*pipelines.Definition, error) {
	all, err := pipelines.Shipped()
	if err != nil {
		return nil, err
	}
	err = w.documents(TargetDir, func(file string, src []byte) error {
		t, err := target.Parse(file, src)
		if err == nil {
			all[t.Name] = pipelines.OfTarget(t.Name, t.Title)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = w.documents(PipelineDir, func(file string, src []byte) error {
		d, err := pipelines.Parse(file, src)
		if err == nil {
			all[d.Pipeline] = d
		}
		return err
	})
	return all, err
}

var errTarget = fault.New("UOMA-WSP-TARGET", "there is no such target", "uoma target list shows what there is; write targets/NAME.yaml for your own")

// Target gives one target.
func (w *Workspace) Target(name string) (*target.Target, error) {
	files, err := TargetFiles(w.home)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.Target.Name == name {
			return f.Target, nil
		}
	}
	return nil, errTarget.At(fault.Place{Field: name})
}

// AskedPath gives the folder in which recipients' lists of whom a target asks for lie.
func (w *Workspace) AskedPath(name string) string { return w.HomePath(AskedDir, name) }

// Pipeline gives one pipeline.
func (w *Workspace) Pipeline(name string) (*pipelines.Definition, error) {
	all, err := w.Pipelines()
	if err != nil {
		return nil, err
	}
	if d := all[name]; d != nil {
		return d, nil
	}
	return nil, errPipeline.At(fault.Place{Field: strings.ToLower(name)})
}
