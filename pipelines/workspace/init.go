package workspace

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"os"
	"path/filepath"

	"uoma/connectors/keys"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
)

var (
	errExists = fault.New("UOMA-WSP-EXISTS", "there is a workspace here already", "choose another folder; a workspace is never overwritten, as its keys would be lost")
	errMake   = fault.New("UOMA-WSP-MAKE", "the workspace cannot be made", "check the folder's owner and free space")
)

//go:embed uoma.yaml
var template []byte

// Template gives the settings file of a new workspace.
func Template() []byte { return append([]byte(nil), template...) }

// Init makes a workspace in dir: folders, settings, and keys of its own. settings replaces the shipped settings file when
// it is not empty. It never overwrites.
func Init(dir string, settings []byte) error {
	if _, err := os.Stat(filepath.Join(dir, FileName)); err == nil {
		return errExists.At(fault.Place{File: filepath.Join(dir, FileName)})
	}
	for _, d := range []string{"", "inbox", KeysDir, RecipientDir, LayoutDir, PolicyDir, PipelineDir, TargetDir, ScheduleDir} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return errMake.At(fault.Place{File: filepath.Join(dir, d)}).Because(err)
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return errMake.At(fault.Place{File: dir}).Because(err)
	}
	if err := keys.Create(filepath.Join(dir, KeysDir, "master.key"), filepath.Join(dir, KeysDir, "storage.key"), rand.Reader); err != nil {
		return err
	}
	root, err := os.OpenRoot(filepath.Join(dir, KeysDir))
	if err != nil {
		return errMake.At(fault.Place{File: KeysDir}).Because(err)
	}
	_, err = parcel.CreateSigner(root, "signing", rand.Reader, "uoma sender")
	if err := errors.Join(err, root.Close()); err != nil {
		return err
	}
	if len(settings) == 0 {
		settings = template
	}
	// The settings come last: with them the folder is a workspace.
	if err := os.WriteFile(filepath.Join(dir, FileName), settings, 0o600); err != nil {
		return errMake.At(fault.Place{File: FileName}).Because(err)
	}
	return nil
}
