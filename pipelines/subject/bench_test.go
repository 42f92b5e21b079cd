package subject_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/pipelines/subject"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/dossier"
)

// BenchmarkExport makes the export of one person among SUBJECTS, each with a row in four tables; 1,000 unless the
// environment says otherwise. WORKSPACE names a folder that is filled once and kept, on SQLite.
func BenchmarkExport(b *testing.B) {
	people := 1000
	if s := os.Getenv("SUBJECTS"); s != "" {
		var err error
		if people, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	for _, on := range []databasetest.Kind{databasetest.OnSQLite, databasetest.OnMariaDB} {
		b.Run(string(on), func(b *testing.B) { benchmarkExport(b, on, people) })
	}
}

func benchmarkExport(b *testing.B, on databasetest.Kind, people int) {
	ws := filled(b, on, people)
	n, cpu := 0, userTime(b)
	for b.Loop() {
		d, err := subject.Gather(b.Context(), ws, refOf(ws, n*7919%people), today)
		if err != nil {
			b.Fatal(err)
		}
		for _, render := range []func(*dossier.Dossier) ([]byte, error){dossier.JSON, dossier.HTML} {
			if _, err := render(d); err != nil {
				b.Fatal(err)
			}
		}
		n++
	}
	b.ReportMetric(float64((userTime(b)-cpu).Milliseconds())/float64(n), "cpu-ms/export")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(n), "ms/export")
}

// filled gives a workspace with people in it, the one of an earlier benchmark where the environment names it.
func filled(b *testing.B, on databasetest.Kind, people int) *workspace.Workspace {
	b.Helper()
	dir := os.Getenv("WORKSPACE")
	kept := dir != "" && on == databasetest.OnSQLite
	var ws *workspace.Workspace
	switch _, err := os.Stat(dir); {
	case !kept:
		ws = newWorkspace(b, on)
	case err == nil:
		ws = openWorkspace(b, dir)
		if err := ws.Register.Index(b.Context()); err != nil {
			b.Fatal(err)
		}
		return ws
	default:
		workspacetest.Init(b, on, dir, settings)
		ws = openWorkspace(b, dir)
	}
	fill(b, ws, people, canary, "person", "study", "role", "consent")
	return ws
}

// userTime gives the processor time that the program has used.
func userTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano())
}
