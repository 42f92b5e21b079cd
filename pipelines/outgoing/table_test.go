package outgoing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/dataverse"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/register"
	"uoma/connectors/resttest"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/tlstest"
	"uoma/pipelines/rights"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/target"
)

const crmTarget = "seamk-crm"

// crm is a CRM that the rig's targets write to.
func (r *rig) crm(alternate string) *resttest.DataverseTables {
	r.t.Helper()
	columns := map[string]string{"firstname": "text:50", "lastname": "text:50", "emailaddress1": "text:100", "emailaddress2": "text:100", "mobilephone": "text:50",
		"telephone1": "text:50", "address1_line1": "text:250", "address1_postalcode": "text:20", "address1_city": "text:80", "address1_country": "text:80",
		"governmentid": "text:50", "seamk_role": "text:50", "seamk_unit": "text:100", "seamk_field": "text:100", "seamk_programme": "text:100", "seamk_group": "text:100",
		"jobtitle": "text:100", alternate: "text:50"}
	server := &resttest.DataverseTables{Tables: map[string]*resttest.DataverseTable{
		"contacts": {Key: "contactid", Alternate: []string{alternate}, Columns: columns},
		"seamk_internships": {Key: "seamk_internshipid", Alternate: []string{"seamk_internshipkey"}, Columns: map[string]string{"seamk_student": "lookup:contacts",
			"seamk_employer": "text:100", "seamk_start": "date", "seamk_end": "date", "seamk_status": "text:50"}},
		"seamk_projectmembers": {Key: "seamk_projectmemberid", Alternate: []string{"seamk_projectkey", "seamk_employeenumber", "seamk_role"}, Columns: map[string]string{
			"seamk_member": "lookup:contacts", "seamk_project": "text:100", "seamk_task": "text:100", "seamk_state": "text:50", "seamk_start": "date", "seamk_end": "date"}},
	}}
	authority := tlstest.NewAuthority(r.t)
	addr := authority.Serve(r.t, server)
	dir := r.t.TempDir()
	ca, secret := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "secret")
	r.must(errors.Join(os.WriteFile(ca, authority.PEM, 0o600), os.WriteFile(secret, []byte(resttest.Secret), 0o600)))
	settings := workspace.TargetSettings{URL: "https://" + addr + "/api/data/v9.2", CA: ca, Networks: []string{"127.0.0.0/8"}, Rate: 1e6,
		OAuth: &workspace.OAuthSettings{TokenURL: "https://" + addr + "/token", ID: resttest.ID, Secret: "file:" + secret}}
	if r.ws.Settings.Targets == nil {
		r.ws.Settings.Targets = map[string]workspace.TargetSettings{}
	}
	for _, name := range []string{crmTarget, "seamk-crm-staff", "seamk-crm-internships", "seamk-crm-projects", "seamk-marketing"} {
		r.ws.Settings.Targets[name] = settings
	}
	return server
}

// written runs a target and gives what became of its rows.
func (r *rig) written(name string) (SelectFacts, dataverse.Outcome) {
	r.t.Helper()
	out, err := r.run(name)
	r.must(err)
	var sel SelectFacts
	var deliver, receipt Facts
	r.must(errors.Join(json.Unmarshal(out.Facts["select"], &sel), json.Unmarshal(out.Facts["deliver"], &deliver), json.Unmarshal(out.Facts["receipt"], &receipt)))
	if deliver.Table == nil || receipt.State != "closed" || receipt.Status != "accepted" {
		r.t.Fatalf("%+v %+v", deliver, receipt)
	}
	if deliver.Table.Difference() != 0 || deliver.Table.Rows != sel.Rows {
		r.t.Errorf("%+v of %d rows", deliver.Table, sel.Rows)
	}
	r.disclosesEach(r.file(name).t, deliver.Delivery, sel)
	return sel, *deliver.Table
}

