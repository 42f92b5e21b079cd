package archive

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

// Limits bounds an archive; zero fields take the defaults in [DefaultLimits].
type Limits struct {
	Entries   int   // files and directories
	EntrySize int64 // bytes of one entry when inflated
	TotalSize int64 // bytes of all entries when inflated
	Ratio     int64 // inflated to compressed bytes of one entry, applied from 64 KiB on
}

// DefaultLimits gives what no honest export of the known systems comes near.
func DefaultLimits() Limits {
	return Limits{Entries: 10_000, EntrySize: 2 << 30, TotalSize: 8 << 30, Ratio: 200}
}

// ratioFrom is the inflated size from which the ratio counts: a small file of equal lines compresses well and harms nobody.
const ratioFrom = 64 << 10

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	set := func(v *int64, standard int64) {
		if *v <= 0 {
			*v = standard
		}
	}
	if l.Entries <= 0 {
		l.Entries = d.Entries
	}
	set(&l.EntrySize, d.EntrySize)
	set(&l.TotalSize, d.TotalSize)
	set(&l.Ratio, d.Ratio)
	return l
}

var (
	_ fs.FS        = (*Archive)(nil)
	_ fs.StatFS    = (*Archive)(nil)
	_ fs.ReadDirFS = (*Archive)(nil)
)

// Archive is a checked ZIP. It is safe for concurrent use when its [io.ReaderAt] is.
type Archive struct {
	r     io.ReaderAt
	nodes map[string]*node
}

// Open checks the archive's directory. Its errors have the codes UOMA-LND-ARCHIVE, UOMA-LND-BOMB or UOMA-LND-NAME;
// an error of r is returned as it is.
func Open(r io.ReaderAt, size int64, limits Limits) (*Archive, error) {
	limits = limits.orDefault()
	end, err := findEnd(r, size, limits)
	if err != nil {
		return nil, err
	}
	entries, err := readDirectory(r, end)
	if err != nil {
		return nil, err
	}
	if err := limits.check(entries); err != nil {
		return nil, err
	}
	if err := locate(r, entries, end.offset); err != nil {
		return nil, err
	}
	nodes, err := tree(entries)
	if err != nil {
		return nil, err
	}
	return &Archive{r, nodes}, nil
}

// check applies the limits to what the directory declares.
func (l Limits) check(entries []*entry) error {
	total := uint64(0)
	for _, e := range entries {
		total += e.size // at most 10,000 sizes below 2^63 were let through; a wrap needs one beyond EntrySize
		switch {
		case e.size > uint64(l.EntrySize):
			return limit(e, "it inflates to more than %d bytes", l.EntrySize)
		case total > uint64(l.TotalSize):
			return limit(e, "all entries together inflate to more than %d bytes", l.TotalSize)
		case e.size >= ratioFrom && e.size/uint64(l.Ratio) > e.packed:
			return limit(e, "it inflates to more than %d times its size", l.Ratio)
		}
	}
	return nil
}

func limit(e *entry, format string, args ...any) error {
	return errLimit.At(fault.Place{File: folder.Shown(e.name)}).Because(fmt.Errorf(format, args...))
}

// tree arranges the entries by path and adds the directories that are only implied. Names that fold to the same are
// refused, and so is a file that also is a directory.
func tree(entries []*entry) (map[string]*node, error) {
	nodes := map[string]*node{".": {name: ".", dir: true}}
	spelled := map[string]string{}
	for _, e := range entries {
		name, isDir := strings.CutSuffix(e.name, "/")
		if err := folder.CheckName(name); err != nil || name == "." {
			return nil, refused(e, "the name leads outside or is not plain text")
		}
		if !e.regular(isDir) {
			return nil, refused(e, "it is neither a regular file nor a directory")
		}
		if old, ok := nodes[name]; ok && !(old.dir && isDir) {
			return nil, refused(e, "another entry has the same name")
		}
		if !isDir {
			nodes[name] = &node{name: name, entry: e}
		} else if nodes[name] == nil {
			nodes[name] = &node{name: name, dir: true}
		}
		if err := climb(nodes, spelled, e, name); err != nil {
			return nil, err
		}
	}
	for name, n := range nodes {
		if name != "." {
			parent := nodes[path.Dir(name)]
			parent.children = append(parent.children, n)
		}
	}
	for _, n := range nodes {
		n.sort()
	}
	return nodes, nil
}

// climb makes the parents of a path, and checks on the way that each of its steps has one spelling only.
func climb(nodes map[string]*node, spelled map[string]string, e *entry, name string) error {
	if strings.Count(name, "/") > maxDepth {
		return refused(e, "it lies too deep")
	}
	for at := name; at != "."; at = path.Dir(at) {
		fold := folder.Folded(at)
		if old, ok := spelled[fold]; ok && old != at {
			return refused(e, "another entry's name differs only in case")
		}
		spelled[fold] = at
		if nodes[at] == nil {
			nodes[at] = &node{name: at, dir: true}
		}
		if at != name && !nodes[at].dir {
			return refused(e, "a file is used as a directory")
		}
	}
	return nil
}

// maxDepth bounds the directories that one entry's name can imply.
const maxDepth = 32

func refused(e *entry, why string) error {
	return errName.At(fault.Place{File: folder.Shown(e.name)}).Because(fmt.Errorf("%s", why))
}
