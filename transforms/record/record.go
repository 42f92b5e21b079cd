// Package record writes down what an installation does with personal data, out of what it is set up with: the record of
// processing activities (GDPR 30), [Processing], and a draft of the privacy notice (GDPR 13 and 14), [PrivacyNotice].
//
// Both are made of a policy pack, the layouts of the systems that are read, and a few settings, and say nothing that these
// do not: what the pack leaves to the controller stands in a section of its own. The same input gives the same [Document],
// which writes itself as Markdown and as a page.
//
// The package is pure and holds no value of any person.
package record

import (
	"cmp"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

// Input is what an installation is set up with.
type Input struct {
	Pack    *policy.Pack
	Layouts []*layout.Layout // of the systems that are read and belong to the pack's controller
	Setup   Setup
	Date    canon.Date // the day that the documents are of
}

// Setup is what the settings say of where data is and how it comes.
type Setup struct {
	Sender   string            // name under which deliveries are sent
	Register string            // "SQLite" or "MariaDB or MySQL"
	Vault    string            //
	Inboxes  map[string]string // by system: how exports come, when not into the inbox folder
}

// Processing is the record of processing activities (GDPR 30(1)).
func Processing(in Input) *Document {
	p := in.Pack
	return &Document{
		Title: "Record of processing activities: " + p.Notice.Title,
		Lead:  "GDPR, article 30(1). Made of the policy pack, the layouts and the settings of the installation, as they are on " + in.Date.String() + ".",
		Sections: filled(
			controller(in), registers(in), purposes(in), categories(in), subjects(in), sources(in), cases(in), recipients(in), transfers(in),
			retention(in), measures(in), rights(in), waiting(in),
		),
	}
}

// PrivacyNotice is a draft of what data subjects are told (GDPR 13 and 14).
func PrivacyNotice(in Input) *Document {
	p := in.Pack
	return &Document{
		Title: "Privacy notice: " + p.Notice.Title,
		Lead:  "Draft of " + in.Date.String() + ", under GDPR, articles 13 and 14. The controller completes and approves it; what is missing stands at the end.",
		Sections: filled(
			controller(in), purposes(in), categories(in), sources(in), cases(in), recipients(in), transfers(in), retention(in), decisions(in), rights(in), waiting(in),
		),
	}
}

// filled leaves out sections that the installation has nothing for.
func filled(all ...Section) []Section {
	return slices.DeleteFunc(all, func(s Section) bool { return s.ID == "" })
}

func words(s string) string { return strings.ReplaceAll(s, "_", " ") }

func list(s []string) string { return strings.Join(s, ", ") }

// orNone says that nothing stands there.
func orNone(s string) string { return cmp.Or(s, "none") }

func controller(in Input) Section {
	p := in.Pack
	facts := [][2]string{{"Controller", p.Controller.Name}}
	if p.Controller.BusinessID != "" {
		facts = append(facts, [2]string{"Business id", p.Controller.BusinessID})
	}
	facts = append(facts, [2]string{"Institution codes", list(p.Controller.Institutions)}, [2]string{"Sender of deliveries", orNone(in.Setup.Sender)},
		[2]string{"Privacy notice", p.Notice.Title + ", updated " + p.Notice.Updated}, [2]string{"Applied as", p.ID + " " + p.Version + ", in force from " + p.InForce.From},
		[2]string{"Digest", p.Digest()})
	return Section{ID: "controller", Title: "Controller", Facts: facts}
}

func registers(in Input) Section {
	s := Section{ID: "registers", Title: "Registers", Header: []string{"Register", "Title", "Clause"}}
	for _, r := range in.Pack.Registers {
		s.Rows = append(s.Rows, []string{r.ID, r.Title, list(r.Clause)})
	}
	return s
}

// basis says what a use or a kind of data rests on.
func basis(p *policy.Pack, id string) string {
	b, ok := p.Basis(id)
	if !ok {
		return id
	}
	out := "GDPR " + b.GDPR
	if b.Act != "" {
		out += ", " + b.Act
	}
	switch {
	case b.Assessment != nil:
		out += " (assessment " + b.Assessment.Reference + ")"
	case b.NeedsAssessment:
		out += " (closed until it is assessed)"
	}
	return out
}

func purposes(in Input) Section {
	s := Section{ID: "purposes", Title: "Purposes", Lead: "What data is used for; any other use is refused.",
		Header: []string{"Purpose", "Legal basis", "Data", "Limits", "Clause"}}
	for _, u := range in.Pack.Purposes {
		var limits []string
		if u.MembersOnly {
			limits = append(limits, "members alone")
		}
		if u.NeedsConsent {
			limits = append(limits, "with consent alone")
		}
		if u.OnlyUnder != "" {
			limits = append(limits, "only under the hold "+words(u.OnlyUnder))
		}
		if u.Per != "" {
			limits = append(limits, "for the "+words(u.Per)+" alone that it was given for")
		}
		s.Rows = append(s.Rows, []string{words(u.ID), basis(in.Pack, u.Basis), words(list(u.Categories)), orNone(list(limits)), list(u.Clause)})
	}
	return s
}

func categories(in Input) Section {
	s := Section{ID: "categories", Title: "Categories of data", Lead: "Each kind of data, what it rests on, and what of it the systems that are read give.",
		Header: []string{"Category", "Register", "Legal basis", "Contents", "Clause"}}
	for i := range in.Pack.Categories {
		c := &in.Pack.Categories[i]
		name := words(c.ID)
		if c.Special {
			name += " (special: nobody is sent it)"
		}
		s.Rows = append(s.Rows, []string{name, c.Register, basis(in.Pack, c.Basis), orNone(contents(in, c.ID)), list(c.Clause)})
	}
	return s
}

// contents lists what the layouts fill of a category and the pack lets be stored, table by table.
func contents(in Input, category string) string {
	loader := in.Pack.Loader(in.Date)
	byTable := map[string][]string{}
	for _, l := range in.Layouts {
		for i := range l.Feeds {
			f := &l.Feeds[i]
			for _, fill := range f.Fillings() {
				if d := loader.Table(f.FullName(), fill.Table.Name); !d.Allow || d.Category != category {
					continue
				}
				for _, v := range fill.Values {
					column := fill.Table.Columns[v.Column].Name
					if _, store, _ := loader.Column(fill.Table.Name, column); store && !slices.Contains(byTable[fill.Table.Name], column) {
						byTable[fill.Table.Name] = append(byTable[fill.Table.Name], column)
					}
				}
			}
		}
	}
	var out []string
	for _, t := range canon.Tables() {
		if columns := byTable[t.Name]; len(columns) > 0 {
			slices.SortFunc(columns, func(a, b string) int { return cmp.Compare(t.Index(a), t.Index(b)) })
			out = append(out, t.Name+" ("+words(list(columns))+")")
		}
	}
	return strings.Join(out, "; ")
}

func subjects(in Input) Section {
	s := Section{ID: "subjects", Title: "Data subjects"}
	for _, g := range in.Pack.Groups {
		s.Header = []string{"Group", "Roles", "Data", "Clause"}
		s.Rows = append(s.Rows, []string{words(g.ID), words(list(g.Roles)), words(list(g.Categories)), list(g.Clause)})
	}
	roles := map[string]bool{}
	for _, l := range in.Layouts {
		for i := range l.Feeds {
			for _, f := range l.Feeds[i].Fillings() {
				if role, ok := strings.CutPrefix(f.Label, "role."); ok {
					roles[words(role)] = true
				}
			}
		}
	}
	if len(roles) > 0 {
		var names []string
		for r := range roles {
			names = append(names, r)
		}
		slices.Sort(names)
		s.Facts = [][2]string{{"Roles that the systems give", list(names)}}
	}
	if m := in.Pack.Load.Membership; m.Automatic != nil {
		s.Facts = append(s.Facts, [2]string{"Members without joining", "graduates" + since(m.Automatic.From) + " (" + list(m.Automatic.Clause) + ")"})
	}
	if len(s.Facts)+len(s.Rows) == 0 {
		s.Lead = "No system that is read tells of roles, and the notice lists no groups."
	}
	return s
}

func since(day string) string {
	if day == "" {
		return ""
	}
	return " since " + day
}

// providers tells who provides a system's rows, and under which licence, where the pack lets that be stored: as the layout says
// of all of them, or as each row says.
func providers(in Input, l *layout.Layout) string {
	loader := in.Pack.Loader(in.Date)
	var out []string
	for i := range l.Feeds {
		f := &l.Feeds[i]
		if !loader.Table(f.FullName(), canon.Attribution).Allow {
			continue
		}
		for _, says := range f.Attributions() {
			said := func(column string) string {
				text, filled := says[column]
				if filled {
					text = cmp.Or(text, "as each row names it")
				}
				return text
			}
			if said("provider") == "" {
				continue
			}
			text := "provider: " + said("provider") + "; licence: " + cmp.Or(said("licence"), "none")
			if until := said("licence_until"); until != "" {
				text += "; until: " + until
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return list(out)
}

func sources(in Input) Section {
	s := Section{ID: "sources", Title: "Sources", Lead: "The systems that are read each night, and who writes into them what they say of a person.",
		Header: []string{"System", "Exports", "How they come", "Given by"}}
	for _, l := range in.Layouts {
		var feeds []string
		for i := range l.Feeds {
			feeds = append(feeds, l.Feeds[i].Name)
		}
		by := "the institution or others"
		if l.Given() {
			by = "the person"
		}
		if provided := providers(in, l); provided != "" {
			by = provided
		}
		s.Rows = append(s.Rows, []string{l.Title + " (" + l.System + ")", list(feeds), cmp.Or(in.Setup.Inboxes[l.System], "inbox folder"), by})
	}
	if len(s.Rows) == 0 {
		s.Lead, s.Header = "No system of this controller is read.", nil
	}
	return s
}

// cases tells of lists that are read for a case alone: who held a card that opened a door. Without doors in the register nothing of
// them is ever asked.
func cases(in Input) Section {
	var rows [][]string
	loader := in.Pack.Loader(in.Date)
	for _, l := range in.Layouts {
		var opened []string // categories of what is known of the doors
		for i := range l.Feeds {
			if d := loader.Table(l.Feeds[i].FullName(), "access"); d.Allow && !slices.Contains(opened, d.Category) {
				opened = append(opened, d.Category)
			}
		}
		if len(opened) == 0 {
			continue
		}
		for i := range l.Holders {
			purpose, on, clauses := forCases(in.Pack, opened)
			rows = append(rows, []string{l.Holders[i].FullName(), parts(&l.Holders[i]), "those who were lent a card", purpose, on, clauses})
		}
	}
	if len(rows) == 0 {
		return Section{}
	}
	return Section{ID: "cases", Title: "Read for a case alone",
		Lead: "Lists that no night reads. They are read once a request about a recording that is kept for a case was approved: those of the recording's day and of the day before.",
		Facts: [][2]string{
			{"Seen by", "whoever made the request, once, together with the exam administrator who approved it: who held the cards that opened doors during the recording"},
			{"Kept", "nothing: the list is read in memory, and what it says goes into no store, file or log; that it was read, by whom and for which request stands in the audit log"},
		},
		Header: []string{"List", "Data", "Data subjects", "Purpose", "Legal basis", "Clause"}, Rows: rows}
}

// forCases gives the purposes that open for a case alone and use any of some categories, with what they rest on and their clauses.
func forCases(p *policy.Pack, categories []string) (purpose, on, clause string) {
	var names, bases, clauses []string
	for i := range p.Purposes {
		u := &p.Purposes[i]
		if u.OnlyUnder == "" || !slices.ContainsFunc(categories, func(c string) bool { return slices.Contains(u.Categories, c) }) {
			continue
		}
		names, clauses = append(names, words(u.ID)+", only under the hold "+words(u.OnlyUnder)), append(clauses, u.Clause...)
		if b := basis(p, u.Basis); !slices.Contains(bases, b) {
			bases = append(bases, b)
		}
	}
	return cmp.Or(strings.Join(names, "; "), "none that the notice names"), orNone(list(bases)), orNone(list(clauses))
}

// parts says in words what a list of holders has of each card.
func parts(f *layout.Feed) string {
	var out []string
	for _, x := range [][2]string{{layout.HolderCard, "number of the card"}, {layout.HolderID, "who held it"}, {layout.Issued, "from when"}, {layout.Returned, "until when"},
		{layout.Checked, "whether their identity was checked"}} {
		if f.Part(x[0]) >= 0 {
			out = append(out, x[1])
		}
	}
	return list(out)
}

func recipients(in Input) Section {
	s := Section{ID: "recipients", Title: "Recipients", Lead: "Who may be sent what; nobody else is sent anything.",
		Header: []string{"Recipient", "Country", "Purpose", "Data", "Form", "Role", "Clause"}}
	for i := range in.Pack.Disclosures {
		d := &in.Pack.Disclosures[i]
		role := "controller of its own"
		switch {
		case d.Processor && d.Agreement != "":
			role = "processor, agreement " + d.Agreement
		case d.Processor:
			role = "processor (closed until the agreement is named)"
		}
		form := d.Form
		if d.Transport != "" {
			form += ", " + d.Transport
		}
		s.Rows = append(s.Rows, []string{words(d.Recipient), d.Country, words(d.Purpose), words(list(d.Categories)), form, role, list(d.Clause)})
	}
	if len(s.Rows) == 0 {
		s.Lead, s.Header = "Nobody is sent anything ("+list(in.Pack.Stops.NoDisclosure.Clause)+").", nil
	}
	return s
}

func transfers(in Input) Section {
	p := in.Pack
	s := Section{ID: "transfers", Title: "Transfers to third countries"}
	area := "Recipients are in the area " + strings.ToUpper(p.Transfers.Area)
	if len(p.Transfers.Also) > 0 {
		area += " and " + list(p.Transfers.Also)
	}
	s.Lead = area + " (" + list(p.Transfers.Clause) + ")."
	for i := range p.Disclosures {
		if d := &p.Disclosures[i]; d.ThirdCountry {
			s.Header = []string{"Recipient", "Country", "Safeguard", "Clause"}
			s.Rows = append(s.Rows, []string{words(d.Recipient), d.Country, cmp.Or(d.Safeguard, "none is named: closed"), list(d.Clause)})
		}
	}
	if len(s.Rows) == 0 {
		s.Lead += " There is no transfer outside of it."
	}
	return s
}

func retention(in Input) Section {
	s := Section{ID: "retention", Title: "Retention", Lead: "When each kind of data goes, and what becomes of it. A period begins with the event before it, and is written as in ISO 8601.",
		Header: []string{"Category", "From", "Begins with", "Period", "Then", "Held back by", "Clause"}}
	for i := range in.Pack.Retention {
		r := &in.Pack.Retention[i]
		period := r.Period
		if r.Undecided {
			period = "not set: the data is not loaded"
		}
		then := string(r.Action)
		if r.UnlessConsent != "" {
			then += ", unless consented to " + words(r.UnlessConsent)
		}
		s.Rows = append(s.Rows, []string{words(r.Category), cmp.Or(list(r.Sources), "all"), words(cmp.Or(r.Anchor, "-")), cmp.Or(period, "-"), cmp.Or(then, "-"), words(orNone(list(r.Holds))), list(r.Clause)})
	}
	return s
}

func measures(in Input) Section {
	return Section{ID: "measures", Title: "Security measures", Lead: "What the program does, whatever else the institution does around it (GDPR 32).",
		Facts: [][2]string{{"Register", in.Setup.Register}, {"Vault", in.Setup.Vault}},
		List: []string{
			"Identity (names, identifiers, contact data) stands in the vault alone, sealed by AES-256-GCM under a key of each person, which the master key wraps.",
			"Everything else stands in the register under pseudonyms, keyed by HMAC-SHA-256; each recipient has pseudonyms of its own.",
			"Exports that were read, rows that could not be used, and the memory of the comparison are encrypted files (age).",
			"Nothing is used, stored or sent that the policy pack does not allow, and each answer names its clause.",
			"Deliveries are encrypted to pinned keys of the recipient, signed, and closed by a signed receipt; who was sent what is kept.",
			"Erasing a person destroys their key, and a keyed mark keeps later exports from bringing them back.",
			"Looks at one person, erasures and other sensitive acts stand in an audit log that is chained by a key, its head signed each night.",
			"Logs, errors and reports hold no value of a person; small counts are folded.",
			"Keys and files are readable by their owner alone; a workspace that others may write to is refused.",
			"Each night loads whole or not at all, and accounts for every row that it read.",
		}}
}

func decisions(in Input) Section {
	s := Section{ID: "decisions", Title: "Decisions by machine", Lead: "Nobody is decided about by a machine alone (GDPR 22). That two records are of one person is worked out by comparing them; people decide where that is unsure, and may undo it."}
	for _, r := range in.Pack.Refusals {
		if len(r.Purposes) > 0 {
			s.List = append(s.List, "Refused by name: "+words(list(r.Purposes))+" ("+list(r.Clause)+").")
		}
	}
	return s
}

// rights says how each right is asked for and answered: as the pack has it, else as the GDPR wants.
func rights(in Input) Section {
	s := Section{ID: "rights", Title: "Rights of data subjects", Lead: "Where one asks, by when one is answered (a period as in ISO 8601), and with what.",
		Header: []string{"GDPR", "Right", "Through", "Within", "Answered with", "Clause"}}
	for _, x := range []struct{ article, right, kind, with string }{
		{"13, 14", "to be told what is done with one's data", "information", "uoma record"},
		{"15", "to see what is held of one, why, from where, until when, and who was sent it", "access", "uoma subject export"},
		{"16", "to have wrong data corrected", "rectification", "uoma subject rectify, and by the source system"},
		{"17", "to be erased, unless a law or a public task needs the data", "erasure", "uoma subject erase"},
		{"18", "to have the use restricted", "restriction", "uoma subject restrict"},
		{"19", "that recipients hear of it", "", "uoma delivery withdraw; uoma subject export lists the recipients"},
		{"20", "to take along what one gave under a consent or a contract", "portability", "uoma subject export --portability"},
		{"21", "to object, and to marketing at any time", "objection", "uoma subject object, or by the source system; the next use heeds it"},
		{"7(3)", "to take back a consent at any time", "objection", "uoma subject consent, or by the source system; the next use heeds it"},
		{"77", "to complain to the supervisory authority", "complaint", "-"},
	} {
		row := []string{x.article, x.right, "-", "-", x.with, "-"} // of what nobody has to ask for
		if r, asked := in.Pack.Request(x.kind); asked {
			row[2], row[3], row[5] = offices(r), r.Due, cmp.Or(list(r.Clause), "-")
		}
		if x.kind == "complaint" {
			row[2], row[3] = authority(in.Pack), "-"
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

// offices names who a request goes through.
func offices(r *policy.Request) string {
	return strings.ReplaceAll(words(cmp.Or(list(r.Offices), "dpo")), "dpo", "the data protection officer")
}

// authority names the supervisory authority.
func authority(p *policy.Pack) string {
	for _, r := range p.Requests {
		if r.Authority != "" {
			return r.Authority
		}
	}
	return "the authority of the country"
}

// waiting lists what the pack leaves to the controller, and what no pack can know.
func waiting(in Input) Section {
	s := Section{ID: "to-complete", Title: "To be completed by the controller", List: []string{
		"Address and contact of the controller, and of the data protection officer (GDPR 13(1)(a) and (b), 30(1)(a)).",
		"Address of the supervisory authority to which complaints go.",
		"Measures of the institution outside of the program: premises, networks, users and their rights, training.",
	}}
	for _, w := range in.Pack.Waiting() {
		s.List = append(s.List, w.What+" ("+w.Clause+").")
	}
	return s
}
