package quality

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"sync"
)

//go:embed page.html
var pageSource string

//go:embed style.css
var styleSource string

// pageTemplate is compiled when a page is first written; a broken template is a mistake in the program.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("quality").Funcs(template.FuncMap{
		"n":       grouped,
		"mark":    markOf,
		"word":    wordOf,
		"total":   Counts.Total,
		"ranked":  ranked,
		"cell":    cellText,
		"other":   otherText,
		"people":  peopleText,
		"clauses": clausesText,
	}).Parse(pageSource))
})

// HTML writes the report for people: one page without script or outside request. Same report, same bytes.
func HTML(r *Report) ([]byte, error) {
	var b bytes.Buffer
	if err := pageTemplate().ExecuteTemplate(&b, "page", newPage(r)); err != nil {
		return nil, err
	}
	return guarded(b.Bytes())
}

// markOf gives the sign that stands beside a status, so that colour is never alone.
func markOf(status string) string {
	switch status {
	case statusPass:
		return "✓"
	case statusWarn:
		return "!"
	case statusFail, statusError, sevBlock, sevStop:
		return "✕"
	}
	return "·"
}

// wordOf says a status in a word for people.
func wordOf(status string) string {
	switch status {
	case statusPass:
		return "kept"
	case statusWarn:
		return "warning"
	case statusFail:
		return "blocking"
	case statusError:
		return "not computed"
	}
	return status
}

func cellText(c Cells, code string) string {
	if n, ok := c.Of(code); ok {
		return grouped(n)
	}
	return "·"
}

func otherText(c Cells) string {
	if c.Other == nil {
		return "few"
	}
	return grouped(*c.Other)
}

func peopleText(n *int64) string {
	if n == nil {
		return "few"
	}
	return grouped(*n)
}

// cut is a text with the class in which it is shown.
type cut struct{ Text, Class string }

// line is a row of a small table.
type line struct {
	ID, Title, Where, Status, Count, Unit, Value, Detail, Why, Do, Owner, Since, Link string
}

// page is the report as it is laid out.
type page struct {
	R                            *Report
	Style                        template.CSS
	VerdictWord, VerdictMark     string
	Day, Started, Took, ZoneWord string
	Tiles                        []tile
	Todo, More, Waived           []line
	MoreCount                    int
	Cut                          int
	Balance                      []balanceRow
	Total                        []cut
	Sources                      []sourceRow
	Dims                         []string
	Heat                         []heatRow
	Fields                       []fieldTable
	FieldsCut                    bool
	Sizes                        []sizeRow
	Promises                     []line
	Deliveries                   []deliveryRow
	Trends                       []chart
	Gates                        []gateRow
	GatesOpen                    int
	Kinds                        []kindRow
	Digests, Stages              []line
	clock                        clock
	kinds                        map[string]Kind
	links                        map[string]string // dataset to the place of its fields
}

type tile struct{ Title, Value, Under, Class string }

// verdictWords say what a verdict means to someone who reads it once a day.
var verdictWords = map[string]string{"pass": "All good", "warn": "Went through, look at it", "block": "Partly blocked", "stop": "Stopped"}

func newPage(r *Report) *page {
	p := &page{R: r, Style: template.CSS(styleSource), VerdictWord: verdictWords[r.Verdict], VerdictMark: markOf(r.Verdict),
		clock: newClock(r.Run.Zone), kinds: map[string]Kind{}, links: map[string]string{}}
	for i, d := range r.Datasets {
		p.links[d.ID] = anchor(i)
	}
	for _, k := range r.Kinds {
		p.kinds[k.Name] = k
	}
	p.Day = p.clock.day(r.Run.Date)
	p.Started = p.clock.at(r.Run.StartedAt)
	p.Took = p.clock.between(r.Run.StartedAt, r.Run.FinishedAt)
	p.ZoneWord = p.clock.zone.String()
	p.Tiles = tiles(r)
	p.todo()
	p.balance()
	p.sources()
	p.heat()
	p.fields()
	p.people()
	p.trends()
	p.annex()
	return p
}

