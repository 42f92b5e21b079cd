package access

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"sync"

	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
)

// Holding is a role that an operator has from one day to another, both included; an empty Until is open.
type Holding struct {
	Role  string `yaml:"role"`
	From  string `yaml:"from"`
	Until string `yaml:"until"`
	Duty  string `yaml:"duty"`

	from, until canon.Date
}

// At tells whether the role is held on a day.
func (h *Holding) At(day canon.Date) bool {
	return h.from <= day && (h.Until == "" || day <= h.until)
}

// Operator is one account and what it may do.
type Operator struct {
	Account  string    `yaml:"account"`
	UID      *int      `yaml:"uid"`
	Service  bool      `yaml:"service"` // of no person
	Roles    []Holding `yaml:"roles"`
	Training *struct {
		Done       string `yaml:"done"`
		ValidUntil string `yaml:"valid_until"`
	} `yaml:"training"`
	Secrecy string `yaml:"secrecy"`

	trained, validUntil, secrecy canon.Date
	place                        fault.Place
}

// Place is where the file names the operator.
func (x *Operator) Place() fault.Place { return x.place }

// bound tells whether the operator has committed to secrecy by a day.
func (x *Operator) bound(day canon.Date) bool { return x.Secrecy != "" && x.secrecy <= day }

// skilled tells whether the operator has training that counts on a day.
func (x *Operator) skilled(day canon.Date) bool {
	return x.Training != nil && x.trained <= day && day <= x.validUntil
}

// Ready tells whether nothing but a role is missing on a day. An account of no person needs nothing else.
func (x *Operator) Ready(day canon.Date) bool { return x.Service || x.bound(day) && x.skilled(day) }

// OnDuty tells whether any role is held on a day.
func (x *Operator) OnDuty(day canon.Date) bool {
	return slices.ContainsFunc(x.Roles, func(h Holding) bool { return h.At(day) })
}

// Processor is a processor's commitment.
type Processor struct {
	Recipient string `yaml:"recipient"`
	Agreement string `yaml:"agreement"`
	Secrecy   string `yaml:"secrecy"`

	secrecy canon.Date
}

// Operators is a workspace's operators.yaml. It is not changed after [Parse] and is safe for concurrent use.
type Operators struct {
	List       []Operator  `yaml:"operators"`
	Processors []Processor `yaml:"processors"`

	file   string
	digest string
	table  *Table
}

//go:embed operators.schema.json
var schemaSource []byte

// Schema gives the published JSON Schema of operators.yaml.
func Schema() []byte { return slices.Clone(schemaSource) }

var (
	errDay     = fault.New("UOMA-OPR-DAY", "there is no such day, or a last day is before the first", "write YYYY-MM-DD, the first day before the last")
	errTwice   = fault.New("UOMA-OPR-TWICE", "two operators have one account: a personal account is of one person", "give each person an entry with an account of their own, or declare the account as service: true")
	errService = fault.New("UOMA-OPR-SERVICE", "an account of no person has the role scheduler alone, and a person does not have it", "let people act under their own accounts")
)

var schema = sync.OnceValue(func() *document.Schema { return document.CompileSchema("operators.schema.json", schemaSource) })

// Parse reads an operators file. The error is a [fault.List] with every finding.
func Parse(file string, src []byte) (*Operators, error) {
	o := &Operators{file: file, table: Roles()}
	if err := document.Decode(file, src, schema(), o); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(src)
	o.digest = hex.EncodeToString(sum[:])
	p := parser{file: file, src: src}
	accounts, uids := map[string]bool{}, map[int]bool{}
	for i := range o.List {
		x, at := &o.List[i], []string{"operators", strconv.Itoa(i)}
		x.place = document.Locate(file, src, at...)
		if accounts[x.Account] || x.UID != nil && uids[*x.UID] {
			p.add(errTwice, append(at, "account")...)
		}
		if accounts[x.Account] = true; x.UID != nil {
			uids[*x.UID] = true
		}
		for n := range x.Roles {
			h, in := &x.Roles[n], append(slices.Clone(at), "roles", strconv.Itoa(n))
			if x.Service != (h.Role == Service) {
				p.add(errService, append(in, "role")...)
			}
			h.from, h.until = p.days(h.From, h.Until, append(in, "from")...)
		}
		if x.Training != nil {
			x.trained, x.validUntil = p.days(x.Training.Done, x.Training.ValidUntil, append(slices.Clone(at), "training", "done")...)
		}
		x.secrecy, _ = p.days(x.Secrecy, "", append(slices.Clone(at), "secrecy")...)
	}
	for i := range o.Processors {
		x := &o.Processors[i]
		x.secrecy, _ = p.days(x.Secrecy, "", "processors", strconv.Itoa(i), "secrecy")
	}
	if err := p.found.Err(); err != nil {
		return nil, err
	}
	return o, nil
}

