package record_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/internal/canon"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/record"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// input is what an installation of a pack is set up with, under the layouts that come with the program.
func input(t *testing.T, id string) record.Input {
	t.Helper()
	src, ok := policy.Shipped(id)
	if !ok {
		t.Fatal("no such pack")
	}
	p, err := policy.Parse(id+".yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	layouts, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	layouts = slices.DeleteFunc(layouts, func(l *layout.Layout) bool { return !slices.Contains(p.Controller.Institutions, l.Controller) })
	day, err := canon.ParseDate("2026-11-22")
	if err != nil {
		t.Fatal(err)
	}
	return record.Input{Pack: p, Layouts: layouts, Date: day, Setup: record.Setup{Sender: "campus", Register: "SQLite, a file of the workspace",
		Vault: "a database server (MariaDB or MySQL)", Inboxes: map[string]string{"peppi": "fetched by SFTP"}}}
}

// TestGolden writes both documents of packs of all kinds, in both forms: with systems that are read and without, with
// groups, with recipients in other countries, with periods that are owed. It holds the rule METRO-01 of the notices.
func TestGolden(t *testing.T) {
	for _, id := range policy.ShippedIDs() {
		in := input(t, id)
		for name, d := range map[string]*record.Document{"record": record.Processing(in), "notice": record.PrivacyNotice(in)} {
			page, err := d.HTML()
			if err != nil {
				t.Fatal(err)
			}
			for ext, got := range map[string][]byte{".md": d.Markdown(), ".html": page} {
				if ext == ".html" && id != "xamk" {
					continue // the page says what the text says
				}
				file := filepath.Join("testdata", id+"-"+name+ext)
				if *update {
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s is stale: go test ./transforms/record -update, and look at the difference", file)
				}
			}
		}
	}
}

// TestListsOfHoldersAreProcessing: who held a card is read for a case, so both documents say of it, in both forms, what and why, who sees
// it, and that nothing is kept. A pack that stores nothing of doors never reads it.
func TestListsOfHoldersAreProcessing(t *testing.T) {
	in := input(t, "metropolia_exam")
	xamk := input(t, "xamk")
	xamk.Layouts = append(xamk.Layouts, in.Layouts...) // as an installation that reads the doors for another pack
	without := input(t, "metropolia_exam")
	without.Layouts = slices.DeleteFunc(without.Layouts, func(l *layout.Layout) bool { return len(l.Holders) > 0 })
	for name, tt := range map[string]struct {
		in    record.Input
		there bool
	}{"doors": {in, true}, "doors of another pack": {xamk, false}, "no doors": {without, false}} {
		for _, d := range []*record.Document{record.Processing(tt.in), record.PrivacyNotice(tt.in)} {
			page, err := d.HTML()
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{string(d.Markdown()), string(page)} {
				for _, sign := range []string{"access-control/temporary-cards", "Read for a case alone"} {
					if strings.Contains(text, sign) != tt.there {
						t.Errorf("%s: %q is there: %t", name, sign, !tt.there)
					}
				}
				for _, want := range []string{"number of the card, who held it, from when, until when, whether their identity was checked", "identity check, only under the hold misconduct",
					"GDPR 6(1)(a)", "METRO-09", "Seen by", "the exam administrator who approved it", "nothing: the list is read in memory"} {
					if tt.there && !strings.Contains(text, want) {
						t.Errorf("%s: %q is missing", name, want)
					}
				}
			}
		}
	}
}

// TestBoughtDataNamesItsProvider: where the pack lets bought data in, the record says who provides it under which licence, as the
// layout says it of all rows or as each row does. It holds the rule SEAMK-34 of the notices.
func TestBoughtDataNamesItsProvider(t *testing.T) {
	src, _ := policy.Shipped("seamk")
	p, err := policy.Parse("seamk.yaml", bytes.ReplaceAll(src, []byte("undecided: true"), []byte("anchor: source_removed, period: P2Y, action: delete")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := layout.ShippedSource("external-lists.yaml")
	if err != nil {
		t.Fatal(err)
	}
	once := strings.NewReplacer("  - {name: provider, sidecar: provider, required: true, to: attribution.provider}\n", "", "  - {name: licence, sidecar: lia_ref, required: true, to: attribution.licence}  # the assessment, where the row names no contract\n", "",
		"  columns:\n", "  rows: {attribution: {set: {provider: Mallitieto, licence: MT-2026}}}\n  columns:\n")
	for want, src := range map[string]string{
		"provider: as each row names it; licence: as each row names it; until: as each row names it": string(text),
		"provider: Mallitieto; licence: MT-2026; until: as each row names it":                        once.Replace(string(text)),
	} {
		l, err := layout.Parse("external-lists.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		in := input(t, "seamk")
		if in.Layouts = []*layout.Layout{l}; strings.Contains(string(record.Processing(in).Markdown()), want) {
			t.Error("the shipped pack lets nothing in, and a provider is named")
		}
		if in.Pack = p; !strings.Contains(string(record.Processing(in).Markdown()), want) {
			t.Errorf("no %q in\n%s", want, record.Processing(in).Markdown())
		}
	}
}

// TestNothingOfThePackIsMissing finds every purpose, category, recipient, period and legal basis of each pack in its
// record, with the clauses. It holds the rules METRO-01 and NMBU-27 of the notices.
func TestNothingOfThePackIsMissing(t *testing.T) {
	for _, id := range policy.ShippedIDs() {
		in := input(t, id)
		text := string(record.Processing(in).Markdown())
		notice := string(record.PrivacyNotice(in).Markdown())
		has := func(what string, clause []string) {
			t.Helper()
			line := what + " "
			for _, doc := range []string{text, notice} {
				if !slices.ContainsFunc(strings.Split(doc, "\n"), func(l string) bool {
					return strings.Contains(l, line) && strings.Contains(l, strings.Join(clause, ", "))
				}) {
					t.Errorf("%s: %s by %v is in one of the documents missing", id, what, clause)
				}
			}
		}
		words := func(s string) string { return strings.ReplaceAll(s, "_", " ") }
		for _, u := range in.Pack.Purposes {
			has("| "+words(u.ID), u.Clause)
		}
		for _, c := range in.Pack.Categories {
			has("| "+words(c.ID), c.Clause)
		}
		for _, d := range in.Pack.Disclosures {
			has("| "+words(d.Recipient)+" | "+d.Country+" | "+words(d.Purpose), d.Clause)
		}
		for _, r := range in.Pack.Retention {
			has("| "+words(r.Category), r.Clause)
		}
		for _, w := range in.Pack.Waiting() {
			if !strings.Contains(strings.ReplaceAll(text, `\_`, "_"), w.What) {
				t.Errorf("%s: what waits for the controller is missing: %s", id, w.What)
			}
		}
	}
}

// TestThreat_T40_NamesOfAPackAreNoMarkup gives a pack's names signs that both forms would take for markup.
func TestThreat_T40_NamesOfAPackAreNoMarkup(t *testing.T) {
	in := input(t, "xamk")
	in.Pack.Controller.Name = `<script>alert(1)</script> | **x** [a](javascript:b)`
	d := record.Processing(in)
	page, err := d.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"page": string(page), "text": string(d.Markdown())} {
		if strings.Contains(text, "<script") || form == "text" && (strings.Contains(text, "[a](") || strings.Contains(text, "**x**")) {
			t.Errorf("the %s takes a name for markup", form)
		}
	}
}
