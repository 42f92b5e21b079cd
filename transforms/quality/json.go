package quality

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	_ "embed"

	"uoma/internal/fault"
)

// SchemaJSON is the JSON Schema (draft 2020-12) of what [JSON] writes.
//
//go:embed quality.schema.json
var SchemaJSON []byte

var errLeak = fault.New("UOMA-QUA-LEAK", "the quality report would hold something that looks like a person's value, so it was not written",
	"look for a header that is a person's row, a code list that holds values, or a file named after someone")

// masking names the rules by which values are kept out, so that a reader knows what a report may hold.
const masking = "v1"

// JSON writes the report for machines: keys sorted, numbers integers or decimal strings, times UTC. It names the SHA-256
// of the page, which is what [HTML] writes of the same report. Same report, same bytes.
func JSON(r *Report, page []byte) ([]byte, error) {
	sum := sha256.Sum256(page)
	doc := struct {
		*Report
		About map[string]string `json:"report"`
	}{r, map[string]string{"html_sha256": hex.EncodeToString(sum[:]), "masking": masking}}
	return guarded(indented(plainJSON(doc)))
}

// guarded lets rendered bytes pass when they hold nothing that looks like a value.
func guarded(rendered []byte) ([]byte, error) {
	if n := scan(rendered); n > 0 {
		return nil, errLeak.Because(fmt.Errorf("%d places", n))
	}
	return rendered, nil
}

// plainJSON encodes without the escapes that HTML needs. Reports hold nothing that has no JSON form.
func plainJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("quality: report has no JSON form: " + err.Error())
	}
	return b.Bytes()
}

// indented sorts all keys and gives each value a line.
func indented(doc []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic("quality: " + err.Error())
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		panic("quality: " + err.Error())
	}
	return b.Bytes()
}