// holds compares a table with what a target lets go now, and gives how many rows of it are empty.
func (r *rig) holds(server *resttest.DataverseTables, name string) (empty int) {
	r.t.Helper()
	f, c := r.file(name), r.choice(name)
	for _, rec := range c.records {
		row := server.Row("contacts", f.t.Form.Key[0], f.key(rec.cells)[0])
		for i, col := range f.t.Columns {
			if got, _ := row[col.Name].(string); got != rec.cells[i] {
				r.t.Errorf("row %v has another %s", row != nil, col.Name)
			}
		}
	}
	for _, row := range server.All("contacts") {
		if row["governmentid"] != nil {
			r.t.Error("a national code is there")
		}
		if row["lastname"] == nil {
			empty++
			for _, col := range f.t.Columns[1:] {
				if row[col.Name] != nil {
					r.t.Errorf("%s of somebody who may not go is there", col.Name)
				}
			}
		}
	}
	if rows, _ := server.Count("contacts"); rows != len(c.records)+empty {
		r.t.Errorf("%d rows, %d of them empty, of %d", rows, empty, len(c.records))
	}
	return empty
}

// next goes on to the next date.
func (r *rig) next() { r.date, r.now = r.date+1, r.now.AddDate(0, 0, 1) }

// tomorrow writes the exports of the next date, which are those of the first but for one text, and loads them.
func (r *rig) tomorrow(old, new []byte) {
	r.t.Helper()
	r.next()
	files, err := filepath.Glob(filepath.Join(r.ws.Settings.Inbox, "*", "*20261121*"))
	r.must(err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		r.must(err)
		b = bytes.Replace(b, old, new, 1)
		r.must(os.WriteFile(strings.ReplaceAll(file, "20261121", strings.ReplaceAll(r.date.String(), "-", "")), b, 0o600))
	}
	r.night()
}

// The first run makes the rows, the second sends nothing, one that changed is sent alone; a date is sent once.
func TestRowsIntoATable(t *testing.T) {
	t.Parallel()
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		r := newRig(t, on, "seamk")
		server := r.crm("seamk_studentnumber")
		if out, err := r.dry(crmTarget); err != nil || len(r.deliveries()) != 0 || len(server.All("contacts")) != 0 {
			t.Fatalf("a dry run: %v %v", out, err)
		}
		sel, out := r.written(crmTarget)
		if out.Written != sel.Rows || sel.Rows < 20 || r.holds(server, crmTarget) != 0 {
			t.Errorf("%+v %+v", sel, out)
		}
		all, err := survey.Disclosures(ctx, r.ws, nil)
		if err != nil || len(all) != int(sel.Rows) || all[0].Recipient != "dynamics365" || all[0].Purpose != "information" || all[0].Clause == "" || len(all[0].Columns) == 0 {
			t.Errorf("%d disclosures, %+v, %v", len(all), all[:min(len(all), 1)], err)
		}
		lines, err := ledger.AuditLines(ctx, r.ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.DeliveryRows), Limit: 10})
		if err != nil || len(lines) != 1 || lines[0].Run != "seamk-crm-2026-11-21" {
			t.Errorf("%+v %v", lines, err)
		}
		_, before := server.Count("contacts")
		if out, err := r.run(crmTarget); err != nil || !out.Already {
			t.Errorf("again: %+v %v", out, err)
		}
		r.next()
		if _, out := r.written(crmTarget); out.Written != 0 || out.Unchanged != sel.Rows {
			t.Errorf("the next date: %+v", out)
		}
		if _, now := server.Count("contacts"); now != before || len(r.deliveries()) != 2 {
			t.Errorf("%d rows were sent again, %d deliveries", now-before, len(r.deliveries()))
		}
		r.tomorrow(r.changes())
		if _, out := r.written(crmTarget); out.Written != 1 || out.Unchanged != sel.Rows-1 || out.Gone != 0 || r.holds(server, crmTarget) != 0 {
			t.Errorf("one that changed: %+v", out)
		}
		if _, now := server.Count("contacts"); now != before+1 {
			t.Errorf("%d rows were sent", now-before)
		}
	})
}