func tiles(r *Report) []tile {
	t := r.Totals
	people := tile{"People in the register", "–", "not known in this run", ""}
	if t.PeopleKnown {
		people.Value, people.Under = grouped(t.People), signed(t.PeopleChange)+" since the last run"
	}
	fresh := tile{"Fresh exports", fmt.Sprintf("%d of %d", t.SourcesFresh, t.Sources), "none stopped", ""}
	if t.SourcesStopped > 0 {
		fresh.Under, fresh.Class = fmt.Sprintf("%d stopped", t.SourcesStopped), "bad"
	}
	problems := tile{"Blocking problems", grouped(t.Blocking), plural(t.Warnings, "warning", "warnings"), ""}
	if t.Blocking > 0 {
		problems.Class = "bad"
	} else if t.Warnings > 0 {
		problems.Class = "warn"
	}
	sent := tile{"Sent and receipted", "–", "no delivery in this run", ""}
	if t.Deliveries > 0 {
		sent.Value, sent.Under = fmt.Sprintf("%d of %d", t.Receipted, t.Deliveries), plural(t.Deliveries, "delivery", "deliveries")
	}
	return []tile{people, fresh, problems, sent}
}

// signed writes a change with its sign.
func signed(n int64) string {
	switch {
	case n > 0:
		return "+" + grouped(n)
	case n == 0:
		return "no change"
	}
	return grouped(n)
}

func (p *page) annex() {
	for _, g := range p.R.Gates {
		if g.Decision == "open" {
			p.GatesOpen++
			continue
		}
		row := gateRow{Gate: g, Class: "warn"}
		if g.Decision == "closed" {
			row.Class = "closed"
		}
		if more := len(row.Checks) - maxListed; more > 0 {
			row.Checks = append(append([]string{}, row.Checks[:maxListed]...), fmt.Sprintf("and %d more", more))
		}
		p.Gates = append(p.Gates, row)
	}
	p.checked()
	r := p.R.Run
	for _, d := range [][2]string{{"Run", r.ID}, {"Software", r.Software}, {"Settings", r.ConfigDigest},
		{"Notice", strings.TrimSpace(r.Policy.ID + " " + r.Policy.Version)}, {"Notice digest", r.Policy.Digest},
		{"Register commit", r.Commit}, {"Audit log", head(r.Audit)}, {"Report format", fmt.Sprintf("%s %d", p.R.Format, p.R.Version)}} {
		if d[1] != "" {
			p.Digests = append(p.Digests, line{Title: d[0], Value: d[1]})
		}
	}
	for _, s := range p.R.Sources {
		if s.Snapshot != "" {
			p.Digests = append(p.Digests, line{Title: "Snapshot " + s.ID, Value: s.Snapshot})
		}
	}
	for _, s := range p.R.Stages {
		p.Stages = append(p.Stages, line{Title: s.Name, Where: s.State, Count: grouped(s.Rows), Value: span(s.Millis)})
	}
}

type gateRow struct {
	Gate
	Class string
}

type kindRow struct {
	Kind
	Limit                         string
	Passed, Warned, Failed, Other int64
}

// checked counts the checks of each kind that was made.
func (p *page) checked() {
	rows := map[string]*kindRow{}
	for i := range p.R.Checks {
		c := &p.R.Checks[i]
		row := rows[c.Kind]
		if row == nil {
			row = &kindRow{Kind: p.kinds[c.Kind], Limit: c.Limit}
			if other := finnish[c.Dimension]; other != c.Dimension {
				row.Dimension += " (" + other + ")"
			}
			if c.Limit == "0" {
				row.Limit = "must be 0"
			}
			rows[c.Kind] = row
		}
		switch c.Status {
		case statusPass:
			row.Passed++
		case statusWarn:
			row.Warned++
		case statusFail, statusError:
			row.Failed++
		default:
			row.Other++
		}
	}
	for _, k := range p.R.Kinds {
		if row := rows[k.Name]; row != nil {
			p.Kinds = append(p.Kinds, *row)
		}
	}
}

// head writes a head of the audit log as the command line takes it.
func head(a *Audit) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("%d:%s", a.Number, a.Chain)
}
