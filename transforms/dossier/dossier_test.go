package dossier_test

import (
	"bytes"
	"flag"
	"html"
	"os"
	"strings"
	"testing"

	"uoma/transforms/dossier"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a dossier with something everywhere.
func sample() *dossier.Dossier {
	return &dossier.Dossier{
		Format: dossier.Format, Version: dossier.Version, Kind: dossier.Access, Date: "2026-11-27", Night: "nightly-2026-11-26", Person: "4f1cwb386zdmxn5ehfya24z4gp",
		Controller: dossier.Controller{Name: "Esimerkki University", BusinessID: "0000000-0"},
		Notice:     dossier.Notice{Title: "Alumni relations", Updated: "2022-12-08", Pack: "sample 1", Digest: "sha256:0"},
		Standing:   dossier.Standing{Member: true, Clause: "SAMPLE-10", Roles: []string{"alumnus", "student"}, Protected: true},
		Stops: []dossier.Stop{{Kind: dossier.Restriction, Clause: "SAMPLE-50", Says: "while accuracy is looked into"},
			{Kind: dossier.Hold, About: "legal_claim", Clause: "SAMPLE-52", Says: "a claim in court"}},
		Data: []dossier.Datum{
			{Category: "alumni_basics", Source: "alumni-portal/profiles", SourceKey: "s1", Basis: "6(1)(a)", Clause: "SAMPLE-24", Says: "what the person gave",
				Since: "nightly-2026-11-21", Ends: []string{"membership_end + P0D, delete (SAMPLE-36)"}, Given: true, Values: []dossier.Value{
					{Table: "person", Column: "family_name", Value: "Esimerkki"}, {Table: "email", Seq: 1, Column: "address", Value: "aino@mail.example"}}},
			{Category: "staff", Source: "pegasos/henkilot", SourceKey: "s2", Basis: "6(1)(e)", Act: "932/2014 § 4", Clause: "SAMPLE-17", Says: "teaching",
				Since: "nightly-2026-11-21", Gone: "nightly-2026-11-25", Due: "2027-01-01", Action: "delete", DueClause: "SAMPLE-34", Hold: "contract", Ends: []string{}, Values: []dossier.Value{}},
			{Category: "contact", Source: "external-lists/purchased", SourceKey: "s3", Basis: "6(1)(e)", Clause: "SAMPLE-57", Says: "bought data",
				Since: "nightly-2026-11-21", Ends: []string{"licence_end + P0D, delete (SAMPLE-57)"}, Provider: "Sample Lists", Licence: "SL-1", Until: "2027-09-30",
				ChangedAt: "2026-11-02T08:15:30Z", Values: []dossier.Value{}},
		},
		Words: []dossier.Word{{Purpose: "news", Topic: "campus", Channel: "email", State: "granted", Clause: "SAMPLE-40", Says: "consent"}},
		Said: []dossier.Said{{Purpose: "news", Topic: "campus", Channel: "email", State: "granted", At: "2026-10-22T09:15:00Z", Source: "webforms/consents",
			TextVersion: "2026-09", TextDigest: strings.Repeat("1a", 32)}, {Purpose: "survey", State: "refused", Source: "hand"}},
		Objections: []string{"marketing"},
		Uses: []dossier.Use{{Purpose: "news", Category: "alumni_basics", Allow: true, Clause: "SAMPLE-14", Reason: "allowed", Says: "members hear"},
			{Purpose: "run_event", Category: "event", Allow: true, Per: "event", Clause: "SAMPLE-38", Reason: "allowed", Says: "that event alone"},
			{Purpose: "survey", Recipient: "csc", Category: "staff", Clause: "SAMPLE-16", Reason: "no such use", Says: "graduates alone"}},
		Recipients: []dossier.Recipient{{Recipient: "csc", Country: "FI", Dataset: "survey", Delivery: "d1", Purpose: "survey", Clause: "SAMPLE-31",
			Columns: []string{"sukunimi", "etunimet"}, State: "closed", At: "2026-11-23T08:00:00Z"},
			{Recipient: "csc", Country: "FI", Dataset: "survey", Delivery: "d0", Purpose: "survey", Clause: "SAMPLE-31",
				Columns: []string{"sukunimi"}, State: "closed", At: "2025-11-23T08:00:00Z", Former: true}},
		Sources: []dossier.Source{{System: "alumni-portal", Title: "Alumni portal", Given: true}, {System: "pegasos", Title: "Staff"}},
		Rights:  dossier.Rights(), LeftOut: []dossier.LeftOut{{What: "copies", Reason: "the same rows"}},
	}
}

func TestGolden(t *testing.T) {
	for file, render := range map[string]func(*dossier.Dossier) ([]byte, error){
		"access.json": dossier.JSON, "access.html": dossier.HTML,
		"portable.json": func(d *dossier.Dossier) ([]byte, error) { return dossier.JSON(d.Portable()) },
		"portable.html": func(d *dossier.Dossier) ([]byte, error) { return dossier.HTML(d.Portable()) },
	} {
		got, err := render(sample())
		if err != nil {
			t.Fatal(err)
		}
		file = "testdata/" + file
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale: go test ./transforms/dossier -update, and look at the difference", file)
		}
	}
}

