package feedback_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/internal/fault"
	"uoma/pipelines/feedback"
)

func TestCompile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "feedback.csv")
	var b strings.Builder
	b.WriteString("service;score;comment;mail\n")
	row := func(service, score string, times int) {
		for i := range times {
			fmt.Fprintf(&b, "%s;%s;very own words %d;someone%d@firm.example\n", service, score, i, i)
		}
	}
	row("career services", "5", 12)
	row("career services", "4", 11)
	row("career services", "", 2)
	row("sauna", "1", 3)
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := feedback.Compile(t.Context(), file, "service", "score")
	if want := "{26 2 0 [{career services 23 [{5 12} {4 11}] 0}]}"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v: %v\nwant %s", err, got, want)
	}
	if got, err = feedback.Compile(t.Context(), file, "service", "mail"); err != nil || strings.Contains(fmt.Sprint(got), "someone1@") {
		t.Errorf("what one person wrote leaves: %v: %v", err, got)
	}
	if _, err := feedback.Compile(t.Context(), file, "service", "nothing"); fault.Code(err) != "UOMA-FBK-COLUMN" {
		t.Error(err)
	}
}
