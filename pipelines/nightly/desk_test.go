package nightly_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/review"
	"uoma/pipelines/workspace"
	"uoma/transforms/clerical"
)

var author = review.Author{By: "virtanen", At: time.UnixMicro(1), Check: func(context.Context, *sqlx.Tx) error { return nil }}

// desk opens the desk of a workspace.
func desk(t testing.TB, ws *workspace.Workspace) *review.Desk {
	t.Helper()
	d, err := review.Open(context.Background(), ws, "nightly")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func decideAt(t testing.TB, d *review.Desk, ref string, v clerical.Verdict) error {
	t.Helper()
	l, err := d.Find(ref)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Decide(context.Background(), &l, v, "source", author)
	return err
}

func TestWhatContradictsIsRefusedAndNamed(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		joined, _ := s.pairsToDecide(t, 3)
		a, b, c := joined[0].A, joined[1].A, joined[2].A
		ws := s.open(t)
		if err := decideAt(t, desk(t, ws), a+":"+b, clerical.Same); err != nil {
			t.Fatal(err)
		}
		if err := decideAt(t, desk(t, ws), c+":"+b, clerical.Same); err != nil {
			t.Fatal(err)
		}
		err := decideAt(t, desk(t, ws), a+":"+c, clerical.Different)
		if fault.Code(err) != "UOMA-REV-CONFLICT" || !strings.Contains(err.Error(), "decision 1 (same), decision 2 (same)") {
			t.Errorf("different(a, c): %v", err)
		}
		if err := decideAt(t, desk(t, ws), a+":"+b, clerical.Unsure); err != nil {
			t.Fatal(err)
		}
		if err := decideAt(t, desk(t, ws), a+":"+c, clerical.Different); err != nil {
			t.Errorf("after one was taken back: %v", err)
		}
		if err := decideAt(t, desk(t, ws), a+":"+b, clerical.Same); fault.Code(err) != "UOMA-REV-CONFLICT" ||
			!strings.Contains(err.Error(), "decision 2 (same), decision 4 (different)") {
			t.Errorf("same(a, b): %v", err)
		}
		if _, err := desk(t, ws).Find(a + ":nobody"); fault.Code(err) != "UOMA-REV-PAIR" {
			t.Errorf("an unknown record: %v", err)
		}
		if got := len(desk(t, ws).Decisions()); got != 4 {
			t.Errorf("%d decisions in the ledger", got)
		}
	})
}

func TestASheetIsTakenOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		joined, apart := s.pairsToDecide(t, 2)
		lines := []clerical.Line{
			{Pair: joined[0], Verdict: clerical.Different, DecidedWith: "namesake"}, {Pair: joined[1]},
			{Pair: apart[0], Verdict: clerical.Same}, {Pair: joined[0], Verdict: clerical.Different}, {Pair: clerical.NewPair("x", "y"), Verdict: clerical.Same},
			{Pair: apart[1], Verdict: "perhaps"},
		}
		var sheet bytes.Buffer
		if err := clerical.WriteSheet(&sheet, lines); err != nil {
			t.Fatal(err)
		}
		ws := s.open(t)
		for _, want := range []string{"6 2 1 1 2", "6 0 3 1 2"} {
			out, err := desk(t, ws).Import(context.Background(), bytes.NewReader(sheet.Bytes()), author)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(out.Rows, out.Taken, out.Already, out.Empty, len(out.Refused)); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if out.Refused[0].Line != 6 || out.Refused[0].Code != "UOMA-REV-PAIR" || out.Refused[1].Line != 7 || out.Refused[1].Code != "UOMA-REV-VERDICT" {
				t.Errorf("refused %+v", out.Refused)
			}
		}
		if got := len(desk(t, ws).Decisions()); got != 2 {
			t.Errorf("%d decisions in the ledger", got)
		}
	})
}

func TestASampleEstimatesTheShareOfRightLinks(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		ctx := context.Background()
		s := loadedSite(t, on)
		ws := s.open(t)
		if _, err := desk(t, ws).Estimate(); fault.Code(err) != "UOMA-REV-NO-SAMPLE" {
			t.Errorf("without a sample: %v", err)
		}
		drawn, err := desk(t, ws).Draw(ctx, 40, 7, author.Check)
		if err != nil {
			t.Fatal(err)
		}
		again, err := desk(t, ws).Draw(ctx, 40, 7, author.Check)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(drawn) {
			t.Errorf("the same seed drew another sample: %v", err)
		}
		if _, err := desk(t, ws).Draw(ctx, 41, 7, author.Check); fault.Code(err) != "UOMA-REV-DRAWN" {
			t.Errorf("another number under the same seed: %v", err)
		}
		for i, l := range drawn {
			if !l.Linked {
				t.Fatalf("%s is no link", l.Ref)
			}
			verdict := clerical.Same
			if i == 0 {
				verdict = clerical.Unsure
			}
			if i < 30 {
				if err := decideAt(t, desk(t, ws), l.Ref, verdict); err != nil {
					t.Fatal(err)
				}
			}
		}
		e, err := desk(t, ws).Estimate()
		if err != nil {
			t.Fatal(err)
		}
		if e.All.Sampled != int64(len(drawn)) || e.All.Same != 29 || e.All.Unsure != 1 || e.All.Precision != 1 || e.All.Low < 0.5 || e.All.Low > 0.95 {
			t.Errorf("%+v", e.All)
		}
	})
}

// TestALookAtValuesIsWrittenDown proves that nobody sees values of a pair without a line in the ledger.
func TestALookAtValuesIsWrittenDown(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		ctx := context.Background()
		s := loadedSite(t, on)
		joined, _ := s.pairsToDecide(t, 1)
		ws := s.open(t)
		d := desk(t, ws)
		l, err := d.Find(joined[0].A + ":" + joined[0].B)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []ledger.Access{{SeenBy: "virtanen"}, {SeenBy: "virtanen", Reason: "curious"}, {SeenBy: "a b", Reason: "review"}} {
			if err := d.Look(ctx, &l, wrong, "tester"); err == nil {
				t.Errorf("a look as %+v", wrong)
			}
		}
		if err := d.Look(ctx, &l, ledger.Access{SeenBy: "virtanen", SeenAt: 5, Reason: "review"}, "tester"); err != nil {
			t.Fatal(err)
		}
		got, err := ledger.Accesses(ctx, ws.RegisterDB)
		want := ledger.Access{Number: 1, SeenBy: "virtanen", SeenAt: 5, A: joined[0].A, B: joined[0].B, Reason: "review"}
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%+v, %v", got, err)
		}
		sides, err := d.Show(l)
		if err != nil || sides.Explained == nil || len(sides.Fields) == 0 || !sides.Known {
			t.Errorf("nothing to see: %v", err)
		}
	})
}
