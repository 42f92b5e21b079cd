package survey

import (
	"errors"
	"slices"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/outbox"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
)

// Random pseudonyms stay within an epoch, are others in the next, go with an erased person, and lead back by the vault alone.
func TestRandomPseudonyms(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on)
		stages, run := r.stages(false)
		s := stages[0].(selectStage).s
		keyed, err := s.choose(ctx, run, 2021)
		r.must(err)
		r.ws.Settings.Pseudonyms = map[string]string{s.domain(): "random"}
		dry, err := Called(ctx, r.ws, s.chain(), []string{"x"}, true)
		r.must(err)
		if has, err := r.ws.Vault.HasRandom(ctx, s.domain(), 1); err != nil || has || len(dry("x")) != 26 {
			t.Errorf("a dry run kept something: %v %v", has, err)
		}
		a, err := s.choose(ctx, run, 2021)
		r.must(err)
		b, err := s.choose(ctx, run, 2021)
		r.must(err)
		if a.digest != b.digest || slices.ContainsFunc(a.extract.Pseudonyms, func(p string) bool { return slices.Contains(keyed.extract.Pseudonyms, p) }) {
			t.Error("they do not stay, or are the keyed ones")
		}
		r.ws.Settings.Pseudonyms = nil
		if _, err := s.choose(ctx, run, 2021); fault.Code(err) != "UOMA-SVY-PSEUDONYMS" {
			t.Errorf("keyed ones within the epoch: %v", err)
		}
		r.ws.Settings.Pseudonyms = map[string]string{s.domain(): "random"}

		out, err := r.run(false)
		r.must(err)
		id := fact[SealFacts](t, out, "seal").Delivery
		aino := r.rowOf(id, "12345")
		was := a.extract.Pseudonyms[aino-1]
		by := custody.Author{Actor: "virtanen", At: run.Now()}
		_, err = custody.RotateDomain(ctx, r.ws, s.domain(), 2, false, by, custody.Options{})
		r.must(err)
		next, err := s.choose(ctx, run, 2021)
		r.must(err)
		if slices.Contains(next.extract.Pseudonyms, was) || len(next.extract.Pseudonyms) != len(a.extract.Pseudonyms) {
			t.Error("the next epoch has pseudonyms of the one before")
		}
		person := workspace.PersonOf(r.ws.Persons(), "P1")
		if of, err := r.ws.Vault.RandomPersons(ctx, s.domain(), []string{was}); err != nil || of[was] != person {
			t.Errorf("%v %v", of, err)
		}
		r.eraseAll("P1")
		if of, err := r.ws.Vault.RandomPersons(ctx, s.domain(), []string{was}); err != nil || len(of) != 0 {
			t.Errorf("of an erased person: %v %v", of, err)
		}
		if f, err := r.withdraw(false); err != nil || f.Rows != 1 || f.Reasons[ReasonErased] != 1 {
			t.Errorf("%+v %v", f, err)
		}
	})
}

// Who is suppressed is not called anything: a random pseudonym is written down when it is drawn.
func TestNoRandomPseudonymOfTheSuppressed(t *testing.T) {
	r := newRig(t, databasetest.OnSQLite)
	stages, run := r.stages(false)
	s := stages[0].(selectStage).s
	r.ws.Settings.Pseudonyms = map[string]string{s.domain(): "random"}
	token := r.ws.Suppression().Token("suppressed", "student_number|10118|777")
	r.must(r.ws.Vault.Suppress(ctx, []vault.Suppression{{Token: token, Kind: "student_number", Since: "erasure", Clause: "XAMK-39"}}))
	_, err := s.choose(ctx, run, 2021)
	r.must(err)
	var drawn []string
	r.must(r.ws.VaultDB.SelectContext(ctx, &drawn, "SELECT `person` FROM `random_pseudonym`"))
	suppressed := workspace.PersonOf(r.ws.Persons(), "P3")
	if slices.Contains(drawn, suppressed) || len(drawn) < 2 {
		t.Errorf("of %d people, %v", len(drawn), slices.Contains(drawn, suppressed))
	}
}

