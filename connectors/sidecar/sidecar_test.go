package sidecar

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"uoma/internal/fault"
)

const sound = `{"source_kind":"purchased","provider":"Mallitieto","lia_ref":null,"licence_until":"2027-09-30"}`

// TestThreat_T03_HostileSidecars reads side-cars of every kind of mistake.
func TestThreat_T03_HostileSidecars(t *testing.T) {
	many := make([]string, MaxMembers+1)
	for i := range many {
		many[i] = fmt.Sprintf(`"k%d":"x"`, i)
	}
	for name, tt := range map[string]struct {
		text, why string
	}{
		"sound":                   {sound, ""},
		"behind a mark":           {"\uFEFF" + sound + "\n", ""},
		"as many as may be":       {"{" + strings.Join(many[:MaxMembers], ",") + "}", ""},
		"as long as may be":       {`{"a":"` + strings.Repeat("ä", MaxValue) + `"}`, ""},
		"nothing":                 {"", "no JSON object"},
		"a list":                  {"[" + sound + "]", "no JSON object"},
		"two":                     {sound + sound, "behind the object"},
		"more behind":             {sound + "x", "behind the object"},
		"cut":                     {sound[:len(sound)-1], "ends early"},
		"cut inside":              {sound[:len(sound)-6], "no JSON object"},
		"a name twice":            {`{"a":"x","b":"y","a":"x"}`, "twice"},
		"twice, once null":        {`{"a":null,"a":"x"}`, "twice"},
		"twice, once escaped":     {`{"a":"x","\u0061":"y"}`, "twice"},
		"a number":                {`{"a":2027}`, "no text"},
		"true":                    {`{"a":true}`, "no text"},
		"something inside":        {`{"a":{"b":"c"}}`, "no text"},
		"deep":                    {`{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}", "no text"},
		"too many":                {"{" + strings.Join(many, ",") + "}", "members"},
		"too long a text":         {`{"a":"` + strings.Repeat("x", MaxValue+1) + `"}`, "too long"},
		"signs that do not print": {`{"a":"x\u0000"}`, "do not print"},
		"no UTF-8":                {"{\"a\":\"\xff\"}", "UTF-8"},
		"too large":               {`{"a":"x"}` + strings.Repeat(" ", MaxBytes), "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read(strings.NewReader(tt.text), "x.csv.meta.json")
			if tt.why == "" {
				if err != nil || len(got) == 0 {
					t.Errorf("%v %v", got, err)
				}
				return
			}
			if fault.Code(err) != ErrForm.Code || fault.ScopeOf(err) != fault.Source || !strings.Contains(err.Error(), tt.why) {
				t.Errorf("%v", err)
			}
		})
	}
	got, err := Read(strings.NewReader(sound), "x")
	want := map[string]string{"source_kind": "purchased", "provider": "Mallitieto", "licence_until": "2027-09-30"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
}

// FuzzRead: whatever comes, what is read is small, and a fault has its code.
func FuzzRead(f *testing.F) {
	for _, s := range []string{sound, "{}", `{"a":"\u0061","a":null}`, "[[", `{"a":{"b":[1]}}`, "\uFEFF{\"a\":\"\\ud800\"}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Read(strings.NewReader(s), "x")
		if err != nil {
			if fault.Code(err) != ErrForm.Code {
				t.Fatal(err)
			}
			return
		}
		if len(s) > MaxBytes || len(got) > MaxMembers {
			t.Fatalf("%d members of %d bytes", len(got), len(s))
		}
		for k, v := range got {
			if !utf8.ValidString(k+v) || utf8.RuneCountInString(v) > MaxValue {
				t.Fatalf("%q: %q", k, v)
			}
		}
	})
}
