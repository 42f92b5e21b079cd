package outgoing

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/rights"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/target"
)

var lifted = rights.Statement{Kind: register.RestrictionWord, State: register.Lifted}

// TestRandomPseudonymsOfAFile lets a target call people at random: the same from date to date, also after an absence, others in the
// next epoch, led back from by the vault's list alone, and by nothing once somebody is erased.
func TestRandomPseudonymsOfAFile(t *testing.T) {
	t.Parallel()
	const name, domain = "research-graduates", "research/research-graduates"
	r := newRig(t, databasetest.OnSQLite, "small")
	keyed, _, _ := r.sent(name)
	r.ws.Settings.Pseudonyms = map[string]string{domain: "random"}
	r.next()
	if _, err := r.run(name); fault.Code(err) != "UOMA-SVY-PSEUDONYMS" {
		t.Fatalf("within an epoch: %v", err)
	}
	_, err := custody.RotateDomain(ctx, r.ws, domain, 2, false, custody.Author{Actor: "keeper", At: r.now}, custody.Options{})
	r.must(err)
	_, err = r.dry(name)
	r.must(err)
	if has, err := r.ws.Vault.HasRandom(ctx, domain, 2); has || err != nil {
		t.Errorf("a dry run keeps them: %v", err)
	}
	send := func() map[string]string {
		t.Helper()
		r.next()
		text, _, _ := r.sent(name)
		return called(t, text)
	}
	persons := func(tokens map[string]string) map[string]string {
		t.Helper()
		out, err := r.ws.Vault.RandomPersons(ctx, domain, slices.Sorted(maps.Keys(tokens)))
		r.must(err)
		return out
	}
	first := send()
	behind := persons(first)
	if len(first) == 0 || len(behind) != len(first) {
		t.Fatalf("the vault knows %d of %d", len(behind), len(first))
	}
	for token := range called(t, keyed) {
		if first[token] != "" {
			t.Error("somebody has the keyed one")
		}
	}
	tokens := slices.Sorted(maps.Keys(first))
	away, gone := tokens[0], tokens[1]
	r.says(behind[away], restriction)
	if second := send(); second[away] != "" || second[gone] != first[gone] || len(second) != len(first)-1 {
		t.Errorf("%d people of %d", len(second), len(first))
	}
	r.says(behind[away], lifted)
	if third := send(); !maps.Equal(third, first) {
		t.Error("who was away is called otherwise")
	}
	r.ws.Settings.Pseudonyms = nil
	r.next()
	if _, err := r.run(name); fault.Code(err) != "UOMA-SVY-PSEUDONYMS" {
		t.Errorf("keyed ones within the epoch: %v", err)
	}
	r.ws.Settings.Pseudonyms = map[string]string{domain: "random"}
	r.erases(behind[gone])
	if left := persons(first); left[gone] != "" || len(left) != len(first)-1 {
		t.Errorf("%d of %d are left", len(left), len(first))
	}
	if f, err := r.file(name).Withdraw(ctx, r.runOf("withdrawals", false)); err != nil || f.Reasons[survey.ReasonErased] == 0 {
		t.Errorf("%+v %v", f, err)
	}
	_, err = custody.RotateDomain(ctx, r.ws, domain, 3, false, custody.Author{Actor: "keeper", At: r.now}, custody.Options{})
	r.must(err)
	for token := range send() {
		if first[token] != "" {
			t.Error("somebody is called the same in the next epoch")
		}
	}
}

// TestRandomPseudonymsOfATable knows rows of a table by random pseudonyms: who may no longer go has the same row emptied, and
// gets it back.
func TestRandomPseudonymsOfATable(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "seamk")
	server := r.crm("seamk_studentnumber")
	src, err := target.ShippedSource(crmTarget + ".yaml")
	r.must(err)
	r.must(os.WriteFile(r.ws.Path(workspace.TargetDir, crmTarget+".yaml"),
		[]byte(strings.Replace(string(src), "from: person.student_number", `value: "{pseudonym}"`, 1)), 0o600))
	f := r.file(crmTarget)
	r.ws.Settings.Pseudonyms = map[string]string{f.domain(): "random"}
	r.written(crmTarget)
	rows, _ := server.Count("contacts")
	person := r.peopleOf(crmTarget)[0]
	for _, said := range []rights.Statement{restriction, lifted} {
		r.says(person, said)
		r.next()
		r.written(crmTarget)
		want := 0
		if said == restriction {
			want = 1
		}
		if empty := r.holds(server, crmTarget); empty != want {
			t.Errorf("%d rows are empty, not %d", empty, want)
		}
		if now, _ := server.Count("contacts"); now != rows || rows == 0 {
			t.Errorf("%d rows, before %d", now, rows)
		}
	}
}

// Who is suppressed is not called anything in a file: a random pseudonym is written down when it is drawn.
func TestNoRandomPseudonymOfTheSuppressed(t *testing.T) {
	t.Parallel()
	const name, domain = "research-graduates", "research/research-graduates"
	r := newRig(t, databasetest.OnSQLite, "small")
	r.ws.Settings.Pseudonyms = map[string]string{domain: "random"}
	c, err := r.file(name).choose(ctx, r.runOf(name, true))
	r.must(err)
	suppressed := c.records[0].included.Person
	night, err := r.ws.Register.Begin(ctx)
	r.must(err)
	defer night.Rollback()
	r.must(night.MarkErased(ctx, map[string]string{suppressed: "XAMK-39"}))
	r.must(night.Commit())
	r.sent(name)
	var drawn []string
	r.must(r.ws.VaultDB.SelectContext(ctx, &drawn, "SELECT `person` FROM `random_pseudonym`"))
	if slices.Contains(drawn, suppressed) || int64(len(drawn)) < c.people-1 {
		t.Errorf("of %d people, %v", len(drawn), slices.Contains(drawn, suppressed))
	}
}
