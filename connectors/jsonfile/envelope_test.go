package jsonfile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"uoma/connectors/jsonfile"
)

func TestEnvelope(t *testing.T) {
	const paging = `"meta":{"next":"a\/b\u00e4","total":3,"more":true,"none":null,"list":[1],"object":{}}`
	for doc, want := range map[string]string{
		`{"data":{"items":[{"id":1},{"id":2}, {"x":[{}]}]},` + paging + `}`: "",
		`{` + paging + `,"data":{"items":[{"id":1},2,[]]}}`:                 "",
		` {"data" : { "items" : [ 1 , 2 , 3 ] }, ` + paging + "}\n":         "",
		`{"data":{"items":{}},` + paging + `}`:                              "it has no list of rows",
		`{"data":[{"items":[]}],` + paging + `}`:                            "it has no list of rows",
		`{"data":{"items":[1,2,3]},"data":1,` + paging + `}`:                "an object names a value twice",
		`{"data":{"items":[1,2,3]},"other":{"a":1,"\u0061":2}}`:             "an object names a value twice",
		`{"data":{"items":[1,2,3]}`:                                         "it is not one JSON document",
		`{"data":{"items":[1,2,3}}`:                                         "it is not one JSON document",
		`{"data":{"items":[1,2,3]}} {}`:                                     "it is not one JSON document",
		`{"data":{"items":[01]}}`:                                           "it is not one JSON document",
		"{\"data\":{\"items\":[\"\xff\"]}}":                                 "it is not UTF-8",
		"":                                                                  "it is not one JSON document",
		strings.Repeat("[", 100):                                            "values are nested too deeply",
		strings.Repeat(`{"a":`, 100):                                        "values are nested too deeply",
	} {
		o, err := jsonfile.ReadEnvelope([]byte(doc), "data/items", "meta/next", "meta/total", "meta/more", "meta/none", "meta/list", "meta/object", "meta/absent", "")
		if want != "" {
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%.80q: %v, want %s", doc, err, want)
			}
			continue
		}
		if err != nil || o.Records != 3 {
			t.Errorf("%q: %d records, %v", doc, o.Records, err)
			continue
		}
		for i, want := range []jsonfile.Value{{jsonfile.Text, "a/bä"}, {jsonfile.Number, "3"}, {jsonfile.Boolean, "true"}, {}, {jsonfile.Nested, ""}, {jsonfile.Nested, ""}, {}, {}} {
			if o.Values[i] != want {
				t.Errorf("value %d is %v, want %v", i, o.Values[i], want)
			}
		}
	}
	o, err := jsonfile.ReadEnvelope([]byte(`[{"id":1}]`), "")
	if err != nil || o.Records != 1 || string(o.List) != `[{"id":1}]` {
		t.Errorf("%d records in %s, %v", o.Records, o.List, err)
	}
}

// FuzzEnvelope holds what it takes to what the standard library takes.
func FuzzEnvelope(f *testing.F) {
	for _, doc := range []string{`{"a":[1,{"b":"x"}],"n":"y"}`, `{"a":[],"n":1e9}`, `[]`, `{"n":"\ud800","a":[]}`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		o, err := jsonfile.ReadEnvelope(doc, "a", "n")
		if err != nil {
			return
		}
		var std map[string]json.RawMessage
		var list []json.RawMessage
		if err := json.Unmarshal(doc, &std); err != nil {
			t.Fatalf("%q was taken: %v", doc, err)
		}
		if err := json.Unmarshal(std["a"], &list); err != nil || int64(len(list)) != o.Records {
			t.Fatalf("%q: %d records, not %d: %v", doc, len(list), o.Records, err)
		}
	})
}
