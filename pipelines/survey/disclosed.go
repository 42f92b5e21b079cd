package survey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
	"uoma/pipelines/delivery"
	"uoma/pipelines/workspace"
	"uoma/transforms/extract"
)

// Disclosure says what a recipient was sent of a person: for a data subject's access request (GDPR 15(1)(c)) and for
// telling recipients of a later erasure or restriction (GDPR 19).
type Disclosure struct {
	Person    string    `json:"person"` // the register's pseudonym
	Delivery  string    `json:"delivery_id"`
	Recipient string    `json:"recipient"`
	Dataset   string    `json:"dataset"`
	Purpose   string    `json:"purpose"`
	Clause    string    `json:"clause"` // of the notice that lets it go
	Columns   []string  `json:"columns"`
	State     string    `json:"state"`               // of the delivery
	At        time.Time `json:"at"`                  // when the delivery took that state, UTC
	Withdrawn string    `json:"withdrawn,omitempty"` // what the recipient was told since to do with it: stop or erase
}

// List is the encrypted file that says who is in a delivery, in the order of its rows.
type List struct {
	Purpose   string      `json:"purpose"`
	Policy    string      `json:"policy,omitempty"`    // digest of the pack that decided
	Epoch     int64       `json:"epoch,omitempty"`     // of the pseudonyms that the rows went under
	People    []Included  `json:"people"`              // in the order of the delivery's rows
	Withdrawn []Withdrawn `json:"withdrawn,omitempty"` // rows of earlier deliveries, of a withdrawal
}

// Included is who stands behind a row.
type Included struct {
	Person  string   `json:"person"`
	Clause  string   `json:"clause"`
	Columns []string `json:"columns"`
	// Categories are those of the data that was sent, where they are not the same for every row.
	Categories []string `json:"categories,omitempty"`
	// Pseudonym is that of the row when it is random: when the person is erased, nothing else tells it.
	Pseudonym string `json:"pseudonym,omitempty"`
	// From gives, for each of Columns, the source rows that say it, as positions in Rows.
	From [][]int  `json:"from,omitempty"`
	Rows []string `json:"rows,omitempty"` // source keys
	// Records are those that the source rows were of then.
	Records []string `json:"records,omitempty"`
}

// Tell notes which source rows say what was sent, and of which records they are.
func (p *Included) Tell(origins []extract.Origin, recordOf map[string]string) {
	at := map[string]int{}
	p.From = make([][]int, len(p.Columns))
	for _, o := range origins {
		c := slices.Index(p.Columns, o.Column)
		if c < 0 {
			continue
		}
		for _, key := range o.Keys {
			n, seen := at[key]
			if !seen {
				n = len(p.Rows)
				at[key], p.Rows = n, append(p.Rows, key)
				if record := recordOf[key]; record != "" && !slices.Contains(p.Records, record) {
					p.Records = append(p.Records, record)
				}
			}
			p.From[c] = append(p.From[c], n)
		}
	}
}

var errList = fault.New("UOMA-SVY-LIST", "the list of who is in a delivery cannot be read", "restore the workspace's state folder from its backup")

func listName(id string) string { return "deliveries/" + id }

// note writes down who is in a sealed delivery, before its first byte leaves. Doing it again writes the same.
func (s *Survey) note(m *delivery.Machine, d *outbox.Delivery) error {
	c := m.Source.(*source).last
	if c == nil || c.digest != d.SelectionDigest {
		return errList.Wrap(errChosen)
	}
	l := List{Purpose: s.terms.Purpose, Policy: s.pack.Digest(), Epoch: s.epoch(), People: []Included{}}
	for i := range c.extract.Rows {
		who := c.people[c.extract.Pseudonyms[i]]
		p := Included{Person: who.person, Clause: who.clause, Columns: c.extract.Rows[i].Columns()}
		if s.ws.Settings.Random(s.domain()) {
			p.Pseudonym = c.extract.Pseudonyms[i]
		}
		p.Tell(c.extract.Origins(i), c.recordOf)
		l.People = append(l.People, p)
	}
	return l.Write(s.ws, d.ID)
}