// parser gathers what the schema cannot say.
type parser struct {
	file  string
	src   []byte
	found fault.List
}

func (p *parser) add(e *fault.Error, path ...string) {
	p.found = append(p.found, e.At(document.Locate(p.file, p.src, path...)))
}

// days reads a first day and a last one; either may be empty.
func (p *parser) days(first, last string, path ...string) (from, until canon.Date) {
	var errs [2]error
	if first != "" {
		from, errs[0] = canon.ParseDate(first)
	}
	if last != "" {
		until, errs[1] = canon.ParseDate(last)
	}
	if errors.Join(errs[:]...) != nil || last != "" && until < from {
		p.add(errDay, path...)
	}
	return from, until
}

// Digest gives the SHA-256 of the file, in hex.
func (o *Operators) Digest() string { return o.digest }

// Find gives the operator of an account, or nil.
func (o *Operators) Find(account string) *Operator {
	i := slices.IndexFunc(o.List, func(x Operator) bool { return x.Account == account })
	if i < 0 {
		return nil
	}
	return &o.List[i]
}

// Named gives an account by its name alone, with the number that the file gives it: of somebody who is not at the keyboard,
// and whose number was compared when they were.
func (o *Operators) Named(name string) Account {
	a := Account{Name: name, UID: -1}
	if x := o.Find(name); x != nil && x.UID != nil {
		a.UID = *x.UID
	}
	return a
}

// Account is an account of the operating system.
type Account struct {
	Name string
	UID  int // -1 when it is not known
}

var (
	errStranger  = fault.New("UOMA-ACC-STRANGER", "the account at the keyboard is of no operator", "log in under a personal account that operators.yaml names; uoma operator whoami shows which one is seen")
	errUID       = fault.New("UOMA-ACC-UID", "the account at the keyboard has another number than operators.yaml gives it", "let whoever keeps operators.yaml compare the entry with the machine's accounts")
	errScheduled = fault.New("UOMA-ACC-SERVICE", "an account of no person runs schedules and nothing else", "log in under a personal account; uoma run --scheduled and uoma schedule run are for service accounts")
	errSecrecy   = fault.New("UOMA-ACC-SECRECY", "the operator has not committed to secrecy", "let the operator sign the commitment, and enter its day in operators.yaml")
	errTraining  = fault.New("UOMA-ACC-TRAINING", "the operator has no training that counts today", "train the operator, and enter the days in operators.yaml")
	errRole      = fault.New("UOMA-ACC-ROLE", "no role that the operator has today allows this", "uoma operator roles shows which role does; ask whom it names, or let the duty be entered in operators.yaml")
)

// Decide refuses what an account may not do on a day; nil allows it.
func (o *Operators) Decide(a Account, p Permission, day canon.Date) error {
	x := o.Find(a.Name)
	switch {
	case x == nil:
		return errStranger.At(fault.Place{File: o.file})
	case x.UID != nil && *x.UID != a.UID:
		return errUID.At(x.place)
	case x.Service && !o.table.Gives(Service, p):
		return errScheduled.At(x.place)
	case !x.Service && !x.bound(day):
		return errSecrecy.At(x.place)
	case !x.Service && !x.skilled(day):
		return errTraining.At(x.place)
	case !slices.ContainsFunc(x.Roles, func(h Holding) bool { return h.At(day) && o.table.Gives(h.Role, p) }):
		return errRole.At(x.place).Because(errors.New(string(p)))
	}
	return nil
}

// Permissions gives what an account may do on a day, in the order of the table.
func (o *Operators) Permissions(a Account, day canon.Date) (out []Permission) {
	for _, p := range o.table.Permissions {
		if o.Decide(a, p.ID, day) == nil {
			out = append(out, p.ID)
		}
	}
	return out
}

var errProcessor = fault.New("UOMA-ACC-PROCESSOR", "the processor has not committed to secrecy", "let the agreement with it say so, and enter both under processors: in operators.yaml")

// Bound refuses a processor that has not committed to secrecy by a day.
func (o *Operators) Bound(recipient string, day canon.Date) error {
	for i := range o.Processors {
		if x := &o.Processors[i]; x.Recipient == recipient && x.secrecy <= day {
			return nil
		}
	}
	return errProcessor.At(fault.Place{File: o.file, Field: recipient})
}