// changes gives a text of the exports that names one person alone, and another for it.
func (r *rig) changes() (old, new []byte) {
	r.t.Helper()
	for _, row := range r.choice(crmTarget).records {
		mail := []byte(row.cells[3])
		if !bytes.HasSuffix(mail, []byte("@seamk.example")) {
			continue
		}
		if places := r.places(mail); places == 1 {
			return mail, append([]byte("x"), mail...)
		}
	}
	r.t.Fatal("nobody has an address of their own")
	return nil, nil
}

// places counts a text in the exports of the first night that the workspace reads.
func (r *rig) places(text []byte) (n int) {
	for _, system := range r.ws.Settings.Systems {
		files, err := filepath.Glob(filepath.Join(r.ws.Settings.Inbox, system, "*20261121*"))
		r.must(err)
		for _, file := range files {
			b, err := os.ReadFile(file)
			r.must(err)
			n += bytes.Count(b, text)
		}
	}
	return n
}

func (r *rig) choice(name string) *choice {
	r.t.Helper()
	c, err := r.file(name).choose(ctx, r.runOf(name, true))
	r.must(err)
	return c
}

// A word before the first row is heard. Whoever may no longer go is emptied by the next run: restricted, objecting, erased. Until
// then the withdrawals count them.
func TestThreat_T24_ALaterWordEmptiesARow(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "seamk")
	src, err := target.ShippedSource("seamk-crm.yaml")
	r.must(err)
	r.must(os.WriteFile(r.ws.Path(workspace.TargetDir, "seamk-crm.yaml"), bytes.Replace(src, []byte("purpose: information"), []byte("purpose: marketing"), 1), 0o600))
	server := r.crm("seamk_studentnumber")
	late := r.peopleOf(crmTarget)[3]
	r.step = func(step string) error {
		if step == "list" { // the delivery is in the ledger
			r.step = nil
			r.says(late, restriction)
		}
		return nil
	}
	_, err = r.run(crmTarget)
	r.must(err)
	if slices.Contains(r.sentPeople(), late) || r.holds(server, crmTarget) != 0 || len(r.deliveries()) != 2 ||
		!slices.ContainsFunc(r.deliveries(), func(d outbox.Delivery) bool { return d.State == outbox.Voided }) {
		t.Errorf("a word before the first row: %+v", r.deliveries())
	}
	r.next()
	sel, _ := r.written(crmTarget)
	people := r.peopleOf(crmTarget)
	r.says(people[0], restriction)
	r.says(people[1], rights.Statement{Kind: register.ObjectionWord, About: "marketing", State: register.Stands})
	r.erases(people[2])
	withdraw := func(want int) {
		t.Helper()
		f, err := r.file(crmTarget).Withdraw(ctx, r.runOf("withdrawals", false))
		if err != nil || f.Rows != want || f.Delivery != "" {
			t.Errorf("%+v %v", f, err)
		}
	}
	withdraw(6) // of two deliveries each
	r.next()
	if now, out := r.written(crmTarget); out.Gone != 3 || out.Written != 0 || now.Rows != sel.Rows-3 || r.holds(server, crmTarget) != 3 {
		t.Errorf("%+v", out)
	}
	withdraw(0)
	mine, err := survey.Disclosures(ctx, r.ws, []string{people[1]})
	if err != nil || len(mine) != 2 || mine[0].Withdrawn != "stop" || mine[1].Withdrawn != "stop" {
		t.Errorf("%+v %v", mine, err)
	}
	r.next()
	if _, out := r.written(crmTarget); out.Gone != 0 || out.Written != 0 {
		t.Errorf("emptied twice: %+v", out)
	}
	r.says(people[0], rights.Statement{Kind: register.RestrictionWord, State: register.Lifted})
	r.next()
	if _, out := r.written(crmTarget); out.Written != 1 || r.holds(server, crmTarget) != 2 {
		t.Errorf("who may go again: %+v", out)
	}
	for _, person := range r.peopleOf(crmTarget) {
		r.says(person, restriction)
	}
	_, before := server.Count("contacts")
	r.next()
	_, err = r.run(crmTarget)
	if _, now := server.Count("contacts"); fault.Code(err) != "UOMA-OUT-EMPTY" || now != before {
		t.Errorf("nobody is left, and %d rows are emptied: %v", now-before, err)
	}
}

