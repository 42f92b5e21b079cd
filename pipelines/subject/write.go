package subject

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"uoma/internal/fault"
	"uoma/transforms/dossier"
)

var (
	errOpen  = fault.New("UOMA-SUB-OPEN", "others may read the folder that the export would go to", "name a folder with mode 0700, or one that does not exist yet")
	errThere = fault.New("UOMA-SUB-THERE", "there is a file of that name already", "name another file or folder; an export is never written over")
	errWrite = fault.New("UOMA-SUB-WRITE", "the export cannot be written", "look at the folder and the space on its disk")
)

// Names of the files in a folder.
const (
	jsonName = "subject.json"
	htmlName = "subject.html"
)

// Write writes a dossier where nobody else can read it: a path that ends in .json or .html is one file, any other a folder
// with both. It gives the files that it wrote; of two, none is there unless both are.
func Write(d *dossier.Dossier, path string) ([]string, error) {
	folder, names := path, []string{jsonName, htmlName}
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".json" || ext == ".html" {
		folder, names = filepath.Dir(path), []string{filepath.Base(path)}
	}
	if err := ensureFolder(folder); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, errWrite.At(fault.Place{File: folder}).Because(err)
	}
	defer root.Close()
	var written []string
	for _, name := range names {
		render := dossier.JSON
		if strings.EqualFold(filepath.Ext(name), ".html") {
			render = dossier.HTML
		}
		if err := writeFile(root, name, d, render); err != nil {
			for _, w := range written {
				err = errors.Join(err, root.Remove(filepath.Base(w)))
			}
			return nil, err
		}
		written = append(written, filepath.Join(folder, name))
	}
	return written, nil
}

// ensureFolder makes the folder, or refuses one that others may read.
func ensureFolder(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.Mkdir(path, 0o700); err != nil {
			return errWrite.At(fault.Place{File: path}).Because(err)
		}
		return nil
	}
	switch {
	case err != nil:
		return errWrite.At(fault.Place{File: path}).Because(err)
	case !info.IsDir():
		return errThere.At(fault.Place{File: path})
	case info.Mode().Perm()&0o077 != 0:
		return errOpen.At(fault.Place{File: path})
	}
	return nil
}

// writeFile writes a file that was not there, and leaves nothing of one that could not be finished.
func writeFile(root *os.Root, name string, d *dossier.Dossier, render func(*dossier.Dossier) ([]byte, error)) error {
	text, err := render(d)
	if err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return errThere.At(fault.Place{File: name})
	}
	if err != nil {
		return errWrite.At(fault.Place{File: name}).Because(err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = root.Remove(name)
		return errWrite.At(fault.Place{File: name}).Because(err)
	}
	return nil
}
