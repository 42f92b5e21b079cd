package folder_test

import (
	"context"
	"path/filepath"
	"testing"

	"uoma/connectors/folder"
	"uoma/connectors/transporttest"
)

func TestContract(t *testing.T) {
	dir := t.TempDir()
	tree := &transporttest.Tree{Dir: dir}
	transporttest.Run(t, transporttest.Subject{
		Dial:   func(context.Context, string) (transporttest.FS, error) { return folder.Open(dir) },
		Write:  tree.Write,
		Sparse: tree.Sparse,
		Plant:  tree.Plant,
		Lists:  true,
		Wrong: map[string]transporttest.Wrong{"folder": {Code: "UOMA-LND-FOLDER", Dial: func(context.Context) (transporttest.FS, error) {
			return folder.Open(filepath.Join(dir, "none"))
		}}},
	})
}
