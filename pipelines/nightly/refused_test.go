package nightly_test

import (
	"bytes"
	"os"
	"testing"

	"uoma/connectors/register"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// A row that was refused because of the date alone is right on a later night without having changed, and is loaded then.
func TestARowThatBecomesRightWithTimeIsLoaded(t *testing.T) {
	s := newSite(t, 150, 2)
	var number []byte
	for d := firstNight; d <= firstNight+1; d++ {
		path := s.export(pegasosFile, d)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(text, []byte("\r\n"))
		for i, line := range lines {
			fields := bytes.Split(line, []byte(";"))
			if len(fields) < 17 || number != nil && !bytes.Equal(fields[0], number) {
				continue
			}
			number = fields[0]
			fields[8] = []byte("22.11.2036") // ten years and a day after the first night: one day beyond what a start may be
			fields[9] = nil
			lines[i] = bytes.Join(fields, []byte(";"))
			break
		}
		if err := os.WriteFile(path, bytes.Join(lines, []byte("\r\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	late := func() (n int) {
		s.at(t, func(ws *workspace.Workspace) {
			for b, err := range ws.Register.Read(t.Context(), "employment", []string{"start"}, register.All) {
				if err != nil {
					t.Fatal(err)
				}
				for i := range b.Len() {
					if d, ok := b.Col(0).Day(i); ok && d.Year() == 2036 {
						n++
					}
				}
			}
		})
		return n
	}
	s.finish(t, firstNight, pipelines.Finished)
	if n := late(); n != 0 {
		t.Fatalf("%d employments start beyond what may be", n)
	}
	s.finish(t, firstNight+1, pipelines.Finished)
	if n := late(); n != 1 {
		t.Fatalf("%d employments where there is one", n)
	}
}