// Disclosures gives what recipients were sent of some persons of the register, or by some source rows whosever they were
// then, or of everybody when persons is nil, in the order of deliveries. Deliveries that no byte has left of are left out.
func Disclosures(ctx context.Context, ws *workspace.Workspace, persons []string, rows ...string) ([]Disclosure, error) {
	about := &asked{all: persons == nil, persons: persons, rows: rows}
	all, err := ws.Outbox.All(ctx)
	if err != nil {
		return nil, err
	}
	var out []Disclosure
	at := map[RowOf]int{} // position in out
	for _, d := range all {
		if d.Attempts == 0 || d.State == outbox.Voided {
			continue
		}
		l, err := readList(ws, d.ID, about)
		if errors.Is(err, fs.ErrNotExist) {
			continue // of another pipeline, or taken over from the endpoint
		}
		if err != nil {
			return nil, err
		}
		for _, x := range l.Withdrawn {
			if n, among := at[RowOf{x.Delivery, x.Row}]; among && d.ReceiptStatus != parcel.Rejected {
				out[n].Withdrawn = x.Action
			}
		}
		for n, p := range l.People {
			if about.has(&p) {
				at[RowOf{d.ID, int64(n) + 1}] = len(out)
				if !about.all && !slices.Contains(about.persons, p.Person) && !slices.Contains(about.behind, p.Person) {
					about.behind = append(about.behind, p.Person)
				}
				out = append(out, Disclosure{Person: p.Person, Delivery: d.ID, Recipient: d.Chain.Recipient, Dataset: d.Chain.Dataset,
					Purpose: l.Purpose, Clause: p.Clause, Columns: p.Columns, State: string(d.State), At: d.UpdatedAt})
			}
		}
	}
	return out, nil
}

// asked is whom disclosures are asked of.
type asked struct {
	all           bool
	persons, rows []string // of the register, and source rows
	behind        []string // whom the rows that were found are about: withdrawals name them alone
}

// has tells whether a row of a delivery is about one of them.
func (a *asked) has(p *Included) bool {
	return a.all || slices.Contains(a.persons, p.Person) || slices.ContainsFunc(p.Rows, func(row string) bool { return slices.Contains(a.rows, row) })
}

// within tells whether a list as it is written down names one of them.
func (a *asked) within(ws *workspace.Workspace, raw []byte) bool {
	names := func(kind string, tokens []string) bool {
		return slices.ContainsFunc(tokens, func(t string) bool { return bytes.Contains(raw, []byte(ws.Inner(kind, t))) })
	}
	return a.all || names(workspace.PersonTokens, a.persons) || names(workspace.PersonTokens, a.behind) || names(workspace.IndexTokens, a.rows)
}

// readList reads who is in a delivery; of a list that names none of those asked for, only the purpose is sure.
func readList(ws *workspace.Workspace, id string, about *asked) (*List, error) {
	f, err := ws.State.Open(listName(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, errList.At(fault.Place{Field: id}).Wrap(err)
	}
	defer f.Close()
	raw, err := io.ReadAll(f.Reader())
	if err != nil {
		return nil, errList.At(fault.Place{Field: id}).Wrap(err)
	}
	l := &List{}
	if !about.within(ws, raw) {
		return l, nil // taking a long list apart costs ten times what looking through it does
	}
	if err := json.Unmarshal(raw, l); err != nil {
		return nil, errList.At(fault.Place{Field: id}).Wrap(err)
	}
	l.turn(ws.Outer)
	return l, nil
}

// turn changes the tokens of a list. A file has the inner ones: it is not rewritten when the keys of tokens are replaced.
func (l *List) turn(turn func(kind, token string) string) {
	for i := range l.People {
		p := &l.People[i]
		p.Person = turn(workspace.PersonTokens, p.Person)
		for j := range p.Rows {
			p.Rows[j] = turn(workspace.IndexTokens, p.Rows[j])
		}
		for j := range p.Records {
			p.Records[j] = turn(workspace.IndexTokens, p.Records[j])
		}
	}
	for i := range l.Withdrawn {
		l.Withdrawn[i].Person = turn(workspace.PersonTokens, l.Withdrawn[i].Person)
	}
}
