package custody_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
)

func as(who string, after time.Duration) custody.Author {
	return custody.Author{Actor: who, At: now.Add(after)}
}

// tokens gives the register's pseudonyms of the first n people of a site.
func tokens(ws *workspace.Workspace, n int) (out []string) {
	for _, e := range entries(0, n) {
		out = append(out, workspace.PersonOf(ws.Persons(), e.Subject))
	}
	return out
}

func TestThreat_T20_NobodyRevealsAlone(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		s.settings(t, first+"roles: {dpo: [officer], approver: [registrar]}\n")
		ws := s.open(t)
		defer ws.Close()
		ctx := t.Context()
		ask := func(n int) int64 {
			t.Helper()
			r, err := custody.Request(ctx, ws, custody.RegisterDomain, tokens(ws, n), "authority", "XAMK-12", 24*time.Hour, as("virtanen", 0))
			must(t, err)
			return r.Number
		}
		refused := func(code string, err error) {
			t.Helper()
			if fault.Code(err) != code {
				t.Errorf("%v, want %s", err, code)
			}
		}
		approve := func(n int64, who string, after time.Duration) error {
			_, err := custody.Approve(ctx, ws, n, as(who, after))
			return err
		}
		show := func(n int64, who string, after time.Duration) error {
			_, _, err := custody.Show(ctx, ws, n, as(who, after), nil)
			return err
		}

		one := ask(1)
		refused("UOMA-RVL-STATE", show(one, "virtanen", 0))
		refused("UOMA-RVL-SELF", approve(one, "virtanen", 0))
		refused("UOMA-RVL-APPROVER", approve(one, "korhonen", 0))
		refused("UOMA-RVL-EXPIRED", approve(one, "registrar", 24*time.Hour))
		must(t, approve(one, "registrar", time.Hour))
		refused("UOMA-RVL-STATE", approve(one, "registrar", time.Hour)) // a replayed approval
		refused("UOMA-RVL-STATE", approve(one, "officer", time.Hour))
		refused("UOMA-RVL-REQUESTER", show(one, "registrar", time.Hour))
		refused("UOMA-RVL-EXPIRED", show(one, "virtanen", 25*time.Hour))
		people, _, err := custody.Show(ctx, ws, one, as("virtanen", 2*time.Hour), nil)
		if err != nil || len(people) != 1 || len(people[0].Entries) != 1 || people[0].Entries[0].Names[0].Value != "Esimerkki0" {
			t.Fatalf("%d people: %v", len(people), err)
		}
		refused("UOMA-RVL-STATE", show(one, "virtanen", 2*time.Hour)) // shown once
		refused("UOMA-RVL-STATE", approve(one, "officer", 2*time.Hour))
		refused("UOMA-RVL-UNKNOWN", approve(99, "officer", 0))

		// Twenty are few, one more is many.
		must(t, approve(ask(20), "registrar", 0))
		many := ask(21)
		refused("UOMA-RVL-DPO", approve(many, "registrar", 0))
		must(t, approve(many, "officer", 0))
		own, err := custody.Request(ctx, ws, custody.RegisterDomain, tokens(ws, 21), "breach", "GDPR-34", time.Hour, as("officer", 0))
		must(t, err)
		refused("UOMA-RVL-SELF", approve(own.Number, "officer", 0))

		// Of several that show at the same moment one does.
		var g sync.WaitGroup
		var mu sync.Mutex
		shown := 0
		for range 4 {
			g.Go(func() {
				if _, _, err := custody.Show(ctx, ws, many, as("virtanen", 0), nil); err == nil {
					mu.Lock()
					shown++
					mu.Unlock()
				}
			})
		}
		g.Wait()
		if shown != 1 {
			t.Errorf("shown %d times", shown)
		}

		lines, err := ledger.AuditLines(ctx, ws.RegisterDB, ledger.AuditFilter{Limit: 1000})
		must(t, err)
		count := map[ledger.Verb]int{}
		for _, l := range lines {
			count[l.Verb]++
		}
		if count[ledger.RevealRequested] != 4 || count[ledger.RevealApproved] != 3 || count[ledger.RevealShown] != 22 {
			t.Errorf("%v", count)
		}
		if found, err := ws.VerifyAudit(ctx); err != nil || len(found.Faults) != 0 {
			t.Errorf("%+v %v", found, err)
		}
	})
}

