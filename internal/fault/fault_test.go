package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"uoma/internal/fault"
)

var shrunk = fault.New("UOMA-T-SHRUNK", "the export shrank", "ask its owner").For(fault.Source)

func TestTextNamesThePlace(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{shrunk, "UOMA-T-SHRUNK: the export shrank"},
		{shrunk.At(fault.Place{File: "a.yaml", Line: 3, Column: 7, Field: "feeds.0"}), "UOMA-T-SHRUNK a.yaml:3:7 (feeds.0): the export shrank"},
		{shrunk.At(fault.Place{Field: "peppi"}), "UOMA-T-SHRUNK (peppi): the export shrank"},
		{shrunk.Because(fs.ErrPermission), "UOMA-T-SHRUNK: the export shrank: permission denied"},
		{shrunk.Wrap(fault.New("UOMA-T-INNER", "the line is cut", "")), "UOMA-T-SHRUNK: the export shrank: UOMA-T-INNER: the line is cut"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// Drivers and parsers quote data in their messages, so the text of a cause that is not ours stays in the chain.
func TestThreat_T36_TheCauseOfAStrangerIsNotPrinted(t *testing.T) {
	cause := errors.New("duplicate entry 'canary'")
	err := shrunk.Wrap(cause)
	if strings.Contains(err.Error(), "canary") {
		t.Error("the cause's text is printed")
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}

func TestCopiesMatchByCode(t *testing.T) {
	placed := fmt.Errorf("reading: %w", shrunk.At(fault.Place{Line: 1}).Wrap(fs.ErrNotExist))
	if !errors.Is(placed, shrunk) || errors.Is(placed, fault.New("UOMA-T-OTHER", "", "")) {
		t.Error("codes do not decide")
	}
	if fault.Code(placed) != "UOMA-T-SHRUNK" || fault.Code(fs.ErrNotExist) != "" {
		t.Error("code")
	}
	if fault.ScopeOf(placed) != fault.Source || fault.ScopeOf(fs.ErrNotExist) != fault.Run {
		t.Error("scope")
	}
	if shrunk.Place != (fault.Place{}) {
		t.Error("the sentinel was changed")
	}
}

func TestListSaysEveryFinding(t *testing.T) {
	if (fault.List{}).Err() != nil {
		t.Error("no findings are an error")
	}
	l := fault.List{shrunk, fault.New("UOMA-T-OTHER", "another thing", "")}
	if got := l.Err().Error(); got != "UOMA-T-SHRUNK: the export shrank\nUOMA-T-OTHER: another thing" {
		t.Errorf("got %s", got)
	}
	if !errors.Is(l.Err(), shrunk) {
		t.Error("a finding cannot be found")
	}
}