// TestThreat_T40_ValuesAreNoMarkup puts hostile values everywhere; TestThreat_T37_… asks for the signs that nobody sees.
func TestThreat_T40_ValuesAreNoMarkup(t *testing.T) {
	const hostile = `"><script>alert(1)</script><svg onload=x>{{.}}javascript:x`
	d := sample()
	d.Data[0].Values[0].Value, d.Data[0].Values[0].Column, d.Data[0].Source = hostile, hostile, hostile
	d.Recipients[0].Columns = []string{hostile}
	d.Sources[0].Title, d.Uses[2].Reason, d.Words[0].Topic, d.Objections[0] = hostile, hostile, hostile, hostile
	d.Said[0].Topic, d.Said[0].Source, d.Said[0].TextVersion = hostile, hostile, hostile
	page, err := dossier.HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<svg", "onload=x>", "src=", "href=\"http", "url("} {
		if bytes.Contains(page, []byte(bad)) {
			t.Errorf("the page holds %s", bad)
		}
	}
	if !bytes.Contains(page, []byte(`content="default-src 'none'; style-src 'unsafe-inline'"`)) {
		t.Error("the page has no policy of what it may load")
	}
}

func TestThreat_T37_UnseenSignsAreShownByNumber(t *testing.T) {
	d := sample()
	d.Data[0].Values[0].Value = "a\u202eb\x1b[31m\u200b"
	page, err := dossier.HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(page), "\u202e\x1b\u200b") || !strings.Contains(html.UnescapeString(string(page)), "a‹U+202E›b‹U+001B›[31m‹U+200B›") {
		t.Error("an unseen sign is on the page")
	}
}

// TestThePageDoesNotContradictItself has somebody who said something that comes to nothing: it is no silence.
func TestThePageDoesNotContradictItself(t *testing.T) {
	for _, tt := range []struct {
		words, said, silent bool
	}{{true, true, false}, {false, true, false}, {true, false, false}, {false, false, true}} {
		d := sample()
		if !tt.words {
			d.Words = []dossier.Word{}
		}
		if !tt.said {
			d.Said = []dossier.Said{}
		}
		page, err := dossier.HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		if silent := strings.Contains(string(page), "You gave no consent"); silent != tt.silent {
			t.Errorf("consents %v, said %v: silent %v", tt.words, tt.said, silent)
		}
	}
}

// TestThePageCanBeReadAloud holds the page to what a screen reader needs: its language, one first heading and none skipped, headers
// that say what they head, regions that scroll and can be reached by key, and links that lead somewhere.
func TestThePageCanBeReadAloud(t *testing.T) {
	for _, d := range []*dossier.Dossier{sample(), sample().Portable()} {
		raw, err := dossier.HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		page := string(raw)
		if !strings.Contains(page, `<html lang="en">`) || strings.Count(page, "<h1") != 1 || strings.Count(page, "<main>") != 1 || !strings.Contains(page, "<title>"+d.Date) && !strings.Contains(page, d.Date+"</title>") {
			t.Error("language, title, first heading or main part are missing")
		}
		level := byte('0')
		for rest := page; ; {
			_, after, found := strings.Cut(rest, "<h")
			if !found {
				break
			}
			if rest = after; rest[0] < '1' || rest[0] > '6' {
				continue
			}
			if rest[0] > level+1 {
				t.Errorf("a heading of level %c follows one of level %c", rest[0], level)
			}
			level = rest[0]
		}
		if heads, scoped := strings.Count(page, "<th "), strings.Count(page, "<th scope="); heads != scoped || strings.Contains(page, "<th>") {
			t.Errorf("of %d headers %d say what they head", heads, scoped)
		}
		if tables, named := strings.Count(page, "<table>"), strings.Count(page, `role="region" tabindex="0" aria-labelledby=`)+strings.Count(page, "<caption>"); tables != named {
			t.Errorf("of %d tables %d have a name", tables, named)
		}
		for _, attribute := range []string{`href="#`, `aria-labelledby="`} {
			for _, part := range strings.Split(page, attribute)[1:] {
				if id, _, _ := strings.Cut(part, `"`); !strings.Contains(page, ` id="`+id+`"`) {
					t.Errorf("%s%s leads nowhere", attribute, id)
				}
			}
		}
	}
}