// TestThreat_T20_ManyRequestsAreABulk parts a bulk into requests that are few each: those that were approved count together, of one
// requester and thirty days, each person once.
func TestThreat_T20_ManyRequestsAreABulk(t *testing.T) {
	t.Parallel()
	s := newSite(t, databasetest.OnSQLite)
	s.settings(t, first+"roles: {dpo: [officer], approver: [registrar]}\n")
	ws := s.open(t)
	defer ws.Close()
	all := tokens(ws, 22)
	ask := func(who string, people []string, after time.Duration) int64 {
		t.Helper()
		r, err := custody.Request(t.Context(), ws, custody.RegisterDomain, people, "authority", "XAMK-12", 24*time.Hour, as(who, after))
		must(t, err)
		return r.Number
	}
	approve := func(want string, n int64, who string, after time.Duration) {
		t.Helper()
		if _, err := custody.Approve(t.Context(), ws, n, as(who, after)); fault.Code(err) != want {
			t.Errorf("request %d by %s: %v, not %q", n, who, err, want)
		}
	}
	const day = 24 * time.Hour
	approve("", ask("virtanen", all[:12], 0), "registrar", 0)
	spent := ask("virtanen", all[:12], 0)
	approve("", spent, "registrar", 0) // the same people
	if _, _, err := custody.Show(t.Context(), ws, spent, as("virtanen", time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	ask("virtanen", all[12:21], 0) // nobody approved it
	approve("", ask("virtanen", all[12:20], 0), "registrar", 0)
	approve("UOMA-RVL-DPO", ask("virtanen", all[20:21], 0), "registrar", 0)
	approve("", ask("lahti", all[20:21], 0), "registrar", 0)
	approve("", ask("virtanen", all[20:21], 0), "officer", 0)
	// On the next day what was not shown is shown no more: twelve people are left.
	approve("", ask("virtanen", all[12:20], day), "registrar", day)
	approve("UOMA-RVL-DPO", ask("virtanen", all[20:21], day), "registrar", day)
	approve("UOMA-RVL-DPO", ask("virtanen", all[12:21], 29*day), "registrar", 29*day)
	approve("", ask("virtanen", all[12:21], 31*day), "registrar", 31*day)

	// What counts is when somebody was shown, not when they were asked for: these are asked for early and shown late.
	late, err := custody.Request(t.Context(), ws, custody.RegisterDomain, all[:20], "authority", "XAMK-12", 14*day, as("lahti", 100*day))
	must(t, err)
	approve("", late.Number, "registrar", 113*day)
	if _, _, err := custody.Show(t.Context(), ws, late.Number, as("lahti", 113*day), nil); err != nil {
		t.Fatal(err)
	}
	approve("UOMA-RVL-DPO", ask("lahti", all[20:21], 131*day), "registrar", 131*day)
	approve("", ask("lahti", all[20:21], 144*day), "registrar", 144*day)
}

// TestThreat_T20_ApprovalsAtOnceCountEachOther approves four requests at the same moment, any two of which are a bulk.
func TestThreat_T20_ApprovalsAtOnceCountEachOther(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		s.settings(t, first+"roles: {dpo: [officer], approver: [registrar]}\n")
		ws := s.open(t)
		defer ws.Close()
		all := tokens(ws, 48)
		var numbers []int64
		for n := range 4 {
			r, err := custody.Request(t.Context(), ws, custody.RegisterDomain, all[12*n:12*n+12], "authority", "XAMK-12", 24*time.Hour, as("virtanen", 0))
			must(t, err)
			numbers = append(numbers, r.Number)
		}
		var g sync.WaitGroup
		codes := make([]string, len(numbers))
		for i, n := range numbers {
			g.Go(func() {
				_, err := custody.Approve(t.Context(), ws, n, as("registrar", 0))
				codes[i] = fault.Code(err)
			})
		}
		g.Wait()
		slices.Sort(codes)
		if !slices.Equal(codes, []string{"", "UOMA-RVL-DPO", "UOMA-RVL-DPO", "UOMA-RVL-DPO"}) {
			t.Errorf("%q", codes)
		}
	})
}

func TestThreat_T20_RequestsThatAreRefused(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	defer ws.Close()
	good := tokens(ws, 1)
	for name, ask := range map[string]func() error{
		"no people":             func() error { return request(t, ws, nil, "request", "GDPR-15", time.Hour) },
		"no token":              func() error { return request(t, ws, []string{"010190-900P"}, "request", "GDPR-15", time.Hour) },
		"a reason of one's own": func() error { return request(t, ws, good, "curious", "GDPR-15", time.Hour) },
		"no clause":             func() error { return request(t, ws, good, "request", "", time.Hour) },
		"a story":               func() error { return request(t, ws, good, "request", "she asked me", time.Hour) },
		"no end":                func() error { return request(t, ws, good, "request", "GDPR-15", 0) },
		"more than any case":    func() error { return request(t, ws, tokens(ws, 10_001), "breach", "GDPR-34", time.Hour) },
		"an end far away":       func() error { return request(t, ws, good, "request", "GDPR-15", 30*24*time.Hour) },
	} {
		if err := ask(); fault.Code(err) != "UOMA-RVL-ASK" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func request(t *testing.T, ws *workspace.Workspace, people []string, reason, clause string, open time.Duration) error {
	_, err := custody.Request(t.Context(), ws, custody.RegisterDomain, people, reason, clause, open, as("virtanen", 0))
	return err
}

// TestRevealOfARecipientsPseudonyms finds people by what a recipient has, also from before the domain's key was replaced.
func TestRevealOfARecipientsPseudonyms(t *testing.T) {
	const domain = "csc/uraseuranta"
	s := newSite(t, databasetest.OnSQLite)
	ws := s.open(t)
	defer ws.Close()
	ctx := t.Context()
	var asked []string
	for epoch := int64(1); epoch <= 2; epoch++ {
		d, err := ws.Domain(domain, epoch)
		must(t, err)
		asked = append(asked, workspace.PersonOf(d, tokens(ws, 4)[3]))
		if epoch == 1 {
			_, err := custody.RotateDomain(ctx, ws, domain, 2, false, author(), custody.Options{})
			must(t, err)
		}
	}
	asked = append(asked, fmt.Sprintf("%026d", 0)) // nobody's
	r, err := custody.Request(ctx, ws, domain, asked, "request", "GDPR-15(1)", time.Hour, as("virtanen", 0))
	must(t, err)
	_, err = custody.Approve(ctx, ws, r.Number, as("korhonen", 0)) // without a list of approvers, anybody else
	must(t, err)
	people, _, err := custody.Show(ctx, ws, r.Number, as("virtanen", 0), nil)
	must(t, err)
	found := 0
	for _, p := range people {
		for _, e := range p.Entries {
			if e.Names[0].Value == "Esimerkki3" {
				found++
			}
		}
	}
	if len(people) != 3 || found != 2 {
		t.Errorf("%d people, %d of them right", len(people), found)
	}
}
