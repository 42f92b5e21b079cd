package endpoint

import (
	"errors"
	"os"
	"path/filepath"

	"uoma/internal/durable"
)

// Modes of everything that the endpoint writes.
const (
	fileMode   = 0o600
	folderMode = 0o700
)

// writeFile puts a file under its name whole or not at all: temporary name, fsync, rename, fsync of the folder.
func writeFile(path string, data []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return rename(tmp, path)
}

// rename gives a file its final name and makes the name durable.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return durable.Folder(filepath.Dir(to))
}

// makeFolder makes a folder and makes its name durable.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, folderMode); err != nil {
		return err
	}
	return durable.Folder(filepath.Dir(path))
}

// size gives a file's size, 0 when there is no file.
func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