// Killed at any step, or in the middle of the rows, the next run ends where it would have; a word that comes in between is heard,
// and who may have been sent is told as such.
func TestThreat_T29_KilledBetweenRows(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "seamk")
	people := r.peopleOf(crmTarget)
	for _, at := range []string{"insert", "list", "attempt", "rows", "rows and a word", "given", "sent"} {
		server := r.crm("seamk_studentnumber")
		_, err := r.ws.RegisterDB.Exec("DELETE FROM `sent_row`") // the CRM is a new one
		r.must(err)
		r.next()
		within, kill := context.WithCancel(ctx)
		var writes atomic.Int64
		server.Every = func(string, string) bool {
			if cut := strings.HasPrefix(at, "rows") && writes.Add(1) > 15; cut {
				kill()
				return true
			}
			return false
		}
		r.step = func(step string) error {
			if step == at {
				return errKilled
			}
			return nil
		}
		before := len(r.deliveries())
		if _, err := r.runIn(within, crmTarget); !errors.Is(err, errKilled) && !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", at, err)
		}
		kill()
		r.step, server.Every, r.now = nil, nil, r.now.Add(outbox.LeaseFor*2)
		rows, _ := server.Count("contacts")
		if whole := at == "given" || at == "sent"; whole != (rows == len(r.choice(crmTarget).records)) || strings.HasPrefix(at, "rows") && rows == 0 {
			t.Errorf("killed at %s, %d rows are there", at, rows)
		}
		made, empty := 1, 0
		if at == "rows and a word" {
			made, empty = 2, 1
			r.says(r.in(server), restriction)
		}
		_, err = r.run(crmTarget)
		r.must(err)
		if got := r.holds(server, crmTarget); got != empty {
			t.Errorf("killed at %s, %d rows are empty", at, got)
		}
		got := r.deliveries()[before:]
		if len(got) != made || got[0].State != outbox.Closed || (got[0].ReceiptStatus == overtaken) != (made == 2) || got[made-1].ReceiptStatus != "accepted" {
			t.Errorf("killed at %s: %+v", at, got)
		}
		r.now = r.now.Add(outbox.LeaseFor * 2)
	}
	if len(people) == len(r.peopleOf(crmTarget)) {
		t.Error("the word was not heard")
	}
}

// in gives somebody whom the table has.
func (r *rig) in(server *resttest.DataverseTables) string {
	r.t.Helper()
	f := r.file(crmTarget)
	for _, rec := range r.choice(crmTarget).records {
		if server.Row("contacts", f.t.Form.Key[0], f.key(rec.cells)[0]) != nil {
			return rec.included.Person
		}
	}
	r.t.Fatal("the table has nobody")
	return ""
}

// Staff goes by the number of the employee; what names two people is neither's.
func TestStaffIntoATable(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "seamk")
	server := r.crm("employeeid")
	server.Tables["contacts"].Columns["lastname"] = "text:8" // some names are longer
	first, err := r.run("seamk-crm-staff")
	r.must(err)
	var part Facts
	r.must(json.Unmarshal(first.Facts["deliver"], &part))
	if len(part.Table.Refused) != 1 || part.Status != Partial || part.Table.Written == 0 || part.Table.Difference() != 0 {
		t.Errorf("rows that are refused: %+v", part)
	}
	server.Tables["contacts"].Columns["lastname"] = "text:50"
	r.next()
	sel, out := r.written("seamk-crm-staff")
	if out.Written != sel.Rows-part.Table.Written || out.Unchanged != part.Table.Written || sel.Rows == 0 || r.holds(server, "seamk-crm-staff") != 0 {
		t.Errorf("%+v %+v", sel, out)
	}
	src, err := target.ShippedSource("seamk-crm-staff.yaml")
	r.must(err)
	x, err := target.Parse("x.yaml", bytes.Replace(src, []byte("from: person.employee_number"), []byte("value: same"), 1))
	r.must(err)
	c, err := r.fileOf(x).choose(ctx, r.runOf("x", true))
	if err != nil || len(c.records) != 0 || c.people != 0 || c.withheld[Withheld{Reason: ambiguous, Clause: "SEAMK-12"}] == 0 || sum(c.account()) != c.eligible {
		t.Errorf("%d rows, %v, %v", len(c.records), c.account(), err)
	}
	delete(r.ws.Settings.Targets, "seamk-crm-staff")
	r.next()
	if _, err := r.run("seamk-crm-staff"); fault.Code(err) != "UOMA-WSP-SERVICE" || !strings.Contains(fmt.Sprint(err), "uoma.yaml") {
		t.Errorf("no service: %v", err)
	}
}

