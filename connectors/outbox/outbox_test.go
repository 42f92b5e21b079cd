package outbox

import (
	"context"
	"errors"
	"os"
	"reflect"
	"sync"
	"testing"
	"time"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/internal/mariadbtest"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

var (
	ctx    = context.Background()
	start  = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	survey = Chain{"xamk", "national-survey", "career-survey"}
)

// each runs a test on both databases.
func each(t *testing.T, test func(t *testing.T, o *Outbox)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		for range 2 { // a second opening finds the tables there
			if _, err := Open(ctx, db); err != nil {
				t.Fatal(err)
			}
		}
		test(t, &Outbox{db})
	})
}

func take(t *testing.T, o *Outbox, holder string, now time.Time) *Lease {
	t.Helper()
	l, err := o.Take(ctx, survey, holder, now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func sample(id string) Delivery {
	return Delivery{
		ID: id, Pipeline: "career-survey", Chain: survey, Kind: "full", From: 20000, To: 20364, State: Prepared,
		Nonce: "00", SelectionDigest: "s", RegisterCommit: "nightly-2026-11-22", QualityVerdict: "pass",
		ConsentCutAt: start, NotAfter: start.Add(14 * 24 * time.Hour), CreatedAt: start, UpdatedAt: start,
	}
}

func TestEveryFieldSurvives(t *testing.T) {
	each(t, func(t *testing.T, o *Outbox) {
		l := take(t, o, "a", start)
		d := sample("id-1")
		if err := l.Insert(ctx, &d); err != nil {
			t.Fatal(err)
		}
		fill(reflect.ValueOf(&d).Elem())
		d.ID, d.Pipeline, d.Chain, d.Kind, d.Supersedes, d.From, d.To, d.CreatedAt, d.Version =
			"id-1", "career-survey", survey, "full", "", 20000, 20364, start, 1
		if err := l.Save(ctx, &d, Prepared, start.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		got, err := o.Get(ctx, "id-1")
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, d) {
			t.Errorf("read back\n%+v\nwant\n%+v", got, d)
		}
		if got.Version != 2 || got.Fence != l.Fence() || !got.UpdatedAt.Equal(start.Add(time.Second)) {
			t.Errorf("version %d, fence %d, updated %v", got.Version, got.Fence, got.UpdatedAt)
		}
	})
}

// fill gives every field a value that is not its zero.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Type() == reflect.TypeFor[time.Time]():
			f.Set(reflect.ValueOf(start.Add(time.Duration(i) * time.Hour)))
		case f.Kind() == reflect.String:
			f.SetString("v")
		case f.CanInt():
			f.SetInt(int64(i + 1))
		}
	}
}

func TestUniqueKeys(t *testing.T) {
	each(t, func(t *testing.T, o *Outbox) {
		l := take(t, o, "a", start)
		a, b := sample("id-1"), sample("id-2")
		if err := l.Insert(ctx, &a); err != nil {
			t.Fatal(err)
		}
		if err := l.Insert(ctx, &b); !errors.Is(err, ErrDuplicate) {
			t.Fatalf("the same period twice: %v", err)
		}
		b.Supersedes = "id-1"
		if err := l.Insert(ctx, &b); err != nil {
			t.Fatalf("superseding: %v", err)
		}
		a.Sequence, b.Sequence = 1, 1
		if err := l.Save(ctx, &a, Prepared, start); err != nil {
			t.Fatal(err)
		}
		if err := l.Save(ctx, &b, Prepared, start); err == nil {
			t.Fatal("the same sequence number twice")
		}
		a.State, a.Sequence = Voided, 0
		if err := l.Save(ctx, &a, Prepared, start); err != nil {
			t.Fatal(err)
		}
		c := sample("id-3") // a voided delivery gives its period and its number back
		c.Sequence = 1
		if err := l.Insert(ctx, &c); err != nil {
			t.Fatal(err)
		}
		if last, err := o.Last(ctx, survey); err != nil || last.ID != "id-3" {
			t.Fatalf("last: %v %v", last.ID, err)
		}
	})
}

// T30: whoever was taken over, or read an older row, writes nothing.
func TestThreat_T30_StaleWriterWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, o *Outbox) {
		old := take(t, o, "old", start)
		d := sample("id-1")
		if err := old.Insert(ctx, &d); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Take(ctx, survey, "new", start.Add(59*time.Second)); !errors.Is(err, ErrBusy) {
			t.Fatalf("a living lease was taken: %v", err)
		}
		if err := old.Renew(ctx, start.Add(30*time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := old.Renew(ctx, start.Add(30*time.Second)); err != nil {
			t.Fatalf("renewing twice in one instant: %v", err)
		}
		fresh := take(t, o, "new", start.Add(90*time.Second))
		stale := d
		stale.State = Encrypted
		if err := old.Save(ctx, &stale, Prepared, start); !errors.Is(err, ErrFenced) {
			t.Fatalf("old lease wrote: %v", err)
		}
		other := sample("id-2")
		other.From++
		if err := old.Insert(ctx, &other); !errors.Is(err, ErrFenced) {
			t.Fatalf("old lease inserted: %v", err)
		}
		if err := old.Renew(ctx, start); !errors.Is(err, ErrFenced) {
			t.Fatalf("old lease renewed: %v", err)
		}
		if err := old.Release(ctx); err != nil {
			t.Fatal(err)
		}
		copied := d
		d.State = Encrypted
		if err := fresh.Save(ctx, &d, Prepared, start); err != nil {
			t.Fatal(err)
		}
		if err := fresh.Save(ctx, &copied, Prepared, start); !errors.Is(err, ErrFenced) {
			t.Fatalf("an old version was written: %v", err)
		}
		if err := fresh.Release(ctx); err != nil {
			t.Fatal(err)
		}
		take(t, o, "third", start)
	})
}

func TestOneOfManyTakersWins(t *testing.T) {
	each(t, func(t *testing.T, o *Outbox) {
		var wg sync.WaitGroup
		results := make([]error, 8)
		for i := range results {
			wg.Go(func() { _, results[i] = o.Take(ctx, survey, string(rune('a'+i)), start) })
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d takers won", won)
		}
	})
}

func TestNone(t *testing.T) {
	each(t, func(t *testing.T, o *Outbox) {
		if _, err := o.Get(ctx, "id-1"); !errors.Is(err, ErrNone) {
			t.Error(err)
		}
		if list, err := o.List(ctx, survey); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
	})
}
