package carrier

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

var ctx = context.Background()

// script is a carrier that answers from a list; an empty list is a success.
type script struct {
	errs    []error
	sends   int
	offsets int
}

func (s *script) next() error {
	if len(s.errs) == 0 {
		return nil
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	return err
}

func (s *script) PutManifest(context.Context, string, []byte, []byte) error { return s.next() }
func (s *script) Offset(context.Context, string) (int64, int64, error) {
	s.offsets++
	return 7, 10, s.next()
}
func (s *script) Send(context.Context, string, io.ReaderAt, int64, int64) (int64, error) {
	s.sends++
	return 10, s.next()
}
func (s *script) Status(context.Context, string) (Status, error) { return Status{}, s.next() }
func (s *script) Receipt(context.Context, string) ([]byte, []byte, error) {
	return []byte("r"), []byte("s"), s.next()
}
func (s *script) Head(context.Context, string) (Head, error) { return Head{}, s.next() }

var _ Carrier = (*script)(nil)

// patient gives a retry whose waits are written down instead of waited.
func patient(s *script, random float64) (*Retry, *[]time.Duration) {
	var waits []time.Duration
	r := &Retry{Carrier: s, Rand: func() float64 { return random }}
	r.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	return r, &waits
}

func busy() error { return answerError("", 503, 0) }
func times(n int, err error) []error {
	out := make([]error, n)
	for i := range out {
		out[i] = err
	}
	return out
}

func TestWaitsGrowWithFullJitterAndCap(t *testing.T) {
	r, waits := patient(&script{errs: times(12, busy())}, 1)
	if err := r.PutManifest(ctx, "id", nil, nil); err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}
	for i, w := range *waits {
		if w != want[i]*time.Second {
			t.Errorf("wait %d: %v", i, w)
		}
	}
	r, waits = patient(&script{errs: times(3, busy())}, 0.25)
	if err := r.PutManifest(ctx, "id", nil, nil); err != nil || (*waits)[2] != time.Second {
		t.Errorf("a quarter of 4 s: %v %v", *waits, err)
	}
}

func TestRetryAfterWins(t *testing.T) {
	s := &script{errs: []error{answerError("", 429, 17*time.Second), answerError(ReceiptPending, 404, 3*time.Second)}}
	r, waits := patient(s, 1)
	if _, _, err := r.Receipt(ctx, "id"); err != nil {
		t.Fatal(err)
	}
	if len(*waits) != 2 || (*waits)[0] != 17*time.Second || (*waits)[1] != 3*time.Second {
		t.Errorf("%v", *waits)
	}
}

func TestWhatIsRetried(t *testing.T) {
	for _, status := range []int{408, 425, 429, 500, 502, 503, 504} {
		if !Retryable(answerError("", status, 0)) {
			t.Errorf("%d is not retried", status)
		}
	}
	for _, status := range []int{301, 307, 400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 501, 507} {
		if Retryable(answerError("", status, 0)) {
			t.Errorf("%d is retried", status)
		}
	}
	for code := range problems {
		r, waits := patient(&script{errs: []error{answerError(code, 422, 0)}}, 1)
		err := r.PutManifest(ctx, "id", nil, nil)
		if code == ReceiptPending {
			continue
		}
		if Problem(err) != code || len(*waits) != 0 {
			t.Errorf("%s: %v after %d waits", code, err, len(*waits))
		}
	}
}

func TestFiveConnectFailuresStopTheRun(t *testing.T) {
	down := &Error{fault: errNetwork, connect: true, again: true}
	s := &script{errs: times(20, down)}
	r, waits := patient(s, 1)
	err := r.PutManifest(ctx, "id", nil, nil)
	if !errors.Is(err, errUnreachable) || len(s.errs) != 15 || len(*waits) != 4 {
		t.Errorf("%v, %d left, %d waits", err, len(s.errs), len(*waits))
	}
	if _, err := r.Status(ctx, "id"); !errors.Is(err, errUnreachable) || len(s.errs) != 15 {
		t.Errorf("the host was asked again in this run: %v", err)
	}
	s = &script{errs: append(times(4, down), busy(), down, down, down, down)}
	r, _ = patient(s, 1)
	if err := r.PutManifest(ctx, "id", nil, nil); err != nil {
		t.Errorf("failures that were not in a row: %v", err)
	}
}

func TestBudgetOfTheRun(t *testing.T) {
	s := &script{errs: times(1000, busy())}
	r, waits := patient(s, 1)
	err := r.PutManifest(ctx, "id", nil, nil)
	var sum time.Duration
	for _, w := range *waits {
		sum += w
	}
	if !errors.Is(err, errBudget) || sum > RunBudget || sum < RunBudget-backoffCap {
		t.Errorf("%v after %v", err, sum)
	}
}

func TestSendAsksForTheOffsetAfterAFailure(t *testing.T) {
	s := &script{errs: []error{busy(), busy()}}
	r, _ := patient(s, 1)
	n, err := r.Send(ctx, "id", bytes.NewReader(nil), 0, 10)
	if err != nil || n != 7 || s.sends != 1 || s.offsets != 2 {
		t.Errorf("%d %v, %d sends, %d offsets", n, err, s.sends, s.offsets)
	}
}

func TestSleepEndsWithTheContext(t *testing.T) {
	r, _ := patient(&script{errs: times(9, busy())}, 1)
	r.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	if err := r.PutManifest(ctx, "id", nil, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestEveryProblemHasItsOwnFault(t *testing.T) {
	seen := map[string]string{}
	for problem, f := range problems {
		if f.Hint == "" || f.Message == "" {
			t.Errorf("%s has no words", problem)
		}
		if other := seen[f.Code]; other != "" {
			t.Errorf("%s and %s share %s", problem, other, f.Code)
		}
		seen[f.Code] = problem
	}
}
