package processtest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
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
func Scratch() (remove func() error, err error) {
	dir, remove, err := Folder("", "u")
	if err != nil {
		return nil, err
	}
	return remove, os.Setenv("TMPDIR", dir)
}
