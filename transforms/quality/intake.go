package quality

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"uoma/internal/late"
)

// removed stands where a string was taken out.
const removed = "(removed)"

// Bounds of strings: names of columns in the largest exports have some 60 characters, ids of checks
// made of them some 120, sentences some 200.
const (
	maxName  = 160
	maxProse = 320
	maxRead  = 4096 // bytes of a string that are looked at; a longer one is no name and no sentence
)

// door is the one way in for strings. It counts what it takes out.
type door struct{ dropped int64 }

var (
	digestPattern = late.Compile(`^(?:[a-z0-9]+:)?[0-9a-f]{16,128}$`)
	pathPattern   = late.Compile(`(?:[A-Za-z]:)?(?:[\\/]+[^\s\\/:;,]+){2,}`)
	quotedPattern = late.Compile(`"[^"]*"|'[^']*'|“[^”]*”|‘[^’]*’|` + "`[^`]*`")
)

// name lets a name of a column, table, rule, state or code pass.
func (d *door) name(s string) string {
	if len(s) > maxRead {
		d.dropped++
		return removed
	}
	s = visible(s)
	short := clip(s, maxName) // a cut may hide a value or make one
	if looksLikeValue(s) || looksLikeValue(short) {
		d.dropped++
		return removed
	}
	return short
}

// prose lets a sentence of ours pass without what a driver or parser may have quoted in it.
func (d *door) prose(s string) string {
	if len(s) > maxRead {
		d.dropped++
		return removed
	}
	s = visible(s)
	s = quotedPattern().ReplaceAllString(s, "“…”")
	s = pathPattern().ReplaceAllStringFunc(s, base)
	s, hits := mask(s)
	d.dropped += int64(hits)
	if s = clip(s, maxProse); looksLikeValue(s) { // what stood beside a hit, or was cut, may be another
		d.dropped++
		return removed
	}
	return s
}

// file makes a file's name relative: its system's folder and itself.
func (d *door) file(s string) string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '\\' })
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "." || p == ".." })
	if len(parts) > 2 {
		parts = parts[len(parts)-2:]
	}
	return d.name(strings.Join(parts, "/"))
}

func base(path string) string {
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

func (d *door) digest(s string) string {
	if s == "" || len(s) <= maxRead && digestPattern.MatchString(s) && !looksLikeValue(s) {
		return s
	}
	d.dropped++
	return removed
}

func (d *door) date(s string) string {
	if s == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		d.dropped++
		return ""
	}
	return s
}

func (d *door) names(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = d.name(s)
	}
	return out
}

// counts cleans the codes; codes that become the same are added up. A count below zero is a mistake of the caller and
// stays as it is, so that the balance shows it.
func (d *door) counts(c Counts) Counts {
	out := make(Counts, len(c))
	for code, n := range c {
		out[d.name(code)] += n
	}
	return out
}

// visible writes control, direction, zero-width and other unseen characters as their code point, so that nothing in the
// report moves a cursor, turns a line round or hides (CWE-150, CVE-2021-42574). Every kind of space becomes a space.
func visible(s string) string {
	plain := func(r rune) bool {
		return r != utf8.RuneError && (r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r))
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case plain(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, `\u{%04X}`, r)
		}
	}
	return b.String()
}

func clip(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// admit gives a cleaned, sorted copy of the input; the original is left alone.
func admit(in Input) (Input, int64) {
	d := &door{}
	out := in
	out.Limits = in.Limits.filled()
	out.Run = d.run(in.Run)
	out.Sources = each(in.Sources, d.source, func(s Source) string { return s.Feed })
	out.Datasets = each(in.Datasets, func(s Dataset) Dataset {
		s.Feed, s.Table = d.name(s.Feed), d.name(s.Table)
		return s
	}, func(s Dataset) string { return s.Feed + "\x00" + s.Table })
	out.Fields = each(in.Fields, d.field, nil) // in the order of the layout
	sort.SliceStable(out.Fields, func(i, j int) bool { return out.Fields[i].Feed < out.Fields[j].Feed })
	out.Matching = d.matching(in.Matching)
	out.Privacy = d.privacy(in.Privacy)
	out.Extracts = each(in.Extracts, func(e Extract) Extract {
		e.Dataset, e.Recipient, e.Withheld = d.name(e.Dataset), d.name(e.Recipient), d.counts(e.Withheld)
		return e
	}, func(e Extract) string { return e.Dataset + "\x00" + e.Recipient })
	out.Deliveries = each(in.Deliveries, func(v Delivery) Delivery {
		v.ID, v.Dataset, v.Recipient = d.name(v.ID), d.name(v.Dataset), d.name(v.Recipient)
		v.State, v.Level, v.Status = d.name(v.State), d.name(v.Level), d.name(v.Status)
		return v
	}, func(v Delivery) string { return v.ID })
	out.Orders = each(in.Orders, func(o Orders) Orders { o.Target = d.name(o.Target); return o }, func(o Orders) string { return o.Target })
	out.Register = each(in.Register, func(t Table) Table { t.Name = d.name(t.Name); return t }, func(t Table) string { return t.Name })
	out.History = each(in.History[max(0, len(in.History)-maxHistory):], d.past, nil)
	out.Stages = each(in.Stages, func(s Stage) Stage { s.Name, s.State = d.name(s.Name), d.name(s.State); return s }, nil)
	out.Untold = each(in.Untold, func(u Untold) Untold { u.Feed, u.By = d.name(u.Feed), d.date(u.By); return u }, func(u Untold) string { return u.Feed + "\x00" + u.By })
	out.Unread = d.names(in.Unread)
	out.Waivers = each(in.Waivers, func(w Waiver) Waiver {
		w.Check, w.Reason, w.By, w.Second = d.name(w.Check), d.prose(w.Reason), d.name(w.By), d.name(w.Second)
		w.From, w.Until = d.date(w.From), d.date(w.Until)
		return w
	}, func(w Waiver) string { return w.Check })
	return out, d.dropped
}

// maxHistory is how many earlier runs a trend shows.
const maxHistory = 30

// each maps a list and sorts the result by key; without a key the order stays.
func each[T any](list []T, clean func(T) T, key func(T) string) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = clean(v)
	}
	if key != nil {
		sort.SliceStable(out, func(i, j int) bool { return key(out[i]) < key(out[j]) })
	}
	return out
}

