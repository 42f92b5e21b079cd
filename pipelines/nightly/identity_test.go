package nightly_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

// unfilled are the identifying columns that no source of the campus fills. A column is here or its values are searched for.
var unfilled = []string{"person.fnr", "person.orcid", "address.line2", "address.line3", "address.region", "org.phone", "org.email",
	"internship.supervisor", "exam.feedback", "interaction.summary"}

// listed are identifying columns whose values are of a short list, so that they stand in places where they say nothing of a
// person: a search for "work" or "FI" cannot tell.
var listed = []string{"address.country", "address.kind", "email.kind", "phone.kind"}

// unkept are the identifying columns whose values the vault does not keep: the policy withholds them, or a keyed token stands
// for them.
var unkept = []string{"peppi/alumnit address.line1", "peppi/alumnit address.city", "student-register/opiskelijat address.line1",
	"student-register/opiskelijat address.city", "dynamics365/consents consent.contact_point"}

// addIdentity adds a value of each identifying column that a source of the campus fills with what takes no canary, and fails
// when it has none: the canonical tables say which columns these are, the layouts which source fills them. The values are
// those of the vault and of the exports: the vault does not keep all. Canaries must be in the vault from each column that has
// them in an export.
func (s *search) addIdentity(t *testing.T, in site, date canon.Date) {
	t.Helper()
	var kept map[string][]string
	in.at(t, func(ws *workspace.Workspace) { kept = vaultValues(t, ws) })
	filled := map[string]bool{}
	in.feeds(t, date, func(f *layout.Feed, export string) {
		exported := map[string][]string{}
		exportValues(t, export, f, exported)
		for column := range identifyingColumns(f) {
			filled[column] = true
			place := f.FullName() + " " + column
			switch value := telling(slices.Concat(exported[column], kept[place])); {
			case value == "":
				t.Errorf("there is no %s to search for", place)
			case !hasCanary(value):
				if !slices.Contains(s.words, value) {
					s.add(value)
				}
			case slices.ContainsFunc(kept[place], hasCanary) == slices.Contains(unkept, place):
				t.Errorf("whether the vault has a canary from %s, and whether it is among those that it does not keep, is the same", place)
			}
		}
	})
	for _, table := range canon.Tables() {
		for _, c := range table.Columns {
			column := table.Name + "." + c.Name
			if c.Class.Identifying() && !slices.Contains(listed, column) && filled[column] == slices.Contains(unfilled, column) {
				t.Errorf("%s: whether a source of the campus fills it is %v, and whether it is among the unfilled, too", column, filled[column])
			}
		}
	}
}

// identifyingColumns gives the identifying canonical columns that a feed's own values fill, with the position of what fills
// them.
func identifyingColumns(f *layout.Feed) map[string]int {
	out := map[string]int{}
	for _, filling := range f.Fillings() {
		for _, v := range filling.Values {
			c := filling.Table.Columns[v.Column]
			name := filling.Table.Name + "." + c.Name
			if c.Class.Identifying() && v.Source >= 0 && !slices.Contains(listed, name) {
				out[name] = v.Source
			}
		}
	}
	return out
}

// vaultValues gives the values of the vault by feed and column.
func vaultValues(t *testing.T, ws *workspace.Workspace) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for e, err := range ws.Vault.Open(context.Background(), nil, vault.Everything) {
		if err != nil {
			t.Fatal(err)
		}
		for _, facts := range [][]vault.Fact{e.Names, e.Identifiers, e.Contacts} {
			for _, f := range facts {
				key := e.Source + " " + f.Table + "." + f.Column
				out[key] = append(out[key], strings.Clone(f.Value))
			}
		}
	}
	return out
}

// exportValues adds what identifying columns of an export hold, when it is CSV, as far as it is ASCII, which is the same in
// every encoding.
func exportValues(t *testing.T, path string, f *layout.Feed, values map[string][]string) {
	t.Helper()
	if f.Format.Type != "csv" {
		return
	}
	rows := readExport(t, f, path).rows
	places := placesOf(f, rows[0])
	for column, source := range identifyingColumns(f) {
		for _, row := range rows[linesOfHeader:] {
			if at := places[source]; at >= 0 && len(row) > slices.Max(places) && !strings.HasPrefix(row[at], refused) && isASCII(row[at]) {
				values[column] = append(values[column], row[at])
			}
		}
	}
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c > unicode.MaxASCII })
}

func hasCanary(value string) bool {
	return strings.Contains(strings.ToLower(value), strings.ToLower(canary))
}

// telling gives the value that is least likely to be somewhere by chance, or "": one with a canary, else a long one of many
// different characters, and of dates the earliest, when nobody studied who does today. A city that names the time zone
// of the settings tells nothing.
func telling(values []string) string {
	values = slices.DeleteFunc(values, func(v string) bool { return v == "" || v == "Helsinki" })
	if len(values) == 0 {
		return ""
	}
	return slices.MaxFunc(values, func(a, b string) int {
		number := func(v string) int {
			different := map[rune]bool{}
			for _, c := range v {
				different[c] = true
			}
			n := len(v) + len(different)
			if hasCanary(v) {
				n += 1000
			}
			return n
		}
		if _, err := canon.ParseDate(a); err == nil {
			return cmp.Compare(b, a)
		}
		return cmp.Or(cmp.Compare(number(a), number(b)), cmp.Compare(b, a))
	})
}

// findsAllForms is the positive control: each value is found in each of its forms.
func (s search) findsAllForms(t *testing.T) {
	t.Helper()
	for i, word := range s.words {
		sentence := "It says " + word + " here"
		object, err := json.Marshal(map[string]string{"said": word})
		if err != nil {
			t.Fatal(err)
		}
		forms := map[string][]byte{
			"plain": []byte(sentence), "upper case": []byte(strings.ToUpper(sentence)), "hexadecimal": []byte(hex.EncodeToString([]byte(sentence))),
			"URL": []byte("?x=" + url.QueryEscape(word) + "&y=1"), "JSON": object, "UTF-16": wide(sentence),
		}
		for shift, name := range []string{"base64", "base64, shifted by 1", "base64, shifted by 2"} {
			forms[name] = []byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + sentence)))
		}
		for name, form := range forms {
			if s.finds(form) < 0 {
				t.Errorf("value %d is not found in its form %s", i, name)
			}
		}
	}
}

// findsInAllPlaces is the positive control of where is searched: a value is found in each kind of place, once it is there.
func findsInAllPlaces(t *testing.T, s site) {
	t.Helper()
	var one search
	one.add("Koekanarialintu") // nights have left other canaries nowhere
	if found := one.leaks(t, s, ""); len(found) > 0 {
		t.Fatalf("found before it was there: %v", found)
	}
	found := func(said, where string) {
		t.Helper()
		if places := one.leaks(t, s, said); !slices.ContainsFunc(places, func(p string) bool { return strings.HasPrefix(p, where) }) {
			t.Errorf("not found in %s", where)
		}
	}
	found(one.words[0], "what the program said")
	for _, file := range []string{filepath.Join(workspace.ReportDir, "control.html"), "control.log", filepath.Join(workspace.ReportDir, one.words[0])} {
		path, where := filepath.Join(s.dir, file), "the file "+file
		text := []byte(one.words[0])
		if strings.HasSuffix(file, one.words[0]) {
			text, where = nil, "the name of a file"
		}
		write(t, path, text)
		found("", where)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	s.at(t, func(ws *workspace.Workspace) {
		if _, err := ws.RegisterDB.Exec("UPDATE `run` SET `software` = ?", one.words[0]); err != nil {
			t.Fatal(err)
		}
	})
	found("", "the rows of ")
}
