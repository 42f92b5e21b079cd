package nightly

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/resolve"
)

// A night whose evidence drifted stops before it loads anything, unless somebody has looked.
func TestDriftStopsTheNight(t *testing.T) {
	far := resolve.Linkage{Drift: maxDrift + 1, Drifted: "birth date", Linked: leastDrift}
	few := far
	few.Linked--
	learned := few
	learned.Learned = true
	for _, c := range []struct {
		name            string
		l               resolve.Linkage
		accept, stopped bool
	}{
		{"as ever", resolve.Linkage{Drift: maxDrift, Linked: 10 * leastDrift}, false, false},
		{"too few pairs to tell", few, false, false},
		{"drift", far, false, true},
		{"other people than the shipped model's", resolve.Linkage{Drift: 9, Linked: 10 * leastDrift, Shipped: true}, false, false},
		{"a model that was learned anew", learned, false, true},
		{"drift that was found right", far, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			r := &pipelines.Run{AcceptDrift: c.accept, Log: slog.New(slog.NewTextHandler(&log, nil))}
			err := (&Night{}).gate(r, &c.l)
			var f *fault.Error
			if stopped := errors.As(err, &f) && f.Code == "UOMA-RES-DRIFT"; stopped != c.stopped || (err != nil) != c.stopped {
				t.Fatalf("got %v", err)
			}
			if c.stopped && !strings.Contains(err.Error(), "birth date") {
				t.Errorf("%v does not name the field", err)
			}
			if c.accept && !strings.Contains(log.String(), "birth date") {
				t.Error("nobody can see that drift was accepted")
			}
		})
	}
}
