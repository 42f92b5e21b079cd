package nightly_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"testing/fstest"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/transforms/layout"
)

// TestAnExportOfAnotherTypeIsNamed reads what comes in place of an export of text, and is told what it is.
func TestAnExportOfAnotherTypeIsNamed(t *testing.T) {
	formats := map[string]string{
		"csv": `{type: csv, delimiter: ";", encoding: windows-1252}`, "json": "{type: json, rows: list}", "ndjson": "{type: ndjson}",
		"xml": "{type: xml, rows: a/b}", "fixed": "{type: fixed, encoding: windows-1252}", "ldif": "{type: ldif}",
	}
	comes := map[string]string{
		"workbook": "PK\x03\x04\x14\x00\x00\x00", "workbook of old": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "parquet": "PAR1\x15\x04",
		"gzip": "\x1f\x8b\x08\x00\x00", "zstd": "\x28\xb5\x2f\xfd\x04", "PDF": "%PDF-1.7\n", "page": "\r\n<!DOCTYPE html>\n<html><body>Log in</body></html>", "other page": "\ufeff<HTML lang=fi>",
	}
	for kind, format := range formats {
		at := ""
		if kind == "fixed" {
			at = ", at: 1-4"
		}
		l, err := layout.Parse("own.yaml", []byte("system: own\ntitle: Own\ncontroller: \"10118\"\nfeeds:\n- name: people\n  file: people_{yyyyMMdd}.txt\n  format: "+format+
			"\n  key: [id]\n  person: [id]\n  columns:\n  - {name: id, required: true, to: person.source_key"+at+"}\n"))
		if err != nil {
			t.Fatal(kind, err)
		}
		for what, text := range comes {
			if err := readText(t, &l.Feeds[0], text); fault.Code(err) != "UOMA-LND-TYPE" || fault.ScopeOf(err) != fault.Source || !strings.Contains(err.Error(), "it begins as a") {
				t.Errorf("%s in place of %s: %v", what, kind, err)
			}
		}
	}
}

// TestTextThatBeginsAsParquetDoes has a key whose first characters are those of a Parquet file.
func TestTextThatBeginsAsParquetDoes(t *testing.T) {
	l, err := layout.Parse("own.yaml", []byte("system: own\ntitle: Own\ncontroller: \"10118\"\nfeeds:\n- name: people\n  file: people_{yyyyMMdd}.txt\n"+
		"  format: {type: csv, delimiter: \";\", header: none}\n  key: [id]\n  person: [id]\n  columns:\n  - {name: id, required: true, to: person.source_key}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := readText(t, &l.Feeds[0], "PAR10023;Parsing;5\n"); err != nil {
		t.Error(err)
	}
}

// TestADownloadInQuotesIsRefused has the body of EXAM's record download as it comes: base64 as one JSON text, which nobody took out
// of its quotes, and what comes of decoding the text inside its quotes twice.
func TestADownloadInQuotesIsRefused(t *testing.T) {
	rows := "\"id\",\"student\"\n\"90011\",\"s0012345@metropolia.example\"\n"
	encoded := base64.StdEncoding.EncodeToString([]byte(rows))
	for name, c := range map[string]struct{ compression, text, code string }{
		"as it is fetched": {", compression: base64", encoded, ""},
		"in quotes":        {", compression: base64", `"` + encoded + `"`, "UOMA-LND-COMPRESSED"},
		"quotes inside":    {", compression: base64", base64.StdEncoding.EncodeToString([]byte(`"` + strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(rows) + `"`)), "UOMA-LND-HEADER"},
		"not decoded":      {"", encoded, "UOMA-LND-HEADER"},
		"nor unquoted":     {"", `"` + encoded + `"`, "UOMA-LND-HEADER"},
	} {
		l, err := layout.Parse("own.yaml", []byte("system: own\ntitle: Own\ncontroller: \"10118\"\nfeeds:\n- name: records\n  file: people_{yyyyMMdd}.txt\n  format: {type: csv, delimiter: \",\""+c.compression+
			"}\n  key: [id]\n  person: [student]\n  columns:\n  - {name: id, required: true, to: exam.key}\n  - {name: student, required: true, as: eppn, to: person.eppn}\n"))
		if err != nil {
			t.Fatal(name, err)
		}
		err = readText(t, &l.Feeds[0], c.text)
		if fault.Code(err) != c.code || err != nil && strings.Contains(err.Error(), "90011") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// readText reads an export to its end.
func readText(t *testing.T, f *layout.Feed, text string) error {
	t.Helper()
	e, err := nightly.OpenIn(t.Context(), fstest.MapFS{"people_20261122.txt": {Data: []byte(text)}}, "people_20261122.txt", f, func(canon.Rejection) {})
	if err != nil {
		return err
	}
	defer e.Close()
	for _, err := range e.Batches(t.Context()) {
		if err != nil {
			return err
		}
	}
	return e.Verify()
}
