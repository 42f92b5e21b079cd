package drop

import (
	"errors"
	"io"
	"io/fs"
	"testing"
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