// A list that was written before lists had the epoch is of that in which its delivery was made, whatever the domain is in now:
// a withdrawal names each row by the pseudonym that it went under, and none by another epoch's.
func TestEpochOfListsThatDoNotSayIt(t *testing.T) {
	r := newRig(t, databasetest.OnSQLite)
	r.people(graduateOf("P10", "12354", "Seuraava", "Sanni", "1999-12-31", "2022-05-31"))
	stages, run := r.stages(false)
	s := stages[0].(selectStage).s
	deliver := func() string {
		t.Helper()
		out, err := r.run(false)
		r.must(err)
		r.date = r.date.AddMonths(12)
		return fact[SealFacts](t, out, "seal").Delivery
	}
	rotate := func(epoch int64, o custody.Options) error {
		_, err := custody.RotateDomain(ctx, r.ws, s.domain(), epoch, false, custody.Author{Actor: "virtanen", At: r.endpoint.Clock.Now()}, o)
		return err
	}
	cut, want := errors.New("cut off"), map[string]int64{}
	if err := rotate(2, custody.Options{Step: func(string) error { return cut }}); !errors.Is(err, cut) {
		t.Fatal(err)
	}
	r.endpoint.Clock.Move(time.Hour)
	want[deliver()] = 1 // the rotation was noted, and not done
	r.endpoint.Clock.Move(time.Hour)
	r.must(rotate(2, custody.Options{}))
	r.endpoint.Clock.Move(time.Hour)
	want[deliver()] = 2
	for id := range want {
		l, err := readList(r.ws, id, &asked{all: true})
		r.must(err)
		if l.Epoch != want[id] || len(l.People) == 0 {
			t.Fatalf("%d people in %d, not %d", len(l.People), l.Epoch, want[id])
		}
		l.Epoch = 0
		r.must(l.Write(r.ws, id))
	}
	rows, _, err := Sent(ctx, r.ws, s.chain())
	r.must(err)
	for _, x := range rows {
		if x.epoch != want[x.Delivery.ID] {
			t.Errorf("%d, not %d", x.epoch, want[x.Delivery.ID])
		}
	}
	for _, who := range []string{"P1", "P10"} { // of either delivery
		r.says(who, rights.Statement{Kind: register.RestrictionWord, State: register.Stands})
	}
	w := &withdrawal{s: s, r: run}
	r.must(w.choose(ctx))
	for _, x := range w.rows {
		d, err := r.ws.Domain(s.domain(), want[x.Delivery.ID])
		r.must(err)
		if x.pseudonym != r.ws.PersonIn(d, x.Person) {
			t.Errorf("a row of epoch %d is named by another epoch's pseudonym", want[x.Delivery.ID])
		}
	}
	if len(w.rows) != 2 {
		t.Errorf("%d rows are withdrawn", len(w.rows))
	}
	r.ws.Settings.Pseudonyms = map[string]string{s.domain(): "random"}
	if _, err := s.choose(ctx, run, 2021); fault.Code(err) != "UOMA-SVY-PSEUDONYMS" {
		t.Errorf("random ones within the epoch: %v", err)
	}
}

// TestThreat_T17_NoDomainIsRotatedUnderADelivery rotates the domain of a delivery that was cut off: its pseudonyms are of the old
// key.
func TestThreat_T17_NoDomainIsRotatedUnderADelivery(t *testing.T) {
	r := newRig(t, databasetest.OnSQLite)
	stages, _ := r.stages(false)
	s := stages[0].(selectStage).s
	rotate := func() error {
		_, err := custody.RotateDomain(ctx, r.ws, s.domain(), 2, false, custody.Author{Actor: "virtanen", At: r.endpoint.Clock.Now()}, custody.Options{})
		return err
	}
	cut := errors.New("cut off")
	r.step = func(name string) error {
		if name == "send/1-file" {
			return cut
		}
		return nil
	}
	if _, err := r.run(false); !errors.Is(err, cut) {
		t.Fatal(err)
	}
	if err := rotate(); fault.Code(err) != "UOMA-KEY-DELIVERY" || r.ws.Keys.DomainEpoch(s.domain()) != 1 {
		t.Errorf("under a delivery: %v", err)
	}
	r.step = nil
	r.endpoint.Clock.Move(outbox.LeaseFor + time.Second)
	_, err := r.run(false)
	r.must(err)
	if err := rotate(); err != nil || r.ws.Keys.DomainEpoch(s.domain()) != 2 {
		t.Errorf("when it is closed: %v", err)
	}
}
