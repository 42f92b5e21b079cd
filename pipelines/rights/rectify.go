package rights

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
	"uoma/transforms/pseudonym"
)

var (
	errField  = fault.New("UOMA-SUB-FIELD", "there is no such field", "write TABLE.COLUMN of the canonical tables, as person.family_name or email.address")
	errValue  = fault.New("UOMA-SUB-VALUE", "the right value is missing", "give it on standard input, as it should stand in the source")
	errSystem = fault.New("UOMA-SUB-SYSTEM", "the person has no record in that system", "name the system that has to correct the value")
	errLearnt = fault.New("UOMA-SUB-LEARNT", "a correction is learnt from the person or from a public source", "write --from person or --from public")
)

// Correction is a value that a source has wrong.
type Correction struct {
	Person, Field, Source string
	Value                 string // the right one; of it a keyed token alone is kept
	LearntFrom            string // person or public
	Request               string
}

// Rectify writes down that a source has to correct a value (GDPR 16). Sources are the masters of what they give, so that the
// register takes the right value from the source's export; until one shows it, the correction is pending.
func Rectify(ctx context.Context, ws *workspace.Workspace, c Correction, a Author) (r ledger.Rectification, err error) {
	table, column, _ := strings.Cut(c.Field, ".")
	switch {
	case a.check() != nil:
		return r, errBy
	case canonical(table, column) == nil:
		return r, errField.At(fault.Place{Field: c.Field})
	case plain(c.Value) == "":
		return r, errValue
	case c.LearntFrom != "person" && c.LearntFrom != "public":
		return r, errLearnt
	case !labelled(c.Request):
		return r, errLabel
	}
	found, err := findRecords(ctx, ws, map[string]bool{c.Person: true})
	switch {
	case err != nil:
		return r, err
	case len(found.of[c.Person]) == 0:
		return r, errNobody
	case !slices.ContainsFunc(found.of[c.Person], func(record string) bool { return found.system[record] == c.Source }):
		return r, errSystem.At(fault.Place{Field: c.Source})
	}
	r = ledger.Rectification{Person: c.Person, Table: table, Column: column, Source: c.Source, Wanted: wanted(ws.Wanted(), table, column, c.Value),
		LearntFrom: c.LearntFrom, NotedBy: a.By, NotedAt: a.At.UnixMicro(), Request: c.Request}
	if r.ID, err = a.shortID(); err != nil {
		return r, err
	}
	return r, ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.AddRectification(ctx, tx, r); err != nil {
			return err
		}
		return ws.Audit.Append(ctx, tx, a.entry(ledger.SubjectRectify, r.Person, c.Field, r.Source, r.ID))
	})
}

// canonical gives a column of the canonical tables, or nil.
func canonical(table, column string) *canon.Column {
	t := canon.Named(table)
	if t == nil {
		return nil
	}
	i := t.Index(column)
	if i < len(canon.Provenance()) || t.Columns[i].Class == canon.Key {
		return nil
	}
	return &t.Columns[i]
}

// plain is a value without what people write one way or the other.
func plain(value string) string { return strings.ToLower(strings.Join(strings.Fields(value), " ")) }

// wanted gives the token by which a value is known again.
func wanted(d *pseudonym.Domain, table, column, value string) string {
	return d.Token(table, column, plain(value))
}

// States of a correction.
const (
	Pending = "pending" // the source shows another value
	Shown   = "shown"   // the source shows the right one
	Gone    = "gone"    // the register has no record of the person in the source any more
)

// CorrectionState is a correction as it stands.
type CorrectionState struct {
	ledger.Rectification
	State string
}

// Corrections lists all corrections, and tells of each whether its source shows the right value by now.
func Corrections(ctx context.Context, ws *workspace.Workspace) ([]CorrectionState, error) {
	all, err := ledger.Rectifications(ctx, ws.RegisterDB)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	persons := map[string]bool{}
	for _, r := range all {
		persons[r.Person] = true
	}
	found, err := findRecords(ctx, ws, persons)
	if err != nil {
		return nil, err
	}
	shows, err := found.values(ctx, ws, all)
	if err != nil {
		return nil, err
	}
	out := make([]CorrectionState, len(all))
	for i, r := range all {
		out[i] = CorrectionState{r, Gone}
		for _, record := range found.of[r.Person] {
			if found.system[record] != r.Source {
				continue
			}
			if out[i].State == Gone {
				out[i].State = Pending
			}
			if shows[record+" "+r.Wanted] {
				out[i].State = Shown
			}
		}
	}
	return out, nil
}

// found are the records of some persons.
type found struct {
	of      map[string][]string // by person
	system  map[string]string   // by record
	subject map[string]bool     // in the vault
}

