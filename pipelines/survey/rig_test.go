package survey

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/endpoint/setup"
	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/mariadbtest"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/extract"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
)

var ctx = context.Background()

const sender = "campus"

// rig is a workspace with a register of synthetic people, and a real endpoint that it is enrolled at.
type rig struct {
	t        testing.TB
	ws       *workspace.Workspace
	endpoint *endpointtest.Rig
	pack     *policy.Pack
	def      pipelines.Definition
	terms    pipelines.Survey
	date     canon.Date
	step     func(name string) error
	instead  string // delivery that the next one supersedes
	made     int
}

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

// onBothStores runs a test over SQLite and over MariaDB, and beside other tests.
func onBothStores(t *testing.T, f func(t *testing.T, on databasetest.Kind)) {
	t.Parallel()
	databasetest.OnBoth(t, f)
}

func newRig(t testing.TB, on databasetest.Kind) *rig { return newRigAt(t, on, nil) }

// newRigAt is newRig with another configuration of the endpoint.
func newRigAt(t testing.TB, on databasetest.Kind, change func(*endpoint.Config)) *rig {
	t.Helper()
	r := &rig{t: t, endpoint: endpointtest.New(t, change), pack: shipped(t, func(s string) string { return s })}
	dir := filepath.Join(t.TempDir(), "ws")
	workspacetest.Init(t, on, dir, "institution: \"10118\"\nsender:\n  id: "+sender+"\n")
	r.enrol(dir)
	ws, err := workspace.Open(ctx, dir)
	r.must(err)
	r.ws = ws
	t.Cleanup(func() { r.must(r.ws.Close()) })
	r.date, err = canon.ParseDate("2026-11-22")
	r.must(err)
	all, err := pipelines.Shipped()
	r.must(err)
	r.def = *all["career-survey"]
	r.terms = *r.def.Survey
	r.def.Survey = &r.terms
	r.people(cast()...)
	r.night("nightly-2026-11-22", ledger.Finished, `{"verdict":"pass"}`)
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// shipped gives the Xamk pack, altered.
func shipped(t testing.TB, alter func(string) string) *policy.Pack {
	t.Helper()
	src, ok := policy.Shipped("xamk")
	if !ok {
		t.Fatal("no such pack")
	}
	p, err := policy.Parse("xamk.yaml", []byte(alter(string(src))))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// enrol makes the workspace a sender at the endpoint, with everything where its settings say.
func (r *rig) enrol(dir string) {
	r.t.Helper()
	signer, err := parcel.LoadSigner(filepath.Join(dir, "keys", "signing"))
	r.must(err)
	r.must(setup.Enrol(r.endpoint.Folder, sender, []ssh.PublicKey{signer.PublicKey()}, time.Now()))
	r.endpoint.Stop()
	r.endpoint.Start()
	bundle := filepath.Join(r.endpoint.Folder, "for-senders", sender)
	for from, to := range map[string]string{"client.crt": "keys/client.crt", "client.key": "keys/client.key", "ca.crt": "recipients/ca.crt", "csc.yaml": "recipients/csc.yaml"} {
		raw, err := os.ReadFile(filepath.Join(bundle, from))
		r.must(err)
		raw = bytes.ReplaceAll(raw, []byte("https://localhost"), []byte("https://"+r.endpoint.Addr))
		r.must(os.WriteFile(filepath.Join(dir, to), raw, 0o600))
	}
}

// row is one canonical row: the feed, the table, the row's and the person's key, and columns by name.
type row struct {
	feed, table, key, person string
	seq                      int
	columns                  map[string]string
}

// human is a synthetic person with rows of any systems.
type human struct {
	subject string
	rows    []row
}

// graduateOf makes somebody with rows in the student register: number, names, a personal address and a degree.
func graduateOf(subject, number, family, given, born, graduated string) human {
	return human{subject, []row{
		{feed: "student-register/opiskelijat", table: "person", key: number, person: number, columns: map[string]string{
			"student_number": number, "family_name": family, "given_names": given, "birth_date": born, "contact_language": "fi",
			"source_key": number, "hetu": "010190-900P"}},
		{feed: "student-register/opiskelijat", table: "email", key: number, person: number, columns: map[string]string{"kind": "personal", "address": "p" + number + "@mail.example"}},
		{feed: "student-register/opiskelijat", table: "phone", key: number, person: number, columns: map[string]string{"kind": "mobile", "number": "+35840000" + number}},
		{feed: "student-register/opiskeluoikeudet", table: "study", key: "r" + number, person: number, columns: map[string]string{
			"right_key": "r" + number, "type": "1", "field": "5", "municipality": "491", "institution_code": "10118", "degree_code": "631101"}},
		{feed: "student-register/tutkinnot", table: "degree", key: "d" + number, person: number, columns: map[string]string{
			"key": "d" + number, "right_key": "r" + number, "date": graduated, "code": "631101", "title": "Tradenomi (AMK)", "ects": "210.5", "grade": "4", "scale": "Viisiportainen"}},
	}}
}

// set changes a column of the person's first row of a table.
func (h human) set(table, column, value string) human {
	for _, x := range h.rows {
		if x.table == table {
			x.columns[column] = value
			return h
		}
	}
	return h
}

func (h human) without(table string) human {
	h.rows = slices.DeleteFunc(slices.Clone(h.rows), func(x row) bool { return x.table == table })
	return h
}

func (h human) with(rows ...row) human {
	h.rows = append(slices.Clone(h.rows), rows...)
	return h
}

// cast are the synthetic people: seven graduates of 2021, of whom three are sent, and others.
func cast() []human {
	portal := func(table, key string, columns map[string]string) row {
		return row{feed: "alumni-portal/profiles", table: table, key: key, person: key, columns: columns}
	}
	objection := func(feed, key, scope string) row {
		return row{feed: feed, table: "objection", key: key, person: key, columns: map[string]string{"scope": scope}}
	}
	return []human{
		graduateOf("P1", "12345", "Esimerkki", "Aino Maria", "1990-01-01", "2021-06-15").with(
			portal("person", "g1", map[string]string{"family_name": "Esimerkki", "given_names": "Aino", "contact_language": "en"}),
			portal("email", "g1", map[string]string{"kind": "personal", "address": "aino.esimerkki@mail.example"})),
		graduateOf("P2", "12346", "Testaaja", "Veikko", "1985-03-14", "2012-05-31"),
		{"P3", []row{ // in Peppi alone
			{feed: "peppi/alumnit", table: "person", key: "x1", person: "10118\x1f777", columns: map[string]string{
				"student_number": "777", "institution_code": "10118", "family_name": "Näyte-Öhman", "given_names": "Åsa", "birth_date": "1996-02-29", "contact_language": "sv"}},
			{feed: "peppi/alumnit", table: "email", key: "x1", person: "10118\x1f777", columns: map[string]string{"kind": "institution", "address": "asa@student.xamk.example"}},
			{feed: "peppi/alumnit", table: "study", key: "x1", person: "10118\x1f777", columns: map[string]string{"right_key": "x1", "institution_code": "10118", "field": "9"}},
			{feed: "peppi/alumnit", table: "degree", key: "x1", person: "10118\x1f777", columns: map[string]string{
				"key": "x1", "right_key": "x1", "date": "2021-12-31", "code": "671101", "institution_code": "10118"}},
		}},
		graduateOf("P4", "12348", "Koe", "Olli", "2001-07-07", "2021-01-01").without("degree"), // a student
		graduateOf("P5", "12349", "Suojattu", "Salla", "1978-11-30", "2021-05-31").set("person", "protected", "true"),
		graduateOf("P6", "12350", "Varhainen", "Eino", "1992-12-31", "2021-05-31").with(objection("student-register/opiskelijat", "12350", "marketing")),
		graduateOf("P7", "12351", "Kielto", "Kaisa", "1992-12-30", "2021-05-31").with(objection("student-register/opiskelijat", "12351", "disclosure")),
		graduateOf("P8", "12352", "Vainaja", "Väinö", "1992-12-29", "2021-05-31").set("person", "deceased_date", "2024-02-29"),
		graduateOf("P9", "12353", "Tavoittamaton", "Tuula", "1992-12-28", "2021-05-31").without("email").without("phone").with(
			row{feed: "dynamics365/contacts", table: "person", key: "c9", person: "c9", columns: map[string]string{"family_name": "Tavoittamaton", "given_names": "Tuula"}},
			row{feed: "dynamics365/contacts", table: "email", key: "c9", person: "c9", columns: map[string]string{"kind": "personal", "address": "crm@mail.example"}}),
	}
}

// people puts rows into vault and register as a night does.
func (r *rig) people(all ...human) {
	r.t.Helper()
	tokens, persons := r.ws.SourceTokens(), r.ws.Persons()
	shapes := map[string]*canon.Table{}
	for _, t := range register.Tables() {
		shapes[t.Name] = &t
	}
	night, err := r.ws.Register.Begin(ctx)
	r.must(err)
	defer night.Rollback()
	links := map[register.Link]bool{}
	for _, h := range all {
		p := protect.New(protect.Settings{
			Run: "nightly-2026-11-22", Tokens: tokens, Policy: r.pack.Loader(r.date), Target: func(t *canon.Table) *canon.Table { return shapes[t.Name] },
			Standing: func(string, string, int64) protect.Standing {
				return protect.Standing{Subject: h.subject, Known: true, Member: true}
			},
		})
		for _, feed := range feeds(h.rows) {
			res := p.Group(feed)
			for _, b := range res.Register {
				r.must(night.Put(ctx, b, "nightly-2026-11-22"))
			}
			var entries []vault.Entry
			for _, e := range res.Entries {
				entries = append(entries, vault.Entry{SourceKey: e.SourceKey, Record: e.Record, Subject: e.Subject, Source: e.Source,
					Names: facts(e.Names), Identifiers: facts(e.Identifiers), Contacts: facts(e.Contacts)})
				links[register.Link{Record: e.Record, Person: workspace.PersonOf(persons, h.subject), Since: "nightly-2026-11-22"}] = true
			}
			r.must(r.ws.Vault.Put(ctx, "nightly-2026-11-22", entries))
		}
	}
	var list []register.Link
	for l := range links {
		list = append(list, l)
	}
	r.must(night.Link(ctx, list))
	r.must(night.Commit())
}

func facts(in []canon.Fact) []vault.Fact {
	var out []vault.Fact
	for _, f := range in {
		out = append(out, vault.Fact{Table: f.Table, Seq: f.Seq, Column: f.Column, Value: f.Value})
	}
	return out
}

// feeds makes batches, by feed.
func feeds(rows []row) [][]*canon.Batch {
	by := map[string][]*canon.Batch{}
	var order []string
	tables := canon.Tables()
	for _, x := range rows {
		at := slices.IndexFunc(tables, func(t canon.Table) bool { return t.Name == x.table })
		t := tables[at]
		b := canon.NewBuilder(&t, x.feed)
		b.Text(canon.RowKey, x.key)
		b.Text(canon.PersonKey, x.person)
		b.Int(canon.Seq, int64(x.seq))
		b.Int(canon.Line, 1)
		for i := canon.Line + 1; i < len(t.Columns); i++ {
			put(b, i, t.Columns[i], x.columns[t.Columns[i].Name])
		}
		b.EndRow()
		if by[x.feed] == nil {
			order = append(order, x.feed)
		}
		by[x.feed] = append(by[x.feed], b.Flush())
	}
	var out [][]*canon.Batch
	for _, f := range order {
		out = append(out, by[f])
	}
	return out
}

func put(b *canon.Builder, i int, c canon.Column, value string) {
	switch {
	case value == "":
		b.Null(i)
	case c.Type == canon.Day:
		d, err := canon.ParseDate(value)
		if err != nil {
			panic(err)
		}
		b.Day(i, d)
	case c.Type == canon.Bool:
		b.Bool(i, value == "true")
	case c.Type == canon.Instant || c.Type == canon.Int:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			panic(err)
		}
		if c.Type == canon.Int {
			b.Int(i, n)
		} else {
			b.Instant(i, n)
		}
	default:
		b.Text(i, value)
	}
}

// objects records an objection in the portal, by itself, as a person does between two stages.
func (r *rig) objects(subject, scope string) {
	r.t.Helper()
	r.made++
	key := fmt.Sprint("late", r.made)
	r.people(human{subject, []row{
		{feed: "alumni-portal/profiles", table: "person", key: key, person: key, columns: map[string]string{"family_name": "X", "given_names": "Y"}},
		{feed: "alumni-portal/profiles", table: "objection", key: key, person: key, columns: map[string]string{"scope": scope}},
	}})
}

// ends has the portal export some of its rows no more.
func (r *rig) ends(keys ...string) {
	r.t.Helper()
	night, err := r.ws.Register.Begin(ctx)
	r.must(err)
	defer night.Rollback()
	for i, key := range keys {
		keys[i] = protect.SourceKey(r.ws.SourceTokens(), "alumni-portal/profiles", key)
	}
	r.must(night.End(ctx, keys, "nightly-"+r.date.String()))
	r.must(night.Commit())
}

// says writes a word of a person down by hand.
func (r *rig) says(of string, said ...rights.Statement) {
	r.t.Helper()
	_, err := rights.Say(ctx, r.ws, r.pack, workspace.PersonOf(r.ws.Persons(), of), said, rights.Author{By: "dpo", At: r.endpoint.Clock.Now(), Rand: rand.Reader})
	r.must(err)
}

// night writes a nightly run with the facts of its report.
func (r *rig) night(id, state, report string) {
	r.t.Helper()
	now := r.endpoint.Clock.Now()
	run, err := ledger.Start(ctx, r.ws.RegisterDB, ledger.Run{ID: id, Pipeline: "nightly", LogicalDate: strings.TrimPrefix(id, "nightly-"), Mode: "nightly"}, now)
	r.must(err)
	if report != "" {
		r.must(ledger.StartStage(ctx, r.ws.RegisterDB, id, "report", now))
		r.must(ledger.FinishStage(ctx, r.ws.RegisterDB, id, "report", ledger.Finished, report, now))
	}
	if state != ledger.Running {
		r.must(ledger.Finish(ctx, r.ws.RegisterDB, run, state, "{}", now))
	}
}

type silent struct{}

func (silent) Begin(string)              {}
func (silent) Advance(int64, string)     {}
func (silent) End(string, time.Duration) {}

// stages makes a fresh process's stages and run.
func (r *rig) stages(dry bool) ([]pipelines.Stage, *pipelines.Run) {
	s, run := r.process(dry)
	return s.Stages(), run
}

func (r *rig) process(dry bool) (*Survey, *pipelines.Run) {
	r.t.Helper()
	r.made++
	s, err := New(r.ws, &r.def, r.pack, Options{
		Rand: rand.Reader, Holder: fmt.Sprint("process-", r.made), Software: parcel.Software{Name: "uoma", Version: "0.1.0"}, Step: r.step, Supersedes: r.instead,
		Sleep: func(ctx context.Context, d time.Duration) error { time.Sleep(d / 100); return ctx.Err() },
	})
	r.must(err)
	return s, &pipelines.Run{Pipeline: "career-survey", Date: r.date, Mode: pipelines.Manual, Dry: dry, Now: r.endpoint.Clock.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Progress: silent{}}
}

// run runs the pipeline with the ledger, as a program does.
func (r *rig) run(dry bool) (pipelines.Outcome, error) {
	r.t.Helper()
	stages, run := r.stages(dry)
	if dry {
		return pipelines.Execute(ctx, run, stages, workspace.DryJournal{})
	}
	j := r.ws.NewJournal("0.1.0", "", r.pack.Digest())
	held, err := j.Hold(ctx, run)
	r.must(err)
	out, err := pipelines.Execute(held, run, stages, j)
	r.must(j.Free(ctx))
	return out, err
}

func fact[T any](t testing.TB, out pipelines.Outcome, stage string) (f T) {
	t.Helper()
	if err := json.Unmarshal(out.Facts[stage], &f); err != nil {
		t.Fatalf("%s: %v", stage, err)
	}
	return f
}

func (r *rig) deliveries() []outbox.Delivery {
	r.t.Helper()
	all, err := r.ws.Outbox.All(ctx)
	r.must(err)
	return all
}

// received opens what was sent with the endpoint's key, and gives its rows and its inner.json.
func (r *rig) received(id string) (rows []extract.Row, inner *parcel.Inner, quality []byte) {
	r.t.Helper()
	raw, err := os.ReadFile(r.ws.Path("outbox", parcel.ManifestName(id)))
	r.must(err)
	m, err := parcel.DecodeManifest(raw)
	r.must(err)
	identity, err := parcel.LoadIdentity(filepath.Join(r.endpoint.Folder, "keys", "identity.txt"))
	r.must(err)
	payload, err := os.Open(r.ws.Path("outbox", parcel.PayloadName(id)))
	r.must(err)
	defer payload.Close()
	r.must(parcel.Open(payload, identity, m, func(name string, file io.Reader) error {
		b, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		switch {
		case strings.HasSuffix(name, ".parquet"):
			part, err := parquet.Read[extract.Row](bytes.NewReader(b), int64(len(b)))
			rows = append(rows, part...)
			return err
		case name == parcel.InnerName:
			inner, err = parcel.DecodeInner(b)
		case name == parcel.QualityName:
			quality = b
			if parcel.SHA256Hex(b) != m.Quality.ReportSHA256 {
				r.t.Error("the manifest names another quality report")
			}
		}
		return err
	}))
	return rows, inner, quality
}

func numbers(rows []extract.Row) []string {
	var out []string
	for _, x := range rows {
		out = append(out, x.StudentNumber)
	}
	slices.Sort(out)
	return out
}
