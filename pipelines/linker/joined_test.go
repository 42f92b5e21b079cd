package linker_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"uoma/pipelines/linker"
	"uoma/transforms/linkage"
)

// Columns that are said to be one text are compared as if they stood in one column, and no longer depend on each other.
func TestColumnsOfOneTextAreOne(t *testing.T) {
	header, lines := records(t, 3000)
	header = strings.TrimSuffix(header, "\n")
	apart, together := []string{header + ",room,desk\n"}, []string{header + ",place\n"}
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\n")
		n := uint32(i) * 2654435761 % 40
		room, desk := fmt.Sprint("room ", 'A'+n), fmt.Sprint("desk ", 'A'+n)
		switch i % 11 {
		case 0:
			room = ""
		case 1:
			desk = ""
		case 2:
			room, desk = "", ""
		}
		apart = append(apart, fmt.Sprintf("%s,%s,%s\n", line, room, desk))
		together = append(together, fmt.Sprintf("%s,%s\n", line, strings.TrimSpace(room+" "+desk)))
	}
	file := write(t, "people.csv", strings.Join(apart, ""))
	said := func(room, desk string) linker.Settings {
		return linker.Settings{Columns: map[string]string{"room": room, "desk": desk, "email": "ignored"}}
	}
	want, _, err := resolve(t, linker.Settings{Columns: map[string]string{"place": "text", "email": "ignored"}}, write(t, "people.csv", strings.Join(together, "")))
	if err != nil {
		t.Fatal(err)
	}
	got, one, err := resolve(t, said("text:place", "text:place"), file)
	if err != nil || got != want {
		t.Errorf("%s; %v", difference(got, want), err)
	}
	_, two, err := resolve(t, said("text", "text"), file)
	if err != nil {
		t.Fatal(err)
	}
	twice := func(r *linker.Report) (out []linkage.Dependence) {
		for _, d := range r.Model.Dependence {
			if d.Strong() && !d.Once {
				out = append(out, d.Dependence)
			}
		}
		return out
	}
	if d := twice(two); len(d) != 1 || d[0].A != "room" || d[0].B != "desk" {
		t.Errorf("as two texts: %+v", d)
	}
	if d := twice(one); len(d) != 0 {
		t.Errorf("as one text: %+v", d)
	}
	var home []string
	for _, s := range two.Model.Shared {
		home = append(home, s.Feature)
	}
	if !slices.Equal(home, []string{"family name", "address", "phone"}) {
		t.Errorf("shared at home: %q", home)
	}
}
