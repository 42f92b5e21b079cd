package quality_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"

	"uoma/transforms/quality"
)

// check parses a page strictly: every element that is opened and needs it is closed in order, ids are unique, internal
// links resolve, tables have headers with scope, images have words, and nothing comes from outside or runs.
func check(t testing.TB, page []byte) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids, links := map[string]bool{}, map[string]bool{}
	level, h1, lang, csp := 0, 0, "", ""
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		a := map[string]string{}
		for _, x := range n.Attr {
			a[x.Key] = x.Val
			if strings.HasPrefix(x.Key, "on") {
				t.Errorf("handler %s on %s", x.Key, n.Data)
			}
		}
		if n.Type == html.ElementNode {
			if id, ok := a["id"]; ok {
				if ids[id] {
					t.Errorf("id %s twice", id)
				}
				ids[id] = true
			}
			switch n.Data {
			case "script", "iframe", "object", "embed", "form", "link", "base", "img", "foreignobject", "animate", "set":
				t.Errorf("element %s", n.Data)
			case "a":
				if !strings.HasPrefix(a["href"], "#") {
					t.Errorf("link to %q", a["href"])
				}
				links[strings.TrimPrefix(a["href"], "#")] = true
			case "html":
				lang = a["lang"]
			case "meta":
				if a["http-equiv"] == "Content-Security-Policy" {
					csp = a["content"]
				}
			case "th":
				if a["scope"] == "" {
					t.Error("header cell without scope")
				}
			case "svg":
				if a["aria-hidden"] != "true" && (a["role"] != "img" || a["aria-label"] == "") {
					t.Error("picture without words")
				}
			case "h1", "h2", "h3":
				now := int(n.Data[1] - '0')
				if now > level+1 {
					t.Errorf("heading %s after level %d", n.Data, level)
				}
				if level = now; now == 1 {
					h1++
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	for id := range links {
		if !ids[id] {
			t.Errorf("link to #%s leads nowhere", id)
		}
	}
	if lang != "en" || h1 != 1 || csp != "default-src 'none'; style-src 'unsafe-inline'; img-src data:" {
		t.Errorf("lang %q, %d first headings, policy %q", lang, h1, csp)
	}
	closed(t, page)
}

// closed reads the tokens and not the repaired tree: what a browser has to guess is a mistake.
func closed(t testing.TB, page []byte) {
	t.Helper()
	omitted := map[string]bool{"tr": true, "td": true, "th": true, "li": true, "dt": true, "dd": true, "thead": true, "tbody": true, "tfoot": true, "p": true}
	void := map[string]bool{"meta": true, "br": true, "hr": true}
	var open []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("never closed: %v", open)
			}
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			if n := string(name); !void[n] && !omitted[n] {
				open = append(open, n)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			n := string(name)
			if omitted[n] {
				continue
			}
			if len(open) == 0 || open[len(open)-1] != n {
				t.Fatalf("</%s> closes %v", n, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func TestPageIsStrict(t *testing.T) {
	empty, _ := render(t, quality.Build(quality.Input{}))
	check(t, empty)
	for _, in := range []quality.Input{night(), calm(), large(3, 400)} {
		page, _ := render(t, quality.Build(in))
		check(t, page)
	}
}

func TestThreat_T40_MarkupInNames(t *testing.T) {
	for _, hostile := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `<svg/onload=alert(1)>`,
		`</style><script>`, `' onmouseover='alert(1)`, `{{.R}}`, `]]><!--`, `expression(alert(1))`, `url(data:text/html,x)`} {
		page, data := render(t, quality.Build(planted(hostile)))
		if strings.Contains(string(page), "<script") || strings.Contains(string(page), "<img") || strings.Contains(string(page), "<svg/") {
			t.Fatalf("%s came through", hostile)
		}
		check(t, page)
		if !json.Valid(data) {
			t.Fatal("the report is not JSON")
		}
	}
}

func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(quality.SchemaJSON))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("quality.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("quality.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]quality.Input{"night": night(), "calm": calm(), "nothing": {}, "large": large(2, 3)} {
		_, data := render(t, quality.Build(in))
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		described(t, name, doc.(map[string]any), doc.(map[string]any), v)
	}
}

// described tells whether the schema names every field of a document, so that no field is added in silence.
func described(t *testing.T, path string, root, schema map[string]any, v any) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		schema = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if any, ok := schema["anyOf"].([]any); ok {
		if v == nil {
			return
		}
		described(t, path, root, any[0].(map[string]interface{}), v)
		return
	}
	switch x := v.(type) {
	case map[string]any:
		props, _ := schema["properties"].(map[string]any)
		if _, open := schema["additionalProperties"]; open {
			return
		}
		for k, e := range x {
			p, ok := props[k].(map[string]any)
			if !ok {
				t.Errorf("%s.%s is not in the schema", path, k)
				continue
			}
			described(t, path+"."+k, root, p, e)
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, e := range x {
			described(t, path+"[]", root, items, e)
		}
	}
}

// large is a register of many wide exports, each column with something to say.
func large(datasets, columns int) quality.Input {
	in := night()
	in.Sources, in.Datasets, in.Fields = nil, nil, nil
	for d := range datasets {
		feed := fmt.Sprintf("system%03d/export", d)
		in.Sources = append(in.Sources, quality.Source{Feed: feed, System: fmt.Sprintf("system%03d", d), File: feed + ".csv", Extracted: at("2026-11-21T22:05:00Z"),
			Read: 25000, Loaded: 900, Unchanged: 24090, Quarantined: quality.Counts{"missing": 10}, Previous: 25000, Columns: columns, Digest: digest(feed)})
		in.Datasets = append(in.Datasets, quality.Dataset{Feed: feed, Table: "person", Rows: 24990})
		for c := range columns {
			in.Fields = append(in.Fields, quality.Field{Feed: feed, Column: fmt.Sprintf("sarake_numero_%02d", c), Class: "identifier", Required: c%5 == 0,
				Applicable: 24990, Present: 24000 - int64(c), Missing: 900 + int64(c), Invalid: quality.Counts{"check-digit": 60, "length": 30}})
		}
	}
	return in
}

// maxPage is the promised size of the page for 200 datasets of 50 columns.
const maxPage = 2 << 20

func TestLargePageFits(t *testing.T) {
	t.Parallel()
	for _, datasets := range []int{200, 300} { // beyond 12 000 fields only those with something to look at are listed
		page, err := quality.HTML(quality.Build(large(datasets, 50)))
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > maxPage {
			t.Errorf("%d datasets take %d bytes", datasets, len(page))
		}
		check(t, page)
	}
}

func BenchmarkReport200x50(b *testing.B) {
	in := large(200, 50)
	b.ReportAllocs()
	for b.Loop() {
		r := quality.Build(in)
		page, data := render(b, r)
		b.ReportMetric(float64(len(page)), "page-bytes")
		b.ReportMetric(float64(len(data)), "json-bytes")
	}
}

// TestContrast computes WCAG 2.2 contrast of the page's colours: 4.5 for text, in light and in dark.
func TestContrast(t *testing.T) {
	page, _ := render(t, quality.Build(calm()))
	sets := regexp.MustCompile(`(?s):root\{([^}]*)\}`).FindAllSubmatch(page, 2)
	if len(sets) != 2 {
		t.Fatal("the page has no two sets of colours")
	}
	for i, set := range sets {
		colour := map[string]string{}
		for _, m := range regexp.MustCompile(`--(\w+):#([0-9a-f]{6})`).FindAllSubmatch(set[1], -1) {
			colour[string(m[1])] = string(m[2])
		}
		for _, p := range strings.Fields("ink/paper ink/card ink/hair ink/goodbg ink/h1 ink/h2 ink/h3 ink/h4 soft/paper soft/card soft/hair link/paper " +
			"good/paper good/goodbg warn/paper warn/warnbg warn/card bad/paper bad/badbg bad/card") {
			text, ground, _ := strings.Cut(p, "/")
			if c := contrast(t, colour[text], colour[ground]); c < 4.5 {
				t.Errorf("set %d: %s has contrast %.2f", i, p, c)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	light := func(hex string) float64 {
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(n) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
