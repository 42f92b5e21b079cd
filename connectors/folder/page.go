package folder

import (
	"io"
	"io/fs"
)

// Page takes the next n entries from rest in the manner of [fs.ReadDirFile]: all of them when n is not positive, and
// [io.EOF] when n is positive and none is left.
func Page(rest *[]fs.DirEntry, n int) ([]fs.DirEntry, error) {
	all := *rest
	if n <= 0 {
		*rest = nil
		return all, nil
	}
	if len(all) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(all))
	*rest = all[n:]
	return all[:n], nil
}