// Internships and projects are rows of their own, each of which names the contact of its person. Study placement stands beside the
// contact, of several rights the latest.
func TestPlacementsIntoTables(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "seamk")
	for _, x := range []struct {
		contacts, alternate, name, set, lookup string
		filled                                 []string // columns of contacts that somebody has
		plain                                  []string // of the table that every row has
	}{
		{crmTarget, "seamk_studentnumber", "seamk-crm-internships", "seamk_internships", "seamk_student", []string{"seamk_role", "seamk_unit", "seamk_programme", "seamk_group"}, []string{"seamk_employer", "seamk_start", "seamk_status"}},
		{"seamk-crm-staff", "employeeid", "seamk-crm-projects", "seamk_projectmembers", "seamk_member", []string{"seamk_unit", "jobtitle"}, []string{"seamk_project", "seamk_start"}},
	} {
		server := r.crm(x.alternate)
		r.written(x.contacts)
		for _, column := range x.filled {
			if !slices.ContainsFunc(server.All("contacts"), func(row resttest.Row) bool { return row[column] != nil }) {
				t.Errorf("%s: nobody has %s", x.contacts, column)
			}
		}
		sel, out := r.written(x.name)
		if sel.Rows == 0 || out.Written != sel.Rows {
			t.Errorf("%s: %+v %+v", x.name, sel, out)
		}
		ids := map[any]bool{}
		for _, row := range server.All("contacts") {
			ids[row["contactid"]] = true
		}
		for _, row := range server.All(x.set) {
			if !ids[row[x.lookup]] {
				t.Errorf("%s: a row names no contact", x.name)
			}
			for _, column := range x.plain {
				if row[column] == nil {
					t.Errorf("%s: a row has no %s", x.name, column)
				}
			}
		}
		// Somebody who may no longer go is emptied here, too.
		r.says(r.choice(x.name).records[0].included.Person, restriction)
		before := len(r.choice(x.name).records)
		r.next()
		if _, out := r.written(x.name); out.Gone == 0 || out.Gone != sel.Rows-int64(before) || out.Written != 0 {
			t.Errorf("%s: %+v of %d rows", x.name, out, before)
		}
	}
}

// Of two employments the one that began later is the main one, unless it is over; of two that began on one day the unit's code decides.
func TestTheMainOfTwoEmployments(t *testing.T) {
	today, _ := canon.NewDate(2026, 11, 21)
	work := func(unit, start, end string) *row {
		cells := map[string]string{"unit_code": unit, "start": start, "unit": "Z" + unit}
		if end != "" {
			cells["end"] = end
		}
		return &row{feed: "pegasos/henkilot", key: unit, cells: cells}
	}
	for name, tt := range map[string]struct {
		want string
		rows []*row
	}{
		"both are open":             {"4200", []*row{work("4100", "2023-08-01", ""), work("4200", "2024-08-01", "")}},
		"the later one is over":     {"4100", []*row{work("4100", "2023-08-01", ""), work("4200", "2024-08-01", "2026-11-20")}},
		"it ends today":             {"4200", []*row{work("4100", "2023-08-01", ""), work("4200", "2024-08-01", "2026-11-21")}},
		"both are over":             {"4200", []*row{work("4100", "2023-08-01", "2026-11-01"), work("4200", "2024-08-01", "2026-10-20")}},
		"they began on one day":     {"4100", []*row{work("4200", "2023-08-01", ""), work("4100", "2023-08-01", ""), work("4300", "2023-08-01", "")}},
		"the lower unit began late": {"4100", []*row{work("4200", "2023-08-01", ""), work("4100", "2023-08-02", "")}},
	} {
		backwards := slices.Clone(tt.rows)
		slices.Reverse(backwards)
		for _, rows := range [][]*row{tt.rows, backwards} {
			if x := latest(rows, []string{"start", "unit_code"}, today); x.key != tt.want {
				t.Errorf("%s: %s", name, x.key)
			}
		}
	}
	// Without a column behind the date the later text goes first, whatever it is of.
	if x := latest([]*row{work("4100", "2023-08-01", ""), work("4200", "2023-08-01", "")}, []string{"start"}, today); x.key != "4200" {
		t.Error(x.key)
	}
}

