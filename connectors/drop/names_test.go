package drop

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"uoma/internal/fault"
)

// TestNamesAreGivenInBothWays gives a staged file its name as most file systems can and as NFS can, and again where it is taken.
func TestNamesAreGivenInBothWays(t *testing.T) {
	for name, give := range map[string]func(*Folder, string) error{"renamed": (*Folder).rename, "linked": (*Folder).relink} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(t.TempDir(), false)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for _, want := range []error{nil, fs.ErrExist} {
				err := f.Stage("x.csv", func(w io.Writer) error {
					_, err := io.WriteString(w, "x")
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := give(f, "x.csv"); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
				if staged, published, err := f.Find("x.csv"); staged != (want != nil) || !published || err != nil {
					t.Errorf("staged %t, published %t, %v", staged, published, err)
				}
			}
		})
	}
}

// TestAFileSystemWithNeitherWay lays nothing where a file can be given no name without replacing another: what mounts of buckets
// answer is EINVAL to the rename, and EOPNOTSUPP or EPERM to the link.
func TestAFileSystemWithNeitherWay(t *testing.T) {
	f, err := Open(t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Stage("x.csv", func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	says := func(err error) func(string) error { return func(string) error { return err } }
	if err := f.give("x.csv", says(unix.EINVAL), func(name string) error { return f.unlinked(name, &os.LinkError{Err: unix.EPERM}) }); fault.Code(err) != "UOMA-DRP-FILE-SYSTEM" {
		t.Errorf("links are forbidden: %v", err)
	}
	f.user++ // what is staged is another user's now
	if err := f.give("x.csv", says(unix.EINVAL), func(name string) error { return f.unlinked(name, &os.LinkError{Err: unix.EPERM}) }); fault.Code(err) != "UOMA-DRP-OWNER" {
		t.Errorf("links to files of others are forbidden: %v", err)
	}
	f.user--
	for _, link := range []error{unix.EOPNOTSUPP, unix.ENOSYS, errors.ErrUnsupported} {
		if err := f.give("x.csv", says(unix.EINVAL), says(&os.LinkError{Err: link})); fault.Code(err) != "UOMA-DRP-FILE-SYSTEM" {
			t.Errorf("%v: %v", link, err)
		}
	}
	if err := f.give("x.csv", says(unix.EACCES), f.relink); fault.Code(err) != "UOMA-DRP-WRITE" {
		t.Errorf("a rename that is forbidden: %v", err)
	}
	if staged, published, err := f.Find("x.csv"); !staged || published || err != nil {
		t.Errorf("staged %t, published %t, %v", staged, published, err)
	}
	if err := f.give("x.csv", says(unix.ENOSYS), f.relink); err != nil {
		t.Errorf("links alone: %v", err)
	}
}
