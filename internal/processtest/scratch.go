package processtest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// Folder makes a folder below parent that does not outlive this process. remove removes it; where the process is killed
// before, a shell that waits for its end does. What children of it still write meanwhile goes with it.
func Folder(parent, pattern string) (dir string, remove func() error, err error) {
	if dir, err = os.MkdirTemp(parent, pattern); err != nil {
		return "", nil, err
	}
	// The pipe's other end is closed when this process ends, however it ends.
	heir := exec.Command("sh", "-c", `cat; for try in 1 2 3 4 5; do rm -rf "$0" && break; sleep 1; done`, dir)
	heir.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the keyboard is not for it
	alive, err := heir.StdinPipe()
	if err == nil {
		err = heir.Start()
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, func() error {
		return errors.Join(alive.Close(), heir.Wait(), os.RemoveAll(dir))
	}, nil
}

// Scratch makes a [Folder] the place of all temporary files of this process and its children: of those that a test killed,
// too. remove is for the end of all tests.
//
// It lies in memory where that is plenty and nobody said where temporary files go: what tests prove about crashes is about
// programs that die, not about machines, and to wait for a disk takes a third of a test of nights where others use it.
func Scratch() (remove func() error, err error) {
	parent := ""
	if os.Getenv("TMPDIR") == "" && plenty(memory) {
		parent = memory
	}
	dir, remove, err := Folder(parent, "u")
	if err != nil {
		return nil, err
	}
	return remove, os.Setenv("TMPDIR", dir)
}

const (
	memory = "/dev/shm"
	// enough is several times what the tests of all packages that run at once have written at any moment.
	enough = 2 << 30
)

// plenty tells whether a folder has room for the files of tests, programs among them.
func plenty(dir string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(dir, &fs) == nil && fs.Flags&unix.ST_NOEXEC == 0 && int64(fs.Bavail)*fs.Bsize >= enough &&
		unix.Access(dir, unix.W_OK|unix.X_OK) == nil
}