// The latest of somebody's rows stands beside them, decided by its own category.
func TestTheLatestRowStandsBeside(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "xamk")
	x, err := target.Parse("x.yaml", []byte(`target: x
title: Last right
policy: xamk
system: virta
purpose: national_repository
recipient: virta
protected: include
from: [student-register, peppi]
latest: {study: start}
file: "x_{yyyyMMdd}.csv"
form: {type: csv}
columns:
- {name: key, from: person.source_key, required: true}
- {name: start, from: study.start, required: true}
- {name: code, from: study.degree_code}
`))
	r.must(err)
	r.ws.Settings.Targets["x"] = workspace.TargetSettings{Transport: "encrypted"}
	f := r.fileOf(x)
	c, err := f.choose(ctx, r.runOf("x", true))
	r.must(err)
	several := 0
	err = f.ws.Register.See(ctx, func(v *register.View) error {
		frame, err := f.see(ctx, v, r.date)
		for _, rec := range c.records {
			rows := slices.DeleteFunc(slices.Clone(frame.people[rec.included.Person].rows["study"]), func(x *row) bool { return !strings.HasPrefix(x.feed, "student-register/") })
			if len(rows) > 1 {
				several++
			}
			for _, x := range rows {
				if x.cells["start"] > rec.cells[1] {
					t.Errorf("%s is later than %s", x.cells["start"], rec.cells[1])
				}
			}
			if !slices.Contains(rec.included.Columns, "study.start") || len(rec.included.Categories) < 2 {
				t.Errorf("%+v", rec.included)
			}
		}
		return err
	})
	if err != nil || several == 0 || len(c.records) == 0 {
		t.Errorf("%d of %d people have several rights: %v", several, len(c.records), err)
	}
}

// What people said on forms reaches the contacts that the CRM has, and is emptied when it holds no more.
func TestNewsletterConsentsReachTheMarketing(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "forms")
	server := r.crm("seamk_studentnumber")
	table := server.Tables["contacts"]
	table.Columns["msgdpr_gdprconsent"] = "choice:587030001,587030002,587030003,587030004,587030005"
	r.written(crmTarget)
	const name = "seamk-marketing"
	consenting := func() (n int64) {
		for _, row := range table.Rows {
			if row["msgdpr_gdprconsent"] != nil {
				n++
			}
		}
		return n
	}
	all := len(table.Rows)
	sel, out := r.written(name)
	if sel.Rows == 0 || out.Written != sel.Rows || consenting() != sel.Rows || len(table.Rows) != all || sel.Rows >= int64(all) {
		t.Fatalf("%+v %+v, %d of %d contacts", sel, out, consenting(), all)
	}
	if withheld := sum(sel.Withheld); withheld == 0 || sel.Eligible != sel.People+withheld {
		t.Errorf("%+v", sel)
	}
	r.says(r.choice(name).records[0].included.Person, rights.Statement{Kind: register.ObjectionWord, About: "marketing", State: register.Stands})
	r.next()
	if _, out := r.written(name); out.Gone != 1 || out.Written != 0 || consenting() != sel.Rows-1 {
		t.Errorf("after an objection: %+v, %d consent", out, consenting())
	}
}

