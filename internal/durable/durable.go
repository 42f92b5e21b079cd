// Package durable makes the names of a folder outlast a loss of power: a file that was made, renamed or removed is so on
// disk only when its folder is written too. It must not know what the files are.
package durable

import "os"

// Folder returns when a folder's names are on disk.
func Folder(path string) error { return names(os.Open(path)) }

// Root is [Folder] for a folder below a root, "." for the root itself.
func Root(root *os.Root, dir string) error { return names(root.Open(dir)) }

func names(d *os.File, err error) error {
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		d.Close() // only read from
		return err
	}
	return d.Close()
}
