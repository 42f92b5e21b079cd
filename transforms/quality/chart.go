package quality

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// chart is a line in a box: the paths of an inline SVG and what a reader who does not see it hears.
type chart struct {
	Title, Now, Label, D, Area, Last, Hollow, Low, High, From, To string
}

// sparkline draws rows over runs in a box of 100 by 20.
func sparkline(name string, values []int64) chart {
	if len(values) < 2 {
		return chart{}
	}
	xs, ys := scaled(values, 100, 20, 2)
	return chart{D: path(xs, ys), Last: dot(xs[len(xs)-1], ys[len(ys)-1]),
		Label: fmt.Sprintf("%s: rows over %d runs, last %s", name, len(values), grouped(values[len(values)-1]))}
}

// scaled places values in a box. A line that does not move lies in the middle.
func scaled(values []int64, width, height, margin float64) (xs, ys []float64) {
	low, high := bounds(values)
	for i, v := range values {
		y := height / 2
		if high > low {
			y = height - margin - (height-2*margin)*float64(v-low)/float64(high-low)
		}
		xs = append(xs, width*float64(i)/float64(len(values)-1))
		ys = append(ys, y)
	}
	return xs, ys
}

func bounds(values []int64) (low, high int64) {
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

func path(xs, ys []float64) string {
	var b strings.Builder
	for i := range xs {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
		b.WriteString(decimal(xs[i]) + " " + decimal(ys[i]))
	}
	return b.String()
}

// dot is a line of no length: with round ends it is a circle whatever way the box is stretched.
func dot(x, y float64) string { return "M" + decimal(x) + " " + decimal(y) + "h0" }

// series is one metric over runs. Values are whole numbers; a share comes in hundredths of a percent.
type series struct {
	title string
	value func(Past) (int64, bool)
	show  func(int64) string
}

func percentOf(num, den int64) (int64, bool) {
	if den <= 0 {
		return 0, false
	}
	return (num*10000 + den/2) / den, true
}

var trendSeries = []series{
	{"People in the register", func(p Past) (int64, bool) { return p.People, p.People > 0 }, grouped},
	{"Rows read", func(p Past) (int64, bool) { return p.Read, p.Read > 0 }, grouped},
	{"Rows loaded", func(p Past) (int64, bool) { return p.Loaded, p.Read > 0 }, grouped},
	{"Rows in quarantine", func(p Past) (int64, bool) { return percentOf(p.Quarantined, p.Read) }, percentText},
	{"Required fields filled", func(p Past) (int64, bool) { return percentOf(p.Filled, p.Applicable) }, percentText},
	{"Pairs waiting for review", func(p Past) (int64, bool) { return p.Review, true }, grouped},
}

func percentText(h int64) string { return hundredths(h) + " %" }

func (p *page) trends() {
	for _, s := range trendSeries {
		p.Trends = append(p.Trends, s.draw(p.R.Trend))
	}
}

func (s series) draw(runs []Past) chart {
	var values []int64
	var used []Past
	for _, r := range runs {
		if v, ok := s.value(r); ok {
			values, used = append(values, v), append(used, r)
		}
	}
	c := chart{Title: s.title, Now: "–", Label: "not measurable"}
	if len(values) == 0 {
		return c
	}
	n := len(values) - 1
	c.Now, c.Label = s.show(values[n]), "a line needs two runs"
	if n == 0 {
		return c
	}
	low, high := bounds(values)
	xs, ys := scaled(values, 300, 54, 5)
	c.D, c.Last = path(xs, ys), dot(xs[n], ys[n])
	c.Area = c.D + "L" + decimal(xs[n]) + " 54L0 54Z"
	for i, r := range used {
		if r.Mode == "backfill" {
			c.Hollow += dot(xs[i], ys[i])
		}
	}
	c.Low, c.High, c.From, c.To = s.show(low), s.show(high), used[0].Date, used[n].Date
	c.Label = fmt.Sprintf("%s over %d runs: from %s to %s, between %s and %s", s.title, n+1, s.show(values[0]), c.Now, c.Low, c.High)
	return c
}

type sizeRow struct{ Name, Text, W string }

// people lays out what is about people: cluster sizes, promises, disclosures.
func (p *page) people() {
	if m := p.R.Matching; m != nil {
		cells := append([]Cell{}, m.Sizes.Shown...)
		sort.Slice(cells, func(i, j int) bool { return sizeOf(cells[i].Code) < sizeOf(cells[j].Code) })
		most := int64(1)
		for _, c := range cells {
			most = max(most, c.N)
		}
		for _, c := range cells {
			p.Sizes = append(p.Sizes, sizeRow{c.Code, grouped(c.N), decimal(1000 * float64(c.N) / float64(most))})
		}
		if m.Sizes.Folded {
			p.Sizes = append(p.Sizes, sizeRow{"other", otherText(m.Sizes), "0"})
		}
	}
	p.promises()
	for _, d := range p.R.Deliveries {
		receipt := strings.TrimSpace(d.Level + " " + d.Status)
		if receipt == "" {
			receipt = "none yet"
			if d.AgeMinutes != nil {
				receipt += ", sent " + strings.TrimSuffix(age(d.AgeMinutes), " old") + " ago"
			}
		}
		p.Deliveries = append(p.Deliveries, deliveryRow{d.ID, d.Recipient, d.State, receipt})
	}
}

type deliveryRow struct{ ID, Recipient, State, Receipt string }

// sizeOf reads "3" and "9+".
func sizeOf(code string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(code, "+"))
	if err != nil {
		return 1 << 30
	}
	return n
}

// promises lists the checks that must be nought, one line each: the worst one speaks for its kind.
func (p *page) promises() {
	for _, kind := range []string{"consentCoverage", "retentionOverdue", "leakScan", "smallCells", "reportLeak"} {
		var worst *Check
		sum := int64(0)
		for i := range p.R.Checks {
			c := &p.R.Checks[i]
			if c.Kind != kind {
				continue
			}
			if worst == nil || c.rank() > worst.rank() {
				worst = c
			}
			if c.Numerator != nil {
				sum += *c.Numerator
			}
		}
		if worst == nil {
			continue
		}
		l := line{Title: promiseWords[kind], Status: worst.Status, Detail: grouped(sum) + " " + worst.Unit}
		if worst.Status == statusError {
			l.Detail = worst.Detail
		}
		p.Promises = append(p.Promises, l)
	}
}

var promiseWords = map[string]string{
	"consentCoverage":  "Nobody is used against a withdrawal or an objection",
	"retentionOverdue": "Nothing is kept past its time",
	"leakScan":         "No identifying value goes out in an extract",
	"smallCells":       "No small count stands in this report",
	"reportLeak":       "No value of a person stands in this report",
}
