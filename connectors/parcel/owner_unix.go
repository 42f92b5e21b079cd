//go:build unix

package parcel

import (
	"io/fs"
	"os"
	"syscall"
)

// ownFile tells whether a file belongs to the user that runs the program.
func ownFile(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
