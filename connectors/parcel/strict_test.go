package parcel

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Documents that two JSON readers may understand differently. Each stands in for one known difference between parsers.
func TestThreat_T12_AmbiguousJSONIsRefused(t *testing.T) {
	raw := string(deliver(t, Zstd).raw)
	in := func(old, new string) string {
		if !strings.Contains(raw, old) {
			t.Fatalf("the manifest has no %s", old)
		}
		return strings.Replace(raw, old, new, 1)
	}
	unknown := func(field string) string { return in(`"format"`, field+`,"format"`) }
	cases := map[string]string{
		"key twice":                in(`"sequence": 1`, `"sequence": 1, "sequence": 2`),
		"key twice, same value":    in(`"sequence": 1`, `"sequence": 1, "sequence": 1`),
		"key twice, escaped":       in(`"sequence": 1`, `"sequence": 1, "\u0073equence": 2`),
		"key twice, nested":        in(`"verdict": "pass"`, `"verdict": "pass", "verdict": "warn"`),
		"key twice, in unknown":    unknown(`"x":{"a":1,"a":2}`),
		"key twice, deep":          unknown(`"x":[{"y":[{"a":1,"a":2}]}]`),
		"key in other letters":     in(`"sender_id"`, `"Sender_ID"`),
		"2^53":                     in(`"sequence": 1`, `"sequence": 9007199254740992`),
		"2^53 in unknown":          unknown(`"x":9007199254740993`),
		"2^64":                     in(`"sequence": 1`, `"sequence": 18446744073709551617`),
		"exponent":                 in(`"sequence": 1`, `"sequence": 1e0`),
		"fraction":                 in(`"sequence": 1`, `"sequence": 1.0`),
		"fraction in unknown":      unknown(`"x":0.1`),
		"minus zero":               unknown(`"x":-0`),
		"negative":                 in(`"sequence": 1`, `"sequence": -1`),
		"leading zero":             in(`"sequence": 1`, `"sequence": 01`),
		"plus":                     in(`"sequence": 1`, `"sequence": +1`),
		"hexadecimal":              in(`"sequence": 1`, `"sequence": 0x1`),
		"number as text":           in(`"sequence": 1`, `"sequence": "1"`),
		"NaN":                      unknown(`"x":NaN`),
		"Infinity":                 unknown(`"x":Infinity`),
		"invalid UTF-8":            in(`"uoma-manifest"`, "\"uoma\xffmanifest\""),
		"overlong UTF-8":           unknown("\"x\":\"\xc0\xaf\""),
		"surrogate in UTF-8":       unknown("\"x\":\"\xed\xa0\x80\""),
		"half surrogate, high":     unknown(`"x":"\ud800"`),
		"half surrogate, low":      unknown(`"x":"\udc00"`),
		"half surrogate, two high": unknown(`"x":"\ud800\ud800"`),
		"half surrogate in key":    unknown(`"\ud800x":1`),
		"byte order mark":          "\ufeff" + raw,
		"UTF-16":                   "{\x00}\x00",
		"object behind":            raw + `{}`,
		"text behind":              raw + `x`,
		"NUL behind":               raw + "\x00",
		"comment":                  in(`"format"`, `/* */ "format"`),
		"comma behind":             strings.TrimSuffix(strings.TrimSpace(raw), "}") + ",}",
		"single quotes":            unknown(`'x':1`),
		"no quotes":                unknown(`x:1`),
		"line end in text":         unknown("\"x\":\"a\nb\""),
		"wrong escape":             unknown(`"x":"\x41"`),
		"list":                     "[" + raw + "]",
		"text":                     `"x"`,
		"null":                     "null",
		"nothing":                  "",
		"too deep":                 unknown(`"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100)),
		"too large":                raw + strings.Repeat(" ", MaxDocument),
		"too large in unknown":     unknown(`"x":"` + strings.Repeat("x", MaxDocument) + `"`),
		"field missing":            in(`"kind": "full",`, ``),
		"field null":               in(`"kind": "full"`, `"kind": null`),
		"object null":              in(`"software": {`, `"x": {}, "software": null, "y": {`),
		"object as text":           in(`"software": {`, `"software": "x", "y": {`),
		"list as object":           in(`"recipients": [`, `"recipients": {}, "y": [`),
		"item null":                in(`"recipients": [`, `"recipients": [null,`),
		"link empty":               in(`"previous_manifest_sha256": null`, `"previous_manifest_sha256": ""`),
		"local time":               in(`"created_at": "2026-11-22T03:00:00Z"`, `"created_at": "2026-11-22T05:00:00+02:00"`),
		"no time zone":             in(`"created_at": "2026-11-22T03:00:00Z"`, `"created_at": "2026-11-22T03:00:00"`),
		"offset of zero":           in(`"created_at": "2026-11-22T03:00:00Z"`, `"created_at": "2026-11-22T03:00:00+00:00"`),
		"day that is none":         in(`"2026-06-30"`, `"2026-06-31"`),
		"version 2":                in(`"version": 1,`, `"version": 2,`),
		"critical unknown":         unknown(`"critical":["embargo"]`),
		"critical not a list":      unknown(`"critical":"embargo"`),
		"critical by other case":   unknown(`"critical":["Sequence"]`),
	}
	for name, doc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := DecodeManifest([]byte(doc)); !errors.Is(err, ErrManifest) {
				t.Errorf("got %v", err)
			}
		})
	}
	for name, doc := range map[string]string{
		"as written":        raw,
		"unknown":           unknown(`"embargo":{"until":"2027-01-01","days":[1,2,{"a":null}]}`),
		"critical and know": unknown(`"critical":["sequence","container.type","container.recipients.key_id"]`),
		"pair":              unknown(`"x":"\ud83c\udf93 \\ud800 \u00e4"`),
		"2^53-1":            unknown(`"x":9007199254740991`),
		"space around":      "\r\n\t " + raw + " \n",
	} {
		if _, err := DecodeManifest([]byte(doc)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the strict reader takes, a lenient one reads the same way, and it survives a round trip.
func agree(t interface{ Fatalf(string, ...any) }, raw []byte) {
	m, err := DecodeManifest(raw)
	if err != nil {
		return
	}
	lenient := new(Manifest)
	if err := json.Unmarshal(raw, lenient); err == nil && !reflect.DeepEqual(m, lenient) && !otherCase(raw) {
		t.Fatalf("two readers differ")
	}
	again, err := m.Encode()
	if err != nil {
		t.Fatalf("what was read cannot be written: %v", err)
	}
	back, err := DecodeManifest(again)
	if err != nil || !reflect.DeepEqual(m, back) {
		t.Fatalf("round trip: %v", err)
	}
}

// otherCase tells whether a document holds a known name in other letters, which the lenient reader takes for the name.
func otherCase(raw []byte) bool {
	for _, name := range fieldNames(reflect.TypeFor[Manifest](), "") {
		name = name[strings.LastIndexByte(name, '.')+1:]
		if bytes.Contains(bytes.ToLower(raw), []byte(name)) && strings.Count(string(bytes.ToLower(raw)), name) != strings.Count(string(raw), name) {
			return true
		}
	}
	return false
}

func TestThreat_T12_ReadersAgreeOnMutations(t *testing.T) {
	raw := deliver(t, Zstd).raw
	tokens := []string{`"`, `{`, `}`, `[`, `]`, `,`, `:`, `null`, `1`, `0`, `e1`, `.0`, `-`, `\u0041`, `\`, `"sequence":2,`, `"x":1,`, " ", "\n", "\xff", "é"}
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(raw)
		for range rapid.IntRange(1, 3).Draw(t, "edits") {
			at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			cut := min(len(b), at+rapid.IntRange(0, 3).Draw(t, "cut"))
			b = append(append(bytes.Clone(b[:at]), rapid.SampledFrom(tokens).Draw(t, "token")...), b[cut:]...)
		}
		agree(t, b)
	})
}

func TestErrorsQuoteNoValue(t *testing.T) {
	raw := string(deliver(t, Zstd).raw)
	for _, old := range []string{`"full"`, `"2026-11-22T03:00:00Z"`, `"career-survey"`, `"2026-06-30"`, `{`} {
		_, err := DecodeManifest([]byte(strings.Replace(raw, old, `"Matti Meikäläinen"`, 1)))
		if err == nil || strings.Contains(err.Error(), "Meik") {
			t.Errorf("%v", err)
		}
	}
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	for name, alter := range map[string]func(*Manifest){
		"id":                    func(m *Manifest) { m.DeliveryID = "x" },
		"kind":                  func(m *Manifest) { m.Kind = "partial" },
		"correction of nothing": func(m *Manifest) { m.Kind = Correction },
		"of itself":             func(m *Manifest) { m.Kind, m.Supersedes = Correction, m.DeliveryID },
		"sequence":              func(m *Manifest) { m.Sequence = 2 },
		"number":                func(m *Manifest) { m.Payload.Bytes = 1 << 53 },
		"failed gate":           func(m *Manifest) { m.Quality.Verdict = "fail" },
		"nine keys":             func(m *Manifest) { m.Container.Recipients = make([]SealedTo, 9) },
		"life":                  func(m *Manifest) { m.NotAfter = m.CreatedAt },
		"local time":            func(m *Manifest) { m.CreatedAt = m.CreatedAt.In(time.FixedZone("", 7200)) },
		"period":                func(m *Manifest) { m.Period.From = m.Period.To + 1 },
		"key id":                func(m *Manifest) { m.SigningKeyID = "MD5:00" },
	} {
		m := *deliver(t, Zstd).manifest
		alter(&m)
		if _, err := m.Encode(); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
