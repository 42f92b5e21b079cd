package workspace

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"uoma/pipelines"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

// Shipped stands in the place of a file's name for a document that comes with the program.
const Shipped = "shipped"

// PolicyFile is a version of a policy pack and where it comes from.
type PolicyFile struct {
	File   string // path inside the workspace, or [Shipped]
	Pack   *policy.Pack
	Source []byte
}

// PolicyFiles lists the versions of policy packs that the workspace in dir can use, by pack and first day: its own, and
// the shipped ones of which it has none. It needs neither keys nor stores, and no settings.
func PolicyFiles(dir string) ([]PolicyFile, error) { return policyFiles(dir, policy.ShippedIDs()) }

// policyFiles is [PolicyFiles] with some of the shipped packs alone: to read one takes as long as a small query.
func policyFiles(dir string, shipped []string) ([]PolicyFile, error) {
	var out []PolicyFile
	own := map[string]bool{}
	w := &Workspace{Dir: dir, home: dir}
	err := w.documents(PolicyDir, func(file string, src []byte) error {
		p, err := policy.Parse(file, src)
		if err == nil {
			out, own[p.ID] = append(out, PolicyFile{file, p, src}), true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, id := range shipped {
		src, ok := policy.Shipped(id)
		if own[id] || !ok {
			continue
		}
		p, err := policy.ShippedPack(id)
		if err != nil {
			return nil, err
		}
		out = append(out, PolicyFile{Shipped, p, src})
	}
	slices.SortFunc(out, func(a, b PolicyFile) int {
		if c := strings.Compare(a.Pack.ID, b.Pack.ID); c != 0 {
			return c
		}
		return strings.Compare(a.Pack.InForce.From, b.Pack.InForce.From)
	})
	return out, nil
}

// LayoutFile is a layout, where it comes from, and its text.
type LayoutFile struct {
	File   string // path inside the workspace, or [Shipped]
	Layout *layout.Layout
	Source []byte
}

// LayoutFiles lists the layouts that the workspace in dir can use, by name: its own, and the shipped ones of systems of
// which it has none. It needs neither keys nor stores, and no settings.
func LayoutFiles(dir string) ([]LayoutFile, error) {
	shipped, err := layout.Shipped()
	if err != nil {
		return nil, err
	}
	bySystem := map[string]LayoutFile{}
	w := &Workspace{Dir: dir, home: dir}
	err = w.documents(LayoutDir, func(file string, src []byte) error {
		l, err := layout.ParseWith(file, src, Beside(filepath.Join(dir, LayoutDir)))
		if err == nil {
			bySystem[l.System] = LayoutFile{file, l, src}
		}
		return err
	})
	out := slices.Collect(maps.Values(bySystem))
	for _, l := range shipped {
		if _, own := bySystem[l.System]; own {
			continue
		}
		src, err := layout.ShippedSource(l.Name() + ".yaml")
		if err != nil {
			return nil, err
		}
		out = append(out, LayoutFile{Shipped, l, src})
	}
	slices.SortFunc(out, func(a, b LayoutFile) int { return strings.Compare(a.Layout.Name(), b.Layout.Name()) })
	return out, err
}

// TargetFile is a target, where it comes from, and its text.
type TargetFile struct {
	File   string // path inside the workspace, or [Shipped]
	Target *target.Target
	Source []byte
}

// TargetFiles lists the targets that the workspace in dir can use, by name: its own, and the shipped ones of other names. It
// needs neither keys nor stores, and no settings.
func TargetFiles(dir string) ([]TargetFile, error) {
	shipped, err := target.Shipped()
	if err != nil {
		return nil, err
	}
	byName := map[string]TargetFile{}
	for _, t := range shipped {
		src, err := target.ShippedSource(t.Name + ".yaml")
		if err != nil {
			return nil, err
		}
		byName[t.Name] = TargetFile{Shipped, t, src}
	}
	w := &Workspace{Dir: dir, home: dir}
	err = w.documents(TargetDir, func(file string, src []byte) error {
		t, err := target.Parse(file, src)
		if err == nil {
			byName[t.Name] = TargetFile{file, t, src}
		}
		return err
	})
	out := slices.Collect(maps.Values(byName))
	slices.SortFunc(out, func(a, b TargetFile) int { return strings.Compare(a.Target.Name, b.Target.Name) })
	return out, err
}

// Beside gives files of a folder, for the layouts that lie there.
func Beside(dir string) layout.Beside {
	return func(name string) ([]byte, error) {
		if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
			return nil, errors.New("the name is that of a folder")
		}
		return os.ReadFile(filepath.Join(dir, name))
	}
}

// OwnPipelines lists the pipelines that the workspace in dir describes itself, those of its targets too; a file that cannot be
// read is left out.
func OwnPipelines(dir string) []*pipelines.Definition {
	var out []*pipelines.Definition
	w := &Workspace{Dir: dir, home: dir}
	_ = w.documents(PipelineDir, func(file string, src []byte) error { // uoma check tells of what cannot be read
		if d, err := pipelines.Parse(file, src); err == nil {
			out = append(out, d)
		}
		return nil
	})
	_ = w.documents(TargetDir, func(file string, src []byte) error {
		if t, err := target.Parse(file, src); err == nil {
			out = append(out, pipelines.OfTarget(t.Name, t.Title))
		}
		return nil
	})
	return out
}