// findRecords finds the records of persons, and whose they are in the vault, without opening anything.
func findRecords(ctx context.Context, ws *workspace.Workspace, persons map[string]bool) (*found, error) {
	f := &found{map[string][]string{}, map[string]string{}, map[string]bool{}}
	mine := map[string]bool{}
	err := ws.Register.See(ctx, func(v *register.View) error {
		for person := range persons {
			own, _, err := v.OwnAndShared(ctx, person)
			if err != nil {
				return err
			}
			f.of[person] = own
			for _, record := range own {
				mine[record] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for e, err := range ws.Vault.Open(ctx, nil, 0) {
		if err != nil {
			return nil, err
		}
		if mine[e.Record] {
			f.system[e.Record], f.subject[e.Subject] = canon.SystemOf(e.Source), true
		}
	}
	return f, nil
}

// values gives the tokens of the values that records show now, of the fields that are to be corrected.
func (f *found) values(ctx context.Context, ws *workspace.Workspace, all []ledger.Rectification) (map[string]bool, error) {
	fields := map[[2]string]bool{}
	for _, r := range all {
		fields[[2]string{r.Table, r.Column}] = true
	}
	out := map[string]bool{}
	if len(f.subject) == 0 {
		return out, nil // the vault takes no name for every name
	}
	tokens := ws.Wanted()
	note := func(record, table, column, value string) { out[record+" "+wanted(tokens, table, column, value)] = true }
	for e, err := range ws.Vault.Open(ctx, sortedKeys(f.subject), vault.Everything) {
		if err != nil {
			return nil, err
		}
		for _, facts := range [][]vault.Fact{e.Names, e.Identifiers, e.Contacts} {
			for _, x := range facts {
				if fields[[2]string{x.Table, x.Column}] {
					note(e.Record, x.Table, x.Column, x.Value)
				}
			}
		}
	}
	return out, ws.Register.See(ctx, func(v *register.View) error {
		for field := range fields {
			column := canonical(field[0], field[1])
			if column == nil || column.Class.Identifying() {
				continue
			}
			for record := range f.system {
				for b, err := range v.Read(ctx, field[0], []string{field[1]}, register.Current, register.Condition{Columns: []string{"record"}, Value: record}) {
					if err != nil {
						return err
					}
					for i := range b.Len() {
						note(record, field[0], field[1], textOf(b.Col(0), i, column.Type))
					}
				}
			}
		}
		return nil
	})
}

// textOf gives a value as people write it.
func textOf(c canon.Col, i int, of canon.Type) string {
	if c.Null(i) {
		return ""
	}
	switch of {
	case canon.Day:
		d, _ := c.Day(i)
		return d.String()
	case canon.Int:
		return strconv.FormatInt(c.Int(i), 10)
	case canon.Bool:
		return strconv.FormatBool(c.Bool(i))
	case canon.Instant:
		at, _ := c.Instant(i)
		return time.UnixMicro(at).UTC().Format(time.RFC3339)
	}
	return c.Text(i)
}

func sortedKeys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

var (
	errApprove  = fault.New("UOMA-SUB-APPROVE", "a disclosure by law is approved by another person than the one who writes it down", "add --approved-by")
	errGround   = fault.New("UOMA-SUB-GROUND", "a disclosure by law names its recipient, its ground and its case", "write --to, --ground and --case as labels")
	errCategory = fault.New("UOMA-SUB-CATEGORY", "the pack has no such category", "uoma policy show lists the categories")
)

// Disclose writes down that data of a person was disclosed because a law wants it. It discloses nothing itself.
func Disclose(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, d ledger.LegalDisclosure, categories []string, a Author) (ledger.LegalDisclosure, error) {
	switch {
	case a.check() != nil:
		return d, errBy
	case !by.MatchString(d.ApprovedBy) || strings.EqualFold(d.ApprovedBy, a.By) || strings.EqualFold(d.ApprovedBy, a.Login):
		return d, errApprove
	case !label.MatchString(d.Recipient) || !ground.MatchString(d.Ground) || !label.MatchString(d.Case):
		return d, errGround
	case time.UnixMicro(d.DisclosedAt).After(a.At):
		return d, errWhen
	case len(categories) == 0:
		return d, errCategory
	}
	for _, c := range categories {
		if !slices.ContainsFunc(pack.Categories, func(x policy.Category) bool { return x.ID == c }) {
			return d, errCategory.At(fault.Place{Field: c})
		}
	}
	if err := Known(ctx, ws, d.Person); err != nil {
		return d, err
	}
	var err error
	if d.ID, err = a.shortID(); err != nil {
		return d, err
	}
	d.Categories, d.NotedBy, d.NotedAt = strings.Join(categories, ","), a.By, a.At.UnixMicro()
	return d, ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.AddLegalDisclosure(ctx, tx, d); err != nil {
			return err
		}
		return ws.Audit.Append(ctx, tx, a.entry(ledger.DisclosedByLaw, d.Person, d.ID))
	})
}
