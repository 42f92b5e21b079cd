package folder_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"uoma/connectors/folder"
	"uoma/connectors/transporttest"
)

func TestContract(t *testing.T) { transporttest.Run(t, subject(t)) }

func BenchmarkRead(b *testing.B) { transporttest.Bench(b, subject(b)) }

func subject(t testing.TB) transporttest.Subject {
	dir := t.TempDir()
	tree := &transporttest.Tree{Dir: dir}
	return transporttest.Subject{
		Dial: func(ctx context.Context, _ string, _ time.Duration) (transporttest.FS, error) {
			return folder.Open(ctx, dir)
		},
		Write:  tree.Write,
		Sparse: tree.Sparse,
		Plant:  tree.Plant,
		Lists:  true,
		Wrong: map[string]transporttest.Wrong{"folder": {Code: "UOMA-LND-FOLDER", Dial: func(ctx context.Context) (transporttest.FS, error) {
			return folder.Open(ctx, filepath.Join(dir, "none"))
		}}},
	}
}