func (d *door) run(r Run) Run {
	r.ID, r.Pipeline, r.Mode, r.Zone, r.Software = d.name(r.ID), d.name(r.Pipeline), d.name(r.Mode), d.name(r.Zone), d.name(r.Software)
	r.Date, r.ConfigDigest, r.Commit = d.date(r.Date), d.digest(r.ConfigDigest), d.name(r.Commit)
	if r.Audit != nil {
		r.Audit = &Audit{r.Audit.Number, d.digest(r.Audit.Chain)}
	}
	r.Policy = Policy{d.name(r.Policy.ID), d.name(r.Policy.Version), d.digest(r.Policy.Digest)}
	return r
}

func (d *door) source(s Source) Source {
	s.Feed, s.System, s.File, s.Encoding = d.name(s.Feed), d.name(s.System), d.file(s.File), d.name(s.Encoding)
	s.Quarantined, s.Withheld, s.Skipped = d.counts(s.Quarantined), d.counts(s.Withheld), d.counts(s.Skipped)
	s.Missing, s.Required = d.names(s.Missing), d.names(s.Required)
	s.Unknown = d.unknown(s)
	s.Digest, s.Layout = d.digest(s.Digest), d.digest(s.Layout)
	s.Code, s.Reason, s.Hint, s.ReadAs = d.name(s.Code), d.prose(s.Reason), d.prose(s.Hint), d.prose(s.ReadAs)
	return s
}

// unknown lets the names of unknown columns pass only where the first line is a header at all: when half of the expected
// names are missing, it may well be the first person's row.
func (d *door) unknown(s Source) []string {
	if 2*len(s.Missing) < max(s.Columns, 1) {
		return d.names(s.Unknown)
	}
	out := make([]string, len(s.Unknown))
	for i := range out {
		out[i] = removed
	}
	d.dropped += int64(len(out))
	return out
}

var classes = []string{"plain", "quasi", "key", "name", "identifier", "contact", "free_text"}

func (d *door) field(f Field) Field {
	f.Feed, f.Column, f.Targets = d.name(f.Feed), d.name(f.Column), d.names(f.Targets)
	f.Invalid, f.Warnings = d.counts(f.Invalid), d.counts(f.Warnings)
	d.dropped += int64(len(f.Examples))
	f.Examples = nil
	if !slices.Contains(classes, f.Class) {
		f.Class = "identifier"
	}
	if f.Class != "plain" && f.Class != "quasi" {
		d.dropped += int64(len(f.Codes))
		f.Codes = nil
	}
	f.Codes = d.counts(f.Codes)
	return f
}

func (d *door) matching(m *Matching) *Matching {
	if m == nil {
		return nil
	}
	c := *m
	c.Links, c.Conflicts, c.Review, c.Sizes = d.counts(m.Links), d.counts(m.Conflicts), d.counts(m.Review), d.counts(m.Sizes)
	return &c
}

func (d *door) privacy(p *Privacy) *Privacy {
	if p == nil {
		return nil
	}
	c := *p
	c.Objections = d.counts(p.Objections)
	c.Consents = each(p.Consents, func(s Consent) Consent {
		s.Purpose, s.Channel = d.name(s.Purpose), d.name(s.Channel)
		return s
	}, func(s Consent) string { return s.Purpose + "\x00" + s.Channel })
	c.Sequences = each(p.Sequences, func(s Sequence) Sequence { s.ID = d.name(s.ID); return s }, func(s Sequence) string { return s.ID })
	c.Retention = each(p.Retention, func(r Retention) Retention {
		r.Category, r.Clause, r.Next = d.name(r.Category), d.name(r.Clause), d.date(r.Next)
		return r
	}, func(r Retention) string { return r.Category })
	return &c
}

func (d *door) past(p Past) Past {
	p.Run, p.Date, p.Mode, p.Verdict = d.name(p.Run), d.date(p.Date), d.name(p.Mode), d.name(p.Verdict)
	p.Feeds, p.Open = d.counts(p.Feeds), d.names(p.Open)
	return p
}