// TestWhoIsOnlyAContactPointIsInNoFile: of rows that know only an address no identity is kept, so that no file can be made of it;
// they decide about whoever has the address.
func TestWhoIsOnlyAContactPointIsInNoFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "forms")
	header := []byte(`"client_ip","browser","cookies"` + "\r\n")
	r.tomorrow(header, append(slices.Clone(header), `"01JC00000000000000000NOBODY","newsletter","2026-03","seamk.example","2026-11-11T08:15:30Z","fi","","","nobody@nowhere.example","2026-11-12T08:20:30Z","","","","","true","","","","","","","","","",""`+"\r\n"...))
	var forms int
	r.must(r.ws.RegisterDB.GetContext(ctx, &forms, "SELECT COUNT(*) FROM `consent` WHERE `source` = 'webforms/forms'"))
	if forms == 0 {
		t.Fatal("the register has no row of a form")
	}
	for from, some := range map[string]bool{"[webforms]": false, "[hatu, peppi, webforms]": true} {
		x, err := target.Parse("x.yaml", []byte(`target: x
title: Letters
policy: seamk
system: x
purpose: newsletter
channel: email
from: `+from+`
file: "x_{yyyyMMdd}.csv"
seal: none
form: {type: csv}
columns:
- {name: mail, from: [email.institution, email.personal], required: true}
`))
		r.must(err)
		c, err := r.fileOf(x).choose(ctx, r.runOf("x", true))
		r.must(err)
		if (len(c.records) > 0) != some || slices.ContainsFunc(c.records, func(rec *record) bool { return strings.Contains(rec.cells[0], "nowhere") }) {
			t.Errorf("%s: %d rows", from, len(c.records))
		}
	}
}

// TestEachRowHasItsOwnCategory: of two rows of a table the one that stands beside the person is of another category than the one
// at hand (SEAMK-37, SEAMK-40).
func TestEachRowHasItsOwnCategory(t *testing.T) {
	t.Parallel()
	r := newRig(t, databasetest.OnSQLite, "seamk")
	pack, err := r.ws.Policy(r.date)
	r.must(err)
	beside := &row{feed: "reportronic/henkilosto", key: "beside"}
	at := &row{feed: "dynamics365/contacts", key: "at hand"}
	k := &known{h: &chooser{loader: pack.Loader(r.date), frame: &frame{person: map[string]*row{"person": at}}}, latest: map[string]*row{"employment": beside}}
	for key, want := range map[string]string{"at hand": "basics", "beside": "staff_placement", "person": "basics"} {
		if got := k.categoryOf(target.Cell{From: "employment.unit", Key: key}, at); got != want {
			t.Errorf("%s: %s, not %s", key, got, want)
		}
	}
	if got := k.categoryOf(target.Cell{From: "employment.unit", Key: "beside"}, nil); got != "staff_placement" {
		t.Errorf("without a row at hand: %s", got)
	}
}

// TestTheOrderSaysNothingOfTokens gives the same rows under other tokens: what is written, and which of two rows stands beside the
// person, is the same.
func TestTheOrderSaysNothingOfTokens(t *testing.T) {
	t.Parallel()
	rows := func(a, b string) []*record {
		h := &chooser{f: &File{t: &target.Target{}}, c: &choice{records: []*record{
			{cells: []string{"x"}, inside: []inside{{1, []string{"first"}}}, included: survey.Included{Person: a}},
			{cells: []string{"x"}, inside: []inside{{1, []string{"second"}}}, included: survey.Included{Person: b}}}}}
		for _, rec := range h.c.records {
			rec.sortKey = rec.text()
		}
		h.finish()
		return h.c.records
	}
	for _, tokens := range [][2]string{{"a", "b"}, {"b", "a"}} {
		if got := rows(tokens[0], tokens[1]); got[0].inside[0].cells[0] != "first" {
			t.Errorf("the order is that of the tokens %v", tokens)
		}
		a := &row{feed: "peppi/a", key: tokens[0], cells: map[string]string{"start": "2026-01-01", "code": "1"}}
		b := &row{feed: "peppi/a", key: tokens[1], cells: map[string]string{"start": "2026-01-01", "code": "2"}}
		if a.compare(b) >= 0 || b.compare(a) <= 0 {
			t.Errorf("of two rows of one day the tokens %v decide", tokens)
		}
	}
}
